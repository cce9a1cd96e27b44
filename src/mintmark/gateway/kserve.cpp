#include "mintmark/gateway/kserve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace mintmark::gateway {
namespace {

using json::Json;

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 26U;
constexpr std::size_t kMaxId = 256;

struct DataType {
    std::string_view name;
    std::size_t bytes;
    double least, most;  ///< of JSON numbers
    bool is_whole;
};

constexpr double kTwo63 = 9223372036854775808.0;
constexpr std::array<DataType, 12> kTypes = {{{"BOOL", 1, 0, 1, true},
                                              {"UINT8", 1, 0, 255, true},
                                              {"UINT16", 2, 0, 65535, true},
                                              {"UINT32", 4, 0, 4294967295.0, true},
                                              {"UINT64", 8, 0, 2 * kTwo63, true},
                                              {"INT8", 1, -128, 127, true},
                                              {"INT16", 2, -32768, 32767, true},
                                              {"INT32", 4, -2147483648.0, 2147483647.0, true},
                                              {"INT64", 8, -kTwo63, kTwo63, true},
                                              {"FP16", 2, -65504, 65504, false},
                                              {"FP32", 4, -3.5e38, 3.5e38, false},
                                              {"FP64", 8, -1.797e308, 1.797e308, false}}};

std::unexpected<Error> bad(std::string_view where, std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", where, what),
                std::string(where));
}

Result<const DataType*> type_of(const Json& tensor, const std::string& where) {
    MINTMARK_TRY(const std::string name, json::get_string(tensor, "datatype"));
    for (const DataType& type : kTypes) {
        if (type.name == name) return &type;
    }
    if (name == "BYTES") return bad(where, "BYTES tensors are no numbers");
    return bad(where, "unknown datatype");
}

Status check_shape(const Json& tensor, const TensorPort& port) {
    MINTMARK_TRY(const Json shape, json::get_array(tensor, "shape"));
    std::vector<std::uint64_t> dims;
    for (const Json& dim : shape) {
        if (!dim.is_number_unsigned()) return bad(port.name, "shape: must be whole numbers");
        dims.push_back(dim.get<std::uint64_t>());
    }
    if (dims == port.shape) return {};
    return bad(port.name, fmt::format("shape [{}], the model wants [{}]", fmt::join(dims, ","),
                                      fmt::join(port.shape, ",")));
}

Status take_number(const Json& value, const DataType& type, const TensorPort& port,
                   std::vector<double>& out) {
    double number = 0;
    if (value.is_boolean()) {
        number = value.get<bool>() ? 1 : 0;
    } else if (value.is_number()) {
        number = value.get<double>();
    } else {
        return bad(port.name, "data: must be numbers");
    }
    const bool is_fine = number >= type.least && number <= type.most &&
                         (!type.is_whole || number == std::floor(number));
    if (!is_fine) return bad(port.name, fmt::format("data: {} is no {}", number, type.name));
    out.push_back(number);
    return {};
}

/// Flat, or nested as the shape is.
Status take_json(const Json& value, const DataType& type, const TensorPort& port,
                 std::vector<double>& out) {
    if (!value.is_array()) return take_number(value, type, port, out);
    for (const Json& item : value) {
        if (out.size() > port.count()) break;
        MINTMARK_CHECK(take_json(item, type, port, out));
    }
    return {};
}

template <class T>
T read_as(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));  // little-endian, as every machine that we build for
    return value;
}

double half(std::uint16_t bits) {
    const int exponent = bits >> 10U & 31U;
    const double fraction = bits & 1023U;
    const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
    if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

double read_binary(const DataType& type, const char* at) {
    static_assert(std::endian::native == std::endian::little);
    if (type.name == "BOOL") return *at == 0 ? 0 : 1;
    if (type.name == "UINT8") return read_as<std::uint8_t>(at);
    if (type.name == "UINT16") return read_as<std::uint16_t>(at);
    if (type.name == "UINT32") return read_as<std::uint32_t>(at);
    if (type.name == "UINT64") return static_cast<double>(read_as<std::uint64_t>(at));
    if (type.name == "INT8") return read_as<std::int8_t>(at);
    if (type.name == "INT16") return read_as<std::int16_t>(at);
    if (type.name == "INT32") return read_as<std::int32_t>(at);
    if (type.name == "INT64") return static_cast<double>(read_as<std::int64_t>(at));
    if (type.name == "FP16") return half(read_as<std::uint16_t>(at));
    if (type.name == "FP32") return static_cast<double>(read_as<float>(at));
    return read_as<double>(at);
}

Status take_binary(std::string_view bytes, const DataType& type, const TensorPort& port,
                   std::vector<double>& out) {
    if (bytes.size() != port.count() * type.bytes) {
        return bad(port.name, fmt::format("binary_data_size {}, this shape and type take {}",
                                          bytes.size(), port.count() * type.bytes));
    }
    for (std::size_t at = 0; at < bytes.size(); at += type.bytes) {
        out.push_back(read_binary(type, bytes.data() + at));
        if (!std::isfinite(out.back())) return bad(port.name, "data: not finite");
    }
    return {};
}

/// The binary part of the body, taken piece by piece.
class BinaryPart {
  public:
    explicit BinaryPart(std::string_view bytes) : left_(bytes) {}
    [[nodiscard]] Result<std::string_view> take(std::uint64_t size) {
        if (size > left_.size()) {
            return fail(ErrorCode::kMalformed, "the binary tensors are longer than the body");
        }
        const std::string_view out = left_.substr(0, size);
        left_.remove_prefix(size);
        return out;
    }
    [[nodiscard]] bool is_empty() const { return left_.empty(); }

  private:
    std::string_view left_;
};

const Json* parameter(const Json& object, std::string_view name) {
    const Json* parameters = json::find(object, "parameters");
    return parameters == nullptr ? nullptr : json::find(*parameters, name);
}

Status read_input(const Json& tensor, const TensorPort& port, BinaryPart& binary,
                  std::vector<double>& out) {
    MINTMARK_TRY(const DataType* type, type_of(tensor, port.name));
    MINTMARK_CHECK(check_shape(tensor, port));
    const Json* size = parameter(tensor, "binary_data_size");
    const Json* data = json::find(tensor, "data");
    if ((size == nullptr) == (data == nullptr)) {
        return bad(port.name, "needs either data or binary_data_size");
    }
    if (size != nullptr) {
        if (!size->is_number_unsigned()) return bad(port.name, "binary_data_size: no number");
        MINTMARK_TRY(const std::string_view bytes, binary.take(size->get<std::uint64_t>()));
        return take_binary(bytes, *type, port, out);
    }
    if (type->name == "FP16") return bad(port.name, "FP16 has no JSON form; send binary data");
    if (!data->is_array()) return bad(port.name, "data: must be an array");
    MINTMARK_CHECK(take_json(*data, *type, port, out));
    if (out.size() == port.count()) return {};
    return bad(port.name, fmt::format("{} elements, its shape has {}", out.size(), port.count()));
}

std::optional<std::size_t> port_named(const std::vector<TensorPort>& ports,
                                      const std::string& name) {
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (ports[i].name == name) return i;
    }
    return std::nullopt;
}

Status read_inputs(const TensorModel& model, const Json& body, BinaryPart& binary, Tensors& out) {
    const Json* inputs = json::find(body, "inputs");
    if (inputs == nullptr || !inputs->is_array()) return bad("inputs", "must be a list of tensors");
    const auto& ports = model.inputs();
    out.resize(ports.size());
    std::vector<bool> is_there(ports.size());
    for (const Json& tensor : *inputs) {
        MINTMARK_TRY(const std::string name, json::get_string(tensor, "name"));
        const auto port = port_named(ports, name);
        if (!port) return bad("inputs", fmt::format("the model has no input {}", name));
        if (is_there[*port]) return bad("inputs", fmt::format("{} is there twice", name));
        is_there[*port] = true;
        MINTMARK_CHECK(read_input(tensor, ports[*port], binary, out[*port]));
    }
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (!is_there[i]) return bad("inputs", fmt::format("{} is missing", ports[i].name));
    }
    if (!binary.is_empty()) {
        return fail(ErrorCode::kMalformed, "there are bytes behind the last binary tensor");
    }
    return {};
}

Result<bool> flag(const Json* value, bool otherwise) {
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) return bad("parameters", "binary_data: must be true or false");
    return value->get<bool>();
}

Status read_outputs(const TensorModel& model, const Json& body, std::vector<WantedOutput>& out) {
    MINTMARK_TRY(const bool is_binary, flag(parameter(body, "binary_data_output"), false));
    const Json* wanted = json::find(body, "outputs");
    if (wanted == nullptr) {
        for (std::size_t i = 0; i < model.outputs().size(); ++i) out.push_back({i, is_binary});
        return {};
    }
    if (!wanted->is_array() || wanted->size() > model.outputs().size()) {
        return bad("outputs", "must be a list of the model's outputs");
    }
    for (const Json& tensor : *wanted) {
        MINTMARK_TRY(const std::string name, json::get_string(tensor, "name"));
        const auto port = port_named(model.outputs(), name);
        if (!port) return bad("outputs", fmt::format("the model has no output {}", name));
        MINTMARK_TRY(const bool one, flag(parameter(tensor, "binary_data"), is_binary));
        out.push_back({*port, one});
    }
    return {};
}

Result<Verify> read_verify(const Json& body) {
    const Json* value = parameter(body, "verify");
    if (value == nullptr || *value == "none") return Verify::kNone;
    if (*value == "receipt") return Verify::kReceipt;
    if (*value == "zk") return Verify::kZk;
    return bad("verify", "must be none, receipt or zk");
}

Json port_json(const TensorPort& port) {
    return {{"name", port.name}, {"datatype", "FP32"}, {"shape", port.shape}};
}

}  // namespace

Result<TensorCall> read_tensor_call(const TensorModel& model, std::string_view body,
                                    std::optional<std::uint64_t> json_bytes) {
    if (json_bytes.value_or(0) > body.size()) {
        return fail(ErrorCode::kMalformed, "Inference-Header-Content-Length is above the body's");
    }
    const std::size_t split = json_bytes ? static_cast<std::size_t>(*json_bytes) : body.size();
    const auto parsed = json::parse(body.substr(0, split));
    if (!parsed) return fail(ErrorCode::kInvalidArgument, parsed.error().message);
    if (!parsed->is_object()) return bad("body", "must be a JSON object");
    for (const TensorPort& port : model.inputs()) {
        if (port.count() > kMaxElements)
            return fail(ErrorCode::kOutOfRange, "the input is too large");
    }
    TensorCall call;
    if (const Json* id = json::find(*parsed, "id"); id != nullptr) {
        if (!id->is_string() || id->get_ref<const std::string&>().size() > kMaxId) {
            return bad("id", "must be a short text");
        }
        call.id = id->get<std::string>();
    }
    BinaryPart binary(body.substr(split));
    MINTMARK_CHECK(read_inputs(model, *parsed, binary, call.inputs));
    MINTMARK_CHECK(read_outputs(model, *parsed, call.outputs));
    MINTMARK_TRY(call.verify, read_verify(*parsed));
    return call;
}

TensorAnswer write_tensor_answer(const TensorModel& model, const TensorCall& call,
                                 std::string_view name, const Tensors& outputs,
                                 const Json& parameters) {
    Json body = {{"model_name", name}, {"model_version", call.version}};
    if (!call.id.empty()) body["id"] = call.id;
    if (!parameters.empty()) body["parameters"] = parameters;
    std::string binary;
    Json list = Json::array();
    for (const WantedOutput& wanted : call.outputs) {
        Json tensor = port_json(model.outputs()[wanted.port]);
        std::vector<float> values;
        for (const double value : outputs[wanted.port]) values.push_back(static_cast<float>(value));
        if (wanted.is_binary) {
            const std::size_t size = values.size() * sizeof(float);
            tensor["parameters"] = {{"binary_data_size", size}};
            binary.append(reinterpret_cast<const char*>(values.data()), size);
        } else {
            tensor["data"] = values;
        }
        list.push_back(std::move(tensor));
    }
    body["outputs"] = std::move(list);
    TensorAnswer out;
    out.body = json::compact(body);
    if (!binary.empty()) out.json_bytes = out.body.size();
    out.body += binary;
    return out;
}

Json tensor_metadata(const TensorModel& model, std::string_view name, std::string_view version) {
    Json inputs = Json::array();
    Json outputs = Json::array();
    for (const TensorPort& port : model.inputs()) inputs.push_back(port_json(port));
    for (const TensorPort& port : model.outputs()) outputs.push_back(port_json(port));
    Json verify = {"none", "receipt"};
    if (model.can_prove()) verify.push_back("zk");
    return {{"name", name},
            {"versions", Json::array({version})},
            {"platform", "mintmark_integer"},
            {"inputs", inputs},
            {"outputs", outputs},
            {"parameters", {{"verify", verify}}}};
}

std::optional<TensorPath> parse_tensor_path(std::string_view path) {
    constexpr std::string_view kStart = "/v2/models/";
    if (!path.starts_with(kStart)) return std::nullopt;
    path.remove_prefix(kStart.size());
    std::vector<std::string> parts;
    while (true) {
        const std::size_t slash = path.find('/');
        parts.emplace_back(path.substr(0, slash));
        if (parts.back().empty() || parts.size() > 4) return std::nullopt;
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    TensorPath out;
    out.name = parts[0];
    std::size_t next = 1;
    if (parts.size() >= 3 && parts[1] == "versions") {
        out.version = parts[2];
        next = 3;
    }
    if (parts.size() > next + 1) return std::nullopt;
    if (parts.size() == next + 1) {
        out.verb = parts[next];
        if (out.verb != "ready" && out.verb != "infer") return std::nullopt;
    }
    return out;
}

}  // namespace mintmark::gateway
