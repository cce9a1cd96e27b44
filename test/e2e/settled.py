"""The gateway settles by itself: by value, through a kill, a lost transaction and a re-organisation; three buyers' sums are exact."""
import json
import signal
import threading
import time

from gateway import start_upstream
from harness import Suite, fee
from indexed import until
from sale import CALL_WEI, ROYALTY_PPM, Buyer, Sold, account, call, hand_in, pass_voucher, put_up_for_sale

suite = Suite()


def gauges(world):
    text = world.gateway.request("GET", "/metrics")[2].decode()
    return {line.split('"')[1]: float(line.split()[-1]) for line in text.splitlines() if line.startswith("mintmark_settlement{")}


def mined_until(world, condition, seconds=180):
    """Waits while blocks come."""
    def look():
        world.rpc("evm_mine")
        return condition()
    until(look, seconds)


def is_settled(world):
    now = gauges(world)
    return now.get("due_lanes") == 0 and now["open_transactions"] == 0


def settled_for(world):
    """What Ivo's channel has settled, as the contract says it."""
    parties = ("--buyer", world.ivo.address(), "--provider", world.creator.address())
    return int(world.creator.ok("channel", "show", *parties)["settled"])


def ivo_signs(world, calls):
    for i in range(calls):
        call(world, world.ivo, stream=i % 2 == 1)
    world.ivo_used = getattr(world, "ivo_used", 0) + calls
    path = world.folder / "ivo.json"
    world.ivo.ok("channel", "voucher", "--buyer", world.ivo.address(), "--provider", world.creator.address(), "--model", world.model,
                 "--total", f"{world.ivo_used * CALL_WEI}wei", "--out", path)
    hand_in(world, world.ivo, json.loads(path.read_text()))


@suite.test
def a_batch_waits_for_its_value(world):
    world.vera, world.ivo, world.nora = (Buyer(world, name) for name in ("vera", "ivo", "nora"))
    world.author = Buyer(world, "author")
    put_up_for_sale(world, (world.vera, world.ivo, world.nora), world.author)
    world.vera.ok("pass", "buy", "--model", world.model, "--calls", 20, "--days", 2, "--max-price", "0.5ETH")
    world.ivo.ok("channel", "open", "--provider", world.creator.address(), "--amount", "0.01ETH")
    world.nora.ok("pass", "buy", "--model", world.model, "--calls", 1, "--days", 1, "--max-price", "0.5ETH")
    world.creator.ok("gate", "create", "--model", world.model, "--kind", "nft", "--target", world.contract("AccessPass"), "--quota", 9)
    process, upstream = start_upstream()
    world.processes.append(process)
    world.gateway = Sold(world, world.folder / "gateway", upstream, f"""[index]
path = "index.db"
poll_ms = 100
[settle]
path = "settle.db"
poll_ms = 100
age_s = 3600
value = "{3 * CALL_WEI}"
confirmations = 2
""", "refresh_s = 1\nstale_s = 30")
    checks = world.gateway.audit()
    assert all(row["ok"] for row in checks.values()) and "settlement" in checks, checks
    for buyer in (world.vera, world.ivo, world.nora):
        buyer.key = buyer.sign_in(world.gateway)[1]["api_key"]
    ivo_signs(world, 2)
    until(lambda: gauges(world).get("due_lanes") == 1)
    time.sleep(0.5)
    assert gauges(world)["sent"] == 0 and settled_for(world) == 0, "it is worth too little"
    ivo_signs(world, 1)
    mined_until(world, lambda: is_settled(world))
    assert settled_for(world) == 3 * CALL_WEI and gauges(world)["sent"] == gauges(world)["final"] == 1


@suite.test
def the_others_are_settled_by_hand(world):
    for i in range(4):
        call(world, world.vera, stream=i % 2 == 0)
        call(world, world.nora, stream=i % 2 == 1, entitlement="gate:1:2")
    hand_in(world, world.vera, pass_voucher(world, world.vera, 1, 4))
    path = world.folder / "nora.json"
    world.nora.ok("gate", "use", 1, "--key", 2, "--provider", world.creator.address(), "--out", path, "--total", 4)
    hand_in(world, world.nora, json.loads(path.read_text()))
    until(lambda: gauges(world)["due_lanes"] == 2)
    waiting = world.creator.ok("settle", "--status", "--config", world.gateway.config)
    assert {row["account"].split(":")[0] for row in waiting["due"]} == {"pass", "gate"}, waiting.value
    is_done = threading.Event()

    def mine():
        while not is_done.wait(0.1):
            world.rpc("evm_mine")

    miner = threading.Thread(target=mine)
    miner.start()
    try:
        done = world.creator.ok("settle", "--config", world.gateway.config)
    finally:
        is_done.set()
        miner.join()
    assert done["due"] == 0 and done["refused_vouchers"] == 0, done.value
    assert world.vera.ok("pass", "show", 1)["calls_left"] == 16
    mined_until(world, lambda: is_settled(world))
    assert world.creator.ok("settle", "--status", "--config", world.gateway.config)["due"] == []
    until(lambda: (account(world, world.nora, "gate:") or {"used": "4"})["used"] == "4")


@suite.test
def a_kill_and_a_lost_transaction_settle_once(world):
    world.rpc("evm_setAutomine", False)
    ivo_signs(world, 3)
    until(lambda: gauges(world)["open_transactions"] == 1)
    world.gateway.stop(signal.SIGKILL)
    world.rpc("anvil_dropAllTransactions")  # the node forgets it too
    world.gateway.start()
    until(lambda: gauges(world).get("open_transactions") == 1)
    until(lambda: len(world.rpc("txpool_content")["pending"]) == 1)
    world.rpc("evm_setAutomine", True)
    mined_until(world, lambda: is_settled(world))
    assert settled_for(world) == 6 * CALL_WEI
    assert gauges(world)["sent"] == 0 and gauges(world)["final"] == 1, "the same bytes, not new ones"


@suite.test
def what_a_reorganisation_takes_back_is_settled_again(world):
    mark = world.rpc("evm_snapshot")
    ivo_signs(world, 3)
    # Only what the gateway has seen mined is taken back from it.
    until(lambda: gauges(world)["unconfirmed"] == 1 and settled_for(world) == 9 * CALL_WEI)
    world.rpc("evm_revert", mark)
    until(lambda: gauges(world)["taken_back"] >= 1)
    mined_until(world, lambda: is_settled(world))
    assert settled_for(world) == 9 * CALL_WEI


@suite.test
def everybody_claims_and_nothing_is_left(world):
    assert int(account(world, world.ivo, "channel:")["used"]) == 9 * CALL_WEI
    shown = world.vera.ok("pass", "show", 1)
    per_call = int(shown["escrow"]) // 16
    assert int(shown["escrow"]) == 16 * per_call, shown.value
    income = world.balance(world.contract("RevenueRouter"))
    assert income == 9 * CALL_WEI + 4 * per_call, (income, per_call)
    platform = int(world.platform.ok("revenue", "claim", "--platform")["claims"][0]["amount"])
    royalty = (income - platform) * ROYALTY_PPM // 10**6
    collected = world.creator.ok("revenue", "collect", "--model", world.model)["royalties"]
    assert [(row["ancestor"], int(row["amount"])) for row in collected] == [(world.parent, royalty)], collected
    assert world.creator.ok("revenue", "collect", "--model", world.model)["royalties"] == [], "once"
    author, before = world.author.address(), world.balance(world.author.address())
    theirs = world.author.ok("revenue", "claim", "--model", world.parent)["claims"][0]
    assert int(theirs["amount"]) == royalty and world.balance(author) == before + royalty - fee(theirs["tx"])
    claimed = int(world.creator.ok("revenue", "claim")["claims"][0]["amount"])
    assert claimed == income - platform - royalty and platform > 0 and royalty > 0
    assert world.balance(world.contract("RevenueRouter")) == 0, "to the last wei"
    assert world.gateway.stop() == 0
    checks = world.gateway.audit()
    assert all(row["ok"] for row in checks.values()), checks
