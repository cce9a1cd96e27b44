// Well-formed circuits (protocol section 9): what makes the claims derived from a key sound.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/program.hpp"
#include "mintmark/circuit/unroll.hpp"

namespace mintmark {
namespace {

constexpr std::uint32_t kMaxDim = (1U << 24) - 1;
constexpr std::size_t kMaxCount = 255;      // of limbs and terms: one byte in the encoding
constexpr unsigned kMaxTotalBits = 252;     // 2^252 < r / 2
constexpr std::size_t kMaxRecords = 65535;  // two bytes in the encoding

std::unexpected<Error> bad(const std::string& what) {
    return fail(ErrorCode::kMalformed, "circuit: " + what);
}

Status require(bool condition, const char* what) {
    if (!condition) return bad(what);
    return {};
}

/// An F tensor bound by a limb.
struct Bound {
    const Tensor* tensor;
    bool has_result;  ///< its table is a function table: the G lanes are a result
};

class Checker {
  public:
    explicit Checker(const Circuit& circuit) : circuit_(circuit) {}

    Status run() {
        MINTMARK_CHECK(sizes());
        MINTMARK_CHECK(tables());
        MINTMARK_CHECK(tensors());
        MINTMARK_CHECK(steps(Order::kAny));
        MINTMARK_CHECK(input_step(circuit_.steps.front()));
        MINTMARK_CHECK(output_step(circuit_.steps.back()));
        MINTMARK_CHECK(limbs_disjoint());
        MINTMARK_CHECK(require(masks_fit(circuit_), "chunks too small for the masks"));
        MINTMARK_CHECK(
            require(verifier_program(circuit_).has_value(), "the verifier's program is too long"));
        // Loops read what they have bound at earlier indices: taken apart, every step reads earlier
        // ones.
        MINTMARK_TRY(const Circuit flat, unroll(circuit_));
        return Checker(flat).steps(Order::kStrict);
    }

  private:
    enum class Order : std::uint8_t { kAny, kStrict };

    /// Every step; operands are bound by any step, or by an earlier one.
    Status steps(Order order) {
        if (order == Order::kAny)
            for (std::size_t k = 0; k < circuit_.steps.size(); ++k)
                MINTMARK_CHECK(at_step(k, limbs(circuit_.steps[k])));
        for (std::size_t k = 0; k < circuit_.steps.size(); ++k) {
            MINTMARK_CHECK(at_step(k, step(k)));
            if (order == Order::kStrict) MINTMARK_CHECK(at_step(k, limbs(circuit_.steps[k])));
        }
        return {};
    }

    static Status at_step(std::size_t k, Status status) {
        if (!status) status.error().message += " (step " + std::to_string(k) + ")";
        return status;
    }

    Status sizes() const {
        const Circuit& c = circuit_;
        MINTMARK_CHECK(require(c.mu >= kMinMu && c.mu <= kMaxMu, "mu out of range"));
        MINTMARK_CHECK(require(c.n_f >= 1 && c.n_t >= 1, "no chunks of F or T"));
        MINTMARK_CHECK(require(c.n_g <= c.n_f, "more chunks of G than of F"));
        MINTMARK_CHECK(require(c.nu() <= kMaxLogLanes && c.kappa() <= kMaxLogLanes,
                               "too many lanes or table rows"));
        MINTMARK_CHECK(require((std::uint64_t{c.n_w} << c.mu) <= std::uint64_t{1} << 32,
                               "too many weight lanes"));
        MINTMARK_CHECK(require(c.tables.size() <= kMaxCount, "too many tables"));
        MINTMARK_CHECK(require(c.tensors.size() <= kMaxRecords, "too many tensors"));
        return require(c.steps.size() >= 2 && c.steps.size() <= kMaxRecords,
                       "needs an input and an output step, at most 65535 steps");
    }

    static bool positive_normal(float x) { return std::isnormal(x) && x > 0; }

    static bool well_formed(const Table& t) {
        if (t.function == TableFunction::kRange || t.function == TableFunction::kNegative)
            return t.in_step == 0 && !std::signbit(t.in_step) && t.out_step == 0 &&
                   !std::signbit(t.out_step) && t.out_lo == 0 && t.out_hi == 0 && t.alpha == 0;
        if (is_real_function(t.function))
            return positive_normal(t.in_step) && positive_normal(t.out_step) &&
                   t.out_lo <= t.out_hi && t.out_lo >= -kMaxFunctionOutput &&
                   t.out_hi <= kMaxFunctionOutput;
        return t.function <= TableFunction::kTanh && positive_normal(t.in_step) &&
               positive_normal(t.out_step) && t.out_lo <= t.out_hi &&
               (t.alpha == 0 || t.function == TableFunction::kLeakyRelu);
    }

    Status tables() const {
        constexpr std::int64_t kMaxLo = std::int64_t{1} << 62;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
        std::uint64_t rows = 0;
        for (const Table& t : circuit_.tables) {
            MINTMARK_CHECK(require(t.log_size <= circuit_.kappa(), "table too large"));
            const std::uint64_t size = std::uint64_t{1} << t.log_size;
            MINTMARK_CHECK(
                require(t.row_offset % size == 0 && t.row_offset + size <= circuit_.num_rows(),
                        "table rows misplaced"));
            MINTMARK_CHECK(require(t.lo >= -kMaxLo && t.lo <= kMaxLo, "table domain too far out"));
            MINTMARK_CHECK(require(well_formed(t), "table fields do not fit its function"));
            ranges.emplace_back(t.row_offset, size);
            rows += size;
        }
        MINTMARK_CHECK(require(disjoint(ranges), "tables overlap"));
        return require(rows < circuit_.num_rows(), "no default row in the tables");
    }

    static bool disjoint(std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) {
        std::ranges::sort(ranges);
        for (std::size_t i = 1; i < ranges.size(); ++i)
            if (ranges[i - 1].first + ranges[i - 1].second > ranges[i].first) return false;
        return true;
    }

    static Status axes(const std::vector<Axis>& axes) {
        MINTMARK_CHECK(require(axes.size() <= kMaxAxes, "too many axes"));
        for (const Axis& axis : axes)
            MINTMARK_CHECK(require(axis.dim >= 1 && axis.dim <= kMaxDim, "dim out of range"));
        return require(num_vars(axes) <= kMaxLogLanes, "box too large");
    }

    Status tensors() const {
        std::size_t inputs = 0;
        std::size_t outputs = 0;
        for (const Tensor& t : circuit_.tensors) {
            const bool io = t.column == Column::kIn || t.column == Column::kOut;
            inputs += t.column == Column::kIn ? 1 : 0;
            outputs += t.column == Column::kOut ? 1 : 0;
            MINTMARK_CHECK(require(t.column <= Column::kG, "tensor in a column that has none"));
            MINTMARK_CHECK(axes(t.axes));
            MINTMARK_CHECK(io ? io_tensor(t) : placed(t));
        }
        return require(inputs == 1 && outputs == 1, "needs one input and one output tensor");
    }

    Status placed(const Tensor& t) const {
        const std::uint64_t size = std::uint64_t{1} << t.num_vars();
        const std::uint64_t lanes = std::uint64_t{circuit_.num_chunks(t.column)} << circuit_.mu;
        // Weights of several chunks begin with any chunk: their chunks are counted, not selected.
        const std::uint64_t unit =
            t.column == Column::kW ? std::min(size, std::uint64_t{1} << circuit_.mu) : size;
        return require(t.offset % unit == 0 && t.offset + size <= lanes, "tensor misplaced");
    }

    Status io_tensor(const Tensor& t) const {
        const bool in = t.column == Column::kIn;
        const Visibility visibility = in ? circuit_.input : circuit_.output;
        const std::uint32_t chunks = circuit_.num_chunks(t.column);
        MINTMARK_CHECK(require(t.offset == 0, "input and output tensors start at lane 0"));
        if (visibility == Visibility::kPublic)
            return require(chunks == 0 && t.num_vars() <= kMaxLogPublic,
                           "public values have no chunks, and at most 2^22 lanes");
        const std::uint8_t above = std::max(t.num_vars(), circuit_.mu) - circuit_.mu;
        return require(chunks == std::uint64_t{1} << above,
                       "number of input or output chunks does not fit the box");
    }

    Status step(std::size_t k) {
        const Step& s = circuit_.steps[k];
        MINTMARK_CHECK(axes(s.out));
        MINTMARK_CHECK(require(s.limbs.size() <= kMaxCount && s.consts.size() <= kMaxCount &&
                                   s.lins.size() <= kMaxCount && s.prods.size() <= kMaxCount,
                               "too many limbs or terms"));
        for (const ConstTerm& term : s.consts) MINTMARK_CHECK(const_term(s, term));
        for (const LinTerm& term : s.lins) MINTMARK_CHECK(lin_term(k, s, term));
        for (const ProdTerm& term : s.prods) MINTMARK_CHECK(prod_term(s, term));
        return {};
    }

    static Status const_term(const Step& s, const ConstTerm& term) {
        MINTMARK_CHECK(require(term.ranges.size() == s.out.size(), "constant's ranges"));
        for (std::size_t i = 0; i < s.out.size(); ++i)
            MINTMARK_CHECK(require(term.ranges[i].first < term.ranges[i].second &&
                                       term.ranges[i].second <= s.out[i].dim,
                                   "constant's range leaves its axis"));
        return {};
    }

    Status limbs(const Step& s) {
        unsigned shift = 0;
        for (const Limb& limb : s.limbs) {
            MINTMARK_CHECK(require(limb.tensor < circuit_.tensors.size(), "limb's tensor id"));
            MINTMARK_CHECK(require(limb.table >= 1 && limb.table <= circuit_.tables.size(),
                                   "limb's table id"));
            const Tensor& t = circuit_.tensors[limb.tensor];
            const Table& table = circuit_.tables[limb.table - 1U];
            const bool has_result = table.function != TableFunction::kRange;
            MINTMARK_CHECK(require(t.column == Column::kF && t.axes == s.out,
                                   "a limb is an F tensor with the step's out axes"));
            MINTMARK_CHECK(require(limb.shift == shift, "limbs do not tile an interval"));
            shift += table.log_size;
            MINTMARK_CHECK(require(shift <= kMaxTotalBits, "limbs span too many bits"));
            const std::uint64_t end = t.offset + (std::uint64_t{1} << t.num_vars());
            const std::uint64_t results = std::uint64_t{circuit_.n_g} << circuit_.mu;
            MINTMARK_CHECK(require(!has_result || end <= results,
                                   "a function's results lie outside of G's chunks"));
            ranges_.emplace_back(t.offset, end - t.offset);
            MINTMARK_CHECK(require(bound_.emplace(t.offset, Bound{&t, has_result}).second,
                                   "two limbs share lanes"));
        }
        return {};
    }

    Status limbs_disjoint() { return require(disjoint(ranges_), "two limbs share lanes"); }

    /// Where an operand may read: weights, or what earlier steps have bound.
    Status source(const Operand& operand) const {
        MINTMARK_CHECK(require(operand.tensor < circuit_.tensors.size(), "operand's tensor id"));
        const Tensor& t = circuit_.tensors[operand.tensor];
        if (t.column == Column::kW) return {};
        MINTMARK_CHECK(require(t.column == Column::kF || t.column == Column::kG,
                               "input and output are read by the first and last step only"));
        const auto it = bound_.find(t.offset);
        return require(it != bound_.end() && it->second.tensor->axes == t.axes &&
                           (t.column == Column::kF || it->second.has_result),
                       "operand is not a limb or result of an earlier step");
    }

    /// Checks the maps against the tensor; uses[i] counts the uses of environment axis i.
    Status maps(const Operand& operand, const std::vector<Axis>& env,
                std::vector<unsigned>& uses) const {
        std::span<const Axis> left = circuit_.tensors[operand.tensor].axes;
        MINTMARK_CHECK(require(operand.maps.size() <= kMaxAxes, "too many maps"));
        for (const AxisMap& map : operand.maps) {
            MINTMARK_CHECK(require(map.kind <= MapKind::kRegroup && map.num_axes() >= 1 &&
                                       map.num_axes() <= left.size(),
                                   "map's kind or number of axes"));
            MINTMARK_CHECK(axis_map(map, left.first(map.num_axes()), env, uses));
            left = left.subspan(map.num_axes());
        }
        MINTMARK_CHECK(require(left.empty(), "a tensor axis has no map"));
        return require(std::ranges::all_of(uses, [](unsigned n) { return n <= 1; }),
                       "an operand uses an axis twice");
    }

    static Status axis_map(const AxisMap& map, std::span<const Axis> axes,
                           const std::vector<Axis>& env, std::vector<unsigned>& uses) {
        const auto use = [&](std::size_t i) {
            if (i < env.size()) ++uses[i];
            return i < env.size();
        };
        switch (map.kind) {
            case MapKind::kAll:
                return require(map == AxisMap::all(), "map ALL has no parameters");
            case MapKind::kEq:
                return require(
                    map == AxisMap::eq(map.p) && use(map.p) && env[map.p].log() == axes[0].log(),
                    "map EQ");
            case MapKind::kWin:
                return require(map.g == 0 && map.stride >= 1 && map.dilation >= 1 && use(map.p) &&
                                   use(map.t) &&
                                   std::uint64_t{env[map.p].dim} * env[map.t].dim <= kMaxWindow,
                               "map WIN");
            case MapKind::kSumWin: {
                const bool has_axis = map.p != kNoAxis;
                MINTMARK_CHECK(require(!has_axis || use(map.p), "map SUMWIN"));
                const std::uint64_t dim = has_axis ? env[map.p].dim : 1;
                return require(map.taps() >= 1 && (map.stride >= 1) == has_axis &&
                                   dim * map.taps() <= kMaxWindow,
                               "map SUMWIN");
            }
            case MapKind::kRegroup:
                return regroup(map, axes, env, uses);
        }
        return bad("map's kind");
    }

    static Status regroup(const AxisMap& map, std::span<const Axis> axes,
                          const std::vector<Axis>& env, std::vector<unsigned>& uses) {
        MINTMARK_CHECK(require(map == AxisMap::regroup(map.p, map.t, map.g) && map.t >= 1 &&
                                   std::size_t{map.p} + map.t <= env.size(),
                               "map REGROUP"));
        const std::vector<Axis> from(axes.begin(), axes.end());
        const std::vector<Axis> to(env.begin() + map.p, env.begin() + map.p + map.t);
        for (std::size_t i = 0; i < map.t; ++i) ++uses[map.p + i];
        // Both boxes have at most 2^30 lanes, so the products of dims do not overflow.
        return require(num_entries(from) == num_entries(to) &&
                           std::uint64_t{1} << num_vars(from) <= kMaxWindow &&
                           std::uint64_t{1} << std::min<int>(num_vars(to), 63) <= kMaxWindow,
                       "map REGROUP between boxes of different or too large sizes");
    }

    Status lin_term(std::size_t k, const Step& s, const LinTerm& term) const {
        MINTMARK_CHECK(require(term.operand.tensor < circuit_.tensors.size(), "operand's tensor"));
        const Column column = circuit_.tensors[term.operand.tensor].column;
        const bool io = (column == Column::kIn && k == 0) ||
                        (column == Column::kOut && k + 1 == circuit_.steps.size());
        if (!io) {
            MINTMARK_CHECK(source(term.operand));
        }
        std::vector<unsigned> uses(s.out.size(), 0);
        return maps(term.operand, s.out, uses);
    }

    Status prod_term(const Step& s, const ProdTerm& term) const {
        MINTMARK_CHECK(axes(term.contract));
        MINTMARK_CHECK(require(term.shared_mask >> s.out.size() == 0, "shared mask"));
        MINTMARK_CHECK(require(num_vars(product_axes(s, term)) <= kMaxLogLanes,
                               "product over too many variables"));
        std::vector<Axis> env = s.out;
        env.insert(env.end(), term.contract.begin(), term.contract.end());
        std::vector<unsigned> in_a(env.size(), 0);
        std::vector<unsigned> in_b(env.size(), 0);
        MINTMARK_CHECK(source(term.a));
        MINTMARK_CHECK(source(term.b));
        MINTMARK_CHECK(maps(term.a, env, in_a));
        MINTMARK_CHECK(maps(term.b, env, in_b));
        for (std::size_t i = 0; i < env.size(); ++i) {
            const bool both = i >= s.out.size() || ((term.shared_mask >> i) & 1) != 0;
            MINTMARK_CHECK(require(in_a[i] + in_b[i] == (both ? 2 : 1),
                                   both ? "a contraction or shared axis is used by both operands"
                                        : "a free axis is used by one operand"));
        }
        return {};
    }

    /// The operand is the whole box of `column`, each out axis mapped to its own axis by EQ.
    bool is_identity(const Step& s, const LinTerm& term, Column column) const {
        const Tensor& t = circuit_.tensors[term.operand.tensor];
        if (t.column != column || t.axes != s.out) return false;
        for (std::size_t i = 0; i < term.operand.maps.size(); ++i)
            if (term.operand.maps[i] != AxisMap::eq(static_cast<std::uint8_t>(i))) return false;
        return true;
    }

    Status input_step(const Step& s) const {
        return require(!s.limbs.empty() && s.consts.empty() && s.prods.empty() &&
                           s.lins.size() == 1 && s.lins[0].coef == 1 &&
                           is_identity(s, s.lins[0], Column::kIn),
                       "the first step copies the input");
    }

    Status output_step(const Step& s) const {
        std::size_t outputs = 0;
        for (const LinTerm& term : s.lins) {
            if (circuit_.tensors[term.operand.tensor].column != Column::kOut) continue;
            ++outputs;
            MINTMARK_CHECK(require(term.coef == -1 && is_identity(s, term, Column::kOut),
                                   "the last step subtracts the output"));
        }
        return require(outputs == 1 && s.limbs.empty() && s.prods.empty(),
                       "the last step binds the output, once, without limbs or products");
    }

    const Circuit& circuit_;
    std::map<std::uint64_t, Bound> bound_;  ///< by first lane
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

}  // namespace

Status check_circuit(const Circuit& circuit) {
    return Checker(circuit).run();
}

}  // namespace mintmark
