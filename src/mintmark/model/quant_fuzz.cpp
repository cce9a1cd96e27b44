// Fuzzes the decoder of quantised models: what it accepts is valid and has one encoding.
#include "mintmark/base/assert.hpp"
#include "mintmark/model/model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto graph = mintmark::model::decode_quant_graph(mintmark::ByteSpan(data, size));
    if (!graph) {
        MINTMARK_ASSERT(!graph.error().message.empty());
        return 0;
    }
    const mintmark::Bytes bytes = mintmark::model::encode(*graph);
    const auto again = mintmark::model::decode_quant_graph(bytes);
    MINTMARK_ASSERT(again.has_value() && mintmark::model::encode(*again) == bytes);
    return 0;
}
