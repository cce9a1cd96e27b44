// The last step of a multi-scalar multiplication: sum over b of (b + 1) times bucket b. Internal to
// the module (msm.cpp).
#pragma once

#include <span>

#include "mintmark/math/batch_add.hpp"
#include "mintmark/math/curve.hpp"

namespace mintmark {

/// sum over b of (b + 1) buckets[b]; buckets may be infinite or equal. Two additions a bucket, with
/// IFMA (picked at run time) eight buckets at a time.
[[nodiscard]] G1 bucket_sum(std::span<const PointXy> buckets);

namespace portable {
[[nodiscard]] G1 bucket_sum(std::span<const PointXy> buckets);
}
namespace ifma {
/// Only when ifma_available().
[[nodiscard]] G1 bucket_sum(std::span<const PointXy> buckets);
}  // namespace ifma

}  // namespace mintmark
