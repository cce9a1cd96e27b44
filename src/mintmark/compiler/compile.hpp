// From a quantised model to a circuit: what is proven, as data (docs/spec/protocol.md section 3).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/compiler/stacking.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::compiler {

/// What chunk size and look-ups are chosen for: 100,000 gas are worth 80 ms of proving, beyond
/// 1.09 million gas six times as much (kBalanced); 5 ms (kProve); 500 ms (kGas). Keys that fit onto
/// the chain come first.
enum class Optimise : std::uint8_t { kBalanced, kProve, kGas };

struct CompileOptions {
    Visibility input = Visibility::kCommitted;
    Visibility output = Visibility::kPublic;
    Optimise optimise = Optimise::kBalanced;
    std::uint8_t max_mu = 22;  ///< largest chunk size, as a power of two (the SRS must be as long)
    /// Convolutions' weights whose box has so many variables are stored with the kernel outermost.
    std::uint8_t kernel_first_log = 20;
    std::optional<StackRule> rule = {};  ///< for repeated blocks; absent: the cheapest
};

/// A circuit and the private column that goes with it.
struct Compiled {
    Circuit circuit;
    /// nW * 2^mu lanes: the weights as the circuit's W tensors lay them out, padding zero. Secret.
    std::vector<std::int64_t> weights;
};

/// Compiles a valid graph (model::validate). Deterministic: the same graph and options give the
/// same circuit bit for bit. kUnsupported names the node that has no circuit.
[[nodiscard]] Result<Compiled> compile(const model::QuantGraph& graph,
                                       const CompileOptions& options);

/// The weights of a circuit that compile() has made of this graph with these options before: lays
/// out once instead of looking for the best way. kRejected when the circuit is another.
[[nodiscard]] Result<std::vector<std::int64_t>> weights_of(const model::QuantGraph& graph,
                                                           const CompileOptions& options,
                                                           const Circuit& circuit);

/// Estimates that the chunk size is chosen by: gas of the check of a proof, proving time on two
/// cores with AVX-512 IFMA, size of the verifying key. Small chunks prove fast; large ones are few,
/// and the verifier multiplies one point a chunk.
struct Cost {
    double gas = 0;
    double prove_ms = 0;
    double key_bytes = 0;
};
[[nodiscard]] Cost estimate_cost(const Circuit& circuit);

}  // namespace mintmark::compiler
