"""The gateway with its own index of the chain: what it says is what the contracts say, or it is not believed."""
import json
import signal
import sqlite3
import time

from gateway import start_upstream
from harness import NOT_FOUND, Suite
from sale import CALL_WEI, Buyer, Sold, account, call, hand_in, pass_voucher, put_up_for_sale

suite = Suite()


def gauges(world):
    text = world.gateway.request("GET", "/metrics")[2].decode()
    return {line.split('"')[1]: float(line.split()[-1]) for line in text.splitlines() if line.startswith("mintmark_index{")}


def until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def is_current(world):
    now = gauges(world)
    return now["fresh"] == 1 and now["tip"] == world.block_number()


@suite.test
def an_index_is_built_shown_and_rebuilt(world):
    world.pia, world.cleo = Buyer(world, "pia"), Buyer(world, "cleo")
    put_up_for_sale(world, (world.pia, world.cleo))
    world.creator.refused(NOT_FOUND, "index", "status", says="no index of this deployment")
    built = world.creator.ok("index", "rebuild")
    assert built["block"] == built["head"] == world.block_number() and built["lag"] == 0 and built["events"] >= 3, built.value
    world.pia.ok("pass", "buy", "--model", 1, "--calls", 20, "--days", 2, "--max-price", "0.5ETH")
    world.cleo.ok("channel", "open", "--provider", world.creator.address(), "--amount", "0.01ETH")
    late = world.creator.ok("index", "status")
    assert late["lag"] >= 2 and late["on_chain"] and late["events"] == built["events"], late.value
    follower = world.creator.start("index", "follow")
    line = json.loads(follower.stdout.readline())
    assert line["lag"] == 0 and line["events"] > built["events"], line
    follower.send_signal(signal.SIGINT)
    assert follower.wait(timeout=90) == 0
    again = world.creator.ok("index", "rebuild", "--max-range", 3)
    assert (again["events"], again["block"]) == (line["events"], line["block"]), "the same from small ranges"


@suite.test
def the_gateway_follows_and_says_how_far(world):
    process, upstream = start_upstream()
    world.processes.append(process)
    world.gateway = Sold(world, world.folder / "gateway", upstream, '[index]\npath = "index.db"\npoll_ms = 100',
                         "refresh_s = 1\nstale_s = 5")
    until(lambda: is_current(world))
    checks = world.gateway.audit()
    assert all(row["ok"] for row in checks.values()) and checks["index"]["says"].startswith("block "), checks
    for buyer in (world.pia, world.cleo):
        assert buyer.sign_in(world.gateway)[0] == 200
        buyer.key = buyer.sign_in(world.gateway)[1]["api_key"]
    for _ in range(2):
        assert call(world, world.pia)[0]["X-Mintmark-Account"] == "pass:1"
        assert call(world, world.cleo)[0]["X-Mintmark-Account"].startswith("channel:")
    line = account(world, world.pia, "pass:1")
    assert (line["limit"], line["used"]) == ("20", "2"), line
    assert account(world, world.cleo, "channel:")["limit"] == str(10**16)
    assert gauges(world)["trusted"] == 1 and gauges(world)["lag_blocks"] == 0


@suite.test
def what_is_settled_and_bought_is_seen(world):
    voucher = pass_voucher(world, world.pia, 1, 2)
    hand_in(world, world.pia, voucher)
    values = ",".join(str(voucher[name]) for name in ("passId", "cumulative", "validUntil", "node", "receiptRoot"))
    world.pia.cast("send", world.contract("AccessPass"), "settleUsage((uint256,uint64,uint64,address,bytes32),bytes)",
                   f"({values})", voucher["signature"], "--rpc-url", world.rpc_url)
    world.cleo.ok("channel", "open", "--provider", world.creator.address(), "--amount", "1wei")
    path = world.folder / "cleo.json"
    world.cleo.ok("channel", "voucher", "--buyer", world.cleo.address(), "--provider", world.creator.address(), "--model", 1,
                  "--total", f"{2 * CALL_WEI}wei", "--out", path)
    hand_in(world, world.cleo, json.loads(path.read_text()))
    world.creator.ok("channel", "settle", path)
    until(lambda: is_current(world))
    until(lambda: account(world, world.pia, "pass:1")["limit"] == "18")  # left on the chain, once what is cached is read again
    until(lambda: account(world, world.cleo, "channel:")["limit"] == str(10**16 + 1 - 2 * CALL_WEI))
    assert gauges(world)["trusted"] == 1


def catalog(world, query="", status=200):
    got, _, data = world.gateway.request("GET", "/v1/catalog" + query, key="none")
    assert got == status, (got, data)
    return json.loads(data)


@suite.test
def models_are_searched_in_the_index(world):
    until(lambda: is_current(world))
    listed = catalog(world)
    assert [row["model"] for row in listed["data"]] == [1] and listed["data"][0]["task"] == "", "registered, not described"
    world.creator.ok("catalog", "add", "--model", 1, "--task", "image-classification", "--license", "apache-2.0", "--modality",
                     "image", "--verification", "zk", "--tags", "MNIST,hand written digits")
    until(lambda: catalog(world)["data"][0]["task"])
    row, index = catalog(world)["data"][0], catalog(world)["index"]
    assert row["owner"] == world.creator.address() and row["verification"] == "zk" and row["for_sale"], row
    assert row["price"]["per_call_pico_wei"] == str(10**15 * 10**12) and row["price"]["epoch"] == 1, row
    assert row["price"]["rates_usd"] == {"input_token": "0.000001", "output_token": "0.00001", "day": "0"}, row
    assert index["lag_blocks"] == 0 and index["fresh"] and index["block"] == world.block_number(), index
    served = row["served"]
    assert [(each["id"], each["available"], each["uptime_24h"]) for each in served] == [("good", True, 1.0)], served
    for query in ("?task=image-classification", "?license=Apache-2.0", "?q=hand+written", "?q=hand%20WRITTEN", "?verification=audit",
                  "?max_per_call=0.001ETH&modality=image", "?all=1", "?after=0"):
        assert len(catalog(world, query)["data"]) == 1, query
    for query in ("?task=text-generation", "?license=mit", "?q=cats", "?max_per_call=0.0009ETH", "?after=1"):
        assert catalog(world, query)["data"] == [], query
    for query in ("?colour=red", "?verification=holy", "?max_per_call=cheap", "?q=%zz", "?q=a&q=b", "?after=x"):
        assert catalog(world, query, 400)["error"]["message"], query
    world.creator.ok("model", "status", 1, "deprecated")
    until(lambda: catalog(world)["data"] == [])
    assert [row["for_sale"] for row in catalog(world, "?all=true")["data"]] == [False]
    world.creator.ok("model", "status", 1, "active")
    until(lambda: catalog(world)["data"])


@suite.test
def a_reorganisation_is_followed(world):
    before = world.block_number()
    mark = world.rpc("evm_snapshot")
    world.cleo.ok("channel", "open", "--provider", world.creator.address(), "--amount", "1ETH")
    until(lambda: is_current(world))
    until(lambda: account(world, world.cleo, "channel:")["limit"] == str(10**18 + 10**16 + 1 - 2 * CALL_WEI))
    world.rpc("evm_revert", mark)
    assert world.block_number() == before
    world.rpc("anvil_mine", hex(4))
    until(lambda: is_current(world) and gauges(world)["reorgs"] >= 1)
    until(lambda: account(world, world.cleo, "channel:")["limit"] == str(10**16 + 1 - 2 * CALL_WEI))  # the ether is gone
    assert gauges(world)["trusted"] == 1


@suite.test
def who_edits_the_file_is_not_believed(world):
    world.gateway.stop()
    file = sqlite3.connect(world.gateway.folder / "index.db")
    value = json.loads(file.execute("SELECT value FROM entities WHERE name='p:1'").fetchone()[0])
    value["left"] += 1000
    file.execute("UPDATE entities SET value=? WHERE name='p:1'", (json.dumps(value),))
    file.commit()
    file.close()
    world.gateway.start()
    until(lambda: is_current(world))
    assert account(world, world.pia, "pass:1")["limit"] == "18", "as the contract says"
    until(lambda: gauges(world)["trusted"] == 0)
    assert "index is wrong" in (world.gateway.folder / "log").read_text()
    world.gateway.stop()
    world.creator.ok("index", "rebuild", "--config", world.gateway.config)
    world.gateway.start()
    until(lambda: is_current(world))
    assert account(world, world.pia, "pass:1")["limit"] == "18" and gauges(world)["trusted"] == 1


@suite.test
def without_the_node_nothing_old_is_believed(world):
    world.platform.ok("chain", "down")
    until(lambda: gauges(world)["fresh"] == 0)
    until(lambda: world.gateway.chat(key=world.pia.key)[0] != 200)  # what it knew is believed for 5 s
    status, head, answer = world.gateway.chat(key=world.pia.key)
    assert status == 503 and answer["error"]["code"] == "chain_unavailable" and head["Retry-After"], (status, answer)
    until(lambda: gauges(world)["failures"] > 0)
    assert world.gateway.stop() == 0
