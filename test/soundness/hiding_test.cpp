// No number of a proof is the quantity that it hides: neither an evaluation, a sum or a value of a
// chunk, nor a commitment without its blinder, nor any part of an opening without masks.
#include <set>

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/kzg.hpp"
#include "opened_proof.hpp"

namespace mintmark::testing {
namespace {

using Words = std::set<Bytes32>;

// The evaluations without masks, in the order of the bytes; t, public, is left out.
std::vector<Fr> true_evals(const OpenedProof& p, const Circuit& circuit) {
    const MaskLayout at(circuit);
    const Fr theta = mask_factor(p.at.r.back());
    const ProductEvals& e = p.proof.evals;
    std::vector<Fr> out{e.h - theta * p.masks.slots[at.h()], e.q - theta * p.masks.slots[at.q()],
                        e.ht - theta * p.masks.slots[at.ht()]};
    for (std::size_t i = 0; i < e.products.size(); ++i) {
        out.push_back(e.products[i].first - theta * p.masks.slots[at.a(i)]);
        out.push_back(e.products[i].second - theta * p.masks.slots[at.b(i)]);
    }
    auto h = p.columns.h;
    h.resize(std::size_t{1} << circuit.nu());
    EXPECT_EQ(out[0], mle_eval(h, suffix(p.at.r, circuit.nu())));
    auto ht = p.columns.ht;
    ht.resize(std::size_t{1} << circuit.kappa());
    EXPECT_EQ(out[2], mle_eval(ht, suffix(p.at.r, circuit.kappa())));
    return out;
}

// c without the mask's sum, the sum of H, M~(rho), and D.
std::vector<Fr> true_sums(const OpenedProof& p, const ProvenModel& model) {
    const Circuit& circuit = model.circuit();
    const std::span<const Fr> rho(p.at.rho);
    const Instances& io = model.statement.instances;
    const Fr c = p.proof.sum - sumcheck::mask_sum(prover::round_masks(circuit, p.masks));
    Fr s = Fr::zero();
    for (const Fr& h : p.columns.h) s += h;
    auto counts = p.columns.lanes(Column::kM, 0, p.columns.m.size());
    counts.resize(std::size_t{1} << circuit.kappa());
    const Fr m = mle_eval(counts, rho.first(circuit.kappa()));
    const Fr lookups = lt_eval(circuit.num_lanes(), rho.first(circuit.nu())) + p.at.delta * m;
    const Fr d = c + const_sum(circuit, rho, p.at.gamma) +
                 public_sum(circuit, rho, p.at.gamma, io.input, io.output) - p.at.delta * lookups;
    return {c, s, m, d};
}

// Chunk c of a column as coefficients.
std::vector<Fr> chunk(const OpenedProof& p, const Circuit& circuit, Column column, std::size_t c) {
    const std::size_t m = std::size_t{1} << circuit.mu;
    return p.columns.lanes(column, c * m, m);
}

void add_scalar(Words& words, const Fr& value) {
    words.insert(value.to_bytes());
}
void add_point(Words& words, const G1Affine& point) {
    for (const Bytes32& word : words_of(point.to_bytes())) words.insert(word);
}

// What a prover without masks and blinders would show of an opening of f at z.
void add_opening(Words& words, const OpenedProof& p, const std::vector<Fr>& f) {
    const auto o = tiny::open<Fr>(f, p.z, p.opening);
    for (const Fr& x : {o.g_z, o.g_zi, o.h_z, o.h_zi, o.s_z, o.s_zi}) add_scalar(words, x);
    for (const Fr& log : {o.h, o.q, o.g, o.s, o.d, o.w, o.w_y})
        add_point(words, G1::generator().mul(log).to_affine());
}

// Values and commitments of single chunks, and the opening of all of them without masks.
void add_chunks(Words& words, const OpenedProof& p, const ProvenModel& model) {
    const Circuit& circuit = model.circuit();
    const std::size_t m = std::size_t{1} << circuit.mu;
    const ChunkCoefs coefs = merge_chunk_coefs(
        circuit, {p.at.rho, p.at.gamma, p.at.beta, p.at.delta, p.at.r}, p.lambda, p.z);
    std::vector<Fr> all(m + 1), no_blinders(m + 1);
    for (std::size_t k = 0; k <= static_cast<std::size_t>(Column::kT); ++k) {
        for (std::size_t c = 0; c < coefs[k].size(); ++c) {
            const auto lanes = chunk(p, circuit, static_cast<Column>(k), c);
            add_scalar(words, mle_eval(lanes, p.z));
            add_point(words, commit(model.srs, lanes, Fr::zero(), m));
            for (std::size_t x = 0; x < m; ++x) all[x] += coefs[k][c] * lanes[x];
        }
    }
    add_scalar(words, mle_eval(std::span(all).first(m), p.z));
    add_opening(words, p, all);
}

Words hidden_words(const OpenedProof& p, const ProvenModel& model) {
    Words hidden;
    for (const Fr& x : true_evals(p, model.circuit())) add_scalar(hidden, x);
    for (const Fr& x : true_sums(p, model)) add_scalar(hidden, x);
    add_chunks(hidden, p, model);
    hidden.erase(Bytes32{});  // public columns that are zero: no number of the proof is
    return hidden;
}

std::size_t count_shown(const Words& hidden, const OpenedProof& p) {
    const auto words = words_of(encode(p.proof));
    return static_cast<std::size_t>(
        std::ranges::count_if(words, [&](const Bytes32& word) { return hidden.contains(word); }));
}

TEST(Hiding, NoWordIsTheQuantityThatItMasks) {
    for (const Sample& sample : zk_samples()) {
        ProvenModel model(sample);
        const OpenedProof p = prove_openly(model);
        EXPECT_EQ(count_shown(hidden_words(p, model), p), 0U);
    }
}

// The negative control: without slots, c and every evaluation but t are shown.
TEST(Hiding, WithoutSlotsTheQuantitiesAreShown) {
    for (const Sample& sample : zk_samples()) {
        ProvenModel model(sample);
        const OpenedProof p = prove_openly(model, [](prover::Masks& masks) {
            std::ranges::fill(masks.slots, Fr::zero());
            balance(masks);
        });
        EXPECT_EQ(count_shown(hidden_words(p, model), p), 4 + 2 * model.circuit().num_products());
    }
}

}  // namespace
}  // namespace mintmark::testing
