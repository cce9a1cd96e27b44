// The façade's quantisation: choice of bits, conversions of inputs and outputs, the report.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

#include "mintmark/base/progress.hpp"
#include "mintmark/model/calibration.hpp"
#include "mintmark/model/layer_report.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/model/plan.hpp"
#include "mintmark/model/probabilities.hpp"
#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/simplify.hpp"
#include "mintmark/model/steps.hpp"
#include "mintmark/model/task_metrics.hpp"

namespace mintmark::model {
namespace {

struct Prepared {
    Plan plan;
    Calibration calibration;
};

Result<Prepared> prepare(const Graph& graph, std::span<const Sample> samples,
                         const QuantOptions& options) {
    const Graph simple = simplify(graph);
    Prepared out;
    MINTMARK_TRY(out.plan, make_plan(simple));
    MINTMARK_TRY(out.calibration, calibrate(simple, samples, options));
    return out;
}

Status check_options(const QuantOptions& o) {
    const auto check = [](const char* what, int bits, int least, int most) -> Status {
        if (bits >= least && bits <= most) return {};
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("quantisation: {} must be {} to {}, not {}", what, least, most, bits));
    };
    MINTMARK_CHECK(check("activation bits", o.activation_bits, 4, 14));
    MINTMARK_CHECK(check("weight bits", o.weight_bits, 4, 20));
    MINTMARK_CHECK(check("output bits", o.output_bits, 8, 16));
    MINTMARK_CHECK(check("least output bits", o.least_output_bits, 8, 16));
    for (const auto& [name, bits] : o.tensor_bits)
        MINTMARK_CHECK(check("bits of a tensor", bits, 4, 16));
    const bool range_ok =
        !o.input_range ||
        (std::isfinite(o.input_range->first) && std::isfinite(o.input_range->second) &&
         o.input_range->first <= 0 && o.input_range->second >= 0 &&
         o.input_range->first < o.input_range->second);
    if (!range_ok || !(o.input_margin >= 0) || !(o.activation_margin >= 0)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "quantisation: the input range must contain zero, margins must not be negative");
    }
    return {};
}

constexpr std::uint64_t kPasses = 2;
constexpr int kMostPasses = 6;  ///< what twins have not agreed upon by then is proven apart

/// Advances `progress` by kPasses: passes after the first are one to it.
Result<QuantGraph> quantise_prepared(const Prepared& prepared, const QuantOptions& options,
                                     Progress& progress) {
    MINTMARK_CHECK(check_options(options));
    Agreement agreement(prepared.plan);
    Quantiser first(prepared.plan, prepared.calibration, options, 0, agreement);
    MINTMARK_CHECK(first.run());
    progress.advance(1);
    QuantGraph graph;
    for (int pass = 1; pass < kMostPasses && (agreement.settle() || pass == 1); ++pass) {
        Quantiser next(prepared.plan, prepared.calibration, options, first.largest_small_shift(),
                       agreement);
        MINTMARK_TRY(graph, next.run());
    }
    progress.advance(1);
    if (const Status valid = validate(graph); !valid)
        return fail(ErrorCode::kInternal, "quantisation: " + valid.error().message);
    return graph;
}

std::size_t arg_max(const std::vector<std::vector<double>>& outputs) {
    std::size_t best = 0, at = 0;
    double largest = -std::numeric_limits<double>::infinity();
    for (const auto& port : outputs) {
        for (const double x : port) {
            if (x > largest) {
                largest = x;
                best = at;
            }
            ++at;
        }
    }
    return best;
}

/// Collects float against integer over samples.
class Comparison {
  public:
    Comparison(const Graph& exact, const QuantGraph& graph, QuantReport& report)
        : ports_(graph.output_ports),
          are_probabilities_(are_probabilities(exact)),
          report_(report) {
        for (const QPort& port : ports_) report_.num_outputs += element_count(port.shape);
        outputs_.resize(report_.num_outputs);
    }

    void add(const std::vector<std::vector<double>>& exact,
             const std::vector<std::vector<double>>& integer) {
        std::size_t at = 0;
        for (std::size_t p = 0; p < exact.size(); ++p) {
            for (std::size_t i = 0; i < exact[p].size(); ++i, ++at) {
                Element& out = outputs_[at];
                const double error = std::abs(exact[p][i] - integer[p][i]);
                out.float_lo = std::min(out.float_lo, exact[p][i]);
                out.float_hi = std::max(out.float_hi, exact[p][i]);
                out.max_error = std::max(out.max_error, error);
                out.mean_error += error;
                if (are_probabilities_[p])
                    report_.error_at_half =
                        std::max(report_.error_at_half,
                                 error_at_half(exact[p][i], integer[p][i], ports_[p].step));
            }
        }
        if (arg_max(exact) == arg_max(integer)) ++agreements_;
        ++report_.samples;
    }

    void finish() {
        const auto count = static_cast<double>(std::max<std::size_t>(report_.samples, 1));
        for (Element& out : outputs_) out.mean_error /= count;
        std::size_t at = 0;
        double total = 0;
        for (const QPort& port : ports_) {
            const std::size_t size = element_count(port.shape);
            total += add_port({outputs_.data() + at, size});
            at += size;
        }
        report_.mean_relative_error = total / static_cast<double>(std::max<std::size_t>(at, 1));
        report_.top1_agreement = static_cast<double>(agreements_) / count;
        describe_worst();
    }

  private:
    /// OutputError without its name: there may be millions.
    struct Element {
        double float_lo = std::numeric_limits<double>::infinity(), float_hi = -float_lo;
        double max_error = 0, mean_error = 0;
    };

    /// Folds a port into the totals; returns the sum of its relative mean errors.
    double add_port(std::span<const Element> port) {
        double lo = port.front().float_lo, hi = port.front().float_hi;
        for (const Element& out : port) {
            lo = std::min(lo, out.float_lo);
            hi = std::max(hi, out.float_hi);
        }
        double range = hi - lo;
        // All elements nearly equal: what counts is their size.
        range = std::max({range, std::max(std::abs(hi), std::abs(lo)) / 10, 1e-30});
        double sum = 0;
        for (const Element& out : port) {
            report_.max_relative_error =
                std::max(report_.max_relative_error, out.max_error / range);
            sum += out.mean_error / range;
        }
        return sum;
    }

    /// The elements with the largest errors, in order.
    void describe_worst() {
        std::vector<std::size_t> worst(outputs_.size());
        std::iota(worst.begin(), worst.end(), std::size_t{0});
        if (worst.size() > kMostOutputErrors) {
            const auto end = worst.begin() + kMostOutputErrors;
            std::ranges::nth_element(worst, end, std::greater{},
                                     [this](std::size_t i) { return outputs_[i].max_error; });
            worst.erase(end, worst.end());
            std::ranges::sort(worst);
        }
        std::size_t port = 0, first = 0;
        for (const std::size_t at : worst) {
            while (at - first >= element_count(ports_[port].shape))
                first += element_count(ports_[port++].shape);
            const Element& out = outputs_[at];
            report_.outputs.push_back({ports_[port].name, at - first, out.float_lo, out.float_hi,
                                       out.max_error, out.mean_error});
        }
    }

    std::span<const QPort> ports_;
    std::vector<bool> are_probabilities_;
    QuantReport& report_;
    std::vector<Element> outputs_;
    std::size_t agreements_ = 0;
};

/// How far the perplexity moved; infinity where there is none.
double perplexity_change(const QuantReport& report) {
    if (!report.float_perplexity) return std::numeric_limits<double>::infinity();
    return std::abs(*report.integer_perplexity / *report.float_perplexity - 1);
}

/// Of the outputs; where a curve is steepest, and no sample may have been, half of it.
double largest_error(const QuantReport& report) {
    return std::max(report.max_relative_error, report.error_at_half / 2);
}

/// Squared error that the target allows, as a share of the present one. Cosines and perplexities
/// fall with the square of the error. Half of it: the largest error falls slower than the mean.
double allowed(const QuantReport& report, const AccuracyTarget& target) {
    constexpr double kTiny = 1e-12;
    if (target.min_cosine)
        return (1 - *target.min_cosine) / std::max(1 - report.min_cosine, kTiny) / 2;
    if (target.max_perplexity_change)
        return *target.max_perplexity_change / std::max(perplexity_change(report), kTiny) / 2;
    const double error = largest_error(report);
    const double wanted = target.min_top1_agreement ? error / 2 : target.max_relative_error;
    const double ratio = wanted / std::max(error, kTiny);
    return ratio * ratio / 2;
}

/// Raises the tensors that cause most of the error, as few as the target needs, from `usual` bits
/// on; false: none left.
bool raise_bits(std::vector<LayerError> layers, double keep, std::uint8_t usual,
                std::map<std::string, std::uint8_t>& bits) {
    std::ranges::sort(layers, [](const LayerError& a, const LayerError& b) {
        const double x = a.share.value_or(0), y = b.share.value_or(0);
        return x != y ? x > y : a.bits_key < b.bits_key;
    });
    double left = 1;
    bool raised = false;
    for (const LayerError& layer : layers) {
        const double share = layer.share.value_or(0);
        if (left <= keep || share < 1e-4) break;
        std::uint8_t& own = bits.try_emplace(layer.bits_key, usual).first->second;
        if (own >= 16) continue;
        own = own < 12 ? 12 : 16;
        left -= share;
        raised = true;
    }
    return raised;
}

bool reaches(const QuantReport& report, const AccuracyTarget& target) {
    if (target.min_top1_agreement) return report.top1_agreement >= *target.min_top1_agreement;
    if (target.min_cosine) return report.min_cosine >= *target.min_cosine;
    if (target.max_perplexity_change)
        return perplexity_change(report) <= *target.max_perplexity_change;
    return largest_error(report) <= target.max_relative_error;
}

/// What more bits are to make smaller.
double loss(const QuantReport& report, const AccuracyTarget& target) {
    if (target.min_cosine) return 1 - report.min_cosine;
    if (target.max_perplexity_change) return perplexity_change(report);
    return largest_error(report);
}

bool is_better(const QuantReport& a, const QuantReport& b, const AccuracyTarget& target) {
    if (target.min_top1_agreement && a.top1_agreement != b.top1_agreement)
        return a.top1_agreement > b.top1_agreement;
    if (target.min_cosine) return a.min_cosine > b.min_cosine;
    if (target.max_perplexity_change) return perplexity_change(a) < perplexity_change(b);
    return largest_error(a) < largest_error(b);
}

}  // namespace

Result<QuantGraph> quantise(const Graph& graph, std::span<const Sample> samples,
                            const QuantOptions& options) {
    MINTMARK_CHECK(check_options(options));
    MINTMARK_TRY(const Prepared prepared, prepare(graph, samples, options));
    Progress progress("quantising", kPasses);
    return quantise_prepared(prepared, options, progress);
}

Result<std::vector<std::int64_t>> quantise_input(const QuantGraph& graph, const Sample& inputs) {
    if (inputs.size() != graph.input_ports.size()) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("model: {} inputs given, the model has {}", inputs.size(),
                                graph.input_ports.size()));
    }
    const QTensor& tensor = graph.tensors[graph.input];
    const std::vector<double> steps = element_steps(tensor);
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const QPort& port = graph.input_ports[i];
        if (inputs[i].size() != element_count(port.shape)) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("model: input '{}' has {} elements, {} given", port.name,
                                    element_count(port.shape), inputs[i].size()));
        }
        for (const double x : inputs[i]) {
            if (!std::isfinite(x)) {
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("model: input '{}' contains NaN or infinity", port.name));
            }
            out.push_back(to_step(x, steps[out.size()], tensor.lo, tensor.hi));
        }
    }
    return out;
}

std::vector<std::vector<double>> dequantise_output(const QuantGraph& graph,
                                                   std::span<const std::int64_t> output) {
    std::vector<std::vector<double>> out;
    for (const QPort& port : graph.output_ports) {
        std::vector<double>& values = out.emplace_back();
        for (const std::int64_t y : output.subspan(port.offset, element_count(port.shape)))
            values.push_back(static_cast<double>(y) * port.step);
    }
    return out;
}

namespace {

/// What the float model answers to the samples, kept for one comparison after another.
class FloatOutputs {
  public:
    FloatOutputs(const Graph& graph, std::span<const Sample> samples)
        : graph_(graph), samples_(samples), kept_(samples.size()) {
        std::size_t elements = 0;
        for (const ValueId id : graph.outputs) elements += element_count(graph.values[id].shape);
        keep_ = elements * samples.size() <= kMostKept;
    }

    [[nodiscard]] const Graph& graph() const { return graph_; }
    [[nodiscard]] std::span<const Sample> samples() const { return samples_; }

    [[nodiscard]] Result<std::vector<std::vector<double>>> of(std::size_t sample) {
        if (!kept_[sample].empty()) return kept_[sample];
        MINTMARK_TRY(auto outputs, run_float(graph_, samples_[sample]));
        if (keep_) kept_[sample] = outputs;
        return outputs;
    }

  private:
    static constexpr std::size_t kMostKept = std::size_t{1} << 25U;  ///< numbers
    const Graph& graph_;
    std::span<const Sample> samples_;
    std::vector<std::vector<std::vector<double>>> kept_;
    bool keep_ = false;
};

/// Advances `progress` by the number of samples.
Result<QuantReport> compare(FloatOutputs& exact_outputs, const QuantGraph& quantised,
                            std::span<const std::uint32_t> labels, Progress& progress) {
    const std::span<const Sample> samples = exact_outputs.samples();
    if (!labels.empty() && labels.size() != samples.size())
        return fail(ErrorCode::kInvalidArgument,
                    "quantisation: labels and samples differ in number");
    QuantReport report;
    Comparison comparison(exact_outputs.graph(), quantised, report);
    TaskMetrics metrics(exact_outputs.graph());
    std::size_t float_right = 0, integer_right = 0;
    for (std::size_t s = 0; s < samples.size(); ++s) {
        MINTMARK_TRY(const auto exact, exact_outputs.of(s));
        MINTMARK_TRY(const auto input, quantise_input(quantised, samples[s]));
        MINTMARK_TRY(const auto output, execute(quantised, input));
        const auto integer = dequantise_output(quantised, output);
        comparison.add(exact, integer);
        metrics.add(samples[s], exact.front(), integer.front());
        progress.advance(1);
        if (labels.empty()) continue;
        if (arg_max(exact) == labels[s]) ++float_right;
        if (arg_max(integer) == labels[s]) ++integer_right;
    }
    comparison.finish();
    metrics.write(report);
    if (!labels.empty()) {
        const auto count = static_cast<double>(labels.size());
        report.float_accuracy = static_cast<double>(float_right) / count;
        report.integer_accuracy = static_cast<double>(integer_right) / count;
    }
    return report;
}

/// Tries one choice of bits after another and keeps the best.
class Search {
  public:
    Search(const Graph& graph, std::span<const Sample> samples, const AccuracyTarget& target,
           std::span<const std::uint32_t> labels, const Prepared& prepared)
        : exact_(graph, samples), target_(target), labels_(labels), prepared_(prepared) {}

    /// Whether these bits reach the target. Where a choice exists, more bits than fit are no error.
    Result<bool> add(const QuantOptions& options) {
        // A large model is not held three times.
        if (last_ != best_) last_.reset();
        Progress progress(fmt::format("trying {}-bit activations, {}-bit weights",
                                      options.activation_bits, options.weight_bits),
                          kPasses + exact_.samples().size());
        auto made = quantise_prepared(prepared_, options, progress);
        if (!made && best_) return false;
        if (!made) return std::unexpected(std::move(made).error());
        MINTMARK_TRY(QuantReport report, compare(exact_, *made, labels_, progress));
        report.activation_bits = options.activation_bits;
        report.weight_bits = options.weight_bits;
        const bool reached = reaches(report, target_);
        last_ =
            std::make_shared<QuantResult>(*std::move(made), std::move(report), options, reached);
        if (!best_ || reached || is_better(last_->report, best_->report, target_)) best_ = last_;
        return reached;
    }

    /// Raises single tensors above the usual bits, at most kMostRounds times and as long as it
    /// helps. What makes the error larger is not tried again: bits widen sums, and sums that leave
    /// the look-ups' domain lose their last bits.
    Result<bool> mix(QuantOptions options) {
        if (mixing_is_futile_ || !last_) return false;
        // What is raised stays so under other weight bits.
        options.tensor_bits = last_->options.tensor_bits;
        for (int round = 0; round < kMostRounds && last_; ++round) {
            MINTMARK_TRY(const auto layers,
                         explain(exact_.graph(), last_->graph, exact_.samples(), 2));
            const double keep = allowed(last_->report, target_);
            if (!raise_bits(layers, keep, options.activation_bits, options.tensor_bits)) break;
            const double before = loss(last_->report, target_);
            MINTMARK_TRY(const bool reached, add(options));
            if (reached) return true;
            if (!last_) break;
            const double after = loss(last_->report, target_);
            mixing_is_futile_ = after > kWorse * before;
            if (after > kBetter * before) break;
        }
        return false;
    }

    /// As mix, from the most bits on that all tensors can have, if these were tried.
    Result<bool> mix_at_last(const QuantOptions& options) {
        if (!last_ || last_->options.activation_bits != options.activation_bits) return false;
        mixing_is_futile_ = false;
        return mix(options);
    }

    /// The best so far again, with as many bits as an output can have. Only for targets that
    /// nothing else reaches: a look-up of 2^16 rows is the largest.
    Status widen_output() {
        QuantOptions options = best_->options;
        if (options.least_output_bits >= options.output_bits) return {};
        options.least_output_bits = options.output_bits;
        const Result<bool> added = add(options);
        return added ? Status{} : std::unexpected(added.error());
    }

    [[nodiscard]] QuantResult best() { return *std::move(best_); }

  private:
    static constexpr int kMostRounds = 4;
    static constexpr double kWorse = 1.25, kBetter = 0.98;  ///< what is between them is chance
    FloatOutputs exact_;
    const AccuracyTarget& target_;
    std::span<const std::uint32_t> labels_;
    const Prepared& prepared_;
    std::shared_ptr<QuantResult> last_, best_;  ///< one and the same, often
    bool mixing_is_futile_ = false;
};

Status search(Search& search, QuantOptions options) {
    const auto with = [&options](std::uint8_t activation_bits, std::uint8_t weight_bits) {
        options.activation_bits = activation_bits;
        options.weight_bits = weight_bits;
        return options;
    };
    for (const std::uint8_t weight_bits : {std::uint8_t{8}, std::uint8_t{12}}) {
        MINTMARK_TRY(const bool reached, search.add(with(8, weight_bits)));
        if (reached) return {};
    }
    bool reached = false;
    for (const std::uint8_t weight_bits : {std::uint8_t{12}, std::uint8_t{16}}) {
        if (reached) break;
        MINTMARK_TRY(reached, search.mix(with(8, weight_bits)));
    }
    for (const auto& [activation_bits, weight_bits] : {std::pair{10, 12}, {12, 14}, {14, 16}}) {
        if (reached) break;
        MINTMARK_TRY(reached, search.add(with(static_cast<std::uint8_t>(activation_bits),
                                              static_cast<std::uint8_t>(weight_bits))));
    }
    // No tensor has more than 16 bits; a few may need the last two.
    if (!reached) {
        MINTMARK_TRY(reached, search.mix_at_last(with(14, 16)));
    }
    if (!reached) return search.widen_output();
    return {};
}

}  // namespace

Result<QuantReport> compare(const Graph& graph, const QuantGraph& quantised,
                            std::span<const Sample> samples,
                            std::span<const std::uint32_t> labels) {
    FloatOutputs exact(graph, samples);
    Progress progress("comparing", samples.size());
    return compare(exact, quantised, labels, progress);
}

Result<QuantResult> quantise_auto(const Graph& graph, std::span<const Sample> samples,
                                  const AccuracyTarget& target, const QuantOptions& options,
                                  std::span<const std::uint32_t> labels) {
    if (samples.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "quantisation: choosing bit widths needs sample inputs");
    }
    MINTMARK_CHECK(check_options(options));
    MINTMARK_TRY(const Prepared prepared, prepare(graph, samples, options));
    Search candidates(graph, samples, target, labels, prepared);
    QuantOptions start = options;
    start.tensor_bits.clear();
    MINTMARK_CHECK(search(candidates, start));
    return candidates.best();
}

}  // namespace mintmark::model
