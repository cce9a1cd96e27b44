#!/usr/bin/env python3
"""Digests and bills of the selling contracts, computed a third time: test/vectors/selling/selling.json.

usage: reference_selling.py > selling.json

The Solidity and the C++ tests read the file; so the three agree on every EIP-712 digest and every bill in it.
"""
import json
import random
import sys

from reference_prover import keccak256

CHAIN = 31337
CONTRACTS = {
    "PaymentChannels": ("Mintmark Channels", 0x1001),
    "AccessPass": ("Mintmark Passes", 0x1002),
    "QuotaLedger": ("Mintmark Quotas", 0x1003),
    "PriceBook": ("Mintmark Prices", 0x1004),
}
TYPES = {
    "voucher": "Voucher(bytes32 channelId,uint256 modelId,uint256 versionId,uint128 cumulative,uint64 validUntil,bytes32 receiptRoot)",
    "close": "Close(bytes32 channelId,uint256 settled,uint256 nonce,uint256 deadline)",
    "passUsage": "PassUsage(uint256 passId,uint64 cumulative,uint64 validUntil,address node,bytes32 receiptRoot)",
    "quotaUsage": "Usage(uint256 gateId,uint256 versionId,uint256 key,uint256 epoch,address provider,uint64 cumulative,bytes32 receiptRoot)",
    "quote": "Quote(uint256 modelId,uint256 versionId,address buyer,address token,uint256 amount,uint8 unit,uint256 units,uint256 numDays,uint256 nonce,uint256 deadline)",
}
OWNER = {"voucher": "PaymentChannels", "close": "PaymentChannels", "passUsage": "AccessPass", "quotaUsage": "QuotaLedger",
         "quote": "PriceBook"}
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


def main():
    rng = random.Random("mintmark selling")
    out = {"chainId": CHAIN, "contracts": {name: text("address", at) for name, (_, at) in CONTRACTS.items()}}
    for kind in TYPES:
        out[kind] = [structure(rng, kind) for _ in range(10)]
    out["bill"] = [bill(rng) for _ in range(40)]
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
