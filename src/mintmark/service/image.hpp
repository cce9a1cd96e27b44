// Images as model inputs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::service {

/// Pixels row by row, channels interleaved, 8 bits each.
struct Image {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t channels = 1;  ///< 1 (grey) or 3 (red, green, blue)
    Bytes pixels;
};

/// Decodes PGM (P2, P5) or PNG by its first bytes, into this many channels. Total on any bytes:
/// kMalformed, kUnsupported, kOutOfRange above 2^24 pixels.
[[nodiscard]] Result<Image> decode_image(ByteSpan bytes, std::uint32_t channels);

/// Reads an image for an input of this shape ([…,] [channels,] height, width): channel after
/// channel, scaled to [0, 1]. kInvalidArgument when the sizes differ.
[[nodiscard]] Result<std::vector<double>> image_input(const std::filesystem::path& path,
                                                      const model::Shape& shape);

}  // namespace mintmark::service
