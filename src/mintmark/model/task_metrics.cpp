#include "mintmark/model/task_metrics.hpp"

#include <algorithm>
#include <cmath>

namespace mintmark::model {
namespace {

double dot(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// 1 for two zero vectors, 0 if one of them is zero.
double cosine(std::span<const double> a, std::span<const double> b) {
    const double squares = dot(a, a) * dot(b, b);
    if (squares > 0) return dot(a, b) / std::sqrt(squares);
    return dot(a, a) == dot(b, b) ? 1 : 0;
}

/// -ln of the share that softmax gives to entry `wanted`.
double loss(std::span<const double> scores, std::size_t wanted) {
    const double top = *std::ranges::max_element(scores);
    double sum = 0;
    for (const double x : scores) sum += std::exp(x - top);
    return std::log(sum) - (scores[wanted] - top);
}

}  // namespace

TaskMetrics::TaskMetrics(const Graph& graph) {
    const Value &input = graph.values[graph.inputs.front()],
                &output = graph.values[graph.outputs.front()];
    row_ = output.shape.empty() ? 1 : output.shape.back();
    num_rows_ = element_count(output.shape) / row_;
    has_ids_ = input.is_integral && num_rows_ > 1 && element_count(input.shape) == num_rows_ &&
               input.shape.back() == num_rows_;
}

bool TaskMetrics::predicts_tokens(const Sample& sample) const {
    const auto is_class = [this](double id) {
        return id >= 0 && id < static_cast<double>(row_) && id == std::floor(id);
    };
    return has_ids_ && std::ranges::all_of(sample.front(), is_class);
}

void TaskMetrics::add(const Sample& sample, std::span<const double> exact,
                      std::span<const double> integer) {
    min_cosine_ = std::min(min_cosine_, cosine(exact, integer));
    const bool predicts = predicts_tokens(sample);
    for (std::size_t r = 0; r < num_rows_; ++r, ++rows_) {
        const auto a = exact.subspan(r * row_, row_), b = integer.subspan(r * row_, row_);
        const bool same =
            std::ranges::max_element(a) - a.begin() == std::ranges::max_element(b) - b.begin();
        agreements_ += same ? 1 : 0;
        if (!predicts || r + 1 == num_rows_) continue;
        const auto next = static_cast<std::size_t>(sample.front()[r + 1]);
        float_loss_ += loss(a, next);
        integer_loss_ += loss(b, next);
        ++predictions_;
    }
}

void TaskMetrics::write(QuantReport& report) const {
    report.row_top1_agreement =
        static_cast<double>(agreements_) / static_cast<double>(std::max<std::size_t>(rows_, 1));
    report.min_cosine = min_cosine_;
    if (predictions_ == 0) return;
    report.float_perplexity = std::exp(float_loss_ / static_cast<double>(predictions_));
    report.integer_perplexity = std::exp(integer_loss_ / static_cast<double>(predictions_));
}

}  // namespace mintmark::model
