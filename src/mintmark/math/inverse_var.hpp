// Inversion by division steps, in time that depends on the value: a tenth of Fermat's. For values
// whose timing tells nothing, such as the product of a whole batch of denominators.
#pragma once

#include "mintmark/math/field.hpp"
#include "mintmark/math/modulus.hpp"

namespace mintmark {

/// The integer 1 / value mod p for value < p, p an odd prime below 2^255; 0 for 0. The steps are
/// those of Bernstein and Yang (ePrint 2019/266, section 8), sixty-two at a time on single words.
[[nodiscard]] Limbs inverse_integer_var(const Limbs& value, const Limbs& p) noexcept;

/// 1 / value; 0 for 0.
template <class F>
[[nodiscard]] F inverse_var(const F& value) noexcept {
    return F::from_integer(inverse_integer_var(value.to_canonical(), F::kModulus));
}

}  // namespace mintmark
