#include "simulated_chain.hpp"

#include <algorithm>

#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/rlp.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/channels.hpp"

namespace mintmark::settlement {
namespace {

using chain::AbiValue;
using chain::U256;
using json::Json;

constexpr std::string_view kSettle =
    "((uint256,uint256,address,address),(address,uint128,uint64,bytes32,bytes)[])";

}  // namespace

SimulatedChain::SimulatedChain() {
    blocks_.resize(1);
}

chain::Deployment SimulatedChain::deployment() {
    chain::Deployment out;
    out.chain_id = 31337;
    for (const char* name : {"PaymentChannels", "AccessPass", "QuotaLedger"}) {
        Address address = {};
        address[0] = static_cast<std::uint8_t>(name[0]);
        out.contracts[name] = address;
    }
    return out;
}

SimulatedChain::Outcome SimulatedChain::settle(std::map<Address, Channel>& state,
                                               const Bytes& data) {
    const auto values = chain::decode_values(kSettle, ByteSpan(data).subspan(4)).value();
    Outcome out;
    const auto items = values[1].as_items().value();
    for (const AbiValue& item : items) {
        const auto fields = item.as_items().value();
        Channel& channel = state[fields[0].as_address().value()];
        const std::uint64_t cumulative = fields[1].as_u64().value();
        using market::VoucherStatus;
        VoucherStatus status = VoucherStatus::kSettled;
        std::uint64_t amount = 0;
        if (cumulative <= channel.settled) {
            status = VoucherStatus::kNothingNew;
        } else if (channel.balance == 0) {
            status = VoucherStatus::kEmpty;
        } else if (fields[4].as_bytes().value() == Bytes{0xff}) {
            status = VoucherStatus::kNotSigned;
        } else {
            amount = std::min(cumulative - channel.settled, channel.balance);
            if (amount != cumulative - channel.settled) status = VoucherStatus::kSettledInPart;
        }
        channel.balance -= amount;
        channel.settled += amount;
        out.total += amount;
        out.statuses.push_back(static_cast<std::uint64_t>(status));
    }
    return out;
}

std::map<Address, SimulatedChain::Channel> SimulatedChain::channels() const {
    auto state = genesis;
    for (const Block& block : blocks_) {
        for (const Transaction& tx : block.transactions) (void)settle(state, tx.data);
    }
    return state;
}

std::size_t SimulatedChain::settlements() const {
    auto state = genesis;
    std::size_t out = 0;
    for (const Block& block : blocks_) {
        for (const Transaction& tx : block.transactions)
            if (settle(state, tx.data).total != 0) ++out;
    }
    return out;
}

std::uint64_t SimulatedChain::nonce() const {
    std::uint64_t out = 0;
    for (const Block& block : blocks_) out += block.transactions.size() + block.foreign;
    return out;
}

void SimulatedChain::mine() {
    blocks_.emplace_back();
    while (true) {
        const std::uint64_t next = nonce();
        const auto found = std::ranges::find_if(pool, [&](const Transaction& tx) {
            return tx.nonce == next && tx.max_fee >= U256(base_fee);
        });
        if (found == pool.end()) break;
        blocks_.back().transactions.push_back(*found);
        pool.erase(found);
    }
    std::erase_if(pool, [&](const Transaction& tx) { return tx.nonce < nonce(); });
}

void SimulatedChain::take_back(std::size_t blocks) {
    blocks_.resize(blocks_.size() - std::min(blocks, blocks_.size() - 1));
}

void SimulatedChain::use_number() {
    blocks_.emplace_back();
    blocks_.back().foreign = 1;
    std::erase_if(pool, [&](const Transaction& tx) { return tx.nonce < nonce(); });
}

void SimulatedChain::take(const Bytes& raw, std::string& error) {
    const auto fields = chain::rlp_decode(ByteSpan(raw).subspan(1)).value().items;
    Transaction tx;
    tx.nonce = U256::from_bytes(ByteSpan(fields[1].bytes)).value().to_u64().value();
    tx.tip = U256::from_bytes(ByteSpan(fields[2].bytes)).value();
    tx.max_fee = U256::from_bytes(ByteSpan(fields[3].bytes)).value();
    tx.data = fields[7].bytes;
    tx.hash = keccak256(raw);
    if (tx.nonce < nonce()) {
        error = "nonce too low";
        return;
    }
    const auto same = std::ranges::find(pool, tx.nonce, &Transaction::nonce);
    if (same == pool.end()) {
        pool.push_back(tx);
    } else if (same->hash == tx.hash) {
        error = "already known";
    } else if (tx.max_fee < same->max_fee.checked_mul(110U)->divide(100).quotient) {
        error = "replacement transaction underpriced";
    } else {
        *same = tx;
    }
}

Json SimulatedChain::receipt(const Bytes32& hash) const {
    if (hides_receipts) return nullptr;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        for (const Transaction& tx : blocks_[i].transactions) {
            if (tx.hash != hash) continue;
            const Bytes32 told = lies_about_receipts ? keccak256(hash) : hash;
            return {{"transactionHash", to_hex(told)},      {"status", "0x1"},
                    {"blockNumber", U256(i).to_quantity()}, {"gasUsed", "0x5208"},
                    {"effectiveGasPrice", "0x1"},           {"logs", Json::array()}};
        }
    }
    return nullptr;
}

Json SimulatedChain::call(const Json& request) const {
    const Bytes data = from_hex(request["data"].get<std::string>()).value();
    auto state = channels();
    const auto getter = chain::selector("getChannel(bytes32)");
    if (std::equal(getter.begin(), getter.end(), data.begin())) {
        Bytes32 id;
        std::copy_n(data.begin() + 4, 32, id.begin());
        Channel found;
        for (const auto& [buyer, channel] : state) {
            if (market::ChannelKey{buyer, {}, {}}.id() == id) found = channel;
        }
        const std::vector<AbiValue> words = {AbiValue(found.balance), AbiValue(found.settled),
                                             AbiValue(found.thawing), AbiValue(std::uint64_t{0}),
                                             AbiValue(std::uint64_t{0})};
        return to_hex(
            chain::encode_values("(uint128,uint128,uint128,uint64,uint64)", words).value());
    }
    const Outcome outcome = settle(state, data);
    std::vector<AbiValue> statuses;
    for (const std::uint64_t status : outcome.statuses) statuses.emplace_back(status);
    const std::vector<AbiValue> values = {AbiValue(std::move(statuses)), AbiValue(outcome.total)};
    return to_hex(chain::encode_values("(uint8[],uint256)", values).value());
}

Json SimulatedChain::answer(const std::string& method, const Json& params, std::string& error) {
    if (method == "eth_chainId") return U256(chain_id).to_quantity();
    if (method == "eth_blockNumber") return U256(blocks_.size() - 1).to_quantity();
    if (method == "eth_maxPriorityFeePerGas") return "0x3b9aca00";
    if (method == "eth_estimateGas") return "0x186a0";
    if (method == "eth_call") return call(params[0]);
    if (method == "eth_getTransactionCount") {
        const bool counts_pool = params[1] == "pending";
        return U256(nonce() + (counts_pool ? pool.size() : 0)).to_quantity();
    }
    if (method == "eth_getTransactionReceipt")
        return receipt(bytes32_from_hex(params[0].get<std::string>()).value());
    if (method == "eth_sendRawTransaction") {
        const Bytes raw = from_hex(params[0].get<std::string>()).value();
        take(raw, error);
        return to_hex(keccak256(raw));
    }
    return {{"number", U256(blocks_.size() - 1).to_quantity()},
            {"timestamp", "0x1"},
            {"hash", "0x" + std::string(64, '1')},
            {"baseFeePerGas", U256(base_fee).to_quantity()}};
}

Result<net::HttpResponse> SimulatedChain::send(const net::HttpRequest& request) {
    const Json asked = json::parse(request.body).value();
    const std::string method = asked["method"].get<std::string>();
    const std::string what = fault ? fault(requests, method) : "";
    ++requests;
    if (what == "refused") return fail(ErrorCode::kNetwork, "connection refused");
    if (what == "429") return net::HttpResponse{429, {}, "Too Many Requests"};
    std::string error;
    Json out = {{"jsonrpc", "2.0"}, {"id", asked["id"]}};
    out["result"] = answer(method, asked["params"], error);
    if (!error.empty()) {
        out.erase("result");
        out["error"] = {{"code", -32000}, {"message", error}};
    }
    if (what == "lost") return fail(ErrorCode::kNetwork, "timed out");
    return net::HttpResponse{200, {}, json::compact(out)};
}

}  // namespace mintmark::settlement
