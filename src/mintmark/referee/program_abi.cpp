#include "mintmark/base/assert.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/referee/program.hpp"

namespace mintmark::referee {
namespace {

using chain::AbiValue;
using chain::U256;

AbiValue number(std::uint64_t value) {
    return AbiValue(value);
}

AbiValue numbers(const std::vector<std::uint32_t>& values) {
    std::vector<AbiValue> out;
    for (const std::uint32_t value : values) out.push_back(number(value));
    return AbiValue(std::move(out));
}

template <class T, class Make>
AbiValue list(const std::vector<T>& items, Make make) {
    std::vector<AbiValue> out;
    for (const T& item : items) out.push_back(make(item));
    return AbiValue(std::move(out));
}

AbiValue map_value(const ReadMap& map) {
    return AbiValue(
        std::vector<AbiValue>{number(static_cast<std::uint64_t>(map.kind)), number(map.p),
                              number(map.t), number(map.dim), number(map.taps), number(map.stride),
                              number(map.dilation), AbiValue(std::int64_t{map.offset})});
}

AbiValue operand_value(const ProgramOperand& operand) {
    return AbiValue(std::vector<AbiValue>{number(static_cast<std::uint64_t>(operand.source)),
                                          number(operand.limb), number(operand.base),
                                          list(operand.maps, map_value)});
}

AbiValue limb_value(const ProgramLimb& limb) {
    return AbiValue(std::vector<AbiValue>{number(limb.shift), number(limb.log_size),
                                          AbiValue(limb.is_function), number(limb.row),
                                          AbiValue(limb.lo)});
}

AbiValue const_value(const ProgramConst& term) {
    return AbiValue(std::vector<AbiValue>{AbiValue(signed_word(term.coef)), numbers(term.lo),
                                          numbers(term.hi)});
}

AbiValue lin_value(const ProgramLin& term) {
    return AbiValue(
        std::vector<AbiValue>{AbiValue(signed_word(term.coef)), operand_value(term.operand)});
}

AbiValue prod_value(const ProgramProd& term) {
    return AbiValue(std::vector<AbiValue>{AbiValue(signed_word(term.coef)),
                                          numbers(term.contraction), operand_value(term.a),
                                          operand_value(term.b)});
}

}  // namespace

U256 signed_word(Int128 value) noexcept {
    const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
    return U256(
        {static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64), sign, sign});
}

AbiValue step_value(const ProgramStep& step) {
    return AbiValue(std::vector<AbiValue>{
        number(step.base), numbers(step.dims), list(step.limbs, limb_value),
        list(step.consts, const_value), list(step.lins, lin_value), list(step.prods, prod_value)});
}

Bytes32 step_leaf(const ProgramStep& step) {
    const std::string types = std::string("(") + kStepType + ")";
    const std::vector<AbiValue> values = {step_value(step)};
    const auto data = chain::encode_values(types, values);
    MINTMARK_ASSERT(data.has_value());  // every field is a number of its type's range
    return keccak256(*data);
}

}  // namespace mintmark::referee
