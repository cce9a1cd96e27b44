// Lying provers of accuracy proofs: each lie is rejected, and for its own sake: the same session
// without it verifies (docs/spec/accuracy.md section 5).
#include "mintmark/compiler/accuracy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/circuit/layout.hpp"
#include "mintmark/prover/int_columns.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr std::uint32_t kSamples = 5;  // three more lanes are padding
constexpr std::uint8_t kModelMu = 7;   // weights of several chunks
constexpr std::uint8_t kMu = 10;

struct Labelled {
    Ints values;
    std::int64_t label = 0;
};

std::size_t argmax(const Ints& scores) {
    return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

/// A model, its key, and everything that an accuracy prover has.
class AccuracySession {
  public:
    explicit AccuracySession(bool all_scores_tie = false)
        : model_(sample_net(kTinyNet, {.mu = kModelMu})), srs_(test_srs(kMu)) {
        if (all_scores_tie) std::ranges::fill(model_.weights, 0);
        shape_ = *compiler::sample_shape(model_.circuit);
        auto made = prover::setup(model_.circuit, model_.weights, srs_, filled(7));
        MINTMARK_ASSERT(made.has_value());
        key_ = *std::move(made);
        key_.weights = compiler::accuracy_weights(model_.circuit, circuit(kSamples), key_.weights);
        key_.vk = key_of(kSamples);
        SeededRng rng(11);
        for (std::size_t n = 0; n < kSamples; ++n) {
            Labelled sample;
            for (std::size_t i = 0; i < shape_.values; ++i)
                sample.values.push_back(static_cast<std::int64_t>(rng.next() % 16));
            // The first and the last are right, the others are not.
            const std::size_t answer = argmax(scores(sample));
            sample.label = static_cast<std::int64_t>(
                n == 0 || n + 1 == kSamples ? answer : (answer + 1) % shape_.classes);
            samples.push_back(std::move(sample));
        }
    }

    [[nodiscard]] Ints scores(const Labelled& sample) const {
        return prover::fill_witness(model_.circuit, model_.weights, sample.values)->output;
    }
    [[nodiscard]] Circuit circuit(std::uint32_t count) const {
        auto out = compiler::accuracy_circuit(model_.circuit, {.num_samples = count, .mu = kMu});
        MINTMARK_ASSERT(out.has_value());
        return *std::move(out);
    }
    [[nodiscard]] VerifyingKey key_of(std::uint32_t count) const {
        Circuit c = circuit(count);
        auto t = prover::commit_tables(c, srs_);
        return {std::move(c), srs_.digest(), key_.vk.w, std::move(t)};
    }
    [[nodiscard]] Ints input(const std::vector<Labelled>& set) const {
        Ints out;
        for (const Labelled& sample : set) {
            Ints row = sample.values;
            row.push_back(sample.label);
            row.resize(shape_.row, 0);
            out.insert(out.end(), row.begin(), row.end());
        }
        return out;
    }
    [[nodiscard]] prover::Witness run(const Circuit& circuit, const Ints& input) const {
        auto out = prover::fill_witness(circuit, key_.weights, input);
        MINTMARK_ASSERT(out.has_value());
        return *std::move(out);
    }
    [[nodiscard]] prover::Witness honest() const { return run(key_.vk.circuit, input(samples)); }

    /// Proves `witness` (its input is what the verifier sees the commitment of) and verifies. With
    /// `box`, the input column holds these values as a box of that circuit instead.
    [[nodiscard]] Status present(const prover::Witness& witness, const Circuit* box = nullptr,
                                 const Ints& values = {}) {
        prover::Statement statement{.context = filled(3), .instances = {}, .openings = {}};
        const Circuit& c = key_.vk.circuit;
        statement.openings = prover::random_openings(c, rng_);
        statement.instances = prover::make_instances(c, srs_, witness, statement.openings);
        prover::ProverTamper tamper;
        if (box != nullptr) {
            const Tensor& tensor = box->input_tensor();
            statement.instances.input_commitments =
                prover::commit_box(*box, srs_, tensor, values, statement.openings.input);
            tamper.columns = [&](prover::Columns& columns) {
                const Ints lanes = prover::to_box(tensor.axes, values);
                std::ranges::copy(lanes, columns.in.begin());
            };
        }
        auto proof = prover::prove(key_, srs_, statement, witness, rng_, tamper);
        MINTMARK_ASSERT(proof.has_value());
        return verify(key_.vk, srs_.tau, statement.context, statement.instances, *proof);
    }

    [[nodiscard]] const Circuit& circuit() const { return key_.vk.circuit; }
    [[nodiscard]] const compiler::SampleShape& shape() const { return shape_; }
    [[nodiscard]] const prover::ProvingKey& key() const { return key_; }

    std::vector<Labelled> samples;

  private:
    Sample model_;
    const Srs& srs_;
    compiler::SampleShape shape_;
    prover::ProvingKey key_;
    SeededRng rng_{99};
};

void expect_rejected(const Status& status) {
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::kRejected);
}

/// Lane of sample n in the F tensor that says whether samples are right: the last limb.
std::size_t right_lane(const Circuit& circuit, std::size_t n) {
    const Limb& limb = circuit.steps[circuit.steps.size() - 2].limbs.back();
    return circuit.tensors[limb.tensor].offset + n;
}

TEST(LyingAccuracy, HonestProofVerifies) {
    AccuracySession session;
    const prover::Witness witness = session.honest();
    EXPECT_EQ(witness.output, Ints{2});
    ASSERT_TRUE(prover::mock(session.circuit(), session.key().weights, witness));
    const Status status = session.present(witness);
    EXPECT_TRUE(status) << status.error().message;
}

TEST(LyingAccuracy, WeightsAreOfSeveralChunksAndTheBlinderIsInside) {
    const AccuracySession session;
    EXPECT_GT(session.circuit().n_w, 1);
    EXPECT_EQ(session.key().blinder_degree, std::size_t{1} << kModelMu);
    EXPECT_EQ(session.circuit().mu, kMu);
}

TEST(LyingAccuracy, OneMoreInTheOutput) {
    AccuracySession session;
    prover::Witness witness = session.honest();
    ++witness.output[0];
    expect_rejected(session.present(witness));
}

TEST(LyingAccuracy, AWrongSampleMarkedRight) {
    AccuracySession session;
    prover::Witness witness = session.honest();
    const std::size_t lane = right_lane(session.circuit(), 1);
    ASSERT_EQ(witness.g[lane], 0);
    witness.f[lane] = -1;  // a legal look-up, but not what the step says
    witness.g[lane] = 1;
    ++witness.output[0];
    expect_rejected(session.present(witness));
}

TEST(LyingAccuracy, ALookUpThatTheTableDoesNotHave) {
    AccuracySession session;
    prover::Witness witness = session.honest();
    witness.g[right_lane(session.circuit(), 1)] = 1;
    ++witness.output[0];
    expect_rejected(session.present(witness));
}

/// The trace is of other samples than those that are committed.
Status present_other(AccuracySession& session, const std::vector<Labelled>& other) {
    prover::Witness witness = session.run(session.circuit(), session.input(other));
    EXPECT_EQ(witness.output, Ints{3});
    witness.input = session.input(session.samples);
    return session.present(witness);
}

std::vector<Labelled> relabelled(const AccuracySession& session) {
    auto out = session.samples;
    out[1].label = static_cast<std::int64_t>(argmax(session.scores(out[1])));
    return out;
}

TEST(LyingAccuracy, AnotherLabel) {
    AccuracySession session;
    expect_rejected(present_other(session, relabelled(session)));
}

TEST(LyingAccuracy, AnEasySampleInPlaceOfAHardOne) {
    AccuracySession session;
    auto other = session.samples;
    other[1] = other[0];
    expect_rejected(present_other(session, other));
}

/// As above, and the copy of the input is the committed one: the lie begins one step later.
TEST(LyingAccuracy, AnotherLabelBehindTheCopy) {
    AccuracySession session;
    auto other = session.samples;
    other[1] = other[0];
    for (const auto& set : {relabelled(session), other}) {
        prover::Witness witness = session.run(session.circuit(), session.input(set));
        const prover::Witness honest = session.honest();
        const Circuit& c = session.circuit();
        const Tensor& copy = c.tensors[c.steps.front().limbs.front().tensor];
        const auto begin = static_cast<std::ptrdiff_t>(copy.offset);
        std::copy_n(honest.f.begin() + begin, std::size_t{1} << copy.num_vars(),
                    witness.f.begin() + begin);
        witness.input = honest.input;
        expect_rejected(session.present(witness));
    }
}

TEST(LyingAccuracy, AnotherTieRule) {
    AccuracySession session(true);
    for (Labelled& sample : session.samples) sample.label = 1;
    EXPECT_EQ(session.honest().output, Ints{0});  // the lowest index wins
    ASSERT_TRUE(session.present(session.honest()));
    // Equal scores count as right: [beaten] is s_label - s_j < 0 without the tie-break.
    Circuit other = session.circuit();
    Step& compare = other.steps[other.steps.size() - 3];
    compare.consts.clear();
    std::erase_if(compare.lins, [&](const LinTerm& lin) {
        return std::ranges::any_of(lin.operand.maps,
                                   [](const AxisMap& map) { return map.kind == MapKind::kSumWin; });
    });
    const prover::Witness witness = session.run(other, session.input(session.samples));
    EXPECT_EQ(witness.output, Ints{kSamples});
    expect_rejected(session.present(witness));
}

TEST(LyingAccuracy, PaddingHoldsMoreSamples) {
    AccuracySession session;
    auto more = session.samples;
    for (int i = 0; i < 3; ++i) more.push_back(more[0]);
    const Circuit larger = session.circuit(kSamples + 3);
    ASSERT_EQ(larger.n_f, session.circuit().n_f);
    prover::Witness witness = session.run(larger, session.input(more));
    EXPECT_EQ(witness.output, Ints{5});
    // The trace alone: the commitment holds five samples.
    witness.input = session.input(session.samples);
    expect_rejected(session.present(witness));
    // The commitment too: every relation holds in the padding, only its look-ups do not.
    expect_rejected(session.present(witness, &larger, session.input(more)));
    EXPECT_TRUE(
        session.present(session.honest(), &session.circuit(), session.input(session.samples)));
}

TEST(LyingAccuracy, LabelsThatAreNoClassAreWrong) {
    AccuracySession session;
    const auto classes = static_cast<std::int64_t>(session.shape().classes);
    for (const std::int64_t label : {classes, classes + 4, std::int64_t{15}}) {
        for (Labelled& sample : session.samples) sample.label = label;
        EXPECT_EQ(session.honest().output, Ints{0}) << label;
    }
    EXPECT_TRUE(session.present(session.honest()));
}

}  // namespace
}  // namespace mintmark::testing
