#include "mintmark/service/image.hpp"

#include <fmt/format.h>
#include <png.h>

#include <array>
#include <cctype>
#include <optional>

#include "mintmark/base/file.hpp"

namespace mintmark::service {
namespace {

constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 28U;
constexpr std::array<std::uint8_t, 4> kPngMagic = {0x89, 'P', 'N', 'G'};

/// Numbers of a PGM file: separated by white space, '#' begins a comment.
class PgmReader {
  public:
    explicit PgmReader(ByteSpan bytes) : bytes_(bytes) {}

    std::optional<std::uint32_t> number() {
        skip_space();
        if (at_ >= bytes_.size() || std::isdigit(bytes_[at_]) == 0) return std::nullopt;
        std::uint64_t value = 0;
        while (at_ < bytes_.size() && std::isdigit(bytes_[at_]) != 0) {
            value = 10 * value + (bytes_[at_++] - '0');
            if (value > kMaxPixels) return std::nullopt;
        }
        return static_cast<std::uint32_t>(value);
    }
    /// What follows the one white-space byte behind the header.
    ByteSpan rest() const { return bytes_.subspan(std::min(at_ + 1, bytes_.size())); }
    void skip(std::size_t count) { at_ += count; }

  private:
    void skip_space() {
        while (at_ < bytes_.size() && (std::isspace(bytes_[at_]) != 0 || bytes_[at_] == '#')) {
            if (bytes_[at_] == '#') {
                while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
            } else {
                ++at_;
            }
        }
    }

    ByteSpan bytes_;
    std::size_t at_ = 0;
};

std::unexpected<Error> broken(std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format("broken image: {}", what));
}

Result<Image> decode_pgm(ByteSpan bytes) {
    PgmReader reader(bytes);
    reader.skip(2);
    const auto width = reader.number();
    const auto height = reader.number();
    const auto top = reader.number();
    if (!width || !height || !top || *width == 0 || *height == 0) return broken("PGM header");
    if (*top == 0 || *top > 255) {
        return fail(ErrorCode::kUnsupported, "PGM images of up to 255 grey levels are read");
    }
    const std::uint64_t count = std::uint64_t{*width} * *height;
    if (count > kMaxPixels) return fail(ErrorCode::kOutOfRange, "the image is too large");
    Image out{*width, *height, 1, {}};
    const bool is_binary = bytes[1] == '5';
    const ByteSpan raw = reader.rest();
    if (is_binary && raw.size() < count) return broken("it is truncated");
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto value = is_binary ? std::optional<std::uint32_t>(raw[i]) : reader.number();
        if (!value || *value > *top) return broken("pixel data");
        out.pixels.push_back(static_cast<std::uint8_t>(*value * 255 / *top));
    }
    return out;
}

Result<Image> decode_png(ByteSpan bytes, std::uint32_t channels) {
    png_image png = {};
    png.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
        return broken(png.message);
    }
    png.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    if (std::uint64_t{png.width} * png.height > kMaxPixels) {
        png_image_free(&png);
        return fail(ErrorCode::kOutOfRange, "the image is too large");
    }
    Image out{png.width, png.height, channels, Bytes(PNG_IMAGE_SIZE(png))};
    const png_color black = {0, 0, 0};
    if (png_image_finish_read(&png, &black, out.pixels.data(), 0, nullptr) == 0) {
        return broken(png.message);
    }
    return out;
}

}  // namespace

Result<Image> decode_image(ByteSpan bytes, std::uint32_t channels) {
    if (bytes.size() > 4 && std::equal(kPngMagic.begin(), kPngMagic.end(), bytes.begin())) {
        return decode_png(bytes, channels);
    }
    if (bytes.size() > 2 && bytes[0] == 'P' && (bytes[1] == '2' || bytes[1] == '5')) {
        if (channels != 1) {
            return fail(ErrorCode::kInvalidArgument, "the model wants colour, a PGM file is grey");
        }
        return decode_pgm(bytes);
    }
    return fail(ErrorCode::kUnsupported, "this is neither a PNG nor a PGM image");
}

Result<std::vector<double>> image_input(const std::filesystem::path& path,
                                        const model::Shape& shape) {
    const std::size_t rank = shape.size();
    const std::uint32_t width = rank >= 1 ? shape[rank - 1] : 0;
    const std::uint32_t height = rank >= 2 ? shape[rank - 2] : 0;
    const std::uint32_t channels = rank >= 3 ? shape[rank - 3] : 1;
    if (rank < 2 || (channels != 1 && channels != 3) ||
        model::element_count(shape) != std::size_t{channels} * width * height) {
        return fail(ErrorCode::kInvalidArgument, "the model's input is no image",
                    "give the input as numbers with --data input.json");
    }
    MINTMARK_TRY(const Bytes bytes, read_file(path, kMaxFileBytes));
    auto image = decode_image(bytes, channels);
    if (!image) {
        return fail(image.error().code, fmt::format("{}: {}", path.string(), image.error().message),
                    image.error().hint);
    }
    if (image->width != width || image->height != height) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} is {}×{}, the model wants {}×{}", path.string(), image->width,
                                image->height, width, height),
                    "scale it first");
    }
    std::vector<double> out;
    out.reserve(image->pixels.size());
    for (std::uint32_t c = 0; c < channels; ++c) {
        for (std::size_t i = c; i < image->pixels.size(); i += channels) {
            out.push_back(image->pixels[i] / 255.0);
        }
    }
    return out;
}

}  // namespace mintmark::service
