#!/usr/bin/env python3
"""Writes bad/: models that must be refused, and bad/expected.json (code, part of the message). Run it in this folder, as make_models.py."""
import json
import pathlib

import numpy as np
from onnx import TensorProto, helper

from make_models import Model, body, function


def called(m):
    m.nodes.append(helper.make_node("f0", ["x"], ["y"], name="call", domain="own"))
    return m


def refuse_functions(refuse):
    call = lambda number, source, target: helper.make_node(f"f{number}", [source], [target], domain="own")
    negated = helper.make_node("Neg", ["a"], ["b"])
    refuse("function_recursion", "malformed", "'f0' calls itself", functions=[function("f0", ["a"], ["b"], [call(0, "a", "b")])])
    # 4^20 nodes
    fours = [[call(i + 1, s, t) if i < 19 else helper.make_node("Neg", [s], [t]) for s, t in zip("abcd", "bcde")] for i in range(20)]
    refuse("function_growth", "out_of_range", "more than 200000 nodes",
           functions=[function(f"f{i}", ["a"], ["e"], nodes) for i, nodes in enumerate(fours)])
    refuse("function_opset", "unsupported", "of opset 11, the model of 18", functions=[function("f0", ["a"], ["b"], [negated], opset=11)])
    refuse("function_arguments", "malformed", "node 'call' has more inputs", functions=[function("f0", [], ["b"], [negated])])
    refuse("function_unknown", "unsupported", "own.f0", functions=[function("f1", ["a"], ["b"], [negated])])


def bad_models():
    """Models that must be refused: bad/<name>.onnx and bad/expected.json (code, part of message)."""
    folder = pathlib.Path("bad")
    folder.mkdir(exist_ok=True)
    expected = []

    def refuse(name, code, message, model=None, **changes):
        info = helper.make_tensor_value_info("y", changes.get("kind", TensorProto.FLOAT), None)
        graph = helper.make_graph(model.nodes, name, model.inputs, [info], model.inits)
        graph.output[0].name = changes.get("output", model.nodes[-1].output[0])
        proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", model.opset)],
                                  ir_version=8, producer_name="make_models.py", functions=list(changes.get("functions", ())))
        (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
        expected.append({"file": f"{name}.onnx", "code": code, "message": message})

    def linear(opset=13, **kind):
        m = Model("bad", opset)
        m.input("x", 1, 4, **kind)
        return m

    m = linear()
    m.node("Det", m.node("Relu", "x"))
    refuse("operator", "unsupported", "'Det' is not supported", m)
    m = linear()
    m.nodes.append(helper.make_node("FusedGemm", ["x"], ["y"], name="fused", domain="com.microsoft"))
    refuse("domain", "unsupported", "com.microsoft.FusedGemm", m)
    m = linear()
    m.node("MatMul", "x", m.const(np.array([[1], [2], [np.nan], [3]], dtype=np.float32)))
    refuse("nan", "malformed", "NaN or infinity", m)
    m = linear()
    m.node("Add", "x", m.const(np.array([np.inf], dtype=np.float32)))
    refuse("infinity", "malformed", "NaN or infinity", m)
    m = linear()
    m.node("MatMul", "x", m.weight(5, 2))
    refuse("inner_dims", "malformed", "inner dims differ", m)
    m = linear()
    m.node("Add", "x", m.weight(3))
    refuse("broadcast", "malformed", "do not broadcast", m)
    m = linear(opset=99)
    m.node("Relu", "x")
    refuse("new_opset", "unsupported", "opset 99", m)
    m = linear(opset=6)
    m.node("Add", "x", m.weight(4), broadcast=1)
    refuse("old_opset", "unsupported", "attribute 'broadcast' of opsets below 7", m)
    m = linear(kind=TensorProto.INT64)
    m.node("Sigmoid", "x")
    refuse("integer_input", "unsupported", "not a floating-point tensor", m)
    m = Model("bad")
    m.input("x", "batch", "length")
    m.node("Relu", "x")
    refuse("dynamic", "invalid_argument", "axis 1 is dynamic ('length')", m)
    m = linear()
    m.nodes.append(helper.make_node("Add", ["x", "nowhere"], ["y"], name="lost"))
    refuse("dangling", "malformed", "reads 'nowhere'", m)
    m = linear()
    m.node("Relu", "x")
    refuse("no_output", "malformed", "nothing computes output", m, output="z")
    m = linear()
    m.node("Relu", "x")
    refuse("constant_output", "unsupported", "does not depend on an input", m,
           output=m.weight(2))
    m = linear()
    m.node("Div", "x", m.const(np.array([1, 0, 1, 1], dtype=np.float32)))
    refuse("zero_divisor", "malformed", "divides by zero", m)
    m = linear()
    m.node("Slice", "x", m.ints(3), m.ints(0), m.ints(1), m.ints(0))
    refuse("zero_step", "malformed", "a step is 0", m)
    m = linear()
    m.node("Reshape", "x", m.ints(3, -1))
    refuse("reshape", "malformed", "cannot reshape", m)
    m = linear()
    m.node("Pad", "x", m.ints(0, 1, 0, 1), mode="mirror")
    refuse("pad_mode", "malformed", "mode 'mirror'", m)
    m = Model("bad")
    m.input("x", 1, 3, 8, 8)
    m.node("Conv", "x", m.weight(4, 2, 3, 3))
    refuse("conv_channels", "malformed", "does not fit input", m)
    m = Model("bad")
    m.input("x", 1, 1, 2, 2)
    m.node("Conv", "x", m.weight(1, 1, 5, 5))
    refuse("conv_window", "malformed", "larger than the padded input", m)
    m = Model("bad")
    m.input("x", 1, 1, 4, 4, 4, 2)
    m.node("Conv", "x", m.weight(1, 1, 2, 2, 2, 2))
    refuse("conv_4d", "unsupported", "has 6 axes", m)
    m = Model("bad", opset=18)
    m.input("x", 1, 4, kind=TensorProto.INT64)
    m.input("y", 1, 4, kind=TensorProto.INT64)
    m.node("Mod", "x", "y")
    refuse("divisor", "unsupported", "a computed divisor", m)
    m = Model("bad")
    m.input("x", 1, 500)
    m.node("TopK", "x", m.ints(3))
    refuse("long_ranks", "unsupported", "ranks of 500 entries", m)
    go_round = lambda inner=None: body("again", [inner or helper.make_node("Neg", ["s"], ["t"]), helper.make_node("Identity", ["go"], ["go_on"])],
                                       [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("s",)], [("go_on", TensorProto.BOOL, []), ("t",)])
    loop = lambda count, inner=None: helper.make_node("Loop", [count, "", "x"], ["y"], name="loop", body=go_round(inner))
    m = linear()
    m.nodes.append(loop(m.node("ReduceSum", "x", keepdims=0)))
    refuse("loop_computed", "unsupported", "the number of rounds must be one constant", m)
    m = linear()
    m.nodes.append(loop(m.const(np.int64(10**6))))
    refuse("loop_long", "unsupported", "more than 1024 rounds", m)
    m = linear()
    count = m.const(np.int64(1000))
    nested = helper.make_node("Loop", [count, "", "s"], ["t"], name="nested", body=go_round())
    m.nodes.append(loop(count, helper.make_node("Loop", [count, "", "s"], ["t"], name="middle", body=go_round(nested))))
    refuse("loop_growth", "out_of_range", "more than 1000000 values", m)
    refuse_functions(lambda *names, **more: refuse(*names, called(linear(18)), **more))
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    bad_models()
