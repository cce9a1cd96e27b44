#include "mintmark/circuit/program_records.hpp"

#include <algorithm>
#include <limits>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/byte_io.hpp"

namespace mintmark::program {
namespace {

constexpr std::size_t kMaxIds = std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;

constexpr std::size_t at(Kind kind) {
    return static_cast<std::size_t>(kind);
}

}  // namespace

Records::Records(const Circuit& circuit, std::size_t max_bytes)
    : steps_(circuit.steps.size()),
      operands_(2 * circuit.num_products()),
      mu_(circuit.mu),
      max_bytes_(max_bytes),
      n_fixed_(2 * steps_ + operands_ + mu_ + 1 + circuit.n_prod() + 1U) {}

Ref Records::gamma(std::size_t step) const {
    return {Kind::kFixed, static_cast<std::uint32_t>(step)};
}

Ref Records::minus_gamma(std::size_t step) const {
    return {Kind::kFixed, static_cast<std::uint32_t>(steps_ + step)};
}

Ref Records::lambda(std::size_t operand) const {
    return {Kind::kFixed, static_cast<std::uint32_t>(2 * steps_ + operand)};
}

Ref Records::prefix(std::size_t vars) const {
    return {Kind::kFixed, static_cast<std::uint32_t>(2 * steps_ + operands_ + vars)};
}

Ref Records::half(std::size_t power) const {
    return {Kind::kFixed, static_cast<std::uint32_t>(2 * steps_ + operands_ + mu_ + 1 + power)};
}

Ref Records::factor(Kind kind, Bytes record) {
    auto& known = records_[at(kind)];
    const auto [it, added] =
        known.try_emplace(std::move(record), static_cast<std::uint32_t>(known.size()));
    if (added) bytes_ += it->first.size();
    return {kind, it->second};
}

Ref Records::sum(const std::vector<Product>& products) {
    const auto [it, added] = sums_.try_emplace(products, static_cast<std::uint32_t>(sums_.size()));
    if (added) bytes_ += 2 + 2 * kSumArity * products.size();
    return {Kind::kSum, it->second};
}

void Records::add(Term term) {
    bytes_ += 2 + 2 * term.factors.size() + 2 * term.spread.size();
    terms_.push_back(std::move(term));
}

void Records::add_product_claim(Product weights) {
    bytes_ += 1 + 2 * weights.size();
    claims_.push_back(std::move(weights));
}

void Records::number_factors() {
    std::size_t next = n_fixed_;
    for (std::size_t kind = at(Kind::kConst); kind < at(Kind::kSum); ++kind) {
        ids_[kind].resize(records_[kind].size());
        for (const auto& [record, index] : records_[kind])
            ids_[kind][index] = static_cast<std::uint32_t>(next++);
    }
    auto& by_bytes = records_[at(Kind::kSum)];
    std::vector<Bytes> of_sum(sums_.size());
    for (const auto& [products, index] : sums_) {
        of_sum[index] = sum_record(products);
        by_bytes.try_emplace(of_sum[index], 0);
    }
    for (auto& [record, number] : by_bytes) number = static_cast<std::uint32_t>(next++);
    for (const Bytes& record : of_sum) ids_[at(Kind::kSum)].push_back(by_bytes.at(record));
}

std::uint16_t Records::id(const Ref& ref) const {
    if (ref.kind == Kind::kFixed) return static_cast<std::uint16_t>(ref.index);
    return static_cast<std::uint16_t>(ids_[at(ref.kind)][ref.index]);
}

Bytes Records::sum_record(const std::vector<Product>& products) const {
    ByteWriter out;
    out.put(products.size(), 2);
    for (const Product& product : products) {
        MINTMARK_ASSERT(product.size() <= kSumArity);
        for (const Ref& ref : product) out.put(id(ref), 2);
        out.put(0, 2 * (kSumArity - product.size()));  // gamma^0
    }
    return std::move(out).take();
}

std::optional<Bytes> Records::encode(std::uint16_t in_tensor, std::uint16_t out_tensor) {
    std::size_t ids = n_fixed_ + sums_.size();
    for (const auto& kind : records_) ids += kind.size();
    if (too_long() || ids > kMaxIds || sums_.size() >= kMaxIds) return std::nullopt;
    number_factors();
    std::array<std::vector<const Term*>, kMaxShortTerm + 3> sections;
    for (const Term& term : terms_) {
        const std::size_t arity = std::min(term.factors.size(), kMaxShortTerm + 1);
        sections[term.spread.empty() ? arity : kMaxShortTerm + 2].push_back(&term);
    }
    ByteWriter out;
    out.put(in_tensor, 2);
    out.put(out_tensor, 2);
    out.put(claims_.size(), 2);
    for (std::size_t kind = at(Kind::kConst); kind < kNumKinds; ++kind)
        out.put(records_[kind].size(), 2);
    for (std::size_t i = 1; i < sections.size(); ++i) {
        if (sections[i].size() >= kMaxIds) return std::nullopt;
        out.put(sections[i].size(), 2);
    }
    for (std::size_t kind = at(Kind::kConst); kind < kNumKinds; ++kind)
        for (const auto& [record, index] : records_[kind]) out.put(record);
    for (std::size_t i = 1; i < sections.size(); ++i) {
        for (const Term* term : sections[i]) {
            out.put(term->target, 2);
            if (i > kMaxShortTerm) out.put(term->factors.size(), 1);
            if (i > kMaxShortTerm + 1) out.put(term->spread.size(), 1);
            for (const Ref& ref : term->factors) out.put(id(ref), 2);
            for (const Slice& slice : term->spread) {
                out.put(slice.first, 1);
                out.put(slice.count, 1);
            }
        }
    }
    for (const Product& weights : claims_) {
        out.put(weights.size(), 1);
        for (const Ref& ref : weights) out.put(id(ref), 2);
    }
    return std::move(out).take();
}

}  // namespace mintmark::program
