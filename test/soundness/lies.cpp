#include "lies.hpp"

#include <algorithm>

#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/table.hpp"

namespace mintmark::testing {
namespace {

using prover::Columns;
using prover::ProverTamper;
using Tamper = std::function<void(ProverTamper&)>;
using Residual = std::function<Fr(std::span<const Fr>)>;

LyingProof present(ProvenModel& model, const ProverTamper& tamper = {}) {
    Bytes proof = model.prove(tamper);
    return {model.vk, model.statement.context, model.statement.instances, std::move(proof)};
}

Lie by_tamper(std::string name, const Tamper& set) {
    return {std::move(name), [set](const Sample& sample) {
                ProvenModel model(sample);
                ProverTamper tamper;
                set(tamper);
                return present(model, tamper);
            }};
}

Lie by_columns(std::string name, const std::function<void(Columns&)>& change) {
    return by_tamper(std::move(name), [change](ProverTamper& t) { t.columns = change; });
}

Lie by_model(std::string name, const std::function<void(ProvenModel&, const Sample&)>& change) {
    return {std::move(name), [change](const Sample& sample) {
                ProvenModel model(sample);
                change(model, sample);
                return present(model);
            }};
}

// Alters evaluation `at` so that the verifier's check of the evaluations passes again.
void repair(std::span<Fr> evals, const Residual& residual, std::size_t at) {
    const Fr before = residual(evals);
    evals[at] += Fr::one();
    const Fr slope = before - residual(evals);
    evals[at] += before * slope.inverse() - Fr::one();
    MINTMARK_ASSERT(residual(evals).is_zero());
}

// As by_tamper, and the evaluation at `at` covers it up.
Lie covered(std::string name, std::size_t at, const Tamper& set) {
    return by_tamper(std::move(name), [set, at](ProverTamper& t) {
        set(t);
        t.evals = [at](std::span<Fr> evals, const Residual& residual) {
            repair(evals, residual, at);
        };
    });
}

// The first step with two limbs: remainder, then look-up.
const Step& relu_step(const Circuit& circuit) {
    return *std::ranges::find_if(circuit.steps, [](const Step& s) { return s.limbs.size() == 2; });
}
// The step that makes the scores: the last one with limbs.
const Step& score_step(const Circuit& circuit) {
    return circuit.steps[circuit.steps.size() - 2];
}
std::size_t lane(const Circuit& circuit, const Limb& limb, std::size_t index = 0) {
    return circuit.tensors[limb.tensor].offset + index;
}

void add_witness_lies(std::vector<Lie>& out, const Circuit& circuit) {
    const Step& relu = relu_step(circuit);
    const std::size_t rest = lane(circuit, relu.limbs[0]), pre = lane(circuit, relu.limbs[1]);
    out.push_back(by_columns("wrong activation", [pre](Columns& c) { c.g[pre] += 1; }));
    out.push_back(by_columns("wrong remainder", [rest](Columns& c) { c.f[rest] ^= 1; }));
    out.push_back(by_columns("wrong pre-image", [pre](Columns& c) { c.f[pre] += 1; }));
    out.push_back(by_model("activations of another function", [](ProvenModel& m, const Sample& s) {
        Circuit other = s.circuit;
        for (Table& table : other.tables)
            if (table.function == TableFunction::kRelu) table.out_hi = 1;
        auto made = *prover::fill_witness(other, s.weights, s.input);
        MINTMARK_ASSERT(made.g != m.witness.g);
        m.witness = std::move(made);
        m.restate();
    }));
    out.push_back(by_model(
        "remainder out of range, made up by the other limb", [](ProvenModel& m, const Sample& s) {
            const Step& score = score_step(s.circuit);
            m.witness.f[lane(s.circuit, score.limbs[0])] += std::int64_t{1} << score.limbs[1].shift;
            m.witness.f[lane(s.circuit, score.limbs[1])] -= 1;
            m.witness.output[0] -= 1;
            m.restate();
        }));
    out.push_back(by_columns("wrong multiplicity", [](Columns& c) { c.m[0] += 1; }));
    out.push_back(by_columns("multiplicity moved to another row", [](Columns& c) {
        const auto used = std::ranges::find_if(c.m, [](std::int64_t n) { return n > 0; });
        *used -= 1;
        c.m[static_cast<std::size_t>(used - c.m.begin()) + 1] += 1;
    }));
    out.push_back(by_columns("other table outputs", [](Columns& c) { c.t[0] += 1; }));
}

// Lane of the first limb tensor's padding: in the last index of an axis with padding.
std::size_t padded_lane(const Circuit& circuit, const Limb& limb) {
    const Tensor& tensor = circuit.tensors[limb.tensor];
    return tensor.offset + (std::size_t{1} << tensor.num_vars()) - 1;
}

void add_padding_lies(std::vector<Lie>& out, const Circuit& circuit) {
    const std::size_t pad = padded_lane(circuit, relu_step(circuit).limbs[1]);
    out.push_back(by_columns("padding lane of F filled", [pad](Columns& c) { c.f[pad] = 1; }));
    out.push_back(by_columns("padding lane of F filled and counted", [pad](Columns& c) {
        c.f[pad] = 1;
        *std::ranges::max_element(c.m) += 1;
    }));
    out.push_back(by_columns("padding lane of G filled", [pad](Columns& c) { c.g[pad] = 1; }));
    if (circuit.output == Visibility::kPublic || circuit.input == Visibility::kPublic) return;
    // One more score, weights and all, in lanes that are padding: every relation holds.
    out.push_back({"padding lanes of weights, activations and output filled", [](const Sample& s) {
                       NetShape shape = kTinyNet;
                       shape.scores += 1;
                       const Sample wide =
                           sample_net(shape, {s.circuit.mu, s.circuit.input, s.circuit.output, 1});
                       ProvenModel model(wide);
                       MINTMARK_ASSERT(model.witness.output.back() != 0);
                       model.key = *prover::setup(s.circuit, wide.weights, model.srs, filled(7));
                       model.vk = model.key.vk;
                       const std::vector<std::int64_t> box = model.witness.output;
                       model.witness.output.resize(kTinyNet.scores);
                       ProverTamper tamper;
                       tamper.columns = [box](Columns& c) {
                           std::ranges::copy(box, c.out.begin());
                       };
                       return present(model, tamper);
                   }});
}

void add_model_lies(std::vector<Lie>& out) {
    const auto other_weights = [](const Sample& s) {
        auto weights = s.weights;
        weights[0] += weights[0] == 0 ? 1 : -weights[0];
        return weights;
    };
    out.push_back(
        by_model("other weights than committed", [other_weights](ProvenModel& m, const Sample& s) {
            m.key.weights = other_weights(s);
            m.witness = *prover::fill_witness(s.circuit, m.key.weights, s.input);
            m.restate();
        }));
    out.push_back({"proof of another model", [other_weights](const Sample& s) {
                       Sample other = s;
                       other.weights = other_weights(s);
                       ProvenModel model(other);
                       model.vk = ProvenModel(s).vk;
                       return present(model);
                   }});
    out.push_back(by_model("output of another model", [](ProvenModel& m, const Sample& s) {
        auto weights = s.weights;
        for (auto& w : weights) w = -w;
        m.witness.output = prover::fill_witness(s.circuit, weights, s.input)->output;
        m.restate();
    }));
    out.push_back(by_model("output off by one", [](ProvenModel& m, const Sample&) {
        m.witness.output.back() += 1;
        m.restate();
    }));
    out.push_back(by_model("another input", [](ProvenModel& m, const Sample&) {
        m.witness.input[0] ^= 1;
        m.restate();
    }));
    out.push_back(by_model("wrong weight blinder", [](ProvenModel& m, const Sample&) {
        m.key.weight_blinders[0] += Fr::one();
    }));
}

void add_statement_lies(std::vector<Lie>& out) {
    out.push_back({"replayed under another context", [](const Sample& s) {
                       ProvenModel model(s);
                       LyingProof proof = present(model);
                       proof.context[31] ^= 1;
                       return proof;
                   }});
    out.push_back({"replayed for another input", [](const Sample& s) {
                       ProvenModel model(s);
                       LyingProof proof = present(model);
                       Sample other = s;
                       other.input[0] ^= 1;
                       proof.instances = ProvenModel(other).statement.instances;
                       return proof;
                   }});
}

void add_claim_lies(std::vector<Lie>& out) {
    constexpr std::size_t kH = 0, kQ = 1, kHt = 2, kT = 3, kFirstA = 4;
    const Tamper wrong_d = [](ProverTamper& t) { t.sum = [](Fr& c) { c += Fr::one(); }; };
    const Tamper wrong_m = [](ProverTamper& t) { t.columns = [](Columns& c) { c.m[0] += 1; }; };
    const Tamper wrong_round = [](ProverTamper& t) {
        t.product_round = [](std::size_t j, std::span<Fr> c) {
            if (j == 0) c[0] += Fr::one();
        };
    };
    out.push_back(by_tamper("wrong sum", wrong_d));
    out.push_back(covered("wrong sum, covered by an activation", kFirstA, wrong_d));
    out.push_back(covered("wrong sum, covered by T", kT, wrong_d));
    out.push_back(covered("wrong sum, covered by HT", kHt, wrong_d));
    out.push_back(covered("wrong multiplicity, covered by F + beta G", kQ, wrong_m));
    out.push_back(covered("wrong multiplicity, covered by H", kH, wrong_m));
    out.push_back(covered("wrong round, covered by an activation", kFirstA, wrong_round));
    out.push_back(by_tamper("weights' value covered by the activations'", [](ProverTamper& t) {
        t.evals = [](std::span<Fr> evals, const Residual& residual) {
            evals[kFirstA] += Fr::one();
            repair(evals, residual, kFirstA + 1);
        };
    }));
}

void add_inverse_lies(std::vector<Lie>& out) {
    using Vector = std::vector<Fr>;
    const auto add = [&](std::string name, const std::function<void(Vector&, Vector&)>& change) {
        out.push_back(
            by_tamper(std::move(name), [change](ProverTamper& t) { t.inverses = change; }));
    };
    add("wrong inverse in H", [](Vector& h, Vector&) { h[0] += Fr::one(); });
    add("wrong inverses in H with the right sum", [](Vector& h, Vector&) {
        h[0] += Fr::one();
        h[1] -= Fr::one();
    });
    add("wrong inverse in HT", [](Vector&, Vector& ht) { ht[0] += Fr::one(); });
    add("H all zero", [](Vector& h, Vector&) { std::ranges::fill(h, Fr::zero()); });
}

void add_mask_lies(std::vector<Lie>& out, const Circuit& circuit) {
    using prover::Masks;
    const auto add = [&](std::string name, const std::function<void(Masks&)>& change) {
        out.push_back(by_tamper(std::move(name), [change](ProverTamper& t) { t.masks = change; }));
    };
    const auto covered_up = [](std::size_t at) {
        return [at](ProverTamper& t) {
            t.evals = [at](std::span<Fr> evals, const Residual& residual) {
                evals[4] += Fr::one();
                repair(evals, residual, at);
            };
        };
    };
    add("masks of the merge sumcheck with another sum than zero",
        [](Masks& m) { m.z_top += Fr::one(); });
    add("masks of R out of balance", [](Masks& m) { m.r_rounds[0] += Fr::one(); });
    out.push_back(by_tamper("masked evaluation covered by another one's mask", covered_up(0)));
    out.push_back(by_tamper("no masks at all", [](ProverTamper& t) {
        t.masks = [](Masks& m) {
            m = {.slots = std::vector<Fr>(m.slots.size()),
                 .z_rounds = std::vector<Fr>(m.z_rounds.size()),
                 .r_rounds = std::vector<Fr>(m.r_rounds.size())};
        };
    }));
    const std::size_t z = std::size_t{circuit.n_f} + circuit.n_g + circuit.n_t;
    out.push_back(by_tamper("commitments of Z and R swapped", [z](ProverTamper& t) {
        t.commitments = [z](std::string_view label, std::vector<G1Affine>& points) {
            if (label == "trace") std::swap(points[z], points[z + 1]);
        };
    }));
    for (const std::size_t at : {z, z + 1})
        out.push_back(
            by_tamper("commitment of a mask column of another proof", [at](ProverTamper& t) {
                t.commitments = [at](std::string_view label, std::vector<G1Affine>& points) {
                    if (label == "trace") points[at] = G1Affine::generator();
                };
            }));
}

void add_commitment_lies(std::vector<Lie>& out, const Circuit& circuit) {
    const auto swap = [&](std::string name, std::string_view label, std::size_t i, std::size_t j) {
        out.push_back(by_tamper(std::move(name), [label, i, j](ProverTamper& t) {
            t.commitments = [label, i, j](std::string_view now, std::vector<G1Affine>& points) {
                if (now == label) std::swap(points[i], points[j]);
            };
        }));
    };
    swap("commitments of F and G swapped", "trace", 0, circuit.n_f);
    swap("commitments of H and HT swapped", "inv", 0, circuit.n_f);
    if (circuit.n_f > 1) swap("two chunks of F swapped", "trace", 0, 1);
    if (circuit.n_f > 1) swap("two chunks of H swapped", "inv", 0, 1);
}

}  // namespace

std::vector<Lie> lies(const Sample& sample) {
    std::vector<Lie> out;
    add_witness_lies(out, sample.circuit);
    add_padding_lies(out, sample.circuit);
    add_model_lies(out);
    add_statement_lies(out);
    add_claim_lies(out);
    add_inverse_lies(out);
    add_mask_lies(out, sample.circuit);
    add_commitment_lies(out, sample.circuit);
    return out;
}

std::vector<Lie> altered_messages(const Sample& sample) {
    std::vector<Lie> out;
    const auto rounds = [&](std::string name, std::size_t count, std::size_t width, auto member) {
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t k = 0; k < width; ++k)
                out.push_back(by_tamper(
                    name + " round " + std::to_string(j) + " coefficient " + std::to_string(k),
                    [j, k, member](ProverTamper& t) {
                        t.*member = [j, k](std::size_t round, std::span<Fr> message) {
                            if (round == j) message[k] += Fr::one();
                        };
                    }));
    };
    rounds("product", sample.circuit.n_prod(), 3, &ProverTamper::product_round);
    for (const std::size_t k : {3U, 4U})
        out.push_back(
            by_tamper("product last round coefficient " + std::to_string(k), [k](ProverTamper& t) {
                t.product_round = [k](std::size_t, std::span<Fr> message) {
                    if (message.size() > k) message[k] += Fr::one();
                };
            }));
    rounds("merge", sample.circuit.mu, 2, &ProverTamper::merge_round);
    for (std::size_t i = 0; i < 4 + 2 * sample.circuit.num_products(); ++i)
        out.push_back(by_tamper("evaluation " + std::to_string(i), [i](ProverTamper& t) {
            t.evals = [i](std::span<Fr> evals, const Residual&) { evals[i] += Fr::one(); };
        }));
    for (const auto point : {&MercuryProof::h, &MercuryProof::q, &MercuryProof::g, &MercuryProof::s,
                             &MercuryProof::d, &MercuryProof::w, &MercuryProof::w_y})
        out.push_back(by_tamper("opening, a point", [point](ProverTamper& t) {
            t.opening = [point](MercuryProof& p) { p.*point = G1Affine::generator(); };
        }));
    for (const auto value :
         {&MercuryProof::zeta_inv, &MercuryProof::g_z, &MercuryProof::g_zi, &MercuryProof::h_z,
          &MercuryProof::h_zi, &MercuryProof::s_z, &MercuryProof::s_zi})
        out.push_back(by_tamper("opening, a value", [value](ProverTamper& t) {
            t.opening = [value](MercuryProof& p) { p.*value += Fr::one(); };
        }));
    return out;
}

}  // namespace mintmark::testing
