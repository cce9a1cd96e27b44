// A real anvil: the client, the sender and deployments against a chain that is not ours.
// `make test` installs it (contracts/package.json).
#include "mintmark/chain/local_chain.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/artifact.hpp"
#include "mintmark/chain/data_parts.hpp"
#include "mintmark/chain/transaction.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

// Anvil's first two accounts, of the mnemonic "test test … junk": worthless anywhere else.
constexpr const char* kRich = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
constexpr std::uint64_t kEther = 1'000'000'000'000'000'000U;

class LocalChainTest : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::remove_all(folder_);
        options_.folder = folder_;
        options_.port = 0;
        chain_ = start_local_chain(options_).value();
        client_ = std::make_unique<RpcClient>(chain_.rpc_url);
        sender_ = std::make_unique<Sender>(*client_, rich_, options_.chain_id);
    }
    void TearDown() override {
        static_cast<void>(stop_local_chain(folder_));
        std::filesystem::remove_all(folder_);
    }

    std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                    ("mintmark_local_chain_test." + std::to_string(::getpid()));
    LocalChainOptions options_;
    LocalChain chain_;
    PrivateKey rich_ = PrivateKey::from_bytes(from_hex(kRich).value()).value();
    std::unique_ptr<RpcClient> client_;
    std::unique_ptr<Sender> sender_;
};

TEST_F(LocalChainTest, StartsOnceKeepsItsStateAndStopsExactlyItself) {
    EXPECT_EQ(start_local_chain(options_).error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(local_chain_status(folder_).value().pid, chain_.pid);
    LocalChainOptions taken = options_;
    taken.folder = folder_ / "other";
    taken.port = chain_.port;
    EXPECT_EQ(start_local_chain(taken).error().code, ErrorCode::kIo);
    const Address to = {1};
    ASSERT_TRUE(sender_->send({to, {}, kEther}));
    ASSERT_TRUE(stop_local_chain(folder_));
    EXPECT_EQ(local_chain_status(folder_).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(stop_local_chain(folder_).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(client_->chain_id().error().code, ErrorCode::kNetwork);
    const LocalChain again = start_local_chain(options_).value();
    EXPECT_EQ(RpcClient(again.rpc_url).balance(to).value(), U256(kEther));
}

TEST_F(LocalChainTest, SaysWhyItDoesNotStart) {
    LocalChainOptions bad = options_;
    bad.folder = folder_ / "bad";
    bad.hardfork = "no-such-fork";
    const Error error = start_local_chain(bad).error();
    EXPECT_EQ(error.code, ErrorCode::kIo);
    EXPECT_NE(error.message.find("no-such-fork"), std::string::npos) << error.message;
    EXPECT_EQ(local_chain_status(bad.folder).error().code, ErrorCode::kNotFound);
    bad.binary = "/no/such/anvil";
    EXPECT_EQ(start_local_chain(bad).error().code, ErrorCode::kIo);
}

TEST_F(LocalChainTest, SendsValueAndCountsWhatItCosts) {
    SeededRng rng(9);
    const PrivateKey poor = PrivateKey::generate(rng);
    EXPECT_EQ(client_->chain_id().value(), 31337U);
    EXPECT_EQ(client_->expect_chain_id(1).error().code, ErrorCode::kChain);
    const U256 before = client_->balance(rich_.address()).value();
    const Receipt receipt = sender_->send({poor.address(), {}, kEther}).value();
    EXPECT_TRUE(receipt.success);
    EXPECT_EQ(receipt.gas_used, 21'000U);
    EXPECT_EQ(client_->balance(poor.address()).value(), U256(kEther));
    const U256 spent = *receipt.fee().checked_add(kEther);
    EXPECT_EQ(client_->balance(rich_.address()).value(), *before.checked_sub(spent));
    EXPECT_EQ(client_->nonce(rich_.address()).value(), 1U);

    Sender beggar(*client_, poor, options_.chain_id);
    EXPECT_EQ(beggar.send({rich_.address(), {}, kEther}).error().code,
              ErrorCode::kInsufficientFunds);
    EXPECT_EQ(beggar.send({rich_.address(), {}, *U256(kEther).checked_mul(3U)}).error().code,
              ErrorCode::kInsufficientFunds);
    Sender lost(*client_, rich_, 5);
    EXPECT_EQ(lost.send({poor.address(), {}, 1U}).error().code, ErrorCode::kChain);
}

TEST_F(LocalChainTest, LegacyTransactionsAreAccepted) {
    Transaction tx;
    tx.kind = TransactionKind::kLegacy;
    tx.chain_id = options_.chain_id;
    tx.gas_limit = 21'000;
    tx.max_fee = 3'000'000'000U;
    tx.to = Address{7};
    tx.value = 5U;
    const Bytes raw = sign_transaction(tx, rich_);
    const Bytes32 hash = client_->send_raw(raw).value();
    EXPECT_TRUE(client_->wait_for_receipt(hash).value().success);
    EXPECT_EQ(client_->balance(Address{7}).value(), U256(5U));
    EXPECT_FALSE(client_->receipt(Bytes32{1}).value());
    EXPECT_EQ(client_->wait_for_receipt(Bytes32{1}, {.timeout_ms = 1}).error().code,
              ErrorCode::kNetwork);
}

// Built by testdata/Probe.sol (see there).
TEST_F(LocalChainTest, DeploysCallsReadsLogsAndExplainsReverts) {
    const Artifact probe =
        Artifact::from_json("Probe", json::read(MINTMARK_CHAIN_TESTDATA "/Probe.json").value())
            .value();
    EXPECT_EQ(deploy(*sender_, probe, {}).error().code, ErrorCode::kInvalidArgument);
    const Deployed deployed = deploy(*sender_, probe, {AbiValue(7U), AbiValue("first")}).value();
    EXPECT_EQ(deployed.address, contract_address(rich_.address(), 0));
    const auto read = [&](std::string_view signature, std::string_view types) {
        return client_->call(deployed.address, signature, {}, types).value();
    };
    EXPECT_EQ(read("value()", "(uint256)")[0].as_u64().value(), 7U);
    EXPECT_EQ(read("note()", "(string)")[0].as_text().value(), "first");

    const Receipt receipt =
        sender_->call(deployed.address, "set(uint256,string)", {AbiValue(8U), AbiValue("second")})
            .value();
    ASSERT_EQ(receipt.logs.size(), 1U);
    const AbiEvent& changed = *probe.abi.event("Changed");
    const auto event = decode_event(changed, receipt.logs[0].topics, receipt.logs[0].data).value();
    EXPECT_EQ(event.value("by")->as_address().value(), rich_.address());
    EXPECT_EQ(event.value("value")->as_u64().value(), 8U);
    EXPECT_EQ(event.value("note")->as_text().value(), "second");
    LogFilter filter;
    filter.address = deployed.address;
    filter.topics = {changed.topic()};
    EXPECT_EQ(client_->logs(filter).value().size(), 1U);
    filter.topics = {Bytes32{}};
    EXPECT_TRUE(client_->logs(filter).value().empty());

    const auto revert = [&](std::string_view signature, std::vector<AbiValue> arguments) {
        const Error error = sender_->call(deployed.address, signature, arguments).error();
        EXPECT_EQ(error.code, ErrorCode::kChain);
        return error.message;
    };
    EXPECT_EQ(revert("set(uint256,string)", {AbiValue(1000U), AbiValue("")}),
              "reverted: Probe_TooLarge(value: 1000, limit: 100)");
    EXPECT_EQ(revert("refuse()", {}), "reverted: \"refused on principle\"");
    EXPECT_EQ(revert("divide(uint256)", {AbiValue(0U)}), "reverted: panic 0x12: division by zero");
    EXPECT_EQ(client_->call(Address{9}, "value()", {}, "(uint256)").error().code,
              ErrorCode::kChain);
}

TEST_F(LocalChainTest, SignaturesRecoverInSolidity) {
    const Artifact probe =
        Artifact::from_json("Probe", json::read(MINTMARK_CHAIN_TESTDATA "/Probe.json").value())
            .value();
    const Deployed deployed = deploy(*sender_, probe, {AbiValue(7U), AbiValue("x")}).value();
    const Bytes32 hash = personal_message_hash(as_bytes("hello"));
    const Signature s = rich_.sign(hash);
    const auto signer = client_->call(
        deployed.address, "recover(bytes32,uint8,bytes32,bytes32)",
        {AbiValue(hash), AbiValue(27U + s.recovery_id), AbiValue(s.r), AbiValue(s.s)}, "(address)");
    EXPECT_EQ(signer.value()[0].as_address().value(), rich_.address());
}

TEST_F(LocalChainTest, KeepsDataAsCode) {
    Bytes data(24'575);
    SeededRng(4).fill(data);
    const Deployed deployed = deploy_data(*sender_, data).value();
    Bytes wanted = {0};
    append(wanted, data);
    EXPECT_EQ(client_->code(deployed.address).value(), wanted);
    EXPECT_TRUE(deploy_data(*sender_, {}));
    EXPECT_EQ(deploy_data(*sender_, Bytes(24'576)).error().code, ErrorCode::kOutOfRange);
}

TEST_F(LocalChainTest, KeepsLongDataInParts) {
    Bytes data(2 * kMaxPartBytes + 77);
    SeededRng(5).fill(data);
    const DataPlan plan = plan_data(data).value();
    ASSERT_EQ(plan.creation_code.size(), 3U);
    EXPECT_EQ(place_parts(*sender_, plan).value().size(), 3U);
    EXPECT_TRUE(place_parts(*sender_, plan).value().empty()) << "they are there already";
    const Address head = deploy_data(*sender_, plan.head).value().address;
    EXPECT_EQ(read_data(*client_, head).value(), data);

    const auto refused = [&](const Bytes& bytes) {
        const Address at = deploy_data(*sender_, bytes).value().address;
        const auto read = read_data(*client_, at);
        return !read && read.error().code == ErrorCode::kNotFound;
    };
    Bytes other = plan.head;
    ++other[15];  // length
    EXPECT_TRUE(refused(other));
    other = plan.head;
    other.back() ^= 1U;  // nobody is there
    EXPECT_TRUE(refused(other));
    other = plan.head;
    std::swap_ranges(other.begin() + 36, other.begin() + 56, other.begin() + 56);
    EXPECT_TRUE(refused(other)) << "the short part is not last";
    other = plan.head;
    std::swap_ranges(other.begin() + 16, other.begin() + 36, other.begin() + 36);
    const Address at = deploy_data(*sender_, other).value().address;
    EXPECT_NE(read_data(*client_, at).value(), data) << "reordered: other bytes, another hash";
    other = plan.head;
    other.push_back(0);
    EXPECT_TRUE(refused(other));
}

TEST_F(LocalChainTest, ReadsShortDataAndNothing) {
    const Bytes data(100, 4);
    const DataPlan plan = plan_data(data).value();
    EXPECT_TRUE(plan.creation_code.empty());
    const Address at = deploy_data(*sender_, plan.head).value().address;
    EXPECT_EQ(read_data(*client_, at).value(), data);
    EXPECT_EQ(read_data(*client_, Address{9}).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(plan_data(Bytes(kMaxParts * kMaxPartBytes)));
    EXPECT_EQ(plan_data(Bytes(kMaxParts * kMaxPartBytes + 1)).error().code, ErrorCode::kOutOfRange);
}

}  // namespace
}  // namespace mintmark::chain
