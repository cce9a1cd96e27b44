#!/usr/bin/env python3
"""An independent, slow and simple prover for `mintmark-flat-v5` (docs/spec/protocol.md).

It shares no code with the C++ prover: plain Python integers, dense tables, and a known tau, so that a
commitment is one scalar multiplication. Its SRS is worthless by construction; use it for test vectors only.
reference_circuits.py writes its vectors; arithmetic is in reference_math.py, circuits and keys in reference_key.py.
"""
from itertools import product
from math import prod

from reference_key import (
    ALL, EQ, F, G, H, HT, IN, M, Map, OUT, Operand, REGROUP, R_, SUMWIN, T, W, WIN, Z, groups, used_axes,
    vk_bytes,
)
from reference_math import (
    R, Transcript, dot, eq_table, evaluate, fold, g1_bytes, g2_words, keccak256, log2up, lt,
    slices, through, word, words,
)


# --- axis maps, densely --------------------------------------------------------------------------------
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
        w, t = self.commit(W), self.commit(T)
        if self.lie == "off curve in key W":
            w = off_curve(w)
        if self.lie == "off curve in key T":
            t = off_curve(t)
        return vk_bytes(self.c, self.srs_digest, w + t)

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
        if self.lie == f"off curve in {label}":  # the challenges are those of the bytes that are sent
            data = off_curve(data)
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
        power = 0 if self.lie == "no power" else pow(self.tau, b, R)  # as if [tau^b]_2 were infinity
        q_tau = (f_tau - g_tau) * inv(power - a) % R
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
        zi = zeta if self.lie == "inverse" else inv(zeta)  # then the verifier's denominator is 0, and nothing opened counts
        ev = [zi] + [evaluate(x, y) for x in (g, h, s) for y in (zeta, zi)]
        if self.lie == "not canonical":
            ev[1] += R
        out += self.send(t, "m.ev", words(ev))
        nu = t.challenge("m.nu")
        opened = (  # value at tau, and values elsewhere
            (h_tau, {zeta: ev[3], zi: ev[4], a: evaluate(h, a)}),
            (g_tau, {zeta: ev[1], zi: ev[2]}),
            (s_tau, {zeta: ev[5], zi: ev[6]}),
            (d_tau, {zeta: evaluate(d, zeta)}),
        )
        vanish = lambda points, x: prod(x - p for p in points) % R
        w = sum(
            pow(nu, i + 1, R) * (at_tau - through(points, self.tau)) * inv(vanish(points, self.tau))
            for i, (at_tau, points) in enumerate(opened)
        ) % R
        out += self.send(t, "m.w", at(w))
        y = t.challenge("m.y")
        every = opened[0][1]
        rest = -vanish(every, y) * w
        for i, (at_tau, points) in enumerate(opened):
            rest += pow(nu, i + 1, R) * vanish(every.keys() - points, y) * (at_tau - through(points, y))
        scale = (zeta - zi) * (a - zeta) * (a - zi)
        out += self.send(t, "m.wy", at(scale * rest * inv(self.tau - y) % R))
        return out


def off_curve(data):
    """The bytes of points, the last one with another y."""
    return data[:-1] + bytes([data[-1] ^ 1])


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
