"""Compiled contracts: their code, and the places in the sources that the compiler's map names for it."""
import json
import pathlib
import sys

CONTRACTS = pathlib.Path(__file__).resolve().parent.parent
JUMPI, PUSH1, PUSH32 = 0x57, 0x60, 0x7F


def artifact(name):
    return json.loads((CONTRACTS / f"out/{name}.sol/{name}.json").read_text())


def sources(name):
    """Source file of every id of the build that made the contract."""
    own = str(artifact(name)["id"])
    for path in sorted((CONTRACTS / "out/build-info").glob("*.json"), key=lambda p: -p.stat().st_mtime):
        table = json.loads(path.read_text())["source_id_to_path"]
        if table.get(own, "").endswith(f"/{name}.sol"):
            return {int(key): value for key, value in table.items()}
    sys.exit("build the contracts first (forge build)")


class Code:
    """Instructions of `bytecode` (creation) or `deployedBytecode` (what then runs)."""

    def __init__(self, compiled):
        self.bytes = bytes.fromhex(compiled["object"].removeprefix("0x"))
        self.at, pc, fields = {}, 0, ["0", "0", "-1"]  # {pc: (first byte, length, id of the source)}
        for entry in compiled["sourceMap"].split(";"):
            parts = entry.split(":")
            fields = [parts[i] if i < len(parts) and parts[i] else fields[i] for i in range(3)]
            if pc >= len(self.bytes):
                break
            self.at[pc] = tuple(map(int, fields))
            pc = self.after(pc)

    def after(self, pc):
        """Where the next instruction begins."""
        op = self.bytes[pc]
        return pc + 1 + (op - PUSH1 + 1 if PUSH1 <= op <= PUSH32 else 0)

    def branches(self):
        return [pc for pc in self.at if self.bytes[pc] == JUMPI]
