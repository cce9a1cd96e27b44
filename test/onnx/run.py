#!/usr/bin/env python3
"""Conformance of the importer, the integer executor and the prover with ONNX (`make conformance`).

usage: run.py [--only examples|nodes|broken ...] [--match TEXT] [--fresh] [--page]

Three families: ezkl's 56 example models (found under MINTMARK_MODELS, skipped when absent), the node tests of the `onnx` package, broken
graphs. Every row goes to build/conformance.jsonl as it is made; a row made by the same program for the same case is not made again
(--fresh: it is). --page writes docs/conformance.md. Exit status 1 if a row failed; an unsupported operator is no failure.
"""
import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import sys
import threading
import time

from cases import PROGRAM, ROOT, FloatRunner

ROWS = ROOT / "build/conformance.jsonl"
WORKERS = int(os.environ.get("MINTMARK_JOBS", "2"))


class Report:
    """The rows, on disk as they come."""

    def __init__(self, fresh):
        self.program = hashlib.sha256(pathlib.Path(PROGRAM).read_bytes()).hexdigest()[:16]
        self.lock, self.rows, self.proven = threading.Lock(), {}, set()
        if ROWS.exists() and not fresh:
            for line in ROWS.read_text().splitlines():
                row = json.loads(line)
                if row["program"] == self.program:
                    self.keep(row)
        ROWS.parent.mkdir(parents=True, exist_ok=True)
        ROWS.write_text("".join(json.dumps(row) + "\n" for row in self.rows.values()))

    def keep(self, row):
        self.rows[row["kind"], row["name"]] = row
        if row["kind"] == "node" and "prove_s" in row:
            self.proven.add(row["operator"])

    def add(self, row):
        with self.lock:
            row["program"] = self.program
            self.keep(row)
            with ROWS.open("a") as file:
                file.write(json.dumps(row) + "\n")
            if row["status"] == "fail":
                print(f"FAIL  {row['kind']:8} {row['name']}: {row['detail'][:200]}", flush=True)

    def claims_proof(self, operator):
        """True once for each operator."""
        with self.lock:
            first = operator not in self.proven
            self.proven.add(operator)
            return first


def jobs_of(family, report, match):
    """(name, function that makes the row), for the cases that have no row yet."""
    if family == "broken":
        import broken
        cases = [(name, functools.partial(broken.check, name, says, make)) for name, says, make in broken.CASES]
        kind = "broken"
    elif family == "nodes":
        import backend
        cases = [(c.name, functools.partial(backend.check, c, report.claims_proof)) for c in backend.all_cases()]
        kind = "node"
    else:
        kind, cases = "example", example_jobs(report, match)
    return [(kind, name, job) for name, job in cases if match in name and (kind, name) not in report.rows]


def example_jobs(report, match):
    import ezkl_examples as examples
    wanted = [name for name in examples.names() if match in name and ("example", name) not in report.rows]
    if not examples.names():
        print(f"no ezkl examples at {examples.MODELS}: skipped (set MINTMARK_MODELS)", flush=True)
    if not wanted:
        return []
    import bench
    chain, floats = bench.Chain(), FloatRunner()
    CLOSERS.extend([chain.close, floats.close])
    return [(name, functools.partial(examples.check, name, chain, floats)) for name in wanted]


CLOSERS = []


def guarded(kind, name, job):
    try:
        return job()
    except Exception as error:  # pylint: disable=broad-except
        return {"kind": kind, "name": name, "operator": "", "status": "fail", "detail": f"{type(error).__name__}: {error}"[:300]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", nargs="+", choices=["examples", "nodes", "broken"], default=["broken", "nodes", "examples"])
    parser.add_argument("--match", default="")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--page", action="store_true")
    args = parser.parse_args()
    report, started = Report(args.fresh), time.monotonic()
    try:
        for family in args.only:
            jobs = jobs_of(family, report, args.match)
            with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                for row in pool.map(lambda job: guarded(*job), jobs):
                    report.add(row)
    finally:
        for close in CLOSERS:
            close()
    import page
    rows = list(report.rows.values())
    print(page.summary(rows), flush=True)
    if args.page:
        (ROOT / "docs/conformance.md").write_text(page.markdown(rows))
    failed = sum(row["status"] == "fail" for row in rows)
    print(f"{sum(row['status'] == 'pass' for row in rows)} passed, {failed} failed, "
          f"{sum(row['status'] == 'unsupported' for row in rows)} unsupported, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
