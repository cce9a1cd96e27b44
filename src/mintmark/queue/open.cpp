#include "mintmark/queue/bullmq_queue.hpp"
#include "mintmark/queue/queue.hpp"
#include "mintmark/queue/sql_queue.hpp"

namespace mintmark::queue {

Result<std::unique_ptr<Queue>> open_queue(const std::string& location, QueueOptions options) {
    if (location.starts_with("redis://")) {
        MINTMARK_TRY(const RedisAddress address, RedisAddress::parse(location));
        return open_bullmq_queue(address, std::move(options));
    }
    MINTMARK_TRY(auto database, sql::open(location));
    return open_sql_queue(std::move(database), std::move(options));
}

}  // namespace mintmark::queue
