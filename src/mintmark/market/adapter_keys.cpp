#include "mintmark/market/adapter_keys.hpp"

#include "mintmark/chain/artifact.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {

using chain::AbiValue;

Result<AdapterKeyMade> deploy_adapter_key(Market& market, const chain::PrivateKey& key,
                                          std::string_view adapter, ByteSpan data) {
    chain::Sender sender = market.sender(key);
    MINTMARK_TRY(chain::Deployed made, chain::deploy_data(sender, data));
    MINTMARK_CHECK(market.read_number({adapter, "inputWords(address)", {AbiValue(made.address)}}));
    return AdapterKeyMade{made.address, std::move(made.receipt)};
}

Result<Bytes> adapter_key_bytes(Market& market, const Address& key) {
    MINTMARK_TRY(Bytes code, market.client().code(key));
    if (code.size() < 2 || code[0] != 0) {
        return fail(ErrorCode::kMalformed, "there is no key at this address",
                    "make one with the system's `key` command");
    }
    code.erase(code.begin());
    return code;
}

Result<Bytes32> pinned_code_hash(Market& market, const Address& contract) {
    MINTMARK_TRY(const Bytes code, market.client().code(contract));
    if (code.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the verifier has no code on this chain");
    }
    return keccak256(code);
}

Result<bool> adapter_accepts(Market& market, std::string_view adapter, const AdapterResult& result,
                             const Bytes& proof) {
    MINTMARK_TRY(const auto values,
                 market.read({adapter,
                              "verify(address,bytes32,uint256[],bytes)",
                              {AbiValue(result.key), AbiValue(result.context),
                               instance_values(result.instances), AbiValue(proof)}},
                             "(bool)"));
    return values[0].as_bool();
}

AbiValue instance_values(const std::vector<Bytes32>& instances) {
    std::vector<AbiValue> out;
    for (const Bytes32& word : instances) out.emplace_back(chain::U256::from_bytes(word));
    return AbiValue(std::move(out));
}

}  // namespace mintmark::market
