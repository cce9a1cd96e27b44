"""A model is accused with a bond: its own claims wait, nobody else's do. On the story's chain, last: thirty days pass."""
from harness import ETHER, EXISTS, INVALID, NOT_FOUND, REJECTED, Person, Suite, fee
from rights import pay

suite = Suite()
BOND = ETHER // 10
THIRTY_DAYS = 30 * 86_400


def accuse(world, person, model=1):
    return person.ok("dispute", "open", "--model", model, "--evidence", world.evidence, "--uri", "ipfs://evidence")["dispute"]


def accuser(world, name):
    person = Person(world, name)
    person.ok("wallet", "new", name)
    world.fund(person.address(), "1ETH")
    return person


@suite.test
def an_accused_model_waits_and_nobody_else(world):
    world.evidence = world.folder / "evidence.txt"
    world.evidence.write_text("the weights are mine")
    world.accuser = accuser(world, "accuser")
    other = world.buyer.ok("derivative", "new", "--name", "bystander", "--card", "ipfs://bystander")["model"]
    assert pay(world, 1, ETHER) and pay(world, other, ETHER)
    world.owed = int(world.creator.ok("revenue", "show", "--model", 1)["models"][0]["claimable"])
    assert world.owed > 0
    world.accuser.refused(NOT_FOUND, "dispute", "show", 99, says="no dispute")
    world.dispute = accuse(world, world.accuser)
    again = ("dispute", "open", "--model", 1, "--evidence", world.evidence, "--uri", "ipfs://again")
    world.accuser.refused(EXISTS, *again, says="accused the model before")
    world.creator.refused(REJECTED, "revenue", "claim", "--model", 1, says="dispute")
    world.buyer.ok("revenue", "claim", "--model", other)
    shown = world.buyer.ok("dispute", "show", world.dispute)
    assert shown["state"] == "open" and shown["model_waits"] and shown["evidence_uri"] == "ipfs://evidence"
    assert shown["accuser"] == world.accuser.address()
    assert [row["dispute"] for row in world.buyer.ok("dispute", "list", "--model", 1)["disputes"]] == [world.dispute]
    assert world.buyer.ok("dispute", "list", "--model", other)["disputes"] == []


@suite.test
def the_arbiter_dismisses_and_the_owner_has_the_bond(world):
    answer = ("dispute", "answer", world.dispute, "--uri", "ipfs://answer")
    world.buyer.refused(REJECTED, *answer, says="somebody else's")
    world.creator.ok(*answer)
    decide = ("dispute", "decide", world.dispute)
    world.creator.refused(REJECTED, *decide, "dismiss", says="role")
    world.platform.refused(INVALID, *decide, "perhaps", says="no decision")
    world.creator.refused(NOT_FOUND, "dispute", "bond", says="no bond")
    assert world.platform.ok(*decide, "dismiss", "--reason", "other weights")["state"] == "closed"
    before = world.balance(world.creator.address())
    won = world.creator.ok("dispute", "bond")
    assert int(won["amount"]) == BOND and world.balance(world.creator.address()) == before + BOND - fee(won["tx"])
    assert not world.buyer.ok("dispute", "show", world.dispute)["model_waits"]
    assert int(world.creator.ok("revenue", "claim", "--model", 1)["claims"][0]["amount"]) == world.owed


@suite.test
def an_upheld_dispute_holds_until_its_accuser_lifts_it(world):
    person = accuser(world, "author")
    dispute = accuse(world, person)
    assert world.platform.ok("dispute", "decide", dispute, "uphold")["state"] == "upheld"
    assert int(person.ok("dispute", "bond")["amount"]) == BOND, "the accuser was right: his bond comes back"
    assert pay(world, 1, ETHER)
    world.creator.refused(REJECTED, "revenue", "claim", "--model", 1, says="dispute")
    world.creator.refused(REJECTED, "dispute", "lift", dispute, says="somebody else")
    world.creator.refused(REJECTED, "dispute", "lift", dispute, "--as-arbiter", says="role")
    assert person.ok("dispute", "lift", dispute)["state"] == "closed"
    world.creator.ok("revenue", "claim", "--model", 1)


@suite.test
def who_gives_up_pays_and_a_silent_arbiter_stops_nothing_for_ever(world):
    quitter = accuser(world, "quitter")
    given_up = accuse(world, quitter)
    world.creator.refused(REJECTED, "dispute", "withdraw", given_up, says="somebody else")
    quitter.ok("dispute", "withdraw", given_up)
    assert int(world.creator.ok("dispute", "bond")["amount"]) == BOND
    patient = accuser(world, "patient")
    dispute = accuse(world, patient)
    world.creator.refused(REJECTED, "dispute", "lapse", dispute, says="still has time")
    world.pass_time(THIRTY_DAYS + 1)
    world.platform.refused(REJECTED, "dispute", "decide", dispute, "uphold", says="time is up")
    assert world.creator.ok("dispute", "lapse", dispute)["state"] == "closed"
    assert int(patient.ok("dispute", "bond")["amount"]) == BOND
