#include "mintmark/worker/key_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/prover/setup.hpp"
#include "mintmark/worker/settings.hpp"

namespace mintmark::worker {
namespace {

KeyPart same(std::string name, std::string detail) {
    return {std::move(name), true, std::move(detail)};
}

/// Both lists by element; says which is the first that differs.
template <class T>
KeyPart compare_lists(const std::string& name, const std::string& one, const std::vector<T>& key,
                      const std::vector<T>& own) {
    for (std::size_t i = 0; i < std::min(key.size(), own.size()); ++i)
        if (!(key[i] == own[i])) return {name, false, fmt::format("{} {} differs", one, i)};
    if (key.size() == own.size()) return same(name, fmt::format("{} agree", key.size()));
    return {name, false, fmt::format("the key has {}, the model gives {}", key.size(), own.size())};
}

std::string numbers(const std::vector<std::size_t>& list) {
    constexpr std::size_t kShown = 8;
    const std::vector<std::size_t> head(
        list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(list.size(), kShown)));
    return fmt::format("{}{}", fmt::join(head, ", "), list.size() > kShown ? ", …" : "");
}

std::vector<std::size_t> differing(const std::vector<G1Affine>& key,
                                   const std::vector<G1Affine>& own) {
    std::vector<std::size_t> out;
    for (std::size_t c = 0; c < std::max(key.size(), own.size()); ++c)
        if (c >= key.size() || c >= own.size() || !(key[c] == own[c])) out.push_back(c);
    return out;
}

/// Steps whose weights have lanes in one of the chunks.
std::vector<std::size_t> steps_of_chunks(const Circuit& circuit,
                                         const std::vector<std::size_t>& chunks) {
    std::vector<std::size_t> out;
    const auto is_hit = [&](const Operand& operand) {
        const Tensor& t = circuit.tensors[operand.tensor];
        if (t.column != Column::kW) return false;
        const std::uint64_t first = t.offset >> circuit.mu;
        const std::uint64_t last =
            (t.offset + (std::uint64_t{1} << t.num_vars()) - 1) >> circuit.mu;
        return std::ranges::any_of(chunks, [&](std::size_t c) { return first <= c && c <= last; });
    };
    for (std::size_t k = 0; k < circuit.steps.size(); ++k) {
        const Step& step = circuit.steps[k];
        const bool hit =
            std::ranges::any_of(step.lins, [&](const LinTerm& t) { return is_hit(t.operand); }) ||
            std::ranges::any_of(step.prods,
                                [&](const ProdTerm& t) { return is_hit(t.a) || is_hit(t.b); });
        if (hit) out.push_back(k);
    }
    return out;
}

KeyPart compare_tables_points(const VerifyingKey& vk, const VerifyingKey& own) {
    const auto wrong = differing(vk.t, own.t);
    if (wrong.empty()) return same("table contents", "every commitment agrees");
    return {"table contents", false, fmt::format("chunk {} differs", numbers(wrong))};
}

KeyPart compare_weights(const VerifyingKey& vk, const VerifyingKey& own) {
    const std::string name = "weights";
    const auto wrong = differing(vk.w, own.w);
    if (wrong.empty()) return same(name, fmt::format("{} commitments agree", vk.w.size()));
    if (wrong.size() == vk.w.size())
        return {name, false, "no commitment agrees: another blinding seed, or other weights"};
    return {name, false,
            fmt::format("chunk {} of {} differs: the seed is right, weights of step {} are not",
                        numbers(wrong), vk.w.size(), numbers(steps_of_chunks(own.circuit, wrong)))};
}

void compare_circuits(const Circuit& key, const Circuit& own, std::vector<KeyPart>& out) {
    const bool visible = key.input == own.input && key.output == own.output;
    out.push_back({"visibility", visible,
                   fmt::format("input {}, output {}", visibility_name(key.input),
                               visibility_name(key.output))});
    const bool sizes = key.mu == own.mu && key.n_w == own.n_w && key.n_in == own.n_in &&
                       key.n_out == own.n_out && key.n_f == own.n_f && key.n_g == own.n_g &&
                       key.n_t == own.n_t;
    out.push_back({"sizes", sizes,
                   key.mu == own.mu
                       ? fmt::format("chunks of 2^{}{}", key.mu, sizes ? "" : ", of other numbers")
                       : fmt::format("chunks of 2^{}, the model gives 2^{}", key.mu, own.mu)});
    out.push_back(compare_lists("tables", "table", key.tables, own.tables));
    out.push_back(compare_lists("tensors", "tensor", key.tensors, own.tensors));
    out.push_back(compare_lists("steps", "step", key.steps, own.steps));
}

}  // namespace

Result<std::vector<KeyPart>> check_key(const VerifyingKey& vk, const CompiledModel& model,
                                       const Bytes32& seed, const Srs& srs) {
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_TRY(const prover::ProvingKey own,
                 prover::setup(compiled.circuit, compiled.weights, srs, seed));
    std::vector<KeyPart> out;
    compare_circuits(vk.circuit, own.vk.circuit, out);
    const bool same_srs = vk.srs_digest == own.vk.srs_digest;
    out.push_back({"SRS", same_srs, "digest " + to_hex(vk.srs_digest)});
    out.push_back(compare_tables_points(vk, own.vk));
    out.push_back(compare_weights(vk, own.vk));
    const bool equal = encode(vk) == encode(own.vk);
    out.push_back({"key", equal, "digest " + to_hex(digest(vk))});
    return out;
}

}  // namespace mintmark::worker
