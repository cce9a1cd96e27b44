// Not a test: what zero-knowledge costs the prover. Proves the LeNet-size net in turn with masks,
// without masks, and without masks and blinders, and prints medians of the processor time of all
// threads (which other programs disturb less than the time on the wall). Usage: mintmark_zk_cost
// [ROUNDS [MU]].
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "mintmark/proof/proof.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

// All bytes zero: what fresh blinders are drawn from when there are to be none.
class ZeroRng final : public Rng {
  public:
    void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, std::uint8_t{0}); }
};

enum class Hiding : std::uint8_t { kMasked, kBlindersOnly, kNone };

void clear(prover::Masks& masks) {
    for (auto* values : {&masks.slots, &masks.z_rounds, &masks.r_rounds})
        std::ranges::fill(*values, Fr::zero());
    std::ranges::fill(masks.high, Fr::zero());
    masks.r_blinder = Fr::zero();
    balance(masks);
}

double prove_ms(const ProvenModel& model, Hiding hiding) {
    ZeroRng none;
    prover::ProverTamper tamper;
    if (hiding != Hiding::kMasked) tamper.masks = clear;
    Rng& rng = hiding == Hiding::kNone ? static_cast<Rng&>(none) : system_rng();
    const std::clock_t start = std::clock();
    const auto proof =
        prover::prove(model.key, model.srs, model.statement, model.witness, rng, tamper);
    const std::clock_t took = std::clock() - start;
    MINTMARK_ASSERT(model.check(*proof).has_value() == (hiding == Hiding::kMasked));
    return 1000.0 * static_cast<double>(took) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void run(std::size_t rounds, std::uint8_t mu) {
    const ProvenModel model(sample_net(
        kLeNet, {.mu = mu, .input = Visibility::kCommitted, .output = Visibility::kPublic}));
    std::array<std::vector<double>, 3> times;
    for (std::size_t i = 0; i <= rounds; ++i)
        for (const auto hiding : {Hiding::kMasked, Hiding::kBlindersOnly, Hiding::kNone}) {
            const double ms = prove_ms(model, hiding);
            if (i > 0) times[static_cast<std::size_t>(hiding)].push_back(ms);
        }
    const double masked = median(times[0]), blinded = median(times[1]), bare = median(times[2]);
    const MaskLayout layout(model.circuit());
    fmt::print("mu {}, {} slots, proof {} bytes, medians of {}\n", mu, layout.size(),
               proof_size(model.circuit()), rounds);
    fmt::print("masked         {:8.2f} ms\n", masked);
    fmt::print("blinders only  {:8.2f} ms  masks cost {:5.1f} %\n", blinded,
               100 * (masked / blinded - 1));
    fmt::print("neither        {:8.2f} ms  both cost  {:5.1f} %\n", bare,
               100 * (masked / bare - 1));
}

}  // namespace
}  // namespace mintmark::testing

int main(int argc, char** argv) {
    const auto number = [&](int i, unsigned long otherwise) {
        return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
    };
    mintmark::testing::run(number(1, 15), static_cast<std::uint8_t>(number(2, 15)));
}
