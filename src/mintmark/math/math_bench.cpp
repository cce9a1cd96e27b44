// Run: build/release/src/mintmark/math/mintmark_math_bench (configure with -DMINTMARK_BENCH=ON).
#include <benchmark/benchmark.h>

#include "mintmark/math/batch_add.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/math/run_sums.hpp"

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

/// 2,048 additions of neighbours in a cache.
void batch_add_neighbours(benchmark::State& state) {
    const Points in = to_xy(random_points(2 * kMaxBatch));
    std::vector<PairSlot> slots;
    for (std::uint32_t i = 0; i < kMaxBatch; ++i) slots.push_back({2 * i, i});
    std::vector<PointXy> out(kMaxBatch);
    BatchScratch scratch;
    for (auto _ : state) add_pairs(in.data(), out.data(), slots, scratch);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kMaxBatch));
}
BENCHMARK(batch_add_neighbours);

/// Additions of many bases by reference, as the first pass of a window has them.
void batch_add_referred(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const Points bases = to_xy(random_points(count));
    SeededRng rng(1);
    RunSums runs;
    for (auto _ : state) {
        state.PauseTiming();
        runs.sizes.assign(count / 2, 2);
        runs.refs.clear();
        for (std::size_t i = 0; i < count; ++i)
            runs.refs.push_back(base_ref(rng.next() % count, rng.next() % 2 == 0));
        state.ResumeTiming();
        runs.reduce(bases);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count / 2));
}
BENCHMARK(batch_add_referred)->RangeMultiplier(2)->Range(1 << 12, 1 << 20);

void curve_msm(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto bases = random_points(count);
    const auto scalars = random_scalars(count);
    for (auto _ : state) benchmark::DoNotOptimize(msm(bases, scalars));
}
BENCHMARK(curve_msm)
    ->RangeMultiplier(8)
    ->Range(64, 1 << 15)
    ->Arg(1 << 17)
    ->Arg(1 << 19)
    ->Arg(1 << 20)
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
