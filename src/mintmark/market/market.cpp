#include "mintmark/market/market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "mintmark/chain/address.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"

namespace mintmark::market {
namespace {

Bytes32 event_topic(std::string_view signature) {
    return keccak256(as_bytes(signature));
}

}  // namespace

Result<Market> Market::open(chain::Deployment deployment, const std::string& rpc_url) {
    auto client =
        std::make_unique<chain::RpcClient>(rpc_url.empty() ? deployment.rpc_url : rpc_url);
    client->learn_errors(contract_errors());
    MINTMARK_CHECK(client->expect_chain_id(deployment.chain_id));
    return Market(std::move(deployment), std::move(client));
}

chain::Sender Market::sender(const chain::PrivateKey& key) noexcept {
    return {*client_, key, deployment_.chain_id};
}

Result<std::uint64_t> Market::now() {
    MINTMARK_TRY(const chain::BlockHeader block, client_->latest_block());
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto clock = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    return std::max(block.timestamp, static_cast<std::uint64_t>(clock));
}

Result<Address> Market::resolve(std::string_view contract) const {
    if (contract.starts_with("0x")) return chain::parse_address(contract);
    return deployment_.contract(contract);
}

Result<std::vector<chain::AbiValue>> Market::read(const ContractCall& call,
                                                  std::string_view returns) {
    MINTMARK_TRY(const Address to, resolve(call.contract));
    return explained(client_->call(to, call.signature, call.arguments, returns));
}

Result<chain::U256> Market::read_number(const ContractCall& call) {
    MINTMARK_TRY(const auto values, read(call, "(uint256)"));
    MINTMARK_TRY(const chain::AbiValue first, item(values, 0));
    return first.as_u256();
}

Result<Address> Market::read_address(const ContractCall& call) {
    MINTMARK_TRY(const auto values, read(call, "(address)"));
    MINTMARK_TRY(const chain::AbiValue first, item(values, 0));
    return first.as_address();
}

Result<chain::Intent> Market::intent(const ContractCall& call) const {
    chain::Intent out;
    MINTMARK_TRY(out.to, resolve(call.contract));
    MINTMARK_TRY(out.data, chain::encode_call(call.signature, call.arguments));
    out.value = call.value;
    return out;
}

Result<chain::Receipt> Market::send(const chain::PrivateKey& key, const ContractCall& call) {
    MINTMARK_TRY(const chain::Intent what, intent(call));
    chain::Sender from = sender(key);
    return explained(from.send(what));
}

Result<std::uint64_t> Market::estimate(const Address& from, const ContractCall& call) {
    MINTMARK_TRY(const chain::Intent what, intent(call));
    return explained(client_->estimate_gas({from, what.to, what.data, what.value}));
}

Result<std::vector<chain::Log>> Market::logs(std::string_view contract, std::string_view signature,
                                             const std::vector<std::optional<Bytes32>>& indexed) {
    chain::LogFilter filter;
    MINTMARK_TRY(filter.address, deployment_.contract(contract));
    filter.topics = {event_topic(signature)};
    filter.topics.insert(filter.topics.end(), indexed.begin(), indexed.end());
    filter.from_block = deployment_.start_block;
    return client_->logs(filter);
}

Result<chain::U256> Market::topic(const chain::Receipt& receipt, const EventTopic& event) const {
    MINTMARK_TRY(const Address address, deployment_.contract(event.contract));
    const Bytes32 wanted = event_topic(event.signature);
    for (const chain::Log& log : receipt.logs) {
        if (log.address != address || log.topics.size() <= event.topic) continue;
        if (log.topics.front() == wanted) return chain::U256::from_bytes(log.topics[event.topic]);
    }
    return fail(ErrorCode::kChain, fmt::format("transaction {} has no event {}",
                                               to_hex(receipt.transaction_hash), event.signature));
}

Result<chain::AbiValue> item(const std::vector<chain::AbiValue>& values, std::size_t index) {
    if (index < values.size()) return values[index];
    return fail(ErrorCode::kMalformed, "the contract returned too few values");
}

}  // namespace mintmark::market
