#include "mintmark/market/deploy.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "mintmark/chain/artifact.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

constexpr std::uint64_t kAdminRole = 0;
constexpr std::uint64_t kGuardianRole = 1;
constexpr std::uint64_t kOperatorRole = 2;
constexpr std::uint64_t kArbiterRole = 3;
constexpr std::uint64_t kGatekeeperRole = 4;
constexpr std::uint64_t kVerifierGas = 10'000'000;

constexpr std::uint64_t kAdapterGas = 3'000'000;
struct Adapter {
    const char* contract;
    const char* system;
};
constexpr Adapter kAdapters[] = {{"EzklVerifier", "ezkl-halo2-v1"},
                                 {"RiscZeroVerifier", "risc-zero-v1"},
                                 {"TeeVerifier", "tee-signer-v1"},
                                 {"OptimisticVerifier", "optimistic-v1"},
                                 {"AuditedVerifier", "sampled-audit-v1"}};

/// One deployment under way.
class Deployer {
  public:
    Deployer(chain::Sender& sender, const DeployOptions& options, const DeployProgress& progress)
        : sender_(sender), options_(options), progress_(progress) {}

    Result<chain::Deployment> run() {
        MINTMARK_CHECK(create_all());
        MINTMARK_CHECK(create_adapters());
        MINTMARK_CHECK(wire());
        MINTMARK_CHECK(assign_functions());
        MINTMARK_CHECK(grant_roles());
        return std::move(out_);
    }

  private:
    Status create(const std::string& name, const std::vector<AbiValue>& arguments) {
        MINTMARK_TRY(const chain::Artifact artifact,
                     chain::Artifact::load(options_.artifacts, name));
        MINTMARK_TRY(const chain::Deployed made, chain::deploy(sender_, artifact, arguments));
        if (out_.start_block == 0) out_.start_block = made.receipt.block_number;
        out_.contracts[name] = made.address;
        progress_(name, made.receipt);
        return {};
    }

    Status call(const std::string& contract, std::string_view signature,
                const std::vector<AbiValue>& arguments) {
        MINTMARK_TRY(const chain::Receipt receipt,
                     explained(sender_.call(out_.contracts[contract], signature, arguments)));
        progress_(fmt::format("{}.{}", contract, signature.substr(0, signature.find('('))),
                  receipt);
        return {};
    }

    AbiValue at(const std::string& name) { return AbiValue(out_.contracts[name]); }

    Status create_all() {
        const auto tau = options_.tau_g2.to_bytes();
        std::vector<AbiValue> words;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto word = chain::U256::from_bytes(ByteSpan(tau).subspan(32 * i, 32));
            words.emplace_back(word.value_or(chain::U256()));
        }
        MINTMARK_CHECK(create("AccessManager", {AbiValue(sender_.address())}));
        MINTMARK_CHECK(create("UniversalVerifier", {AbiValue(words)}));
        const AbiValue authority = at("AccessManager");
        MINTMARK_CHECK(create("ModelRegistry", {authority, AbiValue(options_.min_commit_age)}));
        const AbiValue registry = at("ModelRegistry");
        MINTMARK_CHECK(create("Currencies", {authority, AbiValue(options_.sequencer_feed)}));
        MINTMARK_CHECK(
            create("PriceBook", {registry, at("Currencies"), AbiValue(options_.price_notice)}));
        MINTMARK_CHECK(create("QuotaLedger", {authority, registry}));
        MINTMARK_CHECK(create("Allowlist", {authority}));
        MINTMARK_CHECK(create_rights());
        MINTMARK_CHECK(create("AccessPass", {authority, registry, at("PriceBook"),
                                             at("RevenueRouter"), at("QuotaLedger")}));
        MINTMARK_CHECK(create("PaymentChannels", {authority, registry, at("RevenueRouter"),
                                                  AbiValue(options_.thaw_period)}));
        return create("VerifierRouter", {authority, registry, at("AccessPass")});
    }

    /// Licences, derivatives, disputes, and the router that pays everybody by them.
    Status create_rights() {
        const AbiValue authority = at("AccessManager");
        const AbiValue registry = at("ModelRegistry");
        MINTMARK_CHECK(create("LicenseTerms", {}));
        const AbiValue terms = at("LicenseTerms");
        MINTMARK_CHECK(create("DerivativeGraph", {authority, registry, terms}));
        MINTMARK_CHECK(
            create("ModelDisputes", {authority, registry, AbiValue(options_.dispute_bond)}));
        MINTMARK_CHECK(create("RevenueRouter", {authority, registry, at("DerivativeGraph"),
                                                at("ModelDisputes"), AbiValue(options_.treasury),
                                                AbiValue(std::uint64_t{options_.platform_ppm})}));
        return create("LicenseToken",
                      {authority, registry, terms, at("RevenueRouter"), at("DerivativeGraph")});
    }

    /// The adapters of other proof systems, each under its name.
    Status create_adapters() {
        const AbiValue treasury(options_.treasury);
        MINTMARK_CHECK(create("EzklVerifier", {}));
        MINTMARK_CHECK(create("RiscZeroVerifier", {}));
        MINTMARK_CHECK(create("TeeVerifier", {at("AccessManager")}));
        MINTMARK_CHECK(create("OptimisticVerifier", {treasury}));
        MINTMARK_CHECK(create("AuditedVerifier", {treasury}));
        return create("InferenceNFT", {at("VerifierRouter")});
    }

    Status register_adapters() {
        for (const auto& [name, system] : kAdapters) {
            MINTMARK_CHECK(call("VerifierRouter", "registerProofSystem(string,address,uint64)",
                                {AbiValue(system), at(name), AbiValue(kAdapterGas)}));
        }
        MINTMARK_CHECK(
            assign("TeeVerifier", {"attest(address,bytes32,uint64,bytes32)"}, kOperatorRole));
        return assign("TeeVerifier", {"revoke(address)"}, kGuardianRole);
    }

    Status wire() {
        MINTMARK_CHECK(register_adapters());
        MINTMARK_CHECK(call("DerivativeGraph", "bindLicenses(address)", {at("LicenseToken")}));
        MINTMARK_CHECK(call("ModelRegistry", "bindDerivatives(address)", {at("DerivativeGraph")}));
        MINTMARK_CHECK(call("AccessPass", "bindSettler(address)", {at("VerifierRouter")}));
        MINTMARK_CHECK(call("QuotaLedger", "bindConsumer(address)", {at("AccessPass")}));
        return call("VerifierRouter", "registerProofSystem(string,address,uint64)",
                    {AbiValue(kProofSystemName), at("UniversalVerifier"), AbiValue(kVerifierGas)});
    }

    Status assign(const std::string& target, const std::vector<std::string_view>& functions,
                  std::uint64_t role) {
        std::vector<AbiValue> selectors;
        for (const std::string_view function : functions) {
            const auto four = chain::selector(function);
            selectors.emplace_back(Bytes(four.begin(), four.end()));
        }
        return call("AccessManager", "setTargetFunctionRole(address,bytes4[],uint64)",
                    {at(target), AbiValue(selectors), AbiValue(role)});
    }

    Status assign_functions() {
        MINTMARK_CHECK(assign("ModelRegistry", {"pause()"}, kGuardianRole));
        MINTMARK_CHECK(assign("AccessPass", {"pause()"}, kGuardianRole));
        MINTMARK_CHECK(assign("PaymentChannels", {"pause()"}, kGuardianRole));
        MINTMARK_CHECK(
            assign("VerifierRouter", {"pause()", "disableProofSystem(bytes4)"}, kGuardianRole));
        MINTMARK_CHECK(assign("LicenseToken", {"pause()"}, kGuardianRole));
        MINTMARK_CHECK(assign("RevenueRouter",
                              {"setPlatformPpm(uint32)", "setTreasury(address)",
                               "addToken(address)", "stopToken(address,bool)"},
                              kOperatorRole));
        MINTMARK_CHECK(assign_selling());
        MINTMARK_CHECK(assign("ModelDisputes",
                              {"decide(uint256,bool,string)", "liftByArbiter(uint256)"},
                              kArbiterRole));
        return assign("VerifierRouter", {"registerProofSystem(string,address,uint64)"},
                      kOperatorRole);
    }

    Status assign_selling() {
        MINTMARK_CHECK(assign("Currencies", {"suspend(address)"}, kGuardianRole));
        MINTMARK_CHECK(assign(
            "Currencies", {"list(address,uint8,address,uint32,uint128,uint128)", "resume(address)"},
            kOperatorRole));
        return assign("Allowlist", {"grant(uint256,address[],uint64)"}, kGatekeeperRole);
    }

    Status grant(std::uint64_t role, const Address& holder, std::uint32_t delay) {
        return call("AccessManager", "grantRole(uint64,address,uint32)",
                    {AbiValue(role), AbiValue(holder), AbiValue(std::uint64_t{delay})});
    }

    Status grant_roles() {
        MINTMARK_CHECK(call("AccessManager", "labelRole(uint64,string)",
                            {AbiValue(kGuardianRole), AbiValue("GUARDIAN")}));
        MINTMARK_CHECK(call("AccessManager", "labelRole(uint64,string)",
                            {AbiValue(kOperatorRole), AbiValue("OPERATOR")}));
        MINTMARK_CHECK(call("AccessManager", "labelRole(uint64,string)",
                            {AbiValue(kArbiterRole), AbiValue("ARBITER")}));
        MINTMARK_CHECK(grant(kGuardianRole, options_.guardian, 0));
        MINTMARK_CHECK(grant(kArbiterRole, options_.arbiter, 0));
        MINTMARK_CHECK(grant(kOperatorRole, options_.operator_, options_.operator_delay));
        MINTMARK_CHECK(call("AccessManager", "labelRole(uint64,string)",
                            {AbiValue(kGatekeeperRole), AbiValue("GATEKEEPER")}));
        MINTMARK_CHECK(grant(kGatekeeperRole, options_.operator_, options_.operator_delay));
        MINTMARK_CHECK(grant(kAdminRole, options_.admin, options_.admin_delay));
        if (options_.admin == sender_.address()) return {};
        return call("AccessManager", "renounceRole(uint64,address)",
                    {AbiValue(kAdminRole), AbiValue(sender_.address())});
    }

    chain::Sender& sender_;
    const DeployOptions& options_;
    const DeployProgress& progress_;
    chain::Deployment out_;
};

}  // namespace

Result<std::filesystem::path> find_artifacts() {
    if (const char* path = std::getenv("MINTMARK_CONTRACTS")) return std::filesystem::path(path);
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    for (std::filesystem::path root : {std::filesystem::current_path(ignored), program}) {
        while (!root.empty()) {
            const auto out = root / "contracts" / "out";
            if (std::filesystem::is_directory(out, ignored)) return out;
            if (root == root.root_path()) break;
            root = root.parent_path();
        }
    }
    return fail(ErrorCode::kNotFound, "the compiled contracts (contracts/out) are not found",
                "build them with `make build`, or say where they are with --contracts");
}

Result<chain::Deployment> deploy_contracts(chain::Sender& sender, const DeployOptions& options,
                                           const DeployProgress& progress) {
    return Deployer(sender, options, progress).run();
}

}  // namespace mintmark::market
