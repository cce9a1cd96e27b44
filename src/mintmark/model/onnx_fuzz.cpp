// Fuzzes the import of ONNX files: whatever the bytes, a valid graph or an error that says why.
#include "mintmark/base/assert.hpp"
#include "mintmark/model/model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto graph = mintmark::model::load_onnx(mintmark::ByteSpan(data, size));
    if (!graph) MINTMARK_ASSERT(!graph.error().message.empty());
    return 0;
}
