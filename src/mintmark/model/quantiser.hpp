// One pass of quantisation over a plan. Internal; the façade is model.hpp.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "mintmark/model/agreement.hpp"
#include "mintmark/model/boxed_ball.hpp"
#include "mintmark/model/calibration.hpp"
#include "mintmark/model/interval.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/model/plan.hpp"
#include "mintmark/model/sensitivity.hpp"

namespace mintmark::model {

/// A product with identity - 1/n: the deviation from the mean of each row.
[[nodiscard]] bool centres(const Layer& layer);

class Quantiser {
  public:
    /// `common_shift`: layers that need a smaller shift use this one (fewer different tables).
    /// `agreement` outlives the quantiser; the caller ends the pass.
    Quantiser(const Plan& plan, const Calibration& calibration, const QuantOptions& options,
              std::uint8_t common_shift, Agreement& agreement);

    [[nodiscard]] Result<QuantGraph> run();
    /// After run: the largest shift that still is a single remainder limb (12 bits), or 0.
    [[nodiscard]] std::uint8_t largest_small_shift() const { return largest_small_shift_; }

  private:
    /// A value as integers: bounds and real step of every element.
    struct Ints {
        TensorId id = 0;
        Interval range;
        std::vector<double> step;
    };
    /// A computed layer before requantisation: exact sums `acc`, u = acc >> shift, step of u.
    struct Sums {
        QOp op;
        std::vector<TensorId> inputs;
        Interval acc;
        std::vector<double> step;
        std::uint8_t shift = 0;
    };
    /// Rows over the last axis, in steps: center + gain v + e with |v|_2 <= radius, |e_i| <= error.
    struct RowBall {
        std::vector<double> center, gain;
        double radius = 0, error = 0;
    };
    /// Of the rows of `row`: each times the factor of its row is no longer than this.
    struct InverseLength {
        TensorId row = 0;
        double length = 0;
        double epsilon = 0;      ///< as a part of the least variance that the factor allows for
        double scale = 1;        ///< the factor is about 1 / sqrt(scale |row|^2)
        double shortest = 1;     ///< of the rows that were seen, times their factors and root scale
        bool is_coarse = false;  ///< its length is known to an eighth only
    };
    /// A product of rows with what is about their inverse lengths; it is no longer than `length`.
    struct Normalisation {
        Ints row, factor;
        double length = 0, epsilon = 0, scale = 1, shortest = 1;
        bool is_coarse = false;
    };
    /// A tensor whose entries are those of a product's result, entry e its entry at[e].
    struct Moved {
        const QMatMul* product;
        const RowBall* ball;  ///< of the product's input
        std::vector<std::uint32_t> at;
    };
    /// What a layer's result should look like.
    struct Goal {
        std::vector<double> step;  ///< of u, per element
        double out_max = 0;        ///< largest integer of the result
        double budget = 0;         ///< largest u_hi - u_lo
    };

    /// One tensor's integers, all alike.
    struct RowBounds {
        double lo = 0, hi = 0, step = 1;
    };

    [[nodiscard]] Status add_inputs();
    [[nodiscard]] std::vector<double> column_steps(double step, double lo, double hi) const;
    [[nodiscard]] Status hold(const std::string& name, const Shape& shape, Ints& part, double lo,
                              double hi);
    [[nodiscard]] Status hold_part(const Layer& layer, Ints& part);
    [[nodiscard]] Status narrow_outputs();
    void add_outputs();
    [[nodiscard]] Status add(const Layer& layer);
    [[nodiscard]] Status add_move(const Layer& layer);
    [[nodiscard]] Status add_pad(const Layer& layer, const PadOp& op);
    [[nodiscard]] Status add_concat(const Layer& layer, const ConcatOp& op);
    [[nodiscard]] Status add_scalar(const Layer& layer);
    [[nodiscard]] Status add_sum(const Layer& layer);
    [[nodiscard]] Status add_linear(const Layer& layer);
    [[nodiscard]] Status add_scaled(const Layer& layer);
    std::uint8_t keep_zero(const Layer& layer, const Ints& x, Goal& goal);
    [[nodiscard]] Status add_mask(const Layer& layer);
    [[nodiscard]] Status add_offset(const Layer& layer, Sums sums, double constant);
    [[nodiscard]] Result<Ints> rescale(const Ints& x, double step, const std::string& name);

    [[nodiscard]] Goal goal_for(const Layer& layer, const Interval& real) const;
    [[nodiscard]] Goal own_goal(const Layer& layer, const Interval& real) const;
    [[nodiscard]] std::vector<double> channel_steps(const Layer& layer, const Interval& real,
                                                    double out_max) const;
    /// A bound that no sample's value was beyond, with the margin, in steps; infinity
    /// without samples. A step can be coarser than the values ask for (twins, wide sums): results
    /// that then reached as far as the bits do would make the next layers' steps coarser still.
    [[nodiscard]] double largest_seen(const Layer& layer, const std::vector<double>& step) const;
    [[nodiscard]] double most(Choice choice, double own) const {
        return agreement_.most(layer_, choice, own);
    }
    [[nodiscard]] double least(Choice choice, double own) const {
        return agreement_.least(layer_, choice, own);
    }
    /// Whether all twins may do what this layer may.
    [[nodiscard]] bool all(Choice choice, bool own) const { return least(choice, own ? 1 : 0) > 0; }
    /// Whether the layer's result becomes the output as it is, and that of all its twins.
    [[nodiscard]] bool is_precise(const Layer& layer) const {
        return all(Choice::kPrecise, sensitivity_.precise[layer.output]);
    }
    void agree_on(std::vector<double>& step) const;
    void agree_on_range(Ints& result) const;
    [[nodiscard]] std::vector<std::size_t> channels_of(const Layer& layer) const;
    [[nodiscard]] Interval real_range(const Ints& x) const;
    [[nodiscard]] std::uint8_t pick_shift(double largest);

    [[nodiscard]] Status finish(const Layer& layer, Sums sums);
    [[nodiscard]] double calibrated_reach(ValueId id, double otherwise) const;
    [[nodiscard]] double argument_step(const Layer& layer, const Interval& real,
                                       double finest) const;
    [[nodiscard]] QLut function_look_up(const Layer& layer, const Interval& u, double step) const;
    [[nodiscard]] Result<bool> add_step(const Layer& layer);
    [[nodiscard]] Status add_softmax(const Layer& layer);
    [[nodiscard]] double softmax_depth(const Layer& layer, SoftmaxKind kind) const;
    [[nodiscard]] Result<Ints> difference(const std::string& name, const Ints& x,
                                          const Ints& largest, const Shape& shape, double lowest);
    [[nodiscard]] Status add_one_hot(const Layer& layer);
    [[nodiscard]] Result<Ints> places(const std::string& name, const Ints& x, std::uint32_t axis,
                                      std::uint32_t depth);
    [[nodiscard]] bool is_idle(const Layer& layer) const;
    [[nodiscard]] Status add_copy(const Layer& layer);
    [[nodiscard]] Result<Ints> two_digits(const Layer& layer, const Ints& x, std::uint32_t axis);
    [[nodiscard]] bool keeps_whole(const Layer& layer, const Ints& x, const Goal& goal) const;
    [[nodiscard]] Interval products(const Layer& layer, std::span<const double> weight,
                                    std::span<const double> bias, const Interval& x,
                                    double most) const;
    [[nodiscard]] std::optional<Sums> whole_sum(const Layer& layer, const Ints& x) const;
    [[nodiscard]] Result<Ints> emit_rows(const std::string& name, QOp op,
                                         std::vector<TensorId> inputs, const Shape& shape,
                                         const RowBounds& bounds);
    [[nodiscard]] std::optional<QLut> look_up(const Layer& layer, const Interval& u,
                                              const std::vector<double>& steps) const;
    [[nodiscard]] Status emit(const std::string& name, QOp op, std::vector<TensorId> inputs,
                              const Shape& shape, Ints& result);
    [[nodiscard]] TensorId origin(TensorId id) const;
    void note_inverse_length(const Layer& layer, TensorId row, std::uint8_t shift, double constant);
    [[nodiscard]] std::optional<Normalisation> normalisation(const Layer& layer) const;
    [[nodiscard]] bool is_rough(const Normalisation& norm) const;
    [[nodiscard]] Status normalise_again(const Layer& layer, Normalisation& norm);
    void note_shortest(const Layer& layer, const QLut& root);
    void note_length(const Layer& layer, double length);
    void move_ball(const Layer& layer, TensorId from, std::span<const double> weight,
                   std::span<const double> bias, std::uint8_t shift);
    void follow_ball(const Layer& layer, const Ints& x, std::span<const double> bias);
    [[nodiscard]] static BoxedBall boxed(const RowBall& ball, const Interval& range);
    [[nodiscard]] bool is_multiplied(ValueId id) const;
    void tighten(Interval& sums, const Layer& layer, const Ints& x, std::span<const double> weight,
                 std::span<const double> bias, bool in_reals) const;
    [[nodiscard]] std::optional<Moved> source_of(TensorId id) const;
    [[nodiscard]] static double length_of_columns(const Moved& source, std::size_t first,
                                                  std::size_t count);
    [[nodiscard]] std::vector<double> lengths(const Ints& x, const Shape& shape,
                                              bool by_column) const;
    void tighten_products(Interval& sums, const Ints& a, const Ints& b, const Shape& shape_a,
                          const Shape& shape_b) const;
    void cover(TensorId copy, std::span<const TensorId> inputs);
    [[nodiscard]] TensorId add_tensor(const std::string& name, const Shape& shape,
                                      const Ints& ints);
    [[nodiscard]] double width_limit(const Layer& layer) const;
    [[nodiscard]] double exact_width() const;
    [[nodiscard]] int output_bits() const;
    [[nodiscard]] int bits_of(const Layer& layer) const;
    [[nodiscard]] int outlier_bits(const Layer& layer) const;
    [[nodiscard]] bool is_measured(ValueId id) const;
    [[nodiscard]] double signed_max() const;
    [[nodiscard]] double unsigned_max() const;

    const Plan& plan_;
    const Calibration& calibration_;
    const QuantOptions& options_;
    Sensitivity sensitivity_;
    QuantGraph graph_;
    std::map<ValueId, Ints> values_;
    std::uint8_t common_shift_;
    Agreement& agreement_;
    std::size_t layer_ = 0;  ///< the one that is being added
    std::uint8_t largest_small_shift_ = 0;
    int bits_ = 8;         ///< of the layer that is being added
    int widest_bits_ = 0;  ///< of the look-up domains so far
    /// Softmax results, one-hot rows: none sums to more than this (elements are not negative).
    std::map<TensorId, double> row_sums_;
    std::map<TensorId, std::size_t> makers_;  ///< nodes, by their results
    std::map<TensorId, TensorId> origins_;    ///< of reshaped tensors
    std::map<TensorId, InverseLength> inverse_lengths_;
    std::map<TensorId, RowBall> balls_;
};

}  // namespace mintmark::model
