// The weights of axis maps as products of factors of a verifier's program (protocol section 8a).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/circuit/program_records.hpp"

namespace mintmark::program {

/// An environment axis, and the number of the first variable of its point.
struct EnvPoint {
    unsigned first = 0;
    Axis axis = {};
};

/// Bit mask of the environment axes that a map uses.
[[nodiscard]] std::uint64_t used_axes(const AxisMap& map);

/// Whether each map whose axes reach above mu is EQ.
[[nodiscard]] bool crosses_by_eq(const Tensor& tensor, const Operand& operand, unsigned mu);

/// Appends factors to products; adds those that are new to the records.
class Weights {
  public:
    Weights(Records& records, unsigned mu, unsigned z) : records_(records), mu_(mu), z_(z) {}

    /// eq(variables [first, first + n), index).
    void append_at(Product& out, unsigned first, unsigned n, std::uint32_t index);
    /// eq of two slices of n variables.
    void append_eq(Product& out, unsigned a, unsigned b, unsigned n);
    /// lt(dim, slice).
    void append_below(Product& out, unsigned first, const Axis& axis);
    /// lt(hi) - lt(lo) of a slice of n variables.
    void append_range(Product& out, unsigned first, unsigned n, std::uint32_t lo, std::uint32_t hi);
    /// The weights of all maps at z and chunk `t` of a tensor of several; if all maps that reach
    /// above mu are EQ, `spread` gets the slices above mu instead. False: the weight is zero.
    [[nodiscard]] bool append_operand(Product& out, std::vector<Slice>& spread,
                                      const std::vector<EnvPoint>& env, const Tensor& tensor,
                                      const Operand& operand, std::uint32_t t);
    /// Whether the windows so far had few enough taps.
    [[nodiscard]] bool taps_left() const noexcept { return taps_ <= kMaxTaps; }

  private:
    static constexpr std::uint64_t kMaxTaps = 1U << 22;

    /// A window along one tensor axis: index = stride a + dilation b + offset.
    struct Window {
        std::optional<EnvPoint> p;
        std::optional<EnvPoint> t;
        std::uint32_t taps = 1;
        std::int64_t stride = 0;
        std::int64_t dilation = 0;
        std::int64_t offset = 0;
        std::int64_t dim = 1;  ///< of the tensor axis
        unsigned first = 0;    ///< its variables
        unsigned n = 0;

        /// How many a there are.
        [[nodiscard]] std::uint32_t num_rows() const noexcept { return p ? p->axis.dim : 1; }
        /// a takes the part of b: the fewer of them are the taps.
        void swap_axes();
    };
    /// A run of EQ maps whose points and axes lie one behind the other.
    struct Run {
        unsigned a = 0, b = 0, n = 0;
    };
    /// Where a map's axes lie: variables [position, position + vars) of the tensor, the first
    /// `inside` of them below mu.
    struct Place {
        unsigned position = 0, vars = 0, inside = 0;
        std::uint32_t chunk = 0;  ///< the index along the variables above mu
    };
    /// REGROUP at chunk t, both lists of axes row-major.
    struct Regroup {
        std::span<const EnvPoint> dest;
        std::span<const Axis> source;
        unsigned position = 0;  ///< of the source axes
        std::uint32_t t = 0;
        bool spreads = false;  ///< the operand's (then none of these axes reaches above mu)
    };

    [[nodiscard]] Place place(unsigned position, unsigned vars, std::uint32_t t) const;

    void flush(Product& out, Run& run);
    void append_eq_map(Product& out, std::vector<Slice>& spread, Run& run, const EnvPoint& p,
                       const Place& at, bool spreads);
    bool append_window(Product& out, const Window& window);
    [[nodiscard]] std::vector<Product> window_products(const Window& window);
    /// A sum over consecutive indices, row by row.
    [[nodiscard]] std::vector<Product> ranges(const Window& window);
    /// The indices [low, high), low < high, of the tensor axis, for one row.
    void append_between(std::vector<Product>& out, Product row, const Window& window,
                        std::int64_t low, std::int64_t high);
    [[nodiscard]] bool append_tap(Product& out, const Window& window, std::int64_t k);
    bool append_dense(Product& out, const Window& window, std::int64_t k);
    /// The common low bits of both sides as EQ, then the smallest blocks with the same number of
    /// elements.
    void append_regroup(Product& out, std::vector<Slice>& spread, Run& run, const Regroup& map);
    void append_block(Product& out, std::span<const EnvPoint> dest,
                      std::span<const EnvPoint> source, std::uint32_t t);
    [[nodiscard]] Ref minus_one();

    Records& records_;
    unsigned mu_, z_;
    std::uint64_t taps_ = 0;
};

}  // namespace mintmark::program
