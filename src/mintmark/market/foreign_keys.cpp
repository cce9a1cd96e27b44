#include "mintmark/market/foreign_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kEzklTypes = "(bytes32,uint256,address,bytes32,uint256,uint256)";
constexpr std::string_view kRiscZeroTypes =
    "(bytes32,uint256,address,bytes32,bytes32,uint256,bool)";

U256 nowhere() {
    Bytes32 ones = {};
    ones.fill(0xff);
    return U256::from_bytes(ones);
}

U256 place(const std::optional<std::uint64_t>& at) {
    return at ? U256(*at) : nowhere();
}

Result<std::optional<std::uint64_t>> read_place(const AbiValue& value) {
    MINTMARK_TRY(const U256 number, value.as_u256());
    if (number == nowhere()) return std::nullopt;
    MINTMARK_TRY(const std::uint64_t at, value.as_u64());
    return at;
}

Result<std::vector<AbiValue>> key_fields(Market& market, const Address& key, std::string_view types,
                                         std::string_view system) {
    MINTMARK_TRY(const Bytes data, adapter_key_bytes(market, key));
    MINTMARK_TRY(auto fields, chain::decode_values(types, data));
    MINTMARK_TRY(const Bytes32 name, fields[0].as_bytes32());
    if (name == keccak256(as_bytes(system))) return fields;
    return fail(ErrorCode::kMalformed, "the key is of another proof system");
}

/// ezkl writes field elements as 32 bytes, least significant first, in hex without 0x.
Result<Bytes32> little_endian_word(const json::Json& value) {
    if (!value.is_string()) return fail(ErrorCode::kMalformed, "instances: not hex");
    const auto text = value.get<std::string>();
    MINTMARK_TRY(Bytes32 out, bytes32_from_hex(text.starts_with("0x") ? text : "0x" + text));
    std::ranges::reverse(out);
    return out;
}

Result<Bytes> proof_bytes(const json::Json& file) {
    const json::Json* value = json::find(file, "proof");
    if (value != nullptr && value->is_string()) return from_hex(value->get<std::string>());
    MINTMARK_TRY(const json::Json list, json::get_array(file, "proof"));
    Bytes out;
    for (const json::Json& byte : list) {
        const std::int64_t number = byte.is_number_integer() ? byte.get<std::int64_t>() : -1;
        if (number < 0 || number > 0xff) return fail(ErrorCode::kMalformed, "proof: not a byte");
        out.push_back(static_cast<std::uint8_t>(number));
    }
    return out;
}

Error other_context() {
    return {ErrorCode::kRejected, "the proof is bound to another context",
            "prove again with the request's context (`mintmark infer sign` prints it)"};
}

}  // namespace

Result<AdapterKeyMade> deploy_ezkl_key(Market& market, const chain::PrivateKey& key,
                                       const EzklTerms& terms) {
    if (terms.echo_at && (!terms.context_at || *terms.context_at >= *terms.echo_at)) {
        return fail(ErrorCode::kInvalidArgument, "the echo stands after the context");
    }
    MINTMARK_TRY(const Bytes32 code_hash, pinned_code_hash(market, terms.verifier));
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kEzklSystem))),
                                          AbiValue(terms.input_words),
                                          AbiValue(terms.verifier),
                                          AbiValue(code_hash),
                                          AbiValue(place(terms.context_at)),
                                          AbiValue(place(terms.echo_at))};
    MINTMARK_TRY(const Bytes data, chain::encode_values(kEzklTypes, fields));
    return deploy_adapter_key(market, key, "EzklVerifier", data);
}

Result<EzklTerms> read_ezkl_key(Market& market, const Address& key) {
    MINTMARK_TRY(const auto fields, key_fields(market, key, kEzklTypes, kEzklSystem));
    EzklTerms out;
    MINTMARK_TRY(out.input_words, fields[1].as_u64());
    MINTMARK_TRY(out.verifier, fields[2].as_address());
    MINTMARK_TRY(out.context_at, read_place(fields[4]));
    MINTMARK_TRY(out.echo_at, read_place(fields[5]));
    return out;
}

Result<AdapterKeyMade> deploy_risc_zero_key(Market& market, const chain::PrivateKey& key,
                                            const RiscZeroTerms& terms) {
    MINTMARK_TRY(const Bytes32 code_hash, pinned_code_hash(market, terms.verifier));
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kRiscZeroSystem))),
                                          AbiValue(terms.input_words),
                                          AbiValue(terms.verifier),
                                          AbiValue(code_hash),
                                          AbiValue(terms.image_id),
                                          AbiValue(terms.journal_bytes),
                                          AbiValue(terms.is_bound)};
    MINTMARK_TRY(const Bytes data, chain::encode_values(kRiscZeroTypes, fields));
    return deploy_adapter_key(market, key, "RiscZeroVerifier", data);
}

Result<RiscZeroTerms> read_risc_zero_key(Market& market, const Address& key) {
    MINTMARK_TRY(const auto fields, key_fields(market, key, kRiscZeroTypes, kRiscZeroSystem));
    RiscZeroTerms out;
    MINTMARK_TRY(out.input_words, fields[1].as_u64());
    MINTMARK_TRY(out.verifier, fields[2].as_address());
    MINTMARK_TRY(out.image_id, fields[4].as_bytes32());
    MINTMARK_TRY(out.journal_bytes, fields[5].as_u64());
    MINTMARK_TRY(out.is_bound, fields[6].as_bool());
    return out;
}

Result<ForeignProof> from_ezkl(const json::Json& file, const EzklTerms& terms,
                               const Bytes32& context) {
    ForeignProof out;
    MINTMARK_TRY(out.proof, proof_bytes(file));
    MINTMARK_TRY(const json::Json columns, json::get_array(file, "instances"));
    const Bytes32 reduced = Fr::from_bytes_reduce(context).to_bytes();
    std::uint64_t at = 0;
    for (const json::Json& column : columns) {
        if (!column.is_array()) return fail(ErrorCode::kMalformed, "instances: no columns");
        for (const json::Json& entry : column) {
            MINTMARK_TRY(const Bytes32 word, little_endian_word(entry));
            const bool is_context = terms.context_at == at || terms.echo_at == at;
            if (is_context && word != reduced) return std::unexpected(other_context());
            if (!is_context) out.instances.push_back(word);
            ++at;
        }
    }
    if (out.instances.size() >= terms.input_words) return out;
    return fail(ErrorCode::kMalformed, fmt::format("{} instances, the key has {} words of input",
                                                   out.instances.size(), terms.input_words));
}

Result<ForeignProof> from_risc_zero(const Bytes& journal, const Bytes& seal,
                                    const RiscZeroTerms& terms, const Bytes32& context) {
    const std::size_t head = terms.is_bound ? context.size() : 0;
    if (journal.size() != head + terms.journal_bytes) {
        return fail(ErrorCode::kRejected, fmt::format("the journal has {} bytes, the key's has {}",
                                                      journal.size(), head + terms.journal_bytes));
    }
    if (!std::ranges::equal(ByteSpan(journal).first(head), ByteSpan(context).first(head)))
        return std::unexpected(other_context());
    ForeignProof out{.instances = {}, .proof = seal};
    for (std::size_t begin = head; begin < journal.size(); begin += 32) {
        Bytes32 word = {};
        const std::size_t length = std::min<std::size_t>(word.size(), journal.size() - begin);
        std::ranges::copy(ByteSpan(journal).subspan(begin, length), word.begin());
        out.instances.push_back(word);
    }
    return out;
}

}  // namespace mintmark::market
