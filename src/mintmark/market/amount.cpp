#include "mintmark/market/amount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace mintmark::market {
namespace {

constexpr unsigned kPicoDecimals = 12;

struct Written {
    std::string number;
    unsigned decimals;  ///< of one unit in wei
};

Result<Written> split(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    std::string unit(text.substr(end));
    std::erase_if(unit, [](unsigned char c) { return std::isspace(c) != 0; });
    std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string number(text.substr(0, end));
    if (unit.empty() || unit == "eth" || unit == "ether") return Written{number, 18};
    if (unit == "gwei") return Written{number, 9};
    if (unit == "wei") return Written{number, 0};
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no amount", text),
                "write for example 0.5ETH, 20gwei or 1000wei");
}

Result<chain::U256> parse(std::string_view text, unsigned extra_decimals) {
    MINTMARK_TRY(const Written written, split(text));
    auto value = chain::parse_units(written.number, written.decimals + extra_decimals);
    if (value) return *value;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no amount: {}", text, value.error().message),
                "write for example 0.5ETH, 20gwei or 1000wei");
}

}  // namespace

Result<chain::U256> parse_amount(std::string_view text) {
    return parse(text, 0);
}

Result<chain::U256> parse_price(std::string_view text) {
    return parse(text, kPicoDecimals);
}

std::string format_amount(const chain::U256& wei) {
    return chain::format_units(wei, 18) + " ETH";
}

std::string format_price(const chain::U256& pico_wei) {
    return chain::format_units(pico_wei, 18 + kPicoDecimals) + " ETH";
}

}  // namespace mintmark::market
