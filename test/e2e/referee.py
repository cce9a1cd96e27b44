"""Refereed execution of LeNet-5 on a real chain: two nodes of which one lies by a unit. Runs in the story's world."""
import json
import shutil

from harness import INVALID, MNIST, NOT_FOUND, REJECTED, Person, Suite

suite = Suite()
TERMS = ("--bond", "0.1ETH", "--challenge-bond", "0.02ETH", "--window", 3600, "--move", 1200)
CONTEXT = "0x" + "5a" * 32


def rewrite(world, name, change):
    """A copy of the honest trace with a lie in it."""
    trace = json.loads(world.trace.read_text())
    change(trace)
    path = world.folder / name
    path.write_text(json.dumps(trace))
    return path


def raise_activation(trace):
    """One hidden activation is one more, with the table's result for that: its neighbours know it."""
    steps = [k for k, limbs in enumerate(trace["limbs"]) if 0 < k < len(trace["limbs"]) - 1]
    for k in steps[len(steps) // 2:]:
        words, width = trace["steps"][k], 2 * trace["limbs"][k]
        for limb in range(0, width, 2):
            results = {words[i]: words[i + 1] for i in range(limb, len(words), width)}
            for i in range(limb, len(words), width):
                if results.get(words[i] + 1, words[i + 1]) != words[i + 1]:
                    words[i], words[i + 1] = words[i] + 1, results[words[i] + 1]
                    return
    raise AssertionError("no activation to lie about")


def propose(world, trace, *arguments):
    done = world.creator.ok("referee", "propose", trace, "--model", "lenet5", "--key", world.referee_key,
                            "--context", CONTEXT, *arguments)
    return done["claim"]


def expect_caught(world, claim):
    """Both nodes play by themselves until the prover's move is refused; time gives the challenger the bond."""
    play = ("referee", "play", claim, "--model", "lenet5", "--wait")
    world.second.ok("referee", "challenge", claim, "--model", "lenet5")
    challenger = world.second.start(*play)
    world.processes.append(challenger)
    prover = world.creator.run(*play, "--trace", world.lie)
    assert prover.code == REJECTED and "lied" in prover.err, prover.err
    world.second.refused(REJECTED, "referee", "conclude", claim, says="time still runs")
    world.pass_time(1201)
    out, err = challenger.communicate(timeout=300)
    assert challenger.returncode == 0, err
    done = json.loads(out.strip().splitlines()[-1])
    assert done["state"] == "rejected" and done["moves"][-1]["move"] == "conclude", out
    assert all(move["tx"]["gas"] < 300_000 for move in done["moves"]), out
    assert int(world.second.ok("referee", "withdraw")["amount"]) == 7 * 10**16


@suite.test
def two_nodes_hold_one_model(world):
    world.second = Person(world, "second")
    world.second.ok("wallet", "new", "second")
    world.fund(world.second.address(), "10ETH")
    shutil.copytree(world.creator.home / "models", world.second.home / "models")
    key = ("referee", "key", "--model", "lenet5")
    world.creator.refused(INVALID, *key, "--bond", "0.1ETH", "--challenge-bond", "1ETH", "--window", 1, says="terms")
    world.creator.refused(NOT_FOUND, "referee", "show", "0x" + "11" * 32, says="claim")
    made = world.creator.ok(*key, *TERMS)
    world.referee_key = made["key"]
    world.trace = world.folder / "trace.json"
    ran = world.creator.ok("referee", "trace", "--model", "lenet5", "-D", MNIST / "samples.json", "-o", world.trace)
    assert ran["elements"] == made["elements"] and world.trace.stat().st_mode & 0o077 == 0


@suite.test
def nobody_doubts_the_truth_and_it_settles(world):
    proof = world.folder / "refereed.json"
    world.lie = world.trace
    claim = propose(world, world.trace, "-o", proof)
    world.second.refused(REJECTED, "referee", "challenge", claim, "--model", "lenet5", says="right")
    statement = json.loads(proof.read_text())
    assert statement["context"] == CONTEXT and len(statement["instances"]) == 784 + 10
    assert not world.second.ok("referee", "show", claim)["final"]
    check = ("referee", "check", proof, "--key", world.referee_key)
    world.buyer.refused(REJECTED, *check, says="does not accept")
    world.pass_time(3601)
    assert world.second.ok("referee", "show", claim)["final"]
    assert world.buyer.ok(*check)["accepted"]
    world.creator.ok("referee", "conclude", claim)
    assert int(world.creator.ok("referee", "withdraw")["amount"]) == 10**17


@suite.test
def one_unit_in_one_hidden_activation_is_found(world):
    world.lie = rewrite(world, "lie-activation.json", raise_activation)
    expect_caught(world, propose(world, world.lie))


@suite.test
def one_unit_in_one_output_is_found(world):
    def change(trace):
        trace["output"][3] += 1

    world.lie = rewrite(world, "lie-output.json", change)
    expect_caught(world, propose(world, world.lie))
