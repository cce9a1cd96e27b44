// Ctrl-C as a flag that long work looks at.
#pragma once

#include "mintmark/base/result.hpp"

namespace mintmark::net {

/// From now on SIGINT and SIGTERM set the flag instead of ending the process; a second signal ends
/// it at once. SIGPIPE is ignored.
void catch_interrupts();
/// Has one arrived (or interrupt() been called)?
[[nodiscard]] bool interrupted() noexcept;
/// kInterrupted when interrupted().
[[nodiscard]] Status check_interrupted();
/// Sets or clears the flag, for tests and for servers that stop themselves.
void set_interrupted(bool value) noexcept;
/// Sleeps, but not beyond an interruption; false when interrupted.
bool interruptible_sleep(int ms);

}  // namespace mintmark::net
