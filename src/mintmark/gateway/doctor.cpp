#include "mintmark/gateway/doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "mintmark/gateway/gateway.hpp"
#include "mintmark/market/rates.hpp"
#include "mintmark/market/registry.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::uintmax_t kLittleSpace = std::uintmax_t{1} << 30U;
constexpr std::uint64_t kMaxSkewS = 120;

void add(Diagnosis& out, std::string check, const Status& status, std::string says,
         std::string advice = {}) {
    Finding finding{std::move(check), status.has_value(), std::move(says), {}};
    if (!status) {
        finding.says = status.error().message;
        finding.advice = status.error().hint.empty() ? std::move(advice) : status.error().hint;
    }
    out.findings.push_back(std::move(finding));
}

void examine_sums(const std::string& location, Diagnosis& out) {
    const auto differences = ledger::audit(location);
    Status sums{};
    if (!differences) sums = std::unexpected(differences.error());
    if (differences && !differences->empty()) {
        sums = fail(ErrorCode::kRejected, differences->front(),
                    "restore a backup of the ledger, or ask for help");
    }
    add(out, "ledger sums", sums, "every total is the sum of its requests");
}

void examine_shared_ledger(const SharedLedgerConfig& config, Diagnosis& out) {
    const auto state = ledger::inspect_shared(config.url);
    if (!state)
        return add(out, "ledger server", std::unexpected(state.error()), "",
                   "start PostgreSQL, or fix ledger.url");
    Status settings{};
    if (!state->problems.empty()) {
        settings = fail(ErrorCode::kRejected, state->problems.front(),
                        "a power cut would lose charges: set it in postgresql.conf");
    }
    add(out, "ledger server", settings, "PostgreSQL " + state->server);
    Status tables{};
    if (state->version != 0 && !state->is_current) {
        tables = fail(ErrorCode::kRejected,
                      fmt::format("version {} is not this program's", state->version),
                      "a gateway of this version brings older tables up when it starts; newer ones "
                      "need a newer program");
    }
    add(out, "ledger tables", tables,
        state->version == 0 ? "none yet: the first gateway makes them"
                            : fmt::format("version {}", state->version));
    std::string names;
    for (const std::string& name : state->gateways) names += (names.empty() ? "" : ", ") + name;
    add(out, "ledger gateways", {},
        fmt::format("this is {}; registered: {}", config.name, names.empty() ? "none" : names));
    if (state->is_current) examine_sums(config.url, out);
}

void examine_ledger(const Config& config, Diagnosis& out) {
    if (!config.shared_ledger.url.empty()) return examine_shared_ledger(config.shared_ledger, out);
    std::error_code ec;
    auto folder = config.ledger.parent_path();
    if (folder.empty()) folder = ".";
    std::filesystem::create_directories(folder, ec);
    const auto space = std::filesystem::space(folder, ec);
    Status room{};
    if (ec) room = fail(ErrorCode::kIo, ec.message(), "make the folder writable");
    if (!ec && space.available < kLittleSpace) {
        room = fail(ErrorCode::kIo, "less than 1 GiB is free", "free some disk space");
    }
    add(out, "ledger disk", room, fmt::format("{} GiB free", space.available >> 30U));
    if (!std::filesystem::exists(config.ledger)) {
        add(out, "ledger sums", {}, "no ledger yet");
        return;
    }
    examine_sums(config.ledger.string(), out);
}

void examine_tls(const Config& config, Diagnosis& out) {
    if (config.server.tls_certificate.empty()) {
        const bool is_local = config.server.host == "127.0.0.1" || config.server.host == "::1";
        add(out, "tls", {},
            is_local ? "none, and only this machine is served"
                     : "none: keys travel in the clear unless a proxy adds TLS");
        return;
    }
    const auto tls =
        serving::TlsContext::server(config.server.tls_certificate, config.server.tls_key);
    add(out, "tls", tls ? Status{} : std::unexpected(tls.error()), "certificate and key load",
        "check the paths and that the key belongs to the certificate");
}

void examine_upstreams(const Config& config, Diagnosis& out) {
    serving::Loop loop{1};  // outlives the connections that are kept
    Metrics metrics;
    auto upstreams = Upstreams::open(config.upstreams, metrics);
    if (!upstreams) {
        add(out, "upstreams", std::unexpected(upstreams.error()), "",
            "set the variable, or fix the file");
        return;
    }
    for (const UpstreamConfig& upstream : config.upstreams) {
        Status status = fail(ErrorCode::kInternal, "not probed");
        const auto probe = [&]() -> Task<void> {
            status = co_await (*upstreams)->probe(upstream.name);
        };
        serving::spawn(loop, probe());
        loop.restart();
        loop.run();
        add(out, "upstream " + upstream.name, status, upstream.url + " answers",
            "start it, or fix url and health_path");
    }
}

void examine_models(const Config& config, market::Market& market, Diagnosis& out) {
    for (const ModelConfig& model : config.models) {
        if (model.version.model == 0) continue;
        const auto version = market::get_version(market, model.version);
        Status status = version ? Status{} : std::unexpected(version.error());
        if (version && version->status != market::VersionStatus::kActive &&
            version->status != market::VersionStatus::kDeprecated) {
            status = fail(ErrorCode::kRejected,
                          fmt::format("its status is {}", market::status_name(version->status)),
                          "serve an active version");
        }
        add(out, "model " + model.id, status, "registered and served");
        if (!model.has_chain_rates) continue;
        const auto rates = market::current_rates(market, model.version);
        add(out, "rates " + model.id, rates ? Status{} : std::unexpected(rates.error()),
            "set on the chain", "run `mintmark price set`");
    }
}

void examine_index(const Config& config, market::Market& market, Diagnosis& out) {
    const auto& path = config.index.path;
    if (path.empty()) return add(out, "index", {}, "none: the contracts are asked");
    auto folder = path.parent_path();
    if (folder.empty()) folder = ".";
    if (::access(folder.c_str(), W_OK) != 0) {
        const Status no = fail(ErrorCode::kIo, folder.string() + " cannot be written to",
                               "make the folder, or set index.path");
        return add(out, "index", no, "");
    }
    const auto is_his = index::Store::is_of(path, market.deployment());
    if (!is_his) return add(out, "index", std::unexpected(is_his.error()), "", "delete the file");
    if (!*is_his)
        return add(out, "index", {},
                   "none of this deployment yet: the first start reads the chain");
    auto store = index::Store::open(path, market.deployment());
    const auto tip = store ? store->tip() : Result<index::BlockRef>(std::unexpected(store.error()));
    if (!tip) return add(out, "index", std::unexpected(tip.error()), "", "delete the file");
    const auto head = market.client().block_number();
    if (!head) return add(out, "index", std::unexpected(head.error()), "");
    const auto same = market.client().block(tip->number);
    const bool is_on_chain = same && *same && (*same)->hash == tip->hash;
    add(out, "index", {},
        fmt::format(
            "block {}, {} behind{}", tip->number, *head > tip->number ? *head - tip->number : 0,
            is_on_chain || tip->hash == Bytes32{} ? "" : "; its end was re-organised away"));
}

void examine_settlement(const Config& config, Diagnosis& out) {
    if (config.settle.path.empty())
        return add(out, "settlement", {},
                   "by hand: `mintmark settle` or `mintmark channel settle`");
    const std::string location = config.settle_location();
    if (!sql::is_postgres(location) && !std::filesystem::exists(location))
        return add(out, "settlement", {}, "nothing was sent yet");
    auto intents = settlement::Intents::open(location);
    if (!intents) return add(out, "settlement", std::unexpected(intents.error()), "");
    const auto open = intents->count(settlement::IntentState::kSigned);
    const auto mined = intents->count(settlement::IntentState::kMined);
    add(out, "settlement", open ? Status{} : std::unexpected(open.error()),
        fmt::format("{} transactions wait for a block, {} for confirmations", open.value_or(0),
                    mined.value_or(0)));
}

void examine_chain(const Config& config, Diagnosis& out) {
    if (config.chain.deployment.empty()) {
        add(out, "chain", {}, "none: grants only");
        return;
    }
    auto deployment = chain::Deployment::read(config.chain.deployment);
    if (!deployment) return add(out, "chain", std::unexpected(deployment.error()), "");
    auto market = market::Market::open(*deployment, config.chain.rpc_url);
    if (!market) {
        return add(out, "chain", std::unexpected(market.error()), "",
                   "check chain.rpc_url and the network");
    }
    add(out, "chain", {}, fmt::format("chain {}", deployment->chain_id));
    const auto head = market->client().latest_block();
    Status clock = head ? Status{} : std::unexpected(head.error());
    const auto now = static_cast<std::uint64_t>(unix_ms() / 1000);
    if (head && now > head->timestamp + kMaxSkewS) {
        // A quiet development chain looks the same, so this says and does not fail.
        add(out, "chain clock", {},
            fmt::format("the last block is {} s old", now - head->timestamp));
    } else {
        if (head && head->timestamp > now + kMaxSkewS) {
            clock = fail(ErrorCode::kRejected,
                         fmt::format("the chain is {} s ahead", head->timestamp - now),
                         "set this machine's clock (NTP)");
        }
        add(out, "chain clock", clock, "agrees with this machine's");
    }
    chain::LogFilter filter;
    filter.from_block = head ? head->number : 0;
    const auto logs = market->client().logs(filter);
    add(out, "eth_getLogs", logs ? Status{} : std::unexpected(logs.error()), "works",
        "use another RPC provider");
    for (const char* name :
         {"AccessPass", "PaymentChannels", "QuotaLedger", "PriceBook", "ModelRegistry"}) {
        const auto address = deployment->contract(name);
        const auto code = address ? market->client().code(*address)
                                  : Result<Bytes>(std::unexpected(address.error()));
        Status status = code ? Status{} : std::unexpected(code.error());
        if (code && code->empty())
            status = fail(ErrorCode::kNotFound, "there is no code at its address",
                          "check the deployment file");
        add(out, name, status, "deployed");
    }
    examine_index(config, *market, out);
    examine_settlement(config, out);
    examine_models(config, *market, out);
}

}  // namespace

bool Diagnosis::is_healthy() const {
    return std::ranges::all_of(findings, [](const Finding& finding) { return finding.is_ok; });
}

Diagnosis examine(const std::filesystem::path& path) {
    Diagnosis out;
    const auto config = Config::read(path);
    add(out, "configuration", config ? Status{} : std::unexpected(config.error()), path.string());
    if (!config) return out;
    examine_ledger(*config, out);
    examine_tls(*config, out);
    examine_upstreams(*config, out);
    examine_chain(*config, out);
    return out;
}

}  // namespace mintmark::gateway
