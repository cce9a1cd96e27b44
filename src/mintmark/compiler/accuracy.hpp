// How many of N labelled samples a model gets right, as a circuit (docs/spec/accuracy.md). It is a
// function of the model's circuit: whoever has the model's verifying key can derive it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark::compiler {

/// A labelled sample as the accuracy circuit takes it: the model's input values in row-major order,
/// the label, zeros up to `row`.
struct SampleShape {
    std::size_t values = 0;   ///< of the model's input
    std::size_t row = 0;      ///< values that one sample takes in the circuit's input
    std::size_t classes = 0;  ///< labels are 0 .. classes - 1
};
/// kUnsupported unless the model's output is one list of 2 to 255 scores.
[[nodiscard]] Result<SampleShape> sample_shape(const Circuit& model);

struct AccuracyOptions {
    std::uint32_t num_samples = 0;  ///< 1 to 2^20
    std::uint8_t mu = 0;            ///< chunk size; 0: by cost, at least the model's
    std::uint8_t max_mu = 21;       ///< for mu = 0
};

/// The accuracy circuit of a model's circuit (one that check_circuit accepts): input committed,
/// output one public number. Deterministic. kUnsupported naming what has no counterpart;
/// kInvalidArgument for options out of range.
[[nodiscard]] Result<Circuit> accuracy_circuit(const Circuit& model,
                                               const AccuracyOptions& options);

/// The W column of the accuracy circuit: the model's chunks, each at the begin of its own.
[[nodiscard]] std::vector<std::int64_t> accuracy_weights(const Circuit& model,
                                                         const Circuit& accuracy,
                                                         std::span<const std::int64_t> weights);

}  // namespace mintmark::compiler
