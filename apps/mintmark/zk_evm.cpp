// create-evm-verifier, encode-evm-calldata, deploy-evm, verify-evm.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/data_parts.hpp"
#include "mintmark/chain/keystore.hpp"
#include "mintmark/chain/rpc.hpp"
#include "mintmark/evm/standalone.hpp"
#include "process.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {
namespace {

namespace fs = std::filesystem;

struct EvmFlags {
    std::string sol = "evm_deploy.sol";
    std::string abi = "verifier_abi.json";
    std::string address_file = "contract.address";
    std::string address;
    std::string calldata = "calldata.bytes";
    std::string private_key;
    std::string key_to_deploy;  ///< vk.key: deploy only the key, for the universal verifier
    std::string key_address;    ///< of a deployed key: `address` is then the universal verifier
    std::vector<std::string> proofs;  ///< to check: several in one call
};

constexpr const char* kAbi =
    R"([{"type":"function","name":"verifyProof","stateMutability":"view","inputs":[)"
    R"({"name":"proof","type":"bytes"},{"name":"instances","type":"uint256[]"}],)"
    R"("outputs":[{"name":"","type":"bool"}]}])";

Status create_verifier(const App& app, const ZkFlags& flags, const EvmFlags& evm) {
    MINTMARK_TRY(const VerifyingKey vk, worker::read_verifying_key(flags.vk));
    MINTMARK_TRY(const Srs srs, worker::load_verifier_srs(flags.srs, vk.srs_digest));
    MINTMARK_TRY(const fs::path contracts, contracts_folder());
    MINTMARK_TRY(const std::string source, evm::standalone_verifier(contracts / "src", vk, srs));
    MINTMARK_CHECK(write_text(evm.sol, source));
    MINTMARK_CHECK(write_text(evm.abi, kAbi));
    emit(app, {{"sol_code_path", evm.sol}, {"abi_path", evm.abi}},
         fmt::format("wrote {} ({}) and {}", evm.sol, human_bytes(source.size()), evm.abi));
    return {};
}

std::vector<chain::AbiValue> words_of(const worker::ProofFile& proof) {
    std::vector<chain::AbiValue> words;
    for (const Bytes32& word : proof.instances) {
        words.emplace_back(chain::U256::from_bytes(word));
    }
    return words;
}

Result<Bytes> calldata_of(const worker::ProofFile& proof, const std::string& key_address = {}) {
    const std::vector<chain::AbiValue> words = words_of(proof);
    if (!key_address.empty()) {
        MINTMARK_TRY(const Address key, chain::parse_address(key_address));
        return chain::encode_call("verify(address,bytes32,uint256[],bytes)",
                                  {chain::AbiValue(key), chain::AbiValue(proof.context),
                                   chain::AbiValue(words), chain::AbiValue(proof.proof)});
    }
    if (proof.context == Bytes32{}) {
        return chain::encode_call("verifyProof(bytes,uint256[])",
                                  {chain::AbiValue(proof.proof), chain::AbiValue(words)});
    }
    return chain::encode_call(
        "verifyProofFor(bytes32,bytes,uint256[])",
        {chain::AbiValue(proof.context), chain::AbiValue(proof.proof), chain::AbiValue(words)});
}

Status encode_calldata(const App& app, const ZkFlags& flags, const EvmFlags& evm) {
    MINTMARK_TRY(const worker::ProofFile proof, worker::ProofFile::read(flags.proof));
    MINTMARK_TRY(const Bytes data, calldata_of(proof));
    MINTMARK_CHECK(write_file(evm.calldata, data));
    emit(app, {{"calldata_path", evm.calldata}, {"bytes", data.size()}},
         fmt::format("wrote {} ({})", evm.calldata, human_bytes(data.size())));
    return {};
}

/// Compiles a Solidity file with the project's pinned solc; returns its contracts.
Result<json::Json> compile_solidity(const fs::path& file) {
    MINTMARK_TRY(const fs::path contracts, contracts_folder());
    MINTMARK_TRY(const std::string source, read_text(file));
    MINTMARK_TRY(const std::string output,
                 run_process({"node", (contracts / "tools" / "solc").string(), "--standard-json"},
                             evm::compiler_input(source)));
    MINTMARK_TRY(const json::Json result, json::parse(output));
    if (const json::Json* errors = json::find(result, "errors"); errors != nullptr) {
        for (const json::Json& entry : *errors) {
            const json::Json* severity = json::find(entry, "severity");
            if (severity == nullptr || *severity != "error") continue;
            return fail(ErrorCode::kMalformed, fmt::format("{} does not compile", file.string()),
                        json::get_string(entry, "formattedMessage").value_or(""));
        }
    }
    const json::Json* all = json::find(result, "contracts");
    const json::Json* made = all == nullptr ? nullptr : json::find(*all, "verifier.sol");
    if (made == nullptr) {
        return fail(ErrorCode::kMalformed, fmt::format("{} has no contracts", file.string()));
    }
    return *made;
}

/// Creation code of one of them; kNotFound if there is none of that name.
Result<Bytes> creation_code_of(const json::Json& contracts, const std::string& name) {
    const json::Json* at = json::find(contracts, name);
    for (const char* key : {"evm", "bytecode", "object"}) {
        if (at != nullptr) at = json::find(*at, key);
    }
    if (at == nullptr) {
        return fail(ErrorCode::kNotFound, fmt::format("the file has no contract {}", name),
                    "write one with: mintmark zk create-evm-verifier");
    }
    return from_hex(at->get<std::string>());
}

Result<std::string> node_url(const App& app) {
    if (!app.rpc_url.empty()) return app.rpc_url;
    return fail(ErrorCode::kInvalidArgument, "say which chain: --rpc-url URL");
}

/// The key from --private-key (with a warning), else the wallet chosen by --wallet.
Result<chain::PrivateKey> signing_key(const App& app, const EvmFlags& evm) {
    if (!evm.private_key.empty()) {
        notice(app,
               "a key on the command line is visible to other users of this machine; "
               "better: mintmark wallet import, then --wallet");
        MINTMARK_TRY(const Bytes secret, from_hex(evm.private_key));
        return chain::PrivateKey::from_bytes(secret);
    }
    if (app.wallet.empty()) {
        return fail(ErrorCode::kInvalidArgument, "say who pays: --wallet NAME");
    }
    MINTMARK_TRY(const std::string password, read_password(app, "password of " + app.wallet));
    return chain::Keystore(app.home / "keystore").unlock(app.wallet, password);
}

/// Creates a contract; its address.
Result<Address> create(chain::Sender& sender, const Bytes& code, std::uint64_t& gas_used) {
    MINTMARK_TRY(const chain::Receipt receipt, sender.send({.to = {}, .data = code}));
    if (!receipt.contract_address) {
        return fail(ErrorCode::kChain, "the deployment made no contract");
    }
    gas_used += receipt.gas_used;
    return *receipt.contract_address;
}

/// The verifier in a file of create-evm-verifier, with its arguments: parts of a long key are put
/// on the chain before.
Result<Bytes> verifier_code(const App& app, const EvmFlags& evm, chain::Sender& sender,
                            std::uint64_t& gas_used) {
    notice(app, "compiling (about half a minute)");
    MINTMARK_TRY(const json::Json contracts, compile_solidity(evm.sol));
    MINTMARK_TRY(Bytes code, creation_code_of(contracts, evm::kStandaloneContract));
    std::vector<chain::AbiValue> parts;
    while (json::find(contracts, evm::key_contract(parts.size())) != nullptr) {
        MINTMARK_TRY(const Bytes part,
                     creation_code_of(contracts, evm::key_contract(parts.size())));
        MINTMARK_TRY(const Address address, create(sender, part, gas_used));
        parts.emplace_back(address);
    }
    if (!parts.empty()) {
        const std::vector<chain::AbiValue> values{chain::AbiValue(parts)};
        MINTMARK_TRY(const Bytes arguments, chain::encode_values("(address[])", values));
        append(code, arguments);
    }
    return code;
}

/// What the last transaction creates; the parts of a long key are put on the chain before.
Result<Bytes> creation_code(const App& app, const EvmFlags& evm, chain::Sender& sender,
                            std::uint64_t& gas_used) {
    if (evm.key_to_deploy.empty()) return verifier_code(app, evm, sender, gas_used);
    MINTMARK_TRY(const VerifyingKey vk, worker::read_verifying_key(evm.key_to_deploy));
    MINTMARK_TRY(const chain::DataPlan plan, chain::plan_data(encode(vk)));
    MINTMARK_TRY(const auto receipts, chain::place_parts(sender, plan));
    for (const chain::Receipt& receipt : receipts) gas_used += receipt.gas_used;
    return chain::data_creation_code(plan.head);
}

Status deploy(const App& app, const EvmFlags& evm) {
    MINTMARK_TRY(const std::string url, node_url(app));
    MINTMARK_TRY(const chain::PrivateKey key, signing_key(app, evm));
    chain::RpcClient client(url);
    MINTMARK_TRY(const std::uint64_t chain_id, client.chain_id());
    chain::Sender sender(client, key, chain_id);
    std::uint64_t gas_used = 0;
    MINTMARK_TRY(const Bytes code, creation_code(app, evm, sender, gas_used));
    MINTMARK_TRY(const Address made, create(sender, code, gas_used));
    const std::string address = chain::to_checksum(made);
    MINTMARK_CHECK(write_text(evm.address_file, address + "\n"));
    emit(app, {{"address", address}, {"gas_used", gas_used}},
         fmt::format("deployed at {} for {} gas (in {})", address, grouped(gas_used),
                     evm.address_file));
    return {};
}

/// verifyBatch of the universal verifier.
Result<Bytes> batch_calldata(const std::vector<std::string>& paths,
                             const std::string& key_address) {
    if (key_address.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "several proofs go to the universal verifier: say --addr-vk too");
    }
    MINTMARK_TRY(const Address key, chain::parse_address(key_address));
    std::vector<chain::AbiValue> contexts, instances, proofs;
    for (const std::string& path : paths) {
        MINTMARK_TRY(const worker::ProofFile proof, worker::ProofFile::read(path));
        contexts.emplace_back(proof.context);
        instances.emplace_back(words_of(proof));
        proofs.emplace_back(proof.proof);
    }
    return chain::encode_call("verifyBatch(address,bytes32[],uint256[][],bytes[])",
                              {chain::AbiValue(key), chain::AbiValue(contexts),
                               chain::AbiValue(instances), chain::AbiValue(proofs)});
}

Result<Bytes> check_calldata(const ZkFlags& flags, const EvmFlags& evm) {
    if (evm.proofs.size() > 1) return batch_calldata(evm.proofs, evm.key_address);
    const std::string path = evm.proofs.empty() ? flags.proof : evm.proofs[0];
    MINTMARK_TRY(const worker::ProofFile proof, worker::ProofFile::read(path));
    return calldata_of(proof, evm.key_address);
}

Status verify_evm(const App& app, const ZkFlags& flags, const EvmFlags& evm) {
    MINTMARK_TRY(const std::string url, node_url(app));
    std::string text = evm.address;
    if (text.empty()) {
        MINTMARK_TRY(text, read_text(evm.address_file));
        text = text.substr(0, text.find_first_of(" \r\n"));
    }
    MINTMARK_TRY(const Address address, chain::parse_address(text));
    MINTMARK_TRY(const Bytes data, check_calldata(flags, evm));
    chain::RpcClient client(url);
    const chain::CallRequest call{.from = {}, .to = address, .data = data, .value = {}};
    MINTMARK_TRY(const Bytes answer, client.call(call));
    MINTMARK_TRY(const auto values, chain::decode_values("(bool)", answer));
    MINTMARK_TRY(const bool is_valid, values.at(0).as_bool());
    const std::size_t count = std::max<std::size_t>(evm.proofs.size(), 1);
    if (!is_valid)
        return fail(ErrorCode::kRejected, count == 1 ? "the contract rejected the proof"
                                                     : "the contract rejected one of the proofs");
    MINTMARK_TRY(const std::uint64_t gas, client.estimate_gas(call));
    json::Json answer_json = {{"verified", true}, {"gas", gas}};
    if (count > 1) answer_json["gas_each"] = gas / count;
    emit(app, answer_json,
         count == 1 ? fmt::format("verified on-chain, {} gas", grouped(gas))
                    : fmt::format("{} proofs verified on-chain, {} gas, {} each", count,
                                  grouped(gas), grouped(gas / count)));
    return {};
}

}  // namespace

void add_zk_evm_commands(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<ZkFlags>();
    const auto evm = std::make_shared<EvmFlags>();
    CLI::App* sub = command(zk, app, "create-evm-verifier", "write a verifier for one model",
                            [&app, flags, evm] { return create_verifier(app, *flags, *evm); });
    sub->add_option("--vk-path", flags->vk, "verifying key");
    sub->add_option("--srs-path", flags->srs, "SRS file");
    sub->add_option("-S,--settings-path", flags->settings, "accepted for ezkl's sake, not needed");
    sub->add_option("--sol-code-path", evm->sol, "Solidity file to write");
    sub->add_option("--abi-path", evm->abi, "ABI file to write");

    sub = command(zk, app, "encode-evm-calldata", "write the call that checks a proof",
                  [&app, flags, evm] { return encode_calldata(app, *flags, *evm); });
    sub->add_option("--proof-path", flags->proof, "proof");
    sub->add_option("--calldata-path", evm->calldata, "where to write");

    sub = command(zk, app, "deploy-evm", "compile and deploy a verifier",
                  [&app, evm] { return deploy(app, *evm); });
    sub->add_option("--sol-code-path", evm->sol, "Solidity file");
    sub->add_option("--vk-path", evm->key_to_deploy,
                    "deploy only this key, as data for the universal verifier");
    sub->add_option("--addr-path", evm->address_file, "where the address is written");
    sub->add_option("--private-key", evm->private_key, "prefer --wallet");

    sub = command(zk, app, "verify-evm", "check a proof with a deployed verifier",
                  [&app, flags, evm] { return verify_evm(app, *flags, *evm); });
    sub->add_option("--proof-path", evm->proofs,
                    "proof; several of one model are checked together");
    sub->add_option("--addr-verifier", evm->address, "contract's address [from contract.address]");
    sub->add_option("--addr-vk", evm->key_address,
                    "address of a deployed key: --addr-verifier is then the universal verifier");
}

}  // namespace mintmark::app
