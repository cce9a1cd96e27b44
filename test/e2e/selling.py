"""Rates, payment channels and gates with the real program on a chain of their own."""
import json

from harness import CHAIN, ETHER, INVALID, MNIST, NOT_FOUND, REJECTED, Suite, fee

suite = Suite()
DEPOSIT = ETHER // 2


@suite.test
def a_model_is_sold(world):
    world.start_chain()
    for person in (world.platform, world.creator, world.buyer):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    world.contracts = world.platform.ok("chain", "deploy")["contracts"]
    world.creator.ok("model", "push", MNIST / "lenet5.onnx", "--card", MNIST / "MODEL_CARD.md", "--name", "lenet5")
    world.creator.ok("model", "publish", "lenet5", "--data", MNIST / "samples.json", "--architecture", "LeNet-5",
                     "--price-per-call", "0.001ETH", "--price-per-day", "0.0005ETH")
    world.buyer.ok("pass", "buy", "--model", 1, "--calls", 3, "--days", 2, "--max-price", "0.5ETH")


@suite.test
def rates_are_in_dollars_per_unit(world):
    world.buyer.refused(NOT_FOUND, "price", "show", "--model", 1, says="price set")
    world.creator.refused(INVALID, "price", "set", "--model", 1, "--rate", "token=1", says="input_token")
    world.buyer.refused(CHAIN, "price", "set", "--model", 1, "--rate", "call=1", says="RateBook_NotModelOwner")
    rates = ("price", "set", "--model", 1, "--rate", "input_token=0.05/M", "--rate", "call=0.01", "--free")
    card = world.creator.ok(*rates, "day")
    assert card["rates_pico_usd"] == {"call": 10**10, "input_token": 50_000}, card
    assert card["free"] == ["day"]
    dearer = world.creator.ok("price", "set", "--model", 1, "--rate", "input_token=0.06/M", "--rate", "call=0.01",
                              "--free", "day")
    assert dearer["epoch"] == 2
    shown = world.buyer.ok("price", "show", "--model", 1)
    assert shown["epoch"] == 1 and shown["next"]["epoch"] == 2, "an increase waits"
    world.buyer.refused(REJECTED, "price", "quote", "--model", 1, "--use", "input_token=1000", says="currency")


def channel(world, person, command, *more):
    parties = ("--buyer", world.buyer.address(), "--provider", world.creator.address())
    return person.ok("channel", command, *parties, *more)


def voucher(world, total):
    path = world.folder / f"voucher-{total}.json"
    channel(world, world.buyer, "voucher", "--model", 1, "--total", f"{total}wei", "--out", path)
    return path


@suite.test
def vouchers_pay_once(world):
    before = world.balance(world.buyer.address())
    opened = channel(world, world.buyer, "open", "--amount", "0.5ETH")
    assert int(opened["balance"]) == DEPOSIT
    assert world.balance(world.buyer.address()) == before - DEPOSIT - fee(opened["tx"])
    first, second = voucher(world, 10**15), voucher(world, 3 * 10**15)
    settled = world.creator.ok("channel", "settle", second)
    assert int(settled["total"]) == 3 * 10**15 and settled["statuses"] == ["settled"]
    for path in (first, second):
        world.creator.refused(REJECTED, "channel", "settle", path, says="nothing new")
    forged = json.loads(second.read_text())
    forged["cumulative"] = str(4 * 10**15)
    second.write_text(json.dumps(forged))
    world.creator.refused(REJECTED, "channel", "settle", second, says="not signed")
    shown = channel(world, world.buyer, "show")
    assert int(shown["balance"]) == DEPOSIT - 3 * 10**15 and int(shown["settled"]) == 3 * 10**15
    earned = world.creator.ok("revenue", "show")
    assert int(earned["platform"]["claimable"]) == 3 * 10**15 * 25_000 // 10**6


@suite.test
def escrow_comes_back(world):
    thawing = channel(world, world.buyer, "thaw", "--amount", "0.1ETH")
    assert int(thawing["exposure_limit"]) == int(thawing["balance"]) - ETHER // 10
    parties = ("--buyer", world.buyer.address(), "--provider", world.creator.address())
    world.buyer.refused(REJECTED, "channel", "withdraw", *parties, says="thaws")
    world.buyer.refused(REJECTED, "channel", "close", *parties, "--consent", "99999999999:0x" + "11" * 65,
                        says="consent")
    consent = channel(world, world.creator, "consent")["consent"]
    before = world.balance(world.buyer.address())
    closed = channel(world, world.buyer, "close", "--consent", consent)
    assert int(closed["balance"]) == 0
    assert world.balance(world.buyer.address()) == before + DEPOSIT - 3 * 10**15 - fee(closed["tx"])


@suite.test
def holders_of_a_pass_have_a_quota(world):
    collection = world.contracts["AccessPass"]
    gate = world.creator.ok("gate", "create", "--model", 1, "--kind", "nft", "--target", collection, "--quota", 5)["gate"]
    assert world.buyer.ok("gate", "show", gate, "--key", 1)["remaining"] == "5"
    assert world.creator.ok("gate", "show", gate, "--key", 1)["remaining"] == "0"
    path = world.folder / "use.json"
    use = ("--key", 1, "--provider", world.creator.address(), "--out", path, "--total")
    world.buyer.ok("gate", "use", gate, *use, 3)
    world.buyer.refused(REJECTED, "gate", "settle", path, says="another provider")
    assert world.creator.ok("gate", "settle", path)["used"] == "3"
    world.creator.refused(REJECTED, "gate", "settle", path, says="nothing new")
    world.buyer.ok("gate", "use", gate, *use, 9)
    assert world.creator.ok("gate", "settle", path)["used"] == "5", "never more than the quota"
    assert world.buyer.ok("gate", "show", gate, "--key", 1)["remaining"] == "0"
    world.creator.ok("gate", "use", gate, *use, 9)
    world.creator.refused(REJECTED, "gate", "settle", path, says="not entitled")
    world.buyer.refused(NOT_FOUND, "gate", "show", 99)
