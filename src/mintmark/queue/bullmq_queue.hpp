// Queue in Redis, in BullMQ's format: its Lua scripts do every change of state, so stock BullMQ
// queues, workers and dashboards share the queue with us.
//
// Differences that BullMQ's format makes: `attempts` counts its `ats`; a cancelled job is one that
// failed with the reason "cancelled"; a job tried again by hand loses its priority.
#pragma once

#include "mintmark/queue/queue.hpp"
#include "mintmark/queue/redis_client.hpp"

namespace mintmark::queue {

[[nodiscard]] Result<std::unique_ptr<Queue>> open_bullmq_queue(const RedisAddress& address,
                                                               QueueOptions options);

}  // namespace mintmark::queue
