// Sampled audits: batches of results of which random ones are proven (docs/spec/contracts.md §17).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "mintmark/hash/merkle.hpp"
#include "mintmark/market/adapter_keys.hpp"

namespace mintmark::market {

/// AuditedVerifier.Key.
struct AuditTerms {
    std::uint64_t input_words = 0;
    Address verifier = {};   ///< IProofVerifier that decides a sample
    Address inner_key = {};  ///< its key for the same circuit
    std::uint64_t gas_limit = 0;
    chain::U256 bond_per_result;  ///< wei
    std::uint64_t samples = 0;    ///< 1 to 8
    std::uint64_t answer_period_s = 0;
};
[[nodiscard]] Result<AdapterKeyMade> deploy_audit_key(Market& market, const chain::PrivateKey& key,
                                                      const AuditTerms& terms);

/// One result of a batch: what was asked and answered.
struct AuditedResult {
    Bytes32 context = {};
    std::vector<Bytes32> instances;
};
/// The tree that a node commits to; result i is leaf i. At least one result.
[[nodiscard]] MerkleTree batch_tree(const std::vector<AuditedResult>& results);

/// IAuditedVerifier.State.
enum class BatchState : std::uint8_t { kNone, kCommitted, kDrawn, kPassed, kFailed };
[[nodiscard]] std::string_view batch_state_name(BatchState state) noexcept;

struct BatchInfo {
    BatchState state = BatchState::kNone;
    std::uint64_t samples = 0, proven = 0;  ///< number, bit mask
    std::uint64_t count = 0;
    std::uint64_t draw_block = 0;  ///< can be drawn from the block after it
    std::uint64_t until = 0;       ///< last second of the proofs
    Address node = {};
    chain::U256 bond;  ///< wei
    Bytes32 root = {};
    std::vector<std::uint64_t> drawn;  ///< index of each sample; empty before the draw
};
/// kNotFound.
[[nodiscard]] Result<BatchInfo> read_batch(Market& market, std::uint64_t batch);

struct CommittedBatch {
    std::uint64_t id = 0;
    chain::Receipt receipt;
};
/// Commits with the key's bond for each result.
[[nodiscard]] Result<CommittedBatch> commit_batch(Market& market, const chain::PrivateKey& key,
                                                  const Address& audit_key,
                                                  const std::vector<AuditedResult>& results);
[[nodiscard]] Result<chain::Receipt> draw_batch(Market& market, const chain::PrivateKey& key,
                                                std::uint64_t batch);
/// Proves the sample `sample` of a drawn batch. kInvalidArgument when the results are not the
/// batch's.
struct SampleProof {
    std::uint64_t batch = 0, sample = 0;
    Address audit_key = {};
    Bytes proof;
};
[[nodiscard]] Result<chain::Receipt> prove_sample(Market& market, const chain::PrivateKey& key,
                                                  const SampleProof& sample,
                                                  const std::vector<AuditedResult>& results);
/// Ends a batch that was not drawn or proven in time.
[[nodiscard]] Result<chain::Receipt> fail_batch(Market& market, const chain::PrivateKey& key,
                                                std::uint64_t batch);
/// What settles result `index` of a batch that passed: abi.encode(batchId, index, path).
[[nodiscard]] Bytes audit_proof(std::uint64_t batch, std::uint64_t index,
                                const std::vector<AuditedResult>& results);

}  // namespace mintmark::market
