// Runs a fuzz harness without libFuzzer: every file of the corpora given, and seeded mutations of
// each. Usage: HARNESS [--mutations N] FILE_OR_FOLDER...
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using mintmark::Bytes;
namespace fs = std::filesystem;

void mutate(Bytes& bytes, mintmark::SeededRng& rng) {
    const auto below = [&rng](std::size_t n) { return static_cast<std::size_t>(rng.next() % n); };
    for (std::size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
        const std::size_t at = below(bytes.size());
        const auto value = static_cast<std::uint8_t>(rng.next());
        switch (below(5)) {
            case 0:
                bytes[at] = value;
                break;
            case 1:
                bytes[at] ^= static_cast<std::uint8_t>(1U << (value % 8U));
                break;
            case 2:
                bytes[at] = (value & 1U) != 0 ? 0xff : 0;
                break;
            case 3:
                bytes.resize(at);
                break;
            default:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), value);
                break;
        }
    }
}

std::vector<fs::path> files_of(const fs::path& path) {
    std::vector<fs::path> files;
    if (!fs::is_directory(path)) return {path};
    for (const auto& entry : fs::recursive_directory_iterator(path))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

bool run(const fs::path& path, std::size_t mutations) {
    const auto seed = mintmark::read_file(path);
    if (!seed) {
        fmt::print(stderr, "{}\n", seed.error().message);
        return false;
    }
    LLVMFuzzerTestOneInput(seed->data(), seed->size());
    mintmark::SeededRng rng(seed->size());
    for (std::size_t i = 0; i < mutations; ++i) {
        Bytes bytes = *seed;
        mutate(bytes, rng);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t mutations = 0;
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--mutations" && i + 1 < argc) {
            mutations = std::strtoull(argv[++i], nullptr, 10);
            continue;
        }
        for (const fs::path& path : files_of(argv[i])) {
            if (!run(path, mutations)) return 1;
            ++count;
        }
    }
    fmt::print("{} files, {} mutations each\n", count, mutations);
    return count == 0 ? 1 : 0;
}
