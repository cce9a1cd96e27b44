"""Callers without an account pay by x402 version 2, with the unmodified packages of npm, on the story's chain; and those who
would like an answer for nothing."""
import base64
import concurrent.futures
import hashlib
import http.client
import json
import random
import subprocess
import time

from gateway import start_upstream
from harness import MINTMARK, ROOT, Suite

suite = Suite()
CLIENT = ROOT / "test/x402"
# Keys of anvil's published mnemonic; the accounts hold nothing but play money.
PAYER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
PAYER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
PRICE = 2000  # of one call: $0.002 of a token with 6 decimals
TOML = """
[server]
port = 0
[log]
requests = false
[chain]
deployment = "{deployment}"
provider = "{provider}"
[x402]
asset = "{asset}"
name = "Dollar"
version = "1"
timeout_s = 60
{extra}
[[upstreams]]
name = "main"
url = "http://127.0.0.1:{upstream}/v1"
first_byte_ms = 1500
[[grants]]
name = "operator"
key_sha256 = "{key_hash}"
credit_usd = "1"
{models}
"""
KEY = "mm_" + "44" * 24
CHAT = {"model": "good", "messages": [{"role": "user", "content": "Tell me about foxes."}], "max_tokens": 50}


class Gateway:
    def __init__(self, world, name, extra="", rates='{ call = "0.002" }'):
        folder = world.folder / name
        folder.mkdir(exist_ok=True)
        models = "".join(f'[[models]]\nid = "{model}"\nupstreams = ["main"]\nrates = {rates}\n'
                         for model in ("good", "broken", "slow-stream"))
        config = folder / "gateway.toml"
        config.write_text(TOML.format(deployment=world.deployment, provider=world.creator.address(), asset=world.dollar,
                                      upstream=world.x402_upstream, models=models, extra=extra,
                                      key_hash=hashlib.sha256(KEY.encode()).hexdigest()))
        self.log = folder / "log"
        self.process = subprocess.Popen([MINTMARK, "--json", "--home", str(world.creator.home), "--wallet", "creator", "serve",
                                         "--config", str(config)], env=world.creator.env, stdout=subprocess.PIPE,
                                        stderr=open(self.log, "ab"), text=True)
        world.processes.append(self.process)
        line = self.process.stdout.readline()
        assert line, self.log.read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def request(self, path="/v1/chat/completions", body=None, method="POST", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body or CHAT), {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        data = response.read().decode()
        connection.close()
        return response.status, {k.upper(): v for k, v in response.getheaders()}, data

    def terms(self, body=None):
        status, head, _ = self.request(body=body)
        assert status == 402 and len(head["PAYMENT-REQUIRED"]) < 3000, (status, head)
        required = json.loads(base64.b64decode(head["PAYMENT-REQUIRED"]))
        assert required["x402Version"] == 2 and len(required["accepts"]) == 1
        return required["accepts"][0]


def payer(**wish):
    done = subprocess.run(["node", "pay.mjs"], cwd=CLIENT, input=json.dumps({"key": PAYER_KEY, **wish}), capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sign(terms, **change):
    return payer(do="sign", terms=terms, changes=[change])[0]["header"]


def word(value):
    return value[2:].rjust(64, "0") if isinstance(value, str) else f"{value:064x}"


def selector(world, signature):
    return world.rpc("web3_sha3", "0x" + signature.encode().hex())[:10]


def send(world, to, data, sender=None):
    sent = world.rpc("eth_sendTransaction", {"from": sender or world.rpc("eth_accounts")[0], "data": data, **({"to": to} if to else {})})
    for _ in range(300):
        receipt = world.rpc("eth_getTransactionReceipt", sent)
        if receipt is not None:
            assert receipt["status"] == "0x1"
            return receipt
    raise AssertionError("not mined")


def held(world, account):
    data = selector(world, "balanceOf(address)") + word(account)
    return int(world.rpc("eth_call", {"to": world.dollar, "data": data}, "latest"), 16)


class Moved:
    """What the provider gets while it is open."""

    def __init__(self, world):
        self.world = world

    def __enter__(self):
        self.before = held(self.world, self.world.creator.address())
        return self

    def __exit__(self, *_):
        self.amount = held(self.world, self.world.creator.address()) - self.before


@suite.test
def a_dollar_and_a_gateway(world):
    """A chain of its own: payments expire by the clock, and other stories let days pass."""
    world.start_chain()
    for person in (world.platform, world.creator):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    world.platform.ok("chain", "deploy")
    if not (CLIENT / "node_modules").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=CLIENT, check=True,
                       timeout=300)
    artifact = ROOT / "contracts/out/DollarToken.sol/DollarToken.json"
    if not artifact.exists():
        subprocess.run(["node_modules/.bin/forge", "build", "--quiet", "test/mocks/DollarToken.sol"], cwd=ROOT / "contracts",
                       check=True, timeout=300)
    world.dollar = send(world, None, json.loads(artifact.read_text())["bytecode"]["object"])["contractAddress"]
    send(world, world.dollar, selector(world, "mint(address,uint256)") + word(PAYER) + word(10**9))
    process, world.x402_upstream = start_upstream()
    world.processes.append(process)
    world.x402 = Gateway(world, "x402")


@suite.test
def the_packages_of_npm_pay_unmodified(world):
    url = f"http://127.0.0.1:{world.x402.port}/v1/chat/completions"
    with Moved(world) as moved:
        done = payer(do="pay", url=url, body=CHAT)
    assert done["status"] == 200 and "quick brown fox" in done["body"], done
    assert done["paid"]["success"] and done["paid"]["payer"] == PAYER and done["paid"]["network"] == "eip155:31337"
    assert world.rpc("eth_getTransactionReceipt", done["paid"]["transaction"])["status"] == "0x1"
    assert moved.amount == PRICE
    usage = json.loads(done["body"])["usage"]
    assert usage["cost"] == 0.002 and usage["cost_details"]["units"] == str(PRICE)
    with Moved(world) as moved:
        done = payer(do="pay", url=url, body={**CHAT, "stream": True})
    assert done["status"] == 200 and done["body"].rstrip().endswith("[DONE]") and moved.amount == PRICE


@suite.test
def a_payment_buys_one_answer(world):
    header = sign(world.x402.terms())
    with Moved(world) as moved:
        first = world.x402.request(PAYMENT_SIGNATURE=header)
        again = world.x402.request(PAYMENT_SIGNATURE=header)
        other = world.x402.request(body={**CHAT, "max_tokens": 40}, PAYMENT_SIGNATURE=header)
    assert first[0] == again[0] == 200 and first[2] == again[2] and again[1]["X-MINTMARK-REPLAYED"] == "true"
    assert other[0] == 409, other
    assert moved.amount == PRICE
    header = sign(world.x402.terms())
    with Moved(world) as moved, concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: world.x402.request(body={**CHAT, "max_tokens": 10 + n}, PAYMENT_SIGNATURE=header)[0],
                                 range(8)))
    assert statuses.count(200) == 1 and set(statuses) <= {200, 402, 409}, statuses
    assert moved.amount == PRICE


@suite.test
def two_gateways_cannot_both_be_paid_by_one_nonce(world):
    second = Gateway(world, "x402-second")
    header = sign(world.x402.terms())
    with Moved(world) as moved, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda one: one.request(PAYMENT_SIGNATURE=header), (world.x402, second)))
    statuses = sorted(row[0] for row in results)
    assert statuses == [200, 402], results
    assert moved.amount == PRICE
    assert "quick" not in next(row for row in results if row[0] == 402)[2], "an answer that nobody paid"
    second.process.terminate()
    assert second.process.wait(timeout=90) == 0


@suite.test
def nobody_gets_an_answer_for_less(world):
    terms = world.x402.terms()
    assert terms["amount"] == str(PRICE)
    cases = {
        "underpaid": {"authorization": {"value": str(PRICE - 1)}},
        "overpaid": {"authorization": {"value": str(PRICE + 1)}},
        "cheaper terms": {"terms": {"amount": "1"}},
        "another chain": {"terms": {"network": "eip155:1"}},
        "another chain's domain": {"domain": {"chainId": 1}},
        "another token": {"terms": {"asset": OTHER}},
        "another token's domain": {"domain": {"verifyingContract": OTHER}},
        "to himself": {"authorization": {"to": PAYER}},
        "other terms to himself": {"terms": {"payTo": PAYER}},
        "expired": {"authorization": {"validBefore": "1700000000"}},
        "nearly expired": {"terms": {}, "authorization": {"validBefore": str(int(time.time()) + 5)}},
        "not yet": {"authorization": {"validAfter": "99999999999"}},
        "somebody else's money": {"after": {"from": OTHER}},
        "changed after signing": {"after": {"nonce": "0x" + "12" * 32}},
        "no signature": {"signature": "0x" + "00" * 65},
        "a fake domain": {"terms": {"extra": {"name": "Peso", "version": "1"}}},
        "another scheme": {"accepted": {"scheme": "upto"}},
        "another version": {"version": 1},
    }
    seen = len(json.loads(upstream_seen(world)))
    with Moved(world) as moved:
        for name, made in zip(cases, payer(do="sign", terms=terms, changes=list(cases.values()))):
            status, head, data = world.x402.request(PAYMENT_SIGNATURE=made["header"])
            assert status in (400, 402) and "quick" not in data, (name, status, data)
            assert status == 400 or "PAYMENT-REQUIRED" in head, name
    assert moved.amount == 0
    assert len(json.loads(upstream_seen(world))) == seen, "the model ran for a payment that is none"
    empty = payer(do="sign", terms=terms, changes=[{}], key="0x" + "11" * 32)[0]["header"]
    status, head, _ = world.x402.request(PAYMENT_SIGNATURE=empty)
    assert status == 402 and json.loads(base64.b64decode(head["PAYMENT-REQUIRED"]))["error"] == "insufficient_funds"


def upstream_seen(world):
    connection = http.client.HTTPConnection("127.0.0.1", world.x402_upstream, timeout=10)
    connection.request("GET", "/seen")
    return connection.getresponse().read()


@suite.test
def who_loses_when_something_fails(world):
    """The model's server fails: nobody. The settlement fails after the model ran: the provider, who keeps the answer."""
    header = sign(world.x402.terms({**CHAT, "model": "broken"}))
    with Moved(world) as moved:
        status, _, _ = world.x402.request(body={**CHAT, "model": "broken"}, PAYMENT_SIGNATURE=header)
    assert status == 502 and moved.amount == 0
    wallet, rich = world.creator.address(), world.balance(world.creator.address())
    world.rpc("anvil_setBalance", wallet, "0x1")
    for stream in (False, True):
        header = sign(world.x402.terms())
        with Moved(world) as moved:
            status, head, data = world.x402.request(body={**CHAT, "stream": stream}, PAYMENT_SIGNATURE=header)
        assert status == 402 and "quick" not in data and moved.amount == 0, (status, data)
        assert json.loads(base64.b64decode(head["PAYMENT-RESPONSE"]))["success"] is False
    world.rpc("anvil_setBalance", wallet, hex(rich))
    with Moved(world) as moved:
        assert world.x402.request(PAYMENT_SIGNATURE=sign(world.x402.terms()))[0] == 200
    assert moved.amount == PRICE


def deploy(world, source, contract, arguments=""):
    artifact = json.loads((ROOT / f"contracts/out/{source}.sol/{contract}.json").read_text())
    return send(world, None, artifact["bytecode"]["object"] + arguments)["contractAddress"]


def packed(payload, **change):
    """A header with some members of its payload changed after signing."""
    inner = {**payload["payload"], **change}
    return base64.b64encode(json.dumps({**payload, "payload": inner}).encode()).decode()


def covered(signature, maker, call):
    """As ERC-6492 wraps the signature of a wallet that `maker` would make."""
    tail = b""
    offsets = []
    for part in (call, signature):
        offsets.append(96 + len(tail))
        tail += len(part).to_bytes(32, "big") + part + bytes(-len(part) % 32)
    return word(maker) + "".join(word(offset) for offset in offsets) + tail.hex() + "6492" * 16


def reason(head):
    return json.loads(base64.b64decode(head["PAYMENT-REQUIRED"]))["error"]


@suite.test
def a_wallet_that_is_a_contract_pays(world):
    world.contract_wallet = wallet = deploy(world, "Receivers", "Wallet", word(PAYER))
    send(world, world.dollar, selector(world, "mint(address,uint256)") + word(wallet) + word(10**6))
    payload = payer(do="sign", terms=world.x402.terms(), changes=[{"authorization": {"from": wallet}}])[0]["payload"]
    with Moved(world) as moved:
        first = world.x402.request(PAYMENT_SIGNATURE=packed(payload))
        again = world.x402.request(PAYMENT_SIGNATURE=packed(payload))
        forged = world.x402.request(PAYMENT_SIGNATURE=packed(payload, signature="0x" + "11" * 65))
    assert first[0] == again[0] == 200 and first[2] == again[2] and again[1]["X-MINTMARK-REPLAYED"] == "true", first
    assert json.loads(base64.b64decode(first[1]["PAYMENT-RESPONSE"]))["payer"].lower() == wallet.lower()
    assert forged[0] == 402 and "quick" not in forged[2], "the answer of somebody whose nonce the chain shows"
    assert moved.amount == PRICE and held(world, wallet) == 10**6 - PRICE
    with Moved(world) as moved:
        made = payer(do="sign", terms=world.x402.terms(), changes=[{"authorization": {"from": wallet}}])[0]["payload"]
        status, _, _ = world.x402.request(body={**CHAT, "stream": True}, PAYMENT_SIGNATURE=packed(made))
    assert status == 200 and moved.amount == PRICE


@suite.test
def nobody_pays_with_another_ones_wallet(world):
    wallet, seen = world.contract_wallet, len(json.loads(upstream_seen(world)))
    change = {"authorization": {"from": wallet}}
    terms = world.x402.terms()
    good = payer(do="sign", terms=terms, changes=[change])[0]["payload"]
    stranger = payer(do="sign", terms=terms, changes=[change], key="0x" + "11" * 32)[0]["payload"]
    nobody = payer(do="sign", terms=terms, changes=[{"authorization": {"from": "0x" + "77" * 20}}])[0]["payload"]
    other_nonce = {**good["payload"]["authorization"], "nonce": "0x" + "13" * 32}
    signature = bytes.fromhex(good["payload"]["signature"][2:])
    # The maker of the wallet that a cover names would be called with our wallet's gas, and in its name.
    theft = bytes.fromhex((selector(world, "mint(address,uint256)") + word(OTHER) + word(7))[2:])
    undeployed = covered(bytes.fromhex(nobody["payload"]["signature"][2:]), world.dollar, theft)
    before = held(world, OTHER)
    cases = {
        "a stranger's key": (packed(stranger), "invalid_exact_evm_payload_signature"),
        "another nonce": (packed(good, authorization=other_nonce), "invalid_exact_evm_payload_signature"),
        "no wallet there": (packed(nobody), "invalid_exact_evm_payload_signature"),
        "not made yet": (packed(nobody, signature="0x" + undeployed), "invalid_exact_evm_payload_undeployed_smart_wallet"),
        "a cover and nothing": (packed(good, signature="0x" + "6492" * 16), "invalid_exact_evm_payload_signature"),
        "empty": (packed(good, signature="0x"), "invalid_exact_evm_payload_signature"),
    }
    with Moved(world) as moved:
        for name, (header, wanted) in cases.items():
            status, head, data = world.x402.request(PAYMENT_SIGNATURE=header)
            assert status == 402 and "quick" not in data and reason(head) == wanted, (name, status, head, data)
    assert moved.amount == 0 and len(json.loads(upstream_seen(world))) == seen
    with Moved(world) as moved:
        status, _, _ = world.x402.request(PAYMENT_SIGNATURE=packed(good, signature="0x" + covered(signature, world.dollar, theft)))
    assert status == 200 and moved.amount == PRICE, "a wallet that is there, under a cover"
    assert held(world, OTHER) == before, "what a cover names was called"


@suite.test
def a_wallet_that_takes_back_its_word_gets_nothing(world):
    """It costs the provider one transaction, of limited gas, and is not heard again."""
    wallet = deploy(world, "Receivers", "TwoFacedWallet")
    send(world, world.dollar, selector(world, "mint(address,uint256)") + word(wallet) + word(10**6))
    ours = world.creator.address()
    for attempt in range(2):
        made = payer(do="sign", terms=world.x402.terms(), changes=[{"authorization": {"from": wallet}}])[0]["payload"]
        rich, seen = world.balance(ours), len(json.loads(upstream_seen(world)))
        with Moved(world) as moved:
            status, head, data = world.x402.request(PAYMENT_SIGNATURE=packed(made))
        assert status == 402 and "quick" not in data and moved.amount == 0, (status, data)
        if attempt == 0:
            assert json.loads(base64.b64decode(head["PAYMENT-RESPONSE"]))["success"] is False
        else:
            assert "taken back" in reason(head)
            assert world.balance(ours) == rich and len(json.loads(upstream_seen(world))) == seen
    off = Gateway(world, "x402-no-wallets", extra="wallet_gas = 0")
    made = payer(do="sign", terms=off.terms(), changes=[{"authorization": {"from": world.contract_wallet}}])[0]["payload"]
    assert off.request(PAYMENT_SIGNATURE=packed(made))[0] == 402
    off.process.terminate()
    assert off.process.wait(timeout=90) == 0


@suite.test
def malformed_headers_are_refused(world):
    seeded = random.Random(7)
    good = sign(world.x402.terms())
    bad = ["x", "====", "e30=", base64.b64encode(b"[]").decode(), base64.b64encode(b"\xff" * 30).decode(), "A" * 12000]
    for _ in range(200):
        data = bytearray(base64.b64decode(good))
        for _ in range(seeded.randrange(1, 4)):
            at = seeded.randrange(len(data))
            data[at] = seeded.randrange(256)
        if data != base64.b64decode(good):
            bad.append(base64.b64encode(bytes(data)).decode())
    with Moved(world) as moved:
        statuses = [world.x402.request(PAYMENT_SIGNATURE=header)[0] for header in bad]
    # A change that says the same (a digit's case, an unread member) is the same payment, and is paid.
    assert set(statuses) <= {400, 402, 200, 409} and statuses.count(400) > 20, statuses
    assert moved.amount in (0, PRICE) and statuses.count(200) * PRICE >= moved.amount


@suite.test
def the_facilitator_serves_its_operator(world):
    status, _, data = world.x402.request("/x402/supported", method="GET")
    assert status == 200 and {"x402Version": 2, "scheme": "exact", "network": "eip155:31337"} in json.loads(data)["kinds"]
    terms = {**world.x402.terms(), "amount": "5000"}
    payload = payer(do="sign", terms=terms, changes=[{}])[0]["payload"]
    body = {"x402Version": 2, "paymentPayload": payload, "paymentRequirements": terms}
    assert world.x402.request("/x402/settle", body)[0] == 401, "its gas is not a stranger's"
    key = {"Authorization": "Bearer " + KEY}
    verdict = json.loads(world.x402.request("/x402/verify", body, **key)[2])
    assert verdict == {"isValid": True, "payer": PAYER}
    foreign = {**terms, "payTo": OTHER}
    refused = {"x402Version": 2, "paymentPayload": payer(do="sign", terms=foreign, changes=[{}])[0]["payload"],
               "paymentRequirements": foreign}
    assert json.loads(world.x402.request("/x402/verify", refused, **key)[2])["isValid"] is False
    with Moved(world) as moved:
        settled = json.loads(world.x402.request("/x402/settle", body, **key)[2])
        again = json.loads(world.x402.request("/x402/settle", body, **key)[2])
    assert settled["success"] and settled["amount"] == "5000" and moved.amount == 5000
    assert again["success"] is False and again["errorReason"] == "nonce_already_used"
    world.x402.process.terminate()
    assert world.x402.process.wait(timeout=90) == 0
