#include "mintmark/gateway/receipt.hpp"

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"

namespace mintmark::gateway {
namespace {
Bytes32 hash_or_zero(const std::string& hex) {
    return bytes32_from_hex(hex).value_or(Bytes32{});
}
}  // namespace

Result<Bytes32> receipt_digest(const ledger::RequestRecord& record,
                               const market::VersionRef& version, std::uint64_t chain_id,
                               const Address& provider) {
    const chain::TypedDataDomain domain{"Mintmark Gateway", "1", chain_id, provider};
    const auto& row = record.row;
    const auto& end = record.end;
    return chain::typed_data_hash(domain,
                                  chain::StructHash(kReceiptType)
                                      .text(row.id)
                                      .address(chain::parse_address(row.buyer).value_or(Address{}))
                                      .text(row.account)
                                      .text(row.lane)
                                      .number(version.model)
                                      .number(version.version)
                                      .text(row.model)
                                      .word(hash_or_zero(row.request_hash))
                                      .word(hash_or_zero(end.response_hash))
                                      .text(end.usage)
                                      .number(end.units)
                                      .number(end.usd)
                                      .number(row.price_epoch)
                                      .number(static_cast<std::uint64_t>(row.created_ms))
                                      .number(static_cast<std::uint64_t>(end.finished_ms))
                                      .text(end.state)
                                      .finish());
}

Result<json::Json> receipt_json(const ledger::RequestRecord& record,
                                const market::VersionRef& version, std::uint64_t chain_id,
                                const Address& provider, const chain::PrivateKey* key) {
    const auto& row = record.row;
    const auto& end = record.end;
    json::Json out = {{"id", row.id},
                      {"state", end.state},
                      {"buyer", row.buyer},
                      {"account", row.account},
                      {"lane", row.lane},
                      {"model", row.model},
                      {"model_id", version.model},
                      {"version_id", version.version},
                      {"endpoint", row.endpoint},
                      {"request_hash", row.request_hash},
                      {"response_hash", end.response_hash},
                      {"usage", end.usage},
                      {"units", end.units.to_string()},
                      {"pico_usd", std::to_string(end.usd)},
                      {"price_epoch", row.price_epoch},
                      {"created_ms", row.created_ms},
                      {"finished_ms", end.finished_ms},
                      {"chain_id", chain_id},
                      {"provider", chain::to_checksum(provider)}};
    MINTMARK_TRY(const Bytes32 digest, receipt_digest(record, version, chain_id, provider));
    out["digest"] = to_hex(digest);
    if (key != nullptr) {
        out["signature"] = to_hex(key->sign(digest).to_bytes());
        out["signer"] = chain::to_checksum(key->address());
    }
    return out;
}

}  // namespace mintmark::gateway
