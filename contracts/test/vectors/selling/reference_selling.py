#!/usr/bin/env python3
"""What people sign, what a use and a pass cost, how an amount is split: computed a third time, test/vectors/selling/{selling,rights,signed}.json.

usage: reference_selling.py NAME > NAME.json      NAME: selling, rights or signed

The Solidity, C++ and TypeScript tests read the files; so all agree on every EIP-712 digest in them, and C++ and Solidity on every bill, price and split.
"""
import json
import random
import sys

from reference_math import keccak256
import reference_signed

CHAIN = 31337
CONTRACTS = {
    "PaymentChannels": ("Mintmark Channels", 0x1001),
    "AccessPass": ("Mintmark Passes", 0x1002),
    "QuotaLedger": ("Mintmark Quotas", 0x1003),
    "PriceBook": ("Mintmark Prices", 0x1004),
    "VerifierRouter": ("Mintmark", 0x1005),
    "DerivativeGraph": ("Mintmark", 0x1006),
    "TeeVerifier": ("Mintmark TEE", 0x1007),
}
TYPES = {
    "voucher": "Voucher(bytes32 channelId,uint256 modelId,uint256 versionId,uint128 cumulative,uint64 validUntil,bytes32 receiptRoot)",
    "close": "Close(bytes32 channelId,uint256 settled,uint256 nonce,uint256 deadline)",
    "passUsage": "PassUsage(uint256 passId,uint64 cumulative,uint64 validUntil,address node,bytes32 receiptRoot)",
    "quotaUsage": "Usage(uint256 gateId,uint256 versionId,uint256 key,uint256 epoch,address provider,uint64 cumulative,bytes32 receiptRoot)",
    "quote": "Quote(uint256 modelId,uint256 versionId,address buyer,address token,uint256 amount,uint8 unit,uint256 units,uint256 numDays,uint256 nonce,uint256 deadline)",
    "request": "Request(uint256 modelId,uint256 versionId,uint256 passId,bytes32 inputCommitment,uint256 nonce,uint256 deadline)",
    "approval": "Approval(uint256 child,uint256 parent,uint256 licenseId,uint256 versionId,uint8 relation,uint64 deadline)",
    "result": "Result(bytes32 measurement,address key,bytes32 keyHash,bytes32 context,bytes32 instancesHash,uint64 issuedAt)",
}
OWNER = {"voucher": "PaymentChannels", "close": "PaymentChannels", "passUsage": "AccessPass", "quotaUsage": "QuotaLedger",
         "quote": "PriceBook", "request": "VerifierRouter", "approval": "DerivativeGraph", "result": "TeeVerifier"}
BITS = {"uint8": 3, "uint64": 64, "uint128": 128, "uint256": 63, "address": 160, "bytes32": 256}
DURATIONS = (8, 9, 10)


def words(*values):
    return b"".join(value.to_bytes(32, "big") for value in values)


def separator(contract):
    name, address = CONTRACTS[contract]
    domain = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return keccak256(keccak256(domain) + keccak256(name.encode()) + keccak256(b"1") + words(CHAIN, address))


def digest(kind, values):
    data = keccak256(keccak256(TYPES[kind].encode()) + words(*values))
    return keccak256(b"\x19\x01" + separator(OWNER[kind]) + data)


def text(type_name, value):
    """As it stands in the file: addresses and hashes in hexadecimal, numbers in decimal."""
    if type_name == "address":
        return f"0x{value:040x}"
    return f"0x{value:064x}" if type_name == "bytes32" else str(value)


def structure(rng, kind):
    members = [member.split() for member in TYPES[kind].split("(")[1][:-1].split(",")]
    values = {name: rng.getrandbits(BITS[type_name]) for type_name, name in members}
    out = {}
    if kind == "voucher":
        parties = [rng.getrandbits(160), rng.getrandbits(160), rng.choice([0, rng.getrandbits(160)])]
        out = dict(zip(("buyer", "provider", "token"), (text("address", party) for party in parties)))
        values["channelId"] = int.from_bytes(keccak256(words(*parties)), "big")
    if kind == "close":  # of a channel that the contract has never seen
        values["settled"] = values["nonce"] = 0
    if kind == "quotaUsage":
        values["key"] = rng.getrandbits(256)
    if kind == "result":  # an answer under a key that is contract code: 00, then four words
        instances = [rng.getrandbits(253) for _ in range(rng.randrange(1, 6))]
        data = words(int.from_bytes(keccak256(b"tee-signer-v1"), "big"), 1, values["measurement"], 86_400)
        values["keyHash"] = int.from_bytes(keccak256(b"\0" + data), "big")
        values["instancesHash"] = int.from_bytes(keccak256(words(*instances)), "big")
        out = {"instances": [str(value) for value in instances], "keyCode": "0x00" + data.hex()}
    if kind == "approval":
        values["relation"] %= 6
    if kind == "request":  # what C++ keeps as 64 bits, and a nonce of any width
        values["nonce"] = rng.getrandbits(256)
    out.update({name: text(type_name, values[name]) for type_name, name in members})
    return out | {"digest": "0x" + digest(kind, values.values()).hex()}


def bill(rng):
    """A usage and what it costs, in 10^-27 dollar."""
    rates = [rng.choice([0, rng.getrandbits(rng.randrange(1, 65))]) for _ in range(12)]
    free = sum(1 << i for i in range(12) if rates[i] == 0)
    usage = [rng.choice([0, rng.getrandbits(rng.randrange(1, 57))]) for _ in range(12)]
    usage[rng.randrange(12)] = 1
    minimum = rng.choice([0, rng.getrandbits(64)])
    multiplier, discount = rng.randrange(250_000, 4_000_001), rng.choice([0, rng.randrange(900_001)])
    cost = sum(q * r * (1 if i in DURATIONS else 1000) for i, (q, r) in enumerate(zip(usage, rates)))
    cost *= multiplier * (10**6 - discount)
    usd = max(cost, minimum * 10**15) if cost else 0
    return {"rates": [str(r) for r in rates], "freeUnits": free, "minimum": str(minimum), "discountPpm": discount,
            "multiplierPpm": multiplier, "usage": [str(q) for q in usage], "usd": str(usd)}


def pass_price(rng):
    """A pass of calls and days, in wei; prices in 10^-12 wei; rounded up, once."""
    per_call, per_day = (rng.choice([0, rng.getrandbits(rng.randrange(1, 87))]) for _ in range(2))
    calls, days = rng.randrange(1, 1_000_001), rng.randrange(1, 3_651)
    return {"perCall": str(per_call), "perDay": str(per_day), "calls": calls, "days": days,
            "wei": str(-(-(per_call * calls + per_day * days) // 10**12))}


def split(rng):
    """Payments of one model, one after the other: the waterfall with its carried fractions and the lifetime base of royalties."""
    million = 10**6
    rates = {"platform": rng.randrange(100_001), "royalties": rng.choice([0, rng.randrange(500_001)]),
             "node": rng.choice([0, rng.randrange(900_001)]), "vault": rng.choice([0, rng.randrange(900_001)])}
    carry, base = dict.fromkeys(rates, 0), 0
    columns = {name: [] for name in ("amount", *rates, "creator")}
    for _ in range(8):
        amount = left = rng.choice([1, 7, rng.getrandbits(rng.randrange(1, 97))])
        columns["amount"].append(str(amount))
        for party, rate in rates.items():
            if party == "royalties":
                part = (base + left) * rate // million - base * rate // million if rate else 0
                base += left if rate else 0
            else:
                part, carry[party] = divmod(left * rate + carry[party], million)
            columns[party].append(str(part))
            left -= part
        columns["creator"].append(str(left))
    return {"rates": [str(rate) for rate in rates.values()], **columns}


SIGNED = {"deposit": 12, "ballot": 10, "delegation": 10, "manifest": 12}
FILES = {"selling": {"voucher": 10, "close": 10, "passUsage": 10, "quotaUsage": 10, "quote": 10, "bill": 40},
         "rights": {"request": 10, "approval": 10, "result": 10, "passPrice": 40, "split": 20}}
SUMS = {"bill": bill, "passPrice": pass_price, "split": split}


def main():
    rng = random.Random("mintmark " + sys.argv[1])
    out = {"chainId": CHAIN, "contracts": {name: text("address", at) for name, (_, at) in CONTRACTS.items()}}
    if sys.argv[1] == "signed":
        out.update({kind: [getattr(reference_signed, kind)(rng, i) for i in range(count)] for kind, count in SIGNED.items()})
    for kind, count in FILES.get(sys.argv[1], {}).items():
        out[kind] = [SUMS[kind](rng) if kind in SUMS else structure(rng, kind) for _ in range(count)]
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
