#include "mintmark/market/waterfall.hpp"

#include <algorithm>

namespace mintmark::market {
namespace {

using chain::U256;

constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kPico = 1'000'000'000'000;
constexpr std::size_t kMaxBits = 128;  // what the contract keeps

Result<U256> beyond() {
    return fail(ErrorCode::kOutOfRange, "an amount beyond what a contract keeps");
}

/// a * b + c.
Result<U256> product(const U256& a, std::uint64_t b, const U256& c = {}) {
    const auto raw = a.checked_mul(b);
    const auto sum = raw ? raw->checked_add(c) : std::nullopt;
    return sum ? Result<U256>(*sum) : beyond();
}

/// A part of `left`, which is taken off; the fraction is carried.
Result<U256> take_part(U256& left, std::uint64_t ppm, std::uint64_t& carry) {
    MINTMARK_TRY(const U256 owed, product(left, ppm, U256(carry)));
    const auto [part, rest] = owed.divide(kMillion);
    const auto less = left.checked_sub(part);
    if (!less) return beyond();
    left = *less;
    carry = rest;
    return part;
}

/// The growth of the ancestors' lifetime part.
Result<U256> take_royalties(U256& left, std::uint64_t ppm, U256& base) {
    const auto grown = base.checked_add(left);
    if (!grown || grown->bit_length() > kMaxBits) return beyond();
    MINTMARK_TRY(const U256 after, product(*grown, ppm));
    MINTMARK_TRY(const U256 before, product(base, ppm));
    const auto part = after.divide(kMillion).quotient.checked_sub(before.divide(kMillion).quotient);
    const auto less = part ? left.checked_sub(*part) : std::nullopt;
    if (!less) return beyond();
    base = *grown;
    left = *less;
    return *part;
}

}  // namespace

Result<SplitParts> split_amount(SplitState& state, const U256& amount, const SplitRates& rates) {
    const bool is_sane =
        std::max({rates.platform, rates.royalties, rates.node, rates.vault}) <= kMillion;
    if (!is_sane || amount.bit_length() > kMaxBits) {
        return fail(ErrorCode::kOutOfRange, "a rate above the whole, or an amount above 2^128");
    }
    SplitState next = state;
    SplitParts out = {};
    U256 left = amount;
    MINTMARK_TRY(out.platform, take_part(left, rates.platform, next.platform_carry));
    if (rates.royalties != 0) {
        MINTMARK_TRY(out.royalties, take_royalties(left, rates.royalties, next.royalty_base));
    }
    if (rates.node != 0) {
        MINTMARK_TRY(out.node, take_part(left, rates.node, next.node_carry));
    }
    if (rates.vault != 0) {
        MINTMARK_TRY(out.vault, take_part(left, rates.vault, next.vault_carry));
    }
    out.creator = left;
    state = next;
    return out;
}

Result<U256> pass_price(const U256& pico_per_call, std::uint64_t calls, const U256& pico_per_day,
                        std::uint64_t days) {
    MINTMARK_TRY(const U256 for_calls, product(pico_per_call, calls));
    MINTMARK_TRY(const U256 pico, product(pico_per_day, days, for_calls));
    const auto [wei, rest] = pico.divide(kPico);
    return rest == 0 ? Result<U256>(wei) : product(wei, 1, U256(1U));
}

}  // namespace mintmark::market
