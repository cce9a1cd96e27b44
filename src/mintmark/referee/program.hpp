// A circuit as the referee contract reads it: what one element of one step is the sum of
// (docs/spec/referee.md section 2; contracts/src/types/RefereeStep.sol). Nothing is padded.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/chain/abi.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark::referee {

/// Where an operand reads: weights, the statement's input, limbs of an earlier step, or what the
/// limb's table makes of them.
enum class Source : std::uint8_t { kWeight, kInput, kLimb, kResult };

enum class ReadKind : std::uint8_t { kAll, kEq, kWin, kSumWin, kRegroup };

/// How one axis of a tensor (kRegroup: several together, `dim` entries) is read.
struct ReadMap {
    ReadKind kind = ReadKind::kAll;
    std::uint8_t p = 0, t = 0;
    std::uint32_t dim = 1, taps = 0, stride = 0, dilation = 0;
    std::int32_t offset = 0;
};

struct ProgramOperand {
    Source source = Source::kWeight;
    std::uint8_t limb = 0;
    std::uint64_t base = 0;  ///< first weight, or first element of the earlier step
    std::vector<ReadMap> maps = {};
};

struct ProgramConst {
    Int128 coef = 0;
    std::vector<std::uint32_t> lo = {}, hi = {};  ///< half-open, one per out axis
};

struct ProgramLin {
    Int128 coef = 0;
    ProgramOperand operand = {};
};

struct ProgramProd {
    Int128 coef = 0;
    std::vector<std::uint32_t> contraction = {};
    ProgramOperand a = {}, b = {};
};

/// Values lo .. lo + 2^log_size - 1; the result of v is row `row + v - lo` of the tables.
struct ProgramLimb {
    std::uint8_t shift = 0, log_size = 0;
    bool is_function = false;
    std::uint64_t row = 0;
    std::int64_t lo = 0;
};

struct ProgramStep {
    std::uint64_t base = 0;  ///< number of its first element in the trace
    std::vector<std::uint32_t> dims = {};
    std::vector<ProgramLimb> limbs = {};  ///< empty: the output step
    std::vector<ProgramConst> consts = {};
    std::vector<ProgramLin> lins = {};
    std::vector<ProgramProd> prods = {};

    [[nodiscard]] std::uint64_t num_elements() const noexcept;
};

/// The whole program. Steps are in the order of execution, the output's last.
struct Program {
    std::vector<ProgramStep> steps;
    std::uint64_t elements = 0;  ///< of the trace: every element of every step but the last
    std::uint64_t inputs = 0, outputs = 0, rows = 0;
    /// Lane of every weight in the circuit's W column, in the order of the weights' numbers.
    std::vector<std::uint64_t> weight_lanes;

    /// The step that computes trace element `position` (< elements).
    [[nodiscard]] std::size_t step_of(std::uint64_t position) const noexcept;
};

/// Anybody derives the same program from the same circuit. kUnsupported for an assertion inside
/// the circuit (keys of accuracy proofs); kMalformed when check_circuit refuses the circuit.
[[nodiscard]] Result<Program> make_program(const Circuit& circuit);

/// IRefereedExecution.StepProof's step as an ABI value; its type is kStepType.
inline constexpr const char* kStepType =
    "(uint64,uint32[],(uint8,uint8,bool,uint64,int64)[],(int128,uint32[],uint32[])[],"
    "(int128,(uint8,uint8,uint64,(uint8,uint8,uint8,uint32,uint32,uint32,uint32,int32)[]))[],"
    "(int128,uint32[],(uint8,uint8,uint64,(uint8,uint8,uint8,uint32,uint32,uint32,uint32,int32)[])"
    ",(uint8,uint8,uint64,(uint8,uint8,uint8,uint32,uint32,uint32,uint32,int32)[]))[])";
[[nodiscard]] chain::AbiValue step_value(const ProgramStep& step);
/// keccak256(abi.encode(step)): the step's leaf in the program's tree.
[[nodiscard]] Bytes32 step_leaf(const ProgramStep& step);
/// A signed integer as an ABI word.
[[nodiscard]] chain::U256 signed_word(Int128 value) noexcept;

}  // namespace mintmark::referee
