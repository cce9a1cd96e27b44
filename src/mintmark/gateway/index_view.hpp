// The chain's state from the gateway's own index, as far as it is to be believed (docs/adr/0155):
// only while node and index agree, and each entity only after the contracts have said the same.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "mintmark/gateway/config.hpp"
#include "mintmark/index/follower.hpp"
#include "mintmark/index/store.hpp"

namespace mintmark::gateway {

struct IndexState {
    index::FollowState follow = {};
    bool is_trusted = true;  ///< no difference to the contracts was found
    bool is_fresh = false;   ///< node and index agreed in time
};

/// read() and store(): one thread. state(): any.
class IndexView {
  public:
    /// Starts to follow. A node that is down does not hinder it. kIo.
    [[nodiscard]] static Result<std::unique_ptr<IndexView>> open(
        const IndexConfig& config, const chain::Deployment& deployment, const std::string& rpc_url,
        std::int64_t fresh_ms);

    template <class T>
    struct Question {
        std::string name = {};  ///< of what is asked; believed or not as one
        std::function<Result<T>(index::Store&, const index::BlockRef& tip)> of_index = {};
        std::function<Result<T>()> of_contracts = {};
        std::function<bool(const T&, const T&)> is_same = {};
    };
    /// The index's answer where it may be believed, else the contracts'. `client`: of the
    /// contracts' chain.
    template <class T>
    [[nodiscard]] Result<T> read(chain::RpcClient& client, const Question<T>& question);
    [[nodiscard]] index::Store& store() noexcept { return store_; }
    [[nodiscard]] IndexState state() const;

  private:
    IndexView(index::Store store, std::unique_ptr<index::Service> service, std::int64_t fresh_ms)
        : store_(std::move(store)), service_(std::move(service)), fresh_ms_(fresh_ms) {}
    [[nodiscard]] bool is_believed(const std::string& name) const;
    void believe(const std::string& name);
    void distrust(const std::string& name, const std::string& why);
    /// Both answers, when they are of the same block.
    template <class T>
    [[nodiscard]] std::pair<Result<T>, bool> compare(chain::RpcClient& client,
                                                     const Question<T>& question);
    [[nodiscard]] static Bytes32 head_of(chain::RpcClient& client);

    index::Store store_;
    std::unique_ptr<index::Service> service_;
    std::int64_t fresh_ms_;
    std::map<std::string, std::int64_t> believed_;  ///< until when, steady clock
    std::atomic<bool> is_trusted_ = true;
};

template <class T>
std::pair<Result<T>, bool> IndexView::compare(chain::RpcClient& client,
                                              const Question<T>& question) {
    const Bytes32 before = head_of(client);
    const auto tip = store_.tip();
    Result<T> index = fail(ErrorCode::kIo, "the index cannot be read");
    if (tip) index = question.of_index(store_, *tip);
    Result<T> contracts = question.of_contracts();
    const bool is_one_block =
        tip && tip->hash != Bytes32{} && before == tip->hash && head_of(client) == before;
    const bool is_comparable =
        is_one_block && contracts && (index || index.error().code == ErrorCode::kNotFound);
    const bool differs = is_comparable && !(index && question.is_same(*index, *contracts));
    if (is_comparable && !differs) believe(question.name);
    return {std::move(contracts), differs};
}

template <class T>
Result<T> IndexView::read(chain::RpcClient& client, const Question<T>& question) {
    constexpr int kLooks = 3;  // a block between two reads of one look is no difference
    const auto tip = is_trusted_ ? service_->fresh_tip(fresh_ms_) : std::nullopt;
    if (!tip) return question.of_contracts();
    if (is_believed(question.name)) {
        auto answer = question.of_index(store_, *tip);
        // Somebody may have begun to build the file anew.
        const auto now = store_.tip();
        const bool is_whole = now && now->hash != Bytes32{} && now->number >= tip->number;
        return answer && is_whole ? std::move(answer) : question.of_contracts();
    }
    for (int look = 1;; ++look) {
        auto [answer, differs] = compare(client, question);
        if (!differs) return answer;
        if (look < kLooks) continue;
        distrust(question.name, "the contracts say something else");
        return answer;
    }
}

}  // namespace mintmark::gateway
