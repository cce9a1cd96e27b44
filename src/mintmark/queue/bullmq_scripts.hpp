// BullMQ's own Lua scripts, taken at build time from its npm package (third_party/bullmq pins the
// version). Keys and arguments of each are described at its top.
#pragma once

#include <string_view>

namespace mintmark::queue::bullmq {

extern const std::string_view kAddStandardJob;
extern const std::string_view kAddPrioritizedJob;
extern const std::string_view kAddDelayedJob;
extern const std::string_view kMoveToActive;
extern const std::string_view kMoveToFinished;
extern const std::string_view kMoveToDelayed;
extern const std::string_view kMoveStalledJobsToWait;
extern const std::string_view kExtendLock;
extern const std::string_view kUpdateProgress;
extern const std::string_view kRemoveJob;
extern const std::string_view kReprocessJob;
extern const std::string_view kGetState;

}  // namespace mintmark::queue::bullmq
