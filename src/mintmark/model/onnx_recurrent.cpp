// RNN, GRU and LSTM, unrolled: the inputs' products of all times are one node, each time adds its
// own for the state.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

/// Weights of one direction; `gates` blocks of `hidden` rows.
struct Cell {
    std::uint32_t hidden = 0, batch = 0;
    ValueId w = 0, r = 0;            ///< [gates·hidden, inputs], [gates·hidden, hidden]
    std::optional<ValueId> bias[2];  ///< of W and of R, [gates·hidden]
    std::vector<Pointwise> activations;
};

/// What one time gives, and the state that goes on.
struct State {
    std::optional<ValueId> h, c;  ///< [batch, hidden]; absent: zero
};

Result<ValueId> rows(const NodeView& node, ValueId x, std::uint32_t first, std::uint32_t count) {
    return sliced(node, x, 0, first, count);
}

/// x · m^T for the rows [first, first + count) of the constant m.
Result<ValueId> times_rows(const NodeView& node, ValueId x, ValueId m, std::uint32_t first,
                           std::uint32_t count) {
    MINTMARK_TRY(const ValueId part, rows(node, m, first, count));
    MINTMARK_TRY(const ValueId turned, transposed(node, part, {1, 0}));
    return multiplied(node, x, turned);
}

Result<ValueId> plus_bias(const NodeView& node, ValueId x, const std::optional<ValueId>& bias,
                          std::uint32_t first, std::uint32_t count) {
    if (!bias) return x;
    MINTMARK_TRY(const ValueId part, rows(node, *bias, first, count));
    return combined(node, Binary::kAdd, x, part);
}

/// a + b where b may be absent (zero).
Result<ValueId> plus(const NodeView& node, ValueId a, const std::optional<ValueId>& b) {
    return b ? combined(node, Binary::kAdd, a, *b) : Result<ValueId>(a);
}

/// W·x + both biases of the gates [first, first + count) at all times: [S, B, count].
Result<ValueId> input_part(const NodeView& node, const Cell& cell, ValueId x, std::uint32_t first,
                           std::uint32_t count) {
    MINTMARK_TRY(ValueId y, times_rows(node, x, cell.w, first, count));
    MINTMARK_TRY(y, plus_bias(node, y, cell.bias[0], first, count));
    return plus_bias(node, y, cell.bias[1], first, count);
}

/// input[t] + R·h for the gates from `first` on.
Result<ValueId> gate(const NodeView& node, const Cell& cell, ValueId input, std::uint32_t t,
                     const std::optional<ValueId>& h, std::uint32_t first) {
    const std::uint32_t count = node.shape(input)[2];
    MINTMARK_TRY(ValueId y, sliced(node, input, 0, t, 1));
    MINTMARK_TRY(y, reshaped(node, y, {cell.batch, count}));
    if (!h) return y;
    MINTMARK_TRY(const ValueId from_state, times_rows(node, *h, cell.r, first, count));
    return combined(node, Binary::kAdd, y, from_state);
}

// ---- cells: the inputs' parts, then one time --------------------------------------------------

using Inputs = std::vector<ValueId>;

Result<Inputs> rnn_inputs(const NodeView& node, const Cell& cell, ValueId x) {
    MINTMARK_TRY(const ValueId all, input_part(node, cell, x, 0, cell.hidden));
    return Inputs{all};
}

Result<State> rnn_step(const NodeView& node, const Cell& cell, const Inputs& in, std::uint32_t t,
                       const State& state) {
    MINTMARK_TRY(const ValueId sum, gate(node, cell, in[0], t, state.h, 0));
    MINTMARK_TRY(const ValueId h, applied(node, cell.activations[0], sum));
    return State{h, {}};
}

/// Gates i, o, f in one block, the candidate c in another.
Result<Inputs> lstm_inputs(const NodeView& node, const Cell& cell, ValueId x) {
    MINTMARK_TRY(const ValueId iof, input_part(node, cell, x, 0, 3 * cell.hidden));
    MINTMARK_TRY(const ValueId c, input_part(node, cell, x, 3 * cell.hidden, cell.hidden));
    return Inputs{iof, c};
}

Result<State> lstm_step(const NodeView& node, const Cell& cell, const Inputs& in, std::uint32_t t,
                        const State& state) {
    const std::uint32_t hidden = cell.hidden;
    MINTMARK_TRY(ValueId iof, gate(node, cell, in[0], t, state.h, 0));
    MINTMARK_TRY(iof, applied(node, cell.activations[0], iof));
    MINTMARK_TRY(ValueId candidate, gate(node, cell, in[1], t, state.h, 3 * hidden));
    MINTMARK_TRY(candidate, applied(node, cell.activations[1], candidate));
    MINTMARK_TRY(const ValueId i, sliced(node, iof, 1, 0, hidden));
    MINTMARK_TRY(const ValueId o, sliced(node, iof, 1, hidden, hidden));
    MINTMARK_TRY(ValueId c, combined(node, Binary::kMul, i, candidate));
    if (state.c) {
        MINTMARK_TRY(const ValueId f, sliced(node, iof, 1, 2 * hidden, hidden));
        MINTMARK_TRY(const ValueId kept, combined(node, Binary::kMul, f, *state.c));
        MINTMARK_TRY(c, combined(node, Binary::kAdd, c, kept));
    }
    MINTMARK_TRY(const ValueId shown, applied(node, cell.activations[2], c));
    MINTMARK_TRY(const ValueId h, combined(node, Binary::kMul, o, shown));
    return State{h, c};
}

/// Gates z and r in one block; the candidate's R bias only where it joins W's.
Result<Inputs> gru_inputs(const NodeView& node, const Cell& cell, ValueId x) {
    MINTMARK_TRY(const std::int64_t before, node.int_attribute("linear_before_reset", 0));
    MINTMARK_TRY(const ValueId zr, input_part(node, cell, x, 0, 2 * cell.hidden));
    Cell candidate = cell;
    if (before != 0) candidate.bias[1] = std::nullopt;
    MINTMARK_TRY(const ValueId n, input_part(node, candidate, x, 2 * cell.hidden, cell.hidden));
    return Inputs{zr, n};
}

Result<State> gru_step(const NodeView& node, const Cell& cell, const Inputs& in, std::uint32_t t,
                       const State& state) {
    const std::uint32_t hidden = cell.hidden, first = 2 * hidden;
    MINTMARK_TRY(const std::int64_t before, node.int_attribute("linear_before_reset", 0));
    MINTMARK_TRY(ValueId zr, gate(node, cell, in[0], t, state.h, 0));
    MINTMARK_TRY(zr, applied(node, cell.activations[0], zr));
    MINTMARK_TRY(const ValueId z, sliced(node, zr, 1, 0, hidden));
    MINTMARK_TRY(const ValueId r, sliced(node, zr, 1, hidden, hidden));
    MINTMARK_TRY(ValueId n, gate(node, cell, in[1], t, std::nullopt, first));
    std::optional<ValueId> reset;
    if (before != 0) {
        if (state.h) {
            MINTMARK_TRY(reset, times_rows(node, *state.h, cell.r, first, hidden));
            MINTMARK_TRY(reset, plus_bias(node, *reset, cell.bias[1], first, hidden));
        } else if (cell.bias[1]) {
            MINTMARK_TRY(reset, rows(node, *cell.bias[1], first, hidden));
        }
        if (reset) {
            MINTMARK_TRY(reset, combined(node, Binary::kMul, r, *reset));
        }
    } else if (state.h) {
        MINTMARK_TRY(const ValueId kept, combined(node, Binary::kMul, r, *state.h));
        MINTMARK_TRY(reset, times_rows(node, kept, cell.r, first, hidden));
    }
    MINTMARK_TRY(n, plus(node, n, reset));
    MINTMARK_TRY(n, applied(node, cell.activations[1], n));
    // (1 - z)·n + z·h = n + z·(h - n)
    ValueId change = 0;
    if (state.h) {
        MINTMARK_TRY(change, combined(node, Binary::kSub, *state.h, n));
    } else {
        MINTMARK_TRY(change, scaled(node, n, -1));
    }
    MINTMARK_TRY(change, combined(node, Binary::kMul, z, change));
    MINTMARK_TRY(const ValueId h, combined(node, Binary::kAdd, n, change));
    return State{h, {}};
}

struct Kind {
    std::uint32_t gates;
    std::vector<Pointwise> activations;
    Result<Inputs> (*inputs)(const NodeView&, const Cell&, ValueId);
    Result<State> (*step)(const NodeView&, const Cell&, const Inputs&, std::uint32_t, const State&);
};

// ---- the operator's frame ---------------------------------------------------------------------

Result<std::vector<Pointwise>> read_activations(const NodeView& node, const Kind& kind,
                                                std::uint32_t direction) {
    const onnx::AttributeProto* named = node.attribute("activations");
    if (named == nullptr || named->strings_size() == 0) return kind.activations;
    const std::size_t first = direction * kind.activations.size();
    std::vector<Pointwise> out;
    for (std::size_t i = first; i < first + kind.activations.size(); ++i) {
        if (i >= static_cast<std::size_t>(named->strings_size()))
            return node.malformed("activations are missing");
        const std::string& name = named->strings(static_cast<int>(i));
        if (name != "Tanh" && name != "Sigmoid" && name != "Relu")
            return node.unsupported(fmt::format("activation '{}'", name));
        out.push_back(name == "Tanh"      ? Pointwise::kTanh
                      : name == "Sigmoid" ? Pointwise::kSigmoid
                                          : Pointwise::kRelu);
    }
    return out;
}

/// Entry `direction` of the first axis of input i.
Result<ValueId> of_direction(const NodeView& node, std::size_t i, std::uint32_t direction,
                             const Shape& shape) {
    MINTMARK_TRY(const ValueId all, node.real_input(i));
    Shape expected = shape;
    const Shape given = node.shape(all);
    expected.insert(expected.begin(), given.empty() ? 1 : given[0]);
    if (given != expected || direction >= given[0])
        return node.malformed(fmt::format("input {} has a wrong shape", i));
    MINTMARK_TRY(const ValueId one, rows(node, all, direction, 1));
    return reshaped(node, one, shape);
}

Result<Cell> read_cell(const NodeView& node, const Kind& kind, std::uint32_t direction,
                       const Shape& x) {
    MINTMARK_TRY(const ValueId r, node.constant_input(2));
    MINTMARK_CHECK(node.constant_input(1));
    Cell cell;
    if (node.shape(r).size() != 3 || element_count(node.shape(r)) == 0)
        return node.malformed("input 2 has a wrong shape");
    cell.hidden = node.shape(r)[2];
    cell.batch = x[1];
    const std::uint32_t all = kind.gates * cell.hidden;
    MINTMARK_TRY(cell.w, of_direction(node, 1, direction, {all, x[2]}));
    MINTMARK_TRY(cell.r, of_direction(node, 2, direction, {all, cell.hidden}));
    if (node.has_input(3)) {
        MINTMARK_CHECK(node.constant_input(3));
        MINTMARK_TRY(const ValueId both, of_direction(node, 3, direction, {2 * all}));
        MINTMARK_TRY(cell.bias[0], rows(node, both, 0, all));
        MINTMARK_TRY(cell.bias[1], rows(node, both, all, all));
    }
    MINTMARK_TRY(cell.activations, read_activations(node, kind, direction));
    return cell;
}

Status check_frame(const NodeView& node, const Shape& x) {
    if (x.size() != 3 || element_count(x) == 0)
        return node.malformed("the input must have three axes, none of them empty");
    if (x[0] > 4096) return node.unsupported(fmt::format("{} times", x[0]));
    if (node.has_attribute("clip")) return node.unsupported("clip");
    MINTMARK_TRY(const std::int64_t coupled, node.int_attribute("input_forget", 0));
    if (coupled != 0) return node.unsupported("input_forget is on");
    if (node.has_input(7)) return node.unsupported("peephole weights");
    if (node.has_input(4)) {
        MINTMARK_TRY(const Ints lengths, node.ints_input(4));
        if (std::ranges::any_of(lengths, [&](std::int64_t l) { return l != x[0]; }))
            return node.unsupported("sequences shorter than the input");
    }
    return {};
}

/// All states of one direction, in order of time.
Result<std::vector<State>> run_direction(const NodeView& node, const Kind& kind,
                                         std::uint32_t direction, bool backward, ValueId x,
                                         bool batch_first) {
    const Shape in = node.shape(x);
    MINTMARK_TRY(const Cell cell, read_cell(node, kind, direction, in));
    MINTMARK_TRY(const Inputs inputs, kind.inputs(node, cell, x));
    State state;
    const auto initial = [&](std::size_t i) -> Result<std::optional<ValueId>> {
        if (!node.has_input(i)) return std::optional<ValueId>{};
        if (batch_first) return node.unsupported("layout 1 with an initial state");
        MINTMARK_TRY(const ValueId id, of_direction(node, i, direction, {cell.batch, cell.hidden}));
        const Value& value = node.builder().value(id);
        const bool zero =
            value.is_constant && std::ranges::all_of(value.data, [](double v) { return v == 0; });
        return zero ? std::optional<ValueId>{} : std::optional<ValueId>{id};
    };
    MINTMARK_TRY(state.h, initial(5));
    MINTMARK_TRY(state.c, initial(6));
    std::vector<State> states(in[0]);
    for (std::uint32_t i = 0; i < in[0]; ++i) {
        const std::uint32_t t = backward ? in[0] - 1 - i : i;
        MINTMARK_TRY(state, kind.step(node, cell, inputs, t, state));
        states[t] = state;
    }
    return states;
}

/// [batch, hidden] values side by side: `dims` with a 1 where they are joined.
Result<ValueId> stack(const NodeView& node, std::vector<ValueId> parts, const Shape& shape,
                      std::uint32_t axis) {
    for (ValueId& part : parts) {
        MINTMARK_TRY(part, reshaped(node, part, shape));
    }
    return joined(node, parts, axis);
}

Result<ValueId> import_recurrent(const NodeView& node, const Kind& kind) {
    MINTMARK_TRY(ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::int64_t layout, node.int_attribute("layout", 0));
    const bool batch_first = layout != 0;
    if (batch_first && node.shape(x).size() == 3) {
        MINTMARK_TRY(x, transposed(node, x, {1, 0, 2}));
    }
    MINTMARK_CHECK(check_frame(node, node.shape(x)));
    MINTMARK_TRY(const std::string direction, node.string_attribute("direction", "forward"));
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
        return node.malformed(fmt::format("direction '{}'", direction));
    const std::uint32_t directions = direction == "bidirectional" ? 2 : 1;
    const std::uint32_t times = node.shape(x)[0], batch = node.shape(x)[1];
    std::vector<std::vector<State>> states;
    for (std::uint32_t d = 0; d < directions; ++d) {
        const bool backward = direction == "reverse" || d == 1;
        MINTMARK_TRY(auto one, run_direction(node, kind, d, backward, x, batch_first));
        states.push_back(std::move(one));
    }
    std::vector<ValueId> all, last_h, last_c;
    const std::uint32_t hidden = node.shape(*states[0][0].h)[1];
    for (std::uint32_t t = 0; t < times; ++t) {
        std::vector<ValueId> here;
        for (const auto& one : states) here.push_back(*one[t].h);
        MINTMARK_TRY(const ValueId row, stack(node, here, {1, 1, batch, hidden}, 1));
        all.push_back(row);
    }
    for (std::uint32_t d = 0; d < directions; ++d) {
        const State& last =
            states[d][direction == "reverse" || d == 1 ? 0 : std::size_t{times} - 1];
        last_h.push_back(*last.h);
        if (last.c) last_c.push_back(*last.c);
    }
    const auto finish = [&](ValueId id, const std::vector<std::uint32_t>& perm) {
        return batch_first ? transposed(node, id, perm) : Result<ValueId>(id);
    };
    MINTMARK_TRY(ValueId h, stack(node, last_h, {1, batch, hidden}, 0));
    MINTMARK_TRY(h, finish(h, {1, 0, 2}));
    MINTMARK_CHECK(node.bind_output(1, h));
    if (!last_c.empty()) {
        MINTMARK_TRY(ValueId c, stack(node, last_c, {1, batch, hidden}, 0));
        MINTMARK_TRY(c, finish(c, {1, 0, 2}));
        MINTMARK_CHECK(node.bind_output(2, c));
    }
    MINTMARK_TRY(const ValueId y, joined(node, all, 0));
    return finish(y, {2, 0, 1, 3});
}

Result<ValueId> import_rnn(const NodeView& node) {
    return import_recurrent(node, {1, {Pointwise::kTanh}, rnn_inputs, rnn_step});
}

Result<ValueId> import_gru(const NodeView& node) {
    return import_recurrent(node,
                            {3, {Pointwise::kSigmoid, Pointwise::kTanh}, gru_inputs, gru_step});
}

Result<ValueId> import_lstm(const NodeView& node) {
    return import_recurrent(
        node,
        {4, {Pointwise::kSigmoid, Pointwise::kTanh, Pointwise::kTanh}, lstm_inputs, lstm_step});
}

}  // namespace

void add_recurrent_importers(ImporterMap& map) {
    map["RNN"] = import_rnn;
    map["GRU"] = import_gru;
    map["LSTM"] = import_lstm;
}

}  // namespace mintmark::model
