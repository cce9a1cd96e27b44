#!/usr/bin/env python3
"""Architectures of torchvision, transformers and timm, exported by torch.onnx, quantised and proven: what the importer and the quantiser make of models
that nobody wrote for them.

usage: exported.py [--no-proof] [NAME ...]      rows also in build/exported.jsonl

Weights are random, so this says whether a model imports, how far its integers are from torch's numbers (not from our own float executor's), and what it
costs; not what a trained one is worth. Needs Debian's python3-torch and python3-torchvision, and of PyPI transformers and timm (tools/setup.sh torch).
"""
import argparse
import json
import sys
import warnings

import sources

sys.path[:0] = [str(sources.ROOT / "test/onnx")]
import torch  # noqa: E402
from architectures import ARCHITECTURES  # noqa: E402
from cases import Folder, Refused  # noqa: E402

ROWS = sources.ROOT / "build/exported.jsonl"
SAMPLES = 12


class Picked(torch.nn.Module):
    def __init__(self, module, pick):
        super().__init__()
        self.module, self.pick = module, pick

    def forward(self, *inputs):
        return self.pick(self.module(*inputs))


def warmed(made):
    """With the statistics of a few batches."""
    made.module.train()
    with torch.no_grad():
        for _ in range(6):
            rows = [made.inputs() for _ in range(8)]
            made.module(*[torch.cat(column) for column in zip(*rows)])


def export(name, path):
    """Writes the file; returns samples and what torch answers to them."""
    torch.manual_seed(sum(map(ord, name)))
    made = ARCHITECTURES[name]()
    if made.warm:
        warmed(made)
    module = Picked(made.module, made.pick).eval()
    samples = [made.inputs() for _ in range(SAMPLES)]
    with torch.no_grad():
        torch.onnx.export(module, tuple(samples[0]), str(path), opset_version=14, input_names=[f"x{i}" for i in range(len(samples[0]))])
        answers = [module(*sample).flatten().tolist() for sample in samples]
    return [[x.flatten().tolist() for x in sample] for sample in samples], answers


def distance(exact, integer):
    return max(abs(a - b) for a, b in zip(exact, integer)) / (max(exact) - min(exact))


def measure(name, proves):
    row = {"model": name, "status": "fail"}
    with Folder(name) as folder:
        try:
            network = folder.path / "network.onnx"
            samples, answers = export(name, network)
            (folder.path / "samples.json").write_text(json.dumps({"samples": samples}))
            (folder.path / "input.json").write_text(json.dumps({"samples": samples[:1]}))
            folder.zk("gen-settings", "-M", network)
            report = folder.zk("calibrate-settings", "-M", network, "-D", "samples.json", timeout_s=900)
            compiled = folder.zk("compile-circuit", "-M", network)
            folder.chunk_log = compiled["chunk_log"]
            integer = folder.zk("gen-witness", "-D", "input.json")["output"][0]
            row.update(error=report["max_relative_error"], cosine=report["min_cosine"], bits=[report["activation_bits"], report["weight_bits"]],
                       steps=compiled["steps"], estimated_gas=compiled["estimated_gas"], from_torch=distance(answers[0], integer), status="pass")
            if proves:
                row.update(folder.prove())
        except Refused as refused:
            row.update(status="unsupported" if refused.code == 5 else "fail", detail=str(refused))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--no-proof", action="store_true", help="stop at the witness")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ARCHITECTURES))
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    failed = 0
    for name in args.names or ARCHITECTURES:
        row = measure(name, not args.no_proof)
        with ROWS.open("a") as file:
            file.write(json.dumps(row) + "\n")
        failed += row["status"] != "pass"
        if row["status"] == "pass":
            proof = f", proven in {row['prove_cpu_s']:.1f} s of processor time" if "prove_cpu_s" in row else ""
            print(f"{name:24} error {100 * row['error']:.2f} %, {100 * row['from_torch']:.2f} % from torch, least cosine {row['cosine']:.5f}, bits {row['bits']}, "
                  f"{row['steps']} steps, some {row['estimated_gas']:,.0f} gas{proof}", flush=True)
        else:
            print(f"{name:24} {row['status']}: {row['detail'][:200]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
