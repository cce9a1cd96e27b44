#!/usr/bin/env python3
"""Networks that were trained (bench/models/train.py): bits chosen for what their users measure, measured on data that neither trained nor calibrated, one proof each.

usage: trained.py [NAME ...]      rows also in build/trained.jsonl
"""
import argparse
import json
import os
import subprocess
import sys

import sources

sys.path[:0] = [str(sources.ROOT / "test/onnx")]
from cases import Folder, Refused  # noqa: E402  pylint: disable=wrong-import-position

MADE, ROWS = sources.ROOT / "build/trained", sources.ROOT / "build/trained.jsonl"


def agreement(report):
    return "same top answer", report["top1_agreement"], report["top1_agreement"] >= 0.995


def cosine(report):
    return "least cosine", report["min_cosine"], report["min_cosine"] >= 0.999


def perplexity(report):
    change = report["integer_perplexity"] / report["float_perplexity"] - 1
    return f"change of perplexity {report['float_perplexity']:.3f}", change, abs(change) <= 0.01


NETWORKS = {  # what calibration aims at, what is measured
    "digits-cnn": (("--min-agreement", 0.995), agreement),
    "char-gpt": (("--max-perplexity-change", 0.005), perplexity),
    "verse-encoder": (("--min-cosine", 0.9995), cosine),
}


def measure(name):
    """One row; the network is trained when it is missing."""
    made, (goal, metric) = MADE / name, NETWORKS[name]
    if not (made / "input.json").exists():
        subprocess.run(["/usr/bin/python3", sources.ROOT / "bench/models/train.py", "--out", MADE, name], check=True)
    row = {"network": name, "status": "fail", "load": os.getloadavg()[0]}
    model = made / "network.onnx"
    with Folder(name) as folder:
        try:
            folder.zk("gen-settings", "-M", model)
            chosen = folder.zk("calibrate-settings", "-M", model, "-D", made / "samples.json", *goal, timeout_s=1800)
            row["bits"] = [chosen["activation_bits"], chosen["weight_bits"]]
            folder.chunk_log = folder.zk("compile-circuit", "-M", model, timeout_s=900)["chunk_log"]
            report = folder.zk("evaluate", "-M", model, "-D", made / "held_out.json", timeout_s=1800)
            row["metric"], row["value"], reached = metric(report)
            row["samples"], row["error"] = report["samples"], report["max_relative_error"]
            folder.zk("gen-witness", "-D", made / "input.json")
            row.update(folder.prove())
            row["status"] = "pass" if reached else "metric below its bar"
        except Refused as refused:
            row["detail"] = str(refused)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NETWORKS))
    failed = 0
    for name in parser.parse_args().names or NETWORKS:
        row = measure(name)
        with ROWS.open("a") as file:
            file.write(json.dumps(row) + "\n")
        failed += row["status"] != "pass"
        if "value" in row:
            print(f"{name:14} {row['status']:6} {row['metric']} {row['value']:.5f} on {row['samples']}; bits {row['bits']}, error {100 * row['error']:.2f} %; "
                  f"prove {row.get('prove_cpu_s', 0):.2f} s of processor time, {row.get('proof_bytes', 0):,} B", flush=True)
        else:
            print(f"{name:14} {row['status']:6} {row.get('detail', '')[:300]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
