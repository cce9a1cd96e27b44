#include "mintmark/proof/instances.hpp"

#include <algorithm>

namespace mintmark {
namespace {

struct Part {
    std::size_t values = 0;  ///< public values, or
    std::size_t points = 0;  ///< commitments
};

Part part(const Circuit& circuit, Column column) {
    const bool in = column == Column::kIn;
    if ((in ? circuit.input : circuit.output) == Visibility::kCommitted)
        return {.values = 0, .points = circuit.num_chunks(column)};
    const Tensor& tensor = in ? circuit.input_tensor() : circuit.output_tensor();
    return {.values = num_entries(tensor.axes), .points = 0};
}

void put_words(std::vector<Bytes32>& out, const std::vector<Fr>& values,
               const std::vector<G1Affine>& points) {
    for (const Fr& value : values) out.push_back(value.to_bytes());
    for (const G1Affine& point : points) {
        const Bytes64 bytes = point.to_bytes();
        for (std::size_t half = 0; half < 2; ++half) {
            Bytes32& word = out.emplace_back();
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(32 * half), 32, word.begin());
        }
    }
}

Status take_words(const Part& size, std::span<const Bytes32>& words, std::vector<Fr>& values,
                  std::vector<G1Affine>& points) {
    for (std::size_t i = 0; i < size.values; ++i) {
        const auto value = Fr::from_bytes(words[i]);
        if (!value) return fail(ErrorCode::kMalformed, "instances: value not canonical");
        values.push_back(*value);
    }
    for (std::size_t i = 0; i < size.points; ++i) {
        Bytes64 bytes = {};
        std::ranges::copy(words[2 * i], bytes.begin());
        std::ranges::copy(words[2 * i + 1], bytes.begin() + 32);
        const auto point = G1Affine::from_bytes(bytes);
        if (!point) return fail(ErrorCode::kMalformed, "instances: commitment not on the curve");
        points.push_back(*point);
    }
    words = words.subspan(size.values + 2 * size.points);
    return {};
}

}  // namespace

std::size_t num_instance_words(const Circuit& circuit) noexcept {
    const Part in = part(circuit, Column::kIn);
    const Part out = part(circuit, Column::kOut);
    return in.values + 2 * in.points + out.values + 2 * out.points;
}

std::vector<Bytes32> to_words(const Instances& instances) {
    std::vector<Bytes32> words;
    put_words(words, instances.input, instances.input_commitments);
    put_words(words, instances.output, instances.output_commitments);
    return words;
}

Result<Instances> instances_from_words(const Circuit& circuit, std::span<const Bytes32> words) {
    if (words.size() != num_instance_words(circuit))
        return fail(ErrorCode::kMalformed, "instances: wrong number of words");
    Instances out;
    MINTMARK_CHECK(take_words(part(circuit, Column::kIn), words, out.input, out.input_commitments));
    MINTMARK_CHECK(
        take_words(part(circuit, Column::kOut), words, out.output, out.output_commitments));
    return out;
}

Status check_instances(const Circuit& circuit, const Instances& instances) {
    const Part in = part(circuit, Column::kIn);
    const Part out = part(circuit, Column::kOut);
    if (instances.input.size() != in.values || instances.input_commitments.size() != in.points ||
        instances.output.size() != out.values || instances.output_commitments.size() != out.points)
        return fail(ErrorCode::kMalformed, "instances: wrong number of values or commitments");
    for (const auto* points : {&instances.input_commitments, &instances.output_commitments})
        for (const G1Affine& point : *points)
            if (!point.is_on_curve())
                return fail(ErrorCode::kMalformed, "instances: commitment not on the curve");
    return {};
}

}  // namespace mintmark
