#include "mintmark/service/publish.hpp"

#include <fmt/format.h>

#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/data_parts.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/service/adapter_version.hpp"

namespace mintmark::service {
namespace {

constexpr std::uint64_t kTypicalPublishGas = 385'000;
constexpr std::uint64_t kTypicalPriceGas = 90'000;
constexpr std::uint64_t kTypicalTermsGas = 40'000;
constexpr std::uint64_t kTypicalStatusGas = 45'000;

/// The transactions in their order; each looks first whether its effect is on the chain already.
class Publication {
  public:
    Publication(market::Market& market, const chain::PrivateKey& key, const ModelFolder& folder,
                const PublishOptions& options, PublishState& state, const PublishProgress& progress)
        : market_(market),
          key_(key),
          folder_(folder),
          options_(options),
          state_(state),
          progress_(progress) {}

    Status run() {
        MINTMARK_TRY(const market::ProofSystem system,
                     market::find_proof_system(state_.commitment.proof_system));
        MINTMARK_TRY(state_.commitment.verifier, market_.deployment().contract(system.contract));
        if (options_.adapter_key) {
            MINTMARK_CHECK(use_adapter_key(market_, folder_, *options_.adapter_key, state_));
            MINTMARK_CHECK(save());
        } else {
            MINTMARK_CHECK(deploy_key());
        }
        MINTMARK_CHECK(register_model());
        MINTMARK_CHECK(commit());
        MINTMARK_CHECK(reveal());
        MINTMARK_CHECK(set_price());
        MINTMARK_CHECK(set_terms());
        return activate();
    }

    Status deploy_key() {
        if (state_.is_key_deployed) return {};
        MINTMARK_TRY(const Bytes vk, read_file(folder_.verifying_key()));
        MINTMARK_TRY(const bool is_there, adopt_key());
        if (!is_there) {
            chain::Sender sender = market_.sender(key_);
            MINTMARK_TRY(const chain::DataPlan data, chain::plan_data(vk));
            MINTMARK_TRY(const auto receipts, chain::place_parts(sender, data));
            for (const chain::Receipt& receipt : receipts)
                report("deploy a part of the verifying key", receipt);
            MINTMARK_TRY(const std::uint64_t nonce, market_.client().nonce(key_.address()));
            state_.expected_key = chain::contract_address(key_.address(), nonce);
            MINTMARK_CHECK(save());
            MINTMARK_TRY(const chain::Deployed made, chain::deploy_data(sender, data.head));
            state_.expected_key = made.address;
            report("deploy the verifying key as contract code", made.receipt);
        }
        state_.commitment.verifying_key = *state_.expected_key;
        state_.is_key_deployed = true;
        return save();
    }

  private:
    Status save() { return folder_.write(state_); }

    void report(const std::string& what, const chain::Receipt& receipt) {
        progress_({what, receipt.gas_used, false, receipt});
    }

    Result<chain::Receipt> send(const std::string& what, const market::ContractCall& call) {
        MINTMARK_TRY(chain::Receipt receipt, market_.send(key_, call));
        report(what, receipt);
        return receipt;
    }

    market::VersionRef ref() const {
        return {state_.model_id.value_or(0), state_.version_id.value_or(0)};
    }

    /// Is the key's code at the address where an interrupted run was about to put it?
    Result<bool> adopt_key() {
        if (!state_.expected_key) return false;
        const auto key = chain::read_data(market_.client(), *state_.expected_key);
        if (!key && key.error().code != ErrorCode::kNotFound) return std::unexpected(key.error());
        return key && keccak256(*key) == state_.commitment.vk_hash;
    }

    /// A model line of ours with this name and no version: of an interrupted run.
    Result<std::optional<std::uint64_t>> adopt_model() {
        MINTMARK_TRY(const auto models, market::list_models(market_, key_.address()));
        for (const market::ModelInfo& model : models) {
            if (model.name == state_.name && model.versions == 0) return model.id;
        }
        return std::nullopt;
    }

    Status register_model() {
        if (options_.model_id) state_.model_id = options_.model_id;
        if (state_.model_id) return save();
        MINTMARK_TRY(state_.model_id, adopt_model());
        if (!state_.model_id) {
            const Address payout = options_.payout.value_or(key_.address());
            const std::string card =
                "ipfs://" + (state_.card_cid.empty() ? state_.cid : state_.card_cid);
            MINTMARK_TRY(
                const chain::Receipt receipt,
                send("register the model", market::register_call(state_.name, card, payout)));
            MINTMARK_TRY(state_.model_id, market::registered_model(market_, receipt));
        }
        return save();
    }

    Status commit() {
        if (state_.version_id || state_.committed_at) return {};
        MINTMARK_TRY(state_.version_id,
                     market::find_version(market_, *state_.model_id, state_.commitment));
        if (state_.version_id) return save();
        Bytes32 salt = {};
        system_rng().fill(salt);
        state_.salt = salt;
        MINTMARK_CHECK(save());
        MINTMARK_TRY(const Bytes32 claim,
                     market::claim_commitment(market_, key_.address(), state_.commitment, salt));
        MINTMARK_CHECK(send("commit to the version", market::commit_call(claim)));
        MINTMARK_TRY(const chain::BlockHeader block, market_.client().latest_block());
        state_.committed_at = block.timestamp;
        return save();
    }

    /// A commitment that is nearly a day old could lapse before it is used: commit again.
    Status renew_old_commitment() {
        constexpr std::uint64_t kStillGood = 86'400 - 600;
        MINTMARK_TRY(const std::uint64_t now, market_.now());
        if (now < *state_.committed_at + kStillGood) return {};
        state_.committed_at.reset();
        return commit();
    }

    /// publishVersion is refused before the commitment is old enough. The chain's clock moves with
    /// its blocks and may differ from ours, so the contract is asked, once a moment.
    Status wait_for_age(const market::ContractCall& call) {
        constexpr int kPollMs = 250;
        constexpr int kExtraMs = 120'000;
        MINTMARK_TRY(const chain::U256 age,
                     market_.read_number({"ModelRegistry", "minCommitAge()"}));
        const std::uint64_t most_ms = 1'000 * age.to_u64().value_or(0) + kExtraMs;
        for (std::uint64_t waited_ms = 0;; waited_ms += kPollMs) {
            const auto gas = market_.estimate(key_.address(), call);
            if (gas) return {};
            const bool is_young = gas.error().message.contains("CommitmentTooYoung");
            if (!is_young || waited_ms > most_ms) return std::unexpected(gas.error());
            net::interruptible_sleep(kPollMs);
            MINTMARK_CHECK(net::check_interrupted());
        }
    }

    Status reveal() {
        if (state_.version_id) return {};
        MINTMARK_TRY(state_.version_id,
                     market::find_version(market_, *state_.model_id, state_.commitment));
        if (!state_.version_id) {
            MINTMARK_CHECK(renew_old_commitment());
            const market::ContractCall call =
                market::publish_call(*state_.model_id, state_.commitment, *state_.salt);
            MINTMARK_CHECK(wait_for_age(call));
            MINTMARK_TRY(const chain::Receipt receipt, send("publish the version", call));
            MINTMARK_TRY(state_.version_id, market::published_version(market_, receipt));
        }
        return save();
    }

    Status set_price() {
        if (state_.is_priced) return {};
        MINTMARK_TRY(const auto old, market::get_price(market_, ref()));
        if (!old || old->per_call != options_.price.per_call ||
            old->per_day != options_.price.per_day) {
            MINTMARK_CHECK(send("set the price", market::price_call(ref(), options_.price)));
        }
        state_.is_priced = true;
        return save();
    }

    Status set_terms() {
        if (state_.is_termed) return {};
        MINTMARK_CHECK(send(
            "set the terms of passes",
            market::terms_call(*state_.model_id, options_.is_transferable, options_.resale_ppm)));
        state_.is_termed = true;
        return save();
    }

    Status activate() {
        if (state_.is_active) return {};
        MINTMARK_TRY(const market::VersionInfo info, market::get_version(market_, ref()));
        if (info.status == market::VersionStatus::kDraft) {
            MINTMARK_CHECK(send("put the version on sale",
                                market::status_call(ref(), market::VersionStatus::kActive, "")));
        }
        state_.is_active = true;
        return save();
    }

    market::Market& market_;
    const chain::PrivateKey& key_;
    const ModelFolder& folder_;
    const PublishOptions& options_;
    PublishState& state_;
    const PublishProgress& progress_;
};

}  // namespace

Result<std::vector<PublishStep>> plan(market::Market& market, const ModelFolder& folder,
                                      const PublishOptions& options, const PublishState& state,
                                      const Address& from) {
    std::vector<PublishStep> out;
    if (!state.is_key_deployed && !options.adapter_key) {
        MINTMARK_TRY(const Bytes vk, read_file(folder.verifying_key()));
        MINTMARK_TRY(const chain::DataPlan data, chain::plan_data(vk));
        for (const Bytes& part : data.creation_code) {
            MINTMARK_TRY(const std::uint64_t gas,
                         market.client().estimate_gas({from, std::nullopt, part, {}}));
            out.push_back({"deploy a part of the verifying key", gas});
        }
        MINTMARK_TRY(const Bytes code, chain::data_creation_code(data.head));
        MINTMARK_TRY(const std::uint64_t gas,
                     market.client().estimate_gas({from, std::nullopt, code, {}}));
        out.push_back({"deploy the verifying key as contract code", gas});
    }
    if (!state.model_id && !options.model_id) {
        const Address payout = options.payout.value_or(from);
        const std::string card = "ipfs://" + (state.card_cid.empty() ? state.cid : state.card_cid);
        MINTMARK_TRY(const std::uint64_t gas,
                     market.estimate(from, market::register_call(state.name, card, payout)));
        out.push_back({"register the model", gas});
    }
    if (!state.version_id) {
        if (!state.committed_at) {
            MINTMARK_TRY(const std::uint64_t gas,
                         market.estimate(from, market::commit_call(keccak256({}))));
            out.push_back({"commit to the version", gas});
        }
        out.push_back({"publish the version", kTypicalPublishGas});
    }
    if (!state.is_priced) out.push_back({"set the price", kTypicalPriceGas});
    if (!state.is_termed) out.push_back({"set the terms of passes", kTypicalTermsGas});
    if (!state.is_active) out.push_back({"put the version on sale", kTypicalStatusGas});
    return out;
}

Status deploy_circuit_key(market::Market& market, const chain::PrivateKey& key,
                          const ModelFolder& folder, PublishState& state,
                          const PublishProgress& progress) {
    const PublishOptions none;
    return Publication(market, key, folder, none, state, progress).deploy_key();
}

Status publish(market::Market& market, const chain::PrivateKey& key, const ModelFolder& folder,
               const PublishOptions& options, PublishState& state,
               const PublishProgress& progress) {
    return Publication(market, key, folder, options, state, progress).run();
}

}  // namespace mintmark::service
