// The DAO's contracts beside a deployed economy (contracts/script/GovernanceDeployment.sol is the
// same in Solidity).
#include <fmt/format.h>

#include "mintmark/chain/artifact.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/market/governance.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

constexpr std::string_view kTimelock = "TimelockController";

class Founder {
  public:
    Founder(chain::Sender& sender, const GovernanceOptions& options, chain::Deployment& deployment,
            const DeployProgress& progress)
        : sender_(sender), options_(options), out_(deployment), progress_(progress) {}

    Status run() {
        MINTMARK_CHECK(create("MintToken", {AbiValue("Mintmark"), AbiValue("MINT"),
                                            AbiValue(options_.holder), AbiValue(options_.supply)}));
        const AbiValue nobody(std::vector<AbiValue>{});
        MINTMARK_CHECK(create(std::string(kTimelock), {AbiValue(options_.timelock_delay), nobody,
                                                       nobody, AbiValue(sender_.address())}));
        MINTMARK_TRY(const AbiValue token, at("MintToken"));
        MINTMARK_TRY(const AbiValue timelock, at(kTimelock));
        MINTMARK_CHECK(create("MintGovernor", {token, timelock, settings()}));
        MINTMARK_CHECK(hand_over());
        return create_evidence(timelock);
    }

  private:
    Status create(const std::string& name, const std::vector<AbiValue>& arguments) {
        MINTMARK_TRY(const chain::Artifact artifact,
                     chain::Artifact::load(options_.artifacts, name));
        MINTMARK_TRY(const chain::Deployed made, chain::deploy(sender_, artifact, arguments));
        out_.contracts[name] = made.address;
        progress_(name, made.receipt);
        return {};
    }

    Result<AbiValue> at(std::string_view name) const {
        MINTMARK_TRY(const Address address, out_.contract(name));
        return AbiValue(address);
    }

    AbiValue settings() const {
        return AbiValue({AbiValue(options_.voting_delay), AbiValue(options_.voting_period),
                         AbiValue(options_.threshold), AbiValue(options_.quorum_percent),
                         AbiValue(options_.late_quorum_extension), AbiValue(options_.guardian)});
    }

    AbiValue rules() const {
        return AbiValue({AbiValue(options_.review_bond), AbiValue(options_.challenge_bond),
                         AbiValue(options_.commit_period), AbiValue(options_.reveal_period),
                         AbiValue(options_.challenge_period), AbiValue(options_.decision_period),
                         AbiValue(options_.review_quorum), AbiValue(options_.seats)});
    }

    /// The timelock obeys the governor alone; the deployer's own right goes last.
    Status hand_over() {
        MINTMARK_TRY(const AbiValue governor, at("MintGovernor"));
        for (const std::string_view role : {"PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"}) {
            MINTMARK_CHECK(call("grantRole(bytes32,address)",
                                {AbiValue(keccak256(as_bytes(role))), governor}));
        }
        return call("renounceRole(bytes32,address)",
                    {AbiValue(Bytes32{}), AbiValue(sender_.address())});
    }

    Status call(std::string_view signature, const std::vector<AbiValue>& arguments) {
        MINTMARK_TRY(const Address timelock, out_.contract(kTimelock));
        MINTMARK_TRY(const chain::Receipt receipt,
                     explained(sender_.call(timelock, signature, arguments)));
        progress_(fmt::format("{}.{}", kTimelock, signature.substr(0, signature.find('('))),
                  receipt);
        return {};
    }

    Status create_evidence(const AbiValue& timelock) {
        MINTMARK_TRY(const AbiValue registry, at("ModelRegistry"));
        MINTMARK_TRY(const AbiValue router, at("VerifierRouter"));
        MINTMARK_CHECK(create("AccuracyProofs", {registry, router, timelock}));
        MINTMARK_TRY(const AbiValue proofs, at("AccuracyProofs"));
        MINTMARK_CHECK(create("ReviewBoard", {registry, proofs, timelock, rules()}));
        MINTMARK_CHECK(create("BenchmarkOracle", {timelock}));
        MINTMARK_TRY(const AbiValue board, at("ReviewBoard"));
        MINTMARK_TRY(const AbiValue oracle, at("BenchmarkOracle"));
        return create("VersionGate", {registry, board, proofs, oracle, timelock});
    }

    chain::Sender& sender_;
    const GovernanceOptions& options_;
    chain::Deployment& out_;
    const DeployProgress& progress_;
};

}  // namespace

Status deploy_governance(chain::Sender& sender, const GovernanceOptions& options,
                         chain::Deployment& deployment, const DeployProgress& progress) {
    return Founder(sender, options, deployment, progress).run();
}

}  // namespace mintmark::market
