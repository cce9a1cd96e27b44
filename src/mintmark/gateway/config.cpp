#include "mintmark/gateway/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/gateway/toml_reader.hpp"
#include "mintmark/jobs/job_data.hpp"
#include "mintmark/serving/stream.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::uint64_t kMostDays = 3650;
constexpr const char* kInLedger = "ledger";

/// KEY_env names the variable that has KEY's value: passwords are in no file.
void read_environment(Reader& reader, const std::string& key, std::string& out) {
    const std::string name = key + "_env";
    std::string variable;
    reader.text(name, variable);
    if (variable.empty()) return;
    if (!out.empty()) return reader.bad_key(name, "stands beside " + key);
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == 0)
        return reader.bad_key(name, "the variable " + variable + " is not set");
    out = value;
}

/// A machine's or a pod's name and the port: unlike those of the other gateways.
std::string default_name(std::uint16_t port) {
    std::array<char, 256> host = {};
    ::gethostname(host.data(), host.size() - 1);
    return fmt::format("{}:{}", host.data(),
                       port != 0 ? std::to_string(port) : fmt::format("pid-{}", ::getpid()));
}

Status read_ledger(Reader reader, Config& out) {
    reader.path("path", out.ledger);
    SharedLedgerConfig& shared = out.shared_ledger;
    reader.text("url", shared.url);
    read_environment(reader, "url", shared.url);
    if (!shared.url.empty() && !sql::is_postgres(shared.url))
        reader.bad_key("url", "must begin with postgresql://");
    if (!shared.url.empty() && reader.find("path") != nullptr)
        reader.bad_key("path", "stands beside url: one ledger, please");
    shared.name = default_name(out.server.port);
    reader.text("name", shared.name);
    if (shared.name.empty()) reader.bad_key("name", "is empty");
    reader.number("lost_s", shared.lost_s, 3, 3600);
    return reader.finish();
}

Status read_server(Reader reader, ServerConfig& out) {
    constexpr std::int64_t kMostMs = 3'600'000;
    reader.text("host", out.host);
    reader.number("port", out.port, 0, 65535);
    std::filesystem::path certificate;
    std::filesystem::path key;
    reader.path("tls_certificate", certificate);
    reader.path("tls_key", key);
    out.tls_certificate = certificate.string();
    out.tls_key = key.string();
    if (out.tls_certificate.empty() != out.tls_key.empty()) {
        reader.bad_key("tls_certificate", "needs tls_key, and the other way round");
    }
    reader.number("max_body_bytes", out.max_body_bytes, 1024, std::int64_t{1} << 30U);
    reader.number("max_header_bytes", out.max_header_bytes, 1024, 1 << 20U);
    reader.number("max_connections", out.max_connections, 1, 1'000'000);
    reader.number("idle_ms", out.idle_ms, 10, kMostMs);
    reader.number("request_ms", out.request_ms, 10, kMostMs);
    reader.number("write_ms", out.write_ms, 10, kMostMs);
    reader.number("drain_ms", out.drain_ms, 0, kMostMs);
    reader.text("public_url", out.public_url);
    reader.number("requests_per_minute", out.requests_per_minute, 0, 100'000'000);
    return reader.finish();
}

Status read_chain(Reader reader, ChainConfig& out) {
    reader.path("deployment", out.deployment);
    reader.required("deployment");
    reader.text("rpc_url", out.rpc_url);
    reader.text("provider", out.provider);
    reader.required("provider");
    if (!out.provider.empty() && !chain::parse_address(out.provider)) {
        reader.bad_key("provider", "must be an address");
    }
    reader.number("refresh_s", out.refresh_s, 0, 3600);
    reader.number("stale_s", out.stale_s, 1, 86'400);
    out.tokens = {"0x0000000000000000000000000000000000000000"};
    reader.texts("tokens", out.tokens);
    for (const std::string& token : out.tokens) {
        if (!chain::parse_address(token)) reader.bad_key("tokens", token + " is no address");
    }
    reader.dollars("exposure_usd", out.exposure_usd);
    reader.number("exposure_units", out.exposure_units, 1, std::int64_t{1} << 40U);
    return reader.finish();
}

Status read_index(Reader reader, IndexConfig& out) {
    reader.path("path", out.path);
    reader.required("path");
    reader.number("poll_ms", out.poll_ms, 10, 60'000);
    reader.number("max_range", out.max_range, 1, 1'000'000);
    return reader.finish();
}

Status read_settle(Reader reader, SettleConfig& out) {
    // The word is no file: what is sent is kept where the shared ledger is.
    const toml::node* path = reader.find("path");
    if (path != nullptr && path->value_exact<std::string>() == kInLedger) {
        out.path = kInLedger;
    } else {
        reader.path("path", out.path);
    }
    reader.required("path");
    reader.number("poll_ms", out.poll_ms, 10, 600'000);
    reader.number("age_s", out.age_s, 0, 315'360'000);
    reader.text("value", out.value);
    if (!chain::U256::parse(out.value))
        reader.bad_key("value", "must be a number of the token's smallest units, as text");
    reader.number("margin_s", out.margin_s, 0, 30 * 86'400);
    reader.number("max_fee_gwei", out.max_fee_gwei, 1, 1'000'000'000);
    reader.number("max_gas_percent", out.max_gas_percent, 0, 10'000);
    reader.number("stuck_s", out.stuck_s, 1, 86'400);
    reader.number("confirmations", out.confirmations, 1, 10'000);
    reader.number("max_batch", out.max_batch, 1, 256);
    return reader.finish();
}

Status read_siwe(Reader reader, SiweConfig& out) {
    reader.text("domain", out.domain);
    reader.required("domain");
    reader.text("uri", out.uri);
    reader.required("uri");
    reader.number("key_days", out.key_days, 1, kMostDays);
    return reader.finish();
}

Status read_traces(Reader reader, TraceConfig& out) {
    reader.text("endpoint", out.endpoint);
    reader.required("endpoint");
    if (!out.endpoint.empty() && !serving::BaseUrl::parse(out.endpoint)) {
        reader.bad_key("endpoint", "is no URL");
    }
    std::filesystem::path authorities;
    reader.path("authorities", authorities);
    out.authorities = authorities.string();
    reader.text("service", out.service);
    if (const toml::node* node = reader.find("sample")) {
        const auto value = node->value<double>();
        const bool is_share = value && *value >= 0 && *value <= 1;
        if (!is_share) reader.bad(*node, "sample", "must be from 0 to 1");
        if (is_share) out.sample = *value;
    }
    reader.number("interval_ms", out.interval_ms, 10, 600'000);
    return reader.finish();
}

Status read_x402(Reader reader, X402Config& out) {
    for (const char* key : {"asset", "name", "version"}) reader.required(key);
    reader.text("asset", out.asset);
    if (!out.asset.empty() && !chain::parse_address(out.asset)) {
        reader.bad_key("asset", "must be a token's address");
    }
    reader.text("name", out.name);
    reader.text("version", out.version);
    reader.number("decimals", out.decimals, 0, 30);
    reader.number("timeout_s", out.timeout_s, 2, 86'400);
    reader.flag("upto", out.has_upto);
    reader.number("wallet_gas", out.wallet_gas, 0, 10'000'000);
    return reader.finish();
}

void read_infernet(Reader& reader, UpstreamConfig& out) {
    out.health_path = "/info";
    reader.text("container", out.infernet.container);
    reader.required("container");
    std::string request = "openai";
    reader.text("request", request);
    if (request != "openai" && request != "prompt") {
        reader.bad_key("request", "must be openai or prompt");
    }
    out.infernet.is_prompt = request == "prompt";
    reader.text("result", out.infernet.result);
    reader.number("poll_ms", out.infernet.poll_ms, 1, 60'000);
}

Status read_upstream(Reader reader, UpstreamConfig& out) {
    constexpr std::int64_t kMostMs = 3'600'000;
    reader.text("name", out.name);
    reader.required("name");
    reader.text("url", out.url);
    reader.required("url");
    if (!out.url.empty()) {
        const auto url = serving::BaseUrl::parse(out.url);
        if (!url) reader.bad_key("url", url.error().message);
    }
    reader.text("api_key_env", out.api_key_env);
    std::filesystem::path authorities;
    reader.path("authorities", authorities);
    out.authorities = authorities.string();
    std::string kind = "openai";
    reader.text("kind", kind);
    if (kind != "openai" && kind != "infernet") {
        reader.bad_key("kind", "must be openai or infernet");
    }
    if (kind == "infernet") read_infernet(reader, out);
    reader.text("health_path", out.health_path);
    reader.number("health_s", out.health_s, 1, 3600);
    reader.number("connect_ms", out.connect_ms, 10, kMostMs);
    reader.number("first_byte_ms", out.first_byte_ms, 10, kMostMs);
    reader.number("silence_ms", out.silence_ms, 10, kMostMs);
    reader.number("max_response_bytes", out.max_response_bytes, 1024, std::int64_t{1} << 32U);
    reader.text("tokenize_url", out.tokenize_url);
    if (!out.tokenize_url.empty() && !serving::BaseUrl::parse(out.tokenize_url)) {
        reader.bad_key("tokenize_url", "is no URL");
    }
    return reader.finish();
}

void read_rates(Reader& reader, ModelConfig& out) {
    const toml::node* node = reader.find("rates");
    if (node == nullptr) return reader.required("rates");
    if (const auto word = node->value_exact<std::string>()) {
        out.has_chain_rates = *word == "chain";
        if (!out.has_chain_rates) reader.bad(*node, "rates", "must be \"chain\" or a table");
        return;
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) return reader.bad(*node, "rates", "must be \"chain\" or a table");
    for (const auto& [key, value] : *table) {
        const std::string name = "rates." + std::string(key.str());
        const auto unit = market::parse_unit(key.str());
        if (!unit) return reader.bad(value, name, unit.error().message);
        const auto text = value.value_exact<std::string>();
        if (!text) return reader.bad(value, name, "must be text: \"0.05/M\", or \"free\"");
        const auto index = static_cast<std::size_t>(*unit);
        if (*text == "free") {
            out.card.free_units = static_cast<std::uint16_t>(out.card.free_units | 1U << index);
            continue;
        }
        const auto rate = market::parse_rate(*text);
        if (!rate) return reader.bad(value, name, rate.error().message);
        if (*rate == 0) return reader.bad(value, name, "is zero; write \"free\" if it is meant");
        out.card.rates[index] = *rate;
    }
}

Status read_model(Reader reader, ModelConfig& out) {
    reader.text("id", out.id);
    reader.required("id");
    reader.texts("upstreams", out.upstreams);
    reader.path("compiled", out.local.compiled);
    reader.path("proving_key", out.local.proving_key);
    reader.path("onnx", out.local.onnx);
    if (out.upstreams.empty() && out.local.compiled.empty()) {
        reader.bad_key("upstreams", "names no upstream, and there is no compiled model");
    }
    if (out.local.compiled.empty() && !out.local.proving_key.empty()) {
        reader.bad_key("proving_key", "needs compiled");
    }
    out.upstream_model = out.id;
    reader.text("upstream_model", out.upstream_model);
    reader.number("model", out.version.model, 1, std::int64_t{1} << 53U);
    reader.number("version", out.version.version, 1, std::int64_t{1} << 31U);
    if ((out.version.model == 0) != (out.version.version == 0)) {
        reader.bad_key("model", "needs version, and the other way round");
    }
    out.local.model = out.version.model;
    out.local.version = out.version.version;
    read_rates(reader, out);
    if (out.has_chain_rates && out.version.model == 0) {
        reader.bad_key("rates", "\"chain\" needs model and version");
    }
    reader.number("max_output_tokens", out.max_output_tokens, 1, 10'000'000);
    reader.number("context_tokens", out.context_tokens, 0, 100'000'000);
    reader.text("license", out.license);
    reader.text("description", out.description);
    return reader.finish();
}

Status read_recipe(Reader reader, jobs::Recipe& out) {
    reader.text("name", out.name);
    reader.required("name");
    if (!out.name.empty() && !jobs::is_name(out.name)) reader.bad_key("name", "is no plain name");
    reader.texts("command", out.command);
    if (out.command.empty()) reader.bad_key("command", "names no program");
    reader.texts("environment", out.environment);
    return reader.finish();
}

Status read_jobs(Reader reader, const std::string& file, jobs::Config& out) {
    constexpr std::int64_t kMostS = 30 * 86'400;
    constexpr std::uint64_t kMebi = std::uint64_t{1} << 20U;
    reader.text("queue", out.queue);
    read_environment(reader, "queue", out.queue);
    if (out.queue.empty()) reader.required("queue");
    if (!out.queue.empty() && out.queue.find("://") == std::string::npos) {
        std::filesystem::path path;
        reader.path("queue", path);
        out.queue = path.string();
    }
    reader.text("name", out.name);
    reader.number("lease_ms", out.lease_ms, 500, 3'600'000);
    reader.path("store", out.store);
    reader.path("work", out.work);
    reader.path("srs", out.srs);
    reader.number("slots", out.slots, 1, 256);
    reader.number("poll_ms", out.poll_ms, 10, 60'000);
    reader.number("drain_s", out.drain_s, 0, kMostS);
    std::uint64_t memory_mb = out.limits.memory_bytes / kMebi;
    std::uint64_t file_mb = out.limits.file_bytes / kMebi;
    reader.number("memory_mb", memory_mb, 64, 1 << 24U);
    reader.number("file_mb", file_mb, 1, 1 << 24U);
    reader.number("time_s", out.limits.time_s, 1, kMostS);
    out.limits.memory_bytes = memory_mb * kMebi;
    out.limits.file_bytes = file_mb * kMebi;
    MINTMARK_CHECK(read_list(reader, file, "recipes", out.recipes, read_recipe));
    return reader.finish();
}

Status read_grant(Reader reader, GrantConfig& out) {
    reader.text("name", out.name);
    reader.required("name");
    reader.text("key_sha256", out.key_sha256);
    reader.required("key_sha256");
    std::ranges::transform(out.key_sha256, out.key_sha256.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c);
    });
    const bool is_hex = out.key_sha256.size() == 64 &&
                        out.key_sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!out.key_sha256.empty() && !is_hex) {
        reader.bad_key("key_sha256", "must be 64 hex digits; see `mintmark serve-key`");
    }
    reader.required("credit_usd");
    reader.dollars("credit_usd", out.credit);
    reader.texts("models", out.models);
    return reader.finish();
}

/// What no single table can see.
Status check_whole(const Config& config, const std::string& file) {
    const auto bad = [&](const std::string& what) {
        return fail(ErrorCode::kInvalidArgument, file + ": " + what);
    };
    std::set<std::string> upstreams;
    for (const UpstreamConfig& upstream : config.upstreams) {
        if (!upstreams.insert(upstream.name).second) {
            return bad("two upstreams are named " + upstream.name);
        }
    }
    std::set<std::string> models;
    for (const ModelConfig& model : config.models) {
        if (!models.insert(model.id).second) return bad("two models have the id " + model.id);
        for (const std::string& name : model.upstreams) {
            if (!upstreams.contains(name)) {
                return bad(fmt::format("model {} names the unknown upstream {}", model.id, name));
            }
        }
        if (model.version.model != 0 && config.chain.deployment.empty()) {
            return bad(fmt::format("model {} is on a chain, but there is no [chain]", model.id));
        }
    }
    if (!config.index.path.empty() && config.chain.deployment.empty())
        return bad("[index] needs [chain]: whose events?");
    if (!config.settle.path.empty() && config.chain.deployment.empty())
        return bad("[settle] needs [chain]: where?");
    if (config.settle.path == kInLedger && config.shared_ledger.url.empty())
        return bad("settle.path is \"ledger\", but ledger.url names no database");
    if (config.models.empty()) return bad("there is no [[models]]: nothing to serve");
    std::set<std::string> keys;
    for (const GrantConfig& grant : config.grants) {
        if (!keys.insert(grant.key_sha256).second) {
            return bad("two grants have the same key: " + grant.name);
        }
        for (const std::string& id : grant.models) {
            if (!models.contains(id)) {
                return bad(fmt::format("grant {} names the unknown model {}", grant.name, id));
            }
        }
    }
    const std::set<std::string> kinds = {"pass", "gate", "channel", "grant"};
    for (const std::string& kind : config.order) {
        if (!kinds.contains(kind)) return bad("access.order: unknown entitlement " + kind);
    }
    return {};
}

}  // namespace

Result<Config> Config::parse(std::string_view text, const std::filesystem::path& path) {
    const std::string file = path.string();
    const toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{}:{}: {}", file, parsed.error().source().begin.line,
                                parsed.error().description()));
    }
    const toml::table& table = parsed.table();
    Reader root(table, file, "");
    Config out;
    out.ledger = std::filesystem::path(file).parent_path() / "ledger.db";
    MINTMARK_CHECK(read_table(root, file, "server", out.server, read_server));
    MINTMARK_CHECK(read_table(root, file, "chain", out.chain, read_chain));
    MINTMARK_CHECK(read_table(root, file, "index", out.index, read_index));
    MINTMARK_CHECK(read_table(root, file, "settle", out.settle, read_settle));
    MINTMARK_CHECK(read_table(root, file, "siwe", out.siwe, read_siwe));
    MINTMARK_CHECK(read_table(root, file, "x402", out.x402, read_x402));
    MINTMARK_CHECK(read_table(root, file, "traces", out.traces, read_traces));
    out.shared_ledger.name = default_name(out.server.port);
    MINTMARK_CHECK(read_table(root, file, "ledger", out, read_ledger));
    MINTMARK_CHECK(read_table(root, file, "log", out, [](Reader reader, Config& config) {
        reader.text("level", config.log_level);
        reader.flag("requests", config.log_requests);
        const std::set<std::string> levels = {"debug", "info", "warning", "error"};
        if (!levels.contains(config.log_level)) {
            reader.bad_key("level", "must be debug, info, warning or error");
        }
        return reader.finish();
    }));
    MINTMARK_CHECK(read_table(root, file, "access", out, [](Reader reader, Config& config) {
        reader.texts("order", config.order);
        return reader.finish();
    }));
    out.jobs.store = std::filesystem::path(file).parent_path() / "store";
    const auto jobs = [&](Reader reader, jobs::Config& to) { return read_jobs(reader, file, to); };
    MINTMARK_CHECK(read_table(root, file, "jobs", out.jobs, jobs));
    MINTMARK_CHECK(read_list(root, file, "upstreams", out.upstreams, read_upstream));
    MINTMARK_CHECK(read_list(root, file, "models", out.models, read_model));
    MINTMARK_CHECK(read_list(root, file, "grants", out.grants, read_grant));
    MINTMARK_CHECK(root.finish());
    MINTMARK_CHECK(check_whole(out, file));
    for (const ModelConfig& model : out.models) {
        if (!model.local.compiled.empty()) out.jobs.models[model.id] = model.local;
    }
    return out;
}

settlement::Options SettleConfig::options() const {
    settlement::Options out;
    out.max_batch = max_batch;
    out.age_ms = age_s * 1000;
    out.value = chain::U256::parse(value).value_or(chain::U256());
    out.margin_s = margin_s;
    out.max_fee = chain::U256(1'000'000'000U).checked_mul(max_fee_gwei).value_or(out.max_fee);
    out.max_gas_percent = max_gas_percent;
    out.stuck_ms = stuck_s * 1000;
    out.confirmations = confirmations;
    return out;
}

Result<Config> Config::read(const std::filesystem::path& path) {
    const Result<std::string> text = read_text(path);
    if (!text) {
        return fail(text.error().code, text.error().message,
                    "name the gateway's file with --config; docs/ops/one-machine.md shows one");
    }
    return parse(*text, std::filesystem::absolute(path));
}

ledger::SharedOptions SharedLedgerConfig::options() const {
    ledger::SharedOptions out;
    out.location = url;
    out.name = name;
    out.patience = std::chrono::seconds(lost_s);
    return out;
}

std::string Config::ledger_location() const {
    return shared_ledger.url.empty() ? ledger.string() : shared_ledger.url;
}

std::string Config::settle_location() const {
    return settle.path == kInLedger ? ledger_location() : settle.path.string();
}

const ModelConfig* Config::model(std::string_view id) const {
    for (const ModelConfig& model : models) {
        if (model.id == id) return &model;
    }
    return nullptr;
}

}  // namespace mintmark::gateway
