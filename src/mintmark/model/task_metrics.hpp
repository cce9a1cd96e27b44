// What users of a model measure, of the float and of the integer model: top answers, cosines,
// perplexity. Internal; the façade is model.hpp.
#pragma once

#include <span>
#include <vector>

#include "mintmark/model/model.hpp"

namespace mintmark::model {

/// Collects the first output of both models over samples.
class TaskMetrics {
  public:
    explicit TaskMetrics(const Graph& graph);

    /// `exact`, `integer`: the first output's elements, equally many.
    void add(const Sample& sample, std::span<const double> exact, std::span<const double> integer);
    /// Fills row_top1_agreement, min_cosine and, for models that map ids to the scores of the ids
    /// that follow, the perplexities.
    void write(QuantReport& report) const;

  private:
    [[nodiscard]] bool predicts_tokens(const Sample& sample) const;

    std::size_t row_ = 1, num_rows_ = 1;
    bool has_ids_ = false;  ///< the first input is whole numbers, one for each row
    std::size_t rows_ = 0, agreements_ = 0, predictions_ = 0;
    double min_cosine_ = 1, float_loss_ = 0, integer_loss_ = 0;
};

}  // namespace mintmark::model
