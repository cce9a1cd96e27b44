// The gateway's one TOML file (docs/spec/gateway.md §1), read and checked before anything starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/gateway/x402.hpp"
#include "mintmark/jobs/config.hpp"
#include "mintmark/ledger/shared.hpp"
#include "mintmark/market/rates.hpp"
#include "mintmark/settlement/batcher.hpp"

namespace mintmark::gateway {

struct ServerConfig {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8700;  ///< 0: any free one
    std::string tls_certificate = {};
    std::string tls_key = {};
    std::uint64_t max_body_bytes = std::uint64_t{8} << 20U;
    std::uint64_t max_header_bytes = 16 * 1024;
    std::uint64_t max_connections = 10'000;
    std::int64_t idle_ms = 75'000;
    std::int64_t request_ms = 20'000;
    std::int64_t write_ms = 30'000;
    std::int64_t drain_ms = 30'000;
    std::string public_url = {};            ///< as buyers see it; for SIWE and x402
    std::uint64_t requests_per_minute = 0;  ///< of one key; 0: no limit
};

/// How an upstream that is an Infernet node is asked (infernet.hpp).
struct InfernetConfig {
    std::string container = {};  ///< empty: the upstream speaks OpenAI's API
    bool is_prompt = false;      ///< the container is given {"prompt": text}, not OpenAI's request
    std::string result = "output";  ///< member of the container's output with the text
    std::int64_t poll_ms = 500;     ///< between looks at a job; doubles, and when the node is busy
};

struct UpstreamConfig {
    std::string name = {};
    std::string url = {};
    std::string api_key_env = {};  ///< environment variable with its bearer token
    std::string authorities = {};  ///< PEM file, instead of the system's
    std::string health_path = "/models";
    std::int64_t health_s = 10;
    std::int64_t connect_ms = 3'000;
    std::int64_t first_byte_ms = 120'000;
    std::int64_t silence_ms = 60'000;
    std::uint64_t max_response_bytes = std::uint64_t{64} << 20U;
    std::string tokenize_url = {};  ///< llama.cpp's or vLLM's /tokenize; empty: none
    InfernetConfig infernet = {};
};

struct ModelConfig {
    std::string id = {};                      ///< what buyers call it
    std::vector<std::string> upstreams = {};  ///< in order of preference
    std::string upstream_model = {};
    market::VersionRef version = {};  ///< on the chain; {0, 0}: not registered
    bool has_chain_rates = false;     ///< rates = "chain"
    market::RateCard card = {};       ///< otherwise
    std::uint64_t max_output_tokens = 4096;
    std::uint64_t context_tokens = 0;  ///< 0: not said
    std::string license = {};
    std::string description = {};
    jobs::LocalModel local = {};  ///< files of a model that Mintmark runs itself
};

/// Credit that the operator gives to a key of his making.
struct GrantConfig {
    std::string name = {};
    std::string key_sha256 = {};           ///< hex
    std::uint64_t credit = 0;              ///< pico-dollars over the grant's life
    std::vector<std::string> models = {};  ///< empty: all
};

struct ChainConfig {
    std::filesystem::path deployment = {};  ///< empty: no chain
    std::string rpc_url = {};
    std::string provider = {};             ///< whose node this is: the channels' provider; "0x…"
    std::int64_t refresh_s = 15;           ///< age at which entitlements are read again
    std::int64_t stale_s = 120;            ///< age above which they are not believed
    std::vector<std::string> tokens = {};  ///< currencies of channels, "0x…"; native first
    std::uint64_t exposure_usd = 20'000'000'000;  ///< pico-dollars unsigned in a channel
    std::uint64_t exposure_units = 5;             ///< unsigned units of a pass or a quota
};

/// The index of the chain's events (docs/spec/gateway.md §8).
struct IndexConfig {
    std::filesystem::path path = {};  ///< empty: no index
    int poll_ms = 1'000;
    std::uint64_t max_range = 50'000;  ///< blocks asked for at once
};

/// Vouchers into transactions by the gateway itself (docs/spec/gateway.md §9).
struct SettleConfig {
    std::filesystem::path path = {};  ///< of its transactions; empty: by hand
    int poll_ms = 5'000;
    std::int64_t age_s = 3'600;
    std::string value = "0";  ///< in the token's smallest unit
    std::int64_t margin_s = 7'200;
    std::uint64_t max_fee_gwei = 200;
    std::uint64_t max_gas_percent = 0;
    std::int64_t stuck_s = 90;
    std::uint64_t confirmations = 12;
    std::uint64_t max_batch = 256;
    [[nodiscard]] settlement::Options options() const;
};

/// A ledger of several gateways (docs/spec/gateway.md §10).
struct SharedLedgerConfig {
    std::string url = {};      ///< "postgresql://…"; empty: this gateway has a file of its own
    std::string name = {};     ///< this gateway's, unlike all others'
    std::int64_t lost_s = 15;  ///< silence after which another's requests are closed
    [[nodiscard]] ledger::SharedOptions options() const;
};

/// OpenTelemetry (trace.hpp); nothing is sent anywhere without an endpoint.
struct TraceConfig {
    std::string endpoint = {};     ///< "http://collector:4318/v1/traces"; empty: off
    std::string authorities = {};  ///< PEM file, instead of the system's
    std::string service = "mintmark";
    double sample = 1.0;  ///< share of the traces that is sent
    std::int64_t interval_ms = 1'000;
};

struct SiweConfig {
    std::string domain = {};  ///< "gateway.example:8700"; empty: no sign-in
    std::string uri = {};
    std::int64_t key_days = 30;
};

struct Config {
    ServerConfig server = {};
    std::filesystem::path ledger = "ledger.db";
    SharedLedgerConfig shared_ledger = {};
    std::string log_level = "info";
    bool log_requests = true;
    ChainConfig chain = {};
    IndexConfig index = {};
    SettleConfig settle = {};
    SiweConfig siwe = {};
    TraceConfig traces = {};
    std::vector<std::string> order = {"pass", "gate", "channel", "grant"};
    std::vector<UpstreamConfig> upstreams = {};
    std::vector<ModelConfig> models = {};
    std::vector<GrantConfig> grants = {};
    X402Config x402 = {};
    jobs::Config jobs = {};  ///< with the models that this machine has

    /// kInvalidArgument: "FILE:LINE: KEY: what is wrong", for the first thing that is wrong,
    /// unknown keys included. Relative paths are relative to the file.
    [[nodiscard]] static Result<Config> read(const std::filesystem::path& path);
    [[nodiscard]] static Result<Config> parse(std::string_view text,
                                              const std::filesystem::path& path);
    [[nodiscard]] const ModelConfig* model(std::string_view id) const;
    /// A path, or "postgresql://…".
    [[nodiscard]] std::string ledger_location() const;
    [[nodiscard]] std::string settle_location() const;
};

}  // namespace mintmark::gateway
