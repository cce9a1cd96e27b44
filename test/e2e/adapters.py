"""Sampled audits on the story's real proofs, and results signed by an attested key. Runs in the story's world."""
import json

from harness import EXPIRED, INVALID, NOT_FOUND, REJECTED, Person, Suite

suite = Suite()
MEASUREMENT = "0x" + "7e" * 32


@suite.test
def a_batch_is_drawn_proven_and_settles(world):
    key = ("audit", "key", "--inner-key", world.inner, "--input-words", 2, "--bond", "0.01ETH")
    world.creator.refused(INVALID, *key, "--samples", 9, says="terms")
    world.audit_key = world.creator.ok(*key, "--samples", 2, "--answer", 7200)["key"]
    results = world.proofs[:2]
    batch = world.creator.ok("audit", "commit", *results, "--key", world.audit_key)["batch"]
    world.buyer.refused(NOT_FOUND, "audit", "show", 99, says="no such batch")
    world.creator.refused(REJECTED, "audit", "draw", batch, says="has not come")
    world.creator.refused(REJECTED, "audit", "prove", batch, "--key", world.audit_key, *results, says="not drawn")
    world.rpc("anvil_mine", "0x5")
    world.buyer.ok("audit", "draw", batch)
    shown = world.buyer.ok("audit", "show", batch)
    assert shown["state"] == "drawn" and len(shown["drawn"]) == 2 and all(index < 2 for index in shown["drawn"])
    world.creator.refused(INVALID, "audit", "prove", batch, "--key", world.audit_key, *reversed(results), says="not the results")
    settlement = world.folder / "audited.json"
    write = ("audit", "settlement", batch, "--index", 1, "-o", settlement)
    world.creator.ok(*write, *results)
    check = ("audit", "check", settlement, "--key", world.audit_key)
    world.buyer.refused(REJECTED, *check, says="does not accept")
    assert world.creator.ok("audit", "prove", batch, "--key", world.audit_key, *results)["state"] == "passed"
    assert world.buyer.ok(*check)["accepted"]
    world.creator.refused(INVALID, "audit", "settlement", batch, "--index", 2, "-o", settlement, *results, says="number")
    assert int(world.creator.ok("audit", "withdraw")["amount"]) == 2 * 10**16
    world.creator.refused(REJECTED, "audit", "fail", batch, says="past that")


@suite.test
def a_false_result_of_a_batch_costs_its_bond(world):
    false = world.folder / "false-result.json"
    statement = json.loads(world.proofs[0].read_text())
    statement["context"] = "0x" + "13" * 32
    false.write_text(json.dumps(statement))
    batch = world.creator.ok("audit", "commit", false, "--key", world.audit_key)["batch"]
    world.rpc("anvil_mine", "0x5")
    world.creator.ok("audit", "draw", batch)
    world.creator.refused(REJECTED, "audit", "prove", batch, "--key", world.audit_key, false, says="does not accept")
    world.buyer.refused(REJECTED, "audit", "fail", batch, says="has not come")
    world.pass_time(7201)
    world.creator.refused(EXPIRED, "audit", "prove", batch, "--key", world.audit_key, false, says="time is up")
    world.buyer.ok("audit", "fail", batch)
    assert int(world.buyer.ok("audit", "withdraw")["amount"]) == 5 * 10**15


@suite.test
def an_attested_key_signs_results(world):
    enclave = Person(world, "enclave")
    enclave.ok("wallet", "new", "enclave")
    key = world.creator.ok("tee", "key", "--measurement", MEASUREMENT, "--input-words", 2, "--max-age", 600)["key"]
    signed = world.folder / "signed.json"
    enclave.ok("tee", "sign", world.proofs[0], "--key", key, "-o", signed)
    check = ("tee", "check", signed, "--key", key)
    world.buyer.refused(REJECTED, *check, says="does not accept")
    report = world.folder / "report.bin"
    report.write_bytes(b"an attestation report")
    attest = ("tee", "attest", enclave.address(), "--measurement", MEASUREMENT, "--report", report)
    world.buyer.refused(REJECTED, *attest, says="role")
    until = world.platform.ok(*attest)["valid_until"]
    assert world.buyer.ok("tee", "show", enclave.address(), "--measurement", MEASUREMENT)["valid_until"] == until
    assert world.buyer.ok(*check)["accepted"]
    world.buyer.refused(REJECTED, "tee", "check", world.proofs[1], "--key", key, says="does not accept")
    other = json.loads(signed.read_text())
    other["instances"][-1] = "0x" + "01".zfill(64)
    forged = world.folder / "forged.json"
    forged.write_text(json.dumps(other))
    world.buyer.refused(REJECTED, "tee", "check", forged, "--key", key, says="does not accept")
    world.pass_time(601)
    world.buyer.refused(REJECTED, *check, says="does not accept")
    enclave.ok("tee", "sign", world.proofs[0], "--key", key, "-o", signed)
    world.platform.ok("tee", "revoke", enclave.address())
    world.buyer.refused(REJECTED, *check, says="does not accept")
    world.platform.refused(REJECTED, *attest, says="revoked")
