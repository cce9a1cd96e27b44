#include "prove_request.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/service/proving.hpp"

namespace mintmark::app {

Status prove_request(const App& app, const ProveRequestArgs& args) {
    const service::RequestStore store(app.home);
    service::ProveOptions options;
    options.home = app.home;
    MINTMARK_TRY(options.request_id, store.resolve(args.request));
    MINTMARK_TRY(options.srs, srs_path(app, args.srs));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const service::ProvedRequest proved, service::prove_request(market, options));
    const std::filesystem::path path = args.proof.empty() ? store.proof_path(options.request_id)
                                                          : std::filesystem::path(args.proof);
    MINTMARK_CHECK(proved.proof.write(path));
    if (!args.proof.empty()) {
        MINTMARK_CHECK(proved.proof.write(store.proof_path(options.request_id)));
    }
    emit(app,
         {{"request", options.request_id},
          {"proof_path", path.string()},
          {"proof_bytes", proved.proof.proof.size()},
          {"context", to_hex(proved.proof.context)},
          {"load_ms", proved.load_ms},
          {"prove_ms", proved.prove_ms}},
         Table()
             .row("request", options.request_id)
             .row("bound to", to_hex(proved.proof.context) +
                                  " (chain, router, model, version, payee, pass, nonce)")
             .row("proof",
                  fmt::format("{} ({})", path.string(), human_bytes(proved.proof.proof.size())))
             .row("time", fmt::format("{} to load, {} for witness, proof and check",
                                      human_ms(proved.load_ms), human_ms(proved.prove_ms)))
             .text());
    return {};
}

}  // namespace mintmark::app
