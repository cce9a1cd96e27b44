// A connection to Redis: commands and cached scripts (hiredis, RESP2).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"

struct redisContext;

namespace mintmark::queue {

/// An answer of Redis; integers, status lines and strings are all kept as text too.
struct RedisReply {
    enum class Kind : std::uint8_t { kNil, kInteger, kText, kList } kind = Kind::kNil;
    std::int64_t number = 0;
    std::string text = {};
    std::vector<RedisReply> items = {};
    [[nodiscard]] bool is_nil() const noexcept { return kind == Kind::kNil; }
};

struct RedisAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    int database = 0;
    /// "redis://host[:port][/db]"; kInvalidArgument.
    [[nodiscard]] static Result<RedisAddress> parse(std::string_view url);
};

/// Connects at the first command, and again after an error. Errors: kNetwork (it is not known
/// whether the command was carried out), kInternal (Redis refused it).
class RedisClient {
  public:
    explicit RedisClient(RedisAddress address, int timeout_ms = 5'000);
    [[nodiscard]] Result<RedisReply> command(const std::vector<std::string>& words);
    /// Runs a Lua script, by its hash once Redis knows it.
    [[nodiscard]] Result<RedisReply> script(std::string_view source,
                                            const std::vector<std::string>& keys,
                                            const std::vector<std::string>& arguments);

  private:
    struct Close {
        void operator()(redisContext* context) const noexcept;
    };
    [[nodiscard]] Status connect();

    RedisAddress address_;
    int timeout_ms_;
    std::unique_ptr<redisContext, Close> context_ = {};
    std::map<const void*, std::string> hashes_ = {};  ///< by the source's address
};

}  // namespace mintmark::queue
