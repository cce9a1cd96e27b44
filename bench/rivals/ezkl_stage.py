"""One stage of ezkl on one model, in a process of its own so that time and memory are the stage's.

usage: ezkl_stage.py STAGE      in a folder with network.onnx, input.json (and samples.json)

Stages: settings calibrate compile srs setup witness prove verify evm calldata. Files have ezkl's default names.
"""
import asyncio
import inspect
import json
import os
import sys

import ezkl


def logrows():
    with open("settings.json") as file:
        return json.load(file)["run_args"]["logrows"]


def settings():
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility = "private"
    arguments.output_visibility = "public"
    arguments.param_visibility = "fixed"
    arguments.variables = [(name, 1) for name in ("batch_size", "batch", "N")]  # dynamic batches are one sample
    return ezkl.gen_settings("network.onnx", "settings.json", py_run_args=arguments)


async def evm():
    """ezkl writes the source, then wants to download solc for the ABI, which nobody needs here."""
    try:
        return await ezkl.create_evm_verifier("vk.key", "settings.json", "verifier.sol", "verifier.abi", srs_path="kzg.srs")
    except RuntimeError:
        return os.path.exists("verifier.sol")


STAGES = {
    "settings": settings,
    "calibrate": lambda: ezkl.calibrate_settings("input.json", "network.onnx", "settings.json", "resources", max_logrows=24),
    "compile": lambda: ezkl.compile_circuit("network.onnx", "model.compiled", "settings.json"),
    "srs": lambda: ezkl.gen_srs("kzg.srs", logrows()) or True,
    "setup": lambda: ezkl.setup("model.compiled", "vk.key", "pk.key", srs_path="kzg.srs"),
    "witness": lambda: ezkl.gen_witness("input.json", "model.compiled", "witness.json"),
    "prove": lambda: ezkl.prove("witness.json", "model.compiled", "pk.key", "proof.json", srs_path="kzg.srs"),
    "verify": lambda: ezkl.verify("proof.json", "settings.json", "vk.key", srs_path="kzg.srs"),
    "evm": evm,
    "calldata": lambda: ezkl.encode_evm_calldata("proof.json", "calldata.bytes"),
}

if __name__ == "__main__":
    async def run():
        answer = STAGES[sys.argv[1]]()
        return await answer if inspect.isawaitable(answer) else answer

    if not asyncio.run(run()):
        sys.exit(f"{sys.argv[1]}: ezkl said no")
