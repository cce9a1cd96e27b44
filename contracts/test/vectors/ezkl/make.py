#!/usr/bin/env python3
"""Remakes what is in this folder with ezkl itself: a verifier and a proof of a small model with a context input.

usage: make.py            needs the packages of requirements.txt (ezkl comes as a wheel from PyPI), and the contracts' solc

The model: relu(x W + b) for 4 values, and a second input, `context`, that nothing constrains: it goes in as a field element,
comes out as it is, and the proof's transcript absorbs it, so a proof is bound to it (docs/adr/0070). The context is that of a
request that test/integration/EzklStory.t.sol signs and settles on the real contracts.
Only the deployed code of ezkl's Solidity, the public instances and the proof are kept; its source is not (docs/adr/0071).
"""
import asyncio
import inspect
import json
import os
import pathlib
import subprocess
import tempfile

import ezkl
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
CONTRACTS = HERE.parents[2]
# `contextOf` the signed request of test/integration/EzklStory.t.sol, which fixes all that it depends on; reduced below.
CONTEXT = 0x599980A6733C52A2497C053B568AB23C274A8C99A9361A63D676000C61A1E092
FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def model(path):
    weights = np.array([[1, -1], [0.5, 2], [-1, 0.25], [2, 1]], dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["s"]), helper.make_node("Add", ["s", "b"], ["t"]),
         helper.make_node("Relu", ["t"], ["y"]), helper.make_node("Identity", ["context"], ["bound"])],
        "bound", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4]),
                  helper.make_tensor_value_info("context", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2]),
         helper.make_tensor_value_info("bound", TensorProto.FLOAT, [1, 1])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([[0.5, -0.5]], dtype=np.float32), "b")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


async def done(answer):
    answer = await answer if inspect.isawaitable(answer) else answer
    assert answer is not False, "ezkl said no"
    return answer


async def steps():
    model("network.onnx")
    context = (CONTEXT % FR).to_bytes(32, "little").hex()  # ezkl writes field elements little-endian
    with open("input.json", "w") as file:
        json.dump({"input_data": [[1.0, 0.5, -0.25, 2.0], [context]]}, file)
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility, arguments.output_visibility, arguments.param_visibility = "public", "public", "fixed"
    arguments.input_scale = arguments.param_scale = 7
    arguments.ignore_range_check_inputs_outputs = True
    arguments.logrows, arguments.lookup_range = 14, (-4096, 4096)
    await done(ezkl.gen_settings("network.onnx", "settings.json", py_run_args=arguments))
    with open("settings.json") as file:
        logrows = json.load(file)["run_args"]["logrows"]
    await done(ezkl.compile_circuit("network.onnx", "model.compiled", "settings.json"))
    ezkl.gen_srs("kzg.srs", logrows)
    await done(ezkl.setup("model.compiled", "vk.key", "pk.key", srs_path="kzg.srs"))
    await done(ezkl.gen_witness("input.json", "model.compiled", "witness.json"))
    await done(ezkl.prove("witness.json", "model.compiled", "pk.key", "proof.json", srs_path="kzg.srs"))
    assert await done(ezkl.verify("proof.json", "settings.json", "vk.key", srs_path="kzg.srs"))
    try:  # ezkl writes the source, then wants to download solc for an ABI that nobody needs here
        await done(ezkl.create_evm_verifier("vk.key", "settings.json", "verifier.sol", "verifier.abi", srs_path="kzg.srs"))
    except RuntimeError:
        assert os.path.exists("verifier.sol")


def deployed_code():
    with open("verifier.sol") as file:
        source = file.read()
    task = {"language": "Solidity", "sources": {"verifier.sol": {"content": source}}, "settings": {
        "optimizer": {"enabled": True, "runs": 1}, "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
        "outputSelection": {"*": {"*": ["evm.deployedBytecode.object"]}}}}
    out = json.loads(subprocess.run([str(CONTRACTS / "tools" / "solc"), "--standard-json"], input=json.dumps(task), check=True,
                                    capture_output=True, text=True).stdout)
    return out["contracts"]["verifier.sol"]["Halo2Verifier"]["evm"]["deployedBytecode"]["object"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        asyncio.run(steps())
        with open("proof.json") as file:
            proof = json.load(file)
        flat = [value for column in proof["instances"] for value in column]
        instances = ["0x" + bytes.fromhex(value)[::-1].hex() for value in flat]
        raw = proof["proof"] if isinstance(proof["proof"], list) else list(bytes.fromhex(proof["proof"].removeprefix("0x")))
        vector = {"source": f"Halo2Verifier written by ezkl {ezkl.__version__}",
                  "verifier_code": "0x" + deployed_code(), "instances": instances, "proof": "0x" + bytes(raw).hex()}
        os.chdir(HERE)
    (HERE / "bound_mlp.json").write_text(json.dumps(vector, indent=1) + "\n")
    print("\n".join(instances), len(raw), len(vector["verifier_code"]) // 2 - 1)


if __name__ == "__main__":
    main()
