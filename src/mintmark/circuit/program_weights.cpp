#include "mintmark/circuit/program_weights.hpp"

#include <algorithm>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/byte_io.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark::program {
namespace {

/// ceil(a / b) for b > 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/// l if n = 2^l.
std::optional<unsigned> exact_log(std::int64_t n) {
    if (n <= 0 || (n & (n - 1)) != 0) return std::nullopt;
    return log2_ceil(static_cast<std::uint64_t>(n));
}

}  // namespace

std::uint64_t used_axes(const AxisMap& map) {
    const auto bit = [](unsigned i) { return std::uint64_t{1} << i; };
    switch (map.kind) {
        case MapKind::kAll:
            return 0;
        case MapKind::kEq:
            return bit(map.p);
        case MapKind::kWin:
            return bit(map.p) | bit(map.t);
        case MapKind::kSumWin:
            return map.p == kNoAxis ? 0 : bit(map.p);
        case MapKind::kRegroup:
            return (bit(map.t) - 1) << map.p;
    }
    return 0;
}

bool crosses_by_eq(const Tensor& tensor, const Operand& operand, unsigned mu) {
    unsigned end = tensor.num_vars();
    std::size_t axis = 0;
    for (const AxisMap& map : operand.maps) {
        if (end > mu && map.kind != MapKind::kEq) return false;
        for (std::size_t i = 0; i < map.num_axes(); ++i) end -= tensor.axes[axis++].log();
    }
    return true;
}

Ref Weights::minus_one() {
    const Bytes32 bytes = (-Fr::one()).to_bytes();
    return records_.factor(Kind::kConst, {bytes.begin(), bytes.end()});
}

void Weights::append_at(Product& out, unsigned first, unsigned n, std::uint32_t index) {
    if (n == 0) return;
    ByteWriter record;
    record.put(first, 1);
    record.put(n, 1);
    record.put(index, 4);
    out.push_back(records_.factor(Kind::kAt, std::move(record).take()));
}

void Weights::append_eq(Product& out, unsigned a, unsigned b, unsigned n) {
    if (n == 0) return;
    if (a == 0 && b == z_ && n <= mu_) {
        out.push_back(records_.prefix(n));
        return;
    }
    ByteWriter record;
    for (const unsigned byte : {a, b, n}) record.put(byte, 1);
    out.push_back(records_.factor(Kind::kEq, std::move(record).take()));
}

void Weights::append_below(Product& out, unsigned first, const Axis& axis) {
    append_range(out, first, axis.log(), 0, axis.dim);
}

void Weights::append_range(Product& out, unsigned first, unsigned n, std::uint32_t lo,
                           std::uint32_t hi) {
    const auto below = [&](std::uint32_t bound) {
        Product factor;
        if (bound == (std::uint64_t{1} << n)) return factor;
        ByteWriter record;
        record.put(first, 1);
        record.put(n, 1);
        record.put(bound, 4);
        factor.push_back(records_.factor(Kind::kLt, std::move(record).take()));
        return factor;
    };
    const Product high = below(hi);
    if (lo == 0) {
        out.insert(out.end(), high.begin(), high.end());
        return;
    }
    Product low = below(lo);
    low.push_back(minus_one());
    out.push_back(records_.sum({high, low}));
}

void Weights::flush(Product& out, Run& run) {
    append_eq(out, run.a, run.b, run.n);
    run = {};
}

bool Weights::append_operand(Product& out, std::vector<Slice>& spread,
                             const std::vector<EnvPoint>& env, const Tensor& tensor,
                             const Operand& operand, std::uint32_t t) {
    const bool spreads = crosses_by_eq(tensor, operand, mu_);
    unsigned position = 0;
    std::size_t axis = tensor.axes.size();
    Run run;
    for (auto map = operand.maps.rbegin(); map != operand.maps.rend(); ++map) {
        axis -= map->num_axes();
        const std::span<const Axis> axes = std::span(tensor.axes).subspan(axis, map->num_axes());
        unsigned vars = 0;
        for (const Axis& a : axes) vars += a.log();
        const Place at = place(position, vars, t);
        position += vars;
        if (map->kind == MapKind::kAll) continue;
        if (map->kind == MapKind::kEq) {
            append_eq_map(out, spread, run, env[map->p], at, spreads);
            continue;
        }
        if (map->kind == MapKind::kRegroup) {
            append_regroup(out, spread, run,
                           {std::span(env).subspan(map->p, map->t), axes, at.position, t, spreads});
            continue;
        }
        flush(out, run);
        const bool is_win = map->kind == MapKind::kWin;
        const std::int64_t begin = std::int64_t{at.chunk} << at.inside;
        Window window{.p = {},
                      .t = {},
                      .taps = is_win ? env[map->t].axis.dim : map->taps(),
                      .stride = map->stride,
                      .dilation = map->dilation,
                      .offset = map->offset - begin,
                      .dim = std::clamp(std::int64_t{axes[0].dim} - begin, std::int64_t{0},
                                        std::int64_t{1} << at.inside),
                      .first = z_ + at.position,
                      .n = at.inside};
        if (is_win || map->p != kNoAxis) window.p = env[map->p];
        if (is_win) window.t = env[map->t];
        if (is_win && env[map->p].axis.dim < window.taps && exact_log(window.dilation))
            window.swap_axes();
        if (!append_window(out, window)) return false;
    }
    flush(out, run);
    return true;
}

void Weights::append_eq_map(Product& out, std::vector<Slice>& spread, Run& run, const EnvPoint& p,
                            const Place& at, bool spreads) {
    if (at.vars == 0) return;
    if (at.inside != 0) {
        const unsigned b = z_ + at.position;
        if (run.n != 0 && run.a + run.n == p.first && run.b + run.n == b) {
            run.n += at.inside;
        } else {
            flush(out, run);
            run = {p.first, b, at.inside};
        }
    }
    if (at.inside == at.vars) return;
    const unsigned first = p.first + at.inside;
    const unsigned count = at.vars - at.inside;
    if (spreads)
        spread.push_back({static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(count)});
    else
        append_at(out, first, count, at.chunk);
}

void Weights::Window::swap_axes() {
    std::swap(p, t);
    std::swap(stride, dilation);
    taps = t->axis.dim;
}

bool Weights::append_window(Product& out, const Window& window) {
    std::vector<Product> products = window_products(window);
    if (products.empty()) return false;
    if (products.size() == 1)
        out.insert(out.end(), products[0].begin(), products[0].end());
    else
        out.push_back(records_.sum(products));
    return true;
}

std::vector<Product> Weights::window_products(const Window& w) {
    if (!w.t && w.dilation == 1 && w.num_rows() < w.taps) return ranges(w);
    std::vector<Product> products;
    for (std::uint32_t b = 0; b < w.taps && taps_left() && !records_.too_long(); ++b) {
        ++taps_;
        const std::int64_t k = w.dilation * b + w.offset;
        Product product;
        if (w.p) {
            if (w.t) append_at(product, w.t->first, w.t->axis.log(), b);
            if (!append_tap(product, w, k)) continue;
        } else {
            if (k < 0 || k >= w.dim) continue;
            append_at(product, w.first, w.n, static_cast<std::uint32_t>(k));
        }
        products.push_back(std::move(product));
    }
    return products;
}

std::vector<Product> Weights::ranges(const Window& w) {
    std::vector<Product> products;
    for (std::uint32_t a = 0; a < w.num_rows() && taps_left() && !records_.too_long(); ++a) {
        ++taps_;
        const std::int64_t begin = w.stride * a + w.offset;
        const std::int64_t low = std::max(begin, std::int64_t{0});
        const std::int64_t high = std::min(begin + std::int64_t{w.taps}, w.dim);
        if (low >= high) continue;
        Product row;
        if (w.p) append_at(row, w.p->first, w.p->axis.log(), a);
        append_between(products, std::move(row), w, low, high);
    }
    return products;
}

void Weights::append_between(std::vector<Product>& out, Product row, const Window& w,
                             std::int64_t low, std::int64_t high) {
    const auto below = [&](std::int64_t bound) {
        append_range(out.emplace_back(row), w.first, w.n, 0, static_cast<std::uint32_t>(bound));
    };
    if (low + 1 == high) {
        append_at(row, w.first, w.n, static_cast<std::uint32_t>(low));
        out.push_back(std::move(row));
        return;
    }
    below(high);
    if (low == 0) return;
    below(low);
    out.back().push_back(minus_one());
}

bool Weights::append_tap(Product& out, const Window& w, std::int64_t k) {
    const std::optional<unsigned> low = exact_log(w.stride);
    if (!low || *low > w.n) return append_dense(out, w, k);
    const std::int64_t shift = k >> *low;
    const std::int64_t bound = std::min(std::int64_t{w.p->axis.dim}, ceil_div(w.dim - k, w.stride));
    if (bound <= std::max(-shift, std::int64_t{0})) return false;
    append_at(out, w.first, *low, static_cast<std::uint32_t>(k & (w.stride - 1)));
    const unsigned na = w.p->axis.log();
    const unsigned nb = w.n - *low;
    if (shift == 0 && na == nb && bound == (std::int64_t{1} << na)) {
        append_eq(out, w.p->first, w.first + *low, na);
        return true;
    }
    ByteWriter record;
    record.put(w.p->first, 1);
    record.put(na, 1);
    record.put(w.first + *low, 1);
    record.put(nb, 1);
    record.put(static_cast<std::uint32_t>(shift), 4);
    record.put(static_cast<std::uint64_t>(bound), 4);
    out.push_back(records_.factor(Kind::kShift, std::move(record).take()));
    return true;
}

bool Weights::append_dense(Product& out, const Window& w, std::int64_t k) {
    const std::int64_t first = std::max(ceil_div(-k, w.stride), std::int64_t{0});
    if (first >= w.p->axis.dim || w.stride * first + k >= w.dim) return false;
    ByteWriter record;
    record.put(w.p->first, 1);
    record.put(w.p->axis.log(), 1);
    record.put(w.first, 1);
    record.put(w.n, 1);
    record.put(w.p->axis.dim, 3);
    record.put(static_cast<std::uint64_t>(w.dim), 4);
    record.put(static_cast<std::uint64_t>(w.stride), 2);
    record.put(static_cast<std::uint64_t>(k), 6);
    out.push_back(records_.factor(Kind::kDense, std::move(record).take()));
    return true;
}

}  // namespace mintmark::program
