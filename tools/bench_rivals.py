#!/usr/bin/env python3
"""The same ONNX files through Mintmark and through ezkl, on this machine, in this run; prints figures and ratios.

usage: bench_rivals.py [--models FOLDER ...] [--minutes N] [--gigabytes N]

A FOLDER holds network.onnx and input.json. Default: the examples' LeNet-5 and the models of bench/models. ezkl (pinned in
bench/rivals/requirements.txt) goes into build/rivals-venv. Rows go to build/bench-rivals.jsonl: model, system, setup_s, prove_s,
verify_s, peak_bytes, key_bytes, proof_bytes, gas, or `failed` with the stage and the reason (out of time, out of memory, ...).
ezkl gets its own calibration for resources, private input, public output, fixed parameters; its SRS is made here and not timed.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RIVALS = ROOT / "bench/rivals"
VENV = ROOT / "build/rivals-venv"
sys.path.insert(0, str(RIVALS))
sys.path.insert(0, str(ROOT / "tools"))
COLUMNS = ("setup_s", "prove_s", "verify_s", "peak_bytes", "key_bytes", "proof_bytes", "gas")


class Failed(Exception):
    """A stage that did not end well: its name and why."""


def venv():
    python = VENV / "bin/python"
    stamp = VENV / "requirements.txt"
    wanted = (RIVALS / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("installing ezkl into build/rivals-venv", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(RIVALS / "requirements.txt")], check=True)
        stamp.write_text(wanted)
    return python


def limited(command, folder, seconds, gigabytes):
    """Runs to the end or to a limit; (seconds, peak bytes)."""
    start = time.monotonic()
    errors = pathlib.Path(folder) / "stderr.txt"
    with errors.open("w") as stream:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=stream)
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            peak = max(peak, usage.ru_maxrss * 1024)
            process.returncode = os.waitstatus_to_exitcode(status)
            break
        pages = pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]
        peak = max(peak, int(pages) * resource.getpagesize())
        over_time = time.monotonic() - start > seconds
        if over_time or peak > gigabytes * 1e9:
            process.kill()
            process.wait()
            raise Failed(f"more than {seconds:.0f} s" if over_time else f"more than {gigabytes} GB")
        time.sleep(0.05)
    if process.returncode != 0:
        lines = [line for line in errors.read_text(errors="replace").splitlines() if line.strip()]
        raise Failed(lines[-1][:200] if lines else f"exit status {process.returncode}")
    return time.monotonic() - start, peak


def ezkl_row(model, python, seconds, gigabytes):
    import evm
    row, deadline = {"model": model.name, "system": "ezkl", "peak_bytes": 0}, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file in ("network.onnx", "input.json"):
            shutil.copy(model / file, folder)

        def stage(what):
            try:
                took, peak = limited([str(python), str(RIVALS / "ezkl_stage.py"), what], folder,
                                     max(1.0, deadline - time.monotonic()), gigabytes)
            except Failed as error:
                raise Failed(f"{what}: {error}") from None
            row["peak_bytes"] = max(row["peak_bytes"], peak)
            return took

        try:
            for what in ("settings", "calibrate", "compile", "srs"):
                row[f"{what}_s"] = stage(what)
            row["setup_s"] = stage("setup")
            row["witness_s"] = stage("witness")
            row["prove_s"] = stage("prove") + row["witness_s"]
            row["verify_s"] = stage("verify")
            row["key_bytes"] = sum((folder / key).stat().st_size for key in ("vk.key", "pk.key", "model.compiled"))
            proof = json.loads((folder / "proof.json").read_text())
            row["proof_bytes"] = len(bytes(proof["proof"]) if isinstance(proof["proof"], list)
                                     else bytes.fromhex(proof["proof"].removeprefix("0x")))
            stage("evm")
            stage("calldata")
            row["gas"], row["verifier_bytes"] = evm.verifier_gas((folder / "verifier.sol").read_text(),
                                                                 (folder / "calldata.bytes").read_bytes())
        except (Failed, RuntimeError) as error:
            row["failed"] = str(error)
    return row


def mintmark_row(model, chain):
    import bench
    samples = model / "samples.json"
    row = bench.measure((model.name, model / "network.onnx", samples if samples.exists() else model / "input.json",
                         model / "input.json"), chain)
    return {**row, "system": "mintmark"}


def show(ours, theirs):
    print(f"\n{ours['model']}" + (f"   ezkl failed: {theirs['failed']}" if "failed" in theirs else ""))
    print(f"  {'':<12} {'mintmark':>14} {'ezkl':>16} {'ratio':>10}")
    for column in COLUMNS:
        mine, other = ours.get(column), theirs.get(column)
        text = [f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if value is not None else "-" for value in (mine, other)]
        ratio = f"{other / mine:,.1f}x" if mine and other else "-"
        print(f"  {column:<12} {text[0]:>14} {text[1]:>16} {ratio:>10}", flush=True)


def default_models():
    import bench
    mnist = ROOT / "build/bench-models/lenet5-mnist"
    mnist.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "examples/mnist/lenet5.onnx", mnist / "network.onnx")
    samples = json.loads((ROOT / "examples/mnist/samples.json").read_text())
    (mnist / "samples.json").write_text(json.dumps(samples))
    first = [values[:784] for values in samples["input_data"][:1]]
    (mnist / "input.json").write_text(json.dumps({"input_data": first}))
    yield mnist
    yield from bench.rival_models()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=pathlib.Path, nargs="*", default=None)
    parser.add_argument("--minutes", type=float, default=30, help="limit of ezkl for one model [30]")
    parser.add_argument("--gigabytes", type=float, default=20, help="limit of ezkl's memory [20]")
    args = parser.parse_args()
    import bench
    python = venv()
    out = ROOT / "build/bench-rivals.jsonl"
    out.unlink(missing_ok=True)
    chain = bench.Chain()
    try:
        for model in args.models if args.models is not None else default_models():
            ours = mintmark_row(model.resolve(), chain)
            theirs = ezkl_row(model.resolve(), python, args.minutes * 60, args.gigabytes)
            with out.open("a") as file:
                for row in (ours, theirs):
                    file.write(json.dumps(row) + "\n")
            show(ours, theirs)
    finally:
        chain.close()


if __name__ == "__main__":
    main()
