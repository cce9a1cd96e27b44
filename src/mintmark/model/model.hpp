// Façade of the module: ONNX in, quantised integer model out.
//
//   load_onnx -> Graph --quantise(samples)--> QuantGraph --execute--> integers
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/model/graph.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {

/// One sample: for each graph input its elements, row-major.
using Sample = std::vector<std::vector<double>>;

// ---- import and float execution ---------------------------------------------------------------

/// Reads an ONNX model (opset 1 to 24). kMalformed: not an ONNX file, truncated, inconsistent
/// shapes or types, NaN or infinite weights; kUnsupported: an operator, attribute or type that
/// Mintmark does not do, naming operator and node; kOutOfRange: beyond the limits of `options`.
[[nodiscard]] Result<Graph> load_onnx(ByteSpan bytes, const ImportOptions& options = {});
/// As above from a file; kNotFound and kIo as read_file.
[[nodiscard]] Result<Graph> load_onnx(const std::filesystem::path& path,
                                      const ImportOptions& options = {});

/// Runs the model in double precision. Returns the elements of each output. kInvalidArgument when
/// number or sizes of inputs are off.
[[nodiscard]] Result<std::vector<std::vector<double>>> run_float(const Graph& graph,
                                                                 const Sample& inputs);

// ---- quantisation -----------------------------------------------------------------------------

enum class Granularity : std::uint8_t { kPerTensor, kPerChannel };

/// Bit widths and calibration of a post-training quantisation.
struct QuantOptions {
    std::uint8_t activation_bits = 8;  ///< 4..14, of every tensor between nodes
    std::uint8_t weight_bits = 12;     ///< 4..20, of the largest folded weight of a layer
    std::uint8_t output_bits = 16;     ///< 8..16, of the model's output, at most
    /// 8..16: of the last sum, at least, if output_bits allows it; else what other look-ups have.
    std::uint8_t least_output_bits = 13;
    Granularity granularity = Granularity::kPerChannel;
    /// Range of the inputs; from the samples (and zero) if absent.
    std::optional<std::pair<double, double>> input_range = {};
    double input_margin = 0;         ///< widens the samples' input range by this fraction
    double activation_margin = 0.2;  ///< widens the calibrated ranges of activations
    /// Bits of single tensors (4..16) that are not to have activation_bits, by name. Of the n
    /// values of one ONNX node name/1, name/2, ... and name/n (the result) mean one each; the name
    /// alone means all those that have no entry of their own.
    std::map<std::string, std::uint8_t> tensor_bits = {};
    /// With fewer samples than this, made-up inputs from the input range join the calibration.
    std::size_t min_samples = 16;
};

/// Post-training quantisation, symmetric, zero-point 0. kInvalidArgument: no samples and no
/// input_range, sizes off, bits out of range; kUnsupported: a node that has no integer form
/// (naming it).
[[nodiscard]] Result<QuantGraph> quantise(const Graph& graph, std::span<const Sample> samples,
                                          const QuantOptions& options = {});

/// Integers for one sample: round(x / step), clamped to the input's range. Flat, in port order.
/// kInvalidArgument when sizes are off or a value is NaN.
[[nodiscard]] Result<std::vector<std::int64_t>> quantise_input(const QuantGraph& graph,
                                                               const Sample& inputs);
/// Real values of the output, per port; `output` as returned by execute.
[[nodiscard]] std::vector<std::vector<double>> dequantise_output(
    const QuantGraph& graph, std::span<const std::int64_t> output);

// ---- report and choice of bits ----------------------------------------------------------------

/// Float against integer for one output element.
struct OutputError {
    std::string output;                    ///< port name
    std::size_t index = 0;                 ///< element in the port
    double float_lo = 0, float_hi = 0;     ///< over the samples
    double max_error = 0, mean_error = 0;  ///< absolute, over the samples
};

inline constexpr std::size_t kMostOutputErrors = 4096;

/// One computed tensor (or input) in the report of explain.
struct LayerError {
    std::string tensor, name, op_type;   ///< value, ONNX node, operator ("input")
    std::string bits_key;                ///< the tensor's own name in tensor_bits
    double float_lo = 0, float_hi = 0;   ///< over the samples
    std::uint8_t bits = 0;               ///< that its integers need
    std::optional<double> sqnr_db = {};  ///< signal to noise; absent where exact
    /// Of the output's squared error, this tensor's own rounding and clamping; absent for models
    /// so large that it was not measured.
    std::optional<double> share = {};
};

/// What quantisation cost. Errors are relative to the port's float range over all samples and
/// elements (at least a tenth of the largest |value|).
struct QuantReport {
    std::uint8_t activation_bits = 0, weight_bits = 0;
    std::size_t samples = 0;
    double max_relative_error = 0, mean_relative_error = 0;
    /// Of outputs that are probabilities: the largest error that the samples' errors of scores
    /// would make at one half, where no sample may have been.
    double error_at_half = 0;
    double top1_agreement = 1;      ///< share of samples whose largest output has the same index
    double row_top1_agreement = 1;  ///< the same for each row (last axis) of the first output
    double min_cosine = 1;          ///< of both first outputs, least over the samples
    std::optional<double> float_accuracy, integer_accuracy;  ///< top-1, when labels are given
    /// Of the ids that follow in the sample itself, for models from ids [.., T] to scores [.., T,
    /// V].
    std::optional<double> float_perplexity, integer_perplexity;
    std::size_t num_outputs = 0;
    std::vector<OutputError> outputs;  ///< of kMostOutputErrors elements, with the largest errors
    std::vector<LayerError> layers;    ///< by explain (layer_report.hpp); may be empty
};

/// Compares both executions on the samples. `labels`: empty, or one class per sample.
[[nodiscard]] Result<QuantReport> compare(const Graph& graph, const QuantGraph& quantised,
                                          std::span<const Sample> samples,
                                          std::span<const std::uint32_t> labels = {});

/// What automatic choice of bits must reach.
struct AccuracyTarget {
    double max_relative_error = 0.005;  ///< and half of error_at_half; unless one of these is set:
    std::optional<double> min_top1_agreement = {};  ///< e.g. 0.995: instead of the error bound
    std::optional<double> min_cosine = {};          ///< e.g. 0.999: likewise, of embeddings
    /// E.g. 0.01: likewise, of language models; largest |integer / float perplexity - 1|.
    std::optional<double> max_perplexity_change = {};
};

struct QuantResult {
    QuantGraph graph;
    QuantReport report;
    QuantOptions options;  ///< the bits that were chosen
    bool reached = false;  ///< the target; else the best that was tried
};

/// Tries (activation, weight) bits (8,8) and (8,12); then 8 bits with 12 or 16 for the tensors that
/// cause most of the error (tensor_bits); then (10,12) (12,14) (14,16), with the other settings of
/// `options`; then 14 bits with 16 for some, at last all bits for the output as well. Returns the
/// first that reaches the target, or the most accurate.
[[nodiscard]] Result<QuantResult> quantise_auto(const Graph& graph, std::span<const Sample> samples,
                                                const AccuracyTarget& target = {},
                                                const QuantOptions& options = {},
                                                std::span<const std::uint32_t> labels = {});

// ---- files ------------------------------------------------------------------------------------

/// Versioned binary form (weights included: keep it secret).
[[nodiscard]] Bytes encode(const QuantGraph& graph);
/// Total on any bytes: kMalformed, never an assertion; the result is valid (see `validate`).
[[nodiscard]] Result<QuantGraph> decode_quant_graph(ByteSpan bytes);

/// ezkl's input.json: {"input_data": [[…], …], "output_data": [[…]]} (output_data optional), one
/// array per graph input; nested arrays are flattened; also {"samples": [[[…]], …]} for several.
struct InputFile {
    std::vector<Sample> samples;
    std::vector<Sample> outputs;  ///< as given by the file; may be empty
};
[[nodiscard]] Result<InputFile> read_input_json(std::string_view text);
/// Brings samples to the graph's inputs: a sample with a multiple of the model's arrays, or of its
/// only input's elements, is several samples. kInvalidArgument when sizes do not fit.
[[nodiscard]] Result<std::vector<Sample>> bind_samples(const Graph& graph,
                                                       std::span<const Sample> samples);
[[nodiscard]] Result<std::vector<Sample>> bind_samples(const QuantGraph& graph,
                                                       std::span<const Sample> samples);

}  // namespace mintmark::model
