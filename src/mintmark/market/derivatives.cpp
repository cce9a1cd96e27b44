#include <fmt/format.h>

#include <array>

#include "mintmark/chain/typed_data.hpp"
#include "mintmark/market/licensing.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

constexpr std::string_view kGraph = "DerivativeGraph";
constexpr std::string_view kApprovalType =
    "Approval(uint256 child,uint256 parent,uint256 licenseId,uint256 versionId,uint8 relation,"
    "uint64 deadline)";
constexpr std::array<std::string_view, 6> kRelations = {"fine-tune", "adapter",   "merge",
                                                        "quantized", "distilled", "dataset"};
constexpr std::array<std::string_view, 4> kStates = {"none", "pending", "linked", "rejected"};

Result<ParentInfo> to_parent(const AbiValue& value) {
    MINTMARK_TRY(const auto fields, value.as_items());
    ParentInfo parent;
    MINTMARK_TRY(parent.version.model, fields[0].as_u64());
    MINTMARK_TRY(parent.version.version, fields[1].as_u64());
    MINTMARK_TRY(parent.license, fields[2].as_u64());
    MINTMARK_TRY(parent.share_ppm, fields[3].as_u64());
    MINTMARK_TRY(const std::uint64_t relation, fields[4].as_u64());
    MINTMARK_TRY(const std::uint64_t policy, fields[5].as_u64());
    if (relation >= kRelations.size()) return fail(ErrorCode::kMalformed, "no such relation");
    parent.relation = static_cast<Relation>(relation);
    parent.is_relative = policy == 1;
    return parent;
}

Result<AncestorInfo> to_ancestor(const AbiValue& value) {
    MINTMARK_TRY(const auto fields, value.as_items());
    AncestorInfo ancestor;
    MINTMARK_TRY(ancestor.model, fields[0].as_u64());
    MINTMARK_TRY(ancestor.absolute_ppm, fields[1].as_u64());
    MINTMARK_TRY(ancestor.relative_ppm, fields[2].as_u64());
    return ancestor;
}

/// The parent's place in the child's link.
Result<std::uint64_t> index_of(Market& market, std::uint64_t child, std::uint64_t parent) {
    MINTMARK_TRY(const DerivativeInfo info, get_derivative(market, child));
    for (std::size_t i = 0; i < info.parents.size(); ++i) {
        if (info.parents[i].version.model == parent) return i;
    }
    return fail(ErrorCode::kNotFound, fmt::format("model {} is no parent of {}", parent, child),
                "look with `mintmark derivative show`");
}

}  // namespace

std::string_view relation_name(Relation relation) noexcept {
    return kRelations[static_cast<std::size_t>(relation)];
}

Result<Relation> parse_relation(std::string_view text) {
    for (std::size_t i = 0; i < kRelations.size(); ++i) {
        if (kRelations[i] == text) return static_cast<Relation>(i);
    }
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no relation", text),
                fmt::format("one of {}", fmt::join(kRelations, ", ")));
}

Result<DerivativeInfo> get_derivative(Market& market, std::uint64_t model) {
    const std::vector<AbiValue> id = {AbiValue(model)};
    DerivativeInfo out;
    MINTMARK_TRY(const auto link,
                 market.read({kGraph, "linkOf(uint256)", id}, "(uint8,uint64,uint8)"));
    MINTMARK_TRY(const std::uint64_t state, link[0].as_u64());
    if (state >= kStates.size()) return fail(ErrorCode::kMalformed, "no such state of a link");
    out.state = kStates[state];
    MINTMARK_TRY(out.decide_by, link[1].as_u64());
    MINTMARK_TRY(out.undecided, link[2].as_u64());
    MINTMARK_TRY(const auto stack, market.read({kGraph, "stackOf(uint256)", id}, "(uint32,bool)"));
    MINTMARK_TRY(out.stack_ppm, stack[0].as_u64());
    MINTMARK_TRY(const auto parents,
                 market.read({kGraph, "parentsOf(uint256)", id},
                             "((uint256,uint256,uint256,uint32,uint8,uint8)[])"));
    MINTMARK_TRY(const auto parent_items, parents[0].as_items());
    for (const AbiValue& value : parent_items) {
        MINTMARK_TRY(const ParentInfo parent, to_parent(value));
        out.parents.push_back(parent);
    }
    MINTMARK_TRY(const auto ancestors,
                 market.read({kGraph, "ancestorsOf(uint256)", id}, "((uint256,uint32,uint32)[])"));
    MINTMARK_TRY(const auto ancestor_items, ancestors[0].as_items());
    for (const AbiValue& value : ancestor_items) {
        MINTMARK_TRY(const AncestorInfo ancestor, to_ancestor(value));
        out.ancestors.push_back(ancestor);
    }
    return out;
}

Result<chain::Receipt> link_derivative(Market& market, const chain::PrivateKey& key,
                                       std::uint64_t child,
                                       const std::vector<LinkedParent>& parents,
                                       std::uint64_t max_stack_ppm) {
    std::vector<AbiValue> list;
    for (const LinkedParent& parent : parents) {
        MINTMARK_TRY(const LicenseInfo license, get_license(market, parent.license));
        MINTMARK_TRY(const VersionRef version, resolve_version(market, {license.model, 0}));
        const Approval none = {.parent = version};
        const Approval& approval = parent.approval ? *parent.approval : none;
        list.emplace_back(
            std::vector<AbiValue>{AbiValue(parent.license), AbiValue(approval.parent.version),
                                  AbiValue(static_cast<unsigned>(parent.relation)),
                                  AbiValue(approval.deadline), AbiValue(approval.signature)});
    }
    return market.send(key, {kGraph,
                             "link(uint256,(uint256,uint256,uint8,uint64,bytes)[],uint32)",
                             {AbiValue(child), AbiValue(list), AbiValue(max_stack_ppm)}});
}

Result<Bytes32> Approval::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const Address graph, deployment.contract(kGraph));
    const chain::TypedDataDomain domain{"Mintmark", "1", deployment.chain_id, graph};
    return chain::typed_data_hash(domain, chain::StructHash(kApprovalType)
                                              .number(child)
                                              .number(parent.model)
                                              .number(license)
                                              .number(parent.version)
                                              .number(static_cast<std::uint64_t>(relation))
                                              .number(deadline)
                                              .finish());
}

json::Json Approval::to_json() const {
    return {{"child", child},
            {"parent", parent.model},
            {"licenseId", license},
            {"versionId", parent.version},
            {"relation", relation_name(relation)},
            {"deadline", deadline},
            {"signature", to_hex(signature)}};
}

Result<Approval> Approval::from_json(const json::Json& value) {
    Approval out;
    MINTMARK_TRY(out.child, json::get_u64(value, "child"));
    MINTMARK_TRY(out.parent.model, json::get_u64(value, "parent"));
    MINTMARK_TRY(out.license, json::get_u64(value, "licenseId"));
    MINTMARK_TRY(out.parent.version, json::get_u64(value, "versionId"));
    MINTMARK_TRY(const std::string relation, json::get_string(value, "relation"));
    MINTMARK_TRY(out.relation, parse_relation(relation));
    MINTMARK_TRY(out.deadline, json::get_u64(value, "deadline"));
    MINTMARK_TRY(const std::string signature, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    return out;
}

Result<chain::Receipt> approve_derivative(Market& market, const chain::PrivateKey& key,
                                          std::uint64_t child, std::uint64_t parent) {
    MINTMARK_TRY(const std::uint64_t index, index_of(market, child, parent));
    return market.send(key,
                       {kGraph, "approve(uint256,uint256)", {AbiValue(child), AbiValue(index)}});
}

Result<chain::Receipt> reject_derivative(Market& market, const chain::PrivateKey& key,
                                         std::uint64_t child, std::uint64_t parent,
                                         const std::string& reason) {
    MINTMARK_TRY(const std::uint64_t index, index_of(market, child, parent));
    return market.send(key,
                       {kGraph,
                        "reject(uint256,uint256,string)",
                        {AbiValue(child), AbiValue(index), AbiValue(std::string_view(reason))}});
}

}  // namespace mintmark::market
