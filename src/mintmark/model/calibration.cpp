#include "mintmark/model/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/base/progress.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/model/float_executor.hpp"

namespace mintmark::model {
namespace {

Status check_sample(const Graph& graph, const Sample& sample) {
    if (sample.size() != graph.inputs.size()) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("quantisation: a sample has {} inputs, the model has {}",
                                sample.size(), graph.inputs.size()));
    }
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const Value& value = graph.values[graph.inputs[i]];
        if (sample[i].size() != element_count(value.shape)) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("quantisation: a sample has {} elements for input '{}', which "
                                    "has {}",
                                    sample[i].size(), value.name, element_count(value.shape)));
        }
        if (!std::ranges::all_of(sample[i], [](double x) { return std::isfinite(x); })) {
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("quantisation: a sample for input '{}' contains NaN or infinity",
                            value.name));
        }
    }
    return {};
}

/// Whole numbers: what the model says that they may be, else as many bits as the samples need.
std::pair<double, double> whole_range(const Value& value, double lo, double hi) {
    if (value.least < value.most)
        return {lo < value.least ? -(value.most + 1) : value.least, value.most};
    const double reach = std::max(hi, -1 - lo);
    const double most = std::exp2(std::ceil(std::log2(std::max(reach, 1.0) + 1))) - 1;
    return {lo < 0 ? -1 - most : 0, most};
}

std::pair<double, double> range_of_input(const Value& value, std::span<const Sample> samples,
                                         std::size_t input, const QuantOptions& options) {
    if (options.input_range && !value.is_integral) return *options.input_range;
    double lo = 0, hi = 0;
    for (const Sample& sample : samples) {
        for (const double x : sample[input]) {
            lo = std::min(lo, x);
            hi = std::max(hi, x);
        }
    }
    if (value.is_integral) return whole_range(value, lo, hi);
    const double margin = options.input_margin * (hi - lo);
    if (lo < 0) lo -= margin;
    if (hi > 0) hi += margin;
    return lo == hi ? std::pair{0.0, 1.0} : std::pair{lo, hi};
}

/// Where made-up values of an input are from: what is divided by an input that was never near zero
/// need not allow for it. An input that shows next to nothing of its range may be anything in it.
std::pair<double, double> range_of_made_up(std::span<const Sample> samples, std::size_t input,
                                           std::pair<double, double> whole) {
    constexpr double kLeastSeen = 0.1;
    if (samples.empty() || samples[0][input].empty()) return whole;
    double lo = samples[0][input][0], hi = lo;
    for (const Sample& sample : samples) {
        const auto [least, most] = std::ranges::minmax(sample[input]);
        lo = std::min(lo, least);
        hi = std::max(hi, most);
    }
    const bool is_telling = hi - lo >= kLeastSeen * std::max(std::abs(lo), std::abs(hi));
    if (!is_telling) return whole;
    return {lo > 0 ? lo : whole.first, hi < 0 ? hi : whole.second};
}

Sample made_up(const Graph& graph, std::span<const std::pair<double, double>> ranges,
               SeededRng& rng) {
    Sample sample;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const auto [lo, hi] = ranges[i];
        std::vector<double> data(element_count(graph.values[graph.inputs[i]].shape));
        const bool whole = graph.values[graph.inputs[i]].is_integral;
        for (double& x : data) {
            const double share = static_cast<double>(rng.next() >> 11U) * 0x1p-53;
            x = whole ? lo + std::floor((hi - lo + 1) * share) : lo + (hi - lo) * share;
        }
        sample.push_back(std::move(data));
    }
    return sample;
}

void widen(Range& range, std::span<const double> data) {
    if (range.lo.empty()) range.lo = range.hi = {data.begin(), data.end()};
    for (std::size_t i = 0; i < data.size(); ++i) {
        range.lo[i] = std::min(range.lo[i], data[i]);
        range.hi[i] = std::max(range.hi[i], data[i]);
    }
}

/// The largest power of two (2^-40 to 2^40) of which all of them are multiples.
double grid_of(std::span<const Sample> samples, std::size_t input) {
    int lowest = 40;
    for (const Sample& sample : samples)
        for (const double x : sample[input])
            while (lowest > -40 && std::ldexp(x, -lowest) != std::floor(std::ldexp(x, -lowest)))
                --lowest;
    return samples.empty() ? 0 : std::ldexp(1, lowest);
}

/// Largest magnitude of each value so far.
std::vector<double> reach_of(const Calibration& calibration) {
    std::vector<double> out;
    for (std::size_t v = 0; v < calibration.lo.size(); ++v) {
        double reach = 0;
        for (std::size_t i = 0; i < calibration.lo[v].size(); ++i)
            reach = std::max({reach, -calibration.lo[v][i], calibration.hi[v][i]});
        out.push_back(reach);
    }
    return out;
}

constexpr double kLargest = 1e25;

Status widen(Calibration& out, const Graph& graph, const Sample& sample) {
    const std::vector<std::vector<double>> data = evaluate_all(graph, sample);
    for (std::size_t v = 0; v < data.size(); ++v) {
        if (std::ranges::all_of(data[v], [](double x) { return std::abs(x) < kLargest; })) continue;
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: value '{}' is NaN or beyond {} on a sample",
                                graph.values[v].name, kLargest));
    }
    ++out.runs;
    out.lo.resize(data.size());
    out.hi.resize(data.size());
    for (std::size_t v = 0; v < data.size(); ++v) {
        if (out.lo[v].empty()) {
            out.lo[v] = out.hi[v] = data[v];
            continue;
        }
        for (std::size_t i = 0; i < data[v].size(); ++i) {
            out.lo[v][i] = std::min(out.lo[v][i], data[v][i]);
            out.hi[v][i] = std::max(out.hi[v][i], data[v][i]);
        }
    }
    return {};
}

}  // namespace

Result<Calibration> calibrate(const Graph& graph, std::span<const Sample> samples,
                              const QuantOptions& options) {
    if (samples.empty() && !options.input_range) {
        return fail(ErrorCode::kInvalidArgument,
                    "quantisation: neither sample inputs nor an input range are given");
    }
    for (const Sample& sample : samples) MINTMARK_CHECK(check_sample(graph, sample));
    Calibration out;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
        out.input_range.push_back(
            range_of_input(graph.values[graph.inputs[i]], samples, i, options));
    out.samples = samples.size();
    out.input_halves.resize(graph.inputs.size());
    Progress progress("running the model", std::max(samples.size(), options.min_samples));
    for (std::size_t s = 0; s < samples.size(); ++s) {
        MINTMARK_CHECK(widen(out, graph, samples[s]));
        progress.advance(1);
        for (std::size_t i = 0; i < graph.inputs.size(); ++i)
            widen(out.input_halves[i][s % 2], samples[s][i]);
    }
    out.seen = reach_of(out);
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
        out.input_grid.push_back(grid_of(samples, i));
    std::vector<std::pair<double, double>> ranges = out.input_range;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
        if (!options.input_range && !graph.values[graph.inputs[i]].is_integral)
            ranges[i] = range_of_made_up(samples, i, ranges[i]);
    SeededRng rng(0x6d696e746d61726bU);
    for (std::size_t i = samples.size(); i < options.min_samples; ++i) {
        MINTMARK_CHECK(widen(out, graph, made_up(graph, ranges, rng)));
        progress.advance(1);
    }
    return out;
}

}  // namespace mintmark::model
