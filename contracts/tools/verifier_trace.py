"""Replays recorded calls on a chain of one's own and collects the instructions that ran and the ways that branches went."""
import json
import re
import sys

from anvil import STEPS, Node
from recorded_calls import Call

# Only the contract's own steps: what it calls are precompiles, what it creates is data.
STEP = re.compile(rb'"pc":(\d+),"op":"[^"]*","gas":\d+,"gasCost":\d+,"depth":1,')
ANSWER = re.compile(rb'"returnValue":"(?:0x)?([0-9a-f]*)"')
PLENTY = 10_000_000  # of gas: more is given to no call, and the answer to one with less may hang on which accounts were warm
CREATION_GAS = 16_000_000
# What a call from outside costs before it begins, and how much it must bring at least (EIP-7623).
TRANSACTION, BYTE_GAS, BYTE_FLOOR = 21_000, 4, 10


def weight(data):
    """Bytes, of which each that is not zero counts four times."""
    taken = bytes.fromhex(data[2:])
    return 4 * len(taken) - 3 * taken.count(0)


def is_callable(call):
    """Whether so little gas can be given to a call from outside."""
    return call.gas + BYTE_GAS * weight(call.data) >= BYTE_FLOOR * weight(call.data)


class Hits:
    """Of one code: program counters that ran, and for every branch whether it was taken, not taken."""

    def __init__(self, code):
        self.code, self.ran, self.ways = code, set(), set()
        self._branches = set(code.branches())

    def add(self, steps):
        self.ran.update(steps)
        for pc, then in set(zip(steps, steps[1:])):
            if pc in self._branches:
                self.ways.add((pc, then != pc + 1))


class Replay:
    """Calls of equal paths are replayed once."""

    def __init__(self, creation, deployed):
        self.creation, self.deployed = Hits(creation), Hits(deployed)
        self.calls = self.replayed = 0
        self._node, self._placed, self._seen = Node("--code-size-limit", "100000"), {}, set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._node.process.terminate()

    def add(self, event, gas_used):
        if not isinstance(event, Call):
            if self._is_new(event.data):
                self.creation.add(self._trace({"data": event.data, "gas": hex(CREATION_GAS)})[0])
            return
        self.calls += 1
        if is_callable(event) and self._is_new(event.path(gas_used)):
            self.replayed += 1
            self._call(event)

    def _is_new(self, what):
        new = what not in self._seen
        self._seen.add(what)
        return new

    def _call(self, call):
        for address, code in call.codes.items():
            if self._placed.get(address) != code:
                self._node.rpc("anvil_setCode", address, code)
                self._placed[address] = code
        gas = min(call.gas, PLENTY) + TRANSACTION + BYTE_GAS * weight(call.data)
        steps, answer = self._trace({"to": call.to, "data": call.data, "gas": hex(gas)})
        if call.gas >= PLENTY and answer != call.output:
            sys.exit(f"{call.test}: the replay answers {answer[:74]}, the test was answered {call.output[:74]}")
        self.deployed.add(steps)

    def _trace(self, transaction):
        raw = self._node.ask("debug_traceCall", transaction, "latest", STEPS)
        head, _, steps = raw.partition(b'"structLogs"')
        answer = ANSWER.search(head)
        if not answer:
            sys.exit(f"anvil: debug_traceCall: {raw[:300]}")
        return [int(pc) for pc in STEP.findall(steps)], "0x" + answer[1].decode()
