"""Each thing that can be wrong: one clear line, a stable exit code, nothing half-written, and a way on."""
import json
import os
import signal
import time

import onnx_bytes
from harness import (CHAIN, FUNDS, INTERRUPTED, INVALID, MALFORMED, MNIST, NETWORK, NOT_FOUND, RANGE, REJECTED,
                     UNSUPPORTED, Person, Suite, files_below)

suite = Suite()


def scratch(world, name):
    folder = world.folder / "bad" / name
    folder.mkdir(parents=True)
    return folder


def refused_quietly(world, folder, code, *arguments, says=""):
    """The command fails and the folder holds what it held before."""
    before = files_below(folder)
    done = world.creator.refused(code, *arguments, says=says, cwd=folder)
    assert files_below(folder) == before, f"left behind: {files_below(folder)}"
    return done


def gen_settings(world, name, content, code, says=""):
    folder = scratch(world, name)
    if content is not None:
        (folder / "network.onnx").write_bytes(content)
    refused_quietly(world, folder, code, "zk", "gen-settings", says=says)


@suite.test
def missing_model(world):
    gen_settings(world, "missing", None, NOT_FOUND, says="network.onnx")


@suite.test
def truncated_and_broken_models(world):
    whole = (MNIST / "lenet5.onnx").read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        gen_settings(world, f"truncated{size}", whole[:size], MALFORMED)
    gen_settings(world, "garbage", b"this is no ONNX file" * 10, MALFORMED)


@suite.test
def broken_weights_are_named(world):
    folder = scratch(world, "weights")
    (folder / "network.onnx").write_bytes(onnx_bytes.dense())
    header = b'{"a": {"dtype": "F32"'
    for content in (b"", b"\xff" * 8, len(header).to_bytes(8, "little") + header):
        (folder / "w.safetensors").write_bytes(content)
        refused_quietly(world, folder, MALFORMED, "zk", "gen-settings", "--weights", "w.safetensors", says="w.safetensors: ")


@suite.test
def unknown_operator(world):
    gen_settings(world, "operator", onnx_bytes.dense(op="Det"), UNSUPPORTED, says="Det")


@suite.test
def nan_in_weights(world):
    gen_settings(world, "nan", onnx_bytes.dense(weights=(0.5, float("nan"), 1, 1)), MALFORMED)
    gen_settings(world, "inf", onnx_bytes.dense(weights=(0.5, float("inf"), 1, 1)), MALFORMED)


@suite.test
def wrong_shapes(world):
    gen_settings(world, "shape", onnx_bytes.dense(inputs=3), MALFORMED)
    gen_settings(world, "bias", onnx_bytes.dense(bias_dims=3), MALFORMED)


@suite.test
def zk_files(world):
    """A good model goes all the way; then each of its files is spoilt."""
    folder = scratch(world, "zk")
    (folder / "network.onnx").write_bytes(onnx_bytes.dense())
    (folder / "input.json").write_text(json.dumps({"input_data": [[0.5, -0.25]]}))
    for arguments in (("gen-srs", "--logrows", 14), ("gen-settings",), ("calibrate-settings",), ("compile-circuit",),
                      ("setup",), ("gen-witness",), ("mock",), ("prove",), ("verify",)):
        world.creator.ok("zk", *arguments, cwd=folder)
    for name, arguments in (("model.compiled", ("setup",)), ("pk.key", ("prove",)), ("witness.json", ("prove",)),
                            ("proof.json", ("verify",)), ("vk.key", ("verify",)), ("kzg.srs", ("prove",)),
                            ("settings.json", ("compile-circuit",)), ("input.json", ("gen-witness",))):
        path = folder / name
        whole = path.read_bytes()
        (folder / "kzg.srs.checked").unlink(missing_ok=True)
        path.write_bytes(whole[:len(whole) // 2])
        refused_quietly(world, folder, MALFORMED, "zk", *arguments)
        path.unlink()
        refused_quietly(world, folder, NOT_FOUND, "zk", *arguments, says=name)
        path.write_bytes(whole)
    world.creator.ok("zk", "verify", cwd=folder)


@suite.test
def too_little_memory(world):
    folder = world.folder / "bad" / "zk"
    world.creator.ok("zk", "prove", cwd=folder)
    world.creator.env["MINTMARK_MEMORY_LIMIT"] = "1000000"
    try:
        refused_quietly(world, folder, RANGE, "zk", "prove", "--proof-path", "big.json", says="of memory")
    finally:
        del world.creator.env["MINTMARK_MEMORY_LIMIT"]


@suite.test
def wrong_input(world):
    folder = world.folder / "bad" / "zk"
    for name, text, code in (("size", '{"input_data": [[1, 2, 3]]}', INVALID),
                             ("none", '{"input_data": []}', INVALID),
                             ("text", '{"input_data": [["a", "b"]]}', None), ("json", "{", MALFORMED)):
        (folder / f"{name}.json").write_text(text)
        done = world.creator.run("zk", "gen-witness", "-D", f"{name}.json", "-O", "w.json", cwd=folder)
        assert done.code == code or (code is None and done.code in (INVALID, MALFORMED)), (name, done.err)
        assert done.err.startswith("error: ") and not (folder / "w.json").exists()


@suite.test
def srs_too_small(world):
    folder = world.folder / "bad" / "zk"
    world.creator.ok("zk", "gen-srs", "--logrows", 3, "--srs-path", "small.srs", cwd=folder)
    refused_quietly(world, folder, RANGE, "zk", "setup", "--srs-path", "small.srs")
    world.creator.ok("zk", "gen-srs", "--logrows", 14, "--srs-path", "other.srs", cwd=folder)
    refused_quietly(world, folder, REJECTED, "zk", "verify", "--srs-path", "other.srs")


@suite.test
def chain_is_down(world):
    world.buyer.refused(NETWORK, "--rpc-url", "http://127.0.0.1:1", "model", "list")
    world.buyer.refused(NETWORK, "infer", "--node", "http://127.0.0.1:1", "--model", 1, "--pass", 1,
                        "--image", MNIST / "images/000-4.pgm", says="--node")


@suite.test
def another_chain(world):
    other = Person(world, "elsewhere")
    url = other.ok("chain", "up", "--port", 0, "--chain-id", 1337)["rpc_url"]
    try:
        world.buyer.refused(CHAIN, "--rpc-url", url, "model", "list", says="1337")
    finally:
        other.ok("chain", "down")
    other.refused(NOT_FOUND, "chain", "down")


@suite.test
def no_deployment(world):
    person = Person(world, "elsewhere")
    person.env["MINTMARK_DEPLOYMENT"] = str(world.folder / "nowhere.json")
    person.refused(NOT_FOUND, "model", "list", says="mintmark chain deploy")
    (world.folder / "nowhere.json").write_text('{"format": 1')
    person.refused(MALFORMED, "model", "list")


@suite.test
def too_little_balance(world):
    poor = Person(world, "poor")
    poor.ok("wallet", "new", "poor")
    poor.refused(FUNDS, "pass", "buy", "--model", 1, "--calls", 1, "--days", 1, "--max-price", "1ETH")
    poor.refused(FUNDS, "model", "publish", MNIST / "lenet5.onnx", "--data", MNIST / "samples.json",
                 "--price-per-call", "1gwei")


@suite.test
def wrong_password(world):
    env = dict(world.creator.env)
    world.creator.env["MINTMARK_PASSWORD"] = "wrong"
    try:
        world.creator.refused(REJECTED, "model", "status", 1, "deprecated", says="password")
    finally:
        world.creator.env = env


@suite.test
def wrong_arguments(world):
    for arguments in (("pass", "buy"), ("nonsense",), ("pass", "buy", "--model", "x"), ("chain", "fund", "0x12", "1"),
                      ("model", "status", 1, "gone")):
        assert world.creator.run(*arguments).code in (INVALID, MALFORMED), arguments
    world.creator.refused(INVALID, "model", "publish", "lenet5", says="price")
    world.creator.refused(NOT_FOUND, "pass", "show", 4711)
    world.creator.refused(NOT_FOUND, "model", "show", 4711)


@suite.test
def images_of_the_wrong_kind(world):
    small = world.folder / "small.pgm"
    small.write_bytes(b"P5 2 2 255\nabcd")
    cut = world.folder / "cut.pgm"
    cut.write_bytes((MNIST / "images/000-4.pgm").read_bytes()[:100])
    base = ("infer", "--node", world.node_url, "--model", 1, "--pass", 1, "--image")
    world.buyer.refused(INVALID, *base, small, says="28")
    world.buyer.refused(MALFORMED, *base, cut)
    world.buyer.refused(NOT_FOUND, *base, world.folder / "none.png")


def wait_for(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


@suite.test
def interrupted_push_goes_on(world):
    folder = scratch(world, "large")
    (folder / "network.onnx").write_bytes(onnx_bytes.dense())
    for i in range(6):
        (folder / f"shard{i}.bin").write_bytes(os.urandom(16 << 20))
    reference = Person(world, "reference").ok("model", "push", folder, "--name", "large")
    person = Person(world, "pusher")
    store = person.home / "store"
    process = person.start("model", "push", folder, "--name", "large")
    wait_for(lambda: process.poll() is not None or len(files_below(store)) > 20 if store.exists() else False,
             "blocks in the store")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, (process.returncode, err)
    assert len([line for line in err.splitlines() if line]) == 1, err
    assert not (person.home / "models/large/pushed.json").exists()
    assert not [name for name in files_below(person.home) if ".tmp." in name], "half-written files"
    again = person.ok("model", "push", folder, "--name", "large")
    assert again["cid"] == reference["cid"] and again["blocks_kept"] > 0


@suite.test
def interrupted_publish_goes_on(world):
    person = Person(world, "interrupted")
    person.ok("wallet", "new", "interrupted")
    world.fund(person.address(), "10ETH")
    arguments = ("model", "publish", MNIST / "lenet5.onnx", "--name", "again", "--data", MNIST / "samples.json",
                 "--price-per-call", "1gwei")
    state = person.home / "models/again/publish.json"
    interrupted = 0
    for field in ("prepared", "key_deployed", "committed_at"):
        if state.exists() and json.loads(state.read_text())[field]:
            continue  # the run before came further than its signal
        process = person.start(*arguments)
        wait_for(lambda: state.exists() and json.loads(state.read_text())[field], field)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode in (INTERRUPTED, 0), field  # 0: it was through before the signal came
        interrupted += process.returncode == INTERRUPTED
        assert not [name for name in files_below(person.home) if ".tmp." in name], "half-written files"
    assert interrupted > 0, "the signal always came too late"
    done = person.ok(*arguments)
    assert json.loads(state.read_text())["active"]
    mine = [model for model in person.ok("model", "list")["models"] if model["owner"] == person.address()]
    assert len(mine) == 1 and mine[0]["versions"] == 1 and mine[0]["id"] == done["model"]
