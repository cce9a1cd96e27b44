"""The node tests that the `onnx` Python package carries: integer executor against their expected outputs, one proof for each operator.

A node test feeds all operands as inputs. Where the program wants some of them constant (weights, indices, shapes), the test is tried again
with those fixed as initialisers; the row's `form` says which operands stayed inputs.
"""
import re

import numpy as np

# Debian's onnx 1.12 uses names that its NumPy 1.24 no longer has.
for _name, _type in (("complex", complex), ("bool", bool), ("object", object), ("float", float), ("int", int), ("str", str)):
    if _name not in np.__dict__:
        setattr(np, _name, _type)

import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from onnx.backend.test.case.node import collect_testcases  # noqa: E402

from cases import LARGEST_ERROR, UNSUPPORTED, Folder, Refused, worst_error, write_input  # noqa: E402

# Where ONNX's reference differs from what PyTorch exports and ONNX Runtime computes, those two are followed.
DEVIATIONS = {
    "test_resize_downsample_scales_linear_align_corners": "aligned corners of a fractional size: as ONNX Runtime and PyTorch (whole sizes)",
    "test_resize_downsample_scales_cubic_align_corners": "aligned corners of a fractional size: as ONNX Runtime and PyTorch (whole sizes)",
    "test_reduce_prod_default_axes_keepdims_random": "a product of twelve numbers: those of other inputs in its range are a thousand times as large",
    "test_floor_example": "2.0 is a tie: inputs are rounded to the input step before floor",
}
# Their results are whole numbers that a product with a real scale was rounded to; kernels differ by one.
SCALED = {"QLinearMatMul", "QLinearConv", "QuantizeLinear", "DynamicQuantizeLinear"}
ROUNDING = {"Round", "Floor", "Ceil", "Sign", "Hardmax"}


def all_cases():
    return [case for case in collect_testcases(None) if len(case.data_sets) > 0]


def operator_of(case):
    """The operator that the test is about: its only node's, else from its name."""
    nodes = case.model.graph.node
    return nodes[0].op_type if len(nodes) == 1 else "+".join(sorted({n.op_type for n in nodes}))[:60]


def foreign(case):
    """Why the test has no tensor form at all, or ''."""
    for value in [*case.model.graph.input, *case.model.graph.output]:
        if not value.type.HasField("tensor_type"):
            return "sequences, optionals and maps are not tensors"
        if value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
            return "strings"
    for domain in (o.domain for o in case.model.opset_import):
        if "training" in domain:
            return "training operators"
    inputs, outputs = case.data_sets[0]
    if not inputs:
        return "no input: nothing to prove"
    for array in outputs:
        if not isinstance(array, np.ndarray) and not np.isscalar(array):
            return "outputs that are no tensors"
        if np.asarray(array).dtype.kind == "f" and not np.all(np.isfinite(np.asarray(array, dtype=np.float64))):
            return "NaN or infinity in the expected output"
        if np.asarray(array).size == 0:
            return "an output without elements"
    for array in inputs:
        values = np.asarray(array)
        if values.dtype.kind == "f" and not np.all(np.isfinite(values.astype(np.float64))):
            return "NaN or infinity in an input"
    return ""


def forms(arrays):
    """(name, indices of the operands that stay inputs), the most general first; no form twice."""
    every = list(range(len(arrays)))
    real = [i for i in every if arrays[i].dtype.kind == "f" and arrays[i].size > 0]
    found = {}
    for name, kept in (("all inputs", every), ("integers fixed", real), ("first input", every[:1]), ("second input", every[1:2])):
        if kept and tuple(kept) not in found.values():
            found[name] = tuple(kept)
    return found.items()


def with_fixed(case, arrays, kept):
    """The model with the other operands as initialisers, and the names of those kept."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs = list(model.graph.input)
    del model.graph.input[:]
    for i, value in enumerate(inputs):
        if i in kept:
            model.graph.input.append(value)
        else:
            model.graph.initializer.append(numpy_helper.from_array(arrays[i], value.name))
    return model


def check(case, wants_proof):
    """One row. `wants_proof()` says whether this operator still lacks a proof."""
    operator = operator_of(case)
    row = {"kind": "node", "name": case.name, "operator": operator, "status": "unsupported",
           "detail": foreign(case) or DEVIATIONS.get(case.name, "")}
    if row["detail"]:
        return row
    inputs, outputs = case.data_sets[0]
    arrays, expected = [np.asarray(a) for a in inputs], [np.asarray(a) for a in outputs]
    refusals = {}
    for form, kept in forms(arrays):
        with Folder(case.name) as folder:
            onnx.save(with_fixed(case, arrays, kept), str(folder.path / "network.onnx"))
            write_input(folder.path / "input.json", [arrays[i] for i in kept])
            try:
                folder.quantise("network.onnx", "input.json")
                got = folder.run_integers("input.json")
                exact = range(len(expected)) if operator in ROUNDING else ()
                if operator in SCALED:
                    got = [to_whole(want, have) for want, have in zip(expected, got)]
                row.update(form=form, error=worst_error(expected, got, exact), status="pass", detail="")
                if row["error"] > LARGEST_ERROR:
                    row["status"] = "fail"
                    row["detail"] = "an exact output differs" if row["error"] == float("inf") else f"error {100 * row['error']:.2f} %"
                elif wants_proof(operator):
                    row.update(folder.prove())
                return row
            except Refused as refused:
                refusals[form] = refused
    return {**row, **verdict(refusals, case)}


def to_whole(want, have):
    """`have`, with the expected number where it is at most one away."""
    flat = want.reshape(-1)
    near = want.dtype.kind in "iu" and have.shape == flat.shape
    return np.where(np.abs(flat.astype(np.float64) - have) <= 1, flat, have) if near else have


def verdict(refusals, case):
    """Of a test that no form passes: unsupported if some form was refused as such; the reason is that of the most constant form."""
    unsupported = [r for r in refusals.values() if r.code == UNSUPPORTED]
    known = [r for r in unsupported if "is not supported" in r.line] or unsupported
    if known:
        return {"status": "unsupported", "detail": reason(refusals.get("integers fixed") if refusals.get("integers fixed") in known else known[0], case)}
    return {"status": "fail", "detail": reason(list(refusals.values())[-1], case)}


def reason(refused, case):
    text = refused.line
    for prefix in ("network.onnx: ", "onnx: ", "quantisation: "):
        text = text.removeprefix(prefix)
    for node in case.model.graph.node:
        for name in (node.name, node.output[0] if node.output else ""):
            # A node's values are name, name/1, name/2, ...
            text = re.sub(rf"node '{re.escape(name)}(/+\d+)?':? ", "", text) if name else text
    return text
