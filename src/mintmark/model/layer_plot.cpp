#include <fmt/format.h>

#include <algorithm>

#include "mintmark/model/layer_report.hpp"

namespace mintmark::model {
namespace {

constexpr double kLeft = 330, kBar = 420, kRow = 18, kTop = 60;
constexpr double kLoudest = 120;  // dB at the right end

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (byte >= 0x20 && byte < 0x7f)
            out += c;
        else
            out += '?';
    }
    return out.size() > 48 ? out.substr(0, 47) + "~" : out;
}

std::string text(double x, double y, std::string_view anchor, std::string_view content) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                       anchor, content);
}

}  // namespace

std::string plot_svg(std::span<const LayerError> layers) {
    const double height = kTop + kRow * static_cast<double>(layers.size()) + 20;
    const double width = kLeft + kBar + 150;
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "font-family=\"monospace\" font-size=\"11\">\n"
        "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
        width, height);
    out += text(10, 20, "start", "Where the quantisation error comes from");
    out += text(kLeft, 40, "start", "bars: share of the output's error; line: SQNR, 0 to 120 dB");
    std::string line;
    double most = 0;
    for (const LayerError& layer : layers) most = std::max(most, layer.share.value_or(0));
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const LayerError& layer = layers[i];
        const double y = kTop + kRow * static_cast<double>(i);
        const double share = layer.share.value_or(0);
        out += text(kLeft - 8, y + 12, "end", escaped(layer.op_type + " " + layer.name));
        out += fmt::format(
            "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" fill=\"#4477aa\"/>\n",
            kLeft, y + 2, most > 0 ? kBar * share / most : 0);
        const std::string figures =
            fmt::format("{:.1f} %  {} bits", 100 * share, static_cast<int>(layer.bits));
        out += text(kLeft + kBar + 8, y + 12, "start", figures);
        const double level = std::clamp(layer.sqnr_db.value_or(kLoudest), 0.0, kLoudest);
        line += fmt::format("{:.1f},{:.1f} ", kLeft + kBar * level / kLoudest, y + 8);
    }
    out +=
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"#cc6677\"/>\n</svg>\n", line);
    return out;
}

}  // namespace mintmark::model
