"""What the reference prover stands on: Keccak-256, the transcript, BN254's groups, dense multilinear extensions."""
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583


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
        self.state, self.log = keccak256(b"mintmark-flat-v5"), []

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


def tau_powers(tau):
    """[tau^(2^k)]_1 and [tau^(2^k)]_2 for k = 0 ... 12: what the verifier's constructor takes."""
    powers = (pow(tau, 1 << k, R) for k in range(13))
    return b"".join(g1_bytes(p) + words(g2_words(p)) for p in powers)


def through(points, x):
    """The polynomial of least degree through points {argument: value}, at x."""
    total = 0
    for at, value in points.items():
        for other in points.keys() - {at}:
            value = value * (x - other) * pow(at - other, -1, R) % R
        total += value
    return total % R


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
