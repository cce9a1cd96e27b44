#!/usr/bin/env python3
"""Where the gas of a verification goes: by phase, and by function of the contracts' sources.

usage: gas_profile.py [--functions N] FOLDER ...      (folders with vk.key and proof.json, as `zk setup` and `zk prove` leave them)

Deploys the universal verifier on a local chain, places the key, traces one call and adds up the gas of every step under the
function that the compiler's source map names. Functions that the optimizer inlined count as themselves, so a row is what a
function's own instructions cost wherever they run. `calldata` is the transaction's own 21,000 and its data.
"""
import argparse
import collections
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "contracts/tools"))
from anvil import STEPS, Node
from bytecode import CONTRACTS, Code, artifact, sources

FUNCTION = re.compile(r"\b(function\s+\w+|constructor)\b[^;{]*\{")
# Phases in the order in which `verify` runs them, each with functions that nothing before it calls.
PHASES = [
    ("dispatch", []),
    ("key: copy, hash, header", ["KeyReader.load", "KeyReader._readHeader"]),
    ("transcript and sumchecks", ["UniversalVerifier._layOut", "Transcript.absorb", "Transcript.absorbWord", "Sumcheck.product"]),
    ("public values, program: factors", ["UniversalVerifier._publicValues", "PublicValues.count", "UniversalVerifier._runProgram", "Factors.powers"]),
    ("program: sums and terms", ["Factors.sums", "Terms.short"]),
    ("look-ups, evaluations", ["UniversalVerifier._mergedValue", "Lookups.value", "Lookups._tables", "Lookups._tableInput", "UniversalVerifier._evaluations"]),
    ("whole columns", ["Columns.addWhole", "Columns._columnTable", "Program.addColumn"]),
    ("masks", ["Columns.addMasks", "Masks.coefficients", "Masks._sumcheckSlots"]),
    ("opening: scalars", ["Totals.add", "Mercury.reduce", "Mercury._readScalars", "Mercury._coefficients", "Mercury._valueAtA"]),
    ("curve: commitments, opening", ["Totals._addSent", "Bn254.addFromMemory", "Bn254.addFromCalldata"]),
]
PAIRING_GAS = 100_000  # one instruction that costs more is the pairing
PHASE_OF = {name: i for i, (_, names) in enumerate(PHASES) for name in names}


class Names:
    """From program counters to functions."""

    def __init__(self, contract, files):
        self.at, self.ranges = Code(artifact(contract)["deployedBytecode"]).at, {}
        self.files, self.own, self.cache = files, contract, {}

    def name(self, pc):
        where = self.at.get(pc)
        if where not in self.cache:
            self.cache[where] = self.find(*where) if where else self.own
        return self.cache[where]

    def find(self, start, _, file):
        path = self.files.get(file)
        if path is None:
            return f"{self.own}.(compiler)"
        if path not in self.ranges:
            text = (CONTRACTS / path).read_text()
            self.ranges[path] = [(m.start(), m[1].split()[-1]) for m in FUNCTION.finditer(text)]
        inside = [name for begin, name in self.ranges[path] if begin <= start]
        return f"{pathlib.Path(path).stem}.{inside[-1] if inside else '-'}"


def tau_powers(srs):
    """The constructor's argument from an SRS file in the project's own format (docs/spec/srs.md)."""
    data = srs.read_bytes()
    count = int.from_bytes(data[24:32], "big")
    in_g2, in_g1 = 32 + 128, 32 + 128 * (1 + count)
    rows = b"".join(data[in_g1 + (64 << k):][:64] + data[in_g2 + 128 * k:][:128] for k in range(count))
    return b"".join(n.to_bytes(32, "big") for n in (32, len(rows))) + rows


def call_data(key, proof):
    """The call verify(key, context, instances, proof)."""
    word = lambda n: n.to_bytes(32, "big")
    body, io = bytes.fromhex(proof["proof"][2:]), [bytes.fromhex(x[2:]) for x in proof["instances"]]
    head = bytes.fromhex(key[2:]).rjust(32, b"\0") + bytes.fromhex(proof["context"][2:]) + word(128) + word(160 + 32 * len(io))
    tail = word(len(io)) + b"".join(io) + word(len(body)) + body + bytes(-len(body) % 32)
    selector = artifact("UniversalVerifier")["methodIdentifiers"]["verify(address,bytes32,uint256[],bytes)"]
    return bytes.fromhex(selector) + head + tail


def profile(node, folder, srs, files):
    """(gas of the transaction, {phase: gas}, {function: gas})."""
    creation = artifact("UniversalVerifier")["bytecode"]["object"] + tau_powers(srs).hex()
    verifier = node.send(data="0x" + creation.removeprefix("0x"))[1]["contractAddress"]
    key = "0x" + "c0de" * 10
    node.rpc("anvil_setCode", key, "0x00" + (folder / "vk.key").read_bytes().hex())
    data = call_data(key, json.loads((folder / "proof.json").read_text()))
    call = {"to": verifier, "data": "0x" + data.hex()}
    if int(node.rpc("eth_call", call, "latest"), 16) != 1:
        sys.exit(f"gas_profile: the proof in {folder} is not accepted")
    sent, receipt = node.send(**call)
    used = int(receipt["gasUsed"], 16)
    steps = node.rpc("debug_traceTransaction", sent, STEPS)["structLogs"]
    names, functions, phases, phase = Names("UniversalVerifier", files), collections.Counter(), collections.Counter(), 0
    for step, after in zip(steps, steps[1:] + [None]):
        depth = step["depth"]
        if depth > 1:
            continue
        if after is None or after["depth"] < depth:
            cost = step["gasCost"]
        elif after["depth"] == depth:
            cost = step["gas"] - after["gas"]
        else:
            sys.exit("gas_profile: the verifier calls nothing but precompiles")
        name = names.name(step["pc"])
        phase = max(phase, PHASE_OF.get(name, 0))
        phases["pairing" if cost > PAIRING_GAS else PHASES[phase][0]] += cost
        functions[PHASES[phase][0], name] += cost
    phases["calldata, 21,000"] = used - sum(phases.values())
    return used, phases, functions


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--functions", type=int, default=0, help="print so many functions too")
    parser.add_argument("--srs-path", type=pathlib.Path, required=True, help="any length, of the keys' ceremony")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    files = sources("UniversalVerifier")
    with Node() as node:
        for folder in args.folders:
            used, phases, functions = profile(node, folder, args.srs_path, files)
            print(f"{folder.name}: {used:,}")
            for name, gas in phases.items():
                print(f"  {gas:>9,}  {name}")
            for name, gas in functions.most_common(args.functions):
                print(f"      {gas:>9,}  {': '.join(name)}")


if __name__ == "__main__":
    main()
