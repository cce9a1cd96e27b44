#include <benchmark/benchmark.h>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/kzg.hpp"
#include "mintmark/pcs/mercury.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kMaxMu = 16;

const Srs& bench_srs() {
    static const Srs srs = [] {
        SeededRng rng(1);
        return generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << kMaxMu), rng);
    }();
    return srs;
}

std::vector<Fr> random_scalars(std::size_t size) {
    SeededRng rng(2);
    std::vector<Fr> out(size);
    for (Fr& scalar : out) scalar = Fr::random(rng);
    return out;
}

void mercury_open_chunk(benchmark::State& state) {
    const auto mu = static_cast<std::size_t>(state.range(0));
    const std::vector<Fr> f = random_scalars((std::size_t{1} << mu) + 1);
    const std::vector<Fr> z = random_scalars(mu);
    for ([[maybe_unused]] auto step : state) {
        Transcript transcript;
        benchmark::DoNotOptimize(mercury_open(bench_srs(), f, z, transcript));
    }
}
BENCHMARK(mercury_open_chunk)->DenseRange(12, kMaxMu)->Unit(benchmark::kMillisecond)->UseRealTime();

void mercury_verify_one(benchmark::State& state) {
    const std::vector<Fr> f = random_scalars(4097);
    const std::vector<Fr> z = random_scalars(12);
    const Fr v = mle_eval(std::span(f).first(4096), z);
    const G1Affine commitment = commit(bench_srs(), std::span(f).first(4096), f.back(), 4096);
    Transcript prover;
    const MercuryProof proof = mercury_open(bench_srs(), f, z, prover);
    for ([[maybe_unused]] auto step : state) {
        Transcript transcript;
        if (!mercury_verify(commitment, z, v, proof, bench_srs().tau, transcript))
            state.SkipWithError("rejected");
    }
}
BENCHMARK(mercury_verify_one)->Unit(benchmark::kMillisecond)->UseRealTime();

void commit_small_chunk(benchmark::State& state) {
    const std::size_t m = std::size_t{1} << 15U;
    std::vector<std::int64_t> lanes(m);
    SeededRng rng(3);
    const auto bound = std::uint64_t{1} << static_cast<unsigned>(state.range(0));
    for (std::int64_t& lane : lanes)
        lane = static_cast<std::int64_t>(rng.next() % bound) - static_cast<std::int64_t>(bound / 2);
    for ([[maybe_unused]] auto step : state)
        benchmark::DoNotOptimize(commit_small(bench_srs(), lanes, Fr::from_u64(5), m));
}
BENCHMARK(commit_small_chunk)->Arg(8)->Arg(16)->Unit(benchmark::kMillisecond)->UseRealTime();

void generate_srs(benchmark::State& state) {
    SeededRng rng(4);
    for ([[maybe_unused]] auto step : state)
        benchmark::DoNotOptimize(generate_insecure_srs(std::size_t{1} << 15U, rng));
}
BENCHMARK(generate_srs)->Unit(benchmark::kMillisecond)->UseRealTime();

void decode_and_check_srs(benchmark::State& state) {
    SeededRng rng(5);
    const Bytes file = encode_srs(generate_insecure_srs(std::size_t{1} << 15U, rng));
    const auto check = state.range(0) != 0 ? SrsCheck::kFull : SrsCheck::kUnchecked;
    for ([[maybe_unused]] auto step : state) {
        if (!decode_srs(file, {.check = check})) state.SkipWithError("rejected");
    }
}
BENCHMARK(decode_and_check_srs)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace mintmark
