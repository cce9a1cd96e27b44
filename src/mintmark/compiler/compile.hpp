// From a quantised model to a circuit: what is proven, as data (docs/spec/protocol.md section 3).
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::compiler {

/// What the chunk size is chosen for.
enum class Optimise : std::uint8_t { kBalanced, kProve, kGas };

struct CompileOptions {
    Visibility input = Visibility::kCommitted;
    Visibility output = Visibility::kPublic;
    Optimise optimise = Optimise::kBalanced;
    std::uint8_t max_mu = 20;  ///< largest chunk size, as a power of two (the SRS must be as long)
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

/// Estimated gas of the settling transaction and proving time that the chunk size is chosen by.
struct Cost {
    double gas = 0;
    double prove_ms = 0;
};
[[nodiscard]] Cost estimate_cost(const Circuit& circuit);

}  // namespace mintmark::compiler
