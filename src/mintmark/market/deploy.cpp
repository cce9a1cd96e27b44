#include "mintmark/market/deploy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "mintmark/chain/create2.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

/// One list of steps under way.
class Follower {
  public:
    Follower(const PlanRun& run, std::map<std::string, AbiValue> parameters, chain::Deployment& out)
        : run_(run), names_{std::move(parameters), out.contracts}, out_(out) {
        names_.parameters["deployer"] = AbiValue(run.sender.address());
    }

    Status make(const PlanStep& step) {
        if (step.function.empty()) return create(step);
        if (!step.unless.empty()) {
            MINTMARK_TRY(const Bytes32 left, names_.word(step.unless[0]));
            MINTMARK_TRY(const Bytes32 right, names_.word(step.unless[1]));
            if (left == right) return {};
        }
        MINTMARK_TRY(const bool done, is_done(step));
        return done ? Status{} : call(step);
    }

  private:
    Status create(const PlanStep& step) {
        MINTMARK_TRY(const chain::Artifact artifact,
                     chain::Artifact::load(run_.artifacts, step.contract));
        run_.sender.client().learn_errors(artifact.abi.errors);
        std::vector<chain::AbiType> types;
        for (const auto& input : artifact.abi.constructor_inputs) types.push_back(input.type);
        MINTMARK_TRY(const auto arguments, names_.values(types, step.arguments));
        MINTMARK_TRY(const Bytes data, artifact.creation_data(arguments));
        auto placed = explained(chain::place(run_.sender, run_.salt, data));
        if (!placed) {
            return fail(placed.error().code,
                        fmt::format("deploying {}: {}", step.contract, placed.error().message),
                        placed.error().hint);
        }
        names_.contracts[step.contract] = out_.contracts[step.contract] = placed->address;
        MINTMARK_CHECK(record(artifact, data, *placed));
        if (placed->receipt) run_.progress(step.contract, *placed->receipt);
        return run_.keep(out_);
    }

    /// A record that an earlier run kept names the block and stays.
    Status record(const chain::Artifact& artifact, const Bytes& data, const chain::Placed& placed) {
        json::Json& record = out_.records[artifact.name];
        if (!placed.receipt && record.is_object() && record.contains("block")) return {};
        MINTMARK_TRY(const Bytes code, run_.sender.client().code(placed.address));
        const ByteSpan arguments = ByteSpan(data).subspan(artifact.creation_code.size());
        record = json::Json::object();
        if (placed.receipt) {
            record["block"] = placed.receipt->block_number;
            record["transaction"] = to_hex(placed.receipt->transaction_hash);
            if (out_.start_block == 0) out_.start_block = placed.receipt->block_number;
        }
        record["constructorArguments"] = to_hex(arguments);
        record["codeHash"] = to_hex(keccak256(code));
        record["salt"] = to_hex(run_.salt);
        for (const auto& [key, value] : artifact.compilation.items()) record[key] = value;
        return {};
    }

    Result<Bytes> encoded(std::string_view signature, const std::vector<std::string>& arguments) {
        MINTMARK_TRY(const auto types, argument_types(signature));
        MINTMARK_TRY(const auto values, names_.values(types, arguments));
        MINTMARK_TRY(const Bytes body, chain::encode_values(types, values));
        const auto four = chain::selector(signature);
        Bytes out(four.begin(), four.end());
        append(out, body);
        return out;
    }

    Result<Address> target(const PlanStep& step) {
        MINTMARK_TRY(const AbiValue found, names_.value("@" + step.contract));
        return found.as_address();
    }

    Result<bool> is_done(const PlanStep& step) {
        MINTMARK_TRY(const Address to, target(step));
        MINTMARK_TRY(const Bytes data, encoded(step.done, step.done_arguments));
        MINTMARK_TRY(const Bytes32 wanted, names_.word(step.equals));
        MINTMARK_TRY(const Bytes answer,
                     run_.sender.client().call({.from = {}, .to = to, .data = data}));
        return answer.size() >= 32 && std::equal(wanted.begin(), wanted.end(), answer.begin());
    }

    Status call(const PlanStep& step) {
        chain::Intent intent;
        MINTMARK_TRY(intent.to, target(step));
        MINTMARK_TRY(intent.data, encoded(step.function, step.arguments));
        auto receipt = explained(run_.sender.send(intent));
        const std::string name = step.function.substr(0, step.function.find('('));
        const std::string what = fmt::format("{}.{}", step.contract, name);
        if (!receipt) {
            return fail(receipt.error().code, fmt::format("{}: {}", what, receipt.error().message),
                        receipt.error().hint);
        }
        run_.progress(what, *receipt);
        return {};
    }

    const PlanRun& run_;
    PlanNames names_;
    chain::Deployment& out_;
};

std::map<std::string, AbiValue> parameters_of(const DeployOptions& options) {
    return {{"admin", AbiValue(options.admin)},
            {"guardian", AbiValue(options.guardian)},
            {"operator", AbiValue(options.operator_)},
            {"arbiter", AbiValue(options.arbiter)},
            {"treasury", AbiValue(options.treasury)},
            {"sequencerFeed", AbiValue(options.sequencer_feed)},
            {"adminDelay", AbiValue(std::uint64_t{options.admin_delay})},
            {"operatorDelay", AbiValue(std::uint64_t{options.operator_delay})},
            {"arbiterDelay", AbiValue(std::uint64_t{0})},
            {"platformPpm", AbiValue(std::uint64_t{options.platform_ppm})},
            {"minCommitAge", AbiValue(options.min_commit_age)},
            {"disputeBond", AbiValue(options.dispute_bond)},
            {"thawPeriod", AbiValue(options.thaw_period)},
            {"priceNotice", AbiValue(options.price_notice)},
            {"tauPowers", AbiValue(options.tau_powers)}};
}

/// The block of the oldest contract, for a deployment whose earlier run has left no file; 0 when
/// the node does not search that far.
std::uint64_t first_block(chain::RpcClient& client, const chain::Deployment& deployment) {
    chain::LogFilter filter;
    const auto it = deployment.contracts.find("AccessManager");
    if (it != deployment.contracts.end()) filter.address = it->second;
    const auto logs = client.logs(filter);  // its constructor grants a role
    return logs && !logs->empty() ? logs->front().block_number : 0;
}

}  // namespace

Status follow_plan(const PlanRun& run, const std::vector<PlanStep>& steps,
                   std::map<std::string, AbiValue> parameters, chain::Deployment& out) {
    MINTMARK_CHECK(chain::ensure_create2_proxy(run.sender));
    Follower follower(run, std::move(parameters), out);
    for (const PlanStep& step : steps) {
        MINTMARK_CHECK(follower.make(step));
    }
    return {};
}

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

Status deploy_contracts(chain::Sender& sender, const DeployOptions& options,
                        const DeployProgress& progress, const DeployKeeper& keep,
                        chain::Deployment& out) {
    MINTMARK_TRY(const DeployPlan plan, DeployPlan::beside(options.artifacts));
    const Bytes32 salt = keccak256(as_bytes(options.salt.empty() ? plan.salt : options.salt));
    const PlanRun run{sender, options.artifacts, progress, keep, salt};
    MINTMARK_CHECK(follow_plan(run, plan.economy, parameters_of(options), out));
    if (!out.records["AccessManager"].contains("block")) {
        out.start_block = first_block(sender.client(), out);
    }
    return {};
}

}  // namespace mintmark::market
