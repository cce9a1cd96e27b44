// Fuzzes input.json, in all its forms.
#include <cmath>

#include "mintmark/base/assert.hpp"
#include "mintmark/model/model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = reinterpret_cast<const char*>(data);  // bytes as they come
    const auto file = mintmark::model::read_input_json({text, size});
    if (!file) {
        MINTMARK_ASSERT(!file.error().message.empty());
        return 0;
    }
    for (const auto& sample : file->samples)
        for (const auto& values : sample)
            for (const double value : values) MINTMARK_ASSERT(std::isfinite(value));
    return 0;
}
