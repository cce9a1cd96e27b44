#include "mintmark/referee/trace.hpp"

#include <algorithm>
#include <optional>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/prover/witness.hpp"

namespace mintmark::referee {
namespace {

void resize_words(const Program& program, Trace& trace) {
    trace.words.resize(program.steps.size());
    for (std::size_t k = 0; k < program.steps.size(); ++k)
        trace.words[k].resize(2 * program.steps[k].limbs.size() * program.steps[k].num_elements());
}

/// The limbs' lanes of the proof system's trace, gathered by element.
Trace gather(const Commitments& model, const prover::Witness& witness) {
    Trace out{.input = witness.input, .output = witness.output, .words = {}};
    resize_words(model.program, out);
    for (std::size_t k = 0; k < model.circuit.steps.size(); ++k) {
        const Step& step = model.circuit.steps[k];
        for (std::size_t l = 0; l < step.limbs.size(); ++l) {
            const std::uint64_t offset = model.circuit.tensors[step.limbs[l].tensor].offset;
            prover::for_each_lane(step.out, [&](std::size_t i, std::size_t lane) {
                const std::size_t at = 2 * (i * step.limbs.size() + l);
                out.words[k][at] = witness.f[offset + lane];
                out.words[k][at + 1] =
                    offset + lane < witness.g.size() ? witness.g[offset + lane] : 0;
            });
        }
    }
    out.defined = model.program.elements;
    return out;
}

Int128 value_of(const Commitments& model, const Trace& trace, const Read& read) {
    if (read.is_zero) return 0;
    if (read.source == Source::kWeight) return model.weights.at(read.index);
    if (read.source == Source::kInput) return trace.input.at(read.index);
    const std::size_t word = 2U * read.limb + (read.source == Source::kResult ? 1U : 0U);
    return trace.at(model.program, read.index)[word];
}

/// The limbs of a value with their results, or nothing when it leaves the tables.
std::optional<std::vector<std::int64_t>> split(const Commitments& model, const ProgramStep& step,
                                               Int128 value) {
    unsigned bits = 0;
    for (const ProgramLimb& limb : step.limbs) {
        value -= static_cast<Int128>(limb.lo) << limb.shift;
        bits = std::max(bits, unsigned{limb.shift} + limb.log_size);
    }
    if (value < 0 || value >> bits != 0) return std::nullopt;
    std::vector<std::int64_t> out;
    for (const ProgramLimb& limb : step.limbs) {
        const Int128 mask = (Int128{1} << limb.log_size) - 1;
        const auto row = static_cast<std::int64_t>(value >> limb.shift & mask);
        out.push_back(limb.lo + row);
        out.push_back(limb.is_function ? model.tables[limb.row + static_cast<std::uint64_t>(row)]
                                       : 0);
    }
    return out;
}

void add_output(const Commitments& model, Trace& trace) {
    const std::size_t last = model.program.steps.size() - 1;
    const ProgramStep& step = model.program.steps[last];
    const std::uint64_t terms = num_terms(step);
    trace.output.clear();
    for (std::uint64_t i = 0; i < step.num_elements(); ++i)
        trace.output.push_back(
            static_cast<std::int64_t>(sum_terms(model, trace, last, i, 0, terms)));
}

}  // namespace

std::span<const std::int64_t> Trace::at(const Program& program, std::uint64_t position) const {
    const std::size_t k = program.step_of(position);
    const std::size_t width = 2 * program.steps[k].limbs.size();
    MINTMARK_ASSERT(k < words.size());
    return std::span(words[k]).subspan((position - program.steps[k].base) * width, width);
}

Result<Trace> run_trace(const Commitments& model, std::span<const std::int64_t> input) {
    const auto witness = prover::fill_witness(model.circuit, model.column, input);
    if (witness) return gather(model, *witness);
    if (witness.error().code != ErrorCode::kOutOfRange) return std::unexpected(witness.error());
    Trace out;
    out.input.assign(input.begin(), input.end());
    continue_trace(model, out);
    return out;
}

void continue_trace(const Commitments& model, Trace& trace) {
    const Program& program = model.program;
    resize_words(program, trace);
    for (std::uint64_t p = trace.defined; p < program.elements; ++p) {
        const std::size_t k = program.step_of(p);
        const ProgramStep& step = program.steps[k];
        const Int128 sum = sum_terms(model, trace, k, p - step.base, 0, num_terms(step));
        const auto words = split(model, step, sum);
        if (!words) {
            trace.output.clear();
            return;
        }
        std::ranges::copy(*words, trace.words[k].begin() +
                                      static_cast<std::ptrdiff_t>((p - step.base) * words->size()));
        trace.defined = p + 1;
    }
    add_output(model, trace);
}

Int128 sum_terms(const Commitments& model, const Trace& trace, std::size_t step,
                 std::uint64_t element, std::uint64_t lo, std::uint64_t hi) {
    Int128 out = 0;
    for (std::uint64_t t = lo; t < hi; ++t) {
        const Term term = term_at(model.program.steps[step], element, t);
        Int128 value = term.coef;
        if (term.factors > 0) value *= value_of(model, trace, term.a);
        if (term.factors > 1) value *= value_of(model, trace, term.b);
        out += value;
    }
    return out;
}

MerkleTree trace_tree(const Commitments& model, const Trace& trace, const Bytes32& statement) {
    std::vector<Bytes32> leaves(model.program.elements);
    for (std::uint64_t p = trace.defined; p < leaves.size(); ++p) system_rng().fill(leaves[p]);
    parallel_for(trace.defined, 64, [&](std::size_t begin, std::size_t end) {
        for (std::size_t p = begin; p < end; ++p)
            leaves[p] =
                leaf_of(node_of(model.element_salt(p), statement), trace.at(model.program, p));
    });
    return MerkleTree(std::move(leaves));
}

}  // namespace mintmark::referee
