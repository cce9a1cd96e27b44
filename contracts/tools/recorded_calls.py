"""What forge's tests do with one contract: code that is placed, creations of the contract, calls of it.

Forge writes the trace of every test down (`--json -vvvv`); of fuzz tests it is one run's.
"""
import dataclasses
import hashlib
import json
import os
import subprocess
import sys

from bytecode import CONTRACTS

CHEATS = "0x7109709ecfa91a80626ff3989d68f67f5b1dd12d"
ETCH = "0xb4d6c782"  # etch(address,bytes)


@dataclasses.dataclass
class Creation:
    """Creation code with its arguments; `ok` if there is a contract then."""
    test: str
    data: str
    ok: bool


@dataclasses.dataclass
class Call:
    """A call of the contract at `to`; `codes` is what lies at all addresses then."""
    test: str
    to: str
    data: str
    gas: int
    output: str
    codes: dict

    def path(self, gas_used):
        """Calls of equal paths: same code and key, same cost, same answer."""
        key = self.codes.get("0x" + self.data[34:74], "")
        return hashlib.sha256("|".join((self.codes[self.to], key, self.data[:10], str(gas_used), self.output)).encode()).digest()


def traces(match):
    """(test, [arenas]) of the tests whose files match; stops if one fails."""
    command = ["node_modules/.bin/forge", "test", "--match-path", match, "--json", "-vvvv"]
    environment = os.environ | {"FOUNDRY_SNAPSHOTS": "cache/coverage-snapshots"}
    run = subprocess.run(command, cwd=CONTRACTS, env=environment, capture_output=True)
    if run.returncode != 0:
        sys.exit((run.stdout[-2000:] + run.stderr[-2000:]).decode(errors="replace"))
    for suite, results in json.loads(run.stdout).items():
        for test, result in results["test_results"].items():
            yield f"{suite.split(':')[1]}.{test.split('(')[0]}", [arena["arena"] for _, arena in result["traces"]]


def recorded(match, creation_code):
    """Creations and calls of the contract with that creation code. Calls that ran out of gas are left out: they are the beginning of others."""
    for test, arenas in traces(match):
        codes, own = {}, set()
        for step in (node["trace"] for arena in arenas for node in arena):
            if step["kind"] in ("CREATE", "CREATE2"):
                if step["data"].startswith(creation_code):
                    yield Creation(test, step["data"], step["success"]), None
                    own.add(step["address"])
                if step["success"]:
                    codes[step["address"]] = step["output"]
            elif step["address"] == CHEATS and step["data"].startswith(ETCH):
                codes.update([_etched(step["data"])])
            elif step["address"] in own and step["status"] != "OutOfGas":
                yield Call(test, step["address"], step["data"], step["gas_limit"], step["output"], dict(codes)), step["gas_used"]


def _etched(data):
    words = bytes.fromhex(data[10:])
    length = int.from_bytes(words[64:96], "big")
    return "0x" + words[12:32].hex(), "0x" + words[96:96 + length].hex()
