// Fuzzes the files that the program reads back: settings.json, witness.json, proof.json, the public
// description of a model; model.compiled and pk.key, with a true checksum put at their end.
#include "mintmark/base/assert.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/worker/proof_file.hpp"
#include "mintmark/worker/settings.hpp"

namespace {

using namespace mintmark;  // NOLINT(google-build-using-namespace)

// What is read can be written and read again.
template <class File>
void read_json(const json::Json& value) {
    const auto file = File::from_json(value);
    if (!file) {
        MINTMARK_ASSERT(!file.error().message.empty());
        return;
    }
    const json::Json written = file->to_json();
    const auto again = File::from_json(written);
    MINTMARK_ASSERT(again.has_value() && again->to_json() == written);
}

template <class File>
void read_binary(ByteSpan bytes) {
    const auto file = File::decode(bytes);
    if (!file) {
        MINTMARK_ASSERT(!file.error().message.empty());
        return;
    }
    MINTMARK_ASSERT(File::decode(file->encode()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteSpan bytes(data, size);
    const auto text = reinterpret_cast<const char*>(data);  // bytes as they come
    if (const auto value = json::parse({text, size})) {
        read_json<worker::Settings>(*value);
        read_json<worker::WitnessFile>(*value);
        read_json<worker::ProofFile>(*value);
        read_json<worker::PublicModel>(*value);
        return 0;
    }
    read_binary<worker::CompiledModel>(bytes);
    read_binary<worker::KeyFile>(bytes);
    if (size > 32) {
        Bytes sealed(bytes.begin(), bytes.end() - 32);
        append(sealed, sha256(sealed));
        read_binary<worker::CompiledModel>(sealed);
        read_binary<worker::KeyFile>(sealed);
    }
    return 0;
}
