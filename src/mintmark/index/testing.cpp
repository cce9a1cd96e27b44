#include "testing.hpp"

#include <algorithm>

#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::index {
namespace {

using chain::AbiValue;
using chain::U256;
using json::Json;

Bytes32 word(std::uint64_t value) {
    return U256(value).to_bytes();
}

Bytes32 word(const Address& address) {
    Bytes32 out = {};
    std::ranges::copy(address, out.begin() + 12);
    return out;
}

Address user_address(std::size_t user) {
    Address out = {};
    out[0] = 0xaa;
    out[19] = static_cast<std::uint8_t>(user);
    return out;
}

Bytes data_of(std::string_view types, const std::vector<AbiValue>& values) {
    return chain::encode_values(types, values).value();
}

}  // namespace

chain::Deployment simulated_deployment() {
    chain::Deployment out;
    out.chain_id = 31337;
    out.start_block = 1;
    std::uint8_t last = 1;
    for (const char* name : {"ModelRegistry", "AccessPass", "PaymentChannels", "PriceBook",
                             "QuotaLedger", "MintToken", "MintGovernor"}) {
        Address address = {};
        address[0] = 0xcc;
        address[19] = last++;
        out.contracts[name] = address;
    }
    return out;
}

SimulatedNode::SimulatedNode(std::uint64_t seed) : rng_(seed) {
    blocks_.emplace_back();
    blocks_.back().hash = keccak256(as_bytes("genesis"));
}

market::ChannelKey SimulatedNode::channel(std::size_t user) {
    Address provider = {};
    provider[0] = 0xbb;
    return {user_address(user), provider, {}};
}

std::uint64_t SimulatedNode::settled(std::size_t user) const {
    const auto found = blocks_.back().accounts.find(user);
    return found == blocks_.back().accounts.end() ? 0 : found->second.settled;
}

std::uint64_t SimulatedNode::balance(std::size_t user) const {
    const auto found = blocks_.back().accounts.find(user);
    return found == blocks_.back().accounts.end() ? 0 : found->second.balance;
}

void SimulatedNode::add_log(Block& block, std::string_view contract, std::string_view signature,
                            const std::vector<Bytes32>& topics, const Bytes& data,
                            std::size_t transaction) {
    Json names = Json::array({to_hex(keccak256(as_bytes(signature)))});
    for (const Bytes32& topic : topics) names.push_back(to_hex(topic));
    block.logs.push_back({{"address", to_hex(deployment_.contracts[std::string(contract)])},
                          {"topics", names},
                          {"data", to_hex(data)},
                          {"logIndex", U256(block.logs.size()).to_quantity()},
                          {"transactionHash", to_hex(word(block.salt + transaction))}});
}

void SimulatedNode::add_event(Block& block, std::size_t transaction) {
    const std::size_t user = rng_.next() % kUsers;
    const market::ChannelKey key = channel(user);
    Account& account = block.accounts[user];
    const auto log = [&](std::string_view contract, std::string_view signature,
                         const std::vector<Bytes32>& topics, const Bytes& data) {
        add_log(block, contract, signature, topics, data, transaction);
    };
    const std::uint64_t choice = rng_.next() % 6;
    if (choice == 0 || account.balance < 10) {
        account.balance += 100;
        log("PaymentChannels", "Deposited(bytes32,address,address,address,uint256)",
            {key.id(), word(key.buyer), word(key.provider)},
            data_of("(address,uint256)", {AbiValue(Address{}), AbiValue(std::uint64_t{100})}));
    } else if (choice <= 3) {
        const std::uint64_t amount = 1 + rng_.next() % 10;
        account.balance -= amount;
        account.settled += amount;
        log("PaymentChannels", "VoucherSettled(bytes32,uint256,bytes32)", {key.id()},
            data_of("(uint256,bytes32)", {AbiValue(amount), AbiValue(Bytes32{})}));
        log("PaymentChannels", "BatchSettled(address,uint256,uint256,address,uint256)",
            {word(key.provider), word(1), word(1)},
            data_of("(address,uint256)", {AbiValue(Address{}), AbiValue(amount)}));
    } else if (choice == 4) {
        const std::uint64_t id = ++block.passes;
        log("AccessPass", "Transfer(address,address,uint256)",
            {Bytes32{}, word(key.buyer), word(id)}, {});
        log("AccessPass",
            "PassBought(uint256,uint256,uint256,address,address,uint256,uint64,uint256)",
            {word(id), word(1), word(1)},
            data_of("(address,address,uint256,uint64,uint256)",
                    {AbiValue(key.buyer), AbiValue(key.buyer), AbiValue(std::uint64_t{50}),
                     AbiValue(std::uint64_t{1} << 40U), AbiValue(std::uint64_t{1})}));
    } else if (block.passes != 0) {
        log("AccessPass", "Transfer(address,address,uint256)",
            {Bytes32{}, word(key.buyer), word(1 + rng_.next() % block.passes)}, {});
    }
}

void SimulatedNode::mine(std::size_t events) {
    Block block;
    block.salt = rng_.next();
    block.parent = blocks_.back().hash;
    block.accounts = blocks_.back().accounts;
    block.passes = blocks_.back().passes;
    Bytes seed(block.parent.begin(), block.parent.end());
    append(seed, word(block.salt));
    block.hash = keccak256(seed);
    for (std::size_t i = 0; i < events; ++i) add_event(block, i);
    for (Json& log : block.logs) {
        log["blockNumber"] = U256(blocks_.size()).to_quantity();
        log["blockHash"] = to_hex(block.hash);
    }
    blocks_.push_back(std::move(block));
}

void SimulatedNode::forget_logs() {
    for (Block& block : blocks_) block.logs.clear();
}

void SimulatedNode::drop(std::size_t blocks) {
    blocks_.resize(blocks_.size() - std::min(blocks, blocks_.size() - 1));
}

Json SimulatedNode::header(std::uint64_t number) const {
    if (number >= blocks_.size() || number > answers_head) return nullptr;
    return {{"number", U256(number).to_quantity()},
            {"timestamp", U256(1'000 + number).to_quantity()},
            {"hash", to_hex(blocks_[number].hash)},
            {"parentHash", to_hex(blocks_[number].parent)},
            {"baseFeePerGas", "0x1"}};
}

Json SimulatedNode::logs(const Json& filter) {
    ++log_requests;
    const auto number = [&](const char* name) {
        return U256::parse(filter[name].get<std::string>()).value().to_u64().value();
    };
    Json out = Json::array();
    for (std::uint64_t i = number("fromBlock"); i <= number("toBlock") && i < blocks_.size(); ++i) {
        for (const Json& log : blocks_[i].logs) out.push_back(log);
    }
    if (out.size() < 2) return out;
    if (lie == Lie::kOrder) std::swap(out[0], out[1]);
    if (lie == Lie::kStranger) out[0]["address"] = "0x" + std::string(40, '1');
    if (lie == Lie::kHash) out.back()["blockHash"] = "0x" + std::string(64, '1');
    if (lie == Lie::kBlock) out.back()["blockNumber"] = "0xffffff";
    if (lie == Lie::kHalfBatch) {
        const std::string batch =
            to_hex(keccak256(as_bytes("BatchSettled(address,uint256,uint256,address,uint256)")));
        Json kept = Json::array();
        for (const Json& log : out) {
            if (log["topics"][0] != batch) kept.push_back(log);
        }
        out = std::move(kept);
    }
    return out;
}

Json SimulatedNode::answer(const std::string& method, const Json& params) {
    if (method == "eth_chainId") return U256(chain_id).to_quantity();
    if (method == "eth_getLogs") return logs(params[0]);
    if (params[0] == "latest") return header(std::min(head(), answers_head));
    return header(U256::parse(params[0].get<std::string>()).value().to_u64().value());
}

Result<net::HttpResponse> SimulatedNode::send(const net::HttpRequest& request) {
    ++requests;
    const Json asked = json::parse(request.body).value();
    Json out = {{"jsonrpc", "2.0"}, {"id", asked["id"]}};
    const std::string method = asked["method"].get<std::string>();
    std::string fault;
    if (!faults.empty()) {
        fault = faults.front();
        faults.pop_front();
    }
    if (fault == "network") return fail(ErrorCode::kNetwork, "connection reset");
    if (fault == "429") return net::HttpResponse{429, {}, "Too Many Requests"};
    const auto number = [&](const char* name) {
        return U256::parse(asked["params"][0][name].get<std::string>()).value().to_u64().value();
    };
    if (fault == "limit") {
        out["error"] = {{"code", -32005}, {"message", "daily request count exceeded, rate limit"}};
    } else if (method == "eth_getLogs" && number("toBlock") - number("fromBlock") >= max_range) {
        out["error"] = {{"code", -32602}, {"message", "query exceeds max block range"}};
    } else {
        out["result"] = answer(method, asked["params"]);
    }
    return net::HttpResponse{200, {}, json::compact(out)};
}

}  // namespace mintmark::index
