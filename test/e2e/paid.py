"""Three buyers of one model through the gateway: a pass, a channel and an NFT gate, on a chain, settled, sums exact."""
import http.client
import json
import signal
import time

from gateway import start_upstream
from harness import Suite
from sale import CALL_WEI, Buyer, Sold, account, call, hand_in, pass_voucher, put_up_for_sale

suite = Suite()
ZERO = "0x" + "00" * 20


@suite.test
def a_model_is_for_sale_in_three_ways(world):
    world.alice, world.bob, world.carol = (Buyer(world, name) for name in ("alice", "bob", "carol"))
    put_up_for_sale(world, (world.alice, world.bob, world.carol))
    world.alice.ok("pass", "buy", "--model", 1, "--calls", 20, "--days", 2, "--max-price", "0.5ETH")
    world.bob.ok("channel", "open", "--provider", world.creator.address(), "--amount", "0.01ETH")
    world.carol.ok("pass", "buy", "--model", 1, "--calls", 1, "--days", 1, "--max-price", "0.5ETH")
    world.creator.ok("gate", "create", "--model", 1, "--kind", "nft", "--target", world.contract("AccessPass"), "--quota", 5)
    process, upstream = start_upstream()
    world.processes.append(process)
    world.gateway = Sold(world, world.folder / "gateway", upstream, chain="refresh_s = 0\nstale_s = 1")
    checks = world.gateway.audit()
    assert all(row["ok"] for row in checks.values()), checks


@suite.test
def wallets_sign_in(world):
    for buyer in (world.alice, world.bob, world.carol):
        status, answer = buyer.sign_in(world.gateway)
        assert status == 200 and answer["buyer"] == buyer.address(), answer
        buyer.key = answer["api_key"]
    message = world.alice.message(world.gateway)
    assert world.alice.sign_in(world.gateway, message)[0] == 200
    assert world.alice.sign_in(world.gateway, message)[0] in (401, 402), "a nonce twice"
    for change in ({"domain": "evil.example"}, {"chain": 1}, {"nonce": "abcdefgh12345678"}, {"uri": "https://evil.example/"}):
        assert world.alice.sign_in(world.gateway, world.alice.message(world.gateway, **change))[0] != 200, change
    assert world.alice.sign_in(world.gateway, signer=world.bob)[0] != 200, "another's signature"


@suite.test
def keys_are_scoped_budgeted_and_revoked(world):
    made = json.loads(world.gateway.request("POST", "/v1/keys", {"name": "app", "budget_usd": "0.0006"}, key=world.alice.key)[2])
    assert world.gateway.chat(key=made["api_key"])[0] == 402, "the worst case is above the budget"
    made = json.loads(world.gateway.request("POST", "/v1/keys", {"budget_usd": "0.01"}, key=world.alice.key)[2])
    assert world.gateway.request("POST", "/v1/keys", {}, key=made["api_key"])[0] == 400, "it may not make keys"
    assert world.gateway.request("DELETE", f"/v1/keys/{made['id']}", key=made["api_key"])[0] == 400, "nor end them"
    assert world.gateway.request("DELETE", f"/v1/keys/{made['id']}", key=world.bob.key)[0] == 404, "another's key"
    assert world.gateway.request("DELETE", f"/v1/keys/{made['id']}", key=world.alice.key)[0] == 200
    assert world.gateway.chat(key=made["api_key"])[0] == 401


@suite.test
def a_pass_is_used_signed_and_settled(world):
    for i in range(4):
        head, answer = call(world, world.alice, stream=i % 2 == 1)
        assert answer["usage"]["cost_details"]["units"] == "1" and head["X-Mintmark-Account"] == "pass:1"
    refused = call(world, world.alice, 402)[1]
    assert refused["error"]["code"] == "voucher_required" and "4 is due" in refused["error"]["message"], refused
    bad = [pass_voucher(world, world.bob, 1, 4), pass_voucher(world, world.alice, 1, 4, node=world.bob.address()),
           pass_voucher(world, world.alice, 1, 4, chain_id=1), {**pass_voucher(world, world.alice, 1, 4), "cumulative": 5}]
    for voucher in bad:
        hand_in(world, world.alice, voucher, 400)
    call(world, world.alice, 402)
    world.alice_voucher = pass_voucher(world, world.alice, 1, 4)
    hand_in(world, world.alice, world.alice_voucher)
    hand_in(world, world.alice, pass_voucher(world, world.alice, 1, 3), 400)
    for _ in range(2):
        call(world, world.alice)
    last = pass_voucher(world, world.alice, 1, 6)
    hand_in(world, world.alice, last)
    values = ",".join(str(last[name]) for name in ("passId", "cumulative", "validUntil", "node", "receiptRoot"))
    world.alice.cast("send", world.contract("AccessPass"), "settleUsage((uint256,uint64,uint64,address,bytes32),bytes)",
                     f"({values})", last["signature"], "--rpc-url", world.rpc_url)
    assert world.alice.ok("pass", "show", 1)["calls_left"] == 14
    line = account(world, world.alice, "pass:1")
    assert (line["used"], line["signed"], line["available"]) == ("6", "6", "4"), line
    call(world, world.bob, 404, entitlement="pass:1")  # another's


@suite.test
def a_channel_is_used_signed_and_settled(world):
    total = 0
    for i in range(3):
        head, answer = call(world, world.bob, stream=i == 1)
        total += int(answer["usage"]["cost_details"]["units"])
        assert head["X-Mintmark-Account"].startswith("channel:")
    assert total == 3 * CALL_WEI, (total, CALL_WEI)
    voucher = world.folder / "bob.json"
    parties = ("--buyer", world.bob.address(), "--provider", world.creator.address())
    world.bob.ok("channel", "voucher", *parties, "--model", 1, "--total", f"{total}wei", "--out", voucher)
    signed = json.loads(voucher.read_text())
    hand_in(world, world.bob, {**signed, "cumulative": str(total + 1)}, 400)
    hand_in(world, world.bob, {**signed, "provider": world.alice.address()}, 400)
    hand_in(world, world.bob, signed)
    settled = world.creator.ok("channel", "settle", voucher)
    assert int(settled["total"]) == total
    line = account(world, world.bob, "channel:")
    assert int(line["used"]) == int(line["signed"]) == total
    receipts = [json.loads(world.gateway.request("GET", "/v1/receipts/" + answer["usage"]["cost_details"]["receipt"],
                                                 key=world.bob.key)[2])]
    assert receipts[0]["signer"] == world.creator.address() and receipts[0]["units"] == str(CALL_WEI)
    assert world.gateway.request("GET", "/v1/receipts/" + receipts[0]["id"], key=world.alice.key)[0] == 404


@suite.test
def a_session_key_signs_up_to_its_cap_and_end(world):
    thief, late = Buyer(world, "thief"), Buyer(world, "late")  # who have keys of agents: one may spend 1 wei, one ends soon
    for person in (thief, late):
        person.ok("wallet", "new", person.name)
    call(world, world.bob, entitlement="channel")
    used, path, provider = int(account(world, world.bob, "channel:")["used"]), world.folder / "thief.json", world.creator.address()

    def refused(person=thief):
        person.ok("channel", "voucher", "--buyer", world.bob.address(), "--provider", provider, "--model", 1, "--total", f"{used}wei",
                 "--out", path)
        return hand_in(world, world.bob, json.loads(path.read_text()), 400)["error"]["message"]

    def may_spend(cap):
        world.bob.ok("channel", "open", "--provider", provider, "--amount", "1wei", "--session", thief.address(), "--cap", cap)

    assert "neither the buyer nor a session key" in refused()
    may_spend("1wei")
    assert f"may still sign for 1, {CALL_WEI} would be due" in refused()
    may_spend(f"{CALL_WEI - 1}wei")
    assert f"{CALL_WEI} would be due" in refused()
    world.bob.cast("send", world.contract("PaymentChannels"), "authoriseSession(address,address,address,uint96,uint64)", provider,
                   ZERO, late.address(), str(10**16), str(int(time.time()) + 1800), "--rpc-url", world.rpc_url)
    assert "ends too soon" in refused(late)
    assert int(account(world, world.bob, "channel:")["signed"]) == used - CALL_WEI, "nothing was counted"
    may_spend(f"{CALL_WEI}wei")
    thief.ok("channel", "voucher", "--buyer", world.bob.address(), "--provider", provider, "--model", 1, "--total", f"{used}wei",
             "--out", path)
    hand_in(world, world.bob, {**json.loads(path.read_text()), "sessionKey": "0x" + "11" * 20})
    assert int(account(world, world.bob, "channel:")["signed"]) == used
    assert 'reason="session_cap"' in world.gateway.request("GET", "/metrics")[2].decode()


@suite.test
def a_gate_is_used_signed_and_settled(world):
    for i in range(4):
        call(world, world.carol, stream=i == 2, entitlement="gate:1:2")
    call(world, world.carol, 402, entitlement="gate:1:2")
    call(world, world.carol, 402, entitlement="gate:1:1")
    path = world.folder / "carol.json"
    use = ("gate", "use", 1, "--key", 2, "--provider", world.creator.address(), "--out", path, "--total")
    world.carol.ok(*use, 4)
    hand_in(world, world.carol, json.loads(path.read_text()))
    call(world, world.carol, entitlement="gate:1:2")
    call(world, world.carol, 402, entitlement="gate:1:2")
    world.carol.ok(*use, 5)
    hand_in(world, world.carol, json.loads(path.read_text()))
    assert world.creator.ok("gate", "settle", path)["used"] == "5"
    assert call(world, world.carol, 402, entitlement="gate:1:2")[1]["error"]["code"] == "insufficient_quota"


@suite.test
def nothing_is_lost_or_doubled_by_a_kill(world):
    before = {name: account(world, buyer, start) for name, buyer, start in (("alice", world.alice, "pass:1"),
                                                                           ("bob", world.bob, "channel:"))}
    world.gateway.stop(signal.SIGKILL)
    world.gateway.start()
    assert account(world, world.alice, "pass:1") == before["alice"] and account(world, world.bob, "channel:") == before["bob"]
    hand_in(world, world.alice, world.alice_voucher, 400)
    assert int(world.creator.ok("revenue", "claim")["claims"][0]["amount"]) > 0


@suite.test
def trouble_is_told_clearly(world):
    world.pass_time(3 * 86_400)
    refused = call(world, world.alice, 402, entitlement="pass:1")[1]
    assert refused["error"]["code"] == "pass_expired", refused
    world.creator.ok("model", "status", 1, "revoked")
    time.sleep(1.1)
    refused = call(world, world.bob, 404)[1]
    assert "not served any more" in refused["error"]["message"], refused
    world.platform.ok("chain", "down")
    time.sleep(1.1)
    for _ in range(300):
        try:
            status, head, answer = world.gateway.chat(key=world.bob.key)
            break
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
    assert status == 503 and answer["error"]["code"] == "chain_unavailable" and head["Retry-After"], (status, answer)
    assert b'mintmark_healthy{part="chain"} 0' in world.gateway.request("GET", "/metrics")[2]
    assert world.gateway.chat()[0] in (200, 503), "grants of models off the chain go on"
    assert world.gateway.stop() == 0
