// The client against a node that we script: what it does with errors and nonsense.
#include "mintmark/chain/rpc.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>

#include "mintmark/chain/artifact.hpp"
#include "mintmark/chain/deployment.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

/// Answers from a list; `"id":0` in an answer becomes the request's id.
class ScriptedNode final : public net::HttpTransport {
  public:
    Result<net::HttpResponse> send(const net::HttpRequest& request) override {
        requests.push_back(request);
        if (answers.empty()) return fail(ErrorCode::kNetwork, "connection refused");
        std::string body = answers.front();
        answers.pop_front();
        const auto asked = json::parse(request.body).value();
        const std::string id = "\"id\":" + std::to_string(json::get_u64(asked, "id").value());
        const std::size_t at = body.find("\"id\":0");
        if (at != std::string::npos) body.replace(at, 6, id);
        return net::HttpResponse{200, {}, body};
    }
    std::deque<std::string> answers;
    std::vector<net::HttpRequest> requests;
};

class RpcTest : public testing::Test {
  protected:
    void answer(const std::string& result) {
        node_->answers.push_back(R"({"jsonrpc":"2.0","id":0,"result":)" + result + "}");
    }
    void answer_error(const std::string& error) {
        node_->answers.push_back(R"({"jsonrpc":"2.0","id":0,"error":)" + error + "}");
    }
    std::shared_ptr<ScriptedNode> node_ = std::make_shared<ScriptedNode>();
    RpcClient client_{"http://node", node_};
};

TEST_F(RpcTest, AsksAsTheSpecificationSays) {
    answer("\"0x7a69\"");
    EXPECT_EQ(client_.chain_id().value(), 31337U);
    EXPECT_EQ(node_->requests[0].body,
              R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]})");
    EXPECT_EQ(node_->requests[0].repeat, net::Repeat::kIdempotent);
    answer("\"0x01\"");
    CallRequest call;
    call.to = Address{};
    call.data = {0xab};
    call.value = 16U;
    EXPECT_EQ(client_.call(call).value(), Bytes{1});
    EXPECT_EQ(node_->requests[1].body,
              R"({"jsonrpc":"2.0","id":2,"method":"eth_call","params":[)"
              R"({"to":"0x0000000000000000000000000000000000000000","value":"0x10",)"
              R"("data":"0xab"},"latest"]})");
}

TEST_F(RpcTest, NonsenseFromTheNodeIsAnError) {
    for (const char* body :
         {"", "<html>", "[]", "3", "{}", R"({"id":99,"result":"0x1"})", R"({"id":0})",
          R"({"result":"0x1"})", R"({"id":0,"result":1})", R"({"id":0,"result":"1"})",
          R"({"id":0,"result":"0x"})", R"({"id":0,"result":null})", R"({"id":0,"result":"0xzz"})",
          R"({"id":0,"result":"0x10000000000000000"})"}) {
        node_->answers.push_back(body);
        EXPECT_EQ(client_.chain_id().error().code, ErrorCode::kMalformed) << body;
    }
    for (const char* result : {"{}", "null", R"({"number":"0x1"})", "[]", "\"0x\""}) {
        answer(result);
        EXPECT_FALSE(client_.latest_block()) << result;
    }
    for (const char* result : {"{}", "null", R"([{"address":"0x00"}])", "[3]"}) {
        answer(result);
        EXPECT_FALSE(client_.logs({})) << result;
    }
    answer(R"({"transactionHash":"0x00"})");
    EXPECT_FALSE(client_.receipt(Bytes32{}));
}

TEST_F(RpcTest, NamesWhatWentWrong) {
    EXPECT_EQ(client_.chain_id().error().code, ErrorCode::kNetwork);
    answer_error(R"({"code":-32000,"message":"insufficient funds for gas * price + value"})");
    EXPECT_EQ(client_.estimate_gas({}).error().code, ErrorCode::kInsufficientFunds);
    answer_error(R"({"code":-32601,"message":"method\nnot found"})");
    EXPECT_EQ(client_.estimate_gas({}).error().message, "eth_estimateGas: method not found");
    const std::string custom = to_hex(encode_call("Pass_Expired(uint256)", {AbiValue(3U)}).value());
    const std::string error = R"({"code":3,"message":"execution reverted","data":")" + custom;
    answer_error(error + "\"}");
    EXPECT_EQ(client_.call({}).error().message, "reverted: error data " + custom);
    client_.learn_errors({AbiError{"Pass_Expired", {{"id", {AbiType::Kind::kUint, 256}}}}});
    answer_error(error + "\"}");
    EXPECT_EQ(client_.call({}).error().message, "reverted: Pass_Expired(id: 3)");
    answer_error(R"({"code":3,"message":"execution reverted"})");
    EXPECT_EQ(client_.call({}).error().message, "reverted: without a reason");
    answer_error(R"({"code":-32000,"message":"x","data":{"data":")" + custom + "\"}}");
    EXPECT_EQ(client_.call({}).error().message, "reverted: Pass_Expired(id: 3)");
    answer_error("\"odd\"");
    EXPECT_EQ(client_.call({}).error().code, ErrorCode::kChain);
}

TEST_F(RpcTest, SendingTwiceIsNoError) {
    answer_error(R"({"code":-32000,"message":"already known"})");
    EXPECT_EQ(client_.send_raw(Bytes{1}).value(), keccak256(Bytes{1}));
    answer_error(R"({"code":-32000,"message":"nonce too low"})");
    EXPECT_EQ(client_.send_raw(Bytes{1}).error().code, ErrorCode::kChain);
}

TEST_F(RpcTest, FeesOfChainsWithAndWithoutBaseFee) {
    const std::string head =
        R"({"number":"0x1","timestamp":"0x2","hash":"0x)" + std::string(64, '0') + "\"";
    answer(head + R"(,"baseFeePerGas":"0x64"})");
    answer("\"0x5\"");
    const Fees dynamic = client_.suggest_fees().value();
    EXPECT_TRUE(dynamic.dynamic);
    EXPECT_EQ(dynamic.max_fee, U256(205U));
    EXPECT_EQ(dynamic.max_priority_fee, U256(5U));
    answer(head + "}");
    answer("\"0x9\"");
    const Fees legacy = client_.suggest_fees().value();
    EXPECT_FALSE(legacy.dynamic);
    EXPECT_EQ(legacy.max_fee, U256(9U));
}

TEST_F(RpcTest, WaitsForConfirmations) {
    const std::string receipt =
        R"({"transactionHash":"0x)" + std::string(64, '1') +
        R"(","status":"0x1","blockNumber":"0xa","gasUsed":"0x5208","effectiveGasPrice":"0x2",)"
        R"("contractAddress":null,"logs":[]})";
    for (const char* head : {"\"0xa\"", "\"0xc\""}) {
        answer(receipt);
        answer(head);
    }
    const Receipt done =
        client_.wait_for_receipt({}, {.confirmations = 3, .timeout_ms = 1000, .poll_ms = 1})
            .value();
    EXPECT_EQ(done.fee(), U256(42'000U));
    EXPECT_TRUE(node_->answers.empty());
    answer("null");
    answer("null");
    EXPECT_EQ(client_.wait_for_receipt({}, {.timeout_ms = 1, .poll_ms = 1}).error().code,
              ErrorCode::kNetwork);
}

TEST(Deployment, RoundTripsAndNamesWhatIsMissing) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("mintmark_deployment_test." + std::to_string(::getpid()) + ".json");
    EXPECT_EQ(Deployment::read(path).error().code, ErrorCode::kNotFound);
    Deployment out;
    out.chain_id = 31337;
    out.rpc_url = "http://127.0.0.1:8545";
    out.start_block = 5;
    out.srs_path = "srs.bin";
    out.contracts = {{"ModelRegistry", Address{1}}, {"AccessPass", Address{2}}};
    ASSERT_TRUE(out.write(path));
    const Deployment back = Deployment::read(path).value();
    EXPECT_EQ(back.chain_id, out.chain_id);
    EXPECT_EQ(back.rpc_url, out.rpc_url);
    EXPECT_EQ(back.start_block, out.start_block);
    EXPECT_EQ(back.srs_path, out.srs_path);
    EXPECT_EQ(back.contracts, out.contracts);
    EXPECT_EQ(back.contract("AccessPass").value(), Address{2});
    EXPECT_EQ(back.contract("Nothing").error().code, ErrorCode::kNotFound);
    const std::string text = read_text(path).value();
    for (const char* key : {"format", "chainId", "rpcUrl", "startBlock", "srsPath", "contracts"}) {
        std::string broken = text;
        broken.replace(broken.find(key), 3, "xxx");
        ASSERT_TRUE(write_text(path, broken));
        EXPECT_EQ(Deployment::read(path).error().code, ErrorCode::kMalformed) << key;
    }
    std::string newer = text;
    newer.replace(newer.find("\"format\": 1"), 11, "\"format\": 2");
    ASSERT_TRUE(write_text(path, newer));
    EXPECT_EQ(Deployment::read(path).error().code, ErrorCode::kUnsupported);
    std::filesystem::remove(path);
}

TEST(Artifact, BadFilesAreErrors) {
    for (const char* text :
         {"{}", R"({"abi":[]})", R"({"abi":{},"bytecode":{"object":"0x"}})",
          R"({"abi":[],"bytecode":"0x"})", R"({"abi":[],"bytecode":{"object":"0xzz"}})",
          R"({"abi":[],"bytecode":{"object":"0x60__$abc$__"}})"}) {
        EXPECT_FALSE(Artifact::from_json("X", json::parse(text).value())) << text;
    }
    const auto empty = json::parse(R"({"abi":[],"bytecode":{"object":"0x"}})").value();
    EXPECT_EQ(Artifact::from_json("X", empty)->creation_data({}).error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(Artifact::load("/nowhere", "X").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace mintmark::chain
