#!/usr/bin/env python3
"""One accuracy proof of LeNet-5 over MNIST's test images: time, memory, gas.

usage: bench_accuracy.py [--samples N] [--runs N] [--no-gas]

Prints a line and appends a row to build/bench.jsonl: model, samples, right, prove_s, prove_cpu_s, verify_s, gas, proof_bytes,
key_bytes, peak_bytes, chunk_log. `prove_s` is key, trace, proof and its check; a thousand samples need about 14 GB.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import tempfile

import bench


def measure(samples, runs, chain):
    mnist = bench.ROOT / "examples/mnist"
    data = ("-D", mnist / "test-images.idx3.gz", "--labels", mnist / "test-labels.idx1.gz")
    with tempfile.TemporaryDirectory() as path:
        folder = bench.Folder(path)
        folder.zk("gen-settings", "-M", mnist / "lenet5.onnx")
        folder.zk("calibrate-settings", "-M", mnist / "lenet5.onnx", "-D", mnist / "samples.json")
        folder.zk("compile-circuit", "-M", mnist / "lenet5.onnx")
        srs = bench.bench_srs(21)
        folder.zk("setup", "--srs-path", srs)
        proofs, cpu_s = [], []
        for _ in range(runs):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            proofs.append(folder.zk("prove-accuracy", *data, "--samples", samples, "--srs-path", srs, counts=True))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        checked = folder.zk("verify-accuracy", *data, "--srs-path", srs)
        assert checked["test_set_checked"] and checked["right"] == proofs[0]["right"]
        return {
            "model": "lenet5-mnist-accuracy",
            "samples": samples,
            "right": proofs[0]["right"],
            "prove_s": statistics.median(p["prove_ms"] for p in proofs) / 1e3,
            "prove_cpu_s": statistics.median(cpu_s),
            "verify_s": checked["verify_ms"] / 1e3,
            "gas": chain_gas(chain, folder) if chain else None,
            "proof_bytes": proofs[0]["proof_bytes"],
            "key_bytes": proofs[0]["vk_bytes"],
            "peak_bytes": folder.peak_bytes,
            "chunk_log": proofs[0]["chunk_log"],
            "load": os.getloadavg()[0],
        }


def chain_gas(chain, folder):
    """Gas of the proof's check by the universal verifier."""
    person, url = chain.world.platform, ("--rpc-url", chain.world.rpc_url)
    key = person.ok(*url, "--wallet", person.name, "zk", "deploy-evm", "--vk-path", "accuracy-vk.key", cwd=folder.path)["address"]
    return person.ok(*url, "zk", "verify-evm", "--addr-verifier", chain.world.contract("UniversalVerifier"),
                     "--addr-vk", key, "--proof-path", "accuracy.json", cwd=folder.path)["gas"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--no-gas", action="store_true")
    args = parser.parse_args()
    chain = None if args.no_gas else bench.Chain()
    try:
        row = measure(args.samples, args.runs, chain)
    finally:
        if chain:
            chain.close()
    with (bench.ROOT / "build/bench.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    gas = f"{row['gas']:,} gas, " if row["gas"] else ""
    print(f"{row['right']} of {row['samples']} right; prove {row['prove_s']:.1f} s ({row['prove_cpu_s']:.1f} s of CPU), "
          f"verify {row['verify_s'] * 1e3:.0f} ms, {gas}proof {row['proof_bytes']:,} bytes, key {row['key_bytes']:,} bytes, "
          f"peak {row['peak_bytes'] / 1e9:.1f} GB")


if __name__ == "__main__":
    sys.exit(main())
