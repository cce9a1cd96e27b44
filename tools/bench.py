#!/usr/bin/env python3
"""Times setup, prove and verify through the real program, asks a local chain for the gas, prints a table of medians.

usage: bench.py [--runs N] [--optimise prove|gas|balanced] [--no-gas] [MODEL ...]

MODEL is lenet5-mnist, a model of bench/models/make.py (made under build/bench-models when missing), or a folder with
network.onnx and input.json. Default: LeNet-5, every model of make.py and, when present, two of ezkl's examples.

Each row also goes to build/bench.jsonl: model, setup_s, prove_s, verify_s, gas, proof_bytes, key_bytes, peak_bytes and a few
more. `prove_s` is the whole of `zk prove` but for reading files: trace, proof and its check; `prove_cpu_s` the processor time of
the whole command, all threads, which says more when the machine is busy (`load` is its load average). `key_bytes` is what the prover
keeps (vk.key + pk.key + model.compiled, which holds the weights); `peak_bytes` the largest of setup, gen-witness and prove.
`gas` is a whole transaction to the universal verifier on anvil (Osaka). Machines are noisy: compare rows of one run.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test/e2e"), str(ROOT / "bench/models")]
PROGRAM = os.environ.get("MINTMARK", str(ROOT / "build/release/apps/mintmark/mintmark"))
PYTHON = "/usr/bin/python3"  # Debian's, which has onnx and numpy
MADE = ROOT / "build/bench-models"
LONGEST_LOG = 21
MORE_NAMES = ["mobilenet-v2", "unet", "yolo-nano", "forest-100x8", "nano-gpt-ids"]  # not by default
MADE_NAMES = ["cnn-264k", "mlp-4m", "mlp-4m-batch32", "resnet18", "vgg16", "mlp-128m"]


class Folder:
    """Runs verbs in one folder; remembers the last one's processor time and the largest memory of those that count."""

    def __init__(self, path):
        self.path, self.peak_bytes, self.cpu_s = pathlib.Path(path), 0, 0.0

    def zk(self, *arguments, counts=False):
        """Runs a verb, returns its JSON answer; ends the bench with the error otherwise."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([PROGRAM, "--json", "zk", *map(str, arguments)], cwd=self.path, stdout=out, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            for stream in (out, err):
                stream.seek(0)
            if process.returncode != 0:
                sys.exit(f"bench: {' '.join(map(str, arguments))}: {err.read().decode().strip()}")
            self.cpu_s = usage.ru_utime + usage.ru_stime
            if counts:
                self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * 1024)
            return json.loads(out.read().decode().strip().split("\n")[-1])

    def size(self, *names):
        return sum((self.path / name).stat().st_size for name in names)


class Chain:
    """A local chain with the project's contracts, to ask for gas."""

    def __init__(self):
        from harness import World
        import run as e2e
        e2e.build_contracts()
        self.world = World(f"bench-chain-{os.getpid()}")  # benches may run side by side
        self.world.start_chain()
        person = self.world.platform
        person.ok("wallet", "new", person.name)
        self.world.fund(person.address(), "100ETH")
        person.ok("chain", "deploy", "--srs-path", bench_srs(15))

    def gas(self, folder):
        """Gas of a proof's check; None when the key is too long for the chain."""
        person, url = self.world.platform, ("--rpc-url", self.world.rpc_url)
        if folder.size("vk.key") > 16 * 24575:
            return None
        key = person.ok(*url, "--wallet", person.name, "zk", "deploy-evm", "--vk-path", "vk.key", cwd=folder.path)["address"]
        return person.ok(*url, "zk", "verify-evm", "--addr-verifier", self.world.contract("UniversalVerifier"),
                         "--addr-vk", key, cwd=folder.path)["gas"]

    def close(self):
        self.world.close()
        shutil.rmtree(self.world.folder)


def measure(case, chain=None, runs=3, optimise="balanced"):
    """One row. `case`: name, ONNX file, samples that calibrate, input; without a chain there is no gas."""
    name, onnx, samples, inputs = case
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(path)
        folder.zk("gen-settings", "-M", onnx, "--optimise", optimise)
        folder.zk("calibrate-settings", "-M", onnx, "-D", samples)
        circuit = folder.zk("compile-circuit", "-M", onnx)
        srs = bench_srs(circuit["chunk_log"])
        setups = [folder.zk("setup", "--srs-path", srs, counts=True)["setup_ms"] for _ in range(min(runs, 3))]
        folder.zk("gen-witness", "-D", inputs, counts=True)
        proofs, cpu_s = [], []
        for _ in range(runs):
            proofs.append(folder.zk("prove", "--srs-path", srs, counts=True))
            cpu_s.append(folder.cpu_s)
        verifies = [folder.zk("verify", "--srs-path", srs)["verify_ms"] for _ in range(runs)]
        return {
            "model": name,
            "setup_s": statistics.median(setups) / 1e3,
            "prove_s": statistics.median(p["prove_ms"] for p in proofs) / 1e3,
            "prove_cpu_s": statistics.median(cpu_s),
            "verify_s": statistics.median(verifies) / 1e3,
            "gas": chain.gas(folder) if chain else None,
            "proof_bytes": proofs[0]["proof_bytes"],
            "key_bytes": folder.size("vk.key", "pk.key", "model.compiled"),
            "vk_bytes": folder.size("vk.key"),
            "peak_bytes": folder.peak_bytes,
            "chunk_log": circuit["chunk_log"],
            "optimise": optimise,
            "load": os.getloadavg()[0],
        }


def case_of(name):
    mnist, folder = ROOT / "examples/mnist", pathlib.Path(name)
    if name == "lenet5-mnist":
        return name, mnist / "lenet5.onnx", mnist / "samples.json", mnist / "samples.json"
    if name in MADE_NAMES + MORE_NAMES:
        folder = MADE / name
        if not (folder / "input.json").exists():
            subprocess.run([PYTHON, ROOT / "bench/models/make.py", "--out", MADE, name], check=True)
        return name, folder / "network.onnx", folder / "samples.json", folder / "input.json"
    return folder.name, *((folder / file).resolve() for file in ("network.onnx", "input.json", "input.json"))


def rival_models():
    """Folders of the models that bench_rivals.py compares on, made when missing."""
    for name in MADE_NAMES:
        yield case_of(name)[1].parent


def default_models():
    shared = pathlib.Path(os.environ.get("MINTMARK_MODELS", ROOT / "../shared/models")) / "ezkl-examples"
    examples = [str(shared / name) for name in ("4l_relu_conv_fc", "lenet_5")]
    return ["lenet5-mnist", *MADE_NAMES, *(name for name in examples if pathlib.Path(name).is_dir())]


def bench_srs(chunk_log):
    """An insecure SRS that is just long enough: the start of one that is kept from run to run."""
    MADE.mkdir(parents=True, exist_ok=True)
    longest, path = MADE / f"insecure-{LONGEST_LOG}.srs", MADE / f"insecure-{chunk_log}.srs"
    if not longest.exists():
        Folder(MADE).zk("gen-srs", "--logrows", LONGEST_LOG, "--srs-path", longest)
    if not path.exists():
        Folder(MADE).zk("get-srs", "--from", longest, "--logrows", chunk_log, "--srs-path", path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--optimise", choices=["prove", "gas", "balanced"], default="balanced")
    parser.add_argument("--no-gas", action="store_true", help="start no chain")
    parser.add_argument("models", nargs="*", metavar="MODEL")
    args = parser.parse_args()
    out = ROOT / "build/bench.jsonl"
    out.unlink(missing_ok=True)
    chain = None if args.no_gas else Chain()
    print(f"{'model':<16} {'setup s':>8} {'prove s':>8} {'cpu s':>6} {'verify ms':>9} {'gas':>9} {'proof':>7} {'keys':>12} {'peak MB':>8} {'mu':>3}")
    try:
        for name in args.models or default_models():
            row = measure(case_of(name), chain, args.runs, args.optimise)
            with out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            gas = f"{row['gas']:,}" if row["gas"] else "-"
            print(f"{row['model']:<16} {row['setup_s']:>8.3f} {row['prove_s']:>8.3f} {row['prove_cpu_s']:>6.2f} {row['verify_s'] * 1e3:>9.2f} {gas:>9} "
                  f"{row['proof_bytes']:>7,} {row['key_bytes']:>12,} {row['peak_bytes'] / 1e6:>8.0f} {row['chunk_log']:>3}",
                  flush=True)
    finally:
        if chain:
            chain.close()


if __name__ == "__main__":
    main()
