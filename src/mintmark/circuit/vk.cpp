#include "mintmark/circuit/vk.hpp"

#include <algorithm>
#include <bit>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/byte_io.hpp"
#include "mintmark/circuit/program.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kRecordBytes = 32;
constexpr std::size_t kPointBytes = 64;

std::unexpected<Error> bad(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("verifying key: ") + what);
}

// Writing -----------------------------------------------------------------------------------------

void put_axis(ByteWriter& out, const Axis& axis) {
    out.put(axis.log(), 1);
    out.put(axis.dim, 3);
}

void put_coef(ByteWriter& out, Int128 coef) {
    out.put(static_cast<std::uint64_t>(coef >> 64), 8);
    out.put(static_cast<std::uint64_t>(coef), 8);
}

void put_operand(ByteWriter& out, const Operand& operand) {
    out.put(operand.tensor, 2);
    out.put(operand.maps.size(), 1);
    for (const AxisMap& map : operand.maps) {
        out.put(static_cast<std::uint64_t>(map.kind), 1);
        out.put(map.p, 1);
        out.put(map.t, 1);
        out.put(map.g, 1);
        out.put(map.stride, 2);
        out.put(map.dilation, 2);
        out.put(static_cast<std::uint32_t>(map.offset), 4);
    }
}

void put_table(ByteWriter& out, const Table& table) {
    out.put(table.log_size, 1);
    out.put(static_cast<std::uint64_t>(table.function), 1);
    out.put(table.row_offset, 4);
    out.put(static_cast<std::uint64_t>(table.lo), 8);
    out.put(static_cast<std::uint32_t>(table.out_lo), 4);
    out.put(static_cast<std::uint32_t>(table.out_hi), 4);
    out.put(std::bit_cast<std::uint32_t>(table.in_step), 4);
    out.put(std::bit_cast<std::uint32_t>(table.out_step), 4);
    out.put(table.alpha, 2);
}

void put_tensor(ByteWriter& out, const Tensor& tensor) {
    out.put(static_cast<std::uint64_t>(tensor.column), 1);
    out.put(tensor.axes.size(), 1);
    out.put(tensor.offset, 4);
    for (const Axis& axis : tensor.axes) put_axis(out, axis);
    out.put(0, 4 * (kMaxAxes - tensor.axes.size()));
    out.put(0, 2);
}

void put_step(ByteWriter& out, const Step& step) {
    out.put(step.out.size(), 1);
    for (const Axis& axis : step.out) put_axis(out, axis);
    out.put(step.limbs.size(), 1);
    for (const Limb& limb : step.limbs) {
        out.put(limb.tensor, 2);
        out.put(limb.shift, 1);
        out.put(limb.table, 1);
    }
    out.put(step.consts.size(), 1);
    for (const ConstTerm& term : step.consts) {
        put_coef(out, term.coef);
        for (const auto& [lo, hi] : term.ranges) {
            out.put(lo, 3);
            out.put(hi, 3);
        }
    }
    out.put(step.lins.size(), 1);
    for (const LinTerm& term : step.lins) {
        put_coef(out, term.coef);
        put_operand(out, term.operand);
    }
    out.put(step.prods.size(), 1);
    for (const ProdTerm& term : step.prods) {
        put_coef(out, term.coef);
        out.put(term.contract.size(), 1);
        for (const Axis& axis : term.contract) put_axis(out, axis);
        out.put(term.shared_mask, 1);
        put_operand(out, term.a);
        put_operand(out, term.b);
    }
}

void put_header(ByteWriter& out, const VerifyingKey& vk, std::size_t steps_bytes,
                std::size_t program_bytes) {
    const Circuit& c = vk.circuit;
    const unsigned flags = (c.input == Visibility::kCommitted ? 1U : 0U) |
                           (c.output == Visibility::kCommitted ? 2U : 0U);
    for (const unsigned byte :
         {unsigned{kProofSystemId}, unsigned{c.mu}, unsigned{c.nu()}, unsigned{c.kappa()}, flags,
          unsigned{c.n_rho()}, unsigned{c.n_prod()}, 0U})
        out.put(byte, 1);
    for (const std::size_t count : {c.tables.size(), c.tensors.size(), c.steps.size()})
        out.put(count, 2);
    for (const std::uint16_t chunks : {c.n_w, c.n_in, c.n_out, c.n_f, c.n_g, c.n_t})
        out.put(chunks, 2);
    out.put(steps_bytes, 3);
    out.put(program_bytes, 3);
    out.put(vk.srs_digest);
}

// Reading: the reader is total; `fail_` remembers a byte that should have been something else -----

class Parser {
  public:
    explicit Parser(ByteSpan bytes) : in_(bytes) {}

    Result<VerifyingKey> run() {
        MINTMARK_CHECK(header());
        for (std::size_t i = 0; i < n_tables_; ++i) vk_.circuit.tables.push_back(table());
        for (std::size_t i = 0; i < n_tensors_; ++i) vk_.circuit.tensors.push_back(tensor());
        const std::size_t before = in_.left();
        for (std::size_t i = 0; i < n_steps_ && good(); ++i) vk_.circuit.steps.push_back(step());
        if (!good()) return bad("truncated or not canonical");
        if (before - in_.left() != steps_bytes_) return bad("length of the steps section");
        MINTMARK_CHECK(check_circuit(vk_.circuit));
        MINTMARK_CHECK(derived());
        MINTMARK_CHECK(program());
        if (in_.left() != kPointBytes * (std::size_t{vk_.circuit.n_w} + vk_.circuit.n_t))
            return bad("wrong number of commitments");
        MINTMARK_CHECK(points(vk_.w, vk_.circuit.n_w));
        MINTMARK_CHECK(points(vk_.t, vk_.circuit.n_t));
        return std::move(vk_);
    }

  private:
    [[nodiscard]] bool good() const { return in_.ok() && canonical_; }
    void expect(bool condition) { canonical_ = canonical_ && condition; }

    Status header() {
        Circuit& c = vk_.circuit;
        const auto system = in_.get(1);
        if (system > 0 && system < kProofSystemId) {
            return fail(ErrorCode::kMalformed, "verifying key of an older proof system",
                        "set the model up again: mintmark zk setup");
        }
        if (system != kProofSystemId) return bad("unknown proof system");
        c.mu = in_.get_as<std::uint8_t>();
        nu_ = in_.get_as<std::uint8_t>();
        kappa_ = in_.get_as<std::uint8_t>();
        const auto flags = in_.get_as<std::uint8_t>();
        if (flags > 3) return bad("unknown flags");
        c.input = (flags & 1) != 0 ? Visibility::kCommitted : Visibility::kPublic;
        c.output = (flags & 2) != 0 ? Visibility::kCommitted : Visibility::kPublic;
        n_rho_ = in_.get_as<std::uint8_t>();
        n_prod_ = in_.get_as<std::uint8_t>();
        expect(in_.get(1) == 0);
        for (std::size_t* count : {&n_tables_, &n_tensors_, &n_steps_}) *count = in_.get(2);
        for (std::uint16_t* chunks : {&c.n_w, &c.n_in, &c.n_out, &c.n_f, &c.n_g, &c.n_t})
            *chunks = in_.get_as<std::uint16_t>();
        steps_bytes_ = in_.get(3);
        program_bytes_ = in_.get(3);
        std::ranges::copy(in_.take(vk_.srs_digest.size()), vk_.srs_digest.begin());
        // mu bounds every shift in the derived sizes; the rest waits for check_circuit.
        if (!good() || c.mu > kMaxMu) return bad("header");
        if (in_.left() < kRecordBytes * (n_tables_ + n_tensors_)) return bad("truncated");
        return {};
    }

    /// The header's derived bytes, which the contract reads.
    Status derived() const {
        const Circuit& c = vk_.circuit;
        if (nu_ != c.nu() || kappa_ != c.kappa() || n_rho_ != c.n_rho() || n_prod_ != c.n_prod())
            return bad("header does not fit the circuit");
        return {};
    }

    /// The program is that of the circuit, byte for byte.
    Status program() {
        const ByteSpan given = in_.take(program_bytes_);
        const Result<Bytes> own = verifier_program(vk_.circuit, program_bytes_);
        if (!own || !std::ranges::equal(*own, given))
            return bad("the program is not that of the circuit");
        return {};
    }

    Axis axis() {
        const std::uint64_t log = in_.get(1);
        const Axis a{static_cast<std::uint32_t>(in_.get(3))};
        expect(a.dim >= 1 && a.log() == log);
        return a;
    }

    std::vector<Axis> axes() {
        const std::uint64_t n = in_.get(1);
        expect(n <= kMaxAxes);
        std::vector<Axis> out;
        for (std::uint64_t i = 0; i < n && good(); ++i) out.push_back(axis());
        return out;
    }

    Int128 coef() {
        const Uint128 hi = in_.get(8);
        return static_cast<Int128>((hi << 64) | in_.get(8));
    }

    Table table() {
        Table t;
        t.log_size = in_.get_as<std::uint8_t>();
        t.function = static_cast<TableFunction>(in_.get(1));
        t.row_offset = in_.get_as<std::uint32_t>();
        t.lo = in_.get_as<std::int64_t>();
        t.out_lo = in_.get_as<std::int32_t>();
        t.out_hi = in_.get_as<std::int32_t>();
        t.in_step = std::bit_cast<float>(in_.get_as<std::uint32_t>());
        t.out_step = std::bit_cast<float>(in_.get_as<std::uint32_t>());
        t.alpha = in_.get_as<std::uint16_t>();
        return t;
    }

    Tensor tensor() {
        Tensor t;
        t.column = static_cast<Column>(in_.get(1));
        const std::uint64_t n = in_.get(1);
        expect(n <= kMaxAxes);
        t.offset = in_.get_as<std::uint32_t>();
        for (std::size_t i = 0; i < kMaxAxes; ++i) {
            if (i < n)
                t.axes.push_back(axis());
            else
                expect(in_.get(4) == 0);
        }
        expect(in_.get(2) == 0);
        return t;
    }

    Operand operand() {
        Operand o{.tensor = in_.get_as<std::uint16_t>(), .maps = {}};
        const std::uint64_t n = in_.get(1);
        for (std::uint64_t i = 0; i < n && good(); ++i) {
            AxisMap m;
            m.kind = static_cast<MapKind>(in_.get(1));
            m.p = in_.get_as<std::uint8_t>();
            m.t = in_.get_as<std::uint8_t>();
            m.g = in_.get_as<std::uint8_t>();
            m.stride = in_.get_as<std::uint16_t>();
            m.dilation = in_.get_as<std::uint16_t>();
            m.offset = in_.get_as<std::int32_t>();
            o.maps.push_back(m);
        }
        return o;
    }

    ConstTerm const_term(std::size_t n_out) {
        ConstTerm term{.coef = coef(), .ranges = {}};
        for (std::size_t i = 0; i < n_out; ++i) {
            const auto lo = static_cast<std::uint32_t>(in_.get(3));
            term.ranges.emplace_back(lo, static_cast<std::uint32_t>(in_.get(3)));
        }
        return term;
    }

    ProdTerm prod_term() {
        ProdTerm term;
        term.coef = coef();
        term.contract = axes();
        term.shared_mask = in_.get_as<std::uint8_t>();
        term.a = operand();
        term.b = operand();
        return term;
    }

    /// A count byte, then that many records.
    template <class T, class Read>
    std::vector<T> list(const Read& read) {
        std::vector<T> out;
        const std::uint64_t n = in_.get(1);
        for (std::uint64_t i = 0; i < n && good(); ++i) out.push_back(read());
        return out;
    }

    Step step() {
        Step s;
        s.out = axes();
        s.limbs = list<Limb>([&] {
            const auto tensor = in_.get_as<std::uint16_t>();
            const auto shift = in_.get_as<std::uint8_t>();
            return Limb{tensor, shift, in_.get_as<std::uint8_t>()};
        });
        s.consts = list<ConstTerm>([&] { return const_term(s.out.size()); });
        s.lins = list<LinTerm>([&] {
            const Int128 c = coef();
            return LinTerm{c, operand()};
        });
        s.prods = list<ProdTerm>([&] { return prod_term(); });
        return s;
    }

    Status points(std::vector<G1Affine>& out, std::size_t count) {
        out.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto point = G1Affine::from_bytes(in_.take(kPointBytes).first<kPointBytes>());
            if (!point) return bad("commitment is not a point of the curve");
            out.push_back(*point);
        }
        return {};
    }

    ByteReader in_;
    bool canonical_ = true;
    VerifyingKey vk_;
    std::uint8_t nu_ = 0, kappa_ = 0, n_rho_ = 0, n_prod_ = 0;
    std::size_t n_tables_ = 0, n_tensors_ = 0, n_steps_ = 0, steps_bytes_ = 0, program_bytes_ = 0;
};

}  // namespace

Bytes encode(const VerifyingKey& vk) {
    MINTMARK_ASSERT(check_circuit(vk.circuit).has_value());
    const Result<Bytes> program = verifier_program(vk.circuit);
    MINTMARK_ASSERT(program.has_value());
    MINTMARK_ASSERT(vk.w.size() == vk.circuit.n_w && vk.t.size() == vk.circuit.n_t);
    ByteWriter steps;
    for (const Step& step : vk.circuit.steps) put_step(steps, step);
    ByteWriter out;
    put_header(out, vk, steps.size(), program->size());
    for (const Table& table : vk.circuit.tables) put_table(out, table);
    for (const Tensor& tensor : vk.circuit.tensors) put_tensor(out, tensor);
    out.put(std::move(steps).take());
    out.put(*program);
    for (const G1Affine& point : vk.w) out.put(point.to_bytes());
    for (const G1Affine& point : vk.t) out.put(point.to_bytes());
    return std::move(out).take();
}

Result<VerifyingKey> decode_verifying_key(ByteSpan bytes) {
    return Parser(bytes).run();
}

Bytes32 digest(const VerifyingKey& vk) {
    return keccak256(encode(vk));
}

}  // namespace mintmark
