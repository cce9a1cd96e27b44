#!/usr/bin/env python3
"""Random models against ONNX Runtime: what nobody has seen must compile, agree, and prove, or be refused by name.

usage: fuzz.py [--first SEED] [--count N] [--prove-every N] [--keep]

A row fails when the program stops for another reason than an unsupported operator, when the circuit disagrees with the integer executor, when
a proof is not accepted, or when the error is beyond what the program's own report says (the float graph was read wrongly). A model that is
imprecise by the report, too, is counted apart.
"""
import argparse
import collections
import concurrent.futures
import json
import sys

import numpy as np

from cases import LARGEST_ERROR, UNSUPPORTED, WORK, Folder, FloatRunner, Refused

SAMPLES = 24


def error_of(expected, got):
    worst = 0.0
    for want, have in zip(expected, got):
        flat = want.reshape(-1).astype(np.float64)
        if flat.shape != have.shape:
            return float("inf")
        span = max(float(flat.max() - flat.min()), float(np.max(np.abs(flat))) / 10) or 1.0
        worst = max(worst, float(np.max(np.abs(flat - have))) / span)
    return worst


def check(seed, floats, proves, keep):
    """One row."""
    import onnx
    from random_models import random_model
    model, shapes = random_model(seed)
    row = {"kind": "random", "name": f"seed {seed}", "operator": "+".join(n.op_type for n in model.graph.node), "status": "fail", "detail": ""}
    rng = np.random.default_rng(seed)
    samples = [{name: rng.uniform(-2, 2, shape).astype(np.float32) for name, shape in shapes.items()} for _ in range(SAMPLES)]
    with Folder(f"random-{seed}") as folder:
        path = folder.path / "network.onnx"
        onnx.save(model, str(path))
        if keep:
            (WORK / f"random-{seed}.onnx").write_bytes(path.read_bytes())
        try:
            expected = [[a for _, a in floats.run(path, sample)] for sample in samples]
        except RuntimeError as error:
            return {**row, "status": "no oracle", "detail": str(error)}
        if not all(np.all(np.isfinite(a)) for outputs in expected for a in outputs):
            return {**row, "status": "no oracle", "detail": "not finite"}
        def write(name, rows):
            text = json.dumps({"samples": [[a.reshape(-1).astype(float).tolist() for a in s.values()] for s in rows]})
            (folder.path / name).write_text(text)
        write("samples.json", samples)
        try:
            report = folder.quantise("network.onnx", "samples.json")
            row["reported"] = report["max_relative_error"]
            row["error"] = 0.0
            # The report's measure: of the range over all samples.
            spans = [max(np.ptp(np.stack(o)), np.max(np.abs(np.stack(o))) / 10) or 1.0 for o in zip(*expected)]
            for i in (0, SAMPLES - 1):
                write("input.json", samples[i:i + 1])
                got = folder.run_integers("input.json")
                for want, have, span in zip(expected[i], got, spans):
                    row["error"] = max(row["error"], float(np.max(np.abs(want.reshape(-1) - have)) / span) if want.size == have.size else float("inf"))
            if proves:
                row.update(folder.prove())
        except Refused as refused:
            row["detail"] = str(refused)
            row["status"] = "unsupported" if refused.code == UNSUPPORTED else "fail"
            return row
        if row["error"] > LARGEST_ERROR and row["error"] > 1.5 * row["reported"]:
            row["detail"] = f"error {100 * row['error']:.2f} %, reported {100 * row['reported']:.2f} %"
        else:
            row["status"] = "pass" if row["error"] <= LARGEST_ERROR else "imprecise"
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--prove-every", type=int, default=10)
    parser.add_argument("--keep", action="store_true", help="keep the models under build/conformance")
    args = parser.parse_args()
    floats, counts = FloatRunner(), collections.Counter()
    def guarded(seed):
        try:
            return check(seed, floats, seed % args.prove_every == 0, args.keep)
        except Exception as error:  # pylint: disable=broad-except
            return {"name": f"seed {seed}", "operator": "", "status": "fail", "detail": f"{type(error).__name__}: {error}"[:300]}
    WORK.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool, (WORK.parent / "random-models.jsonl").open("a") as log:
        for row in pool.map(guarded, range(args.first, args.first + args.count)):
            counts[row["status"]] += 1
            log.write(json.dumps(row) + "\n")
            if row["status"] not in ("pass", "no oracle"):
                print(f"{row['status']:11} {row['name']:10} {row['detail'][:160]} "
                      f"{100 * row.get('error', 0):.1f} % ({100 * row.get('reported', 0):.1f}) {row['operator'][:120]}", flush=True)
    floats.close()
    print(", ".join(f"{n} {status}" for status, n in counts.most_common()))
    return 1 if counts["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
