"""The verbs of `zk` on a model of the project's own, with a stand-alone verifier: ezkl's whole path, as its users know it."""
import json

from harness import EXISTS, INVALID, REJECTED, ROOT, Suite

suite = Suite()
MODEL = ROOT / "src/mintmark/model/testdata/mlp.onnx"


def working_in(world, name):
    """The platform, a new folder, and the verbs of `zk` run there."""
    folder = world.folder / name
    folder.mkdir(parents=True)
    return world.platform, folder, lambda *arguments: world.platform.ok("zk", *arguments, cwd=folder)


@suite.test
def stand_alone_verifier(world):
    person, folder, zk = working_in(world, "standalone")
    zk("gen-srs", "--logrows", "14")
    person.refused(EXISTS, "zk", "gen-srs", "--logrows", "14", cwd=folder, says="--yes")
    zk("gen-settings", "-M", MODEL, "--variables", "batch=2", "--output-visibility", "hashed", "--logrows", "17")
    sample = json.loads(MODEL.with_suffix(".json").read_text())["samples"][0]
    (folder / "input.json").write_text(json.dumps({"input_data": sample}))
    zk("calibrate-settings", "-M", MODEL, "-D", MODEL.with_suffix(".json"), "--max-error", "0.01")
    zk("compile-circuit", "-M", MODEL)
    zk("setup")
    zk("gen-witness")
    assert zk("mock")["ok"]
    zk("prove", "--context", "0x" + "5a" * 32)
    assert zk("verify")["verified"]
    zk("create-evm-verifier")
    assert zk("encode-evm-calldata")["bytes"] > 1000
    signer = ("--rpc-url", world.rpc_url, "--wallet", person.name)
    person.ok(*signer, "zk", "deploy-evm", cwd=folder)
    assert person.ok("--rpc-url", world.rpc_url, "zk", "verify-evm", cwd=folder)["verified"]
    proof = json.loads((folder / "proof.json").read_text())
    proof["context"] = "0x" + "5b" * 32
    (folder / "other.json").write_text(json.dumps(proof))
    person.refused(REJECTED, "--rpc-url", world.rpc_url, "zk", "verify-evm", "--proof-path", "other.json", cwd=folder)
    person.refused(REJECTED, "zk", "verify", "--proof-path", "other.json", cwd=folder)


@suite.test
def private_ends_cannot_be_linked(world):
    person, folder, zk = working_in(world, "private")
    srs = ("--srs-path", world.folder / "standalone/kzg.srs")
    zk("gen-settings", "-M", MODEL, "--variables", "batch=2", "--input-visibility", "private", "--output-visibility", "private",
       "--param-visibility", "public")
    sample = json.loads(MODEL.with_suffix(".json").read_text())["samples"][0]
    (folder / "input.json").write_text(json.dumps({"input_data": sample}))
    zk("compile-circuit", "-M", MODEL)
    zk("setup", *srs)
    zk("gen-witness")
    witness = json.loads((folder / "witness.json").read_text())
    assert witness["input_blinders"] == witness["output_blinders"] == [], "an opening was kept"
    shown = []
    for name in ("one.json", "two.json"):
        zk("prove", "--proof-path", name, *srs)
        assert zk("verify", "--proof-path", name, *srs)["verified"]
        shown.append(set(json.loads((folder / name).read_text())["instances"]))
    assert shown[0] and not shown[0] & shown[1]
    assert zk("vk", "check", "--compiled-circuit", "model.compiled", *srs)["agrees"], "public weights need no seed"
    person.refused(INVALID, "zk", "gen-settings", "-M", MODEL, "--input-visibility", "secret", cwd=folder, says="private")


@suite.test
def a_goal_of_accuracy_is_a_share_or_refused(world):
    person, folder = world.platform, world.folder / "standalone"
    calibrate = ("zk", "calibrate-settings", "-M", MODEL, "-D", MODEL.with_suffix(".json"))
    before = (folder / "settings.json").read_bytes()
    for goal in ("--min-agreement", "--min-cosine", "--max-perplexity-change"):
        for value in ("0", "1.5", "nan", "-1", "much"):
            person.refused(INVALID, *calibrate, goal, value, cwd=folder)
    assert (folder / "settings.json").read_bytes() == before, "a refused command has changed the settings"
    done = person.ok(*calibrate, "--max-error", "0.0000001", cwd=folder)
    assert done["target_reached"] is False, done.value


@suite.test
def table_lists_the_nodes(world):
    rows = world.platform.ok("zk", "table", "-M", MODEL)["nodes"]
    assert rows and all(row["operator"] for row in rows)
