// Einsum of one or two operands: sums, then one product of matrices with batches.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

struct Equation {
    std::vector<std::string> operands;
    std::string result;
};

bool has(const std::string& letters, char c) {
    return letters.find(c) != std::string::npos;
}

/// Writes each ellipsis as digits, one for each axis that it stands for (the last ones of `axes`).
Result<std::string> spelled(const NodeView& node, const std::string& text, std::size_t rank,
                            std::string& axes) {
    const std::size_t at = text.find("...");
    if (at == std::string::npos) return text;
    const std::size_t letters = text.size() - 3;
    if (rank < letters || rank - letters > 8)
        return node.malformed("the equation does not fit an input's rank");
    static constexpr std::string_view kDigits = "76543210";
    const std::string mine(kDigits.substr(8 - (rank - letters)));
    if (mine.size() > axes.size()) axes = mine;
    return text.substr(0, at) + mine + text.substr(at + 3);
}

/// "ab,bc->ac"; without an arrow the letters that occur once, in order, after the ellipsis' axes.
Result<Equation> read_equation(const NodeView& node) {
    MINTMARK_TRY(std::string text, node.string_attribute("equation", ""));
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    std::string left = text.substr(0, arrow);
    Equation out;
    for (std::size_t comma = 0; comma != std::string::npos;) {
        comma = left.find(',');
        out.operands.push_back(left.substr(0, comma));
        left = comma == std::string::npos ? "" : left.substr(comma + 1);
    }
    std::string axes;
    for (std::size_t i = 0; i < out.operands.size(); ++i) {
        MINTMARK_TRY(const ValueId id, node.input(i));
        MINTMARK_TRY(out.operands[i], spelled(node, out.operands[i], node.shape(id).size(), axes));
    }
    if (arrow != std::string::npos) {
        out.result = text.substr(arrow + 2);
        const std::size_t dots = out.result.find("...");
        if (dots != std::string::npos) out.result.replace(dots, 3, axes);
    } else {
        std::string all;
        for (const std::string& letters : out.operands) all += letters;
        std::string sorted = all;
        std::ranges::sort(sorted);
        out.result = axes;
        for (const char c : sorted)
            if (std::ranges::count(all, c) == 1 && !has(axes, c)) out.result.push_back(c);
    }
    return out;
}

/// Positions of the diagonal in a flattened square.
Ints diagonal_of(std::uint32_t dim) {
    Ints out;
    for (std::int64_t i = 0; i < dim; ++i) out.push_back(i * dim + i);
    return out;
}

Status check(const NodeView& node, const std::string& letters, std::size_t rank) {
    if (letters.size() != rank) return node.malformed("the equation does not fit an input's rank");
    for (const char c : letters) {
        if (std::ranges::count(letters, c) != 1)
            return node.unsupported(fmt::format("index '{}' twice in one operand", c));
    }
    return {};
}

/// A letter that an operand has twice stands for its diagonal; `letters` loses the second.
Result<ValueId> diagonal(const NodeView& node, ValueId x, std::string& letters) {
    for (std::size_t second = 1; second < letters.size();) {
        const std::size_t first = letters.find(letters[second]);
        if (first == second) {
            ++second;
            continue;
        }
        const Shape in = node.shape(x);
        if (in.size() != letters.size() || in[first] != in[second])
            return node.malformed(fmt::format("index '{}' has two dims", letters[second]));
        MINTMARK_TRY(x, axis_to_end(node, x, static_cast<std::uint32_t>(first)));
        MINTMARK_TRY(x, axis_to_end(node, x, static_cast<std::uint32_t>(second - 1)));
        const std::uint32_t dim = in[first];
        Shape square = node.shape(x);
        square.pop_back();
        square.back() = dim * dim;
        MINTMARK_TRY(x, reshaped(node, x, square));
        MINTMARK_TRY(
            x, selected(node, x, static_cast<std::uint32_t>(square.size() - 1), diagonal_of(dim)));
        const char letter = letters[second];
        letters.erase(second, 1);
        letters.erase(first, 1);
        letters.push_back(letter);
        second = 1;
    }
    return x;
}

/// Sums over the letters that nobody else needs, and puts the others in the order of `order`.
Result<ValueId> arrange(const NodeView& node, ValueId x, std::string letters,
                        const std::string& order) {
    std::vector<std::uint32_t> summed;
    Shape kept;
    std::string left;
    for (std::uint32_t axis = 0; axis < letters.size(); ++axis) {
        if (has(order, letters[axis])) {
            kept.push_back(node.shape(x)[axis]);
            left.push_back(letters[axis]);
        } else {
            summed.push_back(axis);
        }
    }
    if (!summed.empty()) {
        MINTMARK_TRY(x, reduced(node, x, summed, Reduction::kSum));
        MINTMARK_TRY(x, reshaped(node, x, kept));
    }
    std::vector<std::uint32_t> perm;
    for (const char c : order) {
        if (has(left, c)) perm.push_back(static_cast<std::uint32_t>(left.find(c)));
    }
    return transposed(node, x, perm);
}

/// Product of the leading `count` dims of `shape` after `first`.
std::uint32_t merged(const Shape& shape, std::size_t first, std::size_t count) {
    const auto begin = shape.begin() + static_cast<std::ptrdiff_t>(first);
    return static_cast<std::uint32_t>(
        element_count(Shape(begin, begin + static_cast<std::ptrdiff_t>(count))));
}

Result<ValueId> product(const NodeView& node, const Equation& e, ValueId a, ValueId b) {
    const std::string &left = e.operands[0], &right = e.operands[1];
    std::string batch, inner, rows, columns;
    for (const char c : left) {
        if (has(right, c)) {
            (has(e.result, c) ? batch : inner).push_back(c);
        } else if (has(e.result, c)) {
            rows.push_back(c);
        }
    }
    for (const char c : right)
        if (!has(left, c) && has(e.result, c)) columns.push_back(c);
    MINTMARK_TRY(a, arrange(node, a, left, batch + rows + inner));
    MINTMARK_TRY(b, arrange(node, b, right, batch + inner + columns));
    const Shape sa = node.shape(a), sb = node.shape(b);
    const std::size_t n = batch.size();
    const std::uint32_t depth = merged(sa, n + rows.size(), inner.size());
    if (!std::equal(sa.begin(), sa.begin() + static_cast<std::ptrdiff_t>(n), sb.begin()) ||
        depth != merged(sb, n, inner.size())) {
        return node.malformed("the operands' dims differ");
    }
    const std::uint32_t count = merged(sa, 0, n);
    MINTMARK_TRY(a, reshaped(node, a, {count, merged(sa, n, rows.size()), depth}));
    MINTMARK_TRY(b,
                 reshaped(node, b, {count, depth, merged(sb, n + inner.size(), columns.size())}));
    MINTMARK_TRY(ValueId y, multiplied(node, a, b));
    Shape whole(sa.begin(), sa.begin() + static_cast<std::ptrdiff_t>(n + rows.size()));
    whole.insert(whole.end(), sb.begin() + static_cast<std::ptrdiff_t>(n + inner.size()), sb.end());
    MINTMARK_TRY(y, reshaped(node, y, whole));
    return arrange(node, y, batch + rows + columns, e.result);
}

Result<ValueId> import_einsum(const NodeView& node) {
    if (node.num_inputs() > 2) return node.unsupported("more than two operands");
    MINTMARK_TRY(Equation e, read_equation(node));
    if (e.operands.size() != node.num_inputs())
        return node.malformed("the equation has another number of operands");
    MINTMARK_TRY(ValueId a, node.real_input(0));
    MINTMARK_TRY(a, diagonal(node, a, e.operands[0]));
    MINTMARK_CHECK(check(node, e.operands[0], node.shape(a).size()));
    std::string all = e.operands[0];
    ValueId b = a;
    if (e.operands.size() == 2) {
        MINTMARK_TRY(b, node.real_input(1));
        MINTMARK_TRY(b, diagonal(node, b, e.operands[1]));
        MINTMARK_CHECK(check(node, e.operands[1], node.shape(b).size()));
        all += e.operands[1];
    }
    MINTMARK_CHECK(check(node, e.result, e.result.size()));
    for (const char c : e.result)
        if (!has(all, c)) return node.malformed(fmt::format("index '{}' in the result only", c));
    if (e.operands.size() == 1) return arrange(node, a, e.operands[0], e.result);
    return product(node, e, a, b);
}

}  // namespace

void add_einsum_importer(ImporterMap& map) {
    map["Einsum"] = import_einsum;
}

}  // namespace mintmark::model
