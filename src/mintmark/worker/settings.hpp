// settings.json: how a model is quantised and compiled; written by gen-settings, completed by
// calibrate-settings, read by compile-circuit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::worker {

/// What the user decides about a model. Everything has a default.
struct Settings {
    std::string model_path = "network.onnx";
    std::string weights_path = {};  ///< a safetensors file with (some of) the weights
    std::uint32_t batch_size = 1;   ///< binds a dynamic first dimension
    std::map<std::string, std::uint32_t> dims = {};  ///< binds other named dimensions
    Visibility input = Visibility::kCommitted;
    Visibility output = Visibility::kPublic;
    Exposure exposure = {};
    compiler::Optimise optimise = compiler::Optimise::kBalanced;
    model::QuantOptions quant = {};
    /// Calibration samples, at most kMaxSamples: ranges of activations come from them.
    std::vector<model::Sample> samples = {};
    std::optional<model::QuantReport> report = {};  ///< set by calibrate-settings

    static constexpr std::size_t kMaxSamples = 256;

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed naming the field, kUnsupported for a newer format.
    [[nodiscard]] static Result<Settings> from_json(const json::Json& value);
    [[nodiscard]] static Result<Settings> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;
};

/// A visibility as the user named it.
struct ChosenVisibility {
    Visibility visibility = Visibility::kCommitted;
    bool is_private = false;  ///< then visibility is kCommitted
    std::string notice = {};  ///< what he should be told; may be empty
};

/// "public", "committed" or "private" of an input or an output. ezkl's "hashed", "polycommit",
/// "encrypted" and "fixed" mean committed here. kInvalidArgument otherwise.
[[nodiscard]] Result<ChosenVisibility> parse_visibility(std::string_view text);
/// Of the weights: as above, but "private" is committed too, with a notice that says why.
[[nodiscard]] Result<ChosenVisibility> parse_weight_visibility(std::string_view text);
[[nodiscard]] std::string_view visibility_name(Visibility visibility,
                                               bool is_private = false) noexcept;

/// "balanced", "prove" or "gas"; kInvalidArgument.
[[nodiscard]] Result<compiler::Optimise> parse_optimise(std::string_view text);
[[nodiscard]] std::string_view optimise_name(compiler::Optimise optimise) noexcept;

[[nodiscard]] json::Json to_json(const model::QuantReport& report);

}  // namespace mintmark::worker
