// Queue in a SQL database: SQLite (many processes, one file) or PostgreSQL (many machines).
#pragma once

#include "mintmark/queue/queue.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::queue {

/// Creates the table if needed. Several queues may live in one database, told apart by name.
[[nodiscard]] Result<std::unique_ptr<Queue>> open_sql_queue(std::unique_ptr<sql::Database> database,
                                                            QueueOptions options);

}  // namespace mintmark::queue
