#include "mintmark/sumcheck/fold_table.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/small_fold.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kBlock = 512;  // lanes: 16 KiB a table
constexpr std::size_t kGrain = 8;    // blocks

using Range = std::pair<std::size_t, std::size_t>;  // lanes [begin, end)

/// Calls body(range) for ranges of whole blocks, threaded.
template <class Body>
void for_each_range(std::size_t lanes, const Body& body) {
    parallel_for((lanes + kBlock - 1) / kBlock, kGrain, [&](std::size_t begin, std::size_t end) {
        body(Range{begin * kBlock, std::min(end * kBlock, lanes)});
    });
}

/// Calls body(begin, end) for each block of a range.
template <class Body>
void for_each_block(const Range& range, const Body& body) {
    for (std::size_t at = range.first; at < range.second; at += kBlock)
        body(at, std::min(at + kBlock, range.second));
}

void add(PairEnds& sum, const PairEnds& part) {
    sum.at0 += part.at0;
    sum.lead += part.lead;
}

/// Both sums of a block as dot products: with the values whose odd lanes are blanked out, and with
/// the differences v[2y] - v[2y+1], v[2y+1] - v[2y].
PairEnds integer_ends(std::span<const Fr> a, std::span<const std::int64_t> v) {
    constexpr std::int64_t kLimit = std::int64_t{1} << 62;  // differences fit below
    const auto [lowest, highest] = std::ranges::minmax(v);
    if (lowest < -kLimit || highest >= kLimit) {
        std::array<Fr, kBlock> fields;
        const auto used = std::span(fields).first(v.size());
        to_field(used, v);
        return pair_ends(a, used, {}, 0);
    }
    std::array<std::int64_t, 2 * kBlock> rows;
    for (std::size_t y = 0; y < v.size(); y += 2) {
        rows[y] = v[y];
        rows[y + 1] = 0;
        rows[v.size() + y] = v[y] - v[y + 1];
        rows[v.size() + y + 1] = v[y + 1] - v[y];
    }
    std::array<Fr, 2> sums{};
    add_small_dots<std::int64_t>(sums, a, rows.data(), v.size());
    return {sums[0], sums[1]};
}

PairEnds block_ends(std::span<const Fr> a, const TableView& b, const EqWeights& weights,
                    std::size_t begin, std::size_t end) {
    const auto part = a.subspan(begin, end - begin);
    if (!b.ints.empty()) return integer_ends(part, b.ints.subspan(begin, end - begin));
    return weights.ends(part, b.fields.subspan(begin, end - begin), begin / 2);
}

/// (1 - r) v[2y] + r v[2y+1].
void fold_integers(std::span<Fr> out, std::span<const std::int64_t> v, const Fr& r) {
    std::array<std::int64_t, kBlock> even, odd;
    for (std::size_t y = 0; y < out.size(); ++y) {
        even[y] = v[2 * y];
        odd[y] = v[2 * y + 1];
    }
    std::ranges::fill(out, Fr::zero());
    add_small_rows<std::int64_t>(out, std::array{Fr::one() - r, r},
                                 std::array<const std::int64_t*, 2>{even.data(), odd.data()});
}

/// Folds blocks of the tables: out[at + i] for in[2 at + 2 i], where each range of `in` writes to
/// where it begins itself, so that threads that fold in place do not meet.
class Folder {
  public:
    Folder(std::span<Fr> a, const TableView& b, std::span<Fr> out_b, bool is_b_in_place)
        : a_(a), b_(b), out_b_(out_b), is_b_in_place_(is_b_in_place) {}

    PairEnds run(const Fr& r, const EqWeights& weights) {
        PairEnds sum;
        for_each_range(a_.size() / 2, [&](const Range& range) {
            const PairEnds own = fold_range(range, r, weights);
            const std::scoped_lock hold(lock_);
            add(sum, own);
            done_.push_back(range);
        });
        close_gaps();
        return sum;
    }

  private:
    /// Where the results from lane `at` of a range go.
    static std::size_t place(const Range& range, std::size_t at) {
        return 2 * range.first + (at - range.first);
    }

    PairEnds fold_range(const Range& range, const Fr& r, const EqWeights& weights) {
        PairEnds sum;
        for_each_block(range, [&](std::size_t at, std::size_t end) {
            const std::size_t count = end - at;
            const auto out_a = a_.subspan(place(range, at), count);
            const auto out_b = out_b_.subspan(is_b_in_place_ ? place(range, at) : at, count);
            fold_low(out_a, a_.subspan(2 * at, 2 * count), r);
            if (b_.ints.empty())
                fold_low(out_b, b_.fields.subspan(2 * at, 2 * count), r);
            else
                fold_integers(out_b, b_.ints.subspan(2 * at, 2 * count), r);
            if (count > 1) add(sum, weights.ends(out_a, out_b, at / 2));
        });
        return sum;
    }

    void close_gaps() {
        std::ranges::sort(done_);
        for (const Range& range : done_) {
            close_gap(a_, range);
            if (is_b_in_place_) close_gap(out_b_, range);
        }
    }
    static void close_gap(std::span<Fr> table, const Range& range) {
        if (range.first == 0) return;
        const auto from = table.subspan(place(range, range.first), range.second - range.first);
        std::ranges::copy(from, table.begin() + static_cast<std::ptrdiff_t>(range.first));
    }

    std::span<Fr> a_;
    TableView b_;
    std::span<Fr> out_b_;
    bool is_b_in_place_;
    std::mutex lock_;
    std::vector<Range> done_;
};

void add(PairSums& sum, const PairSums& part) {
    sum.at0 += part.at0;
    sum.at1 += part.at1;
    sum.lead += part.lead;
}

/// Sum of part(range) over ranges of `lanes` lanes, threaded.
template <class Sums, class Part>
Sums sum_ranges(std::size_t lanes, const Part& part) {
    Sums sum;
    std::mutex lock;
    for_each_range(lanes, [&](const Range& range) {
        const Sums own = part(range);
        const std::scoped_lock hold(lock);
        add(sum, own);
    });
    return sum;
}

/// Sum of of_block(a, b, first lane) over blocks of the tables' lanes, threaded.
template <class Sums, class OfBlock>
Sums sum_blocks(const SharedRows& tables, const OfBlock& of_block) {
    return sum_ranges<Sums>(tables.size_to_read(), [&](const Range& range) {
        Sums own;
        std::array<Fr, kBlock> a, b;
        for_each_block(range, [&](std::size_t begin, std::size_t end) {
            const auto part_a = std::span(a).first(end - begin);
            const auto part_b = std::span(b).first(end - begin);
            tables.read(begin, part_a, part_b);
            add(own, of_block(part_a, part_b, begin));
        });
        return own;
    });
}

}  // namespace

void fill_padding(std::span<Fr> a, std::span<Fr> b, std::size_t used, const Fr& value) {
    const std::size_t end = lanes_to_read(used, a.size());
    for (std::size_t i = used; i < end; ++i) {
        a[i] = Fr::zero();
        b[i] = value;
    }
}

Fr padding_of(const SharedRows& tables) {
    const auto row = static_cast<std::size_t>(tables.rows.back());
    MINTMARK_ASSERT(tables.used >= tables.rows.size() || tables.a[row].is_zero());
    return tables.b[row];
}

void SharedRows::read(std::size_t begin, std::span<Fr> out_a, std::span<Fr> out_b) const {
    std::array<Fr, kBlock> lanes_a, lanes_b;
    const std::size_t most = kBlock >> fixed.size();
    MINTMARK_ASSERT(most > 0);
    for (std::size_t at = 0; at < out_a.size(); at += most) {
        std::size_t count = std::min(most, out_a.size() - at) << fixed.size();
        const auto* row = rows.data() + ((begin + at) << fixed.size());
        for (std::size_t i = 0; i < count; ++i, ++row) {
            lanes_a[i] = a[static_cast<std::size_t>(*row)];
            lanes_b[i] = b[static_cast<std::size_t>(*row)];
        }
        for (const Fr& r : fixed) {
            fold_low(std::span(lanes_a).first(count / 2), std::span(lanes_a).first(count), r);
            fold_low(std::span(lanes_b).first(count / 2), std::span(lanes_b).first(count), r);
            count /= 2;
        }
        std::copy_n(lanes_a.begin(), count, out_a.begin() + static_cast<std::ptrdiff_t>(at));
        std::copy_n(lanes_b.begin(), count, out_b.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

PairSums sum_pairs(std::span<const Fr> a, std::span<const Fr> b, const EqWeights& weights) {
    MINTMARK_ASSERT(a.size() == b.size());
    return sum_ranges<PairSums>(a.size(), [&](const Range& range) {
        const std::size_t count = range.second - range.first;
        return weights.sums(a.subspan(range.first, count), b.subspan(range.first, count),
                            range.first / 2);
    });
}

PairSums sum_pairs(const SharedRows& tables, const EqWeights& weights) {
    return sum_blocks<PairSums>(tables, [&](const auto& a, const auto& b, std::size_t begin) {
        return weights.sums(a, b, begin / 2);
    });
}

PairEnds sum_ends(const SharedRows& tables, const EqWeights& weights) {
    return sum_blocks<PairEnds>(tables, [&](const auto& a, const auto& b, std::size_t begin) {
        return weights.ends(a, b, begin / 2);
    });
}

PairEnds sum_ends(std::span<const Fr> a, const TableView& b, const EqWeights& weights) {
    MINTMARK_ASSERT(a.size() == b.size() && (b.ints.empty() || weights.empty()));
    PairEnds sum;
    std::mutex lock;
    for_each_range(a.size(), [&](const Range& range) {
        PairEnds own;
        for_each_block(range, [&](std::size_t begin, std::size_t end) {
            add(own, block_ends(a, b, weights, begin, end));
        });
        const std::scoped_lock hold(lock);
        add(sum, own);
    });
    return sum;
}

Fr sum_products(std::span<const Fr> a, const TableView& b) {
    MINTMARK_ASSERT(a.size() == b.size());
    Fr sum;
    std::mutex lock;
    for_each_range(a.size(), [&](const Range& range) {
        const auto [begin, end] = range;
        const auto part = a.subspan(begin, end - begin);
        std::array<Fr, 1> own{};
        if (b.ints.empty())
            own[0] = dot(part, b.fields.subspan(begin, end - begin));
        else
            add_small_dots<std::int64_t>(own, part, b.ints.data() + begin, part.size());
        const std::scoped_lock hold(lock);
        sum += own[0];
    });
    return sum;
}

PairEnds fold_to_half(std::span<Fr> a, std::span<Fr> b, const Fr& r, const EqWeights& weights) {
    MINTMARK_ASSERT(a.size() == b.size() && a.size() % 2 == 0);
    return Folder(a, {.fields = b, .ints = {}}, b, true).run(r, weights);
}

PairEnds fold_and_sum(std::vector<Fr>& a, const TableView& from, std::vector<Fr>& b, const Fr& r,
                      const EqWeights& weights) {
    MINTMARK_ASSERT(a.size() == from.size() && a.size() % 2 == 0);
    b.resize(a.size() / 2);
    const PairEnds sum = Folder(a, from, b, false).run(r, weights);
    a.resize(b.size());
    return sum;
}

PairEnds fold_and_sum(const SharedRows& from, FrTable& a, FrTable& b, const Fr& r,
                      const EqWeights& weights) {
    MINTMARK_ASSERT(from.size() % 2 == 0);
    a.resize(from.size() / 2);
    b.resize(from.size() / 2);
    const std::size_t used = from.size_to_read() / 2;
    fill_padding(a, b, used, padding_of(from));
    return sum_ranges<PairEnds>(used, [&](const Range& range) {
        PairEnds own;
        std::array<Fr, 2 * kBlock> lanes_a, lanes_b;
        for_each_block(range, [&](std::size_t at, std::size_t end) {
            const std::size_t count = end - at;
            const auto from_a = std::span(lanes_a).first(2 * count);
            const auto from_b = std::span(lanes_b).first(2 * count);
            from.read(2 * at, from_a, from_b);
            const auto out_a = std::span(a).subspan(at, count);
            const auto out_b = std::span(b).subspan(at, count);
            fold_low(out_a, from_a, r);
            fold_low(out_b, from_b, r);
            if (count > 1) add(own, weights.ends(out_a, out_b, at / 2));
        });
        return own;
    });
}

}  // namespace mintmark::sumcheck
