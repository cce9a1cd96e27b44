"""A model whose key is too long for one contract, sold, answered and settled in batches; its stand-alone verifier."""
import hashlib
import json

import onnx_bytes
from harness import CHAIN, ETHER, EXISTS, REJECTED, Suite

suite = Suite()
CALLS = 5
CODE_LIMIT = 24_576  # EIP-170
PRICE_WEI = ETHER // 1000


@suite.test
def long_key_lies_in_parts(world):
    world.start_chain()
    for person in (world.platform, world.creator, world.buyer):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    world.platform.ok("chain", "deploy")
    world.model = world.folder / "deep.onnx"
    world.model.write_bytes(onnx_bytes.deep(layers=80))
    world.data = world.folder / "deep.json"
    world.data.write_text(json.dumps({"input_data": [[0.5, 0.25]]}))
    world.creator.ok("model", "push", world.model, "--name", "deep")
    published = world.creator.ok("model", "publish", "deep", "--data", world.data, "--price-per-call", f"{PRICE_WEI}wei",
                                 "--price-per-day", "0")
    assert (published["model"], published["version"]) == (1, 1)
    key = (world.creator.home / "models/deep/vk.key").read_bytes()
    assert len(key) > CODE_LIMIT, len(key)
    at = world.buyer.ok("model", "show", 1)["versions"][0]["verifying_key"]
    head = bytes.fromhex(world.rpc("eth_getCode", at, "latest")[2:])
    assert head[:13] == b"\0key in parts" and int.from_bytes(head[13:17], "big") == len(key)
    parts = [world.rpc("eth_getCode", "0x" + head[i:i + 20].hex(), "latest") for i in range(17, len(head), 20)]
    parts = [bytes.fromhex(part[2:]) for part in parts]
    assert len(parts) > 1 and all(part[0] == 0 and len(part) <= CODE_LIMIT for part in parts)
    assert b"".join(part[1:] for part in parts) == key


@suite.test
def answers_are_proven(world):
    bought = world.buyer.ok("pass", "buy", "--model", 1, "--calls", CALLS, "--days", 1, "--max-price", "1ETH")
    assert int(bought["price"]) == CALLS * PRICE_WEI
    world.node, world.node_url = world.start_node(world.creator, "--model", "deep")
    world.requests = []
    for i in range(CALLS):
        data = world.folder / f"question{i}.json"
        data.write_text(json.dumps({"input_data": [[0.5, 0.25 - i / 20]]}))
        answer = world.buyer.ok("infer", "--node", world.node_url, "--model", 1, "--pass", bought["id"], "--data", data)
        world.creator.ok("infer", "prove", "--request", answer["request"])
        world.requests.append(answer["request"])
    assert len(set(world.requests)) == CALLS


def proof_path(world, i):
    return world.creator.home / "requests" / f"{world.requests[i]}.proof.json"


@suite.test
def batch_with_a_false_proof_settles_nothing(world):
    """Each proof is true, of the other request."""
    before = world.block_number()
    texts = [proof_path(world, i).read_text() for i in (0, 1)]
    for i in (0, 1):
        proof_path(world, i).write_text(texts[1 - i])
    world.creator.refused(REJECTED, "infer", "settle-batch", *world.requests[:3])
    for i in (0, 1):
        proof_path(world, i).write_text(texts[i])
    assert world.block_number() == before
    assert world.buyer.ok("pass", "show", 1)["calls_left"] == CALLS


@suite.test
def batch_settles_three_calls_at_once(world):
    alone = world.creator.ok("infer", "settle", "--request", world.requests[0])
    settled = world.creator.ok("infer", "settle-batch", *world.requests[1:4])
    assert [row["request"] for row in settled["requests"]] == world.requests[1:4]
    assert all(int(row["earned"]) == PRICE_WEI for row in settled["requests"])
    assert settled["gas_each"] < alone["tx"]["gas"], (settled["gas_each"], alone["tx"]["gas"])
    assert world.buyer.ok("pass", "show", 1)["calls_left"] == CALLS - 4
    states = {entry["request"]: entry["state"] for entry in world.creator.ok("infer", "list")["requests"]}
    assert [states[request] == "settled" for request in world.requests] == [True] * 4 + [False]


@suite.test
def nothing_is_settled_twice(world):
    before = world.block_number()
    world.creator.refused(EXISTS, "infer", "settle-batch", *world.requests[1:3])
    # One of them is new: all or none.
    world.creator.refused(EXISTS, "infer", "settle-batch", world.requests[4], world.requests[1])
    world.creator.refused(EXISTS, "infer", "settle-batch", world.requests[4], world.requests[4])
    assert world.block_number() == before
    world.creator.ok("infer", "settle-batch", world.requests[4])
    assert world.buyer.ok("pass", "show", 1)["calls_left"] == 0
    claimed = int(world.creator.ok("revenue", "claim")["claims"][0]["amount"])
    platform = int(world.platform.ok("revenue", "claim", "--platform")["claims"][0]["amount"])
    assert claimed + platform == CALLS * PRICE_WEI
    assert world.balance(world.contract("RevenueRouter")) == world.balance(world.contract("AccessPass")) == 0
    world.node.terminate()
    assert world.node.wait(timeout=90) == 0


@suite.test
def stand_alone_verifier_of_a_long_key(world):
    folder = world.folder / "standalone"
    folder.mkdir()
    person = world.creator
    key, proof = person.home / "models/deep/vk.key", proof_path(world, 0)
    person.ok("zk", "create-evm-verifier", "--vk-path", key, "--srs-path", world.srs(), cwd=folder)
    source = (folder / "evm_deploy.sol").read_text()
    assert "contract MintmarkModelKey1 " in source and "contract MintmarkModelKey2 " not in source
    chain = ("--rpc-url", world.rpc_url)
    person.ok(*chain, "--wallet", person.name, "zk", "deploy-evm", cwd=folder)
    assert person.ok(*chain, "zk", "verify-evm", "--proof-path", proof, cwd=folder)["verified"]
    changed = json.loads(proof.read_text())
    changed["context"] = "0x" + hashlib.sha256(b"another").hexdigest()
    (folder / "changed.json").write_text(json.dumps(changed))
    person.refused(REJECTED, *chain, "zk", "verify-evm", "--proof-path", "changed.json", cwd=folder)
    # Parts of another key: the constructor refuses them.
    digits = source.index('hex"00', source.index("contract MintmarkModelKey1 ")) + 100
    other = source[:digits] + ("0" if source[digits] != "0" else "1") + source[digits + 1:]
    (folder / "evm_deploy.sol").write_text(other)
    person.refused(CHAIN, *chain, "--wallet", person.name, "zk", "deploy-evm", cwd=folder, says="parts of another key")
