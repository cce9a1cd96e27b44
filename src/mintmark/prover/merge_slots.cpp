#include "mintmark/prover/merge_slots.hpp"

#include <algorithm>

#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kGrain = 4096;

bool is_product_over_variables(const FormTerm& term) {
    return std::ranges::all_of(term.weights, [](const AxisWeight& weight) {
        return weight.kind == MapKind::kAll || weight.kind == MapKind::kEq;
    });
}

// Weights of the two values of each variable, lowest variable first.
std::vector<VariableWeights> variable_weights(const FormTerm& term) {
    std::vector<VariableWeights> out;
    for (std::size_t k = term.weights.size(); k-- > 0;) {
        const AxisWeight& weight = term.weights[k];
        for (std::size_t i = 0; i < weight.num_vars(); ++i) {
            if (weight.kind == MapKind::kAll)
                out.emplace_back(Fr::one(), Fr::one());
            else
                out.emplace_back(Fr::one() - weight.env[0].point[i], weight.env[0].point[i]);
        }
    }
    return out;
}

// The products of the weights over all values of the variables, threaded.
std::vector<Fr> product_table(std::span<const VariableWeights> weights) {
    std::vector<Fr> table(std::size_t{1} << weights.size());
    table[0] = Fr::one();
    std::size_t size = 1;
    for (const auto& [at0, at1] : weights) {
        const bool is_all = at0 == Fr::one() && at1 == Fr::one();  // else their sum is 1
        parallel_for(size, kGrain, [&](std::size_t begin, std::size_t end) {
            const auto low = std::span(table).subspan(begin, end - begin);
            const auto high = std::span(table).subspan(size + begin, end - begin);
            if (is_all)
                std::ranges::copy(low, high.begin());
            else
                split_eq(low, high, at1);
        });
        size *= 2;
    }
    return table;
}

}  // namespace

MergeSlots::MergeSlots(const Circuit& circuit, const Columns& columns)
    : circuit_(circuit), columns_(columns), m_(std::size_t{1} << circuit.mu) {}

void MergeSlots::add(const LinearForm& form, const Fr& scale) {
    for (const FormTerm& term : form.terms) {
        if (term.num_vars() > circuit_.mu && is_product_over_variables(term))
            add_folded(term, scale);
        else
            add_dense(term, scale);
    }
}

std::vector<Fr>& MergeSlots::chunk_slot(Column column, std::size_t chunk) {
    const auto [entry, is_new] = chunk_slots_.try_emplace({column, chunk}, slots_.size());
    if (is_new) {
        slots_.push_back({std::vector<Fr>(m_), {}, {}});
        if (const auto view = columns_.view(column, chunk * m_, m_))
            slots_.back().view = *view;
        else
            slots_.back().value = columns_.lanes(column, chunk * m_, m_);
        shares_.push_back({{column, chunk, Fr::one()}});
    }
    return slots_[entry->second].coef;
}

void MergeSlots::add_dense(const FormTerm& term, const Fr& scale) {
    FormTerm scaled = term;
    scaled.coef *= scale;
    const std::vector<Fr> dense = form_term_dense(scaled);
    const std::size_t chunks = circuit_.num_chunks(term.column);
    for (std::size_t done = 0; done < dense.size();) {
        const std::size_t lane = term.offset + done;
        if (lane / m_ >= chunks) break;  // whole-column claims: these chunks do not exist
        std::vector<Fr>& coef = chunk_slot(term.column, lane / m_);
        const std::size_t run = std::min(m_ - lane % m_, dense.size() - done);
        parallel_for(run, kGrain, [&](std::size_t begin, std::size_t end) {
            for (std::size_t x = begin; x < end; ++x) coef[lane % m_ + x] += dense[done + x];
        });
        done += run;
    }
}

std::size_t MergeSlots::folded_slot(std::span<const VariableWeights> low) {
    for (const auto& [weights, slot] : folded_slots_)
        if (std::ranges::equal(weights, low)) return slot;
    slots_.push_back({product_table(low), std::vector<Fr>(m_), {}});
    shares_.emplace_back();
    folded_slots_.emplace_back(std::vector(low.begin(), low.end()), slots_.size() - 1);
    return slots_.size() - 1;
}

void MergeSlots::add_folded(const FormTerm& term, const Fr& scale) {
    const auto weights = variable_weights(term);
    auto high = product_table(std::span(weights).subspan(circuit_.mu));
    for (Fr& factor : high) factor *= scale * term.coef;
    const std::size_t chunks = circuit_.num_chunks(term.column);
    const std::size_t first = term.offset / m_;
    const std::size_t count = std::min(high.size(), chunks - std::min(chunks, first));
    const std::size_t slot = folded_slot(std::span(weights).first(circuit_.mu));
    columns_.add_chunks(term.column, first * m_, std::span(high).first(count), slots_[slot].value);
    for (std::size_t i = 0; i < count; ++i)
        shares_[slot].push_back({term.column, first + i, high[i]});
}

Fr MergeSlots::value() const {
    Fr sum = Fr::zero();
    for (const auto& slot : slots_) sum += sumcheck::sum_products(slot.coef, slot.values());
    return sum;
}

std::vector<sumcheck::MergeSlot> MergeSlots::take() {
    return std::move(slots_);
}

ChunkCoefs MergeSlots::chunk_coefs(std::span<const Fr> coef_evals) const {
    ChunkCoefs coefs = zero_chunk_coefs(circuit_);
    for (std::size_t i = 0; i < shares_.size(); ++i)
        for (const Share& share : shares_[i])
            coefs[static_cast<std::size_t>(share.column)][share.chunk] +=
                coef_evals[i] * share.factor;
    return coefs;
}

}  // namespace mintmark::prover
