"""ezkl's example models, each from settings to a proof that the universal verifier accepts on-chain.

They are found under $MINTMARK_MODELS/ezkl-examples (default: ../shared/models beside the repository). They have no licence and are
not part of this repository; the project's own models are tested in test/conformance.
"""
import json
import os
import pathlib

from harness import REJECTED, ROOT, Suite

suite = Suite()
MODELS = pathlib.Path(os.environ.get("MINTMARK_MODELS", ROOT / "../shared/models")).resolve() / "ezkl-examples"
NAMES = """1l_mlp 1l_relu 1l_sigmoid 1l_tanh 1l_concat 1l_slice 1l_pad 1l_reshape 1l_max_pool 1l_batch_norm 2l_relu_fc
           2l_relu_sigmoid_conv 4l_relu_conv_fc lenet_5""".split()
LARGEST_ERROR = 0.01  # of the float output's range


def flatten(value):
    return [x for item in value for x in flatten(item)] if isinstance(value, list) else [float(value)]


def check_against_float(source, outputs):
    """The float output of the framework that made the example, where its file has one.

    Some files hold ezkl's own fixed-point result instead, in multiples of 2^-14: no yardstick for 1 %.
    """
    expected = flatten(json.loads((source / "input.json").read_text()).get("output_data") or [])
    values = flatten(outputs)
    if len(expected) != len(values) or all(abs(x * 2**14 - round(x * 2**14)) < 1e-3 for x in expected):
        return
    span = max(expected) - min(expected) or max(map(abs, expected)) or 1.0
    worst = max(abs(a - b) for a, b in zip(expected, values))
    assert worst <= LARGEST_ERROR * span, f"off by {100 * worst / span:.2f} % of the range"


def prove_on_chain(world, name):
    source, folder = MODELS / name, world.folder / "examples" / name
    folder.mkdir(parents=True)
    person, srs = world.platform, world.srs()

    def zk(*arguments):
        return person.ok("zk", *arguments, cwd=folder)

    zk("gen-settings", "-M", source / "network.onnx")
    report = zk("calibrate-settings", "-M", source / "network.onnx", "-D", source / "input.json")
    assert report["max_relative_error"] <= LARGEST_ERROR, report["max_relative_error"]
    zk("compile-circuit", "-M", source / "network.onnx")
    zk("setup", "--srs-path", srs)
    check_against_float(source, zk("gen-witness", "-D", source / "input.json")["output"])
    zk("mock")
    zk("prove", "--srs-path", srs)
    zk("verify", "--srs-path", srs)
    key = zk("--rpc-url", world.rpc_url, "--wallet", person.name, "deploy-evm", "--vk-path", "vk.key")["address"]
    on_chain = ("--rpc-url", world.rpc_url, "zk", "verify-evm", "--addr-verifier", world.contract("UniversalVerifier"),
                "--addr-vk", key)
    gas = person.ok(*on_chain, cwd=folder)["gas"]
    proof = json.loads((folder / "proof.json").read_text())
    last = int(proof["instances"][-1], 16)
    proof["instances"][-1] = f"0x{last ^ 1:064x}"
    (folder / "false.json").write_text(json.dumps(proof))
    person.refused(REJECTED, *on_chain, "--proof-path", "false.json", cwd=folder)
    person.refused(REJECTED, "zk", "verify", "--srs-path", srs, "--proof-path", "false.json", cwd=folder)
    print(f"      {name}: {gas:,} gas, error {100 * report['max_relative_error']:.3f} %")


def make_test(name):
    def test(world):
        prove_on_chain(world, name)
    test.__name__ = "example_" + name
    return test


if MODELS.is_dir():
    for example in NAMES:
        suite.test(make_test(example))
else:
    print(f"no ezkl examples at {MODELS}: only the project's own models are tested", flush=True)
