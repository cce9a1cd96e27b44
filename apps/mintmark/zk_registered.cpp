#include "zk_registered.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/data_parts.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::app {
namespace {

Result<RegisteredKey> key_on_chain(const App& app, const KeyFlags& flags) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::VersionRef ref,
                 market::resolve_version(market, {flags.model, flags.version}));
    MINTMARK_TRY(const market::VersionInfo info, market::get_version(market, ref));
    const market::VersionCommitment& commitment = info.commitment;
    const auto read = chain::read_data(market.client(), commitment.verifying_key);
    if (!read && read.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kRejected, "the version's key address holds no key");
    MINTMARK_TRY(const Bytes bytes, read);
    if (keccak256(bytes) != commitment.vk_hash)
        return fail(ErrorCode::kRejected, "the key on the chain has not the registered hash");
    RegisteredKey out{.vk = {}, .commitment = commitment};
    MINTMARK_TRY(out.vk, decode_verifying_key(bytes));
    return out;
}

}  // namespace

void add_key_flags(CLI::App& sub, KeyFlags& flags) {
    sub.add_option("--vk-path", flags.file, "verifying key of the model [vk.key]");
    sub.add_option("--model", flags.model, "instead: id of a registered model, on the chain");
    sub.add_option("--version-id", flags.version, "its version [the canonical one]");
}

Result<RegisteredKey> registered_key(const App& app, const KeyFlags& flags) {
    if (flags.model == 0) {
        const std::string path = flags.file.empty() ? ZkFlags().vk : flags.file;
        MINTMARK_TRY(VerifyingKey vk, worker::read_verifying_key(path));
        return RegisteredKey{.vk = std::move(vk), .commitment = {}};
    }
    if (!flags.file.empty())
        return fail(ErrorCode::kInvalidArgument, "either --vk-path or --model, not both");
    return key_on_chain(app, flags);
}

Result<worker::CompiledModel> model_of(const ZkFlags& flags, const std::string& onnx) {
    if (onnx.empty()) return worker::CompiledModel::read(flags.compiled);
    MINTMARK_TRY(const worker::Settings settings, worker::Settings::read(flags.settings));
    return worker::compile_model(settings, onnx);
}

Result<Bytes32> word_of(const std::string& text) {
    if (text.empty()) return Bytes32{};
    return bytes32_from_hex(text);
}

}  // namespace mintmark::app
