#include "mintmark/market/audits.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kAdapter = "AuditedVerifier";
constexpr std::string_view kSystem = "sampled-audit-v1";
constexpr std::string_view kKeyTypes =
    "(bytes32,uint256,address,bytes32,address,uint256,uint256,uint256,uint256)";
constexpr std::string_view kBatchTypes =
    "((uint8,uint8,uint8,uint32,uint64,uint64,address,uint32,uint128,bytes32,bytes32),bytes32)";
constexpr std::size_t kBondField = 6;

Bytes32 leaf_of(std::uint64_t index, const AuditedResult& result) {
    Bytes words;
    for (const Bytes32& word : result.instances) append(words, word);
    const std::vector<AbiValue> fields = {AbiValue(index), AbiValue(result.context),
                                          AbiValue(keccak256(words))};
    const auto data = chain::encode_values("(uint256,bytes32,bytes32)", fields);
    MINTMARK_ASSERT(data.has_value());
    return keccak256(keccak256(*data));
}

AbiValue path_of(const MerkleTree& tree, std::uint64_t index) {
    std::vector<AbiValue> out;
    for (const Bytes32& node : tree.path(index)) out.emplace_back(node);
    return AbiValue(std::move(out));
}

Status read_fields(const std::vector<AbiValue>& fields, BatchInfo& out) {
    MINTMARK_TRY(const std::uint64_t state, fields[0].as_u64());
    out.state = static_cast<BatchState>(state);
    MINTMARK_TRY(out.samples, fields[1].as_u64());
    MINTMARK_TRY(out.proven, fields[2].as_u64());
    MINTMARK_TRY(out.count, fields[3].as_u64());
    MINTMARK_TRY(out.draw_block, fields[4].as_u64());
    MINTMARK_TRY(out.until, fields[5].as_u64());
    MINTMARK_TRY(out.node, fields[6].as_address());
    MINTMARK_TRY(out.bond, fields[8].as_u256());
    MINTMARK_TRY(out.root, fields[9].as_bytes32());
    return {};
}

}  // namespace

std::string_view batch_state_name(BatchState state) noexcept {
    constexpr std::array<std::string_view, 5> kNames = {"none", "committed", "drawn", "passed",
                                                        "failed"};
    const auto index = static_cast<std::size_t>(state);
    return index < kNames.size() ? kNames[index] : kNames[0];
}

Result<AdapterKeyMade> deploy_audit_key(Market& market, const chain::PrivateKey& key,
                                        const AuditTerms& terms) {
    MINTMARK_TRY(const Bytes32 code_hash, pinned_code_hash(market, terms.verifier));
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kSystem))),
                                          AbiValue(terms.input_words),
                                          AbiValue(terms.verifier),
                                          AbiValue(code_hash),
                                          AbiValue(terms.inner_key),
                                          AbiValue(terms.gas_limit),
                                          AbiValue(terms.bond_per_result),
                                          AbiValue(terms.samples),
                                          AbiValue(terms.answer_period_s)};
    MINTMARK_TRY(const Bytes data, chain::encode_values(kKeyTypes, fields));
    return deploy_adapter_key(market, key, kAdapter, data);
}

MerkleTree batch_tree(const std::vector<AuditedResult>& results) {
    std::vector<Bytes32> leaves;
    for (std::size_t i = 0; i < results.size(); ++i) leaves.push_back(leaf_of(i, results[i]));
    return MerkleTree(std::move(leaves));
}

Result<BatchInfo> read_batch(Market& market, std::uint64_t batch) {
    MINTMARK_TRY(const auto values,
                 market.read({kAdapter, "getBatch(uint256)", {AbiValue(batch)}}, kBatchTypes));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    BatchInfo out;
    MINTMARK_CHECK(read_fields(fields, out));
    if (out.until == 0) return out;  // not drawn
    for (std::uint64_t sample = 0; sample < out.samples; ++sample) {
        MINTMARK_TRY(const U256 index, market.read_number({kAdapter,
                                                           "sampleIndex(uint256,uint256)",
                                                           {AbiValue(batch), AbiValue(sample)}}));
        out.drawn.push_back(index.to_u64().value_or(0));
    }
    return out;
}

Result<CommittedBatch> commit_batch(Market& market, const chain::PrivateKey& key,
                                    const Address& audit_key,
                                    const std::vector<AuditedResult>& results) {
    MINTMARK_TRY(const Bytes bytes, adapter_key_bytes(market, audit_key));
    MINTMARK_TRY(const auto fields, chain::decode_values(kKeyTypes, bytes));
    MINTMARK_TRY(const U256 each, fields[kBondField].as_u256());
    const auto bond = each.checked_mul(std::uint64_t{results.size()});
    if (results.empty() || !bond)
        return fail(ErrorCode::kInvalidArgument, "a batch has at least one result");
    CommittedBatch out;
    MINTMARK_TRY(out.receipt,
                 market.send(key, {kAdapter,
                                   "commit(address,bytes32,uint32)",
                                   {AbiValue(audit_key), AbiValue(batch_tree(results).root()),
                                    AbiValue(std::uint64_t{results.size()})},
                                   *bond}));
    MINTMARK_TRY(
        const U256 id,
        market.topic(out.receipt,
                     {kAdapter, "BatchCommitted(uint256,address,address,bytes32,uint32,uint64)"}));
    out.id = id.to_u64().value_or(0);
    return out;
}

Result<chain::Receipt> draw_batch(Market& market, const chain::PrivateKey& key,
                                  std::uint64_t batch) {
    return market.send(key, {kAdapter, "draw(uint256)", {AbiValue(batch)}});
}

Result<chain::Receipt> prove_sample(Market& market, const chain::PrivateKey& key,
                                    const SampleProof& sample,
                                    const std::vector<AuditedResult>& results) {
    MINTMARK_TRY(const BatchInfo batch, read_batch(market, sample.batch));
    const bool is_drawn = sample.sample < batch.drawn.size();
    if (!is_drawn) return fail(ErrorCode::kRejected, "the batch has no such sample");
    const std::uint64_t index = batch.drawn[sample.sample];
    if (results.size() != batch.count || batch_tree(results).root() != batch.root)
        return fail(ErrorCode::kInvalidArgument, "these are not the results of the batch",
                    "give the statements of the commitment, in their order");
    AbiValue opening(
        std::vector<AbiValue>{AbiValue(sample.sample), AbiValue(results[index].context),
                              instance_values(results[index].instances),
                              path_of(batch_tree(results), index), AbiValue(sample.proof)});
    return market.send(key,
                       {kAdapter,
                        "proveSample(uint256,address,(uint256,bytes32,uint256[],bytes32[],bytes))",
                        {AbiValue(sample.batch), AbiValue(sample.audit_key), std::move(opening)}});
}

Result<chain::Receipt> fail_batch(Market& market, const chain::PrivateKey& key,
                                  std::uint64_t batch) {
    return market.send(key, {kAdapter, "fail(uint256)", {AbiValue(batch)}});
}

Bytes audit_proof(std::uint64_t batch, std::uint64_t index,
                  const std::vector<AuditedResult>& results) {
    const std::vector<AbiValue> fields = {AbiValue(batch), AbiValue(index),
                                          path_of(batch_tree(results), index)};
    auto data = chain::encode_values("(uint256,uint256,bytes32[])", fields);
    MINTMARK_ASSERT(data.has_value());
    return *std::move(data);
}

}  // namespace mintmark::market
