// Licences and derivatives (docs/spec/contracts.md §12, §13).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/json/json.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// Terms of a licence; the fields of ILicenseTerms.Terms.
struct LicenseTerms {
    bool is_fine_tune = false;  ///< else: the weights
    bool is_relative = false;   ///< LRP; else LAP
    bool is_transferable = false;
    bool needs_approval = false;
    bool is_reciprocal = false;
    std::uint64_t share_ppm = 0;  ///< of a derivative's income
    std::uint64_t duration = 0;   ///< seconds; 0: without end
    chain::U256 mint_fee;         ///< smallest units of the currency
    Address currency = {};        ///< zero: native
};

struct LicenseInfo {
    std::uint64_t id = 0;
    std::uint64_t model = 0;
    std::uint64_t expires = 0;  ///< 0: without end
    std::uint64_t used_by = 0;  ///< derivative; 0: none
    Bytes32 terms_id = {};
    LicenseTerms terms;
    Address owner = {};
};

struct LicenseOrder {
    std::uint64_t model = 0;
    Bytes32 terms_id = {};
    Address to = {};
    chain::U256 max_fee;
    std::uint64_t max_share_ppm = 0;
};

/// A licence that was made, and the transaction that made it.
struct MadeLicense {
    std::uint64_t id = 0;
    chain::U256 fee;
    chain::Receipt receipt;
};

/// The terms' id; registers them when nobody has.
[[nodiscard]] Result<Bytes32> register_terms(Market& market, const chain::PrivateKey& key,
                                             const LicenseTerms& terms);
/// kNotFound.
[[nodiscard]] Result<LicenseTerms> get_terms(Market& market, const Bytes32& terms_id);
[[nodiscard]] Result<chain::Receipt> offer_license(Market& market, const chain::PrivateKey& key,
                                                   std::uint64_t model, const Bytes32& terms_id);
/// Buys with native currency; kPriceExceeded before anything is sent, kUnsupported for a token fee.
[[nodiscard]] Result<MadeLicense> buy_license(Market& market, const chain::PrivateKey& key,
                                              const LicenseOrder& order);
[[nodiscard]] Result<MadeLicense> grant_license(Market& market, const chain::PrivateKey& key,
                                                const LicenseOrder& order);
/// kNotFound.
[[nodiscard]] Result<LicenseInfo> get_license(Market& market, std::uint64_t id);

/// In the order of IDerivativeGraph.Relation.
enum class Relation : std::uint8_t {
    kFineTune,
    kAdapter,
    kMerge,
    kQuantized,
    kDistilled,
    kDataset
};
[[nodiscard]] std::string_view relation_name(Relation relation) noexcept;
/// "fine-tune", "adapter", …; kInvalidArgument.
[[nodiscard]] Result<Relation> parse_relation(std::string_view text);

struct ParentInfo {
    VersionRef version;
    std::uint64_t license = 0;
    std::uint64_t share_ppm = 0;
    Relation relation = Relation::kFineTune;
    bool is_relative = false;
};

struct AncestorInfo {
    std::uint64_t model = 0;
    std::uint64_t absolute_ppm = 0;
    std::uint64_t relative_ppm = 0;
};

struct DerivativeInfo {
    std::string state;            ///< "none", "pending", "linked", "rejected"
    std::uint64_t decide_by = 0;  ///< pending: until when parents may object
    std::uint64_t undecided = 0;  ///< bit i: parent i may still object
    std::uint64_t stack_ppm = 0;
    std::vector<ParentInfo> parents = {};
    std::vector<AncestorInfo> ancestors = {};
};

/// A parent's owner's word, signed before the link, that a child may be (EIP-712 "Approval" of
/// DerivativeGraph).
struct Approval {
    std::uint64_t child = 0;
    VersionRef parent;
    std::uint64_t license = 0;
    Relation relation = Relation::kFineTune;
    std::uint64_t deadline = 0;  ///< last second at which it serves a link
    Bytes signature = {};

    /// EIP-712 digest under the graph's domain: what the parent's owner signs.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
    [[nodiscard]] json::Json to_json() const;
    /// kMalformed, kInvalidArgument.
    [[nodiscard]] static Result<Approval> from_json(const json::Json& value);
};

/// One parent of a link: a licence, and what the child is to it.
struct LinkedParent {
    std::uint64_t license = 0;
    Relation relation = Relation::kFineTune;
    std::optional<Approval> approval = {};  ///< none: the parent's owner decides afterwards
};

[[nodiscard]] Result<DerivativeInfo> get_derivative(Market& market, std::uint64_t model);
/// Links to the approved versions, or the canonical ones of the licences' models.
[[nodiscard]] Result<chain::Receipt> link_derivative(Market& market, const chain::PrivateKey& key,
                                                     std::uint64_t child,
                                                     const std::vector<LinkedParent>& parents,
                                                     std::uint64_t max_stack_ppm);
/// A parent's owner lets the child be.
[[nodiscard]] Result<chain::Receipt> approve_derivative(Market& market,
                                                        const chain::PrivateKey& key,
                                                        std::uint64_t child, std::uint64_t parent);
/// A parent's owner objects.
[[nodiscard]] Result<chain::Receipt> reject_derivative(Market& market, const chain::PrivateKey& key,
                                                       std::uint64_t child, std::uint64_t parent,
                                                       const std::string& reason);

}  // namespace mintmark::market
