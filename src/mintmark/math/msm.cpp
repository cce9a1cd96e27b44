#include "mintmark/math/msm.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/bucket_sum.hpp"
#include "mintmark/math/ifma_available.hpp"
#include "mintmark/math/run_sums.hpp"

// Pippenger's method. Scalars are written in signed digits of `width` bits; the points of a window
// are sorted by |digit| into buckets, each bucket is summed by a tree of batched affine additions
// (batch_add.hpp), and the buckets are combined by running sums.

namespace mintmark {
namespace {

constexpr std::size_t kSplitGrain = 4096;

/// Signed digits in [-2^(width-1), 2^(width-1)]: digit k of scalar i is at [k * count + i].
struct Digits {
    unsigned width;
    std::size_t count;
    std::size_t nonzero;  // scalars
    std::size_t windows;
    std::vector<std::int32_t> values;
};

/// The width with the least work: a batched addition a point and window, and two of projective
/// points a bucket.
unsigned best_width(std::size_t count, unsigned bits) noexcept {
    const double bucket_cost = ifma_available() ? 3.0 : 3.5;
    unsigned best = 2;
    double best_cost = 1e300;
    for (unsigned width = 2; width <= 16; ++width) {
        const double windows = static_cast<double>((bits + width) / width);
        const double buckets = static_cast<double>(std::size_t{1} << (width - 1));
        const double cost = windows * (static_cast<double>(count) + bucket_cost * buckets);
        if (cost < best_cost) {
            best = width;
            best_cost = cost;
        }
    }
    return best;
}

/// Zero digits for `count` scalars, of which `nonzero` will be set.
Digits empty_digits(std::size_t count, std::size_t nonzero, unsigned bits) {
    const unsigned width = best_width(nonzero, bits);
    const std::size_t windows = (bits + width) / width;  // one bit more: room for the carry
    return {width, count, nonzero, windows, std::vector<std::int32_t>(windows * count)};
}

/// Writes the digits of scalar i = (-1)^negative * magnitude (little-endian limbs).
void split(std::span<const std::uint64_t> magnitude, bool negative, std::size_t i, Digits& out) {
    const std::int64_t half = std::int64_t{1} << (out.width - 1);
    const std::uint64_t mask = (std::uint64_t{1} << out.width) - 1;
    std::int64_t carry = 0;
    for (std::size_t k = 0; k < out.windows; ++k) {
        const std::size_t limb = k * out.width / 64, shift = k * out.width % 64;
        std::uint64_t raw = limb < magnitude.size() ? magnitude[limb] >> shift : 0;
        if (shift + out.width > 64 && limb + 1 < magnitude.size()) {
            raw |= magnitude[limb + 1] << (64 - shift);
        }
        std::int64_t digit = static_cast<std::int64_t>(raw & mask) + carry;
        carry = digit > half ? 1 : 0;
        digit -= carry << out.width;
        out.values[k * out.count + i] = static_cast<std::int32_t>(negative ? -digit : digit);
    }
}

/// Some windows of some points: what one thread works on.
struct Task {
    std::size_t first_window, last_window;
    std::size_t begin, end;
};

/// The points of a task in buckets: bucket b of window k is run (k - first) * buckets + b. One
/// object serves many tasks and keeps its memory.
class Buckets {
  public:
    void load(const Digits& digits, const Task& task) {
        per_window_ = std::size_t{1} << (digits.width - 1);
        runs_.sizes.assign(per_window_ * (task.last_window - task.first_window), 0);
        const auto for_each_digit = [&](const auto& visit) {
            for (std::size_t k = task.first_window; k < task.last_window; ++k) {
                const std::size_t first = (k - task.first_window) * per_window_;
                const std::int32_t* row = &digits.values[k * digits.count];
                for (std::size_t i = task.begin; i < task.end; ++i) {
                    if (row[i] == 0) continue;
                    visit(first + static_cast<std::size_t>(std::abs(row[i])) - 1, i, row[i] < 0);
                }
            }
        };
        for_each_digit([&](std::size_t bucket, std::size_t, bool) { ++runs_.sizes[bucket]; });
        next_.resize(runs_.sizes.size());
        std::exclusive_scan(runs_.sizes.begin(), runs_.sizes.end(), next_.begin(), 0U);
        runs_.refs.resize(next_.back() + runs_.sizes.back());
        for_each_digit([&](std::size_t bucket, std::size_t i, bool is_negative) {
            runs_.refs[next_[bucket]++] = base_ref(i, is_negative);
        });
    }

    /// Adds up each bucket.
    void reduce(std::span<const PointXy> bases) { runs_.reduce(bases); }

    /// Sum over b of (b + 1) * bucket b, for window number `window` of the task; after reduce.
    [[nodiscard]] G1 window_sum(std::size_t window) {
        constexpr std::size_t kLeastFolded = 512;
        const std::size_t first = window * per_window_;
        const auto sizes = std::span(runs_.sizes).subspan(first, per_window_);
        const auto before = std::span(runs_.sizes).first(first);
        const auto place = std::accumulate(before.begin(), before.end(), std::size_t{0});
        if (per_window_ >= kLeastFolded) return folded_sum(sizes, place);
        return bucket_sum(spread(sizes, std::span(runs_.sums()).subspan(place)));
    }

  private:
    /// The buckets as a matrix: the sums of its rows, n times them, and those of its columns, by
    /// batched additions, which cost a third of bucket_sum's projective ones. Buckets are from
    /// `place` of the sums on.
    [[nodiscard]] G1 folded_sum(std::span<const std::uint32_t> sizes, std::size_t place) {
        const auto log = static_cast<unsigned>(std::bit_width(per_window_) - 1) / 2;
        const std::size_t columns = std::size_t{1} << log, rows = per_window_ / columns;
        places_.assign(per_window_, kNone);
        for (std::size_t b = 0; b < per_window_; ++b)
            if (sizes[b] != 0) places_[b] = static_cast<std::uint32_t>(place++);
        matrix_.sizes.assign(rows + columns, 0);
        matrix_.refs.clear();
        const auto push = [&](std::size_t run, std::size_t b) {
            if (places_[b] == kNone) return;
            matrix_.refs.push_back(base_ref(places_[b], false));
            ++matrix_.sizes[run];
        };
        for (std::size_t b = 0; b < per_window_; ++b) push(b / columns, b);
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t i = 0; i < rows; ++i) push(rows + j, i * columns + j);
        matrix_.reduce(runs_.sums());
        const std::vector<PointXy> all = spread(matrix_.sizes, matrix_.sums());
        G1 sum = bucket_sum(std::span(all).subspan(1, rows - 1));
        for (unsigned i = 0; i < log; ++i) sum = sum.double_();
        return sum + bucket_sum(std::span(all).subspan(rows));
    }

    /// One point a run, infinite where it is empty; `sums`: of those that are not, and more.
    static std::vector<PointXy> spread(std::span<const std::uint32_t> sizes,
                                       std::span<const PointXy> sums) {
        std::vector<PointXy> out(sizes.size());
        std::size_t next = 0;
        for (std::size_t k = 0; k < sizes.size(); ++k)
            if (sizes[k] != 0) out[k] = sums[next++];
        return out;
    }

    static constexpr std::uint32_t kNone = ~std::uint32_t{0};
    std::size_t per_window_ = 0;
    RunSums runs_, matrix_;
    std::vector<std::uint32_t> next_, places_;
};

/// Lends Buckets and takes them back, so that their memory (a few MiB a thread) is not given back
/// to the system and faulted in again at every call.
class Lender {
  public:
    std::unique_ptr<Buckets> borrow() {
        const std::scoped_lock lock(mutex_);
        if (idle_.empty()) return std::make_unique<Buckets>();
        auto out = std::move(idle_.back());
        idle_.pop_back();
        return out;
    }
    void give_back(std::unique_ptr<Buckets> buckets) {
        const std::scoped_lock lock(mutex_);
        idle_.push_back(std::move(buckets));
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Buckets>> idle_;
};

Lender& lender() {
    static Lender instance;
    return instance;
}

/// Cuts the work so that every thread has some and no task holds too many points at once.
std::vector<Task> make_tasks(const Digits& digits, std::size_t threads) {
    constexpr std::size_t kMaxPoints = std::size_t{1} << 15U;  // 2 MiB: stay near the caches
    const std::size_t share = (digits.windows + threads - 1) / threads;
    const std::size_t fitting = kMaxPoints / std::max<std::size_t>(digits.nonzero, 1);
    const std::size_t together = std::clamp<std::size_t>(fitting, 1, share);
    const std::size_t rows = (digits.windows + together - 1) / together;
    const std::size_t parts =
        std::clamp<std::size_t>(threads / rows, 1, std::max<std::size_t>(digits.count / 1024, 1));
    std::vector<Task> tasks;
    for (std::size_t k = 0; k < digits.windows; k += together) {
        for (std::size_t part = 0; part < parts; ++part) {
            tasks.push_back({k, std::min(k + together, digits.windows), digits.count * part / parts,
                             digits.count * (part + 1) / parts});
        }
    }
    return tasks;
}

G1 sum_digits(std::span<const PointXy> bases, const Digits& digits,
              std::size_t threads = num_threads()) {
    MINTMARK_ASSERT(digits.count < std::size_t{1} << 27U);  // indices have 32 bits
    if (digits.nonzero == 0) return {};
    const std::vector<Task> tasks = make_tasks(digits, threads);
    std::vector<std::vector<G1>> sums(tasks.size());
    parallel_for(tasks.size(), 1, [&](std::size_t begin, std::size_t end) {
        auto buckets = lender().borrow();
        for (std::size_t t = begin; t < end; ++t) {
            buckets->load(digits, tasks[t]);
            buckets->reduce(bases);
            for (std::size_t k = tasks[t].first_window; k < tasks[t].last_window; ++k) {
                sums[t].push_back(buckets->window_sum(k - tasks[t].first_window));
            }
        }
        lender().give_back(std::move(buckets));
    });
    G1 total;
    for (std::size_t k = digits.windows; k > 0; --k) {
        for (unsigned i = 0; i < digits.width; ++i) total = total.double_();
        for (std::size_t t = 0; t < tasks.size(); ++t) {
            const bool inside = tasks[t].first_window < k && k <= tasks[t].last_window;
            if (inside) total += sums[t][k - 1 - tasks[t].first_window];
        }
    }
    return total;
}

std::uint64_t magnitude_of(std::int64_t value) noexcept {
    const auto raw = static_cast<std::uint64_t>(value);
    return value < 0 ? std::uint64_t{0} - raw : raw;
}

}  // namespace

G1 msm(std::span<const G1Affine> bases, std::span<const Fr> scalars) {
    MINTMARK_ASSERT(bases.size() == scalars.size());
    const auto zeros = static_cast<std::size_t>(std::ranges::count(scalars, Fr::zero()));
    if (zeros > scalars.size() / 4) {  // HT: few rows are looked up
        std::vector<G1Affine> used_bases;
        std::vector<Fr> used;
        for (std::size_t i = 0; i < scalars.size(); ++i) {
            if (scalars[i].is_zero()) continue;
            used_bases.push_back(bases[i]);
            used.push_back(scalars[i]);
        }
        return msm(used_bases, used);
    }
    Digits digits = empty_digits(scalars.size(), scalars.size(), Fr::kBits);
    parallel_for(scalars.size(), kSplitGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            split(scalars[i].to_canonical(), false, i, digits);
        }
    });
    return sum_digits(to_xy(bases), digits);
}

namespace {

Digits digits_of(std::span<const std::int64_t> scalars) {
    std::size_t count = 0;
    std::uint64_t all_bits = 0;
    for (const std::int64_t value : scalars) {
        count += value != 0 ? 1 : 0;
        all_bits |= magnitude_of(value);
    }
    Digits digits =
        empty_digits(scalars.size(), count, static_cast<unsigned>(std::bit_width(all_bits)));
    parallel_for(scalars.size(), kSplitGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            if (scalars[i] == 0) continue;
            const std::uint64_t magnitude = magnitude_of(scalars[i]);
            split(std::span(&magnitude, 1), scalars[i] < 0, i, digits);
        }
    });
    return digits;
}

}  // namespace

G1 msm_small(std::span<const G1Affine> bases, std::span<const std::int64_t> scalars) {
    MINTMARK_ASSERT(bases.size() == scalars.size());
    return sum_digits(to_xy(bases), digits_of(scalars));
}

std::vector<G1> msm_small_each(std::span<const G1Affine> bases,
                               std::span<const std::int64_t> scalars) {
    MINTMARK_ASSERT(!bases.empty() && scalars.size() % bases.size() == 0);
    const Points xy = to_xy(bases);
    std::vector<G1> sums(scalars.size() / bases.size());
    const auto sum = [&](std::size_t k, std::size_t threads) {
        const auto own = scalars.subspan(k * bases.size(), bases.size());
        sums[k] = sum_digits(xy, digits_of(own), threads);
    };
    const std::size_t whole = sums.size() / num_threads() * num_threads();
    parallel_for(whole, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) sum(k, 1);
    });
    for (std::size_t k = whole; k < sums.size(); ++k) sum(k, num_threads());
    return sums;
}

}  // namespace mintmark
