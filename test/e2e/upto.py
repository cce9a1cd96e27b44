"""x402's scheme "upto": a maximum is signed, what was used is taken. The unmodified package of npm pays; those who would like an
answer for less, or somebody's signature for more. On x402.py's chain, before it ends."""
import base64
import concurrent.futures
import json
import subprocess
import time

from harness import ROOT, Suite
from x402 import CHAT, KEY, OTHER, PAYER, Gateway, Moved, payer, selector, send, upstream_seen, word

suite = Suite()
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
PROXY = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002"
RATES = '{ call = "0.0001", input_token = "100/M", output_token = "200/M" }'
AUTHORISED = {"Authorization": "Bearer " + KEY}


def code(name):
    source, contract = name
    artifact = ROOT / f"contracts/out/{source}.sol/{contract}.json"
    subprocess.run(["node_modules/.bin/forge", "build", "--quiet", f"test/mocks/{source}.sol"], cwd=ROOT / "contracts", check=True,
                   timeout=600)
    return json.loads(artifact.read_text())["deployedBytecode"]["object"]


def terms(world, body=None):
    status, head, _ = world.upto.request(body=body)
    assert status == 402, status
    return {one["scheme"]: one for one in json.loads(base64.b64decode(head["PAYMENT-REQUIRED"]))["accepts"]}


def sign(world, body=None, **change):
    return payer(do="sign", terms=terms(world, body)["upto"], changes=[change])[0]["header"]


def approve(world, amount):
    send(world, world.dollar, selector(world, "approve(address,uint256)") + word(PERMIT2) + word(amount), PAYER)


@suite.test
def permit2_and_the_proxy(world):
    world.rpc("anvil_setCode", PERMIT2, code(("SellingPayments", "MockPermit2")))
    world.rpc("anvil_setCode", PROXY, code(("UptoProxy", "MockUptoProxy")))
    world.upto = Gateway(world, "upto", extra="upto = true", rates=RATES)
    offered = terms(world)
    assert set(offered) == {"upto", "exact"} and offered["upto"]["amount"] == offered["exact"]["amount"]
    assert offered["upto"]["extra"]["facilitatorAddress"] == world.creator.address()
    status, head, _ = world.upto.request(PAYMENT_SIGNATURE=sign(world))
    refused = json.loads(base64.b64decode(head["PAYMENT-REQUIRED"]))
    assert status == 402 and refused["error"] == "permit2_allowance_required", refused
    approve(world, 10**9)


@suite.test
def the_package_of_npm_signs_a_maximum_and_pays_what_it_used(world):
    most = int(terms(world)["upto"]["amount"])
    url = f"http://127.0.0.1:{world.upto.port}/v1/chat/completions"
    with Moved(world) as moved:
        done = payer(do="pay", url=url, body=CHAT, schemes=["upto"])
    assert done["status"] == 200 and "quick brown fox" in done["body"], done
    assert done["paid"]["success"] and done["paid"]["payer"] == PAYER
    assert 0 < moved.amount == int(done["paid"]["amount"]) < most, (moved.amount, most, done)
    usage = json.loads(done["body"])["usage"]
    assert usage["cost_details"]["units"] == str(moved.amount)
    assert moved.amount == -(-int(usage["cost_details"]["pico_usd"]) // 10**6), "rounded up once"
    assert usage["cost_details"]["pico_usd"] == str(10**8 + usage["prompt_tokens"] * 10**8 + usage["completion_tokens"] * 2 * 10**8)


@suite.test
def a_maximum_buys_one_answer(world):
    header = sign(world)
    with Moved(world) as moved:
        first = world.upto.request(PAYMENT_SIGNATURE=header)
        again = world.upto.request(PAYMENT_SIGNATURE=header)
        other = world.upto.request(body={**CHAT, "max_tokens": 40}, PAYMENT_SIGNATURE=header)
    assert first[0] == again[0] == 200 and first[2] == again[2] and again[1]["X-MINTMARK-REPLAYED"] == "true"
    assert other[0] in (402, 409) and "quick" not in other[2], other
    paid = json.loads(base64.b64decode(first[1]["PAYMENT-RESPONSE"]))
    assert moved.amount == int(paid["amount"]) > 0
    header = sign(world)
    with Moved(world) as moved, concurrent.futures.ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(lambda _: world.upto.request(PAYMENT_SIGNATURE=header), range(6)))
    assert {row[0] for row in rows} <= {200, 402, 409}, rows
    assert sum("PAYMENT-RESPONSE" in row[1] for row in rows if row[0] == 200) == 1
    assert moved.amount == int(paid["amount"]), "paid once"


@suite.test
def nobody_gets_an_answer_for_less(world):
    offered = terms(world)
    most = int(offered["upto"]["amount"])
    cases = {
        "a smaller maximum": {"permitted": {"amount": str(most - 1)}},
        "smaller terms": {"terms": {"amount": "1"}},
        "another token": {"permitted": {"token": OTHER}},
        "another spender": {"authorization": {"spender": OTHER}},
        "another facilitator": {"witness": {"facilitator": OTHER}},
        "to himself": {"witness": {"to": PAYER}},
        "expired": {"authorization": {"deadline": "1700000000"}},
        "nearly expired": {"authorization": {"deadline": str(int(time.time()) + 5)}},
        "not yet": {"witness": {"validAfter": "99999999999"}},
        "another chain's domain": {"domain": {"chainId": 1}},
        "not Permit2's domain": {"domain": {"verifyingContract": OTHER}},
        "somebody else's money": {"after": {"from": OTHER}},
        "changed after signing": {"after": {"nonce": "7"}},
        "no signature": {"signature": "0x" + "00" * 65},
        "called exact": {"accepted": {"scheme": "exact"}},
    }
    seen = len(json.loads(upstream_seen(world)))
    with Moved(world) as moved:
        for name, made in zip(cases, payer(do="sign", terms=offered["upto"], changes=list(cases.values()))):
            status, _, data = world.upto.request(PAYMENT_SIGNATURE=made["header"])
            assert status in (400, 402) and "quick" not in data, (name, status, data)
    assert moved.amount == 0
    assert len(json.loads(upstream_seen(world))) == seen, "the model ran for a payment that is none"


@suite.test
def a_stream_is_not_sold_for_a_maximum(world):
    """Its cost is known when its last byte has left: the payer could be gone with it."""
    header = sign(world)
    body = {**CHAT, "stream": True}
    assert set(terms(world, body)) == {"exact"}
    with Moved(world) as moved:
        status, _, data = world.upto.request(body=body, PAYMENT_SIGNATURE=header)
    assert status == 402 and "quick" not in data and moved.amount == 0


@suite.test
def what_fails_costs_nothing(world):
    with Moved(world) as moved:
        broken = {**CHAT, "model": "broken"}
        status, _, _ = world.upto.request(body=broken, PAYMENT_SIGNATURE=sign(world, broken))
    assert status == 502 and moved.amount == 0
    header = sign(world)
    approve(world, 0)
    with Moved(world) as moved:
        status, _, data = world.upto.request(PAYMENT_SIGNATURE=header)
    assert status == 402 and "quick" not in data and moved.amount == 0
    approve(world, 10**9)


@suite.test
def the_facilitator_takes_at_most_what_was_signed(world):
    offered = terms(world)["upto"]
    most = int(offered["amount"])
    kinds = json.loads(world.upto.request("/x402/supported", method="GET")[2])["kinds"]
    assert {"x402Version": 2, "scheme": "upto", "network": "eip155:31337",
            "extra": {"facilitatorAddress": world.creator.address()}} in kinds
    payloads = [made["payload"] for made in payer(do="sign", terms=offered, changes=[{}, {}])]

    def settle(payload, amount):
        body = {"x402Version": 2, "paymentPayload": payload, "paymentRequirements": {**offered, "amount": str(amount)}}
        return json.loads(world.upto.request("/x402/settle", body, **AUTHORISED)[2])

    verify = {"x402Version": 2, "paymentPayload": payloads[0], "paymentRequirements": offered}
    assert json.loads(world.upto.request("/x402/verify", verify, **AUTHORISED)[2])["isValid"] is True
    with Moved(world) as moved:
        more = settle(payloads[0], most + 1)
    assert more["success"] is False and more["errorReason"] == "invalid_upto_evm_payload_settlement_exceeds_amount"
    assert moved.amount == 0
    with Moved(world) as moved:
        some, again = settle(payloads[0], most // 3), settle(payloads[0], 1)
    assert some["success"] and some["amount"] == str(most // 3) and moved.amount == most // 3, some
    assert again["success"] is False and again["errorReason"] == "nonce_already_used"
    with Moved(world) as moved:
        nothing = settle(payloads[1], 0)
    assert nothing["success"] and nothing["transaction"] == "" and nothing["amount"] == "0" and moved.amount == 0
    world.upto.process.terminate()
    assert world.upto.process.wait(timeout=30) == 0
