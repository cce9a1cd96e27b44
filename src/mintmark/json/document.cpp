#include "mintmark/json/document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "mintmark/base/plain_text.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::json {
namespace {

constexpr std::size_t kMaxDigits = 17;
constexpr std::size_t kMaxCompared = 64;  ///< members of an object whose keys are compared

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

unsigned byte_at(std::string_view text, std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

bool is_between(unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
}

/// Length of the well-formed UTF-8 sequence of two bytes or more at i (Unicode, table 3-7); 0:
/// none.
std::size_t sequence(std::string_view text, std::size_t i) {
    const unsigned a = byte_at(text, i);
    const unsigned b = byte_at(text, i + 1);
    const bool is_third = is_between(byte_at(text, i + 2), 0x80, 0xBF);
    const bool is_fourth = is_between(byte_at(text, i + 3), 0x80, 0xBF);
    if (is_between(a, 0xC2, 0xDF)) return is_between(b, 0x80, 0xBF) ? 2 : 0;
    if (is_between(a, 0xE0, 0xEF)) {
        const unsigned low = a == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = a == 0xED ? 0x9F : 0xBF;
        return is_between(b, low, high) && is_third ? 3 : 0;
    }
    if (is_between(a, 0xF0, 0xF4)) {
        const unsigned low = a == 0xF0 ? 0x90 : 0x80;
        const unsigned high = a == 0xF4 ? 0x8F : 0xBF;
        return is_between(b, low, high) && is_third && is_fourth ? 4 : 0;
    }
    return 0;
}

/// The four hex digits at i; nullopt: there are none.
std::optional<unsigned> unit(std::string_view text, std::size_t i) {
    unsigned value = 0;
    if (i + 4 > text.size()) return std::nullopt;
    const auto [end, ec] = std::from_chars(text.data() + i, text.data() + i + 4, value, 16);
    if (ec != std::errc() || end != text.data() + i + 4) return std::nullopt;
    return value;
}

void append_utf8(unsigned code, std::string& out) {
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0U | code >> 6U);
    } else {
        if (code < 0x10000) {
            put(0xE0U | code >> 12U);
        } else {
            put(0xF0U | code >> 18U);
            put(0x80U | (code >> 12U & 0x3FU));
        }
        put(0x80U | (code >> 6U & 0x3FU));
    }
    put(0x80U | (code & 0x3FU));
}

/// A checked string's escape at i (its backslash): appends what it means, returns what is behind.
std::size_t append_escape(std::string_view text, std::size_t i, std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const std::size_t name = kNames.find(text[i + 1]);
    if (name != std::string_view::npos) {
        out += kMeant[name];
        return i + 2;
    }
    unsigned code = unit(text, i + 2).value_or(0);
    std::size_t next = i + 6;
    if (is_between(code, 0xD800, 0xDBFF)) {
        code = 0x10000U + ((code & 0x3FFU) << 10U) + (unit(text, i + 8).value_or(0) & 0x3FFU);
        next += 6;
    }
    append_utf8(code, out);
    return next;
}

}  // namespace

/// Accepts less than JSON, unless the text is compact()'s: what it does not take goes to the parser
/// of json.hpp. Iterative, so the depth of a stranger's text is no depth of ours.
class Scanner {
  public:
    Scanner(Document& document, Document::Origin origin)
        : text_(document.text_),
          nodes_(document.nodes_),
          is_ours_(origin == Document::Origin::kOurs) {}

    bool run() {
        nodes_.clear();
        space();
        if (!value()) return false;
        while (depth_ > 0) {
            if (!step()) return false;
        }
        space();
        return i_ == text_.size();
    }

  private:
    using Node = Document::Node;
    struct Open {
        std::uint32_t node;
        bool is_object;
        bool is_first;
    };

    char peek() const { return i_ < text_.size() ? text_[i_] : '\0'; }
    void space() {
        while (i_ < text_.size() && is_space(text_[i_])) ++i_;
    }
    Node& add(Kind kind, std::size_t begin) {
        Node node;
        node.kind = kind;
        node.begin = static_cast<std::uint32_t>(begin);
        node.end = static_cast<std::uint32_t>(i_);
        node.next = static_cast<std::uint32_t>(nodes_.size() + 1);
        return nodes_.emplace_back(node);
    }

    /// One member or item of the innermost open value, or its end.
    bool step() {
        Open& open = open_[depth_ - 1];
        space();
        if (peek() == (open.is_object ? '}' : ']')) return close();
        if (!open.is_first) {
            if (peek() != ',') return false;
            ++i_;
            space();
        }
        open.is_first = false;
        if (open.is_object) {
            if (peek() != '"' || !string()) return false;
            if (nodes_.back().has_escape && !is_ours_) return false;
            nodes_.back().is_key = true;
            space();
            if (peek() != ':') return false;
            ++i_;
            space();
        }
        return value();
    }

    bool close() {
        ++i_;
        // A comma before the end is seen by step(): it wants a value then.
        const Open open = open_[--depth_];
        Node& node = nodes_[open.node];
        node.end = static_cast<std::uint32_t>(i_);
        node.next = static_cast<std::uint32_t>(nodes_.size());
        return !open.is_object || is_ours_ || has_different_keys(open.node);
    }

    std::string_view raw(std::uint32_t node) const {
        const Node& it = nodes_[node];
        return std::string_view(text_).substr(it.begin, it.end - it.begin);
    }

    bool has_different_keys(std::uint32_t object) const {
        const std::uint32_t end = nodes_[object].next;
        std::size_t count = 0;
        for (std::uint32_t i = object + 1; i < end; i = nodes_[i + 1].next) {
            if (++count > kMaxCompared) return false;
            for (std::uint32_t j = object + 1; j < i; j = nodes_[j + 1].next) {
                if (raw(i) == raw(j)) return false;
            }
        }
        return true;
    }

    bool value() {
        switch (peek()) {
            case '{':
            case '[': {
                if (depth_ == kMaxDepth) return false;
                const bool is_object = peek() == '{';
                ++i_;
                open_[depth_++] = {static_cast<std::uint32_t>(nodes_.size()), is_object, true};
                add(is_object ? Kind::kObject : Kind::kArray, i_ - 1);
                return true;
            }
            case '"':
                return string();
            case 't':
                return word("true", Kind::kBoolean);
            case 'f':
                return word("false", Kind::kBoolean);
            case 'n':
                return word("null", Kind::kNull);
            default:
                return number();
        }
    }

    bool word(std::string_view wanted, Kind kind) {
        if (std::string_view(text_).substr(i_, wanted.size()) != wanted) return false;
        const std::size_t begin = i_;
        i_ += wanted.size();
        add(kind, begin);
        return true;
    }

    bool number() {
        const std::size_t begin = i_;
        std::size_t digits = 0;
        const auto run_of_digits = [&] {
            const std::size_t from = i_;
            while (is_digit(peek())) ++i_;
            digits += i_ - from;
            return i_ != from;
        };
        if (peek() == '-') ++i_;
        const bool is_zero = peek() == '0';
        if (!run_of_digits() || (is_zero && digits > 1)) return false;
        if (peek() == '.') {
            ++i_;
            if (!run_of_digits()) return false;
        }
        const bool has_exponent = peek() == 'e' || peek() == 'E';
        if ((digits > kMaxDigits || has_exponent) && !is_ours_) return false;
        if (has_exponent) {
            ++i_;
            if (peek() == '-' || peek() == '+') ++i_;
            if (!run_of_digits()) return false;
        }
        add(Kind::kNumber, begin);
        return true;
    }

    bool string() {
        const std::size_t begin = i_++;
        bool has_escape = false;
        while ((i_ = find_special<'"', '\\'>(text_, i_)) < text_.size()) {
            const auto c = static_cast<unsigned char>(text_[i_]);
            if (c == '"') {
                ++i_;
                add(Kind::kString, begin).has_escape = has_escape;
                return true;
            }
            if (c < 0x20) return false;
            if (c == '\\') {
                has_escape = true;
                if (!escape()) return false;
            } else {
                const std::size_t length = sequence(text_, i_);
                if (length == 0) return false;
                i_ += length;
            }
        }
        return false;
    }

    bool escape() {
        const char c = i_ + 1 < text_.size() ? text_[i_ + 1] : '\0';
        if (c != 'u') {
            i_ += 2;
            return c != '\0' && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        }
        const auto high = unit(text_, i_ + 2);
        i_ += 6;
        if (!high || is_between(*high, 0xDC00, 0xDFFF)) return false;
        if (!is_between(*high, 0xD800, 0xDBFF)) return true;
        if (peek() != '\\' || byte_at(text_, i_ + 1) != 'u') return false;
        const auto low = unit(text_, i_ + 2);
        i_ += 6;
        return low && is_between(*low, 0xDC00, 0xDFFF);
    }

    const std::string& text_;
    std::vector<Node>& nodes_;
    bool is_ours_;
    std::array<Open, kMaxDepth> open_ = {};
    std::size_t depth_ = 0;  ///< of what is open
    std::size_t i_ = 0;
};

bool Document::scan(Origin origin) {
    nodes_.reserve(48);
    return Scanner(*this, origin).run();
}

Result<Document> Document::read(std::string text) {
    Document out;
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::kOutOfRange, "json: longer than 2^32 bytes");
    }
    out.text_ = std::move(text);
    if (out.scan(Origin::kStranger)) return out;
    MINTMARK_TRY(const Json value, parse(out.text_));
    out.text_ = compact(value);
    if (out.text_.size() <= std::numeric_limits<std::uint32_t>::max() && out.scan(Origin::kOurs)) {
        return out;
    }
    return fail(ErrorCode::kOutOfRange, "json: longer than 2^32 bytes");
}

TextSize Document::size() const {
    TextSize out;
    std::string decoded;
    for (const Node& node : nodes_) {
        if (!node.is_key) ++out.children;
        if (node.kind == Kind::kNumber) ++out.numbers;
        if (node.kind != Kind::kString) continue;
        if (!node.has_escape) {
            out.string_bytes += node.end - node.begin - 2;
            continue;
        }
        decoded.clear();
        View(*this, static_cast<std::uint32_t>(&node - nodes_.data())).append_text(decoded);
        out.string_bytes += decoded.size();
    }
    if (out.children > 0) --out.children;  // the root is nobody's
    return out;
}

Kind View::kind() const {
    return document_->nodes_[node_].kind;
}
std::string_view View::raw() const {
    const auto& node = document_->nodes_[node_];
    return std::string_view(document_->text_).substr(node.begin, node.end - node.begin);
}
std::size_t View::at() const {
    return document_->nodes_[node_].begin;
}

void View::append_text(std::string& out) const {
    const auto& node = document_->nodes_[node_];
    if (node.kind != Kind::kString) return;
    const std::string_view inner = raw().substr(1, raw().size() - 2);
    if (!node.has_escape) {
        out += inner;
        return;
    }
    for (std::size_t i = 0; i < inner.size();) {
        if (inner[i] == '\\') {
            i = append_escape(inner, i, out);
        } else {
            out += inner[i++];
        }
    }
}

std::string View::text() const {
    std::string out;
    append_text(out);
    return out;
}

std::optional<std::uint64_t> View::number() const {
    const std::string_view digits = raw();
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (!is(Kind::kNumber) || ec != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<bool> View::boolean() const {
    if (!is(Kind::kBoolean)) return std::nullopt;
    return raw().front() == 't';
}

bool View::is_empty() const {
    return document_->nodes_[node_].next == node_ + 1;
}

std::optional<View> View::find(std::string_view key) const {
    const auto& nodes = document_->nodes_;
    if (nodes[node_].kind != Kind::kObject) return std::nullopt;
    const std::string_view text = document_->text_;
    for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i + 1].next) {
        // Within its quotes; most keys differ in length.
        if (nodes[i].end - nodes[i].begin != key.size() + 2) continue;
        if (text.substr(nodes[i].begin + 1, key.size()) == key) return View(*document_, i + 1);
    }
    return std::nullopt;
}

void Edits::replace(const View& value, std::string with) {
    edits_.push_back({value.at(), value.at() + value.raw().size(), std::move(with)});
}

void Edits::set(const View& object, std::string_view key, std::string_view value) {
    if (const auto member = object.find(key)) return replace(*member, std::string(value));
    const std::size_t end = object.at() + object.raw().size() - 1;  // before its brace
    const bool is_second = std::ranges::any_of(
        edits_, [&](const Edit& edit) { return edit.begin == end && edit.end == end; });
    std::string with(object.is_empty() && !is_second ? "\"" : ",\"");
    with.append(key).append("\":").append(value);
    edits_.push_back({end, end, std::move(with)});
}

std::string Edits::apply() {
    // A few edits, mostly in order; those at one place keep theirs.
    for (auto one = edits_.begin(); one != edits_.end(); ++one) {
        const auto where = std::upper_bound(
            edits_.begin(), one, one->begin,
            [](std::size_t begin, const Edit& edit) { return begin < edit.begin; });
        std::rotate(where, one, one + 1);
    }
    std::size_t size = text_.size();
    for (const Edit& edit : edits_) size += edit.with.size();
    std::string out;
    out.reserve(size);
    std::size_t from = 0;
    for (const Edit& edit : edits_) {
        out.append(text_, from, edit.begin - from);
        out += edit.with;
        from = edit.end;
    }
    out.append(text_, from);
    return out;
}

std::string quoted(std::string_view text) {
    const bool is_plain = std::ranges::all_of(text, [](char c) {
        return c >= ' ' && c != '"' && c != '\\';  // as signed: no byte above 0x7F either
    });
    if (!is_plain) return compact(Json(text));
    std::string out = "\"";
    out.append(text).append("\"");
    return out;
}

}  // namespace mintmark::json
