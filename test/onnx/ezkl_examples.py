"""ezkl's example models: compile, prove, verify in C++ and on-chain, outputs against ONNX Runtime's float.

They are found under $MINTMARK_MODELS/ezkl-examples (default: ../shared/models beside the repository); they have no licence and are no part
of this repository.
"""
import json
import os
import pathlib
import threading

import numpy as np
import onnx

from cases import LARGEST_ERROR, PROVE_LIMIT_S, ROOT, Folder, Refused, worst_error

MODELS = pathlib.Path(os.environ.get("MINTMARK_MODELS", ROOT / "../shared/models")).resolve() / "ezkl-examples"
# Outputs that are indices or were rounded although their type is float.
EXACT = {"1l_topk", "hard_max", "rounding_ops", "decision_tree", "bitshift", "boolean", "less", "integer_div"}
CHAIN_LOCK = threading.Lock()


def names():
    return sorted(path.name for path in MODELS.iterdir() if (path / "network.onnx").exists()) if MODELS.is_dir() else []


def flatten(value):
    return [x for item in value for x in flatten(item)] if isinstance(value, list) else [float(value)]


def feeds_of(model, arrays):
    """ONNX Runtime's inputs: the file's numbers in the model's types and shapes, open dims 1."""
    given = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in given]
    feeds = {}
    for value, data in zip(inputs, arrays):
        tensor = value.type.tensor_type
        dims = [d.dim_value if d.dim_value > 0 else 1 for d in tensor.shape.dim]
        dtype = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[tensor.elem_type]
        feeds[value.name] = np.array(data[:int(np.prod(dims))]).astype(dtype).reshape(dims)
    return feeds


def expected_outputs(source, model, arrays, floats):
    """ONNX Runtime's outputs; where it refuses the file as invalid, the outputs that the file's maker recorded, else none."""
    try:
        return [array for _, array in floats.run(source / "network.onnx", feeds_of(model, arrays))], "ONNX Runtime"
    except RuntimeError:
        recorded = json.loads((source / "input.json").read_text()).get("output_data") or []
        rows = [np.array(flatten(x)) for x in recorded]
        # ezkl's own fixed-point results (multiples of 2^-14) are no yardstick.
        if rows and not all(np.all(np.abs(r * 2**14 - np.round(r * 2**14)) < 1e-3) for r in rows):
            return rows, "recorded"
        return [], "own float"


def check(name, chain, floats):
    """One row."""
    row = {"kind": "example", "name": name, "operator": "", "status": "fail", "detail": ""}
    source = MODELS / name
    if (source / "network.onnx").read_bytes().startswith(b"version https://git-lfs"):
        return {**row, "status": "unsupported", "detail": "the file is a Git LFS pointer, not a model"}
    model = onnx.load(str(source / "network.onnx"))
    arrays = [np.array(flatten(x)) for x in json.loads((source / "input.json").read_text())["input_data"]]
    expected, row["oracle"] = expected_outputs(source, model, arrays, floats)
    with Folder(name) as folder:
        try:
            report = folder.quantise(source / "network.onnx", source / "input.json")
            got = folder.run_integers(source / "input.json")
            exact = range(len(expected)) if name in EXACT else ()
            row["error"] = worst_error(expected, got, exact) if expected else report["max_relative_error"]
            row.update(folder.prove())
            row["gas"] = on_chain(folder, chain)
        except Refused as refused:
            row["detail"] = str(refused)
            row["status"] = "unsupported" if refused.code == 5 else "fail"
            return row
    too_slow = min(row["prove_s"], row["prove_cpu_s"]) >= PROVE_LIMIT_S
    if row["error"] > LARGEST_ERROR:
        row["detail"] = "an exact output differs" if row["error"] == float("inf") else f"error {100 * row['error']:.2f} %"
    elif too_slow:
        row["detail"] = f"proves in {row['prove_s']:.2f} s"
    else:
        row["status"] = "pass"
    return row


def on_chain(folder, chain):
    """Gas of the proof's check by the universal verifier; None where the key does not fit into one contract's code."""
    with CHAIN_LOCK:
        return chain.gas(folder)
