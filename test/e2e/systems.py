"""Versions under every other proof system: published with the adapter's key, asked with a signed request, settled with that
system's proof. ezkl's verifier and proof and RISC Zero's receipt are those of contracts/test. Runs in a world of its own."""
import json
import re
import subprocess

import onnx_bytes
from harness import ETHER, EXISTS, INVALID, MNIST, REJECTED, ROOT, UNSUPPORTED, Person, Suite

suite = Suite()
CONTRACTS = ROOT / "contracts"
IMAGES = sorted((MNIST / "images").glob("*.pgm"))
BONDS = ("--bond", "0.1ETH", "--challenge-bond", "0.02ETH")
MEASUREMENT = "0x" + "7e" * 32
CALL = ETHER // 1000
ezkl = json.loads((CONTRACTS / "test/vectors/ezkl/bound_mlp.json").read_text())


def publish(world, source, name, system, key, *more):
    return world.creator.ok("model", "publish", source, "--name", name, "--system", system, "--key", key,
                            "--price-per-call", "0.001ETH", *more)


def sell(world, published, calls):
    bought = world.buyer.ok("pass", "buy", "--model", published["model"], "--calls", calls, "--days", 5, "--max-price", "1ETH")
    return bought["id"]


def ask(world, name, published, number, image):
    """The creator's node answers the buyer's signed request."""
    process, url = world.start_node(world.creator, "--model", name)
    answer = world.buyer.ok("infer", "--node", url, "--model", published["model"], "--pass", number, "--image", image)
    process.terminate()
    shares = answer["probabilities"][0]
    assert str(shares.index(max(shares))) == image.stem[-1], image
    return answer["request"]


def state(world, request, name):
    path = world.folder / name
    world.creator.ok("infer", "statement", "--request", request, "-o", path)
    return path


def settle(world, request, proof, system):
    """Pays exactly once."""
    arguments = ("infer", "settle", "--request", request, "--proof", proof)
    done = world.creator.ok(*arguments)
    assert done["proof_system"] == system and int(done["earned"]) == CALL, done.value
    world.creator.refused(EXISTS, *arguments)


def refuse(world, request, proof, says="rejects the proof"):
    world.creator.refused(REJECTED, "infer", "settle", "--request", request, "--proof", proof, says=says)


@suite.test
def a_market_with_adapters(world):
    world.start_chain()
    for person in (world.platform, world.creator, world.buyer):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    world.platform.ok("chain", "deploy")


@suite.test
def a_version_is_published_with_bonds_as_its_key(world):
    source = (MNIST / "lenet5.onnx", "--name", "guarded", "--data", MNIST / "samples.json")
    made = world.creator.ok("model", "key", *source)
    assert made["input_words"] == 2
    world.inner = made["key"]
    inner = ("--inner-key", world.inner, "--input-words", 2)
    key = world.creator.ok("challenge", "key", *inner, *BONDS, "--window", 3600, "--answer", 7200)["key"]
    free = ("model", "publish", MNIST / "lenet5.onnx", "--name", "guarded", "--free")
    world.creator.refused(INVALID, *free, "--system", "optimistic-v1", says="--key")
    world.creator.refused(INVALID, *free, "--key", key, says="--system")
    world.creator.refused(UNSUPPORTED, *free, "--key", key, "--system", "optimistic-v0", says="optimistic-v1")
    world.creator.refused(REJECTED, *free, "--key", key, "--system", "sampled-audit-v1", says="of optimistic-v1")
    other = world.folder / "other.onnx"
    other.write_bytes(onnx_bytes.dense())
    world.creator.refused(REJECTED, "model", "publish", other, "--free", "--key", key, "--system", "optimistic-v1",
                          "--input-visibility", "public", says="not this model's")
    world.guarded = publish(world, MNIST / "lenet5.onnx", "guarded", "optimistic-v1", key)
    version = world.buyer.ok("model", "show", world.guarded["model"])["versions"][0]
    assert version["proof_system"] == "optimistic-v1" and version["verifying_key"] == key
    world.guarded_key = key
    world.creator.refused(EXISTS, *free, says="another --name")


@suite.test
def an_unchallenged_claim_settles_the_buyers_request(world):
    number = sell(world, world.guarded, 3)
    requests = [ask(world, "guarded", world.guarded, number, image) for image in IMAGES[:3]]
    quiet, doubted, false = (state(world, request, f"claim{i}.json") for i, request in enumerate(requests))
    refuse(world, requests[0], quiet)
    world.creator.ok("challenge", "propose", quiet, "--key", world.guarded_key)
    refuse(world, requests[0], quiet)
    # A true claim that is doubted is proven, and settles at once.
    claim = world.creator.ok("challenge", "propose", doubted, "--key", world.guarded_key)["claim"]
    world.buyer.ok("challenge", "open", claim)
    proof = world.folder / "answer.json"
    world.creator.ok("infer", "prove", "--request", requests[1], "--proof-path", proof)
    world.creator.ok("challenge", "answer", proof, "--key", world.guarded_key)
    settle(world, requests[1], doubted, "optimistic-v1")
    # A false claim is doubted, and never settles.
    lie = json.loads(false.read_text())
    lie["instances"][-1] = "0x" + (int(lie["instances"][-1], 16) ^ 1).to_bytes(32, "big").hex()
    false.write_text(json.dumps(lie))
    claim = world.creator.ok("challenge", "propose", false, "--key", world.guarded_key)["claim"]
    world.buyer.ok("challenge", "open", claim)
    world.pass_time(7201)
    world.buyer.ok("challenge", "conclude", claim)
    refuse(world, requests[2], false)
    settle(world, requests[0], quiet, "optimistic-v1")


@suite.test
def an_audited_batch_settles_its_requests(world):
    world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "audited", "--data", MNIST / "samples.json", "--local")
    inner = world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "audited")["key"]
    key = world.creator.ok("audit", "key", "--inner-key", inner, "--input-words", 2, "--bond", "0.01ETH", "--samples", 1)["key"]
    audited = publish(world, MNIST / "lenet5.onnx", "audited", "sampled-audit-v1", key)
    number = sell(world, audited, 2)
    requests = [ask(world, "audited", audited, number, image) for image in IMAGES[3:5]]
    results = []
    for i, request in enumerate(requests):
        results.append(world.folder / f"audited{i}.json")
        world.creator.ok("infer", "prove", "--request", request, "--proof-path", results[-1])
    batch = world.creator.ok("audit", "commit", *results, "--key", key)["batch"]
    settlements = [world.folder / f"settlement{i}.json" for i in range(2)]
    for i, path in enumerate(settlements):
        world.creator.ok("audit", "settlement", batch, "--index", i, "-o", path, *results)
    refuse(world, requests[0], settlements[0])
    world.rpc("anvil_mine", "0x5")
    world.creator.ok("audit", "draw", batch)
    assert world.creator.ok("audit", "prove", batch, "--key", key, *results)["state"] == "passed"
    refuse(world, requests[0], settlements[1], says="input")
    for request, path in zip(requests, settlements):
        settle(world, request, path, "sampled-audit-v1")


@suite.test
def a_refereed_claim_settles_a_request(world):
    world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "watched", "--data", MNIST / "samples.json", "--local")
    key = world.creator.ok("referee", "key", "--model", "watched", *BONDS, "--window", 3600, "--move", 1200)["key"]
    world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "unwatched", "--data", MNIST / "samples.json", "--local")
    world.creator.refused(REJECTED, "model", "publish", MNIST / "lenet5.onnx", "--name", "unwatched", "--free", "--system",
                          "refereed-v1", "--key", key)
    watched = publish(world, MNIST / "lenet5.onnx", "watched", "refereed-v1", key)
    request = ask(world, "watched", watched, sell(world, watched, 1), IMAGES[5])
    trace, proof = world.folder / "trace.json", world.folder / "refereed.json"
    world.creator.refused(INVALID, "referee", "trace", "--model", "watched", "-o", trace, says="--request")
    world.creator.ok("referee", "trace", "--model", "watched", "--request", request, "-o", trace)
    world.creator.ok("referee", "propose", trace, "--model", "watched", "--key", key, "--request", request, "-o", proof)
    refuse(world, request, proof)
    world.pass_time(3601)
    settle(world, request, proof, "refereed-v1")


@suite.test
def an_enclaves_signature_settles_a_request(world):
    enclave = Person(world, "sealer")
    enclave.ok("wallet", "new", "sealer")
    key = world.creator.ok("tee", "key", "--measurement", MEASUREMENT, "--input-words", 2, "--max-age", 600)["key"]
    world.creator.ok("model", "key", MNIST / "lenet5.onnx", "--name", "sealed", "--data", MNIST / "samples.json", "--local")
    sealed = publish(world, MNIST / "lenet5.onnx", "sealed", "tee-signer-v1", key)
    request = ask(world, "sealed", sealed, sell(world, sealed, 1), IMAGES[6])
    statement, signed = state(world, request, "statement.json"), world.folder / "signed.json"
    enclave.ok("tee", "sign", statement, "--key", key, "-o", signed)
    refuse(world, request, signed)
    report = world.folder / "report.bin"
    report.write_bytes(b"an attestation report")
    world.platform.ok("tee", "attest", enclave.address(), "--measurement", MEASUREMENT, "--report", report)
    refuse(world, request, statement)
    settle(world, request, signed, "tee-signer-v1")


def sign(world, number, words, name):
    path = world.folder / name
    path.write_text(json.dumps(words))
    request = world.folder / ("request-" + name)
    signed = world.buyer.ok("infer", "sign", "--pass", number, "--words", path, "-o", request)
    return request, signed["context"]


@suite.test
def ezkls_own_proof_settles_a_request(world):
    verifier = "0x" + "e2" * 20
    world.rpc("anvil_setCode", verifier, ezkl["verifier_code"])
    network = world.folder / "network.compiled"
    network.write_bytes(b"a circuit that ezkl compiled")
    key = world.creator.ok("ezkl", "key", "--verifier", verifier, "--input-words", 5)["key"]
    published = publish(world, network, "mlp", "ezkl-halo2-v1", key, "--parameters", 14)
    number = sell(world, published, 2)
    request, context = sign(world, number, ezkl["instances"][:5], "ezkl-words.json")
    file = world.folder / "ezkl-proof.json"
    columns = [[bytes.fromhex(word[2:])[::-1].hex() for word in ezkl["instances"]]]
    file.write_text(json.dumps({"instances": columns, "proof": list(bytes.fromhex(ezkl["proof"][2:]))}))
    proof = world.folder / "ezkl-settlement.json"
    write = ("ezkl", "proof", file, "--context", context, "-o", proof, "--key")
    # A circuit with a place for the context: this proof is of another request.
    bound = world.creator.ok("ezkl", "key", "--verifier", verifier, "--input-words", 4, "--context-at", 4, "--echo-at", 7)["key"]
    world.creator.refused(REJECTED, *write, bound, says="another context")
    world.creator.ok("ezkl", "proof", file, "--context", ezkl["instances"][4], "-o", proof, "--key", bound)
    world.creator.ok(*write, key)
    other, _ = sign(world, number, [1, -2, 3, 4, 5], "other-words.json")
    refuse(world, other, proof, says="input")
    lie = json.loads(proof.read_text())
    lie["instances"][5] = "0x" + "01".zfill(64)
    false = world.folder / "ezkl-lie.json"
    false.write_text(json.dumps(lie))
    refuse(world, request, false)
    settle(world, request, proof, "ezkl-halo2-v1")


def risc_zero_verifier():
    """Runtime code of the tests' verifier of RISC Zero's Groth16 receipts."""
    sources = {name: {"content": (CONTRACTS / name).read_text()}
               for name in ("test/fixtures/RiscZeroGroth16.sol", "src/interfaces/IForeignVerifiers.sol")}
    settings = {"optimizer": {"enabled": True}, "outputSelection": {"*": {"*": ["evm.deployedBytecode.object"]}}}
    task = json.dumps({"language": "Solidity", "sources": sources, "settings": settings})
    done = subprocess.run([str(CONTRACTS / "tools/solc"), "--standard-json"], input=task, check=True, capture_output=True,
                          text=True)
    contracts = json.loads(done.stdout)["contracts"]["test/fixtures/RiscZeroGroth16.sol"]
    return "0x" + contracts["RiscZeroGroth16"]["evm"]["deployedBytecode"]["object"]


@suite.test
def a_published_receipt_of_risc_zero_settles_a_request(world):
    verifier = "0x" + "c0" * 20
    world.rpc("anvil_setCode", verifier, risc_zero_verifier())
    test = (CONTRACTS / "test/adapters/Foreign.t.sol").read_text()
    files = {name: world.folder / f"receipt.{name}" for name in ("seal", "journal", "guest")}
    files["seal"].write_bytes(bytes.fromhex(re.search(r'SEAL =\s+hex"([0-9a-f]+)"', test)[1]))
    files["journal"].write_bytes(b"just a simple receipt")
    files["guest"].write_bytes(b"a guest program")
    image = "0x" + re.search(r'IMAGE_ID =\s+hex"([0-9a-f]+)"', test)[1]
    make = ("risc-zero", "key", "--verifier", verifier, "--image-id", image, "--input-words", 1, "--journal-bytes")
    key = world.creator.ok(*make, 21)["key"]
    published = publish(world, files["guest"], "guest", "risc-zero-v1", key, "--parameters", 1)
    word = "0x" + files["journal"].read_bytes().ljust(32, b"\0").hex()
    request, context = sign(world, sell(world, published, 1), [word], "receipt-words.json")
    proof = world.folder / "receipt-settlement.json"
    write = ("risc-zero", "proof", "--seal", files["seal"], "--journal", files["journal"], "--context", context, "-o", proof,
             "--key")
    world.creator.refused(REJECTED, *write, world.creator.ok(*make, 22)["key"], says="21 bytes")
    seal = files["seal"].read_bytes()
    files["seal"].write_bytes(seal[:40] + bytes([seal[40] ^ 1]) + seal[41:])
    world.creator.refused(REJECTED, *write, key)
    files["seal"].write_bytes(seal)
    world.creator.ok(*write, key)
    settle(world, request, proof, "risc-zero-v1")
