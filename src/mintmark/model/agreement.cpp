#include "mintmark/model/agreement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "mintmark/base/repeats.hpp"

namespace mintmark::model {
namespace {

/// Shorter ones are layers of one convolutional stage: they gain nothing and would lose precision.
constexpr std::size_t kLeastPeriod = 8;

std::string describe(const Plan& plan, const Layer& layer) {
    std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {}", static_cast<int>(layer.kind),
                                   plan.shapes[layer.output], layer.weight.shape, layer.bias.shape,
                                   layer.coefs, layer.scale, layer.offset, layer.keeps_all,
                                   layer.is_square, layer.move.index());
    for (const ValueId id : layer.inputs) text += fmt::format(" {}", plan.shapes[id]);
    if (layer.activation) {
        text += fmt::format(" {} {} {}", static_cast<int>(layer.activation->kind),
                            layer.activation->alpha, layer.activation->beta);
    }
    return text;
}

std::vector<std::uint32_t> symbols_of(const Plan& plan) {
    std::map<std::string, std::uint32_t> known;
    std::vector<std::uint32_t> symbols;
    for (const Layer& layer : plan.layers) {
        const auto next = static_cast<std::uint32_t>(known.size());
        symbols.push_back(known.try_emplace(describe(plan, layer), next).first->second);
    }
    return symbols;
}

/// Disjoint sets of numbers.
class Classes {
  public:
    explicit Classes(std::size_t count) : parent_(count) {
        std::iota(parent_.begin(), parent_.end(), 0U);
    }
    std::uint32_t find(std::size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return static_cast<std::uint32_t>(i);
    }
    void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

  private:
    std::vector<std::uint32_t> parent_;
};

}  // namespace

Agreement::Agreement(const Plan& plan) {
    Classes layers(plan.layers.size()), values(plan.shapes.size());
    for (const Repeat& repeat : find_repeats(symbols_of(plan), kLeastPeriod)) {
        is_idle_ = false;
        for (std::size_t i = repeat.begin; i + repeat.period < repeat.end(); ++i) {
            const Layer &a = plan.layers[i], &b = plan.layers[i + repeat.period];
            layers.join(i, i + repeat.period);
            values.join(a.output, b.output);
            for (std::size_t k = 0; k < a.inputs.size(); ++k) values.join(a.inputs[k], b.inputs[k]);
        }
    }
    // What is moved only keeps its step.
    for (const Layer& layer : plan.layers)
        if (layer.kind == LayerKind::kMove && layer.inputs.size() == 1)
            values.join(layer.inputs[0], layer.output);
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
        twins_.push_back(layers.find(i));
        results_.push_back(plan.layers[i].output);
    }
    for (std::size_t v = 0; v < plan.shapes.size(); ++v) values_.push_back(values.find(v));
}

Agreement::Key Agreement::key_of(std::size_t layer, Choice choice) const {
    return {choice == Choice::kStep ? values_[results_[layer]] : twins_[layer], choice};
}

double Agreement::most(std::size_t layer, Choice choice, double own) {
    return agree(key_of(layer, choice), own);
}

double Agreement::step_of_input(ValueId input, double own) {
    return agree({values_[input], Choice::kStep}, own);
}

double Agreement::agree(Key key, double own) {
    if (is_idle_) return own;
    const auto it = before_.find(key);
    const double agreed = it == before_.end() ? own : std::max(own, it->second);
    const auto [now, is_new] = now_.try_emplace(key, agreed);
    if (!is_new) now->second = std::max(now->second, agreed);
    return agreed;
}

double Agreement::least(std::size_t layer, Choice choice, double own) {
    return -most(layer, choice, -own);
}

bool Agreement::settle() {
    const bool changed = now_ != before_;
    before_ = std::move(now_);
    now_.clear();
    return changed;
}

}  // namespace mintmark::model
