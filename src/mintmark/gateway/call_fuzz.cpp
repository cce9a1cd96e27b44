// Bodies of calls, answers of upstreams, sign-in messages and vouchers from strangers.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mintmark/base/assert.hpp"
#include "mintmark/gateway/openai.hpp"
#include "mintmark/gateway/siwe.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/gates.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mintmark;
    if (size == 0) return 0;
    const auto endpoint = static_cast<gateway::Endpoint>(data[0] % 5);
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    gateway::ModelConfig model;
    model.max_output_tokens = 1'000;
    if (auto call = gateway::read_call(endpoint, std::string(text), 16)) {
        if (gateway::bound_output(*call, model)) {
            const market::Usage worst = gateway::worst_case(*call);
            MINTMARK_ASSERT(worst[static_cast<std::size_t>(market::Unit::kOutputToken)] <= 16'000);
            // Whatever a stranger writes, the upstream gets one reading of it, and a bound.
            const auto sent = json::Document::read(gateway::upstream_body(*call, model));
            MINTMARK_ASSERT(sent.has_value());
            for (const char* name : {"max_tokens", "n_predict", "max_completion_tokens"}) {
                const auto limit = sent->root().find(name);
                MINTMARK_ASSERT(!limit || endpoint == gateway::Endpoint::kEmbedding ||
                                endpoint == gateway::Endpoint::kImage ||
                                limit->number().value_or(1'001) <= call->max_output);
            }
        }
    }
    if (const auto answer = json::parse(text)) {
        gateway::Call call;
        call.endpoint = endpoint;
        std::string out;
        const auto document = json::Document::read(std::string(text));
        MINTMARK_ASSERT(document.has_value());
        gateway::collect_text(document->root(), out);
        (void)gateway::reported_usage(call, document->root());
        (void)market::Voucher::from_json(*answer);
        (void)market::QuotaUsage::from_json(*answer);
    }
    if (const auto message = gateway::SiweMessage::parse(text)) {
        MINTMARK_ASSERT(message->nonce.size() >= 8 && !message->domain.empty());
    }
    return 0;
}
