// The plan of a deployment: contracts/script/plan.json, which the Foundry script follows, too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/abi.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::market {

/// One transaction. An argument is a word or a text, told by its first character:
///   $name parameter · @Name address of a contract · =text string · %text Keccak-256 of a text ·
///   &text its first four bytes (a selector) · #f() g() selectors of several functions ·
///   [] an empty list · digits: a number. Tuples and fixed arrays are written out word by word.
struct PlanStep {
    std::string contract;  ///< that is created, or called
    std::string function;  ///< empty: creates
    std::vector<std::string> arguments;
    std::string done;  ///< a view of the contract: the call was made when it returns `equals`
    std::vector<std::string> done_arguments;
    std::string equals;
    std::vector<std::string> unless;  ///< two arguments: the call is left out when they are equal
};

struct DeployPlan {
    std::string salt;
    std::vector<PlanStep> economy;
    std::vector<PlanStep> governance;

    /// The plan beside forge's `out` folder (../script/plan.json); kNotFound, kMalformed,
    /// kUnsupported.
    [[nodiscard]] static Result<DeployPlan> beside(const std::filesystem::path& artifacts);
    [[nodiscard]] static Result<DeployPlan> from_json(const json::Json& value);
};

/// What the arguments of a plan stand for.
struct PlanNames {
    std::map<std::string, chain::AbiValue> parameters = {};
    std::map<std::string, Address> contracts = {};

    /// One argument; kNotFound for a name without a value, kMalformed.
    [[nodiscard]] Result<chain::AbiValue> value(std::string_view argument) const;
    /// Arguments grouped as the types want them; kMalformed when there are too few or too many.
    [[nodiscard]] Result<std::vector<chain::AbiValue>> values(
        const std::vector<chain::AbiType>& types, const std::vector<std::string>& arguments) const;
    /// As a 32-byte word; kMalformed for a text or a list.
    [[nodiscard]] Result<Bytes32> word(std::string_view argument) const;
};

/// Types of "name(type,…)"; kMalformed.
[[nodiscard]] Result<std::vector<chain::AbiType>> argument_types(std::string_view signature);

}  // namespace mintmark::market
