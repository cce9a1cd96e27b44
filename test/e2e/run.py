#!/usr/bin/env python3
"""End to end: the real program, a real chain, real proofs. Last line: 'N passed, N failed'.

usage: run.py [--no-examples] [--jobs N] [WORLD ...]
environment: MINTMARK (the program), MINTMARK_MODELS (ezkl's examples)

A world is a chain with its people; its stories run in order. Worlds know nothing of each other: N (2) run at a time, each in a process
of its own. A world with a failed test is run once more, alone, and its second result counts; the first is shown, and named as unsteady.
"""
import argparse
import concurrent.futures
import importlib
import os
import pathlib
import re
import subprocess
import sys

from harness import ROOT, World

# The longest come first.
WORLDS = {
    "e2e": ["story", "challenges", "adapters", "referee", "rights", "ownership", "jobs", "tensors", "accuracy", "standalone", "bad_input",
            "examples", "disputes"],
    "payments": ["x402", "upto", "cluster", "degraded"],
    "serving": ["gateway", "infernet", "traces"],
    "selling": ["selling", "catalogue", "governance", "signed"],
    "batches": ["batches"],
    "settled": ["settled"],
    "systems": ["systems", "earners"],
    "deployment": ["deployment"],
    "indexed": ["indexed"],
    "paid": ["paid"],
}
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def build_contracts():
    if not (ROOT / "contracts/out/VerifierRouter.sol/VerifierRouter.json").exists():
        subprocess.run(["node_modules/.bin/forge", "build", "--skip", "test", "--quiet"], cwd=ROOT / "contracts", check=True)


def play(name, stories):
    """All of one world, in this process. Exit status."""
    world, passed, failed = World(name), 0, 0
    try:
        for story in stories:
            suite = importlib.import_module(story).suite
            suite.run(world)
            passed, failed = passed + suite.passed, failed + suite.failed
    finally:
        for each in (world, getattr(world, "other", None)):
            if each is not None:
                each.close()
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def in_its_own_process(name, no_examples):
    """(passed, failed, what it printed): a world that dies counts as one failure more."""
    command = [sys.executable, os.fspath(pathlib.Path(__file__)), "--inside", name, *(["--no-examples"] if no_examples else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = COUNTS.findall(done.stdout)
    passed, failed = map(int, found[-1]) if found else (len(re.findall(r"^ok    ", done.stdout, re.M)), 0)
    lines = COUNTS.sub("", done.stdout).rstrip()
    if done.returncode and not failed:
        failed, lines = 1, f"{lines}\nFAIL  the world {name} ended with status {done.returncode}"
    return passed, failed, f"-- world {name}\n{lines}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--no-examples", action="store_true", help="without ezkl's examples")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"of {', '.join(WORLDS)}; all")
    args = parser.parse_args()
    chosen = args.worlds or list(WORLDS)
    if unknown := [name for name in chosen if name not in WORLDS]:
        parser.error(f"no such world: {', '.join(unknown)}; there are {', '.join(WORLDS)}")
    if args.inside:
        return play(chosen[0], [story for story in WORLDS[chosen[0]] if not (args.no_examples and story == "examples")])
    build_contracts()
    counts, again = {}, []
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for name, result in zip(chosen, pool.map(lambda name: in_its_own_process(name, args.no_examples), chosen)):
            passed, failed, lines = result
            print(lines.replace("\nFAIL  ", "\nfirst run: FAIL  ") if failed else lines, flush=True)
            counts[name] = (passed, failed)
            again += [name] if failed else []
    unsteady = []
    for name in again:
        passed, failed, lines = in_its_own_process(name, args.no_examples)
        print(f"-- once more, alone\n{lines}", flush=True)
        counts[name] = (passed, failed)
        unsteady += [] if failed else [name]
    if unsteady:
        print(f"UNSTEADY: failed at first, passed alone: {', '.join(unsteady)}")
    print(f"{sum(p for p, _ in counts.values())} passed, {sum(f for _, f in counts.values())} failed")
    return 1 if any(f for _, f in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
