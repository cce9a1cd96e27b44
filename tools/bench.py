#!/usr/bin/env python3
"""Times setup, prove and verify through the real program and prints a table of medians.

usage: bench.py [--runs N] [--models DIR ...]     default: examples/mnist and, when present, the ezkl examples

Each row also goes to build/bench.jsonl: model, setup_s, prove_s, verify_s, proof_bytes, key_bytes, peak_bytes. `prove_s` is the
whole of `zk prove` without reading files: trace, proof and its check. Machines are noisy: compare rows of one run.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/apps/mintmark/mintmark"


def zk(cwd, *arguments):
    """Runs a verb, returns its JSON answer; ends the bench with the error otherwise."""
    done = subprocess.run([str(PROGRAM), "--json", "zk", *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def measure(name, onnx, samples, inputs, srs, runs):
    with tempfile.TemporaryDirectory() as folder:
        zk(folder, "gen-settings", "-M", str(onnx))
        zk(folder, "calibrate-settings", "-M", str(onnx), "-D", str(samples))
        zk(folder, "compile-circuit", "-M", str(onnx))
        setups = [zk(folder, "setup", "--srs-path", str(srs))["setup_ms"] for _ in range(runs)]
        zk(folder, "gen-witness", "-D", str(inputs))
        proofs = [zk(folder, "prove", "--srs-path", str(srs)) for _ in range(runs)]
        verifies = [zk(folder, "verify", "--srs-path", str(srs))["verify_ms"] for _ in range(runs)]
        here = pathlib.Path(folder)
        return {
            "model": name,
            "setup_s": statistics.median(setups) / 1e3,
            "prove_s": statistics.median(p["prove_ms"] for p in proofs) / 1e3,
            "verify_s": statistics.median(verifies) / 1e3,
            "proof_bytes": proofs[0]["proof_bytes"],
            "key_bytes": (here / "vk.key").stat().st_size + (here / "pk.key").stat().st_size
            + (here / "model.compiled").stat().st_size,
            "peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }


def cases(folders):
    mnist = ROOT / "examples/mnist"
    yield "lenet5-mnist", mnist / "lenet5.onnx", mnist / "samples.json", mnist / "samples.json"
    for folder in folders:
        if (folder / "network.onnx").exists():
            yield folder.name, folder / "network.onnx", folder / "input.json", folder / "input.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", type=pathlib.Path, nargs="*", default=None)
    args = parser.parse_args()
    shared = pathlib.Path(os.environ.get("MINTMARK_MODELS", ROOT / "../shared/models")) / "ezkl-examples"
    folders = args.models
    if folders is None:
        folders = [shared / name for name in ("4l_relu_conv_fc", "lenet_5")]
    out = ROOT / "build/bench.jsonl"
    out.unlink(missing_ok=True)
    print(f"{'model':<20} {'setup ms':>9} {'prove ms':>9} {'verify ms':>10} {'proof':>8} {'keys':>9} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        srs = pathlib.Path(folder) / "kzg.srs"
        zk(folder, "gen-srs", "--logrows", "17", "--srs-path", str(srs))
        for case in cases(folders):
            row = measure(*case, srs, args.runs)
            with out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['model']:<20} {row['setup_s'] * 1e3:>9.1f} {row['prove_s'] * 1e3:>9.1f} "
                  f"{row['verify_s'] * 1e3:>10.2f} {row['proof_bytes']:>8,} {row['key_bytes']:>9,} "
                  f"{row['peak_bytes'] / 1e6:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
