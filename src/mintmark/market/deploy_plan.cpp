#include "mintmark/market/deploy_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {
namespace {

using chain::AbiType;
using chain::AbiValue;

constexpr std::uint64_t kFormat = 1;

Result<std::vector<std::string>> texts(const json::Json& step, std::string_view key) {
    std::vector<std::string> out;
    MINTMARK_TRY(const json::Json list, json::get_array(step, key));
    for (const json::Json& item : list) {
        if (!item.is_string()) return fail(ErrorCode::kMalformed, "an argument is not a text");
        out.push_back(item.get<std::string>());
    }
    return out;
}

Result<PlanStep> read_step(const json::Json& value) {
    PlanStep out;
    MINTMARK_TRY(out.arguments, texts(value, "args"));
    if (json::find(value, "create") != nullptr) {
        MINTMARK_TRY(out.contract, json::get_string(value, "create"));
        return out;
    }
    MINTMARK_TRY(out.contract, json::get_string(value, "call"));
    MINTMARK_TRY(out.function, json::get_string(value, "function"));
    MINTMARK_TRY(out.done, json::get_string(value, "done"));
    MINTMARK_TRY(out.done_arguments, texts(value, "doneArgs"));
    MINTMARK_TRY(out.equals, json::get_string(value, "equals"));
    MINTMARK_TRY(out.unless, texts(value, "unless"));
    if (!out.unless.empty() && out.unless.size() != 2) {
        return fail(ErrorCode::kMalformed, "`unless` compares two arguments");
    }
    return out;
}

Result<std::vector<PlanStep>> read_steps(const json::Json& value, std::string_view key) {
    std::vector<PlanStep> out;
    MINTMARK_TRY(const json::Json list, json::get_array(value, key));
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto step = read_step(list[i]);
        if (!step) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("step {} of {}: {}", i + 1, key, step.error().message));
        }
        out.push_back(std::move(*step));
    }
    return out;
}

AbiValue selector_of(std::string_view text) {
    const auto four = chain::selector(text);
    return AbiValue(Bytes(four.begin(), four.end()));
}

/// "#f(uint256) g()": several selectors.
AbiValue selectors_of(std::string_view text) {
    std::vector<AbiValue> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        out.push_back(selector_of(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return AbiValue(std::move(out));
}

/// Takes from a plan's flat list of arguments what one type needs.
class Grouping {
  public:
    Grouping(const PlanNames& names, const std::vector<std::string>& arguments)
        : names_(names), arguments_(arguments) {}

    Result<AbiValue> take(const AbiType& type) {
        if (type.kind == AbiType::Kind::kTuple) return take_all(type.components);
        if (type.kind == AbiType::Kind::kFixedArray) {
            return take_all(std::vector<AbiType>(type.size, type.components[0]));
        }
        if (next_ == arguments_.size()) return fail(ErrorCode::kMalformed, "too few arguments");
        const std::string& argument = arguments_[next_++];
        if (type.kind == AbiType::Kind::kFixedBytes && type.size == 32) {
            MINTMARK_TRY(const Bytes32 word, names_.word(argument));
            return AbiValue(word);
        }
        return names_.value(argument);
    }

    Result<AbiValue> take_all(const std::vector<AbiType>& types) {
        std::vector<AbiValue> out;
        for (const AbiType& type : types) {
            MINTMARK_TRY(AbiValue value, take(type));
            out.push_back(std::move(value));
        }
        return AbiValue(std::move(out));
    }

    bool is_used_up() const { return next_ == arguments_.size(); }

  private:
    const PlanNames& names_;
    const std::vector<std::string>& arguments_;
    std::size_t next_ = 0;
};

}  // namespace

Result<DeployPlan> DeployPlan::beside(const std::filesystem::path& artifacts) {
    const auto path = artifacts.parent_path() / "script" / "plan.json";
    MINTMARK_TRY(const json::Json value, json::read(path));
    auto plan = from_json(value);
    if (plan) return plan;
    return fail(plan.error().code, fmt::format("{}: {}", path.string(), plan.error().message));
}

Result<DeployPlan> DeployPlan::from_json(const json::Json& value) {
    MINTMARK_TRY(const std::uint64_t format, json::get_u64(value, "format"));
    if (format != kFormat) {
        return fail(ErrorCode::kUnsupported, fmt::format("plan of format {}", format));
    }
    DeployPlan out;
    MINTMARK_TRY(out.salt, json::get_string(value, "salt"));
    MINTMARK_TRY(out.economy, read_steps(value, "economy"));
    MINTMARK_TRY(out.governance, read_steps(value, "governance"));
    return out;
}

Result<AbiValue> PlanNames::value(std::string_view argument) const {
    if (argument == "[]") return AbiValue(std::vector<AbiValue>{});
    if (argument.empty()) return fail(ErrorCode::kMalformed, "an empty argument");
    const std::string rest(argument.substr(1));
    switch (argument[0]) {
        case '$': {
            const auto it = parameters.find(rest);
            if (it != parameters.end()) return it->second;
            return fail(ErrorCode::kNotFound,
                        fmt::format("the plan's parameter {} is unset", rest));
        }
        case '@': {
            const auto it = contracts.find(rest);
            if (it != contracts.end()) return AbiValue(it->second);
            return fail(ErrorCode::kNotFound, fmt::format("the deployment has no {} yet", rest));
        }
        case '=':
            return AbiValue(rest);
        case '%':
            return AbiValue(keccak256(as_bytes(rest)));
        case '&':
            return selector_of(rest);
        case '#':
            return selectors_of(rest);
        default:
            break;
    }
    MINTMARK_TRY(const chain::U256 number, chain::U256::parse(argument));
    return AbiValue(number);
}

Result<std::vector<AbiValue>> PlanNames::values(const std::vector<AbiType>& types,
                                                const std::vector<std::string>& arguments) const {
    Grouping grouping(*this, arguments);
    MINTMARK_TRY(const AbiValue all, grouping.take_all(types));
    if (!grouping.is_used_up()) return fail(ErrorCode::kMalformed, "too many arguments");
    return all.as_items();
}

Result<Bytes32> PlanNames::word(std::string_view argument) const {
    MINTMARK_TRY(const AbiValue found, value(argument));
    if (const auto number = found.as_u256()) return number->to_bytes();
    return found.as_bytes32();
}

Result<std::vector<AbiType>> argument_types(std::string_view signature) {
    const std::size_t open = signature.find('(');
    if (open == std::string_view::npos) {
        return fail(ErrorCode::kMalformed, fmt::format("no function: {}", signature));
    }
    if (signature.substr(open) == "()") return std::vector<AbiType>{};
    MINTMARK_TRY(const AbiType tuple, AbiType::parse(signature.substr(open)));
    return tuple.components;
}

}  // namespace mintmark::market
