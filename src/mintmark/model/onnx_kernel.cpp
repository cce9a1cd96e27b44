// Importers of support vector machines: kernels of the input with hidden vectors, and sums of them.
#include <fmt/format.h>

#include <cmath>

#include "mintmark/model/onnx_classical.hpp"
#include "mintmark/model/onnx_index.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

struct Kernel {
    std::string type;
    double gamma = 0, offset = 0, degree = 0;
    std::vector<double> vectors;  ///< [count, features]
    std::uint32_t count = 0;
};

Result<Kernel> read_kernel(const NodeView& node, std::size_t features, std::string_view vectors) {
    Kernel kernel;
    MINTMARK_TRY(kernel.type, node.string_attribute("kernel_type", "LINEAR"));
    const std::vector<double> parameters = numbers_attribute(node, "kernel_params");
    if (parameters.size() > 2) {
        kernel.gamma = parameters[0];
        kernel.offset = parameters[1];
        kernel.degree = parameters[2];
    }
    kernel.vectors = numbers_attribute(node, vectors);
    if (features == 0 || kernel.vectors.empty() || kernel.vectors.size() % features != 0)
        return node.malformed("the vectors do not fit the features");
    kernel.count = static_cast<std::uint32_t>(kernel.vectors.size() / features);
    return kernel;
}

/// x · vectors^T.
Result<ValueId> dots(const NodeView& node, ValueId x, const Kernel& kernel, double factor) {
    const std::size_t features = node.shape(x)[1];
    std::vector<double> matrix(kernel.vectors.size());
    for (std::size_t v = 0; v < kernel.count; ++v)
        for (std::size_t f = 0; f < features; ++f)
            matrix[f * kernel.count + v] = factor * kernel.vectors[v * features + f];
    return mapped(node, x, 1, std::move(matrix), kernel.count);
}

/// exp(-gamma |x - v|^2), the square as |x|^2 - 2 x·v + |v|^2.
Result<ValueId> radial(const NodeView& node, ValueId x, const Kernel& kernel) {
    const std::size_t features = node.shape(x)[1];
    std::vector<double> squares(kernel.count, 0);
    for (std::size_t i = 0; i < kernel.vectors.size(); ++i)
        squares[i / features] -= kernel.gamma * kernel.vectors[i] * kernel.vectors[i];
    MINTMARK_TRY(const ValueId products, dots(node, x, kernel, 2 * kernel.gamma));
    MINTMARK_TRY(const ValueId moved, combined(node, Binary::kAdd, products,
                                               constant(node, {kernel.count}, std::move(squares))));
    MINTMARK_TRY(const ValueId own, sum_of_squares(node, x, {1}));
    MINTMARK_TRY(const ValueId far, scaled(node, own, kernel.gamma));
    MINTMARK_TRY(const ValueId exponent, combined(node, Binary::kSub, moved, far));
    return applied(node, Pointwise::kExp, exponent);
}

/// [rows, vectors].
Result<ValueId> kernels(const NodeView& node, ValueId x, const Kernel& kernel) {
    if (kernel.type == "RBF") return radial(node, x, kernel);
    if (kernel.type == "LINEAR") return dots(node, x, kernel, 1);
    MINTMARK_TRY(ValueId y, dots(node, x, kernel, kernel.gamma));
    if (kernel.offset != 0) {
        MINTMARK_TRY(y, combined(node, Binary::kAdd, y, node.scalar(kernel.offset)));
    }
    if (kernel.type == "SIGMOID") return applied(node, Pointwise::kTanh, y);
    if (kernel.type != "POLY") return node.malformed(fmt::format("kernel '{}'", kernel.type));
    if (kernel.degree == 1) return y;
    if (kernel.degree < 1 || kernel.degree > 15 || kernel.degree != std::floor(kernel.degree))
        return node.unsupported(fmt::format("a polynomial of degree {}", kernel.degree));
    const Shape shape = node.shape(y);
    return node.emit(PointwiseOp{Pointwise::kPow, kernel.degree, 0}, {y}, shape);
}

Result<ValueId> real_rows(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    if (node.shape(x).size() == 2) return x;
    if (node.shape(x).size() != 1) return node.unsupported("an input that is no matrix");
    return reshaped(node, x, {1, node.shape(x)[0]});
}

Result<ValueId> import_svm_regressor(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, real_rows(node));
    MINTMARK_TRY(const std::int64_t supports, node.int_attribute("n_supports", 0));
    MINTMARK_TRY(const std::int64_t one_class, node.int_attribute("one_class", 0));
    const std::vector<double> rho = numbers_attribute(node, "rho");
    MINTMARK_TRY(
        const Kernel kernel,
        read_kernel(node, node.shape(x)[1], supports > 0 ? "support_vectors" : "coefficients"));
    MINTMARK_TRY(ValueId sum, kernels(node, x, kernel));
    if (supports > 0) {
        std::vector<double> weights = numbers_attribute(node, "coefficients");
        if (weights.size() != kernel.count) return node.malformed("not one coefficient per vector");
        MINTMARK_TRY(sum, mapped(node, sum, 1, std::move(weights), 1));
    }
    if (!rho.empty() && rho[0] != 0) {
        MINTMARK_TRY(sum, combined(node, Binary::kAdd, sum, node.scalar(rho[0])));
    }
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    if (one_class == 0) return transformed(node, sum, transform);
    MINTMARK_TRY(const ValueId minus, scaled(node, sum, -1));
    MINTMARK_TRY(const ValueId outside, is_not_negative(node, minus));
    MINTMARK_TRY(const ValueId twice, times(node, outside, -2));
    MINTMARK_TRY(const ValueId sign, plus(node, twice, 1));
    return as_type_of(node, sign, sum);
}

/// One sum for each pair of classes i < j: its vectors' kernels by the coefficients that the
/// other's row holds, plus rho.
Result<ValueId> pair_sums(const NodeView& node, ValueId kernel, std::span<const double> per_class) {
    const std::vector<double> coefficients = numbers_attribute(node, "coefficients");
    std::vector<double> rho = numbers_attribute(node, "rho");
    const std::size_t classes = per_class.size(), count = node.shape(kernel)[1];
    const std::size_t pairs = classes * (classes - 1) / 2;
    double total = 0;
    for (const double v : per_class) total += v >= 0 ? v : 1e9;
    if (coefficients.size() != (classes - 1) * count || rho.size() != pairs ||
        total != static_cast<double>(count)) {
        return node.malformed("coefficients, rho and vectors do not fit the classes");
    }
    std::vector<std::size_t> first(classes + 1, 0);
    for (std::size_t c = 0; c < classes; ++c)
        first[c + 1] = first[c] + static_cast<std::size_t>(per_class[c]);
    std::vector<double> matrix(count * pairs, 0);
    std::size_t pair = 0;
    for (std::size_t i = 0; i < classes; ++i) {
        for (std::size_t j = i + 1; j < classes; ++j, ++pair) {
            for (std::size_t v = first[i]; v < first[i + 1]; ++v)
                matrix[v * pairs + pair] = coefficients[(j - 1) * count + v];
            for (std::size_t v = first[j]; v < first[j + 1]; ++v)
                matrix[v * pairs + pair] = coefficients[i * count + v];
        }
    }
    const auto width = static_cast<std::uint32_t>(pairs);
    MINTMARK_TRY(const ValueId sums, mapped(node, kernel, 1, std::move(matrix), width));
    return combined(node, Binary::kAdd, sums, constant(node, {width}, std::move(rho)));
}

/// The class with most pairs won (a sum above 0 is won by the pair's first class); the first of
/// equal ones.
Result<ValueId> elected(const NodeView& node, ValueId sums, std::size_t classes) {
    const std::size_t pairs = classes * (classes - 1) / 2;
    std::vector<double> ballot(pairs * classes, 0), always(classes, 0);
    std::size_t pair = 0;
    for (std::size_t i = 0; i < classes; ++i) {
        for (std::size_t j = i + 1; j < classes; ++j, ++pair) {
            ballot[pair * classes + i] = -1;
            ballot[pair * classes + j] = 1;
            always[i] += 1;
        }
    }
    MINTMARK_TRY(const ValueId minus, scaled(node, sums, -1));
    MINTMARK_TRY(const ValueId lost, is_not_negative(node, minus));
    const auto width = static_cast<std::uint32_t>(classes);
    MINTMARK_TRY(const ValueId votes, mapped(node, lost, 1, std::move(ballot), width));
    MINTMARK_TRY(const ValueId all, whole(node, Binary::kAdd, as_integers(node, votes),
                                          constant(node, {width}, std::move(always))));
    return best_class(node, all);
}

Result<ValueId> import_svm_classifier(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, real_rows(node));
    const std::vector<double> per_class = numbers_attribute(node, "vectors_per_class");
    if (node.has_attribute("prob_a")) return node.unsupported("probabilities of pairs (prob_a)");
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    if (transform != "NONE") return node.unsupported(fmt::format("post_transform '{}'", transform));
    if (per_class.size() < 2) return node.unsupported("no support vectors of two classes");
    MINTMARK_TRY(const Kernel kernel, read_kernel(node, node.shape(x)[1], "support_vectors"));
    MINTMARK_TRY(const ValueId values, kernels(node, x, kernel));
    MINTMARK_TRY(const ValueId sums, pair_sums(node, values, per_class));
    MINTMARK_TRY(const ValueId winner, elected(node, sums, per_class.size()));
    std::optional<ValueId> scores = sums;
    if (per_class.size() == 2) {
        MINTMARK_TRY(scores, mapped(node, sums, 1, {-1, 1}, 2));
    }
    MINTMARK_CHECK(node.bind_output(1, *scores));
    return labelled(node, winner);
}

/// [x = category] for each category.
Result<ValueId> import_one_hot_encoder(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    std::vector<double> categories = numbers_attribute(node, "cats_int64s");
    if (categories.empty()) return node.unsupported("categories that are no numbers");
    Shape column = node.shape(x);
    column.push_back(1);
    MINTMARK_TRY(const ValueId spread, reshaped(node, x, column));
    const auto count = static_cast<std::uint32_t>(categories.size());
    const ValueId list = constant(node, {count}, std::move(categories));
    MINTMARK_TRY(const ValueId up, is_at_least(node, spread, list));
    MINTMARK_TRY(const ValueId down, is_at_least(node, list, spread));
    MINTMARK_TRY(const ValueId y, whole(node, Binary::kMul, up, down));
    node.builder().set_type(y, ElementType::kReal);
    node.builder().mark_integral(y);
    return y;
}

}  // namespace

void add_kernel_importers(ImporterMap& map) {
    map["OneHotEncoder"] = import_one_hot_encoder;
    map["SVMClassifier"] = import_svm_classifier;
    map["SVMRegressor"] = import_svm_regressor;
}

}  // namespace mintmark::model
