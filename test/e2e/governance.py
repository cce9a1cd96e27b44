"""The DAO from its deployment to a canonical version, on the selling story's chain."""
from catalogue import constant_feed
from harness import ETHER, EXISTS, FUNDS, INVALID, MNIST, NOT_FOUND, REJECTED, Person, Suite

suite = Suite()
WEIGHTS = MNIST / "lenet5.onnx"
PERIODS = ("--voting-delay", 10, "--voting-period", 100, "--late-quorum", 20, "--timelock-delay", 50,
           "--commit-period", 300, "--reveal-period", 300, "--challenge-period", 300, "--decision-period", 300)


def vote_and_queue(world, proposal, word="for"):
    world.pass_time(12)
    world.platform.ok("governance", "vote", proposal, word)
    world.pass_time(120)
    return world.platform.ok("governance", "queue", proposal)


def carry(world, *what):
    """Proposes, votes, queues and executes; returns the executed proposal."""
    proposal = world.platform.ok("governance", "propose", *what, "--why", " ".join(map(str, what)))["id"]
    vote_and_queue(world, proposal)
    world.pass_time(60)
    done = world.buyer.ok("governance", "execute", proposal)
    assert done["state"] == "executed", done
    return done


@suite.test
def a_dao_is_founded(world):
    world.guardian = Person(world, "guardian")
    world.guardian.ok("wallet", "new", "guardian")
    world.fund(world.guardian.address(), "10ETH")
    world.platform.refused(NOT_FOUND, "governance", "list", says="MintGovernor")
    deploy = ("governance", "deploy", "--supply", 1000, "--threshold", 10, *PERIODS, "--review-bond", "1ETH",
              "--challenge-bond", "0.5ETH", "--review-quorum", 1, "--seats", 3, "--guardian", world.guardian.address())
    world.dao = world.platform.ok(*deploy)["contracts"]
    world.platform.refused(EXISTS, *deploy)
    propose = ("governance", "propose", "admit", "--reviewer", world.buyer.address(), "--why", "knows digits")
    world.platform.refused(REJECTED, *propose, says="votes")
    assert int(world.platform.ok("governance", "delegate")["votes"]) == 1000 * ETHER
    world.pass_time(2)
    world.buyer.refused(REJECTED, *propose, says="votes")


@suite.test
def the_dao_sets_a_standard_and_admits_a_reviewer(world):
    world.buyer.refused(NOT_FOUND, "review", "open", "--model", 1, "--version-id", 1, says="standard")
    carry(world, "standard", "--model", 1, "--suite", "0x" + "17" * 32, "--samples", 100, "--right", 95)
    carry(world, "admit", "--reviewer", world.buyer.address())
    world.creator.ok("governance", "adopt", "--model", 1)
    world.creator.ok("model", "push", WEIGHTS, "--card", MNIST / "MODEL_CARD.md", "--name", "lenet5-second")
    published = world.creator.ok("model", "publish", "lenet5-second", "--data", MNIST / "samples.json",
                                 "--architecture", "LeNet-5", "--price-per-call", "0.001ETH", "--model", 1, "--optimise",
                                 "gas")
    world.second = published["version"]
    assert world.second == 2
    assert world.creator.ok("model", "show", 1)["canonical"] == 1, "a new version waits for the DAO"


@suite.test
def a_reviewer_scores_in_secret_and_then_in_the_open(world):
    world.review = world.creator.ok("review", "open", "--model", 1, "--version-id", world.second)["review"]
    commit = ("review", "commit", world.review, "--weights", WEIGHTS, "--right", 97)
    world.creator.refused(REJECTED, *commit, says="no admitted reviewer")
    world.buyer.refused(FUNDS, *commit, says="deposit")
    assert int(world.buyer.ok("review", "deposit", "--amount", "1ETH")["free"]) == ETHER
    world.buyer.ok(*commit)
    world.buyer.refused(EXISTS, *commit)
    world.buyer.refused(REJECTED, "review", "reveal", world.review, says="time")
    world.buyer.refused(FUNDS, "review", "withdraw", "--amount", "1ETH")
    world.pass_time(301)
    world.buyer.ok("review", "reveal", world.review)
    shown = world.buyer.ok("review", "show", world.review, "--reviewer", world.buyer.address())
    assert shown["passes"] == 1 and not shown["passed"] and shown["phase"] == "reveal", shown
    assert shown["reviewer"]["state"] == "revealed" and shown["reviewer"]["right"] == 97
    world.pass_time(301)
    world.guardian.ok("review", "challenge", world.review, "--reviewer", world.buyer.address(), "--evidence", WEIGHTS)
    world.pass_time(301)
    assert not world.buyer.ok("review", "show", world.review)["passed"], "a challenge is open"
    world.guardian.ok("review", "lapse", world.review, "--reviewer", world.buyer.address())
    assert world.buyer.ok("review", "show", world.review)["passed"]
    world.buyer.ok("review", "release", world.review, "--reviewer", world.buyer.address())
    world.buyer.ok("review", "withdraw", "--amount", "1ETH")
    world.guardian.ok("review", "withdraw", "--amount", "0.5ETH")


@suite.test
def a_benchmark_feed_and_the_vote_decide(world):
    of_second = ("--model", 1, "--version-id", world.second)
    feed = constant_feed(world, 80 * 10**8)
    carry(world, "benchmark", *of_second, "--feed", feed, "--decimals", 8, "--min", 1, "--max", 100 * 10**8, "--floor",
          90 * 10**8)
    world.platform.refused(INVALID, "governance", "propose", "canonical", *of_second, "--why", "better", says="--review")
    proposal = world.platform.ok("governance", "propose", "canonical", *of_second, "--review", world.review, "--why",
                                 "97 of 100 right")["id"]
    world.platform.refused(REJECTED, "governance", "vote", proposal, "for")  # the vote has not begun
    world.platform.refused(INVALID, "governance", "vote", proposal, "yes", says="abstain")
    world.buyer.refused(REJECTED, "governance", "queue", proposal)
    vote_and_queue(world, proposal)
    world.buyer.refused(REJECTED, "governance", "execute", proposal, says="delay")
    world.pass_time(60)
    world.guardian.refused(REJECTED, "governance", "execute", proposal, says="guardian")
    world.buyer.refused(REJECTED, "governance", "execute", proposal, says="benchmark")
    carry(world, "benchmark", *of_second, "--feed", constant_feed(world, 91 * 10**8), "--decimals", 8, "--min", 1,
          "--max", 100 * 10**8, "--floor", 90 * 10**8)
    done = world.buyer.ok("governance", "execute", proposal)
    assert done["state"] == "executed"
    assert done["actions"][0]["contract"] == "VersionGate", done
    assert world.creator.ok("model", "show", 1)["canonical"] == world.second


@suite.test
def the_treasury_pays_and_the_guardian_only_cancels(world):
    world.fund(world.dao["TimelockController"], "3ETH")
    account = world.creator.address()
    before = world.balance(account)
    carry(world, "spend", "--to", account, "--amount", "2ETH")
    assert world.balance(account) == before + 2 * ETHER
    greedy = world.platform.ok("governance", "propose", "spend", "--to", account, "--amount", "1ETH", "--why", "more")["id"]
    vote_and_queue(world, greedy)
    world.buyer.refused(REJECTED, "governance", "cancel", greedy, says="guardian")
    assert world.guardian.ok("governance", "cancel", greedy)["state"] == "canceled"
    world.pass_time(60)
    world.buyer.refused(REJECTED, "governance", "execute", greedy)
    replaced = world.platform.ok("governance", "propose", "guardian", "--to", account, "--why", "another one")["id"]
    world.guardian.refused(REJECTED, "governance", "cancel", replaced, says="replacement")
    states = [row["state"] for row in world.buyer.ok("governance", "list")["proposals"]]
    assert states.count("canceled") == 1 and states[-1] == "pending", states


@suite.test
def the_dao_changes_who_has_access(world):
    allowlist = world.contract("Allowlist")
    gate = world.creator.ok("gate", "create", "--model", 1, "--kind", "predicate", "--target", allowlist, "--quota", 100,
                            "--multiple", 1)["gate"]
    guest = world.guardian.address()
    show = ("gate", "show", gate, "--account", guest)
    assert world.guardian.ok(*show)["remaining"] == "0"
    world.buyer.refused(REJECTED, "governance", "take-allowlists", says="role")
    world.platform.ok("governance", "take-allowlists")
    carry(world, "access", "--gate", gate, "--account", guest, "--quota", 40)
    assert world.guardian.ok(*show)["remaining"] == "40"
    carry(world, "access", "--gate", gate, "--account", guest, "--quota", 0)
    assert world.guardian.ok(*show)["remaining"] == "0"
