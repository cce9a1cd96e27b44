// Importers of the ai.onnx.ml operators: trees, linear and kernel machines, pre-processing. All of
// them are products, sums, look-ups and signs.
#include "mintmark/model/onnx_classical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mintmark/model/onnx_index.hpp"
#include "mintmark/model/onnx_trees.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {

std::vector<double> numbers_attribute(const NodeView& node, std::string_view name) {
    const onnx::AttributeProto* a = node.attribute(name);
    if (a == nullptr) return {};
    if (a->ints_size() > 0) return {a->ints().begin(), a->ints().end()};
    return {a->floats().begin(), a->floats().end()};
}

Result<ValueId> transformed(const NodeView& node, ValueId scores, std::string_view transform) {
    if (transform == "NONE" || transform.empty()) return scores;
    if (transform == "LOGISTIC") return applied(node, Pointwise::kSigmoid, scores);
    if (transform == "SOFTMAX") return softmax(node, scores, SoftmaxKind::kShare);
    return node.unsupported(fmt::format("post_transform '{}'", transform));
}

Result<ValueId> best_class(const NodeView& node, ValueId scores) {
    return argument_of_maximum(node, scores);
}

Result<ValueId> labelled(const NodeView& node, ValueId class_number) {
    std::vector<double> labels = numbers_attribute(node, "classlabels_int64s");
    if (labels.empty()) labels = numbers_attribute(node, "classlabels_ints");
    const std::uint32_t rows = node.shape(class_number)[0];
    bool counts = true;
    for (std::size_t i = 0; i < labels.size(); ++i)
        counts = counts && labels[i] == static_cast<double>(i);
    // Labels that are texts are given as numbers: their places in the list.
    std::optional<ValueId> label = class_number;
    if (!counts) {
        const auto count = static_cast<std::uint32_t>(labels.size());
        MINTMARK_TRY(const ValueId row, one_hot(node, class_number, 1, count));
        MINTMARK_TRY(label, mapped(node, row, 1, labels, 1));
    }
    MINTMARK_TRY(const ValueId flat, reshaped(node, *label, {rows}));
    return as_integers(node, flat);
}

namespace {

Result<ValueId> rows_of(const NodeView& node, ValueId x) {
    const Shape in = node.shape(x);
    if (in.size() == 2) return x;
    if (in.size() == 1) return reshaped(node, x, {1, in[0]});
    return node.unsupported(fmt::format("an input with {} axes", in.size()));
}

Result<ValueId> with_base(const NodeView& node, ValueId scores, std::vector<double> base) {
    if (base.empty() || std::ranges::all_of(base, [](double v) { return v == 0; })) return scores;
    if (base.size() != 1 && base.size() != node.shape(scores).back())
        return node.malformed("base values or intercepts do not fit the targets");
    const auto count = static_cast<std::uint32_t>(base.size());
    return combined(node, Binary::kAdd, scores, constant(node, {count}, std::move(base)));
}

// ---- trees ------------------------------------------------------------------------------------

Result<ValueId> import_tree_regressor(const NodeView& node) {
    MINTMARK_TRY(const ValueId input, node.input(0));
    MINTMARK_TRY(const ValueId x, rows_of(node, input));
    MINTMARK_TRY(const Forest forest, read_ensemble(node));
    MINTMARK_TRY(ValueId y, grown(node, forest, x));
    MINTMARK_TRY(y, with_base(node, y, numbers_attribute(node, "base_values")));
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    return transformed(node, y, transform);
}

Result<ValueId> import_tree_ensemble(const NodeView& node) {
    MINTMARK_TRY(const ValueId input, node.input(0));
    MINTMARK_TRY(const ValueId x, rows_of(node, input));
    MINTMARK_TRY(const Forest forest, read_tree_ensemble(node));
    MINTMARK_TRY(const ValueId y, grown(node, forest, x));
    MINTMARK_TRY(const std::int64_t transform, node.int_attribute("post_transform", 0));
    static constexpr std::string_view kNames[] = {"NONE", "SOFTMAX", "LOGISTIC"};
    if (transform < 0 || transform > 2) return node.unsupported("post_transform beyond LOGISTIC");
    return transformed(node, y, kNames[transform]);
}

/// One score s of two classes: label [s > threshold], scores 1 - s and s, or -s and s.
Result<ValueId> two_classes(const NodeView& node, ValueId s, bool is_share,
                            std::string_view transform) {
    const std::uint32_t rows = node.shape(s)[0];
    MINTMARK_TRY(const ValueId gap,
                 combined(node, Binary::kSub, node.scalar(is_share ? 0.5 : 0), s));
    MINTMARK_TRY(const ValueId not_above, is_not_negative(node, gap));
    MINTMARK_TRY(const ValueId above, whole(node, Binary::kSub, node.scalar(1), not_above));
    if (is_share && transform != "NONE")
        return node.unsupported("a post_transform of scores that are shares");
    MINTMARK_TRY(const ValueId other,
                 combined(node, Binary::kSub, node.scalar(is_share ? 1 : 0), s));
    // [other, s] as one product each, so that both have one step.
    std::vector<double> first = {1, 0}, second = {0, 1};
    MINTMARK_TRY(const ValueId left, mapped(node, other, 1, std::move(first), 2));
    MINTMARK_TRY(const ValueId right, mapped(node, s, 1, std::move(second), 2));
    MINTMARK_TRY(ValueId scores, combined(node, Binary::kAdd, left, right));
    MINTMARK_TRY(scores, transformed(node, scores, transform));
    MINTMARK_TRY(scores, reshaped(node, scores, {rows, 2}));
    MINTMARK_CHECK(node.bind_output(1, scores));
    return labelled(node, above);
}

Result<ValueId> many_classes(const NodeView& node, ValueId scores, std::string_view transform) {
    MINTMARK_TRY(const ValueId result, transformed(node, scores, transform));
    MINTMARK_CHECK(node.bind_output(1, result));
    MINTMARK_TRY(const ValueId best, best_class(node, scores));
    return labelled(node, best);
}

/// Of two classes ONNX Runtime takes the one score that has weights: a share if no weight is
/// negative.
Result<ValueId> import_tree_classifier(const NodeView& node) {
    MINTMARK_TRY(const ValueId input, node.input(0));
    MINTMARK_TRY(const ValueId x, rows_of(node, input));
    MINTMARK_TRY(Forest forest, read_ensemble(node));
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    std::vector<double> base = numbers_attribute(node, "base_values");
    std::set<std::uint32_t> used;
    bool is_share = true;
    for (Tree& tree : forest.trees) {
        for (Decision& one : tree.nodes) {
            for (const auto& [target, weight] : one.weights) {
                used.insert(target);
                is_share = is_share && weight >= 0;
            }
        }
    }
    if (forest.targets > 2 || used.size() > 1) {
        MINTMARK_TRY(ValueId scores, grown(node, forest, x));
        MINTMARK_TRY(scores, with_base(node, scores, std::move(base)));
        return many_classes(node, scores, transform);
    }
    if (base.size() > 1) return node.unsupported("two base values of one score");
    for (Tree& tree : forest.trees)
        for (Decision& one : tree.nodes)
            for (auto& [target, weight] : one.weights) target = 0;
    forest.targets = 1;
    MINTMARK_TRY(ValueId score, grown(node, forest, x));
    MINTMARK_TRY(score, with_base(node, score, std::move(base)));
    return two_classes(node, score, is_share, transform);
}

// ---- linear models ----------------------------------------------------------------------------

/// x · coefficients^T + intercepts.
Result<ValueId> linear_scores(const NodeView& node, ValueId x, std::size_t targets) {
    const std::vector<double> coefficients = numbers_attribute(node, "coefficients");
    const std::uint32_t features = node.shape(x)[1];
    if (targets == 0 || coefficients.size() != targets * features)
        return node.malformed("the coefficients do not fit the features");
    std::vector<double> matrix(coefficients.size());
    for (std::size_t t = 0; t < targets; ++t)
        for (std::size_t f = 0; f < features; ++f)
            matrix[f * targets + t] = coefficients[t * features + f];
    MINTMARK_TRY(const ValueId sums,
                 mapped(node, x, 1, std::move(matrix), static_cast<std::uint32_t>(targets)));
    std::vector<double> intercepts = numbers_attribute(node, "intercepts");
    if (!intercepts.empty() && intercepts.size() != targets)
        return node.malformed("the intercepts do not fit the targets");
    MINTMARK_TRY(const ValueId y, with_base(node, sums, std::move(intercepts)));
    node.builder().set_type(y, ElementType::kReal);
    return y;
}

Result<ValueId> import_linear_regressor(const NodeView& node) {
    MINTMARK_TRY(const ValueId input, node.input(0));
    MINTMARK_TRY(const ValueId x, rows_of(node, input));
    MINTMARK_TRY(const std::int64_t targets, node.int_attribute("targets", 1));
    MINTMARK_TRY(
        const ValueId y,
        linear_scores(node, x, static_cast<std::size_t>(std::max<std::int64_t>(targets, 0))));
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    return transformed(node, y, transform);
}

Result<ValueId> import_linear_classifier(const NodeView& node) {
    MINTMARK_TRY(const ValueId input, node.input(0));
    MINTMARK_TRY(const ValueId x, rows_of(node, input));
    const std::size_t features = node.shape(x)[1];
    const std::size_t classes =
        numbers_attribute(node, "coefficients").size() / std::max<std::size_t>(features, 1);
    MINTMARK_TRY(const ValueId scores, linear_scores(node, x, classes));
    MINTMARK_TRY(const std::string transform, node.string_attribute("post_transform", "NONE"));
    if (classes == 1) return two_classes(node, scores, false, transform);
    return many_classes(node, scores, transform);
}

// ---- pre-processing ---------------------------------------------------------------------------

Result<ValueId> import_scaler(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    std::vector<double> offset = numbers_attribute(node, "offset");
    std::vector<double> scale = numbers_attribute(node, "scale");
    const std::uint32_t features = node.shape(x).empty() ? 1 : node.shape(x).back();
    for (const auto* list : {&offset, &scale})
        if (list->size() > 1 && list->size() != features)
            return node.malformed("offset or scale do not fit the features");
    const auto shape_of = [](const std::vector<double>& v) {
        return v.size() == 1 ? Shape{} : Shape{static_cast<std::uint32_t>(v.size())};
    };
    if (!offset.empty()) {
        const Shape shape = shape_of(offset);
        MINTMARK_TRY(x, combined(node, Binary::kSub, x, constant(node, shape, std::move(offset))));
    }
    if (!scale.empty()) {
        const Shape shape = shape_of(scale);
        MINTMARK_TRY(x, combined(node, Binary::kMul, x, constant(node, shape, std::move(scale))));
    }
    if (node.builder().type(x) != ElementType::kReal)
        node.builder().set_type(x, ElementType::kReal);
    return x;
}

/// x over the greatest magnitude, the sum of magnitudes or the root of the sum of squares of a row.
Result<ValueId> import_normalizer(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::string norm, node.string_attribute("norm", "MAX"));
    if (node.shape(x).empty()) return node.malformed("the input is a scalar");
    const auto axis = static_cast<std::uint32_t>(node.shape(x).size() - 1);
    if (norm == "L2") {
        MINTMARK_TRY(const ValueId squares, sum_of_squares(node, x, {axis}));
        MINTMARK_TRY(const ValueId root, applied(node, Pointwise::kSqrt, squares));
        return divided(node, x, root);
    }
    if (norm == "MAX") {
        MINTMARK_TRY(const ValueId most, reduced(node, x, {axis}, Reduction::kMax));
        return divided(node, x, most);
    }
    if (norm != "L1") return node.malformed(fmt::format("norm '{}'", norm));
    MINTMARK_TRY(const ValueId magnitude, applied(node, Pointwise::kAbs, x));
    MINTMARK_TRY(const ValueId sum, reduced(node, magnitude, {axis}, Reduction::kSum));
    return divided(node, x, sum);
}

Result<ValueId> import_binarizer(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const double threshold, node.float_attribute("threshold", 0));
    MINTMARK_TRY(const ValueId gap, combined(node, Binary::kSub, node.scalar(threshold), x));
    MINTMARK_TRY(const ValueId not_above, is_not_negative(node, gap));
    MINTMARK_TRY(const ValueId y, whole(node, Binary::kSub, node.scalar(1), not_above));
    return as_type_of(node, y, x);
}

/// Inputs are numbers, so there is nothing to fill in where the missing value is NaN.
Result<ValueId> import_imputer(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    std::vector<double> fill = numbers_attribute(node, "imputed_value_floats");
    if (fill.empty()) fill = numbers_attribute(node, "imputed_value_int64s");
    const onnx::AttributeProto* real = node.attribute("replaced_value_float");
    const onnx::AttributeProto* whole_number = node.attribute("replaced_value_int64");
    const double missing = real != nullptr           ? static_cast<double>(real->f())
                           : whole_number != nullptr ? static_cast<double>(whole_number->i())
                                                     : std::nan("");
    if (std::isnan(missing)) return x;
    const Shape shape = fill.size() == 1 ? Shape{} : Shape{static_cast<std::uint32_t>(fill.size())};
    const ValueId value = constant(node, shape, std::move(fill));
    const ValueId sought = node.scalar(missing);
    MINTMARK_TRY(const ValueId up, is_at_least(node, x, sought));
    MINTMARK_TRY(const ValueId down, is_at_least(node, sought, x));
    MINTMARK_TRY(const ValueId here, whole(node, Binary::kMul, up, down));
    MINTMARK_TRY(const ValueId gap, combined(node, Binary::kSub, value, x));
    MINTMARK_TRY(const ValueId change, combined(node, Binary::kMul, gap, here));
    return combined(node, Binary::kAdd, x, change);
}

Result<ValueId> import_feature_extractor(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId index, node.input(1));
    const Shape in = node.shape(x);
    if (in.empty()) return node.malformed("the input is a scalar");
    const auto axis = static_cast<std::uint32_t>(in.size() - 1);
    if (!node.builder().value(index).is_constant) {
        const auto rows = static_cast<std::uint32_t>(element_count(node.shape(index)));
        MINTMARK_TRY(const ValueId list, reshaped(node, index, {rows}));
        MINTMARK_TRY(const ValueId picked, gather_computed(node, x, list, axis));
        return in.size() == 1 ? reshaped(node, picked, {1, rows}) : picked;
    }
    MINTMARK_TRY(const Ints indices, node.ints_input(1));
    for (const std::int64_t i : indices)
        if (i < 0 || i >= in.back()) return node.malformed("an index is out of range");
    MINTMARK_TRY(const ValueId y, selected(node, x, axis, indices));
    const auto count = static_cast<std::uint32_t>(indices.size());
    return in.size() == 1 ? reshaped(node, y, {1, count}) : y;
}

Result<ValueId> import_feature_vectorizer(const NodeView& node) {
    std::vector<ValueId> parts;
    for (std::size_t i = 0; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId part, node.input(i));
        MINTMARK_TRY(const ValueId rows, rows_of(node, part));
        parts.push_back(rows);
    }
    if (parts.empty()) return node.malformed("has no input");
    return joined(node, parts, 1);
}

/// Numbers to numbers: default + Σ [x = key] (value - default).
Result<ValueId> import_label_encoder(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const bool to_reals = node.has_attribute("values_floats");
    const std::vector<double> keys =
        numbers_attribute(node, node.has_attribute("keys_int64s") ? "keys_int64s" : "keys_floats");
    const std::vector<double> values =
        numbers_attribute(node, to_reals ? "values_floats" : "values_int64s");
    if (keys.empty() || keys.size() != values.size())
        return node.unsupported("keys or values that are no numbers");
    if (keys.size() > 64) return node.unsupported("more than 64 keys");
    double otherwise = to_reals ? 0 : -1;
    if (const auto* a = node.attribute("default_int64"); a != nullptr && !to_reals)
        otherwise = static_cast<double>(a->i());
    if (const auto* a = node.attribute("default_float"); a != nullptr && to_reals)
        otherwise = static_cast<double>(a->f());
    std::optional<ValueId> sum;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const ValueId key = node.scalar(keys[i]);
        MINTMARK_TRY(const ValueId up, is_at_least(node, x, key));
        MINTMARK_TRY(const ValueId down, is_at_least(node, key, x));
        MINTMARK_TRY(ValueId here, whole(node, Binary::kMul, up, down));
        MINTMARK_TRY(here, as_scaled(node, here, values[i] - otherwise));
        if (sum) {
            MINTMARK_TRY(here, combined(node, Binary::kAdd, *sum, here));
        }
        sum = here;
    }
    MINTMARK_TRY(const ValueId y, combined(node, Binary::kAdd, *sum, node.scalar(otherwise)));
    node.builder().set_type(y, to_reals ? ElementType::kReal : ElementType::kInteger);
    return y;
}

/// The values of the maps, in the order of their keys.
Result<ValueId> import_zip_map(const NodeView& node) {
    return node.input(0);
}

}  // namespace

void add_classical_importers(ImporterMap& map) {
    map["ArrayFeatureExtractor"] = import_feature_extractor;
    map["Binarizer"] = import_binarizer;
    map["FeatureVectorizer"] = import_feature_vectorizer;
    map["Imputer"] = import_imputer;
    map["LabelEncoder"] = import_label_encoder;
    map["LinearClassifier"] = import_linear_classifier;
    map["LinearRegressor"] = import_linear_regressor;
    map["Normalizer"] = import_normalizer;
    map["Scaler"] = import_scaler;
    map["TreeEnsemble"] = import_tree_ensemble;
    map["TreeEnsembleClassifier"] = import_tree_classifier;
    map["TreeEnsembleRegressor"] = import_tree_regressor;
    map["ZipMap"] = import_zip_map;
}

}  // namespace mintmark::model
