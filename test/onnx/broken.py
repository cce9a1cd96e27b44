"""Graphs that are broken, or at the edge: a refusal is one clear line that names the node (or value) and the reason; what is legal works."""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cases import Folder, Refused, write_input

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
CASES = []


def case(*says):
    """A maker of (model or bytes). The refusal must contain every word of `says`; with none the model must work."""
    def register(function):
        CASES.append((function.__name__, says, function))
        return function
    return register


def value(name, dims=(1, 4), kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, list(dims))


def weight(name, dims=(4, 4), kind=np.float32):
    return numpy_helper.from_array(np.linspace(-1, 1, int(np.prod(dims))).reshape(dims).astype(kind), name)


def model(nodes, inputs=None, outputs=None, weights=(), opset=13):
    graph = helper.make_graph(nodes, "broken", inputs or [value("x")], outputs or [value("y")], list(weights))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made


def relu(source="x", target="y", name="act"):
    return helper.make_node("Relu", [source], [target], name=name)


@case("first", "b")
def cycle(_):
    return model([helper.make_node("Add", ["x", "b"], ["a"], name="first"), helper.make_node("Relu", ["a"], ["b"], name="second"),
                  relu("a")])


@case("act", "y")
def node_reads_itself(_):
    return model([relu("y", "y")])


@case("product", "w")
def missing_initialiser(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")])


@case("product", "input 1")
def missing_input(_):
    return model([helper.make_node("MatMul", ["x"], ["y"], name="product")])


@case("product", "input 1")
def empty_input_name(_):
    return model([helper.make_node("MatMul", ["x", ""], ["y"], name="product")])


@case("sum", "type")
def operands_of_two_types(_):
    return model([helper.make_node("Add", ["x", "k"], ["y"], name="sum")], weights=[weight("k", (1, 4), np.int64)])


@case("x", "type")
def string_input(_):
    return model([relu()], [value("x", kind=TensorProto.STRING)])


@case("product", "dims")
def inner_dims_differ(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[weight("w", (3, 4))])


@case("sum", "broadcast")
def shapes_do_not_broadcast(_):
    return model([helper.make_node("Add", ["x", "w"], ["y"], name="sum")], weights=[weight("w", (1, 3))])


@case("x", "axis 1", "sequence")
def open_dimension(_):
    return model([relu()], [value("x", (1, "sequence"))], [value("y", (1, "sequence"))])


@case("x", "shape")
def no_shape_at_all(_):
    return model([relu()], [helper.make_tensor_value_info("x", FLOAT, None)])


@case("opset 99")
def opset_too_new(_):
    return model([relu()], opset=99)


@case("sum", "broadcast", "opsets below 7")
def form_of_an_old_opset(_):
    return model([helper.make_node("Add", ["x", "w"], ["y"], name="sum", broadcast=1)], weights=[weight("w", (4,))], opset=6)


@case("act", "com.example")
def foreign_domain(_):
    made = model([helper.make_node("Relu", ["x"], ["y"], name="act", domain="com.example")])
    made.opset_import.append(helper.make_opsetid("com.example", 1))
    return made


def branches(condition, inner="Relu"):
    body = helper.make_graph([helper.make_node(inner, ["x"], ["t"], name="inner")], "then", [], [value("t")])
    return helper.make_node("If", [condition], ["y"], name="branch", then_branch=body, else_branch=body)


@case("branch", "condition")
def subgraphs_by_a_computed_condition(_):
    total = helper.make_node("ReduceMax", ["x"], ["m"], name="most", keepdims=0)
    return model([total, helper.make_node("Greater", ["m", "zero"], ["c"], name="positive"), branches("c")],
                 weights=[numpy_helper.from_array(np.array(0, np.float32), "zero")])


@case("inner", "Det")
def unknown_operator_in_a_subgraph(_):
    return model([branches("c", "Det")], weights=[numpy_helper.from_array(np.array(True), "c")])


def loop(count, **more):
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Relu", ["t"], ["u"])], "body",
                             [value("i", (), INT64), value("c", (), TensorProto.BOOL), value("t")],
                             [value("d", (), TensorProto.BOOL), value("u")])
    return model([helper.make_node("Loop", ["n", "", "x"], ["y"], name="loop", body=body)], weights=[numpy_helper.from_array(np.array(count), "n")], **more)


@case()
def loop_by_a_constant_count(_):
    return loop(3)


@case("loop", "Loop", "1024")
def loop_without_an_end_in_sight(_):
    return loop(10**9)


@case()
def subgraph_by_a_constant_condition(_):
    return model([branches("c")], weights=[numpy_helper.from_array(np.array(True), "c")])


@case("y", "twice")
def one_name_two_values(_):
    return model([relu(name="one"), relu(name="two")])


@case("w", "twice")
def two_initialisers_of_one_name(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[weight("w"), weight("w")])


@case("y", "nothing computes")
def output_that_nothing_computes(_):
    return model([relu(target="z")])


@case("y", "does not depend")
def output_without_input(_):
    return model([helper.make_node("Relu", ["w"], ["y"], name="fixed"), relu(target="z")], weights=[weight("w", (1, 4))])


@case("move", "axis 5")
def axis_out_of_range(_):
    return model([helper.make_node("Transpose", ["x"], ["y"], name="move", perm=[0, 5])])


@case("joined", "axis")
def concat_without_axis(_):
    return model([helper.make_node("Concat", ["x", "x"], ["y"], name="joined")], outputs=[value("y", (1, 8))])


@case("view", "shape")
def reshape_that_does_not_fit(_):
    return model([helper.make_node("Reshape", ["x", "s"], ["y"], name="view")], weights=[numpy_helper.from_array(np.array([3, 5]), "s")],
                 outputs=[value("y", (3, 5))])


@case("conv", "group")
def groups_that_do_not_divide(_):
    return model([helper.make_node("Conv", ["x", "w"], ["y"], name="conv", group=3)], [value("x", (1, 4, 8, 8))],
                 [value("y", (1, 4, 6, 6))], [weight("w", (4, 2, 3, 3))])


@case("large", "elements")
def terabytes_by_tile(_):
    repeats = numpy_helper.from_array(np.array([1 << 20, 1 << 20]), "r")
    return model([helper.make_node("Tile", ["x", "r"], ["y"], name="large")], outputs=[value("y", (1 << 20, 1 << 22))], weights=[repeats])


@case("w", "bytes")
def initialiser_too_short(_):
    bad = weight("w")
    bad.raw_data = bad.raw_data[:-4]
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[bad])


@case("w", "NaN")
def initialiser_with_nan(_):
    bad = numpy_helper.from_array(np.full((4, 4), np.nan, np.float32), "w")
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[bad])


@case("not an ONNX model")
def garbage(_):
    return os.urandom(4096)


@case("not an ONNX model")
def empty_file(_):
    return b""


@case("not an ONNX model")
def truncated(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[weight("w")]).SerializeToString()[:-40]


def external(location, offset=0, length=64, name="w"):
    tensor = TensorProto(name=name, data_type=FLOAT, dims=[4, 4], data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=text)
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], weights=[tensor])


@case("w", "weights.bin")
def external_file_is_missing(_):
    return external("weights.bin")


@case("w", "..")
def external_path_leaves_the_folder(folder):
    (folder.parent / "secret.bin").write_bytes(bytes(64))
    return external("../secret.bin")


@case("w", "/etc/passwd")
def external_path_is_absolute(_):
    return external("/etc/passwd")


@case("w", "link")
def external_file_is_a_link_out_of_the_folder(folder):
    (folder / "link").symlink_to("/etc/passwd")
    return external("link")


@case("w", "end")
def external_offset_beyond_the_end(folder):
    (folder / "weights.bin").write_bytes(bytes(64))
    return external("weights.bin", offset=4096)


@case("w", "bytes")
def external_length_contradicts_the_shape(folder):
    (folder / "weights.bin").write_bytes(bytes(128))
    return external("weights.bin", length=128)


@case()
def external_data_at_an_offset_beyond_2_gb(folder):
    with (folder / "weights.bin").open("wb") as file:
        file.truncate((1 << 31) + 4096)
        file.seek((1 << 31) + 4096 - 64)
        file.write(np.linspace(-1, 1, 16).astype(np.float32).tobytes())
    return external("weights.bin", offset=(1 << 31) + 4096 - 64)


@case()
def odd_names(_):
    return model([helper.make_node("MatMul", ["x", "ŵ/%s {}\n;"], ["a b"], name="{0} %n\t\"'"), relu("a b", name="")],
                 weights=[weight("ŵ/%s {}\n;")])


@case("%s {0}")
def odd_name_in_an_error(_):
    return model([helper.make_node("MatMul", ["x", "missing"], ["y"], name="%s {0}\x1b[31m\nerror: forged")])


@case()
def unused_initialiser_and_node(_):
    return model([relu(), helper.make_node("Tanh", ["x"], ["unused"], name="idle")], weights=[weight("idle_weight")])


@case()
def initialiser_that_is_an_input_too(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], [value("x"), value("w", (4, 4))], weights=[weight("w")])


@case()
def nodes_without_names(_):
    return model([relu(name="")])


@case()
def opset_22_where_nothing_changed(_):
    return model([relu()], opset=22)


@case()
def opset_23_where_nothing_changed(_):
    return model([helper.make_node("MatMul", ["x", "w"], ["a"], name="product"), relu("a")], weights=[weight("w")], opset=23)


@case()
def open_batch(_):
    return model([relu()], [value("x", ("batch", 4))], [value("y", ("batch", 4))])


def check(name, says, make):
    """One row."""
    row = {"kind": "broken", "name": name, "operator": "", "status": "fail", "detail": ""}
    with Folder("broken-" + name) as folder:
        made = make(folder.path)
        path = folder.path / "network.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        write_input(folder.path / "input.json", [np.array([0.5, -0.25, 1.0, 0.125])])
        try:
            folder.quantise("network.onnx", "input.json")
            folder.run_integers("input.json")
        except Refused as refused:
            row["detail"] = refused.line
            row["status"] = "pass" if is_clear(refused, says) else "fail"
            return row
        row["status"] = "fail" if says else "pass"
        row["detail"] = "accepted" if says else ""
    return row


def is_clear(refused, says):
    """One line (and at most one hint), no control characters, a stable code, the words that name place and reason."""
    lines = [line for line in refused.stderr.splitlines() if not line.startswith(("note: ", "warning: "))]
    shaped = 1 <= len(lines) <= 2 and lines[0].startswith("error: ") and all(line.startswith("       ") for line in lines[1:])
    printable = all(c.isprintable() for line in lines for c in line)
    return bool(says) and shaped and printable and 2 <= refused.code <= 15 and all(word in refused.line for word in says)
