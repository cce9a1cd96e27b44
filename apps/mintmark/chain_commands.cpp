// `mintmark chain`: a local chain, deployment of the contracts, test money.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/local_chain.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/deploy.hpp"
#include "mintmark/pcs/srs.hpp"

namespace mintmark::app {
namespace {

/// The first account of anvil's and hardhat's well-known mnemonic "test test … junk": its key is
/// public, so it is used on local chains only.
constexpr std::string_view kDevKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

std::filesystem::path chain_folder(const App& app) {
    return app.home / "chain";
}

struct UpArgs {
    std::uint16_t port = 8545;
    std::uint64_t chain_id = 31337;
    std::string anvil;
};

Status up(const App& app, const UpArgs& args) {
    chain::LocalChainOptions options;
    options.folder = chain_folder(app);
    options.binary = args.anvil;
    options.port = args.port;
    options.chain_id = args.chain_id;
    MINTMARK_TRY(const chain::LocalChain local, chain::start_local_chain(options));
    emit(app, {{"rpc_url", local.rpc_url}, {"pid", local.pid}, {"chain_id", args.chain_id}},
         fmt::format("local chain {} is up at {} (process {}); next: mintmark chain deploy --dev",
                     args.chain_id, local.rpc_url, local.pid));
    return {};
}

Status down(const App& app) {
    MINTMARK_CHECK(chain::stop_local_chain(chain_folder(app)));
    emit(app, {{"stopped", true}}, "local chain stopped; its state is kept");
    return {};
}

Status status(const App& app) {
    std::string url = app.rpc_url;
    const auto deployment = chain::Deployment::read(app.deployment_path());
    if (url.empty() && deployment) url = deployment->rpc_url;
    if (url.empty()) {
        MINTMARK_TRY(const chain::LocalChain local, chain::local_chain_status(chain_folder(app)));
        url = local.rpc_url;
    }
    chain::RpcClient client(url);
    MINTMARK_TRY(const std::uint64_t id, client.chain_id());
    MINTMARK_TRY(const chain::BlockHeader block, client.latest_block());
    json::Json value = {{"rpc_url", url}, {"chain_id", id}, {"block", block.number}};
    Table table;
    table.row("node", url).row("chain id", std::to_string(id));
    table.row("block", fmt::format("{} ({})", block.number, time_text(block.timestamp)));
    if (deployment && deployment->chain_id == id) {
        for (const auto& [name, address] : deployment->contracts) {
            value["contracts"][name] = chain::to_checksum(address);
            table.row(name, chain::to_checksum(address));
        }
    }
    emit(app, value, table.text());
    return {};
}

struct DeployArgs {
    std::string srs, contracts, treasury, admin, guardian, operator_, arbiter, salt;
    std::uint32_t platform_ppm = 25'000;
    std::optional<std::uint64_t> min_commit_age;
    std::uint64_t price_notice = 86'400;
    unsigned power = 17;
    bool is_dev = false;
};

Result<std::string> deploy_url(const App& app) {
    if (!app.rpc_url.empty()) return app.rpc_url;
    const auto local = chain::local_chain_status(chain_folder(app));
    if (local) return local->rpc_url;
    return fail(ErrorCode::kInvalidArgument, "which chain? none is running here",
                "start one with `mintmark chain up`, or pass --rpc-url URL");
}

Result<chain::PrivateKey> deployer_key(const App& app, const DeployArgs& args, bool is_local) {
    if (!args.is_dev) return unlock_wallet(app);
    if (!is_local) {
        return fail(ErrorCode::kInvalidArgument,
                    "--dev uses a key that everybody knows: local chains only");
    }
    MINTMARK_TRY(const Bytes32 secret, bytes32_from_hex(kDevKey));
    return chain::PrivateKey::from_bytes(secret);
}

/// The SRS of --srs-path, or on a local chain a new insecure one beside the deployment file.
Result<Srs> deploy_srs(const App& app, DeployArgs& args, bool is_local) {
    if (!args.srs.empty()) {
        MINTMARK_TRY(Srs srs, read_srs(args.srs));
        if (!srs.insecure || is_local) return srs;
        return fail(ErrorCode::kRejected, "this SRS is insecure and the chain is not a local one",
                    "import a ceremony's with `mintmark zk get-srs --from FILE`");
    }
    if (!is_local) {
        return fail(ErrorCode::kInvalidArgument, "an SRS is needed: --srs-path FILE",
                    "import a ceremony's with `mintmark zk get-srs --from FILE`");
    }
    args.srs = (app.deployment_path().parent_path() / "dev-insecure.srs").string();
    // A deployment that goes on must find the verifier that it made for this SRS.
    const std::size_t points = srs_points_for_chunk(std::size_t{1} << args.power);
    auto old = read_srs(args.srs);
    if (old && old->insecure && old->g1.size() == points) return old;
    notice(app, fmt::format("making an INSECURE development SRS: {}", args.srs));
    Srs srs = generate_insecure_srs(points, system_rng());
    MINTMARK_CHECK(write_srs(args.srs, srs));
    return srs;
}

Status check_free(const App& app, const DeployArgs& args, chain::RpcClient& client,
                  std::uint64_t chain_id) {
    const auto old = chain::Deployment::read(app.deployment_path());
    if (!args.salt.empty() || !old || old->chain_id != chain_id) return {};
    const auto registry = old->contract("ModelRegistry");
    if (!registry) return {};
    MINTMARK_TRY(const Bytes code, client.code(*registry));
    if (code.empty()) return {};  // the chain has been started anew
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} describes a living deployment", app.deployment_path().string()),
                "its addresses follow from its parameters: --salt TEXT makes a second one");
}

/// Where a deployment that is not complete is kept.
std::filesystem::path begun_path(const App& app) {
    return app.deployment_path().string() + ".part";
}

/// What an earlier run on this chain has kept.
chain::Deployment begun_deployment(const App& app, std::uint64_t chain_id) {
    auto begun = chain::Deployment::read(begun_path(app));
    if (!begun || begun->chain_id != chain_id) return {.chain_id = chain_id};
    begun->contracts.clear();  // found again by their addresses; only the records are worth keeping
    return std::move(*begun);
}

Result<market::DeployOptions> deploy_options(const App& app, const DeployArgs& args,
                                             const Address& deployer, bool is_local) {
    market::DeployOptions out;
    out.artifacts = args.contracts;
    if (args.contracts.empty()) {
        MINTMARK_TRY(out.artifacts, market::find_artifacts());
    }
    out.admin = out.guardian = out.operator_ = out.arbiter = out.treasury = deployer;
    if (!args.admin.empty()) {
        MINTMARK_TRY(out.admin, parse_account(app, args.admin));
    }
    if (!args.guardian.empty()) {
        MINTMARK_TRY(out.guardian, parse_account(app, args.guardian));
    }
    if (!args.operator_.empty()) {
        MINTMARK_TRY(out.operator_, parse_account(app, args.operator_));
    }
    if (!args.arbiter.empty()) {
        MINTMARK_TRY(out.arbiter, parse_account(app, args.arbiter));
    }
    if (!args.treasury.empty()) {
        MINTMARK_TRY(out.treasury, parse_account(app, args.treasury));
    }
    out.salt = args.salt;
    out.platform_ppm = args.platform_ppm;
    out.min_commit_age = args.min_commit_age.value_or(is_local ? 1 : 60);
    out.price_notice = args.price_notice;
    if (!is_local) {
        out.admin_delay = 5 * 86'400;
        out.operator_delay = 2 * 86'400;
    }
    return out;
}

Status deploy(const App& app, DeployArgs args) {
    const Stopwatch watch;
    MINTMARK_TRY(const std::string url, deploy_url(app));
    chain::RpcClient client(url);
    MINTMARK_TRY(const std::uint64_t chain_id, client.chain_id());
    const bool is_local = market::is_local_chain(chain_id);
    MINTMARK_CHECK(check_free(app, args, client, chain_id));
    MINTMARK_TRY(const chain::PrivateKey key, deployer_key(app, args, is_local));
    MINTMARK_TRY(market::DeployOptions options, deploy_options(app, args, key.address(), is_local));
    MINTMARK_TRY(const Srs srs, deploy_srs(app, args, is_local));
    options.tau_powers = encode_tau_powers(srs);

    std::uint64_t gas = 0;
    chain::U256 fees;
    chain::Sender sender(client, key, chain_id);
    chain::Deployment deployment = begun_deployment(app, chain_id);
    deployment.rpc_url = url;
    deployment.srs_path = std::filesystem::absolute(args.srs).string();
    const auto progress = [&](const std::string& what, const chain::Receipt& receipt) {
        gas += receipt.gas_used;
        fees = fees.checked_add(receipt.fee()).value_or(fees);
        if (!app.is_json) {
            fmt::print(stderr, "{:<44} gas {:>10}\n", what, grouped(receipt.gas_used));
        }
    };
    const auto keep = [&](const chain::Deployment& so_far) {
        return so_far.write(begun_path(app));
    };
    MINTMARK_CHECK(market::deploy_contracts(sender, options, progress, keep, deployment));
    MINTMARK_CHECK(deployment.write(app.deployment_path()));
    std::error_code ignored;
    std::filesystem::remove(begun_path(app), ignored);

    json::Json contracts = json::Json::object();
    Table table;
    for (const auto& [name, address] : deployment.contracts) {
        contracts[name] = chain::to_checksum(address);
        table.row(name, chain::to_checksum(address));
    }
    table.row("treasury", chain::to_checksum(options.treasury))
        .row("platform's part", fmt::format("{} %", options.platform_ppm / 1e4))
        .row("deployment file", app.deployment_path().string())
        .row("cost", fmt::format("gas {}, {}, {}", grouped(gas), market::format_amount(fees),
                                 human_ms(watch.ms())));
    emit(app,
         {{"deployment", app.deployment_path().string()},
          {"chain_id", chain_id},
          {"contracts", contracts},
          {"srs_path", deployment.srs_path},
          {"gas", gas},
          {"fees", fees.to_string()}},
         table.text());
    return {};
}

Status fund(const App& app, const std::string& account, const std::string& amount) {
    MINTMARK_TRY(const Address to, parse_account(app, account));
    MINTMARK_TRY(const chain::U256 wei, market::parse_amount(amount));
    MINTMARK_TRY(const std::string url, [&]() -> Result<std::string> {
        const auto deployment = chain::Deployment::read(app.deployment_path());
        if (app.rpc_url.empty() && deployment) return deployment->rpc_url;
        return deploy_url(app);
    }());
    chain::RpcClient client(url);
    MINTMARK_TRY(const std::uint64_t chain_id, client.chain_id());
    if (!market::is_local_chain(chain_id)) {
        return fail(ErrorCode::kChain, fmt::format("chain {} is not a local one", chain_id),
                    "test money exists on local chains only");
    }
    MINTMARK_TRY(const chain::U256 old, client.balance(to));
    const auto total = old.checked_add(wei);
    if (!total) return fail(ErrorCode::kOutOfRange, "the balance would exceed 2^256 wei");
    MINTMARK_CHECK(
        client.request("anvil_setBalance", json::Json::array({to_hex(to), total->to_quantity()})));
    emit(app, {{"address", chain::to_checksum(to)}, {"balance", total->to_string()}},
         fmt::format("{} has {} (test money of the local chain)", chain::to_checksum(to),
                     market::format_amount(*total)));
    return {};
}

void add_deploy_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<DeployArgs>();
    CLI::App* sub = command(group, app, "deploy", "deploy all contracts, write the deployment file",
                            [&app, args] { return deploy(app, *args); });
    sub->add_option("--srs-path", args->srs,
                    "SRS that proofs are checked against [local chain: a new insecure one]");
    sub->add_option("--power", args->power, "size of that new SRS: chunks of up to 2^N [17]")
        ->check(CLI::Range(8, 22));
    sub->add_option("--contracts", args->contracts, "forge's output folder [$MINTMARK_CONTRACTS]");
    sub->add_option("--treasury", args->treasury, "where the platform's part goes [the deployer]");
    sub->add_option("--admin", args->admin, "grants roles [the deployer]");
    sub->add_option("--guardian", args->guardian, "may pause [the deployer]");
    sub->add_option("--operator", args->operator_, "registers proof systems [the deployer]");
    sub->add_option("--arbiter", args->arbiter, "decides disputes [the deployer]");
    sub->add_option("--platform-ppm", args->platform_ppm, "platform's part, in millionths [25000]")
        ->check(CLI::Range(0, 100'000));
    sub->add_option("--min-commit-age", args->min_commit_age,
                    "seconds between the two steps of a publication [60; local chain: 1]");
    sub->add_option("--price-notice", args->price_notice, "seconds before a higher price holds");
    sub->add_flag("--dev", args->is_dev, "deploy with anvil's well-known first account");
    sub->add_option("--salt", args->salt,
                    "addresses follow from parameters and this: another TEXT, a second deployment");
}

}  // namespace

void add_chain_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("chain", "local chain, deployment, test money");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<UpArgs>();
    CLI::App* sub = command(*group, app, "up", "start a local chain (anvil)",
                            [&app, args] { return up(app, *args); });
    sub->add_option("--port", args->port, "port on 127.0.0.1, 0 for any free one [8545]");
    sub->add_option("--chain-id", args->chain_id, "[31337]");
    sub->add_option("--anvil", args->anvil, "the anvil program [$MINTMARK_ANVIL]");
    command(*group, app, "down", "stop it", [&app] { return down(app); });
    command(*group, app, "status", "node, block, contracts", [&app] { return status(app); });
    add_deploy_command(*group, app);
    const auto account = std::make_shared<std::pair<std::string, std::string>>();
    sub = command(*group, app, "fund", "give an account test money (local chains only)",
                  [&app, account] { return fund(app, account->first, account->second); });
    sub->add_option("ADDRESS", account->first, "address or wallet name")->required();
    sub->add_option("AMOUNT", account->second, "10ETH, 5gwei, …")->required();
}

}  // namespace mintmark::app
