// check_circuit accepts the test circuits and names each broken rule.
#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"

namespace mintmark {
namespace {

TEST(CheckCircuit, AcceptsTestCircuits) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Status status = check_circuit(t.circuit);
        EXPECT_TRUE(status.has_value()) << t.name << ": " << status.error().message;
    }
}

}  // namespace
}  // namespace mintmark
