#include "mintmark/index/follower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "mintmark/base/rng.hpp"
#include "mintmark/net/http_client.hpp"
#include "mintmark/net/interrupt.hpp"

namespace mintmark::index {
namespace {

constexpr int kFirstDelayMs = 250;

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

bool says(const Error& error, std::initializer_list<std::string_view> parts) {
    std::string text = error.message;
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::ranges::any_of(
        parts, [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

/// Nodes have no common code for "too much at once"; these are the words that they use.
bool is_too_much(const Error& error) {
    if (error.code == ErrorCode::kOutOfRange) return true;
    if (error.code != ErrorCode::kChain && error.code != ErrorCode::kNetwork) return false;
    if (says(error, {"rate limit", "too many requests", "429"})) return false;
    return says(error, {"range", "limit", "too many", "too large", "exceed", "more than", "timeout",
                        "timed out"});
}

/// Every log is of a block that was asked for, and of the chain whose hashes are kept.
Status check_logs(const std::vector<chain::Log>& logs, std::uint64_t from,
                  const std::vector<BlockRef>& blocks) {
    for (const chain::Log& log : logs) {
        if (log.block_number < from || log.block_number > blocks.back().number)
            return fail(ErrorCode::kMalformed, "the node sends logs of other blocks");
        if (log.block_number < blocks.front().number || log.block_hash == Bytes32{}) continue;
        const auto at = static_cast<std::size_t>(log.block_number - blocks.front().number);
        if (log.block_hash != blocks[at].hash)
            return fail(ErrorCode::kMalformed, "the chain moved while it was read");
    }
    return {};
}

BlockRef ref_of(const chain::BlockHeader& header) {
    return {header.number, header.hash, header.timestamp};
}

}  // namespace

Follower::Follower(chain::RpcClient& client, Store& store, const chain::Deployment& deployment,
                   FollowOptions options)
    : client_(client),
      store_(store),
      decoder_(deployment),
      chain_id_(deployment.chain_id),
      options_(options) {
    state_.range = options_.first_range;
}

Result<Step> Follower::step() {
    auto out = advance();
    const bool is_race = !out && out.error().code == ErrorCode::kRejected;
    if (is_race) out = Step::kProgress;
    if (out) {
        state_.failures = 0;
        state_.error.clear();
    } else {
        is_checked_ = false;  // another node may answer at this address
        ++state_.failures;
        state_.error = out.error().message;
    }
    if (out && *out == Step::kCurrent) state_.agreed_ms = now_ms();
    const auto tip = store_.tip();
    if (tip) state_.tip = *tip;
    return out;
}

Result<Step> Follower::advance() {
    if (!is_checked_) MINTMARK_CHECK(client_.expect_chain_id(chain_id_));
    is_checked_ = true;
    MINTMARK_TRY(const chain::BlockHeader head, client_.latest_block());
    state_.head = head.number;
    MINTMARK_TRY(const BlockRef tip, store_.tip());
    state_.tip = tip;
    const bool has_tip = tip.hash != Bytes32{};
    if (has_tip && head.number < tip.number) return node_is_behind(tip);
    behind_ = 0;
    if (has_tip) {
        const bool is_known = head.number == tip.number;
        const bool is_next = head.number == tip.number + 1 && head.parent_hash != Bytes32{};
        Bytes32 hash = is_known ? head.hash : head.parent_hash;
        if (!is_known && !is_next) {
            MINTMARK_TRY(const auto block, client_.block(tip.number));
            if (!block) return node_is_behind(tip);
            hash = block->hash;
        }
        if (hash != tip.hash) return undo(tip);
    }
    if (head.number < options_.confirmations) return Step::kCurrent;
    const std::uint64_t end = head.number - options_.confirmations;
    if (end <= tip.number) return Step::kCurrent;
    const std::uint64_t from = tip.number + 1;
    std::uint64_t to = std::min(end, tip.number + state_.range);
    MINTMARK_TRY(const auto logs, read_logs(from, to));
    // Far from the end, a block's hash says nothing that the logs do not.
    const std::uint64_t window = head.number > options_.keep ? head.number - options_.keep : 0;
    Batch batch;
    batch.keep = options_.keep;
    const std::uint64_t first = std::min(to, std::max(from, window));
    MINTMARK_TRY(batch.blocks, read_blocks(first, to, first == from ? tip.hash : Bytes32{}));
    MINTMARK_CHECK(check_logs(logs, from, batch.blocks));
    const TimeOf time_of = [&](std::uint64_t number) -> Result<std::uint64_t> {
        MINTMARK_TRY(const auto block, client_.block(number));
        if (!block) return fail(ErrorCode::kMalformed, "the node lacks a block with logs");
        return block->timestamp;
    };
    MINTMARK_TRY(batch.events, decoder_.decode(logs, time_of));
    MINTMARK_CHECK(store_.apply(tip, batch));
    state_.range = std::min(options_.max_range, state_.range + state_.range / 2 + 1);
    return to == head.number - options_.confirmations ? Step::kCurrent : Step::kProgress;
}

Result<std::vector<chain::Log>> Follower::read_logs(std::uint64_t from, std::uint64_t& to) {
    while (true) {
        chain::LogFilter filter;
        filter.addresses = decoder_.addresses();
        filter.from_block = from;
        filter.to_block = to;
        auto logs = client_.logs(filter);
        if (logs || from == to || !is_too_much(logs.error())) return logs;
        state_.range = std::max<std::uint64_t>(1, (to - from + 1) / 2);
        to = from + state_.range - 1;
        MINTMARK_CHECK(net::check_interrupted());
    }
}

Result<std::vector<BlockRef>> Follower::read_blocks(std::uint64_t from, std::uint64_t to,
                                                    Bytes32 parent) {
    std::vector<BlockRef> out;
    for (std::uint64_t number = from; number <= to; ++number) {
        MINTMARK_TRY(const auto block, client_.block(number));
        if (!block || block->number != number)
            return fail(ErrorCode::kMalformed, "the node lacks a block below its head");
        if (parent != Bytes32{} && block->parent_hash != Bytes32{} && block->parent_hash != parent)
            return fail(ErrorCode::kMalformed, "the chain moved while it was read");
        parent = block->hash;
        out.push_back(ref_of(*block));
    }
    return out;
}

Result<Step> Follower::undo(const BlockRef& tip) {
    MINTMARK_TRY(const auto kept, store_.kept_blocks());
    for (const BlockRef& block : kept) {
        MINTMARK_TRY(const auto now, client_.block(block.number));
        if (!now || now->hash != block.hash) continue;
        if (block == tip) return Step::kProgress;  // it moved back again
        MINTMARK_CHECK(store_.roll_back(tip, block));
        ++state_.reorgs;
        state_.deepest = std::max(state_.deepest, tip.number - block.number);
        return Step::kProgress;
    }
    MINTMARK_CHECK(store_.clear());
    ++state_.reorgs;
    ++state_.rebuilds;
    return Step::kProgress;
}

Result<Step> Follower::node_is_behind(const BlockRef& tip) {
    if (++behind_ < options_.patience) return Step::kBehind;
    behind_ = 0;
    return undo(tip);
}

Status Follower::catch_up(unsigned attempts) {
    while (true) {
        const auto out = step();
        MINTMARK_CHECK(net::check_interrupted());
        if (out && *out == Step::kCurrent) return {};
        if (!out && state_.failures >= attempts) return std::unexpected(out.error());
        if (!out || *out == Step::kBehind) net::interruptible_sleep(delay_ms(out));
    }
}

int Follower::delay_ms(const Result<Step>& last) const {
    if (last && *last == Step::kProgress) return 0;
    if (last) return options_.poll_ms;
    const unsigned doublings = std::min(state_.failures, 16U) - 1;
    const int most = static_cast<int>(
        std::min<std::int64_t>(options_.max_delay_ms, std::int64_t{kFirstDelayMs} << doublings));
    std::array<std::uint8_t, 2> noise = {};
    system_rng().fill(noise);
    // Half of it is chance, so that many gateways do not come back to a node at once.
    return most / 2 + most * (noise[0] * 256 + noise[1]) / 131'072;
}

Result<std::unique_ptr<Service>> Service::start(const std::filesystem::path& path,
                                                chain::Deployment deployment,
                                                const std::string& rpc_url, FollowOptions options) {
    MINTMARK_TRY(Store store, Store::open(path, deployment));
    net::HttpClientOptions http;
    http.max_attempts = 1;  // the follower waits by itself
    http.timeout_ms = 30'000;
    chain::RpcClient client(rpc_url.empty() ? deployment.rpc_url : rpc_url,
                            std::make_shared<net::HttpClient>(std::move(http)));
    return std::unique_ptr<Service>(
        new Service(std::move(client), std::move(store), deployment, options));
}

Service::Service(chain::RpcClient client, Store store, const chain::Deployment& deployment,
                 FollowOptions options)
    : client_(std::move(client)),
      store_(std::move(store)),
      follower_(client_, store_, deployment, options) {
    thread_ = std::thread([this] { run(); });
}

Service::~Service() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Service::run() {
    while (true) {
        const auto last = follower_.step();
        std::unique_lock lock(mutex_);
        state_ = follower_.state();
        wake_.wait_for(lock, std::chrono::milliseconds(follower_.delay_ms(last)),
                       [this] { return is_ending_; });
        if (is_ending_) return;
    }
}

FollowState Service::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::optional<BlockRef> Service::fresh_tip(std::int64_t max_age_ms) const {
    const std::lock_guard lock(mutex_);
    if (state_.agreed_ms == 0 || now_ms() - state_.agreed_ms > max_age_ms) return std::nullopt;
    return state_.tip;
}

}  // namespace mintmark::index
