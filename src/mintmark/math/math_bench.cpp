// Run: build/release/src/mintmark/math/mintmark_math_bench (configure with -DMINTMARK_BENCH=ON).
#include <benchmark/benchmark.h>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

std::vector<Fr> random_scalars(std::size_t count) {
    SeededRng rng(count);
    std::vector<Fr> out(count);
    for (Fr& value : out) value = Fr::random(rng);
    return out;
}

std::vector<G1Affine> random_points(std::size_t count) {
    SeededRng rng(1);
    const G1Affine step = G1::generator().mul(Fr::random(rng)).to_affine();
    std::vector<G1> out(count);
    G1 point = G1::generator();
    for (G1& slot : out) {
        slot = point;
        point += step;
    }
    return batch_to_affine(out);
}

template <class F>
void field_mul(benchmark::State& state) {
    SeededRng rng(1);
    F a = F::random(rng);
    const F b = F::random(rng);
    for (auto _ : state) {
        a *= b;
        benchmark::DoNotOptimize(a);
    }
}
BENCHMARK(field_mul<Fr>);
BENCHMARK(field_mul<Fq2>);

void field_add(benchmark::State& state) {
    SeededRng rng(1);
    Fr a = Fr::random(rng);
    const Fr b = Fr::random(rng);
    for (auto _ : state) {
        a += b;
        benchmark::DoNotOptimize(a);
    }
}
BENCHMARK(field_add);

void field_inverse(benchmark::State& state) {
    SeededRng rng(1);
    Fr a = Fr::random(rng);
    for (auto _ : state) {
        a = a.inverse();
        benchmark::DoNotOptimize(a);
    }
}
BENCHMARK(field_inverse);

void array_bind_low(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const std::vector<Fr> values = random_scalars(count);
    for (auto _ : state) {
        auto table = values;
        bind_low(table, values[0]);
        benchmark::DoNotOptimize(table.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) / 2);
}
BENCHMARK(array_bind_low)->Arg(1 << 10)->Arg(1 << 16)->UseRealTime();

void array_eq_table(benchmark::State& state) {
    const auto point = random_scalars(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(eq_table(point).data());
}
BENCHMARK(array_eq_table)->Arg(16)->UseRealTime()->Unit(benchmark::kMicrosecond);

void curve_mul(benchmark::State& state) {
    const Fr scalar = random_scalars(1)[0];
    for (auto _ : state) benchmark::DoNotOptimize(G1::generator().mul(scalar));
}
BENCHMARK(curve_mul)->Unit(benchmark::kMicrosecond);

void curve_msm(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto bases = random_points(count);
    const auto scalars = random_scalars(count);
    for (auto _ : state) benchmark::DoNotOptimize(msm(bases, scalars));
}
BENCHMARK(curve_msm)
    ->RangeMultiplier(8)
    ->Range(64, 1 << 15)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void curve_msm_small(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto bases = random_points(count);
    SeededRng rng(1);
    std::vector<std::int64_t> scalars(count);
    for (auto& s : scalars) s = static_cast<std::int64_t>(rng.next()) >> (64 - state.range(1));
    for (auto _ : state) benchmark::DoNotOptimize(msm_small(bases, scalars));
}
BENCHMARK(curve_msm_small)
    ->Args({1 << 12, 16})
    ->Args({1 << 15, 8})
    ->Args({1 << 15, 16})
    ->Args({1 << 15, 32})
    ->Args({1 << 15, 63})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void pairing_check(benchmark::State& state) {
    const std::vector<std::pair<G1Affine, G2Affine>> pairs = {
        {G1Affine::generator(), G2Affine::generator()},
        {-G1Affine::generator(), G2Affine::generator()}};
    for (auto _ : state) benchmark::DoNotOptimize(pairing_product_is_one(pairs));
}
BENCHMARK(pairing_check)->Unit(benchmark::kMillisecond);

void subgroup_check(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(in_subgroup(G2Affine::generator()));
}
BENCHMARK(subgroup_check)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mintmark
