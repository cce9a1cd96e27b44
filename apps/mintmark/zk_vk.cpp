// vk check, vk seed: for reviewers of a registered key.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/worker/key_check.hpp"
#include "zk_registered.hpp"

namespace mintmark::app {
namespace {

struct CheckFlags {
    ZkFlags zk;
    KeyFlags key;
    std::string onnx;
    std::string seed;          ///< hex; else from the proving key's file
    std::string weights_hash;  ///< hex; else the registered one
    bool has_compiled = false;
};

Result<Bytes32> seed_of(const CheckFlags& flags, const worker::CompiledModel& model) {
    if (!flags.seed.empty()) return bytes32_from_hex(flags.seed);
    if (model.exposure.public_weights) return Bytes32{};
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(flags.zk.pk));
    return key.seed;
}

/// SHA-256 of the ONNX file against the registered one.
Result<worker::KeyPart> check_file(const CheckFlags& flags, const RegisteredKey& key) {
    const std::string name = "weights file";
    if (flags.onnx.empty())
        return worker::KeyPart{name, true, "not compared: give the ONNX file with --onnx"};
    MINTMARK_TRY(const Bytes bytes, read_file(flags.onnx));
    const Bytes32 own = sha256(bytes);
    Bytes32 wanted = own;
    if (!flags.weights_hash.empty()) {
        MINTMARK_TRY(wanted, bytes32_from_hex(flags.weights_hash));
    } else if (key.commitment) {
        wanted = key.commitment->weights_hash;
    } else {
        return worker::KeyPart{name, true, "sha256 " + to_hex(own) + ", nothing to compare with"};
    }
    const bool agrees = own == wanted;
    return worker::KeyPart{name, agrees,
                           agrees ? "sha256 " + to_hex(own) + " is the registered one"
                                  : "sha256 " + to_hex(own) + ", registered " + to_hex(wanted)};
}

/// With an ONNX file and a compiled model: are they one model?
Result<worker::KeyPart> check_compiled(const CheckFlags& flags,
                                       const worker::CompiledModel& from_onnx) {
    MINTMARK_TRY(const worker::CompiledModel file, worker::CompiledModel::read(flags.zk.compiled));
    const bool agrees = file.encode() == from_onnx.encode();
    return worker::KeyPart{"compiled model", agrees,
                           agrees ? "is what the ONNX file and the settings give"
                                  : "is not what the ONNX file and the settings give"};
}

Status check(const App& app, const CheckFlags& flags) {
    MINTMARK_TRY(const RegisteredKey key, registered_key(app, flags.key));
    MINTMARK_TRY(const worker::CompiledModel model, model_of(flags.zk, flags.onnx));
    MINTMARK_TRY(const Bytes32 seed, seed_of(flags, model));
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_TRY(const Srs srs, worker::load_srs(flags.zk.srs, compiled.circuit.mu));
    std::vector<worker::KeyPart> parts;
    if (flags.has_compiled && !flags.onnx.empty()) {
        MINTMARK_TRY(worker::KeyPart part, check_compiled(flags, model));
        parts.push_back(std::move(part));
    }
    MINTMARK_TRY(worker::KeyPart file, check_file(flags, key));
    parts.push_back(std::move(file));
    MINTMARK_TRY(const std::vector<worker::KeyPart> rebuilt,
                 worker::check_key(key.vk, model, seed, srs));
    parts.insert(parts.end(), rebuilt.begin(), rebuilt.end());
    json::Json rows = json::Json::array();
    Table table;
    for (const worker::KeyPart& part : parts) {
        rows.push_back({{"part", part.name}, {"agrees", part.agrees}, {"detail", part.detail}});
        table.row(part.name, (part.agrees ? "ok       " : "DIFFERS  ") + part.detail);
    }
    const auto wrong = std::ranges::find(parts, false, &worker::KeyPart::agrees);
    const bool is_one = wrong == parts.end();
    emit(app, {{"agrees", is_one}, {"parts", rows}},
         table.text() + (is_one ? "\nthe key is the key of these weights" : ""));
    if (is_one) return {};
    return fail(ErrorCode::kRejected,
                fmt::format("the key is not of this model: {}: {}", wrong->name, wrong->detail));
}

Status show_seed(const App& app, const ZkFlags& flags) {
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(flags.pk));
    notice(app, "secret: with the weights it opens the commitments; give it to reviewers only");
    emit(app, {{"seed", to_hex(key.seed)}}, to_hex(key.seed));
    return {};
}

}  // namespace

void add_zk_vk_commands(CLI::App& zk, App& app) {
    CLI::App* group = zk.add_subcommand("vk", "look into verifying keys");
    group->require_subcommand(1);
    group->fallthrough();
    const auto flags = std::make_shared<CheckFlags>();
    CLI::App* sub = command(*group, app, "check", "is this key the key of these weights?",
                            [&app, flags] { return check(app, *flags); });
    add_key_flags(*sub, flags->key);
    sub->add_option_function<std::string>(
        "--compiled-circuit",
        [flags](const std::string& path) {
            flags->zk.compiled = path;
            flags->has_compiled = true;
        },
        "compiled model");
    sub->add_option("-M,--onnx", flags->onnx, "ONNX file, with --settings-path");
    sub->add_option("-S,--settings-path", flags->zk.settings, "settings of the ONNX file");
    sub->add_option("--pk-path", flags->zk.pk, "proving key's file, for the seed");
    sub->add_option("--seed", flags->seed, "blinding seed (hex) instead");
    sub->add_option("--weights-hash", flags->weights_hash,
                    "SHA-256 (hex) of the ONNX file [the registered one]");
    sub->add_option("--srs-path", flags->zk.srs, "SRS file");

    const auto seed = std::make_shared<ZkFlags>();
    sub = command(*group, app, "seed", "print the blinding seed of a proving key",
                  [&app, seed] { return show_seed(app, *seed); });
    sub->add_option("--pk-path", seed->pk, "proving key");
}

}  // namespace mintmark::app
