#include "mintmark/compiler/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/unroll.hpp"
#include "mintmark/compiler/accuracy_builder.hpp"
#include "mintmark/compiler/accuracy_scores.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/compiler/weight_parts.hpp"

namespace mintmark::compiler {
namespace {

/// The label's score is looked up in one range table.
constexpr std::uint8_t kMaxScoreBits = 20;
constexpr std::uint32_t kMaxSamples = 1U << 20U;

/// N in front of the axes.
std::vector<Axis> batched(Axis samples, const std::vector<Axis>& axes) {
    std::vector<Axis> out = {samples};
    out.insert(out.end(), axes.begin(), axes.end());
    return out;
}

/// The model on N samples, then the count of right answers.
class Accuracy {
  public:
    Accuracy(const Circuit& model, std::uint32_t num_samples, std::uint8_t mu)
        : model_(model), samples_{num_samples}, mu_(mu), builder_(model.tables) {}

    Result<Circuit> run() {
        MINTMARK_TRY(const Scores scores, scores_of(model_));
        if (model_.input_tensor().axes.empty()) return no_accuracy("its input is a single number");
        input_steps(scores.classes);
        for (std::size_t k = 1; k + 1 < model_.steps.size(); ++k)
            MINTMARK_CHECK(model_step(model_.steps[k]));
        MINTMARK_CHECK(count_right(scores));
        MINTMARK_TRY(Circuit out, builder_.finish(mu_, model_.n_w));
        if (!masks_fit(out) || !check_circuit(out))
            return no_accuracy("its shapes leave no room for samples");
        return out;
    }

  private:
    /// Step 0 copies samples and labels, step 1 reads the model's input out of the copy.
    void input_steps(std::uint32_t classes) {
        std::vector<Axis> rows = model_.input_tensor().axes;
        label_at_ = rows.front().dim;
        ++rows.front().dim;
        const std::vector<Axis> axes = batched(samples_, rows);
        const std::uint16_t in = builder_.add_tensor(Column::kIn, axes);
        builder_.begin_step(axes);
        Operand whole{.tensor = in, .maps = {}};
        for (std::size_t i = 0; i < axes.size(); ++i)
            whole.maps.push_back(AxisMap::eq(static_cast<std::uint8_t>(i)));
        builder_.step().lins.push_back({.coef = 1, .operand = whole});
        const Bounds model_input = input_bounds(model_);
        const std::uint8_t table =
            builder_.range_table(std::min<std::int64_t>(model_input.lo, 0),
                                 std::max<std::int64_t>(model_input.hi, classes - 1));
        const Table& range = builder_.table(table);
        labels_ = {range.lo, range.lo + (std::int64_t{1} << range.log_size) - 1};
        copy_ = {.tensor = builder_.add_limb(0, table), .maps = whole.maps};

        builder_.begin_step(batched(samples_, model_.input_tensor().axes));
        Operand values = copy_;
        values.maps[1] = AxisMap::sum_win(1, 1, 1, 1, 0);
        builder_.step().lins.push_back({.coef = 1, .operand = values});
        add_limbs(model_.steps.front());
    }

    void add_limbs(const Step& step) {
        for (const Limb& limb : step.limbs)
            places_[model_.tensors[limb.tensor].offset] = builder_.add_limb(limb.shift, limb.table);
    }

    /// An F or G operand of the model: its tensor with N in front, its axes one further.
    Result<Operand> activation(const Operand& operand) {
        const Tensor& tensor = model_.tensors[operand.tensor];
        const auto place = places_.find(tensor.offset);
        MINTMARK_ASSERT(place != places_.end());
        Operand out{.tensor = place->second, .maps = {AxisMap::eq(0)}};
        if (tensor.column == Column::kG) out.tensor = builder_.result_of(place->second);
        append_shifted(out.maps, operand.maps);
        if (out.maps.size() > kMaxAxes) return no_accuracy("a tensor has too many axes");
        return out;
    }

    static void append_shifted(std::vector<AxisMap>& out, const std::vector<AxisMap>& maps) {
        for (AxisMap map : maps) {
            if (map.kind != MapKind::kAll && map.p != kNoAxis) ++map.p;
            if (map.kind == MapKind::kWin) ++map.t;
            out.push_back(map);
        }
    }

    [[nodiscard]] bool is_weight(const Operand& operand) const {
        return model_.tensors[operand.tensor].column == Column::kW;
    }

    /// The parts of a W tensor, with tensors of their own.
    const std::vector<WeightPart>& parts(std::uint16_t tensor) {
        const auto [entry, is_new] = parts_.try_emplace(tensor);
        if (!is_new) return entry->second;
        const Tensor& whole = model_.tensors[tensor];
        // Chunks of the model's size stay as they are, across which a tensor may run.
        if (mu_ == model_.mu) {
            entry->second = {{.chunk = 0,
                              .lane = whole.offset,
                              .begin = std::vector<std::uint32_t>(whole.axes.size(), 0),
                              .axes = whole.axes}};
        } else {
            entry->second = split_weights(whole, model_.mu);
        }
        for (WeightPart& part : entry->second)
            part.tensor =
                builder_.add_tensor(Column::kW, part.axes, (part.chunk << mu_) + part.lane);
        return entry->second;
    }

    /// The operand with out and contraction axes one further; the tensor is still the model's.
    static Operand shifted_weight(const Operand& operand) {
        Operand out{.tensor = operand.tensor, .maps = {}};
        append_shifted(out.maps, operand.maps);
        return out;
    }

    Status model_step(const Step& step) {
        builder_.begin_step(batched(samples_, step.out));
        for (const ConstTerm& term : step.consts) {
            ConstTerm copy{.coef = term.coef, .ranges = {{0, samples_.dim}}};
            copy.ranges.insert(copy.ranges.end(), term.ranges.begin(), term.ranges.end());
            builder_.step().consts.push_back(std::move(copy));
        }
        for (const LinTerm& lin : step.lins) MINTMARK_CHECK(lin_term(lin));
        for (const ProdTerm& prod : step.prods) MINTMARK_CHECK(prod_term(prod, step.out.size()));
        add_limbs(step);
        return {};
    }

    Status lin_term(const LinTerm& lin) {
        if (!is_weight(lin.operand)) {
            MINTMARK_TRY(Operand operand, activation(lin.operand));
            builder_.step().lins.push_back({.coef = lin.coef, .operand = std::move(operand)});
            return {};
        }
        const LinTerm whole{.coef = lin.coef, .operand = shifted_weight(lin.operand)};
        for (const WeightPart& part : parts(lin.operand.tensor)) {
            MINTMARK_TRY(LinTerm term,
                         lin_on_part(whole, model_.tensors[lin.operand.tensor], part));
            builder_.step().lins.push_back(std::move(term));
        }
        return {};
    }

    Status prod_term(const ProdTerm& prod, std::size_t num_out) {
        ProdTerm whole{.coef = prod.coef,
                       .contract = prod.contract,
                       .shared_mask = static_cast<std::uint8_t>(prod.shared_mask << 1U),
                       .a = {},
                       .b = {}};
        const bool a_is_weight = is_weight(prod.a);
        if (a_is_weight && is_weight(prod.b))
            return no_accuracy("it multiplies weights with weights");
        if (a_is_weight) {
            whole.a = shifted_weight(prod.a);
        } else {
            MINTMARK_TRY(whole.a, activation(prod.a));
        }
        if (is_weight(prod.b)) {
            whole.b = shifted_weight(prod.b);
        } else {
            MINTMARK_TRY(whole.b, activation(prod.b));
        }
        if (!a_is_weight && !is_weight(prod.b)) {
            whole.shared_mask = static_cast<std::uint8_t>(whole.shared_mask | 1U);
            builder_.step().prods.push_back(std::move(whole));
            return {};
        }
        const std::uint16_t tensor = a_is_weight ? prod.a.tensor : prod.b.tensor;
        for (const WeightPart& part : parts(tensor)) {
            MINTMARK_TRY(ProdTerm term, prod_on_part(whole, a_is_weight, num_out + 1,
                                                     model_.tensors[tensor], part));
            builder_.step().prods.push_back(std::move(term));
        }
        return {};
    }

    /// Entry `index` of the second axis of [N, k], or the axis moved by `index` under env axis 1.
    static Operand at(std::uint16_t tensor, std::int32_t index) {
        return {.tensor = tensor,
                .maps = {AxisMap::eq(0), AxisMap::sum_win(kNoAxis, 1, 0, 1, index)}};
    }
    static Operand from(std::uint16_t tensor, std::int32_t index) {
        return {.tensor = tensor, .maps = {AxisMap::eq(0), AxisMap::sum_win(1, 1, 1, 1, index)}};
    }

    [[nodiscard]] Operand label() const {
        Operand out = copy_;
        for (std::size_t i = 1; i < out.maps.size(); ++i)
            out.maps[i] = AxisMap::sum_win(kNoAxis, 1, 0, 1,
                                           i == 1 ? static_cast<std::int32_t>(label_at_) : 0);
        return out;
    }

    /// q[n, j] = [label_n < j], j = 0 .. C.
    std::uint16_t label_steps(std::uint32_t classes) {
        builder_.begin_step({samples_, {classes + 1}});
        builder_.step().lins.push_back({.coef = 1, .operand = label()});
        for (std::uint32_t j = 1; j <= classes; ++j)
            builder_.step().consts.push_back(
                {.coef = -Int128{j}, .ranges = {{0, samples_.dim}, {j, j + 1}}});
        return builder_.add_sign(labels_.lo - classes, labels_.hi);
    }

    /// The scores read at sample env axis 0 and class env axis 1.
    Result<std::vector<LinTerm>> score_terms(const Scores& scores) {
        std::vector<LinTerm> out;
        for (const LinTerm& term : scores.terms) {
            MINTMARK_TRY(Operand operand, activation(term.operand));
            for (AxisMap& map : operand.maps)
                if (map.kind == MapKind::kEq && map.p > 0)
                    map = map.p == scores.axis + 1 ? AxisMap::eq(1) : AxisMap::all();
            out.push_back({.coef = term.coef, .operand = std::move(operand)});
        }
        return out;
    }

    /// The score of the label: sum_j (q[j+1] - q[j]) s_j.
    Operand labelled_score(const std::vector<LinTerm>& scores, std::uint32_t classes,
                           const Bounds& own, std::uint16_t q) {
        builder_.begin_step({samples_});
        for (const LinTerm& score : scores)
            for (const std::int32_t next : {1, 0})
                builder_.step().prods.push_back({.coef = next == 1 ? score.coef : -score.coef,
                                                 .contract = {{classes}},
                                                 .shared_mask = 1,
                                                 .a = from(q, next),
                                                 .b = score.operand});
        const std::uint8_t table = builder_.range_table(own.lo, own.hi);
        return {.tensor = builder_.add_limb(0, table), .maps = {AxisMap::eq(0)}};
    }

    /// Section 4 of the specification.
    Status count_right(const Scores& scores) {
        const std::uint32_t classes = scores.classes;
        const Bounds own{std::min<std::int64_t>(scores.bounds.lo, 0),
                         std::max<std::int64_t>(scores.bounds.hi, 0)};
        if (log2_ceil(static_cast<std::uint64_t>(own.hi - own.lo) + 1) > kMaxScoreBits)
            return no_accuracy(fmt::format("its scores have more than {} bits", kMaxScoreBits));
        MINTMARK_TRY(const std::vector<LinTerm> each, score_terms(scores));
        const std::uint16_t q = label_steps(classes);
        const Operand labelled = labelled_score(each, classes, own, q);

        builder_.begin_step({samples_, {classes}});
        builder_.step().lins = {{.coef = 1, .operand = labelled},
                                {.coef = 1, .operand = from(q, 1)}};
        for (const LinTerm& score : each)
            builder_.step().lins.push_back({.coef = -score.coef, .operand = score.operand});
        builder_.add_const(-1);
        const std::uint16_t beaten =
            builder_.add_sign(own.lo - scores.bounds.hi - 1, own.hi - scores.bounds.lo);

        builder_.begin_step({samples_});
        builder_.step().lins = {
            {.coef = 1, .operand = {.tensor = beaten, .maps = {AxisMap::eq(0), AxisMap::all()}}},
            {.coef = 1, .operand = at(q, 0)},
            {.coef = -1, .operand = at(q, static_cast<std::int32_t>(classes))}};
        const std::uint16_t right = builder_.add_sign(-1, std::int64_t{classes} + 1);

        const std::uint16_t out = builder_.add_tensor(Column::kOut, {{1}});
        builder_.begin_step({{1}});
        builder_.step().lins = {{.coef = 1, .operand = {.tensor = right, .maps = {AxisMap::all()}}},
                                {.coef = -1, .operand = {.tensor = out, .maps = {AxisMap::eq(0)}}}};
        return {};
    }

    const Circuit& model_;
    Axis samples_;
    std::uint8_t mu_;
    AccuracyBuilder builder_;
    std::map<std::uint64_t, std::uint16_t> places_;           ///< offset in F -> new F tensor
    std::map<std::uint16_t, std::vector<WeightPart>> parts_;  ///< by the model's tensor
    Operand copy_;                                            ///< of IN, whole
    Bounds labels_;                                           ///< what the copy accepts as a label
    std::uint32_t label_at_ = 0;                              ///< index of the label's row
};

/// Lower is better: 100,000 gas are worth 1.5 s of proving.
double weigh(const Circuit& circuit) {
    const Cost cost = estimate_cost(circuit);
    return cost.gas / 100'000 + cost.prove_ms / 1'500;
}

}  // namespace

Result<SampleShape> sample_shape(const Circuit& stacked) {
    MINTMARK_TRY(const Circuit model, unroll(stacked));
    MINTMARK_TRY(const Scores scores, scores_of(model));
    const std::vector<Axis>& axes = model.input_tensor().axes;
    if (axes.empty()) return no_accuracy("its input is a single number");
    const std::uint64_t values = num_entries(axes);
    return SampleShape{.values = values,
                       .row = values / axes.front().dim * (axes.front().dim + 1),
                       .classes = scores.classes};
}

Result<Circuit> accuracy_circuit(const Circuit& stacked, const AccuracyOptions& options) {
    // Samples come first of all axes, and loops need that place.
    MINTMARK_TRY(const Circuit model, unroll(stacked));
    if (options.num_samples < 1 || options.num_samples > kMaxSamples)
        return fail(ErrorCode::kInvalidArgument, fmt::format("{} samples: 1 to {} are possible",
                                                             options.num_samples, kMaxSamples));
    if (options.mu != 0 && (options.mu < model.mu || options.mu > kMaxMu))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("chunks of 2^{}: the model's key allows 2^{} to 2^{}", options.mu,
                                model.mu, kMaxMu));
    if (options.mu != 0) return Accuracy(model, options.num_samples, options.mu).run();
    std::optional<Circuit> best;
    Error last;
    for (std::uint8_t mu = model.mu; mu <= std::max(model.mu, options.max_mu); ++mu) {
        auto made = Accuracy(model, options.num_samples, mu).run();
        if (!made) {
            last = std::move(made).error();
            continue;
        }
        if (!best || weigh(*made) < weigh(*best)) best = *std::move(made);
    }
    if (!best) return std::unexpected(std::move(last));
    return *std::move(best);
}

std::vector<std::int64_t> accuracy_weights(const Circuit& model, const Circuit& accuracy,
                                           std::span<const std::int64_t> weights) {
    const std::size_t from = std::size_t{1} << model.mu, to = std::size_t{1} << accuracy.mu;
    MINTMARK_ASSERT(accuracy.n_w == model.n_w && weights.size() == model.n_w * from && from <= to);
    std::vector<std::int64_t> out(accuracy.n_w * to, 0);
    for (std::size_t c = 0; c < model.n_w; ++c)
        std::ranges::copy(weights.subspan(c * from, from),
                          out.begin() + static_cast<std::ptrdiff_t>(c * to));
    return out;
}

}  // namespace mintmark::compiler
