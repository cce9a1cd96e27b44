// Layers that do the same in the blocks of a deep network choose the same steps and shifts, so that
// the compiler can prove them together (docs/adr/0240). Internal.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "mintmark/model/plan.hpp"

namespace mintmark::model {

/// What a layer chooses. Each is agreed upon by one rule: `most` or `least`.
enum class Choice : std::uint8_t {
    kBits,
    kPrecise,
    kStep,
    kShift,
    kRatio,
    kExact,
    kKeeps,
    kMask,
    kUnscaled,
    kLow,
    kHigh,
    kResultStep,
    kRescale,
    kFactor,
    kSeen,
    kUniform,
    kTwice,
    kLength,
    kFrom,
    kTo,
    kFirstShift,
    kSecondShift,
    kSecondReach
};

/// Passes of quantisation that learn from each other: in a pass each layer takes the largest
/// (smallest) value that any of its twins had in the pass before, or its own beyond.
class Agreement {
  public:
    /// Twins: layers one period apart in a stretch of layers that repeats itself.
    explicit Agreement(const Plan& plan);

    /// No layer has a twin: one pass is enough.
    [[nodiscard]] bool is_idle() const { return is_idle_; }
    [[nodiscard]] double most(std::size_t layer, Choice choice, double own);
    [[nodiscard]] double least(std::size_t layer, Choice choice, double own);
    /// The step of an input of the model.
    [[nodiscard]] double step_of_input(ValueId input, double own);
    /// Ends a pass. Whether it chose otherwise than the pass before.
    bool settle();

  private:
    using Key = std::pair<std::uint32_t, Choice>;

    [[nodiscard]] Key key_of(std::size_t layer, Choice choice) const;
    [[nodiscard]] double agree(Key key, double own);

    std::vector<std::uint32_t> twins_;   ///< by layer: its class
    std::vector<ValueId> results_;       ///< by layer: its output
    std::vector<std::uint32_t> values_;  ///< by value: the class that has one step
    std::map<Key, double> before_, now_;
    bool is_idle_ = true;
};

}  // namespace mintmark::model
