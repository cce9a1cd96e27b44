#include "mintmark/queue/redis_client.hpp"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <charconv>

namespace mintmark::queue {
namespace {

RedisReply convert(const redisReply& reply) {
    RedisReply out;
    switch (reply.type) {
        case REDIS_REPLY_INTEGER:
            out.kind = RedisReply::Kind::kInteger;
            out.number = reply.integer;
            out.text = std::to_string(reply.integer);
            break;
        case REDIS_REPLY_STATUS:
        case REDIS_REPLY_ERROR:
        case REDIS_REPLY_STRING:
            out.kind = RedisReply::Kind::kText;
            out.text.assign(reply.str, static_cast<std::size_t>(reply.len));
            break;
        case REDIS_REPLY_ARRAY:
            out.kind = RedisReply::Kind::kList;
            for (std::size_t i = 0; i < reply.elements; ++i)
                out.items.push_back(convert(*reply.element[i]));
            break;
        default:
            break;
    }
    return out;
}

template <class T>
bool read_number(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
    RedisAddress address;
    const auto bad = [&] {
        return fail(ErrorCode::kInvalidArgument, "not a Redis address: " + std::string(url),
                    "redis://host:port/db");
    };
    if (!url.starts_with("redis://")) return bad();
    std::string_view rest = url.substr(8);
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        if (slash + 1 < rest.size() && !read_number(rest.substr(slash + 1), address.database))
            return bad();
        rest = rest.substr(0, slash);
    }
    if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
        if (!read_number(rest.substr(colon + 1), address.port)) return bad();
        rest = rest.substr(0, colon);
    }
    if (rest.empty() || rest.find('@') != std::string_view::npos) return bad();
    address.host = std::string(rest);
    return address;
}

RedisClient::RedisClient(RedisAddress address, int timeout_ms)
    : address_(std::move(address)), timeout_ms_(timeout_ms) {}

void RedisClient::Close::operator()(redisContext* context) const noexcept {
    redisFree(context);
}

Status RedisClient::connect() {
    const timeval limit = {.tv_sec = timeout_ms_ / 1000, .tv_usec = timeout_ms_ % 1000 * 1000};
    context_.reset(redisConnectWithTimeout(address_.host.c_str(), address_.port, limit));
    hashes_.clear();
    if (context_ == nullptr || context_->err != 0) {
        const std::string what = context_ == nullptr ? "no memory" : context_->errstr;
        context_.reset();
        return fail(ErrorCode::kNetwork,
                    "cannot reach Redis at " + address_.host + ":" + std::to_string(address_.port) +
                        ": " + what,
                    "is it running?");
    }
    redisSetTimeout(context_.get(), limit);
    if (address_.database == 0) return {};
    auto selected = command({"SELECT", std::to_string(address_.database)});
    if (!selected) return std::unexpected(std::move(selected).error());
    return {};
}

Result<RedisReply> RedisClient::command(const std::vector<std::string>& words) {
    if (context_ == nullptr) MINTMARK_CHECK(connect());
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
        data.push_back(word.data());
        sizes.push_back(word.size());
    }
    void* raw =
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), data.data(), sizes.data());
    if (raw == nullptr) {
        const std::string what = context_->errstr;
        context_.reset();
        return fail(ErrorCode::kNetwork, "lost the connection to Redis: " + what);
    }
    const std::unique_ptr<void, decltype(&freeReplyObject)> owner(raw, freeReplyObject);
    const auto& reply = *static_cast<redisReply*>(raw);
    if (reply.type == REDIS_REPLY_ERROR)
        return fail(ErrorCode::kInternal,
                    "Redis: " + std::string(reply.str, static_cast<std::size_t>(reply.len)));
    return convert(reply);
}

Result<RedisReply> RedisClient::script(std::string_view source,
                                       const std::vector<std::string>& keys,
                                       const std::vector<std::string>& arguments) {
    for (int round = 0;; ++round) {
        if (context_ == nullptr) MINTMARK_CHECK(connect());
        std::string& hash = hashes_[source.data()];
        if (hash.empty()) {
            MINTMARK_TRY(const RedisReply loaded, command({"SCRIPT", "LOAD", std::string(source)}));
            hash = loaded.text;
        }
        std::vector<std::string> words = {"EVALSHA", hash, std::to_string(keys.size())};
        words.insert(words.end(), keys.begin(), keys.end());
        words.insert(words.end(), arguments.begin(), arguments.end());
        auto reply = command(words);
        const bool forgotten =
            !reply && reply.error().message.find("NOSCRIPT") != std::string::npos;
        if (!forgotten || round > 0) return reply;
        hashes_.erase(source.data());
    }
}

}  // namespace mintmark::queue
