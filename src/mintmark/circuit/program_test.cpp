// The verifier's program against the claims themselves: an interpreter straight from protocol
// section 8a, with dense sums, at random points.
#include "mintmark/circuit/program.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/byte_io.hpp"
#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/testing.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

std::vector<Fr> random_frs(SeededRng& rng, std::size_t n) {
    std::vector<Fr> values(n);
    for (Fr& v : values) v = Fr::random(rng);
    return values;
}

Fr dot(std::span<const Fr> a, std::span<const Fr> b) {
    EXPECT_EQ(a.size(), b.size());
    Fr sum = Fr::zero();
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// Reads a program and evaluates it.
class Interpreter {
  public:
    Interpreter(const Circuit& circuit, ByteSpan program, const ClaimPoint& at, const Fr& lambda,
                std::span<const Fr> z)
        : in_(program) {
        vars_.assign(at.rho.begin(), at.rho.end());
        vars_.insert(vars_.end(), at.r.begin(), at.r.end());
        vars_.insert(vars_.end(), z.begin(), z.end());
        Fr power = Fr::one();
        for (std::size_t i = 0; i < circuit.steps.size(); ++i, power *= at.gamma)
            factors.push_back(power);
        for (std::size_t i = 0; i < circuit.steps.size(); ++i) factors.push_back(-factors[i]);
        for (std::size_t i = 0; i < 2 * circuit.num_products(); ++i)
            factors.push_back(lambda.pow(std::uint64_t{6 + i}));
        for (std::size_t i = 0; i <= circuit.mu; ++i)
            factors.push_back(eq_eval(std::span(at.rho).first(i), z.first(i)));
        for (std::size_t i = 0; i <= at.r.size(); ++i)
            factors.push_back(Fr::inv2().pow(std::uint64_t{i}));
        targets.assign(2, Fr::zero());
        for (const Column c : {Column::kW, Column::kIn, Column::kOut, Column::kF, Column::kG})
            targets.resize(targets.size() + circuit.num_chunks(c), Fr::zero());
    }

    void run() {
        in_tensor = in_.get_as<std::uint16_t>();
        out_tensor = in_.get_as<std::uint16_t>();
        const std::size_t n_claims = in_.get(2);
        std::array<std::size_t, 8> kinds{};
        for (std::size_t& n : kinds) n = in_.get(2);
        std::array<std::size_t, 9> terms{};
        for (std::size_t& n : terms) n = in_.get(2);
        const auto each = [&](std::size_t n, auto read) {
            for (std::size_t i = 0; i < n; ++i) factors.push_back((this->*read)());
        };
        each(kinds[0], &Interpreter::constant);
        each(kinds[1], &Interpreter::eq);
        each(kinds[2], &Interpreter::at);
        each(kinds[3], &Interpreter::below);
        each(kinds[4], &Interpreter::shifted);
        each(kinds[5], &Interpreter::dense);
        each(kinds[6], &Interpreter::regrouped);
        each(kinds[7], &Interpreter::sum);
        for (std::size_t i = 0; i < terms.size(); ++i)
            for (std::size_t k = 0; k < terms[i]; ++k) term(i);
        for (std::size_t i = 0; i < n_claims; ++i) claims.push_back(product(in_.get(1)));
        EXPECT_TRUE(in_.ok());
        EXPECT_EQ(in_.left(), 0U);
    }

    std::vector<Fr> factors, targets, claims;
    std::uint16_t in_tensor = 0, out_tensor = 0;

  private:
    std::vector<Fr> table(std::size_t first, std::size_t n) const {
        return eq_table(std::span(vars_).subspan(first, n));
    }
    Fr product(std::size_t n) {
        Fr value = Fr::one();
        for (std::size_t i = 0; i < n; ++i) value *= factors.at(in_.get(2));
        return value;
    }
    Fr constant() {
        const ByteSpan bytes = in_.take(32);
        return *Fr::from_bytes(bytes.first<32>());
    }
    Fr eq() {
        const std::size_t a = in_.get(1), b = in_.get(1), n = in_.get(1);
        return dot(table(a, n), table(b, n));
    }
    Fr at() {
        const std::size_t a = in_.get(1), n = in_.get(1);
        return table(a, n).at(in_.get(4));
    }
    Fr below() {
        const std::size_t a = in_.get(1), n = in_.get(1), bound = in_.get(4);
        const std::vector<Fr> t = table(a, n);
        EXPECT_LT(bound, t.size());
        Fr value = Fr::zero();
        for (std::size_t i = 0; i < bound; ++i) value += t[i];
        return value;
    }
    Fr strided(const std::vector<Fr>& a, const std::vector<Fr>& b, std::int64_t rows,
               std::int64_t stride, std::int64_t k, std::int64_t dim) {
        Fr value = Fr::zero();
        EXPECT_LE(static_cast<std::size_t>(rows), a.size());
        EXPECT_LE(static_cast<std::size_t>(dim), b.size());
        for (std::int64_t x = 0; x < rows; ++x) {
            const std::int64_t j = stride * x + k;
            if (j >= 0 && j < dim)
                value += a[static_cast<std::size_t>(x)] * b[static_cast<std::size_t>(j)];
        }
        return value;
    }
    Fr shifted() {
        const std::size_t a = in_.get(1), na = in_.get(1), b = in_.get(1), nb = in_.get(1);
        const auto k = static_cast<std::int32_t>(in_.get(4));
        const auto rows = static_cast<std::int64_t>(in_.get(4));
        EXPECT_LE(rows + k, std::int64_t{1} << nb);
        return strided(table(a, na), table(b, nb), rows, 1, k, std::int64_t{1} << nb);
    }
    Fr dense() {
        const std::size_t a = in_.get(1), na = in_.get(1), b = in_.get(1), nb = in_.get(1);
        const auto rows = static_cast<std::int64_t>(in_.get(3));
        const auto dim = static_cast<std::int64_t>(in_.get(4));
        const auto stride = static_cast<std::int64_t>(in_.get(2));
        const auto k = static_cast<std::int64_t>(in_.get(6) << 16) >> 16;
        return strided(table(a, na), table(b, nb), rows, stride, k, dim);
    }
    Fr regrouped() {
        const std::size_t b = in_.get(1), n_dest = in_.get(1), n_src = in_.get(1);
        const std::uint64_t chunk = in_.get(2);
        std::vector<Axis> to, from;
        std::vector<Fr> dest_point, src_point;
        for (std::size_t i = 0; i < n_dest; ++i) {
            const std::size_t first = in_.get(1), log = in_.get(1);
            to.push_back({static_cast<std::uint32_t>(in_.get(3))});
            EXPECT_EQ(to.back().log(), log);
            dest_point.insert(dest_point.begin(),
                              vars_.begin() + static_cast<std::ptrdiff_t>(first),
                              vars_.begin() + static_cast<std::ptrdiff_t>(first + log));
        }
        for (std::size_t i = 0; i < n_src; ++i) {
            const std::size_t log = in_.get(1);
            from.push_back({static_cast<std::uint32_t>(in_.get(3))});
            EXPECT_EQ(from.back().log(), log);
        }
        for (std::size_t i = b; i < b + num_vars(from); ++i)
            src_point.push_back(i < vars_.size() ? vars_[i]
                                                 : Fr::from_u64((chunk >> (i - vars_.size())) & 1));
        const std::vector<Fr> x = eq_table(dest_point), y = eq_table(src_point);
        Fr value = Fr::zero();
        for (std::uint64_t f = 0; f < num_entries(to); ++f)
            value += x[padded_index(to, f)] * y[padded_index(from, f)];
        return value;
    }
    Fr sum() {
        Fr value = Fr::zero();
        const std::size_t n = in_.get(2);
        for (std::size_t i = 0; i < n; ++i) value += product(3);
        return value;
    }
    void term(std::size_t section) {
        const std::size_t target = in_.get(2);
        const std::size_t arity = section < 7 ? section + 1 : in_.get(1);
        const std::size_t slices = section == 8 ? in_.get(1) : 0;
        const Fr value = product(arity);
        std::vector<Fr> spread{Fr::one()};
        for (std::size_t i = 0; i < slices; ++i) {
            const std::size_t first = in_.get(1);
            std::vector<Fr> grown;
            for (const Fr& high : table(first, in_.get(1)))
                for (const Fr& low : spread) grown.push_back(high * low);
            spread = std::move(grown);
        }
        for (std::size_t i = 0; i < spread.size(); ++i) targets.at(target + i) += value * spread[i];
    }

    ByteReader in_;
    std::vector<Fr> vars_;
};

constexpr std::array kTargetColumns = {Column::kW, Column::kIn, Column::kOut, Column::kF,
                                       Column::kG};

/// What the program must add up: K, id~, then the coefficients without those of whole columns.
std::vector<Fr> expected_targets(const Circuit& circuit, const ClaimPoint& at, const Fr& lambda,
                                 std::span<const Fr> z) {
    ChunkCoefs coefs = zero_chunk_coefs(circuit);
    add_chunk_coefs(coefs, direct_form(circuit, at.rho, at.gamma), Fr::one(), z);
    const std::vector<LinearForm> claims = merge_claims(circuit, at);
    for (std::size_t j = 6; j < claims.size(); ++j)
        add_chunk_coefs(coefs, claims[j], lambda.pow(std::uint64_t{j}), z);
    std::vector<Fr> targets{const_sum(circuit, at.rho, at.gamma),
                            id_mle(circuit, suffix(at.r, circuit.nu()))};
    for (const Column c : kTargetColumns) {
        const std::vector<Fr>& column = coefs[static_cast<std::size_t>(c)];
        targets.insert(targets.end(), column.begin(), column.end());
    }
    return targets;
}

void expect_program_is_right(const Circuit& circuit, std::uint64_t seed) {
    SeededRng rng(seed);
    const std::vector<Fr> rho = random_frs(rng, circuit.n_rho());
    const std::vector<Fr> r = random_frs(rng, circuit.n_prod());
    const std::vector<Fr> z = random_frs(rng, circuit.mu);
    const std::vector<Fr> scalars = random_frs(rng, 4);
    const ClaimPoint at{rho, scalars[0], scalars[1], scalars[2], r};
    const Result<Bytes> program = verifier_program(circuit);
    ASSERT_TRUE(program.has_value());
    Interpreter interpreter(circuit, *program, at, scalars[3], z);
    interpreter.run();
    EXPECT_EQ(interpreter.targets, expected_targets(circuit, at, scalars[3], z));
    const std::vector<ProductInstance> instances = product_instances(circuit, rho, at.gamma);
    ASSERT_EQ(interpreter.claims.size(), instances.size());
    for (std::size_t i = 0; i < instances.size(); ++i) {
        const std::span<const Fr> shared = instances[i].shared_point;
        const std::span<const Fr> x = suffix(r, instances[i].num_vars);
        const Fr scale = Fr::inv2().pow(std::uint64_t{circuit.n_prod()} - instances[i].num_vars);
        EXPECT_EQ(interpreter.claims[i],
                  instances[i].weight * scale * eq_eval(shared, x.first(shared.size())));
    }
    EXPECT_EQ(&circuit.tensors[interpreter.in_tensor], &circuit.input_tensor());
    EXPECT_EQ(&circuit.tensors[interpreter.out_tensor], &circuit.output_tensor());
}

TEST(VerifierProgram, AddsUpTheClaims) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        SCOPED_TRACE(t.name);
        for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_program_is_right(t.circuit, seed);
    }
}

/// Small chunks: every tensor of some size lies in several, and every map reaches above mu.
TEST(VerifierProgram, AddsUpTheClaimsAcrossChunks) {
    expect_program_is_right(testing::gemm_circuit(6).circuit, 4);
    expect_program_is_right(testing::conv_circuit(6).circuit, 5);
    expect_program_is_right(testing::mixed_circuit(6).circuit, 6);
}

/// x in one box, read in another one with as many elements.
Circuit regrouping(const std::vector<Axis>& from, const std::vector<Axis>& to, std::uint8_t mu) {
    testing::CircuitBuilder b(mu);
    const std::uint8_t range = b.add_range(5, -16);
    const std::uint16_t copy = b.input_step(from, range);
    const std::uint16_t moved = b.add_tensor(Column::kF, to);
    Step& step = b.add_step(to);
    step.limbs = {{moved, 0, range}};
    step.lins = {{1,
                  {copy,
                   {AxisMap::regroup(0, static_cast<std::uint8_t>(to.size()),
                                     static_cast<std::uint8_t>(from.size()))}}}};
    b.output_step(moved);
    return b.finish(Visibility::kPublic, Visibility::kCommitted);
}

/// `kind` counts from 0, in the order of section 8a.
std::size_t num_records(const Circuit& circuit, std::size_t kind) {
    const Bytes program = *verifier_program(circuit);
    const std::size_t at = 6 + 2 * kind;  // after three numbers
    return std::size_t{program[at]} << 8U | program[at + 1];
}

std::size_t num_regroup_records(const Circuit& circuit) {
    return num_records(circuit, 6);
}

/// Both sides' common low bits are EQ, what is left are the smallest blocks.
TEST(VerifierProgram, TakesRegroupedBoxesApart) {
    using Box = std::vector<Axis>;
    const std::vector<std::pair<Box, Box>> cases = {{{{4}, {8}}, {{32}}},
                                                    {{{32}, {4}}, {{8}, {16}}},
                                                    {{{3}, {2}, {4}, {4}}, {{8}, {12}}},
                                                    {{{6}, {10}}, {{4}, {15}}},
                                                    {{{63}, {4}}, {{9}, {28}}},
                                                    {{{5}, {3}}, {{15}}},
                                                    {{{12}, {7}}, {{7}, {12}}},
                                                    {{{2}, {3}, {4}}, {{24}}},
                                                    {{{24}}, {{4}, {3}, {2}}},
                                                    {{{1}, {6}}, {{3}, {2}}},
                                                    {{{64}, {2}}, {{2}, {64}}},
                                                    {{{9}, {4}}, {{12}, {3}}},
                                                    {{{5}, {6}, {7}}, {{6}, {5}, {7}}},
                                                    {{{40}, {6}}, {{20}, {12}}},
                                                    {{{2}, {2}, {2}, {2}}, {{16}}},
                                                    {{{3}, {32}}, {{96}}},
                                                    {{{96}}, {{3}, {32}}},
                                                    {{{33}, {1}}, {{1}, {33}}}};
    std::uint64_t seed = 100;
    for (const auto& [from, to] : cases)
        for (const int mu : {6, 7, 9}) {
            SCOPED_TRACE(seed);
            expect_program_is_right(regrouping(from, to, static_cast<std::uint8_t>(mu)), ++seed);
        }
    EXPECT_EQ(num_regroup_records(regrouping({{32}, {4}}, {{8}, {16}}, 7)), 0U);
    EXPECT_EQ(num_regroup_records(regrouping({{3}, {32}}, {{96}}, 7)), 0U);
    EXPECT_EQ(num_regroup_records(regrouping({{9}, {4}}, {{12}, {3}}, 7)), 1U);
}

/// x of `dim` entries, read through a window into a box.
Circuit windowed(std::uint32_t dim, const std::vector<Axis>& to, const AxisMap& map,
                 std::uint8_t mu) {
    testing::CircuitBuilder b(mu);
    const std::uint8_t range = b.add_range(5, -16);
    const std::uint16_t copy = b.input_step({{dim}}, range);
    const std::uint16_t moved = b.add_tensor(Column::kF, to);
    Step& step = b.add_step(to);
    step.limbs = {{moved, 0, range}};
    step.lins = {{1, {copy, {map}}}};
    b.output_step(moved);
    return b.finish(Visibility::kPublic, Visibility::kCommitted);
}

/// Windows of few rows and many taps, over and beyond the axis' ends, and across chunks.
TEST(VerifierProgram, TakesWindowsAlongTheLongerAxis) {
    std::uint64_t seed = 200;
    for (const std::uint32_t rows : {1U, 2U, 3U, 8U})
        for (const std::uint32_t taps : {2U, 5U, 8U, 33U})
            for (const std::uint16_t step : std::initializer_list<std::uint16_t>{1, 2, 3, 4})
                for (const std::int32_t offset : {-3, 0, 1, 64})
                    for (const std::uint8_t mu : std::initializer_list<std::uint8_t>{6, 8}) {
                        SCOPED_TRACE(++seed);
                        expect_program_is_right(windowed(100, {{rows}, {taps}},
                                                         AxisMap::win(0, 1, 3, step, offset), mu),
                                                seed);
                        expect_program_is_right(
                            windowed(100, {{rows}, {3}},
                                     AxisMap::sum_win(0, static_cast<std::uint16_t>(taps), step, 1,
                                                      offset),
                                     mu),
                            seed);
                    }
}

/// A record for each of the fewer indices, not for each tap: those are what the contract pays for.
TEST(VerifierProgram, CountsTheFewerIndices) {
    constexpr std::size_t kAt = 2, kShift = 4, kSum = 7;
    const Circuit row = windowed(200, {{1}, {200}}, AxisMap::win(0, 1, 1, 1, 0), 9);
    EXPECT_EQ(num_records(row, kShift), 1U);
    EXPECT_EQ(num_records(row, kSum), 0U);
    const Circuit sum = windowed(200, {{1}, {3}}, AxisMap::sum_win(0, 200, 1, 1, 0), 9);
    EXPECT_EQ(num_records(sum, kShift) + num_records(sum, kSum), 0U);
    const Circuit rows = windowed(200, {{4}, {50}}, AxisMap::win(0, 1, 50, 1, 0), 9);
    EXPECT_EQ(num_records(rows, kShift), 4U);
    EXPECT_LE(num_records(rows, kAt), 16U);
}

TEST(VerifierProgram, IsLimited) {
    const Circuit circuit = testing::conv_circuit().circuit;
    const Bytes program = *verifier_program(circuit);
    EXPECT_EQ(verifier_program(circuit, program.size()), program);
    EXPECT_EQ(verifier_program(circuit, 100).error().code, ErrorCode::kOutOfRange);
}

/// A window of as many taps as a map can have, read by a tensor of many chunks: refused in time.
TEST(VerifierProgram, RefusesEndlessWindows) {
    Circuit circuit = testing::mixed_circuit().circuit;
    for (Step& step : circuit.steps)
        for (LinTerm& lin : step.lins)
            for (AxisMap& map : lin.operand.maps)
                if (map.kind == MapKind::kSumWin && map.p != kNoAxis)
                    map = AxisMap::sum_win(map.p, 65535, 65535, 65535, map.offset);
    for (Step& step : circuit.steps)
        for (const LinTerm& lin : std::vector(step.lins))
            for (int i = 0; i < 100; ++i) step.lins.push_back(lin);
    const Result<Bytes> program = verifier_program(circuit);
    ASSERT_FALSE(program.has_value());
    EXPECT_EQ(program.error().code, ErrorCode::kOutOfRange);
}

}  // namespace
}  // namespace mintmark
