// ezkl's circuits and RISC Zero's guests as versions: keys, and their own proof files as statements
// (docs/spec/contracts.md §17, docs/adr/0070).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mintmark/json/json.hpp"
#include "mintmark/market/adapter_keys.hpp"

namespace mintmark::market {

/// EzklVerifier.Key.
struct EzklTerms {
    std::uint64_t input_words = 0;  ///< of the instances without the context
    Address verifier = {};          ///< ezkl's Halo2Verifier of the circuit
    /// Where the context stands among ezkl's instances, and where it is put out again.
    std::optional<std::uint64_t> context_at = {}, echo_at = {};
};
[[nodiscard]] Result<AdapterKeyMade> deploy_ezkl_key(Market& market, const chain::PrivateKey& key,
                                                     const EzklTerms& terms);
[[nodiscard]] Result<EzklTerms> read_ezkl_key(Market& market, const Address& key);

/// RiscZeroVerifier.Key.
struct RiscZeroTerms {
    std::uint64_t input_words = 0;
    Address verifier = {};            ///< IRiscZeroVerifier
    Bytes32 image_id = {};            ///< the guest
    std::uint64_t journal_bytes = 0;  ///< without the context
    bool is_bound = false;            ///< the journal begins with the context
};
[[nodiscard]] Result<AdapterKeyMade> deploy_risc_zero_key(Market& market,
                                                          const chain::PrivateKey& key,
                                                          const RiscZeroTerms& terms);
[[nodiscard]] Result<RiscZeroTerms> read_risc_zero_key(Market& market, const Address& key);

/// Instances and proof as an adapter takes them.
struct ForeignProof {
    std::vector<Bytes32> instances;
    Bytes proof;
};
/// ezkl's proof.json: `instances` in columns of little-endian hex, `proof` as bytes or hex. The
/// context's places are taken out. kRejected when another context stands there.
[[nodiscard]] Result<ForeignProof> from_ezkl(const json::Json& file, const EzklTerms& terms,
                                             const Bytes32& context);
/// A receipt's journal and seal; the last word is filled with zeros. kRejected when the journal has
/// another length, or a bound one another context.
[[nodiscard]] Result<ForeignProof> from_risc_zero(const Bytes& journal, const Bytes& seal,
                                                  const RiscZeroTerms& terms,
                                                  const Bytes32& context);

}  // namespace mintmark::market
