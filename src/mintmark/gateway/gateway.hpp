// The gateway: who calls, what he may, what it cost. One loop; the ledger's writer and the chain's
// reader are the only other threads.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/signer.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/gateway/durability.hpp"
#include "mintmark/gateway/entitlements.hpp"
#include "mintmark/gateway/facilitator.hpp"
#include "mintmark/gateway/metrics.hpp"
#include "mintmark/gateway/tensor_model.hpp"
#include "mintmark/gateway/trace.hpp"
#include "mintmark/gateway/upstreams.hpp"
#include "mintmark/ledger/shared.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/queue/queue.hpp"
#include "mintmark/serving/server.hpp"
#include "mintmark/settlement/service.hpp"

namespace mintmark::gateway {

using serving::Headers;
using serving::Request;
using serving::Responder;

/// An answer in the API's own shape.
struct Refusal {
    int status = 500;
    std::string message = {};
    std::string code = {};
    std::string param = {};
    Headers headers = {};
};
/// What an error is over HTTP.
[[nodiscard]] Refusal refusal_of(const Error& error);

/// How an API says what went wrong: {"error": {"message", …}} or {"error": text}.
enum class ErrorShape : std::uint8_t { kOpenAi, kTensor };

/// One metered request on its way.
struct Run;

class Gateway {
  public:
    /// Opens ledger, chain and upstreams. `signer`: signs receipts; nullptr: they are not signed.
    /// `models`: those that it runs itself.
    [[nodiscard]] static Result<std::unique_ptr<Gateway>> open(
        serving::Loop& loop, Config config, std::unique_ptr<chain::PrivateKey> signer,
        TensorModels models = {});
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    /// Listens. Returns the port.
    [[nodiscard]] Result<std::uint16_t> start();
    /// No new requests; /readyz says no.
    void drain();
    void abort();
    [[nodiscard]] bool is_idle() const;
    [[nodiscard]] std::size_t running() const { return ledger_->running(); }
    /// Sends the last spans, if spans are sent.
    [[nodiscard]] Task<void> flush_traces() { return tracer_->flush(); }

  private:
    struct Bucket {
        double tokens;
        std::int64_t filled_ms;
    };
    Gateway(serving::Loop& loop, Config config, std::unique_ptr<chain::PrivateKey> signer,
            TensorModels models);
    Status set_up();
    Status open_ledger();
    /// A file answers at once; a database is asked on a thread of its own.
    template <class T>
    Task<Result<T>> ask_ledger(std::function<Result<T>(ledger::Ledger&)> question) {
        if (!ledger_->is_shared()) co_return question(*ledger_);
        ledger::Ledger& ledger = *ledger_;
        auto work = [&ledger, question = std::move(question)] { return question(ledger); };
        co_return co_await serving::offload<Result<T>>(ledger_pool_, std::move(work));
    }
    Task<Result<std::optional<ledger::RequestRecord>>> find_record(const std::string& id);
    Task<Result<std::optional<ledger::RequestRecord>>> find_answered(const std::string& key_id,
                                                                     const std::string& key);
    /// A key that another gateway has made.
    Task<void> learn_key(const Request& request);
    Task<void> handle(Request& request, Responder& responder);
    Task<void> route(const std::string& id, Request& request, Responder& responder, int& status);
    /// What is not metered, or not by OpenAI's API.
    Task<void> route_rest(const std::string& id, Request& request, Responder& responder,
                          int& status);
    Task<void> housekeeping();
    void watch_index();

    // Who calls (auth.cpp).
    Result<Buyer> authenticate(const Request& request, std::string_view scope);
    std::optional<Refusal> limit_rate(const Buyer& buyer, Headers& headers);
    Task<Result<json::Json>> siwe_verify(const Request& request);
    Result<json::Json> siwe_nonce();
    Task<Result<bool>> is_signed_by(const Address& account, const Bytes32& hash,
                                    const Bytes& signature);
    Result<json::Json> create_key(const Buyer& buyer, const Request& request);
    std::pair<ledger::KeyRow, std::string> new_key(const std::string& buyer);

    // What a buyer asks about himself (account_routes.cpp).
    Task<Result<json::Json>> account_route(const Buyer& buyer, const Request& request);
    Task<Result<json::Json>> receipt(const Buyer& buyer, const std::string& id);
    Task<Result<json::Json>> usage(const Buyer& buyer, const Request& request);
    Result<json::Json> keys(const Buyer& buyer) const;
    Task<Result<json::Json>> credits(const Buyer& buyer);
    Task<Result<json::Json>> due(const Buyer& buyer);
    Task<Result<json::Json>> take_voucher(const std::string& text);
    Task<Status> take_pass_voucher(const json::Json& body);
    Task<Status> take_channel_voucher(const json::Json& body);
    [[nodiscard]] Status check_session(const Entitlement& account, const market::Voucher& voucher,
                                       const SessionFacts& session, const std::string& signer);
    Task<Status> take_gate_voucher(const json::Json& body);
    json::Json model_json(const ModelConfig& model) const;
    json::Json models_json() const;
    /// What is served here of a registered model (catalogue.cpp).
    json::Json served_json(std::uint64_t registered) const;
    Task<Result<json::Json>> catalogue(const Request& request);

    // The metering path (metering.cpp, streaming.cpp).
    Task<void> metered(Endpoint endpoint, const std::string& id, Request& request,
                       Responder& responder, int& status);
    /// nullopt: answered.
    Task<std::optional<Refusal>> meter(Endpoint endpoint, Run& run, Request& request,
                                       Responder& responder, Headers& headers);
    /// Sends the run's request to its model's servers, under a span of its own.
    Task<Result<Upstreams::Answer>> ask_upstream(Run& run, serving::ClientRequest& request);
    void end_span(Run& run, const Request& request, int status, std::string_view code);
    std::optional<Refusal> understand(Endpoint endpoint, Request& request, Run& run);
    /// Who calls, may he, and what does he want?
    std::optional<Refusal> admit(Endpoint endpoint, Run& run, Request& request, Headers& headers);
    Task<Result<bool>> prepare(Run& run, Request& request);
    Status begin_row(Run& run, const Request& request);
    /// A request that is not prepared for `error`.
    Refusal unprepared(const Error& error, const Request& request);
    /// This very request was answered before.
    Task<std::optional<Refusal>> answer_again(Run& run, Responder& responder);
    Task<std::optional<Refusal>> answer(Endpoint endpoint, Run& run, Responder& responder);
    /// Chooses what pays and reserves it.
    Task<Status> reserve(Run& run);
    Task<Status> reserve_shared(Run& run);
    Task<Status> reserve_here(Run& run);
    Status reserve_priced(Run& run, const chain::U256& exact, bool has_card);
    /// What a shared ledger says to the reservation and the payment's nonce.
    Task<Status> confirm(Run& run);
    Task<std::optional<Refusal>> answer_whole(Run& run, Responder& responder);
    /// The answer's headers as lines.
    static std::string header_lines(const Run& run);
    static void add_headers(Run& run);
    Task<std::optional<Refusal>> answer_stream(Run& run, Responder& responder);
    Task<void> pump(Run& run, Responder& responder, serving::Incoming& upstream);
    serving::Soon<market::Usage> settle_usage(Run& run,
                                              const std::optional<market::Usage>& reported);
    /// Counts what the upstream did not, or did not well.
    Task<market::Usage> count_usage(Run& run, market::Usage usage, bool has_input);
    market::Usage bounded(const Run& run, market::Usage usage);
    Task<Status> close(Run& run, const market::Usage& usage, std::string state, int status,
                       std::string body);
    Result<std::uint64_t> charge(Run& run, const market::Usage& usage, std::string state,
                                 int status, std::string body);
    void cancel(Run& run, std::string state, int status);
    /// What the run has cost, as units of its account and in pico-dollars.
    void price(Run& run, const market::Usage& usage) const;
    static CostText cost_text(const Run& run);
    Task<Status> replay(const ledger::RequestRecord& record, const Run& run, Responder& responder);

    // The Open Inference Protocol and jobs (tensors.cpp).
    Task<bool> tensor_route(const std::string& id, Request& request, Responder& responder,
                            int& status);
    std::optional<Refusal> understand_tensors(Request& request, Run& run);
    Task<std::optional<Refusal>> answer_tensors(Run& run, Responder& responder);
    /// Connects when it has not yet. On jobs_pool_ only.
    Result<queue::Queue*> reach_queue();
    Task<Status> enqueue_proof(const Run& run);
    Task<Result<json::Json>> job_route(const Buyer& buyer, const std::string& path);

    // Callers without an account (payments.cpp).
    Status open_settlement();
    Status open_facilitator();
    [[nodiscard]] bool may_pay(const Request& request) const;
    Refusal payment_refusal(const std::vector<PaymentTerms>& terms, const Request& request,
                            std::string_view reason) const;
    Task<Result<std::vector<PaymentTerms>>> quote(Run& run);
    Task<std::optional<Refusal>> take_payment(Run& run, const Request& request);
    Result<Entitlement> payment_entitlement(Run& run);
    serving::Soon<std::optional<Refusal>> collect(Run& run);
    Task<std::optional<Refusal>> collect_payment(Run& run);
    Task<Result<json::Json>> facilitator_route(const Request& request);

    Headers common_headers(const std::string& id) const;
    Task<void> refuse(const Refusal& refusal, const std::string& id, Responder& responder,
                      int& status, Headers headers = {}, ErrorShape shape = ErrorShape::kOpenAi);
    [[nodiscard]] std::string next_id();

    serving::Loop& loop_;
    Config config_;
    std::unique_ptr<chain::PrivateKey> signer_;
    Metrics metrics_;
    Durability durability_;
    std::unique_ptr<ChainView> chain_;
    std::unique_ptr<ledger::Ledger> ledger_;
    boost::asio::thread_pool ledger_pool_{1};  ///< asks a shared ledger
    std::unique_ptr<Upstreams> upstreams_;
    std::unique_ptr<Tracer> tracer_;
    std::unique_ptr<Entitlements> entitlements_;
    std::unique_ptr<serving::Server> server_;
    TensorModels tensor_models_;
    boost::asio::thread_pool tensor_pool_{1};  ///< runs models; each uses all processors
    boost::asio::thread_pool jobs_pool_{1};    ///< the queue's and the store's one thread
    PaymentTerms payment_terms_;
    std::unique_ptr<Facilitator> facilitator_;  ///< nullptr: no payments
    std::unique_ptr<queue::Queue> queue_;       ///< on jobs_pool_ only; nullptr: not reached yet
    std::unordered_map<std::string, const GrantConfig*> grants_;  ///< by the key's hash
    std::string siwe_secret_;  ///< under which nonces of sign-ins are made
    std::unordered_map<std::string, Bucket> buckets_;
    std::string id_prefix_;
    std::uint64_t next_id_ = 0;
    bool is_draining_ = false;
    bool is_index_fresh_ = false;
    std::unique_ptr<settlement::Service> settlement_;  ///< ends first; nullptr: by hand
};

/// Serves until SIGTERM or SIGINT, then drains. `on_ready` is given the port.
[[nodiscard]] Status serve(Config config, std::unique_ptr<chain::PrivateKey> signer,
                           TensorModels models, std::function<void(std::uint16_t port)> on_ready);

/// Milliseconds since 1970.
[[nodiscard]] std::int64_t unix_ms();

}  // namespace mintmark::gateway
