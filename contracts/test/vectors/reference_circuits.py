#!/usr/bin/env python3
"""Small circuits that together use every map, both visibilities, several chunks per tensor and per table.

    reference_circuits.py OUT_DIR      proves each and writes OUT_DIR/NAME.json
"""
import json
import pathlib
import random
import sys
from itertools import product

from reference_key import ALL, EQ, F, G, IN, OUT, REGROUP, SUMWIN, T, W, WIN, Circuit, Map, Operand, Step, Table, Tensor
from reference_math import tau_powers, words
from reference_prover import Prover, fill_trace, lane

TAU = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF


def same(tensor, axes):
    """The operand that reads a tensor axis by axis along the given environment axes."""
    return Operand(tensor, [Map(EQ, p=i) for i in axes])


def sum_window(p, taps, stride, dilation=1, offset=0):
    return Map(SUMWIN, p=p, t=taps >> 8, g=taps & 255, s=stride, e=dilation, off=offset)


def range_table(log, row, lo):
    return Table(log, row, lo, [])


def relu_table(log, row, lo):
    return Table(log, row, lo, [max(0, lo + j) for j in range(1 << log)], function=2)


def mlp(rand, flags):
    """in[5] -> copy -> relu((W x + b + 2) >> 2) [3] -> out[3]."""
    chunks = {W: 2, IN: flags & 1, OUT: flags >> 1, F: 2, G: 1, T: 2}
    tables = [range_table(4, 0, -8), range_table(2, 16, 0), relu_table(6, 128, -32)]
    tensors = [
        Tensor(IN, 0, [5]), Tensor(F, 8, [5]), Tensor(W, 0, [3, 5]), Tensor(W, 128, [3]),
        Tensor(F, 148, [3]), Tensor(F, 0, [3]), Tensor(G, 0, [3]), Tensor(OUT, 0, [3]),
    ]  # fmt: skip
    steps = [
        Step([5], [(1, 0, 1)], [], [(1, same(0, [0]))]),
        Step([3], [(4, 0, 2), (5, 2, 3)], [(2, [(0, 3)])], [(1, same(3, [0]))],
             [(1, [5], 0, same(2, [0, 1]), same(1, [1]))]),
        Step([3], [], [], [(1, same(6, [0])), (-1, same(7, [0]))]),
    ]  # fmt: skip
    c = Circuit(7, flags, chunks, tables, tensors, steps)
    weights = [rand.randrange(-3, 4) for _ in range(256)]
    return c, weights, [rand.randrange(-8, 8) for _ in range(5)], 0


def conv(rand, flags):
    """A 3-D box through every axis map; tensors of four chunks of 128 lanes."""
    chunks = {W: 2, IN: 4 * (flags & 1), OUT: flags >> 1, F: 14, G: 4, T: 4}
    tables = [range_table(3, 0, -4), range_table(2, 8, 0), relu_table(6, 64, -32), range_table(8, 256, -64)]
    tensors = [
        Tensor(IN, 0, [2, 3, 33]), Tensor(F, 1024, [2, 3, 33]),  # 0, 1
        Tensor(W, 0, [3, 2, 3, 2]), Tensor(W, 132, [3]),  # 2, 3
        Tensor(F, 512, [3, 3, 32]), Tensor(F, 0, [3, 3, 32]), Tensor(G, 0, [3, 3, 32]),  # 4, 5, 6
        Tensor(F, 1536, [3, 2, 2]), Tensor(F, 1552, [3, 2, 2]), Tensor(F, 1568, [3, 2, 2]),  # 7, 8, 9
        Tensor(F, 1584, [12]), Tensor(F, 1600, [4, 3]), Tensor(F, 1616, [3, 4]),  # 10, 11, 12
        Tensor(F, 1664, [2]), Tensor(OUT, 0, [2]),  # 13, 14
    ]  # fmt: skip
    pick = lambda off: Operand(6, [Map(EQ, p=0), sum_window(1, 1, 1), sum_window(2, 1, 2, 1, off)])
    steps = [
        Step([2, 3, 33], [(1, 0, 1)], [], [(1, same(0, [0, 1, 2]))]),
        # convolution with padding, bias broadcast over y and x, rounding, and a constant on a part
        Step([3, 3, 32], [(4, 0, 2), (5, 2, 3)], [(2, [(0, 3), (0, 3), (0, 32)]), (-5, [(1, 2), (0, 2), (1, 3)])],
             [(3, same(3, [0]))],
             [(1, [2, 3, 2], 0,
               Operand(1, [Map(EQ, p=3), Map(WIN, p=1, t=4, s=1, e=1, off=-1), Map(WIN, p=2, t=5, s=1, e=1)]),
               same(2, [0, 3, 4, 5]))]),
        # sums over windows: clipped, disjoint, with negative offset, overlapping
        Step([3, 2, 2], [(7, 0, 4)], [],
             [(1, Operand(6, [Map(EQ, p=0), sum_window(1, 2, 2), sum_window(2, 2, 2)])),
              (-1, Operand(6, [Map(EQ, p=0), sum_window(1, 2, 2, 1, -1), sum_window(2, 2, 1, 2)]))]),
        # strided picks
        Step([3, 2, 2], [(9, 0, 4)], [], [(2, pick(0)), (-1, pick(1))]),
        # element-wise products: all axes shared; and a weight that reads only axis 0, the others being free
        Step([3, 2, 2], [(8, 0, 4)], [(1, [(0, 3), (0, 2), (1, 2)])], [],
             [(1, [], 7, pick(0), pick(1)), (-1, [], 1, pick(1), same(3, [0]))]),
        Step([12], [(10, 0, 4)], [], [(1, Operand(9, [Map(REGROUP, p=0, t=1, g=3)]))]),
        # and a window with fewer rows than taps
        Step([4, 3], [(11, 0, 4)], [],
             [(1, Operand(10, [Map(REGROUP, p=0, t=2, g=1)])), (1, Operand(10, [Map(WIN, p=1, t=0, s=4, e=2, off=-1)]))]),
        Step([3, 4], [(12, 0, 4)], [], [],
             [(1, [3], 0, Operand(2, [Map(EQ, p=0), sum_window(255, 1, 0, 0, 1), Map(EQ, p=2), Map(ALL)]),
               Operand(11, [Map(EQ, p=1), Map(EQ, p=2)]))]),
        # sums without an out axis: a pick, ranges, a dilated range, ALL; more taps than rows
        Step([2], [(13, 0, 4)], [(7, [(0, 1)])],
             [(1, Operand(9, [sum_window(255, 2, 0, 1, 1), Map(ALL), Map(EQ, p=0)])),
              (1, Operand(12, [sum_window(255, 2, 0, 2), sum_window(0, 1, 2, 0, 1)])),
              (1, Operand(10, [sum_window(0, 6, 7, 1, -1)]))]),
        Step([2], [], [(-3, [(1, 2)])], [(1, same(13, [0])), (-1, same(14, [0]))]),
    ]  # fmt: skip
    c = Circuit(7, flags, chunks, tables, tensors, steps)
    weights = [rand.randrange(-1, 2) for _ in range(256)]
    return c, weights, [rand.randrange(-4, 4) for _ in range(198)], 0


def prove(name, make, flags, lie=None):
    """The key, and a statement with its proof."""
    rand = random.Random(name)
    c, weights, in_values, in_tensor = make(rand, flags)
    prover = Prover(c, TAU, random.Random(f"{name} {lie}" if lie else name), lie)
    for t in (t for t in c.tensors if t.column == W):  # the padding of weights stays zero
        for digits in product(*map(range, t.dims)):
            prover.col[W][lane(t, digits)] = weights[lane(t, digits)]
    prover.blind[W] = [{c.m: rand.randrange(2**128)} for _ in prover.blind[W]]  # as in the key
    out_values = fill_trace(c, prover.col, in_values, in_tensor)
    if lie in ("output", "other g"):
        out_values[0] += 1
    vk, context = prover.key(), words([rand.randrange(2**256)])
    instances = prover.instances(in_values, out_values)
    proof, challenges = prover.prove(vk, context, instances)
    statement = {
        "context": "0x" + context.hex(),
        "instances": [f"0x{x:064x}" for x in instances],
        "proof": "0x" + proof.hex(),
    }
    return vk, statement, [f"0x{x:064x}" for x in challenges]


def vector(name, make, flags, lies=()):
    vk, statement, challenges = prove(name, make, flags)
    out = {"vk": "0x" + vk.hex(), "tau_powers": "0x" + tau_powers(TAU).hex()} | statement
    out["challenges"] = challenges
    for lie in lies:
        other_vk, told, _ = prove(name, make, flags, lie)
        key = {} if other_vk == vk else {"vk": "0x" + other_vk.hex()}
        assert bool(key) == ("key" in lie)
        out.setdefault("lies", []).append({"name": lie} | told | key)
    return out


LIES = (
    "no Z", "no R", "mask sum", "swapped masks", "other g", "last round", "evaluation", "table output", "output",
    "no power", "inverse", "not canonical",
    *(f"off curve in {place}" for place in ("trace", "inv", "m.h", "m.qg", "m.sd", "m.w", "m.wy", "key W", "key T")),
)

if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    for name, make, flags, lies in (
        ("ref_mlp_public", mlp, 0, LIES),
        ("ref_mlp_committed", mlp, 3, ()),
        ("ref_conv_committed", conv, 1, ()),
        ("ref_conv_public", conv, 2, ()),
    ):
        (out / f"{name}.json").write_text(json.dumps(vector(name, make, flags, lies), indent=1) + "\n")
        print(name)
