"""The story of a model from push to revenue, as assertions."""
import hashlib
import json
import urllib.error
import urllib.request

import onnx_bytes
from harness import ETHER, EXISTS, EXPIRED, INVALID, MNIST, PRICE, RANGE, REJECTED, Suite, fee, files_below

suite = Suite()
IMAGES = sorted((MNIST / "images").glob("*.pgm"))
PLATFORM_PPM = 25_000
PASS_PRICE = 3 * ETHER // 1000 + 2 * ETHER // 2000
PUBLISH = ("model", "publish", "lenet5", "--data", MNIST / "samples.json", "--architecture", "LeNet-5",
           "--price-per-call", "0.001ETH", "--price-per-day", "0.0005ETH")


@suite.test
def chain_and_contracts(world):
    world.start_chain()
    for person in (world.platform, world.creator, world.buyer):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    deployed = world.platform.ok("chain", "deploy")
    core = {"ModelRegistry", "PriceBook", "AccessPass", "RevenueRouter", "VerifierRouter", "UniversalVerifier"}
    assert core <= set(deployed["contracts"]), deployed["contracts"]
    for address in deployed["contracts"].values():
        assert len(world.rpc("eth_getCode", address, "latest")) > 100
    assert world.buyer.ok("chain", "status")["contracts"] == deployed["contracts"]
    world.platform.refused(EXISTS, "chain", "deploy", says="--salt")


@suite.test
def wallets(world):
    person = world.buyer
    path = person.home / "keystore" / "buyer.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["crypto"]["kdf"] == "scrypt"
    secret = "11" * 32
    key_file = world.folder / "key.txt"
    key_file.write_text(secret + "\n")
    imported = person.ok("wallet", "import", "second", "--key-file", key_file)
    assert imported["address"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
    assert secret not in (person.home / "keystore" / "second.json").read_text()
    warned = person.run("wallet", "import", "third", "--private-key", "0x" + "22" * 32)
    assert warned.code == 0 and "visible in the process list" in warned.err
    assert len(person.ok("wallet", "list")["wallets"]) == 3
    person.refused(EXISTS, "wallet", "new", "second")
    person.refused(INVALID, "wallet", "show", says="--wallet")
    for name in ("second", "third"):
        (person.home / "keystore" / f"{name}.json").unlink()


@suite.test
def push_is_content_addressed(world):
    pushed = world.creator.ok("model", "push", MNIST / "lenet5.onnx", "--card", MNIST / "MODEL_CARD.md",
                              "--name", "lenet5")
    files = {entry["path"]: entry for entry in pushed["files"]}
    for name in ("lenet5.onnx", "MODEL_CARD.md"):
        data = (MNIST / name).read_bytes()
        assert files[name]["size"] == len(data)
        assert files[name]["sha256"] == "0x" + hashlib.sha256(data).hexdigest()
    again = world.creator.ok("model", "push", MNIST / "lenet5.onnx", "--card", MNIST / "MODEL_CARD.md",
                             "--name", "lenet5")
    assert again["cid"] == pushed["cid"] and again["blocks_written"] == 0
    world.cid = pushed["cid"]


@suite.test
def dry_run_sends_nothing(world):
    before = world.block_number()
    planned = world.creator.ok(*PUBLISH, "--dry-run")
    assert world.block_number() == before
    assert planned["parameter_count"] == 61_706 and planned["gas"] > 1_000_000
    world.planned = planned


@suite.test
def publish_registers_the_model(world):
    published = world.creator.ok(*PUBLISH)
    assert (published["model"], published["version"]) == (1, 1)
    assert published["vk_hash"] == world.planned["vk_hash"]
    assert published["gas"] < world.planned["gas"] * 1.1
    shown = world.buyer.ok("model", "show", 1)
    version = shown["versions"][0]
    weights = hashlib.sha256((MNIST / "lenet5.onnx").read_bytes()).hexdigest()
    assert version["weights_hash"] == "0x" + weights
    assert version["storage_uri"] == "ipfs://" + world.cid
    assert version["status"] == "active" and shown["payout"] == world.creator.address()
    for field in ("manifest_root", "circuit_hash", "vk_hash"):
        assert version[field] == world.planned[field]
    code = bytes.fromhex(world.rpc("eth_getCode", version["verifying_key"], "latest")[2:])
    assert code == b"\0" + (world.creator.home / "models/lenet5/vk.key").read_bytes()
    world.creator.refused(EXISTS, *PUBLISH)


@suite.test
def pass_costs_what_the_price_book_says(world):
    buy = ("pass", "buy", "--model", 1, "--calls", 3, "--days", 2, "--max-price")
    world.buyer.refused(PRICE, *buy, "0.0039ETH", says="0.004 ETH")
    account = world.buyer.address()
    before = world.balance(account)
    bought = world.buyer.ok(*buy, "0.5ETH")
    assert int(bought["price"]) == PASS_PRICE == int(bought["escrow"])
    assert world.balance(account) == before - PASS_PRICE - fee(bought["tx"])
    assert [entry["id"] for entry in world.buyer.ok("pass", "list")["passes"]] == [1]


@suite.test
def answers_are_right(world):
    world.node, world.node_url = world.start_node(world.creator, "--model", "lenet5")
    world.requests = []
    for image in IMAGES[3:6]:
        answer = ask(world, image)
        shares = answer["probabilities"][0]
        assert abs(sum(shares) - 1) < 1e-9
        assert str(shares.index(max(shares))) == image.stem[-1], image
        world.requests.append(answer["request"])
    assert not (world.buyer.home / "models").exists(), "the buyer holds weights"
    assert set(path.split("/")[0] for path in files_below(world.buyer.home)) == {"keys", "keystore", "requests"}


def ask(world, image, *more, person=None):
    return (person or world.buyer).ok("infer", "--node", world.node_url, "--model", 1, "--pass", 1, "--image", image,
                                      *more)


@suite.test
def no_more_answers_than_paid_calls(world):
    world.buyer.refused(RANGE, "infer", "--node", world.node_url, "--model", 1, "--pass", 1, "--image", IMAGES[0],
                        says="calls left")


@suite.test
def others_cannot_use_the_pass(world):
    world.platform.refused(REJECTED, "infer", "--node", world.node_url, "--model", 1, "--pass", 1,
                           "--image", IMAGES[0], says="does not hold pass 1")


@suite.test
def proofs_verify(world):
    key = next((world.buyer.home / "keys").glob("*.key"))
    world.proofs = []
    for i, request in enumerate(world.requests):
        path = world.folder / f"proof{i}.json"
        made = world.creator.ok("infer", "prove", "--request", request, "--proof-path", path)
        assert made["proof_bytes"] < 16_384
        world.buyer.ok("zk", "verify", "--proof-path", path, "--vk-path", key, "--srs-path", world.srs())
        world.proofs.append(path)
    alias = world.folder / "alias.json"
    world.creator.ok("zk", "prove", "--request", world.requests[0], "--proof-path", alias)
    assert json.loads(alias.read_text())["context"] == json.loads(world.proofs[0].read_text())["context"]


@suite.test
def false_proofs_are_refused(world):
    key = next((world.buyer.home / "keys").glob("*.key"))
    proof = json.loads(world.proofs[0].read_text())
    last = proof["proof"][-1]
    changed = dict(proof, proof=proof["proof"][:-1] + ("0" if last != "0" else "1"))
    output = int(proof["instances"][-1], 16) ^ 1
    lying = dict(proof, instances=proof["instances"][:-1] + ["0x" + output.to_bytes(32, "big").hex()])
    before = world.block_number()
    for name, value in (("changed", changed), ("lying", lying)):
        path = world.folder / f"{name}.json"
        path.write_text(json.dumps(value))
        world.buyer.refused(REJECTED, "zk", "verify", "--proof-path", path, "--vk-path", key, "--srs-path", world.srs())
        world.creator.refused(REJECTED, "infer", "settle", "--request", world.requests[0], "--proof", path)
    # A good proof of another request.
    world.creator.refused(REJECTED, "infer", "settle", "--request", world.requests[0], "--proof", world.proofs[1])
    assert world.block_number() == before


@suite.test
def settlement_pays_once(world):
    escrow, world.earned = PASS_PRICE, []
    for i, (request, proof) in enumerate(zip(world.requests, world.proofs)):
        settled = world.creator.ok("infer", "settle", "--request", request, "--proof", proof)
        earned = escrow // (3 - i)
        escrow -= earned
        assert int(settled["earned"]) == earned and int(settled["escrow"]) == escrow
        assert settled["calls_left"] == 2 - i
        assert settled["tx"]["gas"] <= 1_300_000, settled["tx"]["gas"]
        world.earned.append(earned)
        world.creator.refused(EXISTS, "infer", "settle", "--request", request, "--proof", proof)
    assert escrow == 0


@suite.test
def fresh_proof_of_a_settled_request_settles_nothing(world):
    path = world.folder / "fresh.json"
    world.creator.ok("infer", "prove", "--request", world.requests[0], "--proof-path", path)
    fresh, old = (json.loads(p.read_text()) for p in (path, world.proofs[0]))
    assert fresh["proof"] != old["proof"] and fresh["context"] == old["context"]
    world.creator.refused(EXISTS, "infer", "settle", "--request", world.requests[0], "--proof", path)


@suite.test
def a_settled_answer_becomes_a_token(world):
    mint = ("infer", "mint", "--request", world.requests[1], "--proof")
    world.creator.refused(REJECTED, *mint, world.proofs[1], says="another wallet signed")
    world.buyer.refused(REJECTED, *mint, world.proofs[0], says="another input")
    minted = world.buyer.ok(*mint, world.proofs[1])
    assert minted["owner"] == world.buyer.address() and minted["verifies"]
    world.buyer.refused(EXISTS, *mint, world.proofs[1], says="token already")


@suite.test
def revenue_is_exact(world):
    total = sum(world.earned)
    assert total == PASS_PRICE
    platform = total * PLATFORM_PPM // 1_000_000
    shown = world.creator.ok("revenue", "show")
    assert int(shown["models"][0]["claimable"]) == total - platform
    assert int(shown["platform"]["claimable"]) == platform
    for person, arguments, amount in ((world.creator, (), total - platform),
                                      (world.platform, ("--platform",), platform)):
        account = person.address()
        before = world.balance(account)
        claim = person.ok("revenue", "claim", *arguments)["claims"][0]
        assert int(claim["amount"]) == amount and claim["to"] == account
        assert world.balance(account) == before + amount - fee(claim["tx"])
    after = world.creator.ok("revenue", "show")
    assert int(after["models"][0]["claimable"]) == int(after["platform"]["claimable"]) == 0
    contracts = world.buyer.ok("chain", "status")["contracts"]
    assert world.balance(contracts["AccessPass"]) == world.balance(contracts["RevenueRouter"]) == 0


@suite.test
def node_keeps_requests(world):
    """A node that starts anew answers the same request from its store."""
    world.node.terminate()
    assert world.node.wait(timeout=90) == 0
    world.node, world.node_url = world.start_node(world.creator)
    listed = world.creator.ok("infer", "list")["requests"]
    assert {entry["request"] for entry in listed} == set(world.requests)
    assert all(entry["state"] == "settled" for entry in listed)


@suite.test
def node_answers_other_questions(world):
    def get(path):
        try:
            with urllib.request.urlopen(world.node_url + path, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    assert get("/healthz") == (200, {"ok": True})
    assert [entry["name"] for entry in get("/v1/models")[1]["models"]] == ["lenet5"]
    status, state = get("/v1/requests/" + world.requests[0])
    assert status == 200 and state["settled"] and state["proof"]["protocol"] == "mintmark-flat-v5"
    assert "input" not in state and "blinders" not in state
    for path in ("/v1/requests/last", "/v1/requests/" + world.requests[0][:20], "/v1/requests/..%2f..", "/v1/models/7",
                 "/v1/models/1/pk", "/nothing"):
        assert get(path)[0] == 404, path
        assert get(path)[1]["error"]["code"] == "not_found"


@suite.test
def status_is_respected(world):
    world.creator.ok("model", "status", 1, "deprecated")
    buy = ("pass", "buy", "--model", 1, "--version-id", 1, "--calls", 1, "--days", 1, "--max-price", "1ETH")
    world.buyer.refused(REJECTED, *buy, says="not for sale")
    world.buyer.refused(REJECTED, "model", "status", 1, "active", says="somebody else's")
    world.creator.ok("model", "status", 1, "active")


@suite.test
def expired_passes_are_refunded(world):
    bought = world.buyer.ok("pass", "buy", "--model", 1, "--calls", 2, "--days", 1, "--max-price", "1ETH")
    number = bought["id"]
    world.buyer.refused(REJECTED, "pass", "refund", number)
    world.pass_time(2 * 86_400)
    world.buyer.refused(EXPIRED, "infer", "--node", world.node_url, "--model", 1, "--pass", number, "--image", IMAGES[0],
                        says="expired")
    account = world.buyer.address()
    before = world.balance(account)
    refunded = world.buyer.ok("pass", "refund", number)
    assert int(refunded["refunded"]) == int(bought["price"])
    assert world.balance(account) == before + int(bought["price"]) - fee(refunded["tx"])


@suite.test
def free_second_version_with_public_input(world):
    model = world.folder / "tiny.onnx"
    model.write_bytes(onnx_bytes.dense())
    data = world.folder / "tiny.json"
    data.write_text(json.dumps({"input_data": [[0.5, -0.25]]}))
    published = world.creator.ok("model", "publish", model, "--data", data, "--model", 1, "--free",
                                 "--input-visibility", "public", "--transferable", "--resale-ppm", 50_000)
    assert (published["model"], published["version"]) == (1, 2)
    assert world.buyer.ok("model", "show", 1)["canonical"] == 1
    bought = world.buyer.ok("pass", "buy", "--model", 1, "--version-id", 2, "--calls", 1, "--days", 1,
                            "--max-price", "0")
    assert int(bought["price"]) == 0
    process, url = world.start_node(world.creator, "--model", "tiny")
    answer = world.buyer.ok("infer", "--node", url, "--model", 1, "--pass", bought["id"], "--data", data)
    expected = [0.5 * 0.5 - 0.25 * 1.0 + 0.125, 0.5 * -0.25 - 0.25 * 0.75 + 0.125]  # before Relu
    for value, exact in zip(answer["values"][0], expected):
        assert abs(value - max(exact, 0)) < 0.01, answer["values"]
    world.creator.ok("infer", "prove", "--request", answer["request"])
    settled = world.creator.ok("infer", "settle", "--request", answer["request"])
    assert int(settled["earned"]) == 0 and settled["calls_left"] == 0
    process.terminate()
