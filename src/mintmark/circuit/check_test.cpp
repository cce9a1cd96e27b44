// check_circuit accepts the test circuits and names each broken rule of section 9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "mintmark/circuit/testing.hpp"

namespace mintmark {
namespace {

using ::testing::HasSubstr;

TEST(CheckCircuit, AcceptsTestCircuits) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Status status = check_circuit(t.circuit);
        EXPECT_TRUE(status.has_value()) << t.name << ": " << status.error().message;
    }
}

/// The circuit after `change` must be refused with a message that holds `what`.
template <class Change>
void refused(Circuit circuit, const Change& change, const char* what) {
    change(circuit);
    const Status status = check_circuit(circuit);
    ASSERT_FALSE(status.has_value()) << "accepted: " << what;
    EXPECT_EQ(status.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(status.error().message, HasSubstr(what));
}

// Steps of the gemm circuit: 0 input, 1 hidden, 2 last, 3 output. Of the mixed one: 0 input,
// 1 convolution, 2 product, 3 regroup, 4 concatenation, 5 output.
class Broken : public ::testing::Test {
  protected:
    Circuit gemm = testing::gemm_circuit().circuit;
    Circuit conv = testing::conv_circuit().circuit;
    Circuit mixed = testing::mixed_circuit().circuit;
};

TEST_F(Broken, Sizes) {
    refused(gemm, [](Circuit& c) { c.mu = 5; }, "mu out of range");
    refused(testing::gemm_circuit(6).circuit, [](Circuit&) {}, "too small for the masks");
    refused(gemm, [](Circuit& c) { c.mu = 25; }, "mu out of range");
    refused(gemm, [](Circuit& c) { c.n_f = 0; }, "no chunks");
    refused(gemm, [](Circuit& c) { c.n_t = 0; }, "no chunks");
    refused(gemm, [](Circuit& c) { c.n_g = c.n_f + 1; }, "more chunks of G");
    refused(gemm, [](Circuit& c) { c.mu = 24, c.n_f = 65535; }, "too many lanes");
    refused(gemm, [](Circuit& c) { c.mu = 20, c.n_w = 65535; }, "too many weight lanes");
    refused(gemm, [](Circuit& c) { c.steps.resize(1); }, "needs an input and an output step");
    refused(gemm, [](Circuit& c) { c.tables.resize(256); }, "too many tables");
}

TEST_F(Broken, Tables) {
    refused(gemm, [](Circuit& c) { c.tables[0].log_size = 63; }, "table too large");
    refused(gemm, [](Circuit& c) { c.tables[1].row_offset += 1; }, "table rows misplaced");
    refused(gemm, [](Circuit& c) { c.tables[1].row_offset = 0; }, "tables overlap");
    refused(gemm, [](Circuit& c) { c.tables[0].row_offset = 1U << 31; }, "table rows misplaced");
    refused(
        gemm, [](Circuit& c) { c.tables[0].lo = std::numeric_limits<std::int64_t>::max(); },
        "table domain");
    const auto fields = [&](const auto& change) { refused(gemm, change, "table fields"); };
    fields([](Circuit& c) { c.tables[0].in_step = 0; });
    fields([](Circuit& c) { c.tables[0].in_step = -1; });
    fields([](Circuit& c) { c.tables[0].out_step = std::numeric_limits<float>::infinity(); });
    fields([](Circuit& c) { c.tables[0].out_step = std::numeric_limits<float>::quiet_NaN(); });
    fields([](Circuit& c) { c.tables[0].out_step = std::numeric_limits<float>::denorm_min(); });
    fields([](Circuit& c) { c.tables[0].out_lo = c.tables[0].out_hi + 1; });
    fields([](Circuit& c) { c.tables[0].alpha = 1; });
    fields([](Circuit& c) { c.tables[0].function = static_cast<TableFunction>(47); });
    // Beyond 2^17 steps rounding of a real function is not certain.
    fields([](Circuit& c) {
        c.tables[0].function = TableFunction::kExp;
        c.tables[0].out_hi = kMaxFunctionOutput + 1;
    });
    fields([](Circuit& c) { c.tables[0].function = TableFunction::kNegative; });
    fields([](Circuit& c) { c.tables[2].out_hi = 1; });
    fields([](Circuit& c) { c.tables[2].in_step = -0.0F; });
    // Two tables of half of the rows each: nothing is left for the default row.
    refused(
        testing::relu_circuit(7).circuit,
        [](Circuit& c) {
            c.n_t = 2;
            c.tables.push_back({.log_size = 7, .row_offset = 128});
        },
        "no default row");
}

TEST_F(Broken, Tensors) {
    refused(gemm, [](Circuit& c) { c.tensors[0].column = Column::kM; }, "column that has none");
    refused(gemm, [](Circuit& c) { c.tensors[0].offset += 1; }, "tensor misplaced");
    refused(gemm, [](Circuit& c) { c.tensors[0].offset = 1U << 31; }, "tensor misplaced");
    refused(gemm, [](Circuit& c) { c.tensors[0].axes = {{0}}; }, "dim out of range");
    refused(gemm, [](Circuit& c) { c.tensors[0].axes = {{1U << 24}}; }, "dim out of range");
    refused(gemm, [](Circuit& c) { c.tensors[0].axes.assign(7, {1}); }, "too many axes");
    refused(gemm, [](Circuit& c) { c.tensors[0].axes.assign(2, {1U << 20}); }, "box too large");
    refused(gemm, [](Circuit& c) { c.tensors.push_back(c.input_tensor()); }, "one input");
    refused(gemm, [](Circuit& c) { c.n_in = 1; }, "public values have no chunks");
    refused(conv, [](Circuit& c) { c.n_in += 1; }, "number of input or output chunks");
    refused(conv, [](Circuit& c) { c.output = Visibility::kPublic; }, "public values");
}

TEST_F(Broken, Limbs) {
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[0].table = 0; }, "limb's table id");
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[0].table = 9; }, "limb's table id");
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[0].tensor = 999; }, "limb's tensor id");
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[1].shift = 5; }, "do not tile");
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[1].shift = 0; }, "do not tile");
    refused(gemm, [](Circuit& c) { c.steps[1].limbs[0] = c.steps[2].limbs[0]; }, "a limb is");
    refused(gemm, [](Circuit& c) { c.n_g = 0; }, "misplaced");
    refused(
        gemm,  // a function limb moved beyond G's chunks
        [](Circuit& c) { c.steps[2].limbs[0].table = c.steps[2].limbs[1].table; }, "outside of G");
    refused(
        gemm,
        [](Circuit& c) {
            Step copy = c.steps[1];
            c.steps.insert(c.steps.begin() + 2, copy);
        },
        "two limbs share lanes");
    refused(
        gemm,  // the hidden values [5] inside of the lanes of the input's copy [6]
        [](Circuit& c) {
            const Tensor& in = c.tensors[c.steps[0].limbs[0].tensor];
            Tensor& hidden = c.tensors[c.steps[1].limbs[0].tensor];
            hidden.offset = in.offset;
        },
        "two limbs share lanes");
}

TEST_F(Broken, OverlapOfDifferentSizes) {
    refused(
        conv,  // [3,2,2] placed in the second half of [3,3,2]
        [](Circuit& c) {
            const Tensor& big = c.tensors[c.steps[2].limbs[0].tensor];
            c.tensors[c.steps[4].limbs[0].tensor].offset = big.offset + 16;
        },
        "two limbs share lanes");
}

TEST_F(Broken, Constants) {
    refused(gemm, [](Circuit& c) { c.steps[1].consts[0].ranges[0] = {0, 6}; }, "leaves its axis");
    refused(gemm, [](Circuit& c) { c.steps[1].consts[0].ranges[0] = {2, 2}; }, "leaves its axis");
    refused(gemm, [](Circuit& c) { c.steps[1].consts[0].ranges.clear(); }, "constant's ranges");
}

TEST_F(Broken, Sources) {
    const auto operand = [](Circuit& c) -> Operand& { return c.steps[1].prods[0].b; };
    refused(
        gemm, [&](Circuit& c) { operand(c).tensor = c.steps[3].lins[1].operand.tensor; },
        "first and last step");
    refused(
        gemm, [&](Circuit& c) { operand(c).tensor = c.steps[0].lins[0].operand.tensor; },
        "first and last step");
    refused(gemm, [&](Circuit& c) { operand(c).tensor = 999; }, "operand's tensor id");
    const char* later = "not a limb or result of an earlier step";
    refused(gemm, [&](Circuit& c) { operand(c).tensor = c.steps[1].limbs[0].tensor; }, later);
    refused(gemm, [&](Circuit& c) { operand(c).tensor = c.steps[2].limbs[1].tensor; }, "map EQ");
    refused(
        gemm,  // the "result" of a range table
        [&](Circuit& c) {
            Tensor t = c.tensors[c.steps[0].limbs[0].tensor];
            t.column = Column::kG;
            c.n_g = c.n_f;
            operand(c).tensor = static_cast<std::uint16_t>(c.tensors.size());
            c.tensors.push_back(t);
        },
        later);
    refused(
        gemm,  // another box over the lanes of an earlier limb
        [&](Circuit& c) {
            Tensor t = c.tensors[c.steps[0].limbs[0].tensor];
            t.axes = {{2}, {3}};
            operand(c) = {static_cast<std::uint16_t>(c.tensors.size()),
                          {AxisMap::all(), AxisMap::eq(1)}};
            c.tensors.push_back(t);
        },
        later);
}

TEST_F(Broken, Maps) {
    const auto map = [](Circuit& c) -> AxisMap& { return c.steps[1].prods[0].b.maps[1]; };
    ASSERT_EQ(mixed.steps[1].prods[0].b.maps[1].kind, MapKind::kWin);
    refused(mixed, [&](Circuit& c) { map(c).kind = static_cast<MapKind>(5); }, "map's kind");
    refused(mixed, [&](Circuit& c) { map(c) = AxisMap::eq(9); }, "map EQ");
    refused(mixed, [&](Circuit& c) { map(c) = AxisMap::eq(1); }, "map EQ");  // logs 2 and 1
    refused(mixed, [&](Circuit& c) { map(c).p = 77; }, "map WIN");
    refused(mixed, [&](Circuit& c) { map(c).t = map(c).p; }, "uses an axis twice");
    refused(mixed, [&](Circuit& c) { map(c).stride = 0; }, "map WIN");
    refused(mixed, [&](Circuit& c) { map(c).dilation = 0; }, "map WIN");
    refused(mixed, [&](Circuit& c) { map(c).g = 1; }, "map WIN");
    refused(mixed, [&](Circuit& c) { map(c) = {.kind = MapKind::kAll, .p = 1}; }, "map ALL");
    refused(mixed, [&](Circuit& c) { map(c) = AxisMap::sum_win(2, 0, 1, 1, 0); }, "map SUMWIN");
    refused(
        mixed, [&](Circuit& c) { map(c) = AxisMap::sum_win(kNoAxis, 1, 1, 1, 0); }, "map SUMWIN");
    refused(mixed, [&](Circuit& c) { c.steps[1].prods[0].b.maps.pop_back(); }, "has no map");
    const auto regroup = [](Circuit& c) -> AxisMap& { return c.steps[3].lins[0].operand.maps[0]; };
    refused(mixed, [&](Circuit& c) { regroup(c).t = 3; }, "map REGROUP");
    refused(mixed, [&](Circuit& c) { regroup(c).t = 1; }, "different or too large sizes");
    refused(mixed, [&](Circuit& c) { regroup(c).g = 5; }, "number of axes");
    refused(mixed, [&](Circuit& c) { regroup(c).g = 0; }, "number of axes");
    refused(mixed, [&](Circuit& c) { regroup(c).offset = 1; }, "map REGROUP");
}

TEST_F(Broken, Products) {
    const auto term = [](Circuit& c) -> ProdTerm& { return c.steps[1].prods[0]; };
    refused(mixed, [&](Circuit& c) { term(c).shared_mask = 0; }, "a free axis is used by one");
    refused(mixed, [&](Circuit& c) { term(c).shared_mask = 0b0011; }, "used by both");
    refused(mixed, [&](Circuit& c) { term(c).shared_mask = 0b10001; }, "shared mask");
    refused(mixed, [&](Circuit& c) { term(c).a.maps[1] = AxisMap::all(); }, "free axis");
    refused(mixed, [&](Circuit& c) { term(c).a.maps[2] = AxisMap::all(); }, "used by both");
    refused(mixed, [&](Circuit& c) { term(c).contract.push_back({2}); }, "used by both");
    refused(mixed, [&](Circuit& c) { term(c).contract.assign(7, {1}); }, "too many axes");
}

TEST_F(Broken, InputAndOutput) {
    const char* first = "the first step copies the input";
    refused(gemm, [](Circuit& c) { c.steps[0].lins[0].coef = 2; }, first);
    refused(gemm, [](Circuit& c) { c.steps[0].lins.push_back(c.steps[0].lins[0]); }, first);
    refused(gemm, [](Circuit& c) { c.steps[0].limbs.clear(); }, "");
    refused(gemm, [](Circuit& c) { c.steps[0].consts = {{1, {{0, 1}}}}; }, first);
    refused(gemm, [](Circuit& c) { c.steps[0].lins[0].operand.maps = {AxisMap::all()}; }, first);
    const char* last = "the last step";
    refused(gemm, [](Circuit& c) { c.steps[3].lins[1].coef = 1; }, last);
    refused(gemm, [](Circuit& c) { c.steps[3].lins.pop_back(); }, last);
    refused(gemm, [](Circuit& c) { c.steps[3].lins.push_back(c.steps[3].lins[1]); }, last);
    refused(gemm, [](Circuit& c) { c.steps[3].lins[1].operand.maps = {AxisMap::all()}; }, last);
    refused(gemm, [](Circuit& c) { c.steps.pop_back(); }, last);
    refused(gemm, [](Circuit& c) { c.steps.push_back(c.steps.back()); }, "first and last step");
    refused(
        gemm, [](Circuit& c) { c.steps[1].lins.push_back(c.steps[0].lins[0]); },
        "first and last step");
}

}  // namespace
}  // namespace mintmark
