#!/usr/bin/env python3
"""Runs every suite and ends with one line: 'N passed, N failed'. Exit status 1 if anything failed.

usage: run_tests.py [--long] [--only NAME ...]
NAMEs: defects release contracts e2e sdk sanitized; long dev long-contracts long-fuzz mutants
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORGE = "node_modules/.bin/forge"
USUAL = ["defects", "release", "contracts", "e2e", "sdk", "sanitized"]
FAILED = []  # what the summary repeats: the end of a log is what people see first
NOTED = []
LONG = ["long", "dev", "long-contracts", "long-fuzz", "mutants"]
# Every model of src/mintmark/model/testdata, several times: half of the sanitizers' time. `release` runs them, and the long suites under sanitizers.
EVERY_MODEL = r"^(Models/Quantised|All/Models)\."
# Decoders, the verifier, what lies below: a third of the code. The gateway's own parsers are in `dev`, among the long suites (docs/adr/0242).
EXPOSED = ["base", "hash", "wire", "json", "serving", "circuit", "pcs", "proof", "verifier", "model", "storage"]
EXPOSED_FUZZERS = ["http", "vk", "srs", "proof", "input", "onnx", "quant"]  # of theirs: some seconds each


def run(command, cwd=ROOT):
    """Runs a command, shows its output as it comes, returns (exit status, output)."""
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        sys.stdout.write(line)
        sys.stdout.flush()
    status, out = process.wait(), "".join(lines)
    FAILED.extend(failures(out) if status else [])
    return status, out


def quiet(command, cwd=ROOT):
    """Runs a command; shows its output only if it fails."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-20000:])
    return done.returncode


FAILURE = re.compile(r"^(?:FAIL  .*|\[FAIL.*|\t *\d+ - .*|not ok .*|✖ .*)$", re.M)


def failures(out):
    """The lines with which ctest, forge, node and test/e2e name a failed test; of an end-to-end test also what it raised."""
    named = []
    for found in FAILURE.finditer(out):
        named.append(found[0].strip())
        if found[0].startswith("FAIL  "):
            trace = re.match(r"\nTraceback.*(?:\n  .*)*\n(.*(?:\n(?!ok |FAIL|\d+ passed).*){0,4})", out[found.end():])
            named += ["    " + line for line in trace[1].splitlines()] if trace else []
    return list(dict.fromkeys(named))[:60]


def counted(status, passed, failed):
    """A suite that died without counting its failure still counts as one failure."""
    return (passed, failed) if status == 0 or failed else (passed, 1)


def built(preset, *targets):
    """Builds the targets, or all; headers are precompiled and files joined where nothing has been built yet, unless that does not work with this compiler."""
    is_clean = not (ROOT / "build" / preset / "CMakeCache.txt").exists()
    for faster in [["-DMINTMARK_PCH=ON", "-DMINTMARK_JOINED=ON"], ["-DMINTMARK_PCH=OFF", "-DMINTMARK_JOINED=OFF"]] if is_clean else [[]]:
        if not quiet(["cmake", "--preset", preset, *faster]) and not quiet(["cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else [])]):
            return True
    return False


def cpp(preset, *selection):
    print(f"== C++, preset {preset}", flush=True)
    if not built(preset):
        return 0, 1
    return ctest("--preset", preset, *selection)


def ctest(*selection):
    status, out = run(["ctest", "-j2", "--progress", "--output-on-failure", "--timeout", "1200", *selection])
    found = re.search(r"(\d+) tests failed out of (\d+)", out)
    if not found:
        return 0, 1
    failed, total = int(found[1]), int(found[2])
    return counted(status, total - failed, failed)


def sanitized():
    """The exposed modules under ASan and UBSan; `dev`, among the long suites, is all of them."""
    print("== C++, preset dev: decoders and verifier", flush=True)
    targets = [f"mintmark_{module}_test" for module in EXPOSED] + [f"mintmark_{name}_fuzz" for name in EXPOSED_FUZZERS]
    if not built("dev", *targets):
        return 0, 1
    counts = [ctest("--test-dir", f"build/dev/src/mintmark/{module}", "-LE", "long", "-E", EVERY_MODEL) for module in EXPOSED]
    return tuple(map(sum, zip(*counts)))


def contracts(*selection, **environment):
    print("== contracts (forge)", flush=True)
    status, out = run(["env", *(f"{k}={v}" for k, v in environment.items()), FORGE, "test", *selection], ROOT / "contracts")
    suites = re.findall(r"^Suite result: .*?(\d+) passed; (\d+) failed; (\d+) skipped", out, re.M)
    if not suites:
        return 0, 1
    passed, failed, skipped = (sum(int(suite[column]) for suite in suites) for column in range(3))
    return counted(status, passed, failed + skipped)


def defects():
    print("== a test for every defect of the sketch", flush=True)
    failed = sum(quiet(["python3", f"tools/{name}.py"]) != 0 for name in ("check_defects", "check_evidence"))
    return 2 - failed, failed


def mutants():
    print("== broken contracts, each noticed by a test", flush=True)
    status, out = run(["make", "-C", "contracts", "mutants"])
    found = re.findall(r"^(\d+) passed, (\d+) failed$", out, re.M)
    return counted(status, int(found[-1][0]), int(found[-1][1])) if found else (0, 1)


def e2e():
    print("== end to end (the real CLI on a local chain)", flush=True)
    if quiet(["cmake", "--preset", "release"]) or quiet(["cmake", "--build", "--preset", "release", "--target", "mintmark"]):
        return 0, 1
    status, out = run(["python3", "test/e2e/run.py"])
    NOTED.extend(re.findall(r"^UNSTEADY: .*", out, re.M))
    found = re.findall(r"^(\d+) passed, (\d+) failed$", out, re.M)
    if not found:
        return 0, 1
    return counted(status, int(found[-1][0]), int(found[-1][1]))


def sdk():
    """After `contracts` and `e2e`: it needs their builds."""
    print("== TypeScript package (typed ABIs, EIP-712; against the real contracts)", flush=True)
    folder = ROOT / "sdk/typescript"
    if quiet(["node", "tools/generate.mjs", "--check"], folder) or quiet(["npx", "--no-install", "tsc"], folder):
        return 0, 1
    status, out = run(["node", "--test", *sorted(map(str, folder.glob("dist/test/*.test.js")))], folder)
    passed, failed = (re.search(rf"^(?:#|ℹ) {word} (\d+)", out, re.M) for word in ("pass", "fail"))
    return counted(status, int(passed[1]), int(failed[1])) if passed and failed else (0, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--long", action="store_true", help="the heavy suites only")
    parser.add_argument("--only", nargs="+", default=None)
    args = parser.parse_args()
    suites = {
        "defects": defects,
        "release": lambda: cpp("release", "-LE", "long"),
        "contracts": contracts,
        "e2e": e2e,
        "sdk": sdk,
        "sanitized": sanitized,
        "long": lambda: cpp("release", "-L", "long"),
        "dev": lambda: cpp("dev", "-LE", "long"),
        "long-contracts": lambda: contracts("--match-contract", "MutationsTest", MINTMARK_MUTATIONS="1700",
                                            FOUNDRY_GAS_LIMIT="1000000000000"),  # of a whole test, not of a proof
        "long-fuzz": lambda: contracts(FOUNDRY_PROFILE="long"),
        "mutants": mutants,
    }
    chosen = args.only or (LONG if args.long else USUAL)
    rows, total_passed, total_failed = [], 0, 0
    for name in chosen:
        begin, before = time.monotonic(), len(FAILED)
        passed, failed = suites[name]()
        if failed and not FAILED[before:]:
            FAILED.append(f"{name}: see above")
        rows.append(f"{name:10} {passed:6} passed {failed:4} failed {time.monotonic() - begin:8.0f} s")
        total_passed += passed
        total_failed += failed
    print("\n" + "\n".join(rows + NOTED + FAILED))
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed or not total_passed else 0


if __name__ == "__main__":
    sys.exit(main())
