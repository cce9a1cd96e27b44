#include "mintmark/prover/merge_slots.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/math/small_fold.hpp"

namespace mintmark::prover {
namespace {

bool is_product_over_variables(const AxisWeight& weight) {
    return weight.kind == MapKind::kAll || weight.kind == MapKind::kEq;
}

/// The weight's lowest `count` variables, and the others; EQ and ALL only.
std::pair<AxisWeight, AxisWeight> split(const AxisWeight& weight, std::size_t count) {
    AxisWeight low{.kind = weight.kind}, high = low;
    low.axes = {{std::uint32_t{1} << count}};
    high.axes = {{std::uint32_t{1} << (weight.num_vars() - count)}};
    if (weight.kind == MapKind::kEq) {
        const auto middle = weight.env[0].point.begin() + static_cast<std::ptrdiff_t>(count);
        low.env = {{low.axes[0].dim, {weight.env[0].point.begin(), middle}}};
        high.env = {{high.axes[0].dim, {middle, weight.env[0].point.end()}}};
    }
    return {low, high};
}

/// The term's factor of the lowest `count` variables, with coefficient 1, and the other one.
/// Nothing if an axis that is not a product over its variables lies across.
std::optional<std::pair<FormTerm, FormTerm>> split(const FormTerm& term, std::size_t count) {
    FormTerm low{.coef = Fr::one(), .column = term.column, .offset = 0, .weights = {}};
    FormTerm high{.coef = term.coef, .column = term.column, .offset = term.offset, .weights = {}};
    std::size_t done = 0;
    for (std::size_t k = term.weights.size(); k-- > 0;) {
        const AxisWeight& weight = term.weights[k];
        const std::size_t here = weight.num_vars();
        if (done >= count) {
            high.weights.push_back(weight);
        } else if (done + here <= count) {
            low.weights.push_back(weight);
        } else {
            if (!is_product_over_variables(weight)) return std::nullopt;
            const auto [inner, outer] = split(weight, count - done);
            low.weights.push_back(inner);
            high.weights.push_back(outer);
        }
        done += here;
    }
    std::ranges::reverse(low.weights);
    std::ranges::reverse(high.weights);
    return std::pair{low, high};
}

/// Weights of the two values of each variable, lowest variable first; empty if there are none.
std::vector<VariableWeights> variable_weights(const FormTerm& term) {
    std::vector<VariableWeights> out;
    for (std::size_t k = term.weights.size(); k-- > 0;) {
        const AxisWeight& weight = term.weights[k];
        if (!is_product_over_variables(weight)) return {};
        for (std::size_t i = 0; i < weight.num_vars(); ++i) {
            if (weight.kind == MapKind::kAll)
                out.emplace_back(Fr::one(), Fr::one());
            else
                out.emplace_back(Fr::one() - weight.env[0].point[i], weight.env[0].point[i]);
        }
    }
    return out;
}

}  // namespace

MergeSlots::MergeSlots(const Circuit& circuit, const Columns& columns, std::size_t low_vars)
    : circuit_(circuit),
      columns_(columns),
      low_vars_(std::min<std::size_t>(circuit.mu, low_vars)),
      block_(std::size_t{1} << low_vars_),
      blocks_per_chunk_(std::size_t{1} << (circuit.mu - low_vars_)) {}

std::size_t MergeSlots::num_blocks(Column column) const {
    return circuit_.num_chunks(column) * blocks_per_chunk_;
}

void MergeSlots::add(const LinearForm& form, const Fr& scale) {
    for (const FormTerm& term : form.terms) {
        const auto parts = term.num_vars() >= low_vars_ ? split(term, low_vars_) : std::nullopt;
        if (parts)
            add_factored(parts->first, parts->second, scale);
        else
            add_dense(term, scale);
    }
}

std::vector<Fr>& MergeSlots::block_slot(Column column, std::size_t block) {
    const auto [entry, is_new] = block_slots_.try_emplace({column, block}, slots_.size());
    if (is_new) {
        slots_.push_back({std::vector<Fr>(block_), {}, {}});
        if (const auto view = columns_.view(column, block * block_, block_))
            slots_.back().view = *view;
        else
            slots_.back().value = columns_.lanes(column, block * block_, block_);
        uses_.push_back({{column, block, Fr::one()}});
    }
    return slots_[entry->second].coef;
}

void MergeSlots::add_dense(const FormTerm& term, const Fr& scale) {
    FormTerm scaled = term;
    scaled.coef *= scale;
    const std::vector<Fr> dense = form_term_dense(scaled);
    for (std::size_t done = 0; done < dense.size();) {
        const std::size_t lane = term.offset + done;
        if (lane / block_ >= num_blocks(term.column)) break;  // whole-column claims: no such chunk
        std::vector<Fr>& coef = block_slot(term.column, lane / block_);
        const std::size_t run = std::min(block_ - lane % block_, dense.size() - done);
        for (std::size_t x = 0; x < run; ++x) coef[lane % block_ + x] += dense[done + x];
        done += run;
    }
}

std::size_t MergeSlots::sum_slot(const FormTerm& low) {
    auto weights = variable_weights(low);
    for (const auto& [known, slot] : sum_slots_)
        if (!weights.empty() && known == weights) return slot;
    slots_.push_back({form_term_dense(low), std::vector<Fr>(block_), {}});
    uses_.emplace_back();
    if (!weights.empty()) sum_slots_.emplace_back(std::move(weights), slots_.size() - 1);
    return slots_.size() - 1;
}

void MergeSlots::add_factored(const FormTerm& low, const FormTerm& high, const Fr& scale) {
    FormTerm scaled = high;
    scaled.coef *= scale;
    const std::vector<Fr> factors = form_term_dense(scaled);
    const std::size_t first = high.offset / block_;
    const std::size_t blocks = num_blocks(high.column);
    const std::size_t count = std::min(factors.size(), blocks - std::min(blocks, first));
    const std::size_t slot = sum_slot(low);
    columns_.add_chunks(high.column, first * block_, std::span(factors).first(count),
                        slots_[slot].value);
    for (std::size_t i = 0; i < count; ++i)
        uses_[slot].push_back({high.column, first + i, factors[i]});
}

Fr MergeSlots::value() const {
    Fr sum;
    for (const auto& slot : slots_) sum += sumcheck::sum_products(slot.coef, slot.values());
    return sum;
}

std::vector<sumcheck::MergeSlot> MergeSlots::take() {
    return std::move(slots_);
}

std::vector<Fr> MergeSlots::block_values(Column column, std::size_t chunk,
                                         std::span<const Fr> eq) const {
    std::vector<Fr> out(blocks_per_chunk_);
    const std::size_t first = chunk * blocks_per_chunk_;
    const auto ints = columns_.ints(column);
    parallel_for(out.size(), 4, [&](std::size_t begin, std::size_t end) {
        const auto part = std::span(out).subspan(begin, end - begin);
        if (!ints.empty()) {
            const std::int64_t* lanes = ints.data() + (first + begin) * block_;
            add_small_dots<std::int64_t>(part, eq, lanes, block_);
            return;
        }
        std::vector<Fr> fields(block_);
        for (std::size_t i = begin; i < end; ++i) {
            columns_.read(column, (first + i) * block_, fields);
            out[i] = dot(eq, fields);
        }
    });
    if (column != Column::kW) return out;
    for (const auto& [lane, value] : columns_.w_blinders)
        if (lane / block_ >= first && lane / block_ < first + out.size())
            out[lane / block_ - first] += value * eq[lane % block_];
    return out;
}

std::vector<sumcheck::MergeSlot> MergeSlots::late(std::span<const Fr> point,
                                                  std::span<const Fr> coef_evals) {
    MINTMARK_ASSERT(coef_evals.size() == uses_.size() && point.size() == low_vars_);
    std::map<std::pair<Column, std::size_t>, std::vector<Fr>> coefs;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
        for (const Use& use : uses_[i]) {
            std::vector<Fr>& coef = coefs[{use.column, use.block / blocks_per_chunk_}];
            coef.resize(blocks_per_chunk_);
            coef[use.block % blocks_per_chunk_] += coef_evals[i] * use.factor;
        }
    }
    const std::vector<Fr> eq = eq_table(point);
    std::vector<sumcheck::MergeSlot> out;
    for (auto& [place, coef] : coefs) {
        out.push_back({std::move(coef), block_values(place.first, place.second, eq), {}});
        chunks_.push_back(place);
    }
    return out;
}

ChunkCoefs MergeSlots::chunk_coefs(std::span<const Fr> coef_evals) const {
    MINTMARK_ASSERT(coef_evals.size() == chunks_.size());
    ChunkCoefs coefs = zero_chunk_coefs(circuit_);
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const auto [column, chunk] = chunks_[i];
        coefs[static_cast<std::size_t>(column)][chunk] = coef_evals[i];
    }
    return coefs;
}

}  // namespace mintmark::prover
