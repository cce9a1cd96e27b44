#include "mintmark/market/answers.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kAnswers = "InferenceNFT";
constexpr std::string_view kRouter = "VerifierRouter";
#define MINTMARK_REQUEST_TYPE "(uint256,uint256,uint256,bytes32,uint256,uint256)"

AbiValue to_abi(const Request& r) {
    return AbiValue({AbiValue(r.version.model), AbiValue(r.version.version), AbiValue(r.pass),
                     AbiValue(r.input_commitment), AbiValue(r.nonce), AbiValue(r.deadline)});
}

Result<Bytes32> nullifier_of(Market& market, const Request& request) {
    MINTMARK_TRY(const auto values,
                 market.read({kRouter, "nullifierOf(" MINTMARK_REQUEST_TYPE ")", {to_abi(request)}},
                             "(bytes32)"));
    return values[0].as_bytes32();
}

/// How many of the instances are the input that was signed.
Result<std::size_t> input_words(const Settlement& answer) {
    for (std::size_t count = 1; count <= answer.instances.size(); ++count) {
        const std::span<const Bytes32> words(answer.instances.data(), count);
        if (input_commitment(words) == answer.request.input_commitment) return count;
    }
    return fail(ErrorCode::kRejected, "the proof is of another input than the one that was signed");
}

/// ERC-7007's prompt, content and proof.
Result<std::vector<AbiValue>> token_of(const Settlement& answer) {
    MINTMARK_TRY(const std::size_t count, input_words(answer));
    MINTMARK_TRY(Bytes prompt, chain::encode_values("(" MINTMARK_REQUEST_TYPE ")",
                                                    std::vector{to_abi(answer.request)}));
    std::vector<AbiValue> inputs;
    Bytes content;
    for (std::size_t i = 0; i < answer.instances.size(); ++i) {
        if (i < count)
            inputs.emplace_back(U256::from_bytes(answer.instances[i]));
        else
            append(content, answer.instances[i]);
    }
    const std::vector<AbiValue> shown = {AbiValue(answer.signature), AbiValue(std::move(inputs)),
                                         AbiValue(answer.proof)};
    MINTMARK_TRY(Bytes proof, chain::encode_values("(bytes,uint256[],bytes)", shown));
    return std::vector{AbiValue(std::move(prompt)), AbiValue(std::move(content)),
                       AbiValue(std::move(proof))};
}

}  // namespace

Result<AnswerToken> mint_answer(Market& market, const chain::PrivateKey& key,
                                const Settlement& answer) {
    MINTMARK_TRY(const auto parts, token_of(answer));
    AnswerToken out;
    MINTMARK_TRY(out.id, nullifier_of(market, answer.request));
    MINTMARK_TRY(
        out.receipt,
        market.send(key, {kAnswers,
                          "addAigcData(uint256,bytes,bytes,bytes)",
                          {AbiValue(U256::from_bytes(out.id)), parts[0], parts[1], parts[2]}}));
    return out;
}

Result<Address> answer_owner(Market& market, const Request& request) {
    MINTMARK_TRY(const Bytes32 id, nullifier_of(market, request));
    return market.read_address({kAnswers, "ownerOf(uint256)", {AbiValue(U256::from_bytes(id))}});
}

Result<bool> verify_answer(Market& market, const Settlement& answer) {
    MINTMARK_TRY(const auto parts, token_of(answer));
    MINTMARK_TRY(const auto values,
                 market.read({kAnswers, "verify(bytes,bytes,bytes)", parts}, "(bool)"));
    return values[0].as_bool();
}

}  // namespace mintmark::market
