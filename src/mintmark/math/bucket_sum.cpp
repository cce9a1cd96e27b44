#include "mintmark/math/bucket_sum.hpp"

#include "mintmark/math/ifma_available.hpp"

namespace mintmark {

namespace portable {

G1 bucket_sum(std::span<const PointXy> buckets) {
    G1 running, sum;
    for (std::size_t b = buckets.size(); b > 0; --b) {
        const PointXy& point = buckets[b - 1];
        if (!point.is_infinity()) running += G1Affine{point.x, point.y, false};
        sum += running;
    }
    return sum;
}

}  // namespace portable

G1 bucket_sum(std::span<const PointXy> buckets) {
    return ifma_available() ? ifma::bucket_sum(buckets) : portable::bucket_sum(buckets);
}

}  // namespace mintmark
