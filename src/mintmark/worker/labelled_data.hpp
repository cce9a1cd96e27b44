// Labelled samples from files: JSON as ezkl writes inputs, or IDX as MNIST comes (also gzipped).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::worker {

struct LabelledData {
    std::vector<model::Sample> samples;
    std::vector<std::uint32_t> labels;  ///< one per sample
};

struct LabelledFiles {
    std::filesystem::path data;    ///< input.json, or an IDX file of images
    std::filesystem::path labels;  ///< IDX, or a JSON list; empty: "labels" in the JSON data
    double pixel_scale = 255;      ///< IDX bytes are divided by it
    std::size_t max_samples = 0;   ///< keep the first ones; 0: all
};

/// Reads and cuts the data into samples of the model's inputs. kNotFound, kMalformed for files;
/// kInvalidArgument when sizes or numbers do not fit.
[[nodiscard]] Result<LabelledData> read_labelled(const LabelledFiles& files,
                                                 const std::vector<model::Shape>& inputs);

/// An IDX file's numbers: dims, then the values row-major. Types 0x08 (bytes), 0x09 (signed bytes),
/// 0x0B, 0x0C (integers), 0x0D, 0x0E (reals). Total on any bytes: kMalformed, kOutOfRange above
/// 2^28 values.
struct IdxTensor {
    std::vector<std::uint32_t> dims;
    std::vector<double> values;
    bool is_bytes = false;  ///< type 0x08
};
[[nodiscard]] Result<IdxTensor> decode_idx(ByteSpan bytes);

}  // namespace mintmark::worker
