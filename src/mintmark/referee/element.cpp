#include "mintmark/referee/element.hpp"

#include <vector>

#include "mintmark/base/assert.hpp"

namespace mintmark::referee {
namespace {

struct Env {
    std::vector<std::uint64_t> index;
    std::vector<std::uint32_t> dims;

    /// Appends the row-major digits of `place` over `more`.
    void push(std::span<const std::uint32_t> more, std::uint64_t place) {
        const std::size_t begin = dims.size();
        dims.insert(dims.end(), more.begin(), more.end());
        index.resize(dims.size());
        for (std::size_t i = dims.size(); i-- > begin;) {
            index[i] = place % dims[i];
            place /= dims[i];
        }
        MINTMARK_ASSERT(place == 0);
    }
};

std::uint64_t choices(const ReadMap& map) noexcept {
    if (map.kind == ReadKind::kAll) return map.dim;
    return map.kind == ReadKind::kSumWin ? map.taps : 1;
}

std::uint64_t num_reads(const ProgramOperand& operand) noexcept {
    std::uint64_t out = 1;
    for (const ReadMap& map : operand.maps) out *= choices(map);
    return out;
}

std::uint64_t num_terms(const ProgramProd& prod) noexcept {
    std::uint64_t out = num_reads(prod.a) * num_reads(prod.b);
    for (const std::uint32_t dim : prod.contraction) out *= dim;
    return out;
}

std::int64_t entry(const ReadMap& map, const Env& env, std::uint64_t choice) {
    switch (map.kind) {
        case ReadKind::kAll:
            return static_cast<std::int64_t>(choice);
        case ReadKind::kEq:
            return static_cast<std::int64_t>(env.index[map.p]);
        case ReadKind::kRegroup: {
            std::uint64_t place = 0;
            for (std::size_t i = map.p; i < std::size_t{map.p} + map.t; ++i)
                place = place * env.dims[i] + env.index[i];
            return static_cast<std::int64_t>(place);
        }
        case ReadKind::kWin:
        case ReadKind::kSumWin:
            break;
    }
    const bool is_win = map.kind == ReadKind::kWin;
    const std::uint64_t first = !is_win && map.p == kNoAxis ? 0 : env.index[map.p];
    const std::uint64_t second = is_win ? env.index[map.t] : choice;
    return static_cast<std::int64_t>(first * map.stride + second * map.dilation) + map.offset;
}

Read read(const ProgramOperand& operand, const Env& env, std::uint64_t choice) {
    Read out{.source = operand.source, .limb = operand.limb, .index = operand.base};
    std::uint64_t stride = 1;
    for (std::size_t i = operand.maps.size(); i-- > 0;) {
        const ReadMap& map = operand.maps[i];
        const std::int64_t at = entry(map, env, choice % choices(map));
        choice /= choices(map);
        if (at < 0 || at >= std::int64_t{map.dim})
            out.is_zero = true;
        else
            out.index += stride * static_cast<std::uint64_t>(at);
        stride *= map.dim;
    }
    return out;
}

Term constant(const ProgramConst& term, const Env& env) {
    bool inside = true;
    for (std::size_t i = 0; i < env.index.size(); ++i)
        inside = inside && env.index[i] >= term.lo[i] && env.index[i] < term.hi[i];
    return {.coef = inside ? term.coef : Int128{0}};
}

Term product(const ProgramProd& prod, Env env, std::uint64_t term) {
    const std::uint64_t reads_a = num_reads(prod.a), reads_b = num_reads(prod.b);
    env.push(prod.contraction, term / reads_b / reads_a);
    return {.coef = prod.coef,
            .factors = 2,
            .a = read(prod.a, env, term / reads_b % reads_a),
            .b = read(prod.b, env, term % reads_b)};
}

}  // namespace

std::uint64_t num_terms(const ProgramStep& step) noexcept {
    std::uint64_t out = step.consts.size();
    for (const ProgramLin& lin : step.lins) out += num_reads(lin.operand);
    for (const ProgramProd& prod : step.prods) out += num_terms(prod);
    return out;
}

Term term_at(const ProgramStep& step, std::uint64_t element, std::uint64_t term) {
    Env env;
    env.push(step.dims, element);
    if (term < step.consts.size()) return constant(step.consts[term], env);
    term -= step.consts.size();
    for (const ProgramLin& lin : step.lins) {
        const std::uint64_t reads = num_reads(lin.operand);
        if (term < reads)
            return {.coef = lin.coef, .factors = 1, .a = read(lin.operand, env, term)};
        term -= reads;
    }
    for (const ProgramProd& prod : step.prods) {
        const std::uint64_t terms = num_terms(prod);
        if (term < terms) return product(prod, std::move(env), term);
        term -= terms;
    }
    MINTMARK_ASSERT(false);
    return {};
}

}  // namespace mintmark::referee
