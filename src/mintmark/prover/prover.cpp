#include "mintmark/prover/prover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/memory.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/kzg.hpp"
#include "mintmark/proof/proof.hpp"
#include "mintmark/prover/grouped_msm.hpp"
#include "mintmark/prover/masks.hpp"
#include "mintmark/prover/memory.hpp"
#include "mintmark/prover/merge_slots.hpp"
#include "mintmark/prover/operand_table.hpp"
#include "mintmark/prover/residual.hpp"
#include "mintmark/sumcheck/product.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::prover {
namespace {

// One proof in the making: methods in the order of section 5.
class Session {
  public:
    Session(const ProvingKey& key, const Srs& srs, const Statement& statement, Rng& rng,
            const ProverTamper& tamper)
        : key_(key),
          circuit_(key.vk.circuit),
          srs_(srs),
          statement_(statement),
          rng_(rng),
          tamper_(tamper),
          m_(std::size_t{1} << circuit_.mu) {}

    Bytes run(Witness witness) {
        absorb_statement();
        commit_trace(std::move(witness));
        commit_inverses();
        MergeSlots slots(circuit_, columns_);
        send_sum(slots);
        product_phase();
        send_evals();
        merge_phase(slots);
        return encode(proof_);
    }

  private:
    void absorb_statement() {
        transcript_.absorb("vk", digest(key_.vk));
        transcript_.absorb("ctx", statement_.context);
        Bytes words;
        for (const Bytes32& word : to_words(statement_.instances)) append(words, word);
        transcript_.absorb("io", words);
    }

    Fr new_blinder(Column column) {
        const Fr blinder = Fr::random(rng_);
        blinders_[static_cast<std::size_t>(column)].push_back(blinder);
        return blinder;
    }

    // Lanes of F, G and H that look up one row hold one value.
    void group_bases() {
        const Points bases = to_xy(std::span(srs_.g1).first(m_));
        std::vector<LaneGroups> groups(circuit_.n_f);
        parallel_for(circuit_.n_f, 1, [&](std::size_t begin, std::size_t end) {
            for (std::size_t c = begin; c < end; ++c)
                groups[c] = LaneGroups(std::span(columns_.rows).subspan(c * m_, m_));
        });
        lane_groups_.reserve(circuit_.n_f);
        for (auto& group : groups) lane_groups_.emplace_back(bases, std::move(group));
    }

    template <class Value>
    [[nodiscard]] G1Affine commit_chunk(Column column, std::size_t c, std::span<const Value> values,
                                        const Fr& blinder) const {
        const GroupedBases* groups = nullptr;
        if (column == Column::kF || column == Column::kG || column == Column::kH)
            groups = &lane_groups_[c];
        const auto sum = groups == nullptr ? std::nullopt : groups->sum(values);
        if (sum) return sum->add(commit(srs_, {}, blinder, m_)).to_affine();
        if constexpr (std::is_same_v<Value, Fr>)
            return commit(srs_, values, blinder, m_);
        else
            return commit_small(srs_, values, blinder, m_);
    }

    // A chunk of H by row.
    [[nodiscard]] G1Affine commit_rows(std::size_t c, const Fr& blinder) const {
        const auto rows = std::span(columns_.rows).subspan(c * m_, m_);
        const G1 sum = lane_groups_[c].sum_by_key(rows, columns_.row_h);
        return sum.add(commit(srs_, {}, blinder, m_)).to_affine();
    }

    std::vector<G1Affine> commit_column(Column column, std::size_t chunks) {
        std::vector<G1Affine> points;
        const auto ints = columns_.ints(column);
        const std::span<const Fr> fields = column == Column::kH ? columns_.h : columns_.ht;
        for (std::size_t c = 0; c < chunks; ++c) {
            const Fr blinder = new_blinder(column);
            if (column == Column::kH && !columns_.row_h.empty()) {
                points.push_back(commit_rows(c, blinder));
                continue;
            }
            points.push_back(ints.empty()
                                 ? commit_chunk(column, c, fields.subspan(c * m_, m_), blinder)
                                 : commit_chunk(column, c, ints.subspan(c * m_, m_), blinder));
        }
        return points;
    }

    // Commits, absorbs under one label, and stores the points.
    void send_columns(std::string_view label,
                      std::span<const std::pair<Column, std::vector<G1Affine>*>> columns) {
        std::vector<G1Affine> all;
        for (const auto& [column, target] : columns) {
            const auto points = commit_column(column, circuit_.num_chunks(column));
            all.insert(all.end(), points.begin(), points.end());
        }
        if (label == "trace")
            for (const auto& coefs : {z_coefs(circuit_, masks_), r_coefs(circuit_, masks_)})
                all.push_back(commit_sparse(srs_, coefs));
        if (tamper_.commitments) tamper_.commitments(label, all);
        transcript_.absorb_points(label, all);
        auto next = all.begin();
        for (const auto& [column, target] : columns) {
            const auto end = next + static_cast<std::ptrdiff_t>(circuit_.num_chunks(column));
            target->assign(next, end);
            next = end;
        }
        if (label == "trace") {
            proof_.z = *next++;
            proof_.r = *next;
        }
    }

    void commit_trace(Witness witness) {
        tables_ = lookup_tables(circuit_);
        columns_ = make_columns(circuit_, tables_, key_.weights, std::move(witness));
        if (tamper_.columns) {
            tamper_.columns(columns_);
            columns_.rows = lane_rows(circuit_, tables_, columns_.f, columns_.g);
        }
        masks_ = random_masks(circuit_, rng_);
        if (tamper_.masks) tamper_.masks(masks_);
        group_bases();
        blinders_[static_cast<std::size_t>(Column::kW)] = key_.weight_blinders;
        if (key_.blinder_degree < m_)
            for (std::size_t c = 0; c < circuit_.n_w; ++c)
                columns_.w_blinders.emplace_back(c * m_ + key_.blinder_degree,
                                                 key_.weight_blinders[c]);
        blinders_[static_cast<std::size_t>(Column::kIn)] = statement_.openings.input;
        blinders_[static_cast<std::size_t>(Column::kOut)] = statement_.openings.output;
        blinders_[static_cast<std::size_t>(Column::kT)].assign(circuit_.n_t, Fr::zero());
        const std::array targets{std::pair{Column::kF, &proof_.f}, std::pair{Column::kG, &proof_.g},
                                 std::pair{Column::kM, &proof_.m}};
        send_columns("trace", targets);
        at_.alpha = transcript_.challenge("alpha");
        at_.beta = transcript_.challenge("beta");
    }

    void commit_inverses() {
        row_prints_ = fingerprints({tables_.row_in, columns_.t, tables_.row_id}, at_.alpha,
                                   at_.beta, (std::size_t{1} << circuit_.kappa()) + 1);
        invert_lanes();
        columns_.ht = quotients(columns_.m, row_prints_);
        if (tamper_.inverses) tamper_.inverses(columns_.h, columns_.ht);
        const std::array targets{std::pair{Column::kH, &proof_.h},
                                 std::pair{Column::kHt, &proof_.ht}};
        send_columns("inv", targets);
        lane_groups_ = {};
        at_.rho = transcript_.challenges("rho", circuit_.n_rho());
        at_.gamma = transcript_.challenge("gamma");
        at_.delta = transcript_.challenge("delta");
    }

    // By row, which takes an inversion a row instead of one a lane, unless a lane is in no table or
    // a test lies: what is false need not be the same for all lanes of a row.
    void invert_lanes() {
        const std::size_t size = std::size_t{1} << circuit_.nu();
        const bool is_false = std::ranges::any_of(columns_.rows, [](auto row) { return row < 0; });
        if (!is_false && !tamper_.columns && !tamper_.inverses) {
            columns_.row_h = inverses_of_used(columns_.rows, row_prints_);
            columns_.rows.resize(size, static_cast<std::int32_t>(columns_.row_h.size() - 1));
            return;
        }
        lane_prints_ =
            fingerprints({columns_.f, columns_.g, tables_.lane_id}, at_.alpha, at_.beta, size);
        columns_.h = inverses(lane_prints_, circuit_.num_lanes());
    }

    void send_sum(MergeSlots& slots) {
        slots.add(sum_form(circuit_, at_.rho, at_.gamma, at_.delta), Fr::one());
        const std::span<const Fr> rho(at_.rho);
        const Instances& io = statement_.instances;
        proof_.sum = slots.value() - const_sum(circuit_, rho, at_.gamma) -
                     public_sum(circuit_, rho, at_.gamma, io.input, io.output) +
                     at_.delta * lt_eval(circuit_.num_lanes(), rho.first(circuit_.nu())) +
                     sumcheck::mask_sum(round_masks(circuit_, masks_));
        if (tamper_.sum) tamper_.sum(proof_.sum);
        transcript_.absorb_fr("sum", std::array{proof_.sum});
    }

    static sumcheck::FrTable padded(std::span<const Fr> values, std::size_t size) {
        sumcheck::FrTable out(size);
        parallel_for(size, std::size_t{1} << 14U, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i)
                out[i] = i < values.size() ? values[i] : Fr::zero();
        });
        return out;
    }

    // The product terms, then L1 and L2.
    std::vector<sumcheck::ProductInstance> instances() {
        std::vector<sumcheck::ProductInstance> all;
        for (const auto& product : product_instances(circuit_, at_.rho, at_.gamma)) {
            const Step& step = circuit_.steps[product.step];
            const ProdTerm& term = step.prods[product.term];
            all.push_back({product.weight, product.shared_point, table_of(step, term, term.a),
                           table_of(step, term, term.b)});
        }
        const std::span<const Fr> rho(at_.rho);
        const auto nu_point = rho.first(circuit_.nu());
        const auto kappa_point = rho.first(circuit_.kappa());
        const std::size_t rows = std::size_t{1} << circuit_.kappa();
        all.push_back({.weight = at_.delta,
                       .eq_point = {nu_point.begin(), nu_point.end()},
                       .a = {columns_.h.begin(), columns_.h.end()},
                       .b = {lane_prints_.begin(), lane_prints_.end()},
                       .shared = {}});
        if (!columns_.row_h.empty())
            all.back().shared = {.rows = columns_.rows,
                                 .a = columns_.row_h,
                                 .b = row_prints_,
                                 .used = circuit_.num_lanes()};
        all.push_back({at_.delta.square(),
                       {kappa_point.begin(), kappa_point.end()},
                       padded(columns_.ht, rows),
                       padded(std::span(row_prints_).first(rows), rows)});
        mask_factors(all);
        return all;
    }

    void mask_factors(std::vector<sumcheck::ProductInstance>& all) const {
        const MaskLayout at(circuit_);
        const std::size_t lookup = all.size() - 2;
        for (std::size_t i = 0; i < lookup; ++i) {
            all[i].mask_a = masks_.slots[at.a(i)];
            all[i].mask_b = masks_.slots[at.b(i)];
        }
        all[lookup].mask_a = masks_.slots[at.h()];
        all[lookup].mask_b = masks_.slots[at.q()];
        all[lookup + 1].mask_a = masks_.slots[at.ht()];
    }

    sumcheck::FrTable table_of(const Step& step, const ProdTerm& term,
                               const Operand& operand) const {
        const Tensor& tensor = circuit_.tensors[operand.tensor];
        const auto lanes = columns_.ints(tensor.column)
                               .subspan(tensor.offset, std::size_t{1} << tensor.num_vars());
        return operand_table(circuit_, step, term, operand, at_.rho, lanes);
    }

    void product_phase() {
        auto result = sumcheck::prove_product(instances(), round_masks(circuit_, masks_),
                                              transcript_, tamper_.product_round);
        proof_.product_rounds = std::move(result.messages);
        proof_.last_product_round = result.last_message;
        const std::size_t lookup = result.a_evals.size() - 2;
        for (std::size_t i = 0; i < lookup; ++i)
            proof_.evals.products.emplace_back(result.a_evals[i], result.b_evals[i]);
        const auto r_nu = suffix(result.challenges, circuit_.nu());
        const auto r_kappa = suffix(result.challenges, circuit_.kappa());
        proof_.evals.h = result.a_evals[lookup];
        proof_.evals.q =
            result.b_evals[lookup] - at_.alpha - at_.beta.square() * id_mle(circuit_, r_nu);
        proof_.evals.ht = result.a_evals[lookup + 1];
        proof_.evals.t = mle_eval_ints(columns_.t, r_kappa);
        at_.r = std::move(result.challenges);
    }

    void send_evals() {
        if (tamper_.evals) tamper_evals();
        transcript_.absorb_fr("evals", to_scalars(proof_.evals));
    }

    void tamper_evals() {
        std::vector<Fr> evals = to_scalars(proof_.evals);
        const Fr claim = product_claim(at_, proof_) - mask_value();
        tamper_.evals(evals, [&](std::span<const Fr> values) {
            return claim - combine_evals(circuit_, at_, values);
        });
        ProductEvals& out = proof_.evals;
        out.h = evals[0];
        out.q = evals[1];
        out.ht = evals[2];
        out.t = evals[3];
        for (std::size_t i = 0; i < out.products.size(); ++i)
            out.products[i] = {evals[4 + 2 * i], evals[5 + 2 * i]};
    }

    // g(r).
    [[nodiscard]] Fr mask_value() const {
        const auto masks = round_masks(circuit_, masks_);
        Fr value = masks.constant + at_.r.back() * horner(masks.last, at_.r.back());
        for (std::size_t i = 0; i < masks.coefs.size(); ++i)
            value += at_.r[i] * horner(masks.coefs[i], at_.r[i]);
        return value;
    }

    void merge_phase(MergeSlots& slots) {
        const Fr lambda = transcript_.challenge("lambda");
        const auto claims =
            merge_claims(circuit_, {at_.rho, at_.gamma, at_.beta, at_.delta, at_.r});
        Fr power = Fr::one();
        for (std::size_t j = 1; j < claims.size(); ++j) {  // claim 0 is there already
            power *= lambda;
            slots.add(claims[j], power);
        }
        const MaskForm form = mask_form(circuit_, at_.r, lambda);
        sumcheck::MergeMask mask(form.slots, form.all, z_lanes(circuit_, masks_),
                                 r_lanes(circuit_, masks_));
        sumcheck::MergeStages stages{slots.take(), slots.low_vars(), {}};
        stages.late = [&](std::span<const Fr> point, std::span<const Fr> coefs) {
            return slots.late(point, coefs);
        };
        auto result = sumcheck::prove_merge(std::move(stages), mask, circuit_.mu, transcript_,
                                            tamper_.merge_round);
        proof_.merge_rounds = std::move(result.messages);
        auto f = combine(slots.chunk_coefs(result.coef_evals));
        add_sparse(f, z_coefs(circuit_, masks_), mask.coef_z());
        add_sparse(f, r_coefs(circuit_, masks_), mask.coef_r());
        proof_.opening = mercury_open(srs_, f, result.point, transcript_);
        if (tamper_.opening) tamper_.opening(proof_.opening);
    }

    static void add_sparse(std::span<Fr> f, const sumcheck::SparseColumn& coefs, const Fr& scale) {
        for (const auto& [degree, value] : coefs) f[degree] += scale * value;
    }

    // sum of coef_c p_c over all columns but Z and R: m coefficients, the combined blinder, room
    // for Z's high coefficients.
    [[nodiscard]] std::vector<Fr> combine(const ChunkCoefs& coefs) const {
        std::vector<Fr> f(masked_length(circuit_.mu));
        for (std::size_t k = 0; k <= static_cast<std::size_t>(Column::kT); ++k) {
            columns_.add_chunks(static_cast<Column>(k), 0, coefs[k], std::span(f).first(m_));
            const bool is_weight = static_cast<Column>(k) == Column::kW;
            Fr& blinder = f[is_weight ? key_.blinder_degree : m_];
            for (std::size_t c = 0; c < coefs[k].size(); ++c)
                blinder += coefs[k][c] * blinders_[k][c];
        }
        return f;
    }

    const ProvingKey& key_;
    const Circuit& circuit_;
    const Srs& srs_;
    const Statement& statement_;
    Rng& rng_;
    const ProverTamper& tamper_;
    std::size_t m_;
    Transcript transcript_;
    LookupTables tables_;
    Columns columns_;
    Masks masks_;
    std::array<std::vector<Fr>, kNumColumns> blinders_;
    std::vector<GroupedBases> lane_groups_;     // per chunk
    std::vector<Fr> lane_prints_, row_prints_;  // alpha + in + beta out + beta^2 id; alpha last
    Challenges at_;
    Proof proof_;
};

Status check_sizes(const Circuit& circuit, const Statement& statement, const Witness& witness) {
    MINTMARK_CHECK(check_instances(circuit, statement.instances));
    if (witness.f.size() != circuit.num_lanes() ||
        witness.g.size() != std::size_t{circuit.n_g} << circuit.mu ||
        witness.input.size() != num_entries(circuit.input_tensor().axes) ||
        witness.output.size() != num_entries(circuit.output_tensor().axes))
        return fail(ErrorCode::kInvalidArgument, "the witness is of another circuit");
    if (statement.openings.input.size() != circuit.n_in ||
        statement.openings.output.size() != circuit.n_out)
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("{} input and {} output blinders are needed", circuit.n_in, circuit.n_out));
    return {};
}

}  // namespace

Result<Bytes> prove(const ProvingKey& key, const Srs& srs, const Statement& statement,
                    Witness witness, Rng& rng, const ProverTamper& tamper) {
    const Circuit& circuit = key.vk.circuit;
    MINTMARK_CHECK(check_sizes(circuit, statement, witness));
    if (srs.g1.size() < masked_length(circuit.mu) || srs.digest() != key.vk.srs_digest)
        return fail(ErrorCode::kUnsupported, "the SRS is not the one that the key was made with",
                    "use the SRS of the setup, or run the setup again");
    if (key.weights.size() != std::size_t{circuit.n_w} << circuit.mu ||
        key.weight_blinders.size() != circuit.n_w ||
        key.blinder_degree > std::size_t{1} << circuit.mu)
        return fail(ErrorCode::kInvalidArgument, "the proving key is not whole");
    warm_heap(memory_needed(circuit));
    return Session(key, srs, statement, rng, tamper).run(std::move(witness));
}

}  // namespace mintmark::prover
