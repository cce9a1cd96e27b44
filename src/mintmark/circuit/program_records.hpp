// Factors and terms of a verifier's program while it is being written, and their bytes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark::program {

/// Factors of the key, in the order of their sections; kFixed: those that every program has.
enum class Kind : std::uint8_t { kFixed, kConst, kEq, kAt, kLt, kShift, kDense, kRegroup, kSum };
inline constexpr std::size_t kNumKinds = 9;

/// A factor by its kind and its number among those of the kind, in order of appearance.
struct Ref {
    Kind kind = Kind::kFixed;
    std::uint32_t index = 0;
    auto operator<=>(const Ref&) const = default;
};
using Product = std::vector<Ref>;

/// Variables [first, first + count) of the points rho, r, z that lie one behind the other.
struct Slice {
    std::uint8_t first = 0;
    std::uint8_t count = 0;
};

/// target += product of the factors, times the eq table of `spread` over as many targets.
struct Term {
    std::uint16_t target = 0;
    Product factors = {};
    std::vector<Slice> spread = {};
};

/// Terms with up to so many factors are sorted by their number; the others follow.
inline constexpr std::size_t kMaxShortTerm = 7;
inline constexpr std::size_t kSumArity = 3;  ///< factors of a product in a sum

/// Collects factors, each distinct one once, and terms.
class Records {
  public:
    Records(const Circuit& circuit, std::size_t max_bytes);

    // Factors without a record.
    [[nodiscard]] Ref gamma(std::size_t step) const;
    [[nodiscard]] Ref minus_gamma(std::size_t step) const;
    [[nodiscard]] Ref lambda(std::size_t operand) const;  ///< lambda^(6 + operand)
    [[nodiscard]] Ref prefix(std::size_t vars) const;
    [[nodiscard]] Ref half(std::size_t power) const;

    Ref factor(Kind kind, Bytes record);
    /// Products of at most kSumArity factors that are no sums themselves.
    Ref sum(const std::vector<Product>& products);
    void add(Term term);
    void add_product_claim(Product weights);

    /// Whether the limits are exceeded: whoever loops asks.
    [[nodiscard]] bool too_long() const noexcept { return bytes_ > max_bytes_; }
    /// The program; all ids fit into 16 bits, else nothing.
    [[nodiscard]] std::optional<Bytes> encode(std::uint16_t in_tensor, std::uint16_t out_tensor);

  private:
    void number_factors();
    [[nodiscard]] std::uint16_t id(const Ref& ref) const;
    [[nodiscard]] Bytes sum_record(const std::vector<Product>& products) const;

    std::size_t steps_, operands_, mu_, max_bytes_;
    std::size_t bytes_ = 0;
    std::array<std::map<Bytes, std::uint32_t>, kNumKinds> records_;
    std::map<std::vector<Product>, std::uint32_t> sums_;
    std::vector<Term> terms_;
    std::vector<Product> claims_;
    std::array<std::vector<std::uint32_t>, kNumKinds> ids_;
    std::size_t n_fixed_;
};

}  // namespace mintmark::program
