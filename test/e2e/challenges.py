"""Optimistic results: a claim, a challenge, and a real proof as the answer. Runs in the story's world, on its proofs."""
import json

from harness import EXISTS, INVALID, NOT_FOUND, REJECTED, Suite

suite = Suite()
TERMS = ("--bond", "0.1ETH", "--challenge-bond", "0.02ETH", "--window", 3600, "--answer", 7200)


@suite.test
def terms_become_a_key(world):
    model = world.creator.ok("model", "show", 1)
    world.inner = model["versions"][0]["verifying_key"]
    key = ("challenge", "key", "--inner-key", world.inner, "--input-words", 2)
    world.creator.refused(INVALID, *key, "--bond", "0.1ETH", "--challenge-bond", "0.02ETH", "--window", 1, says="terms")
    world.terms = world.creator.ok(*key, *TERMS)["key"]


@suite.test
def a_proof_answers_a_challenge(world):
    statement = (world.proofs[0], "--key", world.terms)
    world.buyer.refused(NOT_FOUND, "challenge", "show", "0x" + "11" * 32, says="claim")
    claim = world.creator.ok("challenge", "propose", *statement)["claim"]
    world.creator.refused(EXISTS, "challenge", "propose", *statement, says="claimed already")
    world.creator.refused(REJECTED, "challenge", "conclude", claim, says="time still runs")
    world.buyer.ok("challenge", "open", claim)
    shown = world.buyer.ok("challenge", "show", claim)
    assert shown["state"] == "challenged" and not shown["final"]
    other = json.loads(world.proofs[1].read_text())["proof"]
    false = world.folder / "false-answer.json"
    false.write_text(json.dumps(dict(json.loads(world.proofs[0].read_text()), proof=other)))
    world.creator.refused(REJECTED, "challenge", "answer", false, "--key", world.terms, says="does not accept")
    world.creator.ok("challenge", "answer", *statement)
    assert world.buyer.ok("challenge", "show", claim)["final"]
    assert int(world.creator.ok("challenge", "withdraw")["amount"]) == 12 * 10**16
    world.buyer.refused(NOT_FOUND, "challenge", "withdraw", says="nothing to withdraw")


@suite.test
def an_unproven_claim_loses_half_to_the_challenger(world):
    claim = world.creator.ok("challenge", "propose", world.proofs[1], "--key", world.terms)["claim"]
    world.buyer.ok("challenge", "open", claim)
    world.pass_time(7201)
    world.buyer.ok("challenge", "conclude", claim)
    assert world.buyer.ok("challenge", "show", claim)["state"] == "rejected"
    assert int(world.buyer.ok("challenge", "withdraw")["amount"]) == 7 * 10**16
