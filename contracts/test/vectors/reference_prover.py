#!/usr/bin/env python3
"""An independent, slow and simple prover for `mintmark-flat-v4` (docs/spec/protocol.md).

It shares no code with the C++ prover: plain Python integers, dense tables, and a known tau, so that a
commitment is one scalar multiplication. Its SRS is worthless by construction; use it for test vectors only.
    reference_prover.py OUT_DIR      writes the vectors of reference_circuits.py as JSON
"""
from dataclasses import dataclass, field
from itertools import product
from math import prod

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
W, IN, OUT, F, G, M, H, HT, T, Z, R_ = range(11)  # R_: column R, R is the field
ALL, EQ, WIN, SUMWIN, REGROUP = range(5)


# --- Keccak-256 and the transcript -----------------------------------------------------------------
def keccak_f(a):
    rol = lambda v, n: ((v << n) | (v >> (64 - n))) & (2**64 - 1) if n else v
    lfsr = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[x - 1] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rol(current, (t + 1) * (t + 2) // 2 % 64)
        for y in range(5):
            row = [a[x][y] for x in range(5)]
            for x in range(5):
                a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            lfsr = ((lfsr << 1) ^ ((lfsr >> 7) * 0x71)) % 256
            if lfsr & 2:
                a[0][0] ^= 1 << ((1 << j) - 1)
    return a


def keccak256(data):
    data = data + b"\x01" + b"\0" * (-(len(data) + 1) % 136)
    data = data[:-1] + bytes([data[-1] | 0x80])
    a = [[0] * 5 for _ in range(5)]
    for block in range(0, len(data), 136):
        for i in range(17):
            a[i % 5][i // 5] ^= int.from_bytes(data[block + 8 * i : block + 8 * i + 8], "little")
        a = keccak_f(a)
    return b"".join(a[i][0].to_bytes(8, "little") for i in range(4))


word = lambda v: (v % 2**256).to_bytes(32, "big")
words = lambda vs: b"".join(word(v) for v in vs)


class Transcript:
    def __init__(self):
        self.state, self.log = keccak256(b"mintmark-flat-v4"), []

    def absorb(self, label, data):
        head = self.state + label.encode().ljust(32, b"\0") + word(len(data))
        self.state = keccak256(head + data)

    def challenge(self, label):
        self.absorb(label, b"")
        self.log.append(int.from_bytes(self.state, "big") % R)
        return self.log[-1]

    def challenges(self, label, n):
        return [self.challenge(label) for _ in range(n)]


# --- BN254: affine G1, and G2 over Fq2 = (re, im) just for [tau]_2 ------------------------------------
def fq2_mul(a, b):
    return ((a[0] * b[0] - a[1] * b[1]) % Q, (a[0] * b[1] + a[1] * b[0]) % Q)


def fq2_inv(a):
    n = pow(a[0] * a[0] + a[1] * a[1], -1, Q)
    return (a[0] * n % Q, -a[1] * n % Q)


def add(p, q):
    """Points are pairs of Fq2; G1 is embedded with zero imaginary parts. None is infinity."""
    if p is None or q is None:
        return q if p is None else p
    sub = lambda a, b: ((a[0] - b[0]) % Q, (a[1] - b[1]) % Q)
    if p[0] == q[0]:
        if p[1] != q[1] or p[1] == (0, 0):
            return None
        slope = fq2_mul(tuple(3 * v % Q for v in fq2_mul(p[0], p[0])), fq2_inv(tuple(2 * v for v in p[1])))
    else:
        slope = fq2_mul(sub(q[1], p[1]), fq2_inv(sub(q[0], p[0])))
    x = sub(sub(fq2_mul(slope, slope), p[0]), q[0])
    return (x, sub(fq2_mul(slope, sub(p[0], x)), p[1]))


def mul(p, k):
    acc = None
    for bit in bin(k % R)[2:]:
        acc = add(acc, acc)
        acc = add(acc, p) if bit == "1" else acc
    return acc


G1 = ((1, 0), (2, 0))
G2 = (
    (
        0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
        0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    ),
    (
        0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
        0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    ),
)


def g1_bytes(k):
    """Bytes of [k]_1."""
    p = mul(G1, k)
    return words([0, 0]) if p is None else words([p[0][0], p[1][0]])


def g2_words(k):
    (x, y) = mul(G2, k)
    return [x[1], x[0], y[1], y[0]]


# --- multilinear helpers (all dense, straight from the definitions) ----------------------------------
log2up = lambda d: (d - 1).bit_length()


def eq_table(point):
    t = [1]
    for x in point:
        t = [v * (1 - x) % R for v in t] + [v * x % R for v in t]
    return t


lt = lambda d, point: sum(eq_table(point)[:d]) % R
dot = lambda a, b: sum(x * y for x, y in zip(a, b)) % R
mle = lambda table, point: dot(table, eq_table(point))
fold = lambda t, x: [(t[i] + x * (t[i + 1] - t[i])) % R for i in range(0, len(t), 2)]
evaluate = lambda coefs, x: sum(c * pow(x, i, R) for i, c in enumerate(coefs)) % R


def slices(dims, point):
    """The point's slice for every axis of a box; the last axis has the lowest variables."""
    out, pos = [], 0
    for d in reversed(dims):
        out.append(point[pos : pos + log2up(d)])
        pos += log2up(d)
    return out[::-1]


# --- circuits (section 3) and their bytes (section 8) ------------------------------------------------
@dataclass
class Tensor:
    column: int
    offset: int
    dims: list

    def logs(self):
        return [log2up(d) for d in self.dims]

    def size(self):
        return 1 << sum(self.logs())


@dataclass
class Map:
    kind: int
    p: int = 0
    t: int = 0
    g: int = 0
    s: int = 0
    e: int = 0
    off: int = 0


@dataclass
class Operand:
    tensor: int
    maps: list


@dataclass
class Table:
    log: int
    row: int
    lo: int
    out: list  # empty: a range table
    function: int = 0


@dataclass
class Step:
    out: list
    limbs: list = field(default_factory=list)  # (tensor, shift, table)
    consts: list = field(default_factory=list)  # (coef, [(lo, hi)])
    lins: list = field(default_factory=list)  # (coef, operand)
    prods: list = field(default_factory=list)  # (coef, contract dims, shared mask, A, B)


@dataclass
class Circuit:
    mu: int
    flags: int
    chunks: dict  # W, IN, OUT, F, G, T -> number of chunks
    tables: list
    tensors: list
    steps: list

    def __post_init__(self):
        self.m, n = 1 << self.mu, self.chunks
        n[H], n[M], n[HT], n[Z], n[R_] = n[F], n[T], n[T], 1, 1
        self.nu, self.kappa = log2up(n[F] * self.m), log2up(n[T] * self.m)
        logs = [sum(map(log2up, s.out)) for s in self.steps]
        self.n_rho = max([self.nu, self.kappa] + logs)
        xs = [sum(map(log2up, self.x_dims(s, p))) for s in self.steps for p in s.prods]
        self.n_prod = max([self.nu, self.kappa] + xs)
        # slots of section 5a: the mask g, then h q ht, then a_1 b_1 a_2 ...
        self.slot_h = 3 * self.n_prod + 3
        self.n_slots = self.slot_h + 3 + 2 * len(xs)
        assert self.mu >= 6 and self.n_slots <= self.m // 2 - 1

    def mask_slots(self):
        """(slot, variable, exponent) of every coefficient of g but the constant one (slot 0)."""
        n = self.n_prod
        cubic = [(1 + 3 * i + e - 1, i, e) for i in range(n) for e in (1, 2, 3)]
        return cubic + [(3 * n + 1, n - 1, 4), (3 * n + 2, n - 1, 5)]

    def x_dims(self, step, p):
        return p[1] + [d for i, d in enumerate(step.out) if p[2] >> i & 1]

    def env(self, step, p, rho, x):
        """(dim, point) of every environment axis; p None for a lin term."""
        axes = list(zip(step.out, slices(step.out, rho)))
        if p:
            xs, k = slices(self.x_dims(step, p), x), len(p[1])
            shared = [i for i in range(len(axes)) if p[2] >> i & 1]
            for j, i in enumerate(shared):
                axes[i] = (step.out[i], xs[k + j])
            axes += list(zip(p[1], xs[:k]))
        return axes


def axes_bytes(dims):
    return b"".join(bytes([log2up(d)]) + d.to_bytes(3, "big") for d in dims)


def operand_bytes(o):
    out = o.tensor.to_bytes(2, "big") + bytes([len(o.maps)])
    for a in o.maps:
        out += bytes([a.kind, a.p, a.t, a.g]) + a.s.to_bytes(2, "big") + a.e.to_bytes(2, "big")
        out += (a.off % 2**32).to_bytes(4, "big")
    return out


def step_bytes(s):
    coef = lambda c: (c % 2**128).to_bytes(16, "big")
    u24 = lambda v: v.to_bytes(3, "big")
    out = bytes([len(s.out)]) + axes_bytes(s.out) + bytes([len(s.limbs)])
    out += b"".join(t.to_bytes(2, "big") + bytes([shift, k]) for t, shift, k in s.limbs)
    out += bytes([len(s.consts)])
    out += b"".join(coef(c) + b"".join(u24(a) + u24(b) for a, b in rs) for c, rs in s.consts)
    out += bytes([len(s.lins)]) + b"".join(coef(c) + operand_bytes(o) for c, o in s.lins)
    out += bytes([len(s.prods)])
    for c, dims, mask, a, b in s.prods:
        out += coef(c) + bytes([len(dims)]) + axes_bytes(dims) + bytes([mask])
        out += operand_bytes(a) + operand_bytes(b)
    return out


# --- the verifier's program (section 8a) -----------------------------------------------------------------
KINDS = ("const", "eq", "at", "lt", "shift", "dense", "regroup", "sum")
SHORT = 7  # longest terms that have a section by their number of factors


class Program:
    """A factor is ("fixed", id) or (kind, record); a record of a sum is a tuple of products, tuples of factors."""

    def __init__(self, c):
        self.c, self.terms, self.claims = c, [], []
        self.r, self.z = c.n_rho, c.n_rho + c.n_prod
        self.first, n = {}, 2
        for k in (W, IN, OUT, F, G):
            self.first[k], n = n, n + c.chunks[k]
        self.prods = sum(len(s.prods) for s in c.steps)
        self.operands = 0
        for k, s in enumerate(c.steps):
            self.step(k, s)

    # factors without records: gamma^k, -gamma^k, lambda^(6+j), eq of the first n variables of rho and z, 2^-n
    def gamma(self, k, coef):
        coef %= R
        if coef == 1:
            return [("fixed", k)]
        if coef == R - 1:
            return [("fixed", len(self.c.steps) + k)]
        return [("fixed", k), ("const", word(coef))]

    def fixed(self, part, n):
        begin = 2 * len(self.c.steps)
        return ("fixed", n + {"lambda": begin, "prefix": begin + 2 * self.prods, "half": begin + 2 * self.prods + self.c.mu + 1}[part])

    def at(self, first, n, index):
        return [("at", bytes([first, n]) + index.to_bytes(4, "big"))] if n else []

    def eq(self, a, b, n):
        if n == 0:
            return []
        return [self.fixed("prefix", n)] if (a, b) == (0, self.z) else [("eq", bytes([a, b, n]))]

    def range(self, first, n, lo, hi):
        below = lambda d: [] if d == 1 << n else [("lt", bytes([first, n]) + d.to_bytes(4, "big"))]
        if lo == 0:
            return below(hi)
        return [("sum", (tuple(below(hi)), tuple(below(lo) + [("const", word(R - 1))])))]

    def step(self, k, s):
        c, env, n = self.c, starts(s.out, 0), sum(map(log2up, s.out))
        r_nu = self.r + c.n_prod - c.nu
        for t, shift, table in s.limbs:
            factors = self.gamma(k, 1) + ([("const", word(1 << shift))] if shift else []) + self.eq(0, self.z, min(n, c.mu))
            self.place(c.tensors[t], factors, [(c.mu, n - c.mu)] if n > c.mu else [])
            ids = [("const", word(table))] if table != 1 else []
            ids += self.at(r_nu + n, c.nu - n, c.tensors[t].offset >> n)
            for first, d in env:
                ids += self.range(r_nu + first, log2up(d), 0, d)
            self.terms.append((1, ids or self.gamma(0, 1), []))
        for coef, ranges in s.consts:
            parts = [self.range(first, log2up(d), lo, hi) for (first, d), (lo, hi) in zip(env, ranges)]
            self.terms.append((0, self.gamma(k, coef) + sum(parts, []), []))
        for coef, o in s.lins:
            if c.chunks[c.tensors[o.tensor].column]:
                unused = [x for i, x in enumerate(env) if i not in used_axes(o)]
                parts = [self.range(first, log2up(d), 0, d) for first, d in unused]
                self.operand(env, o, self.gamma(k, -coef) + sum(parts, []))
        for coef, dims, mask, a, b in s.prods:
            self.product(k, s, env, (coef, dims, mask), (a, b))

    def product(self, k, s, env, p, operands):
        c, dims = self.c, self.c.x_dims(s, p)
        n = sum(map(log2up, dims))
        x = starts(dims, self.r + c.n_prod - n)
        claim = self.gamma(k, p[0]) + ([self.fixed("half", c.n_prod - n)] if n < c.n_prod else [])
        env, shared = list(env), [i for i in range(len(s.out)) if p[2] >> i & 1]
        for i, at in zip(shared, x[len(p[1]) :]):
            claim += self.eq(env[i][0], at[0], log2up(at[1]))
            env[i] = at
        self.claims.append(claim)
        for o in operands:
            self.operand(env + x[: len(p[1])], o, [self.fixed("lambda", self.operands)])
            self.operands += 1

    def place(self, tensor, factors, spread):
        c, n = self.c, tensor.size().bit_length() - 1
        if n < c.mu:
            factors = factors + self.at(self.z + n, c.mu - n, tensor.offset % c.m >> n)
        self.terms.append((self.first[tensor.column] + tensor.offset // c.m, factors, spread))

    def operand(self, env, o, weight):
        """One term if no map, or only EQ maps, reach above mu; else one for each chunk."""
        c, tensor = self.c, self.c.tensors[o.tensor]
        n, pieces, position = tensor.size().bit_length() - 1, [], 0
        for a, dims in reversed(groups(o, tensor)):
            bits = sum(map(log2up, dims))
            pieces.append((a, dims, position, bits))
            position += bits
        if all(a.kind == EQ for a, _, at, bits in pieces if at + bits > c.mu):
            spread = []
            factors = self.maps(env, pieces, 0, spread)
            if factors is not None:
                self.place(tensor, weight + factors, spread)
            return
        for chunk in range(1 << n - c.mu):
            factors = self.maps(env, pieces, chunk, None)
            if factors is not None:
                self.terms.append((self.first[tensor.column] + tensor.offset // c.m + chunk, weight + factors, []))

    def maps(self, env, pieces, chunk, spread):
        """Factors of the maps' weights, the last tensor axis first; None if one is zero."""
        mu, out, run = self.c.mu, [], None
        for a, dims, at, bits in pieces:
            inside = max(0, min(at + bits, mu) - at)
            index = chunk >> max(at, mu) - mu & (1 << bits - inside) - 1
            if a.kind == ALL or a.kind == EQ and bits == 0:
                continue
            if a.kind == EQ:
                p = env[a.p][0]
                if inside and run and (run[0] + run[2], run[1] + run[2]) == (p, self.z + at):
                    run[2] += inside
                elif inside:
                    out += self.eq(*run) if run else []
                    run = [p, self.z + at, inside]
                if inside < bits and spread is not None:
                    spread.append((p + inside, bits - inside))
                elif inside < bits:
                    out += self.at(p + inside, bits - inside, index)
                continue
            out, run = out + (self.eq(*run) if run else []), None
            if a.kind == REGROUP:
                out.append(self.regroup(env, a, dims, at, chunk if at + bits > mu else 0))
                continue
            products = self.window(env, a, dims[0] - (index << inside), a.off - (index << inside), self.z + at, inside)
            if not products:
                return None
            out += products[0] if len(products) == 1 else [("sum", tuple(map(tuple, products)))]
        return out + (self.eq(*run) if run else [])

    def regroup(self, env, a, dims, at, chunk):
        dest = env[a.p : a.p + a.t]
        record = bytes([self.z + at, len(dest), len(dims)]) + chunk.to_bytes(2, "big")
        record += b"".join(bytes([first, log2up(d)]) + d.to_bytes(3, "big") for first, d in dest)
        return ("regroup", record + axes_bytes(dims))

    def window(self, env, a, dim, off, z, n):
        """Products whose sum is the weight along an axis of `n` variables from `z` on, of which `dim` indices count."""
        dim = max(0, min(dim, 1 << n))
        taps = env[a.t][1] if a.kind == WIN else a.t << 8 | a.g
        if a.kind == SUMWIN and a.p == 255:
            if a.e == 1:
                lo, hi = max(off, 0), min(off + taps, dim)
                if lo >= hi:
                    return []
                return [self.at(z, n, lo) if hi == lo + 1 else self.range(z, n, lo, hi)]
            return [self.at(z, n, k) for k in (off + a.e * b for b in range(taps)) if 0 <= k < dim]
        products = []
        for b in range(taps):
            tap = self.tap(env[a.p], a.s, off + a.e * b, dim, z, n)
            if tap is not None:
                products.append((self.at(env[a.t][0], log2up(taps), b) if a.kind == WIN else []) + tap)
        return products

    def tap(self, p, stride, k, dim, z, n):
        """Sum of eq(p, a) eq(z, stride a + k) over a < dim_p with the index below `dim`; None if there is none."""
        first, rows = p
        if not any(0 <= stride * a + k < dim for a in range(rows)):
            return None
        low = log2up(stride)
        if stride != 1 << low or low > n:
            record = bytes([first, log2up(rows), z, n]) + rows.to_bytes(3, "big") + dim.to_bytes(4, "big")
            return [("dense", record + stride.to_bytes(2, "big") + (k % 2**48).to_bytes(6, "big"))]
        out, shift = self.at(z, low, k % stride), k // stride
        bound, na, nb = min(rows, -((k - dim) // stride)), log2up(rows), n - low
        if shift == 0 and na == nb and bound == 1 << na:
            return out + self.eq(first, z + low, na)
        record = bytes([first, na, z + low, nb]) + (shift % 2**32).to_bytes(4, "big") + bound.to_bytes(4, "big")
        return out + [("shift", record)]

    def bytes(self):
        """Every distinct factor once, sorted by kind and record; terms by their number of factors."""
        factors = {kind: set() for kind in KINDS}
        todo = [f for _, fs, _ in self.terms for f in fs] + [f for fs in self.claims for f in fs]
        while todo:
            kind, record = todo.pop()
            if kind != "fixed":
                factors[kind].add(record)
            if kind == "sum":
                todo += [f for product in record for f in product]
        ids, count, out = {}, self.fixed("half", self.c.n_prod)[1] + 1, b""
        number = lambda f: f[1] if f[0] == "fixed" else ids[f]
        u16 = lambda *vs: b"".join(v.to_bytes(2, "big") for v in vs)

        def encode(kind, record):
            if kind != "sum":
                return record
            return u16(len(record)) + b"".join(u16(*map(number, p)).ljust(6, b"\0") for p in record)

        for kind in KINDS:
            for record in sorted(factors[kind], key=lambda r: encode(kind, r)):
                ids[kind, record], count = count, count + 1
                out += encode(kind, record)
        sections = [[] for _ in range(SHORT + 2)]
        for target, fs, spread in self.terms:
            section = SHORT + 1 if spread else min(len(fs), SHORT + 1) - 1
            head = u16(target) + bytes([len(fs)] * (section >= SHORT)) + bytes([len(spread)] * (section > SHORT))
            sections[section].append(head + u16(*map(number, fs)) + b"".join(map(bytes, spread)))
        column = [t.column for t in self.c.tensors]
        head = u16(column.index(IN), column.index(OUT), len(self.claims), *(len(factors[k]) for k in KINDS), *map(len, sections))
        claims = b"".join(bytes([len(fs)]) + u16(*map(number, fs)) for fs in self.claims)
        return head + out + b"".join(map(b"".join, sections)) + claims


def starts(dims, first):
    """(number of the first variable, dim) of every axis of a box whose lowest variable is `first`."""
    return [(first + sum(map(log2up, dims[i + 1 :])), d) for i, d in enumerate(dims)]


def used_axes(o):
    used = set()
    for a in o.maps:
        if a.kind == REGROUP:
            used |= set(range(a.p, a.p + a.t))
        elif a.kind != ALL:
            used |= {a.p, a.t} if a.kind == WIN else {a.p}
    return used


def vk_bytes(c, srs_digest, commitments):
    steps, program = b"".join(step_bytes(s) for s in c.steps), Program(c).bytes()
    u16 = lambda *vs: b"".join(v.to_bytes(2, "big") for v in vs)
    out = bytes([4, c.mu, c.nu, c.kappa, c.flags, c.n_rho, c.n_prod, 0])
    out += u16(len(c.tables), len(c.tensors), len(c.steps))
    out += u16(*(c.chunks[k] for k in (W, IN, OUT, F, G, T)))
    out += len(steps).to_bytes(3, "big") + len(program).to_bytes(3, "big") + srs_digest
    for t in c.tables:
        out += bytes([t.log, t.function]) + t.row.to_bytes(4, "big")
        out += (t.lo % 2**64).to_bytes(8, "big")
        lo, hi = (min(t.out), max(t.out)) if t.out else (0, 0)
        out += (lo % 2**32).to_bytes(4, "big") + (hi % 2**32).to_bytes(4, "big")
        one = bytes.fromhex("3f800000") if t.out else bytes(4)  # steps of a function table: 1.0f
        out += one + one + u16(0)
    for t in c.tensors:
        out += bytes([t.column, len(t.dims)]) + t.offset.to_bytes(4, "big")
        out += axes_bytes(t.dims).ljust(24, b"\0") + u16(0)
    return out + steps + program + commitments


# --- axis maps, densely --------------------------------------------------------------------------------
def groups(operand, tensor):
    """(map, dims of the tensor axes that it covers), highest axes first."""
    out, axis = [], 0
    for a in operand.maps:
        n = a.g if a.kind == REGROUP else 1
        out.append((a, tensor.dims[axis : axis + n]))
        axis += n
    return out


def weights(a, dims, env):
    """Dense weights over the padded box of the tensor axes that map `a` covers."""
    d, size = dims[0], 1 << sum(map(log2up, dims))
    if a.kind == ALL:
        return [1] * size
    if a.kind == EQ:
        return eq_table(env[a.p][1])
    out = [0] * size
    if a.kind == REGROUP:
        axes = env[a.p : a.p + a.t]
        dest = product(*(range(x[0]) for x in axes))
        tables = [eq_table(x[1]) for x in axes]
        for digits, src in zip(dest, product(*map(range, dims))):
            i = 0
            for dim, digit in zip(dims, src):
                i = i << log2up(dim) | digit
            out[i] = (out[i] + prod(t[x] for t, x in zip(tables, digits))) % R
        return out
    taps = eq_table(env[a.t][1])[: env[a.t][0]] if a.kind == WIN else [1] * (a.t << 8 | a.g)
    rows = [1] if a.kind == SUMWIN and a.p == 255 else eq_table(env[a.p][1])[: env[a.p][0]]
    for i, x in enumerate(rows):
        for b, y in enumerate(taps):
            j = a.s * i + a.e * b + a.off
            if 0 <= j < d and x and y:
                out[j] = (out[j] + x * y) % R
    return out


def operand_weights(operand, tensor, env):
    """Sparse {lane within the tensor: weight}."""
    acc = {0: 1}
    for a, dims in groups(operand, tensor):
        bits = sum(map(log2up, dims))
        nonzero = [(j, w) for j, w in enumerate(weights(a, dims, env)) if w]
        acc = {i << bits | j: v * w % R for i, v in acc.items() for j, w in nonzero}
    return acc


def broadcast(operand, env):
    """lt factors of the axes that no map uses (lin terms)."""
    used = used_axes(operand)
    return prod(lt(*x) for i, x in enumerate(env) if i not in used) % R


# --- the witness: the steps, executed in integers ------------------------------------------------------
def signed(v):
    return v if v < R // 2 else v - R


def fill_trace(c, columns, in_values, in_tensor):
    """Fills IN, OUT, F, G from W and the logical input; returns the logical output values."""
    for digits, v in zip(product(*map(range, c.tensors[in_tensor].dims)), in_values):
        columns[IN][lane(c.tensors[in_tensor], digits)] = v
    out_values = []
    for step in c.steps:
        for digits in product(*map(range, step.out)):
            value = sum(k for k, rs in step.consts if all(a <= x < b for x, (a, b) in zip(digits, rs)))
            reads_out = None
            for k, o in step.lins:
                if c.tensors[o.tensor].column == OUT:
                    reads_out = (k, c.tensors[o.tensor])
                else:
                    value += k * read(c, columns, o, list(zip(step.out, digits)))
            for k, dims, mask, a, b in step.prods:
                for extra in product(*map(range, dims)):
                    env = list(zip(step.out + dims, digits + extra))
                    value += k * read(c, columns, a, env) * read(c, columns, b, env)
            if reads_out:  # 0 = value + k * out
                assert value % reads_out[0] == 0
                out_values.append(-value // reads_out[0])
                columns[OUT][lane(reads_out[1], digits)] = out_values[-1]
            for i, (t, shift, k) in enumerate(step.limbs):
                table, at = c.tables[k - 1], lane(c.tensors[t], digits)
                limb = value >> shift
                if i + 1 < len(step.limbs):
                    limb %= 1 << (step.limbs[i + 1][1] - shift)
                assert table.lo <= limb < table.lo + (1 << table.log), f"{limb} outside table {k}"
                columns[F][at] = limb
                if table.out:
                    columns[G][at] = table.out[limb - table.lo]
    return out_values


def lane(t, digits):
    i = 0
    for dim, x in zip(t.dims, digits):
        i = i << log2up(dim) | x
    return t.offset + i


def read(c, columns, operand, env):
    """An operand at an integer point of its environment: env is [(dim, index)]."""
    bits = lambda dim, x: (dim, [x >> i & 1 for i in range(log2up(dim))])
    t = c.tensors[operand.tensor]
    picked = operand_weights(operand, t, [bits(*x) for x in env])
    return sum(w * columns[t.column][t.offset + j] for j, w in picked.items())


def table_rows(c):
    tin, tout, tid = ([0] * (c.chunks[T] * c.m) for _ in range(3))
    for k, t in enumerate(c.tables, 1):
        for j in range(1 << t.log):
            tin[t.row + j], tid[t.row + j] = t.lo + j, k
            tout[t.row + j] = t.out[j] if t.out else 0
    return tin, tout, tid


def lane_ids(c):
    ids = [0] * (c.chunks[F] * c.m)
    for s in c.steps:
        for t, _, k in s.limbs:
            for digits in product(*map(range, s.out)):
                ids[lane(c.tensors[t], digits)] = k
    return ids


# --- the prover (sections 5, 5a and 6) -------------------------------------------------------------------
class Prover:
    """`lie` names one place where the prover deviates; everything after it is consistent with the lie."""

    def __init__(self, circuit, tau, rand, lie=None):
        self.c, self.tau, self.rand, self.lie, self.shift = circuit, tau, rand, lie, 0
        n, m = circuit.chunks, circuit.m
        self.b = 1 << (circuit.mu + 1) // 2
        self.col = {k: [0] * (n[k] * m) for k in (W, IN, OUT, F, G, T)}
        for x in circuit.tensors:  # public boxes have no chunks
            self.col[x.column] += [0] * (x.offset + x.size() - len(self.col[x.column]))
        self.powers = [pow(tau, i, R) for i in range(m + 8 * self.b)]
        self.srs_digest = keccak256(words(g2_words(tau)))
        _, self.col[T], _ = table_rows(circuit)
        # coefficients from X^m on, per chunk
        self.blind = {k: [{} if k == T else {m: rand.randrange(R)} for _ in range(n[k])] for k in range(11)}
        self.mask()

    def mask(self):
        """Fills Z and R (section 5a)."""
        c, m, any_ = self.c, self.c.m, lambda: self.rand.randrange(R)
        z, r = [0] * m, [0] * m
        for i in [*range(c.n_slots), *(m - 1 - (1 << i) for i in range(c.mu))]:
            z[i] = any_()
        for i in range(c.mu):
            r[m - 1 - (1 << i)] = any_()
        self.blind[Z] = [{m + i + self.b * j: any_() for i in range(8) for j in range(8)}]
        if self.lie == "no Z":
            z, r, self.blind[Z] = [0] * m, [0] * m, [{}]
        if self.lie == "no R":
            r, self.blind[R_] = [0] * m, [{}]
        z[m - 1] = -(sum(z) + dot(map(int.bit_count, range(m)), r)) % R
        if self.lie == "mask sum":
            z[m - 1] += 1
        self.col[Z], self.col[R_] = z, r

    def commit(self, k):
        """Bytes of all chunk commitments of a column."""
        m, at = self.c.m, lambda v: dot(v, self.powers)
        tail = lambda t: sum(v * self.powers[i] for i, v in t.items())
        column, n = self.col[k], self.c.chunks[k]
        return b"".join(g1_bytes(at(column[i * m : i * m + m]) + tail(self.blind[k][i])) for i in range(n))

    def key(self):
        return vk_bytes(self.c, self.srs_digest, self.commit(W) + self.commit(T))

    def instances(self, in_values, out_values):
        part = lambda k, vs: (
            [int.from_bytes(b[i : i + 32], "big") for b in [self.commit(k)] for i in range(0, len(b), 32)]
            if self.c.chunks[k]
            else [v % R for v in vs]
        )
        return part(IN, in_values) + part(OUT, out_values)

    def prove(self, vk, context, instances):
        c, col, t = self.c, self.col, Transcript()
        lf, lt_rows = c.chunks[F] * c.m, c.chunks[T] * c.m
        t.absorb("vk", keccak256(vk))
        t.absorb("ctx", context)
        t.absorb("io", words(instances))
        tin, tout, tid = table_rows(c)
        ids = lane_ids(c)
        col[G] += [0] * (lf - len(col[G]))
        rows, col[M] = {v: i for i, v in reversed(list(enumerate(zip(tin, tout, tid))))}, [0] * lt_rows
        for entry in zip(col[F], col[G], ids):
            col[M][rows.get(entry, 0)] += 1  # a lie may look up what no table has
        masks = [self.commit(Z), self.commit(R_)]
        if self.lie == "swapped masks":
            masks.reverse()
        out = self.send(t, "trace", self.commit(F) + self.commit(G) + self.commit(M) + b"".join(masks))
        alpha, beta = t.challenge("alpha"), t.challenge("beta")
        den = lambda x, y, k: (alpha + x + beta * y + beta * beta * k) % R
        lane_den = [den(*v) for v in zip(col[F], col[G], ids)]
        row_den = [den(*v) for v in zip(tin, tout, tid)]
        col[H] = [pow(v, -1, R) for v in lane_den]
        col[HT] = [count * pow(v, -1, R) % R for count, v in zip(col[M], row_den)]
        out += self.send(t, "inv", self.commit(H) + self.commit(HT))
        rho = t.challenges("rho", c.n_rho)
        gamma, delta = t.challenge("gamma"), t.challenge("delta")

        pad = lambda v, n, x=0: [y % R for y in v] + [x] * ((1 << n) - len(v))
        h, q, ht = (col[Z][c.slot_h + i] for i in range(3))
        terms = [(*v, self.product_masks(i)) for i, v in enumerate(self.products(rho, gamma))]
        terms += [
            (c.nu, delta, [eq_table(rho[: c.nu]), pad(col[H], c.nu), pad(lane_den, c.nu, alpha)], [0, h, q]),
            (c.kappa, delta**2,
             [eq_table(rho[: c.kappa]), pad(col[HT], c.kappa), pad(row_den, c.kappa, alpha)], [0, ht, 0]),
        ]  # fmt: skip
        total = sum(w * sum(x * y % R * v for x, y, v in zip(*tables)) for _, w, tables, _ in terms)
        total = (total + self.value({Z: self.mask_form(None)})) % R
        if self.lie == "other g":  # the sum that a wrong output 0 needs, by a mask that is not the committed one
            error = pow(gamma, len(c.steps) - 1, R) * prod(1 - x for x in rho[: log2up(c.steps[-1].out[0])])
            total, self.shift = total + error, error * pow(2, -c.n_prod, R)
        out += self.send(t, "sum", word(total % R))
        r, sent = self.product_sumcheck(t, terms)
        out += sent
        claims = self.claims(rho, r, beta, gamma, delta)
        values = [self.value(f) for f in claims[:-1]] + [0]
        if self.lie == "evaluation":  # w makes up for it: all that is false are two claims of the merge
            values[6] += 1
        if self.lie == "table output":
            values[5] += 1
        out += self.send(t, "evals", words(v % R for v in values[2:-1]))
        z, v, coefs, sent = self.merge_sumcheck(t, claims, values)
        out += sent + self.open(t, coefs, z, v)
        return out, t.log

    def product_masks(self, i):
        """Masks of E, A and B of prod i."""
        at = self.c.slot_h + 3 + 2 * i
        return [0, self.col[Z][at], self.col[Z][at + 1]]

    def mask_form(self, r):
        """The form of g at r, or of its sum over the cube, on Z."""
        n, slots = self.c.n_prod, self.c.mask_slots()
        if r is None:
            return {0: 2**n % R} | {s: 2 ** (n - 1) % R for s, _, _ in slots}
        return {0: 1} | {s: pow(r[i], e, R) for s, i, e in slots}

    def claims(self, rho, r, beta, gamma, delta):
        """The merge claims' forms in order, {column: {lane: weight}}."""
        c = self.c
        lanes = lambda k: range(c.chunks[k] * c.m)
        r_nu, r_kappa = r[len(r) - c.nu :], r[len(r) - c.kappa :]
        on = lambda k, point: dict(zip(lanes(k), eq_table(point)))
        slot = lambda i: {c.slot_h + i: r[-1] * (1 - r[-1]) % R}
        first = self.direct_form(rho, gamma)
        first[H] = dict.fromkeys(lanes(H), delta**3 % R)
        first[HT] = dict.fromkeys(lanes(HT), -(delta**3) % R)
        first[M] = {i: delta**2 * v % R for i, v in on(M, rho[: c.kappa]).items()}
        first[Z] = self.mask_form(None)
        g_column = {i: beta * v % R for i, v in on(G, r_nu).items()}
        out = [
            first,
            {Z: self.mask_form(r)},
            {H: on(H, r_nu), Z: slot(0)},
            {F: on(F, r_nu), G: g_column, Z: slot(1)},
            {HT: on(HT, r_kappa), Z: slot(2)},
            {T: on(T, r_kappa)},
        ]
        i = 3
        for s, p in ((s, p) for s in c.steps for p in s.prods):
            x = r[len(r) - sum(map(log2up, c.x_dims(s, p))) :]
            for o in p[3:]:
                out.append(self.operand_form(o, c.env(s, p, rho, x)) | {Z: slot(i)})
                i += 1
        out.append({Z: dict.fromkeys(lanes(Z), 1), R_: {i: i.bit_count() for i in lanes(R_)}})
        return out

    def send(self, t, label, data):
        t.absorb(label, data)
        return data

    def operand_form(self, o, env, weight=1):
        """{column: {lane: weight}}"""
        t = self.c.tensors[o.tensor]
        return {t.column: {t.offset + j: w * weight % R for j, w in operand_weights(o, t, env).items()}}

    def value(self, form):
        return sum(w * self.col[k][i] for k, f in form.items() for i, w in f.items()) % R

    def direct_form(self, rho, gamma):
        form = {}
        for k, s in enumerate(self.c.steps):
            env = self.c.env(s, None, rho, None)
            same = [Map(EQ, p=i) for i in range(len(s.out))]
            terms = [(Operand(t, same), 1 << shift) for t, shift, _ in s.limbs]
            terms += [(o, -coef) for coef, o in s.lins]
            for o, weight in terms:
                if self.c.chunks[self.c.tensors[o.tensor].column] == 0:
                    continue
                part = self.operand_form(o, env, weight * pow(gamma, k, R) * broadcast(o, env) % R)
                for column, f in part.items():
                    into = form.setdefault(column, {})
                    for i, w in f.items():
                        into[i] = (into.get(i, 0) + w) % R
        return form

    def products(self, rho, gamma):
        """(variables, weight, [E, A, B]) of every prod term, tables over its own variables."""
        out = []
        for k, s in enumerate(self.c.steps):
            for p in s.prods:
                dims = self.c.x_dims(s, p)
                n = sum(map(log2up, dims))
                tables = [[], [], []]
                for x in range(1 << n):
                    bits = [x >> i & 1 for i in range(n)]
                    env, e = self.c.env(s, p, rho, bits), 1
                    for i, d in enumerate(s.out):
                        if p[2] >> i & 1:
                            bit = lambda a, b: a * b + (1 - a) * (1 - b)
                            e = e * prod(map(bit, slices(s.out, rho)[i], env[i][1])) % R
                    tables[0].append(e)
                    for j in (0, 1):
                        tables[1 + j].append(self.value(self.operand_form(p[3 + j], env)))
                out.append((n, pow(gamma, k, R) * p[0] % R, tables))
        return out

    def product_sumcheck(self, t, terms):
        """terms: (variables, weight, [E, A, B], [masks of E, A, B])."""
        n_rounds, half, r, out = self.c.n_prod, (R + 1) // 2, [], b""
        live = [[n, w * pow(half, n_rounds - n, R) % R, tables, masks] for n, w, tables, masks in terms]
        for j in range(n_rounds):
            last = j == n_rounds - 1
            at = self.mask_round(r)
            for n, w, tables, masks in live:
                if j < n_rounds - n and not last:  # constant in this variable and the later ones before its own
                    total = sum(a * b % R * c for a, b, c in zip(*tables))
                    at = [(v + w * total * 2 ** (n_rounds - n - 1 - j)) % R for v in at]
                    continue
                for i in range(0, len(tables[0]), 2):
                    pairs = [(x[i], x[i + 1] - x[i] if n else 0) for x in tables]
                    for x in range(len(at)):
                        bump = x * (1 - x) if last else 0
                        at[x] += w * prod((l + x * s + bump * k) % R for (l, s), k in zip(pairs, masks))
            coefs = interpolate([v % R for v in at])
            if last and self.lie == "last round":
                coefs[5] += 1
            out += self.send(t, "prod", words(v % R for v in coefs[:1] + coefs[2:]))
            r.append(t.challenge("r"))
            for item in live:
                if j >= n_rounds - item[0]:
                    item[2] = [fold(x, r[-1]) for x in item[2]]
        return r, out

    def mask_round(self, r):
        """The sum of g over the variables behind r's next one, at the points 0 .. 3 (last round: 0 .. 5)."""
        n, j, z = self.c.n_prod, len(r), self.col[Z]
        free = n - 1 - j
        fixed = (z[0] + self.shift) * 2**free
        for s, i, e in self.c.mask_slots():
            if i != j:
                fixed += z[s] * (pow(r[i], e, R) * 2**free if i < j else 2 ** (free - 1))
        own = [(s, e) for s, i, e in self.c.mask_slots() if i == j]
        points = range(6 if free == 0 else 4)
        return [(fixed + sum(z[s] * x**e for s, e in own) * 2**free) % R for x in points]

    def merge_sumcheck(self, t, claims, values):
        c, lam = self.c, t.challenge("lambda")
        w = {(k, i): [0] * c.m for k in range(11) for i in range(c.chunks[k])}
        for j, form in enumerate(claims):
            for k, f in form.items():
                for i, x in f.items():
                    at = w[k, i // c.m]
                    at[i % c.m] = (at[i % c.m] + pow(lam, j, R) * x) % R
        p = {(k, i): [x % R for x in self.col[k][i * c.m : (i + 1) * c.m]] for k, i in w}
        v, z, out = dot([pow(lam, j, R) for j in range(len(values))], values), [], b""
        for _ in range(c.mu):
            pairs = [
                (a[i], a[i + 1] - a[i], b[i], b[i + 1] - b[i])
                for a, b in ((w[k], p[k]) for k in w)
                for i in range(0, len(a), 2)
            ]
            c0 = sum(a * b for a, _, b, _ in pairs) % R
            c2 = sum(a * b for _, a, _, b in pairs) % R
            out += self.send(t, "merge", words([c0, c2]))
            z.append(t.challenge("z"))
            v = (c0 + (v - 2 * c0 - c2) * z[-1] + c2 * z[-1] ** 2) % R
            w, p = ({k: fold(x, z[-1]) for k, x in tables.items()} for tables in (w, p))
        return z, v, {k: x[0] for k, x in w.items()}, out

    def open(self, t, coefs, z, v):
        """Mercury; every quotient is evaluated at the known tau instead of being computed."""
        c, inv = self.c, lambda x: pow(x, -1, R)
        f = [0] * (c.m + 8 * self.b)
        for (k, i), weight in coefs.items():
            for x in range(c.m):
                f[x] = (f[x] + weight * self.col[k][i * c.m + x]) % R
            for x, blind in self.blind[k][i].items():
                f[x] = (f[x] + weight * blind) % R
        mu1, b = (c.mu + 1) // 2, self.b
        p1, p2 = eq_table(z[:mu1]), eq_table(z[mu1:])
        rows = [f[i : i + b] for i in range(0, len(f), b)]
        at = lambda *ps: b"".join(g1_bytes(p) for p in ps)
        h = [dot(row, p1) for row in rows]
        out = self.send(t, "m.h", at(evaluate(h, self.tau)))
        a = t.challenge("m.a")
        g = [sum(row[j] * pow(a, i, R) for i, row in enumerate(rows)) % R for j in range(b)]
        f_tau, g_tau, h_tau = (evaluate(x, self.tau) for x in (f, g, h))
        q_tau = (f_tau - g_tau) * inv(pow(self.tau, b, R) - a) % R
        out += self.send(t, "m.qg", at(q_tau, g_tau))
        gamma = t.challenge("m.gamma")
        s = [0] * max(b, len(h))
        for weight, x, y in ((1, g, p1), (gamma, h, p2)):
            for i, xi in enumerate(x):
                for j, yj in enumerate(y):
                    if i != j:  # both g(X)P(1/X) and its mirror: one side of the symmetric Laurent polynomial
                        s[abs(i - j) - 1] = (s[abs(i - j) - 1] + weight * xi * yj) % R
        d = g[::-1]
        s_tau, d_tau = evaluate(s, self.tau), evaluate(d, self.tau)
        out += self.send(t, "m.sd", at(s_tau, d_tau))
        zeta = t.challenge("m.zeta")
        zi = inv(zeta)
        ev = [zi] + [evaluate(x, y) for x in (g, h, s) for y in (zeta, zi)]
        out += self.send(t, "m.ev", words(ev))
        nu = t.challenge("m.nu")
        first = f_tau - (pow(zeta, b, R) - a) * q_tau - ev[1]
        tails = [(h_tau, ev[3]), (g_tau, ev[1]), (d_tau, evaluate(d, zeta)), (s_tau, ev[5])]
        w1 = first + sum(pow(nu, i + 1, R) * (x - y) for i, (x, y) in enumerate(tails))
        w2 = (h_tau - ev[4]) + nu * (g_tau - ev[2]) + nu**2 * (s_tau - ev[6])
        w3 = h_tau - evaluate(h, a)
        w = [x * inv(self.tau - y) % R for x, y in ((w1, zeta), (w2, zi), (w3, a))]
        out += self.send(t, "m.w", at(*w))
        t.challenge("m.eps")
        return out


def interpolate(y):
    """Coefficients of the polynomial of degree < len(y) through (0, y0), (1, y1), ..."""
    out = [0] * len(y)
    for i, yi in enumerate(y):
        basis, scale = [1], 1
        for j in range(len(y)):
            if j != i:
                basis = [(b - j * a) % R for a, b in zip(basis + [0], [0] + basis)]
                scale = scale * (i - j) % R
        scale = yi * pow(scale, -1, R)
        out = [(a + scale * b) % R for a, b in zip(out, basis)]
    return out
