// Importers of functions of one variable.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mintmark/model/functions.hpp"
#include "mintmark/model/onnx_compose.hpp"
#include "mintmark/model/onnx_rows.hpp"

namespace mintmark::model {
namespace {

/// The widest parameter that a look-up's record holds.
constexpr double kLargestParameter = 15.9;
constexpr std::size_t kMostPowers = 8;  ///< different exponents in one node

Result<ValueId> apply(const NodeView& node, Pointwise kind, ValueId x, double alpha = 0,
                      double beta = 0) {
    return node.emit(PointwiseOp{kind, alpha, beta}, {x}, node.shape(x));
}

template <Pointwise Kind>
Result<ValueId> import_function(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId y, apply(node, Kind, x));
    // Rounded reals are whole numbers: they keep step 1 from here on.
    if (gives_integers(Kind)) node.builder().mark_integral(y);
    return y;
}

template <Pointwise Kind>
Result<ValueId> import_with_alpha(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const double alpha, node.float_attribute("alpha", 1));
    if (std::abs(alpha) > kLargestParameter || (Kind == Pointwise::kCelu && alpha < 0x1p-8))
        return node.unsupported(fmt::format("alpha {} is out of range", alpha));
    return apply(node, Kind, x, alpha);
}

Result<ValueId> import_gelu(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const onnx::AttributeProto* form = node.attribute("approximate");
    const bool is_tanh = form != nullptr && form->s() == "tanh";
    if (form != nullptr && !is_tanh && form->s() != "none")
        return node.unsupported("unknown approximation");
    return apply(node, is_tanh ? Pointwise::kGeluTanh : Pointwise::kGelu, x);
}

Result<ValueId> import_selu(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    constexpr double kAlpha = 1.6732631921768188, kGamma = 1.0507010221481323;
    MINTMARK_TRY(const double alpha, node.float_attribute("alpha", kAlpha));
    MINTMARK_TRY(const double gamma, node.float_attribute("gamma", kGamma));
    if (std::abs(alpha - kAlpha) < 1e-6 && std::abs(gamma - kGamma) < 1e-6)
        return apply(node, Pointwise::kSelu, x);
    if (std::abs(alpha) > kLargestParameter) return node.unsupported("alpha is out of range");
    MINTMARK_TRY(const ValueId y, apply(node, Pointwise::kElu, x, alpha));
    const Shape shape = node.shape(x);
    return node.emit(BinaryOp{Binary::kMul}, {y, node.scalar(gamma)}, shape);
}

/// max(0, min(1, alpha x + beta)).
Result<ValueId> import_hard_sigmoid(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const double alpha, node.float_attribute("alpha", 0.2));
    MINTMARK_TRY(const double beta, node.float_attribute("beta", 0.5));
    const Shape shape = node.shape(x);
    MINTMARK_TRY(const ValueId scaled,
                 node.emit(BinaryOp{Binary::kMul}, {x, node.scalar(alpha)}, shape));
    MINTMARK_TRY(const ValueId moved,
                 node.emit(BinaryOp{Binary::kAdd}, {scaled, node.scalar(beta)}, shape));
    return apply(node, Pointwise::kClip, moved, 0, 1);
}

Result<ValueId> import_sqrt(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::optional<ValueId> length, magnitude(node, x));
    return length ? *length : apply(node, Pointwise::kSqrt, x);
}

/// 1 / sqrt(x) is one look-up.
Result<ValueId> import_reciprocal(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Node* from = producer(node, x);
    const auto* root = from == nullptr ? nullptr : std::get_if<PointwiseOp>(&from->op);
    if (root == nullptr || root->kind != Pointwise::kSqrt)
        return apply(node, Pointwise::kReciprocal, x);
    return apply(node, Pointwise::kRsqrt, from->inputs[0]);
}

Result<ValueId> import_neg(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape shape = node.shape(x);  // a new constant may move the values
    return node.emit(BinaryOp{Binary::kMul}, {x, node.scalar(-1)}, shape);
}

/// x^p for one known p.
Result<ValueId> power(const NodeView& node, ValueId x, double p) {
    if (p == 0) {
        MINTMARK_TRY(const ValueId zero, scaled(node, x, 0));
        return combined(node, Binary::kAdd, zero, node.scalar(1));
    }
    if (p == 1) return x;
    if (p == 2) return combined(node, Binary::kMul, x, x);
    if (p == 0.5) return apply(node, Pointwise::kSqrt, x);
    if (p == -0.5) return apply(node, Pointwise::kRsqrt, x);
    if (p == -1) return apply(node, Pointwise::kReciprocal, x);
    if (std::abs(p) > kLargestParameter)
        return node.unsupported(fmt::format("exponent {} (up to 15)", p));
    if (std::abs(p * 2048 - std::round(p * 2048)) > 0.02) {
        // e^(p ln x): a look-up's parameter has no such value.
        MINTMARK_TRY(const ValueId log, apply(node, Pointwise::kLog, x));
        MINTMARK_TRY(const ValueId scaled_log, scaled(node, log, p));
        return apply(node, Pointwise::kExp, scaled_log);
    }
    return apply(node, Pointwise::kPow, x, std::round(p * 2048) / 2048);
}

/// x^p where p differs from entry to entry: the sum over its values of the power, where it has it.
Result<ValueId> powers(const NodeView& node, ValueId x, ValueId exponent) {
    const Value value = node.builder().value(exponent);
    const std::set<double> distinct(value.data.begin(), value.data.end());
    if (distinct.size() > kMostPowers)
        return node.unsupported(fmt::format("{} different exponents", distinct.size()));
    std::optional<ValueId> sum;
    for (const double p : distinct) {
        MINTMARK_TRY(ValueId one, power(node, x, p));
        std::vector<double> here;
        for (const double v : value.data) here.push_back(v == p ? 1 : 0);
        MINTMARK_TRY(
            one, combined(node, Binary::kMul, one, constant(node, value.shape, std::move(here))));
        if (sum) {
            MINTMARK_TRY(one, combined(node, Binary::kAdd, *sum, one));
        }
        sum = one;
    }
    return *sum;
}

Result<ValueId> import_pow(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId exponent, node.input(1));
    const GraphBuilder& builder = node.builder();
    if (builder.value(exponent).is_constant) {
        const std::vector<double> data = builder.value(exponent).data;
        if (data.empty()) return node.malformed("the exponent has no elements");
        const bool is_one = std::ranges::count(data, data[0]) == std::ssize(data);
        if (!is_one) return powers(node, x, exponent);
        MINTMARK_TRY(const Shape shape, broadcast_shape(node, node.shape(x), node.shape(exponent)));
        MINTMARK_TRY(const ValueId wide, expanded(node, x, shape));
        return power(node, wide, data[0]);
    }
    const Value& base = builder.value(x);
    const auto positive = [](double b) { return b > 0; };
    const bool is_real = builder.type(x) == ElementType::kReal;
    if (!base.is_constant || !is_real || !std::ranges::all_of(base.data, positive))
        return node.unsupported("a computed exponent of a base that is no positive real constant");
    std::vector<double> logs;
    for (const double b : base.data) logs.push_back(std::log(b));
    MINTMARK_TRY(const ValueId product, combined(node, Binary::kMul, exponent,
                                                 constant(node, base.shape, std::move(logs))));
    return apply(node, Pointwise::kExp, product);
}

/// One bound of Clip: attribute before opset 11, input from then on.
Result<double> clip_bound(const NodeView& node, std::string_view name, std::size_t index,
                          double otherwise) {
    if (node.opset() < 11) return node.float_attribute(name, otherwise);
    if (!node.has_input(index)) return otherwise;
    MINTMARK_TRY(const ValueId id, node.input(index));
    const Value& value = node.builder().value(id);
    if (!value.is_constant || value.data.size() != 1)
        return node.unsupported(fmt::format("bound '{}' must be one constant", name));
    return value.data[0];
}

Result<ValueId> import_clip(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const double least, clip_bound(node, "min", 1, -3e38));
    MINTMARK_TRY(const double most, clip_bound(node, "max", 2, 3e38));
    return apply(node, Pointwise::kClip, x, std::min(least, most), most);
}

}  // namespace

void add_function_importers(ImporterMap& map) {
    map["Abs"] = import_function<Pointwise::kAbs>;
    map["Acos"] = import_function<Pointwise::kAcos>;
    map["Acosh"] = import_function<Pointwise::kAcosh>;
    map["Asin"] = import_function<Pointwise::kAsin>;
    map["Asinh"] = import_function<Pointwise::kAsinh>;
    map["Atan"] = import_function<Pointwise::kAtan>;
    map["Atanh"] = import_function<Pointwise::kAtanh>;
    map["Ceil"] = import_function<Pointwise::kCeil>;
    map["Celu"] = import_with_alpha<Pointwise::kCelu>;
    map["Clip"] = import_clip;
    map["Cos"] = import_function<Pointwise::kCos>;
    map["Cosh"] = import_function<Pointwise::kCosh>;
    map["Elu"] = import_with_alpha<Pointwise::kElu>;
    map["Erf"] = import_function<Pointwise::kErf>;
    map["Exp"] = import_function<Pointwise::kExp>;
    map["Floor"] = import_function<Pointwise::kFloor>;
    map["Gelu"] = import_gelu;
    map["HardSigmoid"] = import_hard_sigmoid;
    map["HardSwish"] = import_function<Pointwise::kHardSwish>;
    map["Log"] = import_function<Pointwise::kLog>;
    map["Mish"] = import_function<Pointwise::kMish>;
    map["Neg"] = import_neg;
    map["Pow"] = import_pow;
    map["Reciprocal"] = import_reciprocal;
    map["Round"] = import_function<Pointwise::kRound>;
    map["Selu"] = import_selu;
    map["Sign"] = import_function<Pointwise::kSign>;
    map["Sin"] = import_function<Pointwise::kSin>;
    map["Sinh"] = import_function<Pointwise::kSinh>;
    map["Softplus"] = import_function<Pointwise::kSoftplus>;
    map["Softsign"] = import_function<Pointwise::kSoftsign>;
    map["Sqrt"] = import_sqrt;
    map["Swish"] = import_function<Pointwise::kSilu>;
    map["Tan"] = import_function<Pointwise::kTan>;
    map["ThresholdedRelu"] = import_with_alpha<Pointwise::kThresholdedRelu>;
}

}  // namespace mintmark::model
