// The file form of a quantised model: "MMQG", version, then every field in declaration order.
// Unsigned integers are LEB128, signed ones zigzag first, reals 8 bytes, lists with their length.
#include <fmt/format.h>

#include <bit>
#include <concepts>
#include <tuple>

#include "mintmark/model/model.hpp"
#include "mintmark/wire/reader.hpp"
#include "mintmark/wire/writer.hpp"

namespace mintmark::model {
namespace {

constexpr std::string_view kMagic = "MMQG";
constexpr std::uint64_t kVersion = 1;

// ---- the fields of every structure, for both directions ----------------------------------------

template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

auto fields(Is<QTensor> auto& x) {
    return std::tie(x.name, x.shape, x.lo, x.hi, x.step, x.channel_steps, x.channel_axis);
}
auto fields(Is<QLut> auto& x) {
    return std::tie(x.function, x.in_step, x.out_step, x.alpha, x.out_lo, x.out_hi);
}
auto fields(Is<Requant> auto& x) {
    return std::tie(x.shift, x.u_lo, x.u_hi, x.lut);
}
auto fields(Is<Hidden> auto& x) {
    return std::tie(x.shape, x.values);
}
auto fields(Is<QConv> auto& x) {
    return std::tie(x.weight, x.bias, x.strides, x.pads_begin, x.pads_end, x.dilations, x.groups,
                    x.requant);
}
auto fields(Is<QMatMul> auto& x) {
    return std::tie(x.weight, x.bias, x.requant);
}
auto fields(Is<QMatMulDyn> auto& x) {
    return std::tie(x.requant);
}
auto fields(Is<QLinComb> auto& x) {
    return std::tie(x.coefs, x.constant, x.requant);
}
auto fields(Is<QMul> auto& x) {
    return std::tie(x.coef, x.requant);
}
auto fields(Is<QAffine> auto& x) {
    return std::tie(x.weight, x.bias, x.coef, x.requant);
}
auto fields(Is<QSumPool> auto& x) {
    return std::tie(x.kernel, x.strides, x.pads_begin, x.pads_end, x.dilations, x.coef, x.requant);
}
auto fields(Is<QMaxPool> auto& x) {
    return std::tie(x.kernel, x.strides, x.pads_begin, x.pads_end, x.dilations);
}
auto fields(Is<QTranspose> auto& x) {
    return std::tie(x.perm);
}
auto fields(Is<QSlice> auto& x) {
    return std::tie(x.starts, x.steps);
}
auto fields(Is<QPad> auto& x) {
    return std::tie(x.begin, x.value);
}
auto fields(Is<QConcat> auto& x) {
    return std::tie(x.axis);
}
auto fields(Is<QReshape> auto&) {
    return std::tie();
}
auto fields(Is<QNode> auto& x) {
    return std::tie(x.name, x.inputs, x.output, x.op);
}
auto fields(Is<QPort> auto& x) {
    return std::tie(x.name, x.shape, x.offset, x.step);
}
auto fields(Is<QuantGraph> auto& x) {
    return std::tie(x.tensors, x.nodes, x.input, x.output, x.input_ports, x.output_ports);
}

template <class T>
concept Struct = requires(T& x) { fields(x); };

// ---- writing ----------------------------------------------------------------------------------

std::uint64_t zigzag(std::int64_t v) {
    return (static_cast<std::uint64_t>(v) << 1U) ^ static_cast<std::uint64_t>(v >> 63U);
}

void put(Bytes& out, std::unsigned_integral auto v) {
    wire::put_varint(out, v);
}
void put(Bytes& out, std::signed_integral auto v) {
    wire::put_varint(out, zigzag(v));
}
void put(Bytes& out, double v) {
    wire::put_u64(out, std::bit_cast<std::uint64_t>(v));
}
void put(Bytes& out, float v) {
    wire::put_u32(out, std::bit_cast<std::uint32_t>(v));
}
void put(Bytes& out, QFunction v) {
    out.push_back(static_cast<std::uint8_t>(v));
}
void put(Bytes& out, const std::string& v) {
    wire::put_varint(out, v.size());
    append(out, as_bytes(v));
}
template <Struct T>
void put(Bytes& out, const T& v);
template <class T>
void put(Bytes& out, const std::optional<T>& v);
void put(Bytes& out, const QOp& v);
template <class T>
void put(Bytes& out, const std::vector<T>& v) {
    wire::put_varint(out, v.size());
    for (const T& item : v) put(out, item);
}
template <class T>
void put(Bytes& out, const std::optional<T>& v) {
    out.push_back(v ? 1 : 0);
    if (v) put(out, *v);
}
void put(Bytes& out, const QOp& v) {
    out.push_back(static_cast<std::uint8_t>(v.index()));
    std::visit([&out](const auto& op) { put(out, op); }, v);
}
template <Struct T>
void put(Bytes& out, const T& v) {
    std::apply([&out](const auto&... field) { (put(out, field), ...); }, fields(v));
}

// ---- reading ----------------------------------------------------------------------------------

using Reader = wire::ByteReader;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, fmt::format("quantised model: {}", what));
}

Status get(Reader& in, std::unsigned_integral auto& v) {
    MINTMARK_TRY(const std::uint64_t raw, in.varint());
    if (!std::in_range<std::remove_reference_t<decltype(v)>>(raw))
        return malformed("a number is too large");
    v = static_cast<std::remove_reference_t<decltype(v)>>(raw);
    return {};
}
Status get(Reader& in, std::signed_integral auto& v) {
    MINTMARK_TRY(const std::uint64_t raw, in.varint());
    const auto value = static_cast<std::int64_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
    if (!std::in_range<std::remove_reference_t<decltype(v)>>(value))
        return malformed("a number is too large");
    v = static_cast<std::remove_reference_t<decltype(v)>>(value);
    return {};
}
Status get(Reader& in, double& v) {
    MINTMARK_TRY(const std::uint64_t raw, in.u64());
    v = std::bit_cast<double>(raw);
    return {};
}
Status get(Reader& in, float& v) {
    MINTMARK_TRY(const std::uint32_t raw, in.u32());
    v = std::bit_cast<float>(raw);
    return {};
}
Status get(Reader& in, QFunction& v) {
    MINTMARK_TRY(const std::uint8_t code, in.u8());
    if (code < 1 || code == 6 || code > static_cast<std::uint8_t>(kLastQFunction))
        return malformed("unknown look-up function");
    v = static_cast<QFunction>(code);
    return {};
}
Status get(Reader& in, std::string& v) {
    MINTMARK_TRY(const std::uint64_t size, in.varint());
    MINTMARK_TRY(const ByteSpan bytes, in.take(size));
    v.assign(bytes.begin(), bytes.end());
    return {};
}
template <Struct T>
Status get(Reader& in, T& v);
template <class T>
Status get(Reader& in, std::optional<T>& v);
Status get(Reader& in, QOp& v);
template <class T>
Status get(Reader& in, std::vector<T>& v) {
    MINTMARK_TRY(const std::uint64_t size, in.varint());
    // Every item takes a byte at least: no allocation beyond the file's own size.
    if (size > in.remaining()) return malformed("a list is longer than the file");
    for (std::uint64_t i = 0; i < size; ++i) {
        v.emplace_back();
        MINTMARK_CHECK(get(in, v.back()));
    }
    return {};
}
/// Weights: most of a file.
Status get(Reader& in, std::vector<std::int64_t>& v) {
    MINTMARK_TRY(const std::uint64_t size, in.varint());
    if (size > in.remaining()) return malformed("a list is longer than the file");
    v.resize(static_cast<std::size_t>(size));
    // The signed and the unsigned form of one type may be read as each other.
    const std::span raw(reinterpret_cast<std::uint64_t*>(v.data()), v.size());
    MINTMARK_CHECK(in.varints(raw));
    for (std::uint64_t& value : raw) value = (value >> 1U) ^ (~(value & 1U) + 1U);
    return {};
}
template <class T>
Status get(Reader& in, std::optional<T>& v) {
    MINTMARK_TRY(const std::uint8_t present, in.u8());
    if (present > 1) return malformed("a flag is neither 0 nor 1");
    if (present == 1) return get(in, v.emplace());
    return {};
}
template <std::size_t I = 0>
Status get_alternative(Reader& in, std::size_t index, QOp& v) {
    if constexpr (I < std::variant_size_v<QOp>) {
        if (index == I) return get(in, v.emplace<I>());
        return get_alternative<I + 1>(in, index, v);
    } else {
        return malformed("unknown operator");
    }
}
Status get(Reader& in, QOp& v) {
    MINTMARK_TRY(const std::uint8_t index, in.u8());
    return get_alternative(in, index, v);
}
template <Struct T>
Status get(Reader& in, T& v) {
    Status status;
    const auto one = [&](auto& field) {
        if (status) status = get(in, field);
    };
    std::apply([&one](auto&... field) { (one(field), ...); }, fields(v));
    return status;
}

}  // namespace

Bytes encode(const QuantGraph& graph) {
    Bytes out;
    append(out, as_bytes(kMagic));
    wire::put_varint(out, kVersion);
    put(out, graph);
    return out;
}

Result<QuantGraph> decode_quant_graph(ByteSpan bytes) {
    Reader in(bytes);
    MINTMARK_TRY(const ByteSpan magic, in.take(kMagic.size()));
    if (!std::ranges::equal(magic, as_bytes(kMagic)))
        return malformed("not a quantised model file");
    MINTMARK_TRY(const std::uint64_t version, in.varint());
    if (version != kVersion) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantised model: file version {}, this program reads {}", version,
                                kVersion));
    }
    QuantGraph graph;
    MINTMARK_CHECK(get(in, graph));
    MINTMARK_CHECK(in.expect_end());
    MINTMARK_CHECK(validate(graph));
    return graph;
}

}  // namespace mintmark::model
