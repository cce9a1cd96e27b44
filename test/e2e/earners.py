"""Two who earn by a model that is not theirs: the operator of a node, who stakes, serves, is paid and is slashed when he lies, and
a shareholder, who buys, earns, claims and sells. Runs after the other proof systems, in their world."""
import json
import shutil

from harness import ETHER, FUNDS, MNIST, NOT_FOUND, REJECTED, Person, Suite, fee
from rights import pay, platform_part

suite = Suite()
IMAGES = sorted((MNIST / "images").glob("*.pgm"))
NODE_PPM = 300_000
STAKE = ETHER // 100  # a result of a batch
PRICE = 4 * ETHER // 1000


def bond_of(world):
    return int(world.operator.ok("audit", "show", world.batch)["bond"])


@suite.test
def an_operator_gets_a_model_and_a_part_of_its_income(world):
    world.operator = Person(world, "operator")
    world.operator.ok("wallet", "new", "operator")
    world.fund(world.operator.address(), "5ETH")
    inner = world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "served", "--data", MNIST / "samples.json")["key"]
    world.stakes = world.creator.ok("audit", "key", "--inner-key", inner, "--input-words", 2, "--bond", "0.01ETH", "--samples", 2,
                                    "--answer", 7200)["key"]
    published = world.creator.ok("model", "publish", MNIST / "lenet5.onnx", "--name", "served", "--system", "sampled-audit-v1",
                                 "--key", world.stakes, "--price-per-call", "0.001ETH")
    world.served = published["model"]
    assert world.creator.ok("revenue", "node-part", "--model", world.served, "--ppm", NODE_PPM)["ppm_now"] == NODE_PPM
    shutil.copytree(world.creator.home / "models", world.operator.home / "models")


@suite.test
def he_serves_and_is_paid_per_answer(world):
    """The buyer pays the node through a channel; the router splits: platform, node, creator."""
    parties = ("--buyer", world.buyer.address(), "--provider", world.operator.address())
    world.buyer.ok("channel", "open", *parties, "--amount", "0.01ETH")
    voucher = world.folder / "operator-voucher.json"
    world.buyer.ok("channel", "voucher", *parties, "--model", world.served, "--total", f"{PRICE}wei", "--out", voucher)
    assert int(world.operator.ok("channel", "settle", voucher)["total"]) == PRICE
    left = PRICE - platform_part(PRICE)
    account = world.operator.address()
    before = world.balance(account)
    claim = world.operator.ok("revenue", "claim", "--node")["claims"][0]
    assert int(claim["amount"]) == left * NODE_PPM // 1_000_000
    assert world.balance(account) == before + left * NODE_PPM // 1_000_000 - fee(claim["tx"])
    claimable = int(world.creator.ok("revenue", "show", "--model", world.served)["models"][0]["claimable"])
    assert claimable == left - left * NODE_PPM // 1_000_000


@suite.test
def his_stake_comes_back_when_the_audit_finds_him_honest(world):
    number = world.buyer.ok("pass", "buy", "--model", world.served, "--calls", 3, "--days", 5, "--max-price", "1ETH")["id"]
    process, url = world.start_node(world.operator, "--model", "served")
    ask = ("infer", "--node", url, "--model", world.served, "--pass", number, "--image")
    world.asked = [world.buyer.ok(*ask, image)["request"] for image in IMAGES[:3]]
    process.terminate()
    results = []
    for i, request in enumerate(world.asked[:2]):
        results.append(world.folder / f"operator{i}.json")
        world.operator.ok("infer", "prove", "--request", request, "--proof-path", results[-1])
    account = world.operator.address()
    before = world.balance(account)
    committed = world.operator.ok("audit", "commit", *results, "--key", world.stakes)
    world.batch = committed["batch"]
    assert bond_of(world) == 2 * STAKE and world.balance(account) == before - 2 * STAKE - fee(committed["tx"])
    world.rpc("anvil_mine", "0x5")
    world.buyer.ok("audit", "draw", world.batch)
    assert world.operator.ok("audit", "prove", world.batch, "--key", world.stakes, *results)["state"] == "passed"
    assert int(world.operator.ok("audit", "withdraw")["amount"]) == 2 * STAKE
    for i, request in enumerate(world.asked[:2]):
        settlement = world.folder / f"operator-settlement{i}.json"
        world.operator.ok("audit", "settlement", world.batch, "--index", i, "-o", settlement, *results)
        assert int(world.operator.ok("infer", "settle", "--request", request, "--proof", settlement)["earned"]) == ETHER // 1000


@suite.test
def a_lie_costs_his_stake_and_settles_nothing(world):
    statement, request = world.folder / "lie.json", world.asked[2]
    world.operator.ok("infer", "statement", "--request", request, "-o", statement)
    lie = json.loads(statement.read_text())
    lie["instances"][-1] = "0x" + (int(lie["instances"][-1], 16) ^ 1).to_bytes(32, "big").hex()
    statement.write_text(json.dumps(lie))
    world.batch = world.operator.ok("audit", "commit", statement, "--key", world.stakes)["batch"]
    settlement = world.folder / "lie-settlement.json"
    world.operator.ok("audit", "settlement", world.batch, "--index", 0, "-o", settlement, statement)
    settle = ("infer", "settle", "--request", request, "--proof", settlement)
    world.rpc("anvil_mine", "0x5")
    world.operator.ok("audit", "draw", world.batch)
    world.operator.refused(REJECTED, "audit", "prove", world.batch, "--key", world.stakes, statement, says="does not accept")
    world.operator.refused(REJECTED, *settle)
    world.pass_time(7201)
    world.buyer.ok("audit", "fail", world.batch)
    assert int(world.buyer.ok("audit", "withdraw")["amount"]) == STAKE // 2
    world.operator.refused(REJECTED, *settle)
    world.operator.refused(NOT_FOUND, "audit", "withdraw", says="nothing to withdraw")


@suite.test
def a_shareholder_earns_what_came_while_he_held(world):
    world.investor, world.late = Person(world, "investor"), Person(world, "late")
    for person in (world.investor, world.late):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "1ETH")
    of_model = ("--model", world.served)
    world.creator.ok("vault", "open", *of_model, "--ppm", 400_000, "--shares", 1000)
    world.investor.refused(FUNDS, "vault", "send", *of_model, "--shares", 1, "--to", world.late.address(), says="fewer")
    world.creator.ok("vault", "send", *of_model, "--shares", 250, "--to", world.investor.address())

    def income(amount):
        """What one share in a thousand gets of a payment without a node."""
        return (amount - platform_part(amount)) * 400_000 // 1_000_000 // 1000

    assert pay(world, world.served, ETHER)
    assert int(world.investor.ok("vault", "show", *of_model)["claimable"]) == 250 * income(ETHER)
    # He sells half; what they earned until now stays his.
    world.investor.ok("vault", "send", *of_model, "--shares", 125, "--to", world.late.address())
    assert int(world.late.ok("vault", "show", *of_model)["claimable"]) == 0
    assert pay(world, world.served, 2 * ETHER)
    account = world.investor.address()
    before = world.balance(account)
    claimed = world.investor.ok("vault", "claim", *of_model)
    assert int(claimed["amount"]) == 250 * income(ETHER) + 125 * income(2 * ETHER)
    assert world.balance(account) == before + int(claimed["amount"]) - fee(claimed["tx"])
    world.investor.refused(NOT_FOUND, "vault", "claim", *of_model)
    world.investor.ok("vault", "send", *of_model, "--shares", 125, "--to", world.late.address())
    assert pay(world, world.served, ETHER)
    assert int(world.investor.ok("vault", "show", *of_model)["claimable"]) == 0
    assert int(world.late.ok("vault", "claim", *of_model)["amount"]) == 125 * income(2 * ETHER) + 250 * income(ETHER)
