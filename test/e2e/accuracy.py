"""Accuracy proofs and the check of a registered key, after the story: model 1 is LeNet-5, published by the creator."""
import gzip
import json

from harness import INVALID, MALFORMED, MNIST, NOT_FOUND, REJECTED, Suite

suite = Suite()
SAMPLES = 6
MOST_GAS = 2_000_000


def idx(name, head):
    return gzip.decompress((MNIST / name).read_bytes())[head:]


def pixels(n):
    return idx("test-images.idx3.gz", 16)[784 * n:784 * (n + 1)]


def argmax(scores):
    return max(range(len(scores)), key=lambda j: (scores[j], -j))


def model_file(world, name):
    return world.creator.home / "models/lenet5" / name


def proving(world, *more):
    return ("zk", "prove-accuracy", "--compiled-circuit", model_file(world, "model.compiled"), "--pk-path",
            model_file(world, "pk.key"), "--srs-path", world.srs(), *more)


def verifying(world, *more):
    return ("zk", "verify-accuracy", "--srs-path", world.srs(), *more)


@suite.test
def accuracy_is_what_the_executor_and_argmax_say(world):
    world.accuracy = world.folder / "accuracy"
    world.accuracy.mkdir()
    # One label is false on purpose: it must be counted as wrong.
    labels = list(idx("test-labels.idx1.gz", 8)[:SAMPLES])
    labels[2] = (labels[2] + 1) % 10
    (world.accuracy / "labels.json").write_text(json.dumps(labels))
    (world.accuracy / "set.json").write_text(json.dumps(
        {"input_data": [[p / 255 for n in range(SAMPLES) for p in pixels(n)]], "labels": labels}))
    right = 0
    for n in range(SAMPLES):
        (world.accuracy / "one.json").write_text(json.dumps({"input_data": [[p / 255 for p in pixels(n)]]}))
        world.creator.ok("zk", "gen-witness", "-D", "one.json", "--compiled-circuit",
                         model_file(world, "model.compiled"), "-O", "one.witness", cwd=world.accuracy)
        output = json.loads((world.accuracy / "one.witness").read_text())["output"]
        right += argmax(output) == labels[n]
    world.proved = world.creator.ok(*proving(world, "--data", MNIST / "test-images.idx3.gz", "--labels", "labels.json",
                                             "--samples", SAMPLES), cwd=world.accuracy)
    assert (world.proved["right"], world.proved["samples"]) == (right, SAMPLES)
    assert 0 < right < SAMPLES


@suite.test
def verifier_needs_the_registered_key_and_the_proof_only(world):
    checked = world.buyer.ok(*verifying(world, "--model", 1), cwd=world.accuracy)
    assert checked["verified"] and not checked["test_set_checked"]
    assert checked["right"] == world.proved["right"]
    version = world.buyer.ok("model", "show", 1)["versions"][0]
    assert checked["model_vk_digest"] == version["vk_hash"]
    # JSON and IDX are one test set; public.json is enough to round the inputs.
    data = ("--data", "set.json", "--public-model", model_file(world, "public.json"))
    checked = world.buyer.ok(*verifying(world, "--model", 1, *data), cwd=world.accuracy)
    assert checked["test_set_checked"] and checked["test_set"] == world.proved["test_set"]
    world.buyer.ok(*verifying(world, "--model", 1, "--test-set", world.proved["test_set"]), cwd=world.accuracy)


@suite.test
def accuracy_proof_is_verified_on_chain(world):
    person = world.platform
    chain = ("--rpc-url", world.rpc_url)
    key = person.ok(*chain, "--wallet", person.name, "zk", "deploy-evm", "--vk-path", "accuracy-vk.key",
                    cwd=world.accuracy)["address"]
    call = (*chain, "zk", "verify-evm", "--addr-verifier", world.contract("UniversalVerifier"), "--addr-vk", key,
            "--proof-path")
    gas = person.ok(*call, "accuracy.json", cwd=world.accuracy)["gas"]
    assert gas < MOST_GAS, gas
    print(f"      {SAMPLES} samples: {gas:,} gas")
    proof = json.loads((world.accuracy / "accuracy.json").read_text())
    proof["instances"][-1] = f"0x{world.proved['right'] + 1:064x}"
    (world.accuracy / "boast.json").write_text(json.dumps(proof))
    person.refused(REJECTED, *call, "boast.json", cwd=world.accuracy)
    person.refused(REJECTED, *verifying(world, "--model", 1, "--proof-path", "boast.json"), cwd=world.accuracy)


@suite.test
def accuracy_lies_in_files_are_refused(world):
    public = ("--public-model", model_file(world, "public.json"))
    labels = json.loads((world.accuracy / "labels.json").read_text())
    labels[0] = (labels[0] + 1) % 10
    (world.accuracy / "other.json").write_text(json.dumps(labels))
    images = ("--data", MNIST / "test-images.idx3.gz", "--labels")
    person = world.buyer
    person.refused(REJECTED, *verifying(world, "--model", 1, *images, "other.json", *public), cwd=world.accuracy,
                   says="other samples, labels")
    person.refused(REJECTED, *verifying(world, "--model", 1, *images, "labels.json", "--test-set-seed", "11" * 32, *public),
                   cwd=world.accuracy, says="other samples, labels")
    person.refused(REJECTED, *verifying(world, "--model", 1, "--test-set", "00" * 64), cwd=world.accuracy,
                   says="another test set")
    proof = json.loads((world.accuracy / "accuracy.json").read_text())
    for field, value in (("samples", SAMPLES + 1), ("chunk_log", 18)):
        changed = json.loads(json.dumps(proof))
        changed["accuracy"][field] = value
        (world.accuracy / "changed.json").write_text(json.dumps(changed))
        done = person.run(*verifying(world, "--model", 1, "--proof-path", "changed.json"), cwd=world.accuracy)
        assert done.code != 0, field
    del proof["accuracy"]
    (world.accuracy / "plain.json").write_text(json.dumps(proof))
    person.refused(MALFORMED, *verifying(world, "--model", 1, "--proof-path", "plain.json"), cwd=world.accuracy,
                   says="no accuracy proof")


@suite.test
def accuracy_bad_input_is_named(world):
    images = ("--data", MNIST / "test-images.idx3.gz")
    labels = ("--labels", MNIST / "test-labels.idx1.gz")
    person, here = world.creator, world.accuracy
    person.refused(INVALID, *proving(world, *images), cwd=here, says="labels are missing")
    person.refused(NOT_FOUND, *proving(world, "--data", "none.json"), cwd=here)
    person.refused(INVALID, *proving(world, *images, *labels, "--samples", 2001), cwd=here, says="2001 samples wanted, 2000")
    person.refused(INVALID, *proving(world, *images, "--labels", "labels.json"), cwd=here, says="6 labels")
    (here / "eleven.json").write_text(json.dumps([11] * SAMPLES))
    person.refused(INVALID, *proving(world, "--data", "set.json", "--labels", "eleven.json"), cwd=here,
                   says="no class of 0 to 9")
    (here / "broken.idx").write_bytes(b"\0\0\x08\x03\0\0")
    person.refused(MALFORMED, *proving(world, "--data", "broken.idx", *labels), cwd=here, says="IDX")


@suite.test
def registered_key_is_rebuilt_from_weights_and_seed(world):
    seed = world.creator.ok("zk", "vk", "seed", "--pk-path", model_file(world, "pk.key"))["seed"]
    review = ("zk", "vk", "check", "--model", 1, "--srs-path", world.srs())
    onnx = ("--onnx", MNIST / "lenet5.onnx", "--settings-path", model_file(world, "settings.json"))
    report = world.buyer.ok(*review, *onnx, "--seed", seed)
    assert report["agrees"] and all(part["agrees"] for part in report["parts"])
    assert "registered one" in report["parts"][0]["detail"]
    compiled = ("--compiled-circuit", model_file(world, "model.compiled"))
    assert world.creator.ok(*review, *compiled, "--pk-path", model_file(world, "pk.key"))["agrees"]
    world.buyer.refused(REJECTED, *review, *onnx, "--seed", "22" * 32, says="another blinding seed")
    # Other weights, the right seed: the file's hash and the chunk are named.
    data = bytearray((MNIST / "lenet5.onnx").read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 4):
        data[at] ^= 0x80  # the sign of a weight, and less
    (world.accuracy / "other.onnx").write_bytes(data)
    other = ("--onnx", "other.onnx", "--settings-path", model_file(world, "settings.json"), "--seed", seed)
    done = world.buyer.refused(REJECTED, *review, *other, says="weights file", cwd=world.accuracy)
    parts = {part["part"]: part for part in json.loads(done.out.strip().splitlines()[0])["parts"]}
    assert not parts["weights file"]["agrees"] and not parts["key"]["agrees"]
