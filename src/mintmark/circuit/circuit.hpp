// A circuit as data: look-up tables, tensors in columns, and steps that relate them
// (docs/spec/protocol.md sections 1-3). Nothing here is trusted until check_circuit has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/int128.hpp"

namespace mintmark {

/// Column codes of section 1; the value is the byte of the tensor record.
enum class Column : std::uint8_t { kW = 0, kIn, kOut, kF, kG, kM, kH, kHt, kT, kZ, kR };
inline constexpr std::size_t kNumColumns = 11;

/// Smallest l with 2^l >= n (0 for n <= 1).
[[nodiscard]] constexpr std::uint8_t log2_ceil(std::uint64_t n) noexcept {
    std::uint8_t l = 0;
    while (l < 63 && (std::uint64_t{1} << l) < n) ++l;
    return l;
}

/// One axis of a box: `dim` logical entries, stored padded to 2^log().
struct Axis {
    std::uint32_t dim = 1;
    [[nodiscard]] std::uint8_t log() const noexcept { return log2_ceil(dim); }
    bool operator==(const Axis&) const = default;
};

/// Sum of the logs: number of variables of the padded box.
[[nodiscard]] std::uint8_t num_vars(const std::vector<Axis>& axes) noexcept;
/// Product of the dims (logical entries).
[[nodiscard]] std::uint64_t num_entries(const std::vector<Axis>& axes) noexcept;

/// A box of lanes of a column, row-major with padded axes, starting at lane `offset` (a multiple of
/// its padded size).
struct Tensor {
    Column column = Column::kW;
    std::uint32_t offset = 0;
    std::vector<Axis> axes = {};
    [[nodiscard]] std::uint8_t num_vars() const noexcept { return mintmark::num_vars(axes); }
    bool operator==(const Tensor&) const = default;
};

enum class MapKind : std::uint8_t { kAll = 0, kEq = 1, kWin = 2, kSumWin = 3, kRegroup = 4 };

/// `p` of a kSumWin map without an environment axis.
inline constexpr std::uint8_t kNoAxis = 255;

/// How one tensor axis (kRegroup: g consecutive ones) is weighted by environment axes; section 3.
struct AxisMap {
    MapKind kind = MapKind::kAll;
    std::uint8_t p = 0;  ///< environment axis (kRegroup: the first of t)
    std::uint8_t t = 0;  ///< kWin: second environment axis; kRegroup: number of environment axes
    std::uint8_t g = 0;  ///< kRegroup: number of tensor axes
    std::uint16_t stride = 0;
    std::uint16_t dilation = 0;
    std::int32_t offset = 0;

    /// K of kSumWin (t is the high byte, g the low one).
    [[nodiscard]] std::uint16_t taps() const noexcept {
        return static_cast<std::uint16_t>((t << 8) | g);
    }
    /// Tensor axes that the map takes: g for kRegroup, else 1.
    [[nodiscard]] std::size_t num_axes() const noexcept {
        return kind == MapKind::kRegroup ? g : 1;
    }
    bool operator==(const AxisMap&) const = default;

    static AxisMap all() { return {}; }
    static AxisMap eq(std::uint8_t p) { return {.kind = MapKind::kEq, .p = p}; }
    /// tensor index = stride * a_p + dilation * b_t + offset.
    static AxisMap win(std::uint8_t p, std::uint8_t t, std::uint16_t stride, std::uint16_t dilation,
                       std::int32_t offset) {
        return {MapKind::kWin, p, t, 0, stride, dilation, offset};
    }
    /// tensor index = stride * a_p + dilation * b + offset, summed over b < taps.
    static AxisMap sum_win(std::uint8_t p, std::uint16_t taps, std::uint16_t stride,
                           std::uint16_t dilation, std::int32_t offset) {
        return {MapKind::kSumWin,
                p,
                static_cast<std::uint8_t>(taps >> 8),
                static_cast<std::uint8_t>(taps & 0xff),
                stride,
                dilation,
                offset};
    }
    /// Environment axes p .. p+env_axes-1 and `tensor_axes` tensor axes share row-major order.
    static AxisMap regroup(std::uint8_t p, std::uint8_t env_axes, std::uint8_t tensor_axes) {
        return {.kind = MapKind::kRegroup, .p = p, .t = env_axes, .g = tensor_axes};
    }
};

/// A tensor read through axis maps, one per tensor axis in order (kRegroup takes several).
struct Operand {
    std::uint16_t tensor = 0;
    std::vector<AxisMap> maps = {};
    bool operator==(const Operand&) const = default;
};

/// 2^shift * F_tensor on the left of a step; every unpadded lane is looked up in table `table`
/// (numbered from 1).
struct Limb {
    std::uint16_t tensor = 0;
    std::uint8_t shift = 0;
    std::uint8_t table = 0;
    bool operator==(const Limb&) const = default;
};

/// coef on the box of half-open ranges [first, second), one per out axis.
struct ConstTerm {
    Int128 coef = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {};
    bool operator==(const ConstTerm&) const = default;
};

/// coef * operand; out axes that no map uses are broadcast.
struct LinTerm {
    Int128 coef = 0;
    Operand operand = {};
    bool operator==(const LinTerm&) const = default;
};

/// coef * sum over the contraction axes of a * b. Bit i of shared_mask: out axis i is used by both.
struct ProdTerm {
    Int128 coef = 0;
    std::vector<Axis> contract = {};
    std::uint8_t shared_mask = 0;
    Operand a = {};
    Operand b = {};
    bool operator==(const ProdTerm&) const = default;
};

/// sum of limbs = sum of terms, at every index of the padded out box.
struct Step {
    std::vector<Axis> out = {};
    std::vector<Limb> limbs = {};
    std::vector<ConstTerm> consts = {};
    std::vector<LinTerm> lins = {};
    std::vector<ProdTerm> prods = {};
    bool operator==(const Step&) const = default;
};

enum class TableFunction : std::uint8_t {
    kRange = 0,
    kClamp,
    kRelu,
    kLeakyRelu,
    kSigmoid,
    kTanh,
    kNegative,
    // real functions (circuit/function.hpp)
    kExp = 7,
    kLog,
    kSqrt,
    kRsqrt,
    kReciprocal,
    kErf,
    kGelu,
    kGeluTanh,
    kSoftplus,
    kSoftsign,
    kSilu,
    kHardSwish,
    kMish,
    kElu,
    kCelu,
    kSelu,
    kThresholdedRelu,
    kSin,
    kCos,
    kTan,
    kAsin,
    kAcos,
    kAtan,
    kSinh,
    kCosh,
    kAsinh,
    kAcosh,
    kAtanh,
    kAbs,
    kSign,
    kSquare,
    kPow,
    kRound,
    kFloor,
    kCeil,
    kStep,
    kIsZero,
    kAndOfHalves,
    kRemainder,
    kQuotient
};

/// Functions that are defined by a real function of u * in_step (codes 7 and up).
[[nodiscard]] constexpr bool is_real_function(TableFunction f) noexcept {
    return f >= TableFunction::kExp && f <= TableFunction::kQuotient;
}
/// Bounds of such a table's outputs: beyond them rounding would not be certain.
inline constexpr std::int32_t kMaxFunctionOutput = 1 << 17;

/// Rows row_offset + j hold (lo + j, table_output(lo + j), id), j < 2^log_size. For kRange and
/// kNegative every field after `lo` is zero; `alpha` is zero but for kLeakyRelu and real functions.
struct Table {
    std::uint8_t log_size = 0;
    TableFunction function = TableFunction::kRange;
    std::uint32_t row_offset = 0;
    std::int64_t lo = 0;
    std::int32_t out_lo = 0;
    std::int32_t out_hi = 0;
    float in_step = 0;
    float out_step = 0;
    std::uint16_t alpha =
        0;  ///< slope in units of 2^-16; real functions: p in signed units of 2^-11
    bool operator==(const Table&) const = default;
};

enum class Visibility : std::uint8_t { kPublic, kCommitted };

struct Circuit {
    std::uint8_t mu = 0;  ///< chunks have 2^mu lanes
    Visibility input = Visibility::kPublic;
    Visibility output = Visibility::kPublic;
    std::uint16_t n_w = 0, n_in = 0, n_out = 0, n_f = 0, n_g = 0, n_t = 0;  ///< numbers of chunks
    std::vector<Table> tables = {};
    std::vector<Tensor> tensors = {};
    std::vector<Step> steps = {};

    /// Chunks of a column (M and HT have n_t, H has n_f, Z and R have one).
    [[nodiscard]] std::uint32_t num_chunks(Column column) const noexcept;
    /// LF = n_f * 2^mu and LT = n_t * 2^mu.
    [[nodiscard]] std::uint64_t num_lanes() const noexcept;
    [[nodiscard]] std::uint64_t num_rows() const noexcept;
    [[nodiscard]] std::uint8_t nu() const noexcept;     ///< log2_ceil(LF)
    [[nodiscard]] std::uint8_t kappa() const noexcept;  ///< log2_ceil(LT)
    /// max(nu, kappa, variables of each step's out box).
    [[nodiscard]] std::uint8_t n_rho() const noexcept;
    /// N: rounds of the product sumcheck, max(nu, kappa, n_x of each product term).
    [[nodiscard]] std::uint8_t n_prod() const noexcept;
    /// Number of product terms in all steps.
    [[nodiscard]] std::size_t num_products() const noexcept;
    /// The only tensor of column kIn / kOut; check_circuit has made sure that it exists.
    [[nodiscard]] const Tensor& input_tensor() const;
    [[nodiscard]] const Tensor& output_tensor() const;
    bool operator==(const Circuit&) const = default;
};

/// Limits that section 9 sets beside the widths of the encoding.
inline constexpr std::uint8_t kMinMu = 6;
inline constexpr std::uint8_t kMaxMu = 24;
inline constexpr std::uint8_t kMaxLogLanes = 30;  ///< of nu, kappa, every tensor and out box
inline constexpr std::size_t kMaxAxes = 6;        ///< of tensors, out boxes, contractions
inline constexpr std::uint64_t kMaxWindow =
    1U << 24;                                      ///< dim_p * dim_t, dim_p * taps, regrouped lanes
inline constexpr std::uint8_t kMaxLogPublic = 22;  ///< of a public input or output box

/// Every rule of section 9; kMalformed names the rule and the step, tensor or table.
[[nodiscard]] Status check_circuit(const Circuit& circuit);

}  // namespace mintmark
