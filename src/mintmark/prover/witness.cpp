#include "mintmark/prover/witness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/circuit/unroll.hpp"
#include "mintmark/prover/int_operand.hpp"
#include "mintmark/prover/short_product.hpp"
#include "mintmark/prover/short_rows.hpp"

namespace mintmark::prover {
namespace {

using Sums = std::vector<Int128>;  // one per logical output index

constexpr std::size_t kGrain = 4096;  // sums

struct Range {
    std::vector<std::uint8_t> axes;
    std::size_t count = 1;

    void push(std::size_t axis, std::uint32_t dim) {
        axes.push_back(static_cast<std::uint8_t>(axis));
        count *= dim;
    }
};

// A product term seen as shared x free_a x free_b dot products over `inner`.
struct Shape {
    Range shared, free_a, free_b, inner;
};

Shape shape_of(const ProdTerm& term, std::size_t n_out, const EnvTensor& a,
               std::span<const std::uint32_t> dims) {
    Shape shape;
    for (std::size_t i = 0; i < n_out; ++i) {
        const bool in_a = std::ranges::find(a.env_axes, i) != a.env_axes.end();
        Range& range = (term.shared_mask >> i & 1) != 0 ? shape.shared
                       : in_a                           ? shape.free_a
                                                        : shape.free_b;
        range.push(i, dims[i]);
    }
    for (std::size_t i = n_out; i < dims.size(); ++i) shape.inner.push(i, dims[i]);
    return shape;
}

std::vector<std::uint8_t> join(const Range& x, const Range& y, const Range& z) {
    std::vector<std::uint8_t> out = x.axes;
    out.insert(out.end(), y.axes.begin(), y.axes.end());
    out.insert(out.end(), z.axes.begin(), z.axes.end());
    return out;
}

int coef_bits(Int128 v) {
    const Uint128 magnitude = v < 0 ? -static_cast<Uint128>(v) : static_cast<Uint128>(v);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    const auto low = static_cast<std::uint64_t>(magnitude);
    return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}

// Terms of at most this many bits: a step's sum of all its terms (at most 3 * 255) fits Int128.
constexpr int kMaxTermBits = 116;

Status check_bits(int bits) {
    if (bits <= kMaxTermBits) return {};
    return fail(ErrorCode::kOutOfRange,
                fmt::format("a term may need {} bits, at most {} are exact", bits, kMaxTermBits));
}

template <class Sum>
Sum dot(const std::int64_t* a, const std::int64_t* b, std::size_t count) {
    Sum sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<Sum>(a[i]) * b[i];
    return sum;
}

// Row-major place in the out box of each combination of a range's axes.
std::vector<std::size_t> places(const Range& range, std::span<const std::uint32_t> dims,
                                std::size_t n_out) {
    std::vector<std::size_t> out{0};
    for (const std::uint8_t axis : range.axes) {
        std::size_t stride = 1;
        for (std::size_t k = axis + 1U; k < n_out; ++k) stride *= dims[k];
        std::vector<std::size_t> next;
        next.reserve(out.size() * dims[axis]);
        for (const std::size_t base : out)
            for (std::uint32_t i = 0; i < dims[axis]; ++i) next.push_back(base + i * stride);
        out = std::move(next);
    }
    return out;
}

// Where the elements of a product go: place[i] + other[j].
struct Targets {
    std::vector<std::size_t> a, b;
};

// A matrix a, inner x free, with small b, free x inner: a is read as it lies, however large it is.
void add_rows(std::span<const std::int64_t> a, std::span<const std::int64_t> b,
              const ProdTerm& term, const Targets& to, Sums& sums) {
    constexpr std::size_t kBlock = 64;  // columns whose sums stay in the nearest cache
    const std::size_t columns = to.a.size(), depth = a.size() / columns;
    const auto coef = static_cast<std::int64_t>(term.coef);
    parallel_for((columns + kBlock - 1) / kBlock, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t from = begin * kBlock; from < std::min(end * kBlock, columns);
             from += kBlock) {
            const std::size_t width = std::min(kBlock, columns - from);
            for (std::size_t j = 0; j < to.b.size(); ++j) {
                std::int64_t block[kBlock] = {};
                for (std::size_t k = 0; k < depth; ++k) {
                    const std::int64_t factor = b[j * depth + k];
                    if (factor == 0) continue;
                    const std::int64_t* row = &a[k * columns + from];
                    for (std::size_t c = 0; c < width; ++c) block[c] += factor * row[c];
                }
                for (std::size_t c = 0; c < width; ++c)
                    sums[to.a[from + c] + to.b[j]] += Int128{coef} * block[c];
            }
        }
    });
}

// The same of integers of 16 bits.
void add_rows(const ShortProduct& product, const ProdTerm& term, const Targets& to, Sums& sums) {
    constexpr std::size_t kBlock = ShortProduct::kBlock;
    const std::size_t columns = to.a.size();
    parallel_for((columns + kBlock - 1) / kBlock, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<std::int64_t> block(product.rows() * kBlock);
        for (std::size_t from = begin * kBlock; from < std::min(end * kBlock, columns);
             from += kBlock) {
            const std::size_t width = std::min(kBlock, columns - from);
            std::ranges::fill(block, 0);
            product.add_block(from, width, block);
            for (std::size_t j = 0; j < product.rows(); ++j)
                for (std::size_t c = 0; c < width; ++c)
                    sums[to.a[from + c] + to.b[j]] += term.coef * block[j * kBlock + c];
        }
    });
}

Status add_product(const Circuit& circuit, const Step& step, const ProdTerm& term,
                   const IntColumns& columns, Sums& sums) {
    const auto dims = env_dims(step, term.contract);
    const std::size_t n_out = step.out.size();
    MINTMARK_TRY(const EnvTensor ua, unfold(circuit, term.a, dims, columns));
    MINTMARK_TRY(const EnvTensor ub, unfold(circuit, term.b, dims, columns));
    const Shape shape = shape_of(term, n_out, ua, dims);
    const Arranged arranged_b = arrange(ub, join(shape.shared, shape.free_b, shape.inner), dims);
    const auto b = arranged_b.values;
    const std::size_t depth = shape.inner.count;
    if (std::ranges::equal(ua.env_axes, join(shape.inner, shape.free_a, {}))) {
        const int bits_a = magnitude_bits(ua.values), bits_b = magnitude_bits(b);
        const int bits =
            bits_a + bits_b + static_cast<int>(std::bit_width(depth)) + coef_bits(term.coef);
        const Targets to{places(shape.free_a, dims, n_out), places(shape.free_b, dims, n_out)};
        if (bits <= 62 && std::max(bits_a, bits_b) <= ShortProduct::kMaxBits) {
            add_rows(ShortProduct(ua.values, to.a.size(), bits_a, b, bits_b), term, to, sums);
            return {};
        }
        if (bits <= 62) {
            add_rows(ua.values, b, term, to, sums);
            return {};
        }
    }
    const Arranged arranged_a = arrange(ua, join(shape.shared, shape.free_a, shape.inner), dims);
    const auto a = arranged_a.values;
    const int bits =
        magnitude_bits(a) + magnitude_bits(b) + static_cast<int>(std::bit_width(depth));
    MINTMARK_CHECK(check_bits(bits + coef_bits(term.coef)));
    const auto at_shared = places(shape.shared, dims, n_out);
    const auto at_a = places(shape.free_a, dims, n_out);
    const auto at_b = places(shape.free_b, dims, n_out);
    const std::size_t rows = shape.shared.count * at_a.size();
    const auto short_a = ShortRows::make(a, depth), short_b = ShortRows::make(b, depth);
    const bool is_short = short_a && short_b && bits <= 62;
    parallel_for(
        rows, 1 + 65536 / (1 + depth * at_b.size()), [&](std::size_t begin, std::size_t end) {
            for (std::size_t row = begin; row < end; ++row) {
                const std::size_t s = row / at_a.size();
                const std::size_t base = at_shared[s] + at_a[row % at_a.size()];
                const std::int64_t* left = a.data() + row * depth;
                const std::int64_t* right = b.data() + s * at_b.size() * depth;
                for (std::size_t k = 0; k < at_b.size(); ++k, right += depth) {
                    const Int128 value = is_short ? short_a->dot(row, *short_b, s * at_b.size() + k)
                                         : bits <= 62 ? dot<std::int64_t>(left, right, depth)
                                                      : dot<Int128>(left, right, depth);
                    sums[base + at_b[k]] += term.coef * value;
                }
            }
        });
    return {};
}

Status add_linear(const Circuit& circuit, const Step& step, const LinTerm& term,
                  const IntColumns& columns, Sums& sums) {
    const auto dims = env_dims(step);
    MINTMARK_TRY(const EnvTensor tensor, unfold(circuit, term.operand, dims, columns));
    std::vector<std::uint8_t> order(dims.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
    const Arranged arranged = arrange(tensor, order, dims);
    const auto values = arranged.values;
    MINTMARK_CHECK(check_bits(magnitude_bits(values) + coef_bits(term.coef)));
    parallel_for(sums.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) sums[i] += term.coef * values[i];
    });
    return {};
}

// Calls visit(first, last) for the runs of the last axis in [begin, end), with the index of all
// other axes.
template <class Visit>
void for_each_run(std::span<const Axis> axes, std::size_t begin, std::size_t end, Visit&& visit) {
    const std::size_t run = axes.empty() ? 1 : axes.back().dim;
    std::vector<std::uint32_t> index(axes.size(), 0);
    for (std::size_t at = begin; at < end;) {
        std::size_t rest = at / run;
        for (std::size_t k = index.size() - (axes.empty() ? 0 : 1); k-- > 0; rest /= axes[k].dim)
            index[k] = static_cast<std::uint32_t>(rest % axes[k].dim);
        const std::size_t last = std::min(end, (at / run + 1) * run);
        visit(at, last, index);
        at = last;
    }
}

Status add_constant(const Step& step, const ConstTerm& term, Sums& sums) {
    MINTMARK_CHECK(check_bits(coef_bits(term.coef)));
    const std::size_t outer = step.out.empty() ? 0 : step.out.size() - 1;
    const std::size_t run = step.out.empty() ? 1 : step.out.back().dim;
    parallel_for(sums.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for_each_run(
            step.out, begin, end, [&](std::size_t from, std::size_t to, const auto& index) {
                for (std::size_t k = 0; k < outer; ++k)
                    if (index[k] < term.ranges[k].first || index[k] >= term.ranges[k].second)
                        return;
                const std::size_t start = from / run * run;
                const std::size_t low = step.out.empty() ? 0 : term.ranges[outer].first;
                const std::size_t high = step.out.empty() ? 1 : term.ranges[outer].second;
                for (std::size_t i = std::max(from, start + low); i < std::min(to, start + high);
                     ++i)
                    sums[i] += term.coef;
            });
    });
    return {};
}

// The right-hand side of a step's relation; the OUT operand is left out.
Result<Sums> right_side(const Circuit& circuit, const Step& step, const IntColumns& columns) {
    Sums sums(num_values(step.out), 0);
    for (const ConstTerm& term : step.consts) MINTMARK_CHECK(add_constant(step, term, sums));
    for (const LinTerm& term : step.lins)
        if (circuit.tensors[term.operand.tensor].column != Column::kOut)
            MINTMARK_CHECK(add_linear(circuit, step, term, columns, sums));
    for (const ProdTerm& term : step.prods)
        MINTMARK_CHECK(add_product(circuit, step, term, columns, sums));
    return sums;
}

// Splits values over the limbs' tables, lowest shift first.
class Decomposer {
  public:
    Decomposer(const Circuit& circuit, const Step& step) : circuit_(circuit), limbs_(step.limbs) {
        std::ranges::sort(limbs_, {}, &Limb::shift);
        for (const Limb& limb : limbs_) {
            const Table& table = table_of(limb);
            low_ += static_cast<Int128>(table.lo) << limb.shift;
            total_bits_ = static_cast<unsigned>(limb.shift) + table.log_size;
        }
    }

    [[nodiscard]] bool store(Int128 value, std::size_t lane, Witness& witness) const {
        const Int128 rest = value - low_;
        if (rest < 0 || rest >> total_bits_ != 0) return false;
        for (const Limb& limb : limbs_) {
            const Table& table = table_of(limb);
            const Int128 mask = (Int128{1} << table.log_size) - 1;
            const auto digit = static_cast<std::int64_t>(rest >> limb.shift & mask);
            const std::size_t at = circuit_.tensors[limb.tensor].offset + lane;
            witness.f[at] = table.lo + digit;
            const std::int64_t result = table_output(table, witness.f[at]);
            if (at < witness.g.size())
                witness.g[at] = result;
            else
                MINTMARK_ASSERT(result == 0);
        }
        return true;
    }

    [[nodiscard]] Int128 low() const { return low_; }
    [[nodiscard]] Int128 high() const { return low_ + ((Int128{1} << total_bits_) - 1); }

  private:
    [[nodiscard]] const Table& table_of(const Limb& limb) const {
        return circuit_.tables[limb.table - 1U];
    }

    const Circuit& circuit_;
    std::vector<Limb> limbs_;
    Int128 low_ = 0;
    unsigned total_bits_ = 0;
};

Status outside(std::size_t k, const Decomposer& decomposer, std::size_t i, Int128 value) {
    const auto text = [](Int128 v) { return fmt::format("{:.0f}", static_cast<double>(v)); };
    return fail(ErrorCode::kOutOfRange,
                fmt::format("step {}: value {} at index {} is outside [{}, {}]", k, text(value), i,
                            text(decomposer.low()), text(decomposer.high())),
                "the input is beyond the calibrated range; calibrate with inputs like it");
}

Status store_limbs(const Circuit& circuit, std::size_t k, const Sums& sums, Witness& witness) {
    const Step& step = circuit.steps[k];
    const Decomposer decomposer(circuit, step);
    std::atomic<std::size_t> first_bad = sums.size();
    parallel_for(sums.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        std::size_t bad = sums.size();
        for_each_lane(step.out, begin, end, [&](std::size_t i, std::size_t lane) {
            if (!decomposer.store(sums[i], lane, witness)) bad = std::min(bad, i);
        });
        std::size_t seen = first_bad;
        while (bad < seen && !first_bad.compare_exchange_weak(seen, bad)) {
        }
    });
    if (first_bad == sums.size()) return {};
    return outside(k, decomposer, first_bad, sums[first_bad]);
}

Status store_output(const Circuit& circuit, std::size_t k, const Sums& sums, Witness& witness) {
    for (const LinTerm& term : circuit.steps[k].lins) {
        if (circuit.tensors[term.operand.tensor].column != Column::kOut) continue;
        witness.output.resize(sums.size());
        for (std::size_t i = 0; i < sums.size(); ++i) {
            const Int128 value = term.coef == 0 ? Int128{0} : -sums[i] / term.coef;
            if (value * term.coef + sums[i] != 0 || value != static_cast<std::int64_t>(value))
                return fail(ErrorCode::kOutOfRange,
                            fmt::format("step {}: output {} is not a 64-bit integer", k, i));
            witness.output[i] = static_cast<std::int64_t>(value);
        }
        return {};
    }
    return {};
}

Status check_lengths(const Circuit& circuit, std::size_t weights, std::size_t input) {
    const std::size_t lanes = std::size_t{circuit.n_w} << circuit.mu;
    if (weights != lanes)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} weight lanes given, the circuit has {}", weights, lanes));
    const Tensor* tensor = find_tensor(circuit, Column::kIn);
    const std::size_t wanted = tensor == nullptr ? 0 : num_values(tensor->axes);
    if (input != wanted)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} input values given, the circuit takes {}", input, wanted));
    return {};
}

}  // namespace

Result<Witness> fill_witness(const Circuit& circuit, std::span<const std::int64_t> weights,
                             std::span<const std::int64_t> input) {
    MINTMARK_CHECK(check_lengths(circuit, weights.size(), input.size()));
    Witness witness;
    witness.f.assign(std::size_t{circuit.n_f} << circuit.mu, 0);
    witness.g.assign(std::size_t{circuit.n_g} << circuit.mu, 0);
    witness.input.assign(input.begin(), input.end());
    const Tensor* in_tensor = find_tensor(circuit, Column::kIn);
    const auto in_box =
        in_tensor == nullptr ? std::vector<std::int64_t>{} : to_box(in_tensor->axes, input);
    const IntColumns columns{weights, in_box, {}, witness.f, witness.g};
    MINTMARK_TRY(const Circuit flat, unroll(circuit));
    for (std::size_t k = 0; k < flat.steps.size(); ++k) {
        const Step& step = flat.steps[k];
        MINTMARK_TRY(const Sums sums, right_side(flat, step, columns));
        MINTMARK_CHECK(step.limbs.empty() ? store_output(flat, k, sums, witness)
                                          : store_limbs(flat, k, sums, witness));
    }
    return witness;
}

}  // namespace mintmark::prover
