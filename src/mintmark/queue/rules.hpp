// What all engines have in common: checks of new jobs, back-off, clock.
#pragma once

#include "mintmark/queue/queue.hpp"

namespace mintmark::queue {

/// kInvalidArgument naming what is off.
[[nodiscard]] Status check_job(const NewJob& job);
[[nodiscard]] Status check_name(std::string_view name);
/// Fills in clock and generator.
[[nodiscard]] QueueOptions with_defaults(QueueOptions options);
/// 24 hexadecimal digits after a letter.
[[nodiscard]] std::string random_id(Rng& rng);
/// Before attempt n + 1, n >= 1 attempts made: uniform in [d/2, d], d = first * 2^(n-1), at most an
/// hour ("equal jitter": workers that failed together do not come back together).
[[nodiscard]] std::int64_t backoff_delay_ms(std::int64_t first_ms, std::uint32_t attempts,
                                            Rng& rng);
/// An exact repetition of a known key, or kAlreadyExists.
[[nodiscard]] Status same_content(const Job& known, const NewJob& job);

}  // namespace mintmark::queue
