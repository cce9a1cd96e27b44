#include "mintmark/chain/create2.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/address.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

constexpr std::string_view kProxy = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
constexpr std::string_view kProxySender = "0x3fab184622dc19b6109349b94811493bf2a45362";
constexpr std::uint64_t kProxyCost = 10'000'000'000'000'000;  // 100,000 gas at 100 gwei, in wei
constexpr std::string_view kProxyTransaction =
    "0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b80825250"
    "50506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222"
    "222222222222222222222222222222222222222222222222222222";

Address constant_address(std::string_view text) {
    return parse_address(text).value_or(Address{});
}

Result<bool> has_code(RpcClient& client, const Address& address) {
    MINTMARK_TRY(const Bytes code, client.code(address));
    return !code.empty();
}

}  // namespace

Address create2_proxy() noexcept {
    static const Address proxy = constant_address(kProxy);
    return proxy;
}

Address create2_address(const Bytes32& salt, ByteSpan creation_code) {
    Bytes data = {0xff};
    append(data, create2_proxy());
    append(data, salt);
    append(data, keccak256(creation_code));
    const Bytes32 hash = keccak256(data);
    Address out;
    std::copy(hash.begin() + 12, hash.end(), out.begin());
    return out;
}

Status ensure_create2_proxy(Sender& sender) {
    RpcClient& client = sender.client();
    MINTMARK_TRY(bool there, has_code(client, create2_proxy()));
    if (there) return {};
    const Address maker = constant_address(kProxySender);
    MINTMARK_TRY(const U256 balance, client.balance(maker));
    if (balance < U256(kProxyCost)) {
        Intent gift;
        gift.to = maker;
        gift.value = U256(kProxyCost - balance.to_u64().value_or(0));
        MINTMARK_CHECK(sender.send(gift));
    }
    MINTMARK_TRY(const Bytes transaction, from_hex(kProxyTransaction));
    const auto sent = client.send_raw(transaction);
    if (sent) {
        MINTMARK_CHECK(client.wait_for_receipt(*sent));
    }
    MINTMARK_TRY(there, has_code(client, create2_proxy()));
    if (there) return {};
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("this chain has no deployment proxy at {} and does not let it be made{}{}",
                    kProxy, sent ? "" : ": ", sent ? "" : sent.error().message));
}

Result<Placed> place(Sender& sender, const Bytes32& salt, ByteSpan creation_code) {
    RpcClient& client = sender.client();
    const Address address = create2_address(salt, creation_code);
    MINTMARK_TRY(bool there, has_code(client, address));
    if (there) return Placed{address, {}};
    Intent intent;
    intent.to = create2_proxy();
    intent.data.assign(salt.begin(), salt.end());
    append(intent.data, creation_code);
    auto receipt = sender.send(intent);
    if (!receipt) {
        // The proxy swallows the constructor's reason.
        const Bytes code(creation_code.begin(), creation_code.end());
        const auto replay = client.call({.from = sender.address(), .to = {}, .data = code});
        if (!replay && replay.error().code == ErrorCode::kChain) {
            return std::unexpected(replay.error());
        }
        return std::unexpected(std::move(receipt).error());
    }
    MINTMARK_TRY(there, has_code(client, address));
    if (!there) return fail(ErrorCode::kChain, "the deployed contract has no code");
    return Placed{address, std::move(*receipt)};
}

}  // namespace mintmark::chain
