"""Signatures under others' domains (tokens, Permit2, OpenZeppelin's Governor and Votes), and manifest roots: of reference_selling.py."""
import hashlib

from reference_math import keccak256

CHAIN = 31337
CHANNELS, TOKEN, GOVERNOR, VOTES = 0x1001, 0x1008, 0x1009, 0x100A
PERMIT2 = 0x000000000022D473030F116DDEE9F6B43AC78BA3
# secp256k1 (SEC 2, section 2.4.1): who signs is known by his key, so that the contracts can be asked.
P = 2**256 - 2**32 - 977
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def words(*values):
    return b"".join(value.to_bytes(32, "big") for value in values)


def hash_of(*values):
    return int.from_bytes(keccak256(words(*values)), "big")


def name_of(text):
    return int.from_bytes(keccak256(text.encode()), "big")


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def address_of(key):
    out, power = None, G
    while key:
        out = add(out, power) if key & 1 else out
        power, key = add(power, power), key >> 1
    return int.from_bytes(keccak256(words(*out))[12:], "big")


def separator(name, address):
    domain = name_of("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    return hash_of(domain, name_of(name), name_of("1"), CHAIN, address)


def typed(domain, struct):
    return "0x" + keccak256(b"\x19\x01" + words(domain, struct)).hex()


def text(value):
    return f"0x{value:040x}"


def deposit(rng, i):
    """A deposit of `amount` from the account of `key`, let go in one of three ways."""
    way = ("permit", "permit2", "erc3009")[i % 3]
    key, provider = rng.getrandbits(200), rng.getrandbits(160)
    amount, deadline = rng.getrandbits(rng.randrange(1, 100)) + 1, rng.getrandbits(63)
    nonce = 0 if way == "permit" else rng.getrandbits(256)
    owner, own = address_of(key), separator("USD Coin", TOKEN)
    if way == "permit":
        struct = hash_of(name_of("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"), owner,
                         CHANNELS, amount, nonce, deadline)
    elif way == "erc3009":
        kind = name_of("ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)")
        struct = hash_of(kind, owner, CHANNELS, amount, 0, deadline, hash_of(provider, nonce))
    else:
        own = hash_of(name_of("EIP712Domain(string name,uint256 chainId,address verifyingContract)"), name_of("Permit2"), CHAIN, PERMIT2)
        permissions, witness = "TokenPermissions(address token,uint256 amount)", "ChannelDeposit(address provider)"
        kind = name_of("PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
                       "ChannelDeposit witness)" + witness + permissions)
        struct = hash_of(kind, hash_of(name_of(permissions), TOKEN, amount), CHANNELS, nonce, deadline,
                         hash_of(name_of(witness), provider))
    return {"with": way, "key": f"0x{key:064x}", "buyer": text(owner), "provider": text(provider), "token": text(TOKEN),
            "amount": str(amount), "nonce": str(nonce), "deadline": str(deadline), "digest": typed(own, struct)}


def ballot(rng, i):
    """A first vote of `voter` on a proposal."""
    key, proposal, support = rng.getrandbits(200), rng.getrandbits(256), i % 3
    voter = address_of(key)
    struct = hash_of(name_of("Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)"), proposal, support, voter, 0)
    return {"governor": text(GOVERNOR), "key": f"0x{key:064x}", "voter": text(voter), "proposal": str(proposal), "support": support, "nonce": "0",
            "digest": typed(separator("MintGovernor", GOVERNOR), struct)}


def delegation(rng, i):
    key, to, expiry = rng.getrandbits(200), rng.getrandbits(160), rng.getrandbits(63)
    struct = hash_of(name_of("Delegation(address delegatee,uint256 nonce,uint256 expiry)"), to, 0, expiry)
    return {"token": text(VOTES), "key": f"0x{key:064x}", "from": text(address_of(key)), "to": text(to), "nonce": "0",
            "expiry": str(expiry), "digest": typed(separator("Mintmark", VOTES), struct)}


def tree(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def manifest(rng, i):
    """Files of a model and the registry's manifestRoot (docs/spec/storage.md)."""
    paths = sorted(f"part-{rng.getrandbits(40):x}/{rng.getrandbits(24):x}.bin" for _ in range(i + 1))
    card = rng.choice(["", paths[0]])
    files = [{"path": path, "sizeBytes": rng.getrandbits(48), "sha256": "0x" + rng.randbytes(32).hex(),
              "chunkRoot": "0x" + rng.randbytes(32).hex()} for path in paths]
    leaves = [b"mintmark-manifest-1" + len(card).to_bytes(4, "big") + card.encode()]
    for file in files:
        path = file["path"].encode()
        leaves.append(len(path).to_bytes(4, "big") + path + file["sizeBytes"].to_bytes(8, "big") +
                      bytes.fromhex(file["sha256"][2:]) + bytes.fromhex(file["chunkRoot"][2:]))
    return {"format": 1, "card": card, "files": files, "root": "0x" + tree(leaves).hex()}
