"""Circuits (protocol.md section 3), the bytes of their keys (8) and the verifier's program (8a), for the reference prover."""
import math
from dataclasses import dataclass, field
from itertools import product

from reference_math import R, log2up, slices, word

W, IN, OUT, F, G, M, H, HT, T, Z, R_ = range(11)  # R_: column R, R is the field
ALL, EQ, WIN, SUMWIN, REGROUP = range(5)


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
        env, pieces = self.apart(env, pieces)
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
            if a.kind == REGROUP and a.t == a.g == 1 and at + bits <= mu:
                first, dim = env[a.p]
                out.append(("shift", bytes([first, bits, self.z + at, bits]) + bytes(4) + dim.to_bytes(4, "big")))
                continue
            if a.kind == REGROUP:
                out.append(self.regroup(env, a, dims, at, chunk if at + bits > mu else 0))
                continue
            products = self.window(env, a, dims[0] - (index << inside), a.off - (index << inside), self.z + at, inside)
            if not products:
                return None
            out += products[0] if len(products) == 1 else [("sum", tuple(map(tuple, products)))]
        return out + (self.eq(*run) if run else [])

    @staticmethod
    def apart(env, pieces):
        """REGROUP as EQ of what both sides have in common, and blocks that have not; the environment with the parts of its axes."""
        env, out = list(env), []
        for a, dims, at, bits in pieces:
            if a.kind != REGROUP:
                out.append((a, dims, at, bits))
                continue
            dest, source = [list(axis) for axis in env[a.p : a.p + a.t]], list(dims)
            while True:
                while dest and dest[-1][1] == 1:
                    dest.pop()
                while source and source[-1] == 1:
                    source.pop()
                if not source:
                    break
                both = dest[-1][1] | source[-1]
                n = (both & -both).bit_length() - 1  # the lower of the two lowest bits
                if n:
                    env.append((dest[-1][0], 1 << n))
                    out.append((Map(EQ, len(env) - 1), [1 << n], at, n))
                    dest[-1] = [dest[-1][0] + n, dest[-1][1] >> n]
                    source[-1] >>= n
                    at += n
                    continue
                left, right = [dest.pop()], [source.pop()]
                while (x := math.prod(d for _, d in left)) != (y := math.prod(right)):
                    if x < y:
                        left.insert(0, dest.pop())
                    else:
                        right.insert(0, source.pop())
                n = sum(map(log2up, right))
                out.append((Map(REGROUP, len(env), len(left), len(right)), right, at, n))
                env += map(tuple, left)
                at += n
        return env, out

    def regroup(self, env, a, dims, at, chunk):
        dest = env[a.p : a.p + a.t]
        record = bytes([self.z + at, len(dest), len(dims)]) + chunk.to_bytes(2, "big")
        record += b"".join(bytes([first, log2up(d)]) + d.to_bytes(3, "big") for first, d in dest)
        return ("regroup", record + axes_bytes(dims))

    def window(self, env, a, dim, off, z, n):
        """Products whose sum is the weight along an axis of `n` variables from `z` on, of which `dim` indices count."""
        dim = max(0, min(dim, 1 << n))
        taps = env[a.t][1] if a.kind == WIN else a.t << 8 | a.g
        p, s, e = (None if a.p == 255 else env[a.p]), a.s, a.e
        rows = p[1] if p else 1
        if a.kind == SUMWIN and e == 1 and rows < taps:
            return self.rows(p, rows, taps, s, dim, off, z, n)
        if not p:
            return [self.at(z, n, k) for k in (off + e * b for b in range(taps)) if 0 <= k < dim]
        t = env[a.t] if a.kind == WIN else (0, 1)
        if a.kind == WIN and rows < taps and e & e - 1 == 0:
            p, t, s, e, taps = t, p, e, s, rows
        products = []
        for b in range(taps):
            tap = self.tap(p, s, off + e * b, dim, z, n)
            if tap is not None:
                products.append((self.at(t[0], log2up(taps), b) if a.kind == WIN else []) + tap)
        return products

    def rows(self, p, rows, taps, s, dim, off, z, n):
        """A window over consecutive indices as one interval for each row: lt of its end less lt of its begin."""
        below = lambda d: [] if d == 1 << n else [("lt", bytes([z, n]) + d.to_bytes(4, "big"))]
        products = []
        for a in range(rows):
            lo, hi = max(off + s * a, 0), min(off + s * a + taps, dim)
            row = self.at(p[0], log2up(rows), a) if p else []
            if hi == lo + 1:
                products.append(row + self.at(z, n, lo))
            elif lo < hi:
                products.append(row + below(hi))
                products += [row + below(lo) + [("const", word(R - 1))]] if lo else []
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
    out = bytes([5, c.mu, c.nu, c.kappa, c.flags, c.n_rho, c.n_prod, 0])
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


def groups(operand, tensor):
    """(map, dims of the tensor axes that it covers), highest axes first."""
    out, axis = [], 0
    for a in operand.maps:
        n = a.g if a.kind == REGROUP else 1
        out.append((a, tensor.dims[axis : axis + n]))
        axis += n
    return out
