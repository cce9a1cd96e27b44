#!/usr/bin/env python3
"""The client packages of PyPI, unmodified, against the gateway: openai, and tritonclient for tensors.

usage: test_clients.py       makes build/clients (a virtual environment); needs build/release's program
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/e2e"))
PACKAGES = ["openai==3.57.0", "tritonclient[http]==2.73.0"]


def python():
    folder = ROOT / "build/clients"
    program = folder / "bin/python"
    if not program.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", *PACKAGES], check=True, timeout=900)
    return program


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def compiled_lenet(folder):
    """model.compiled of the example, by the zk verbs."""
    from harness import MINTMARK, MNIST  # pylint: disable=import-outside-toplevel
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(MNIST / "lenet5.onnx", folder / "network.onnx")
    for words in (["gen-settings", "-M", "network.onnx"], ["calibrate-settings", "-M", "network.onnx", "-D", MNIST / "samples.json"],
                  ["compile-circuit", "-M", "network.onnx", "--compiled-circuit", "model.compiled"]):
        subprocess.run([MINTMARK, "zk", *map(str, words)], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main():
    import gateway  # pylint: disable=import-outside-toplevel
    from harness import MNIST  # pylint: disable=import-outside-toplevel
    program = python()
    folder = ROOT / "build/test-clients"
    shutil.rmtree(folder, ignore_errors=True)
    compiled_lenet(folder)
    upstream, port = gateway.start_upstream()
    extra = '[[models]]\nid = "lenet"\ncompiled = "model.compiled"\nrates = { call = "0.001" }\n'
    server = gateway.Server(folder, port, extra=extra)
    try:
        chat = run(program, ROOT / "test/gateway/openai_client.py", f"http://127.0.0.1:{server.port}/v1", server.key)
        image = sorted((MNIST / "images").glob("*.pgm"))[3]
        tensors = run(program, ROOT / "test/gateway/tensor_client.py", f"127.0.0.1:{server.port}", server.key, image, image.stem[-1])
    finally:
        server.stop()
        upstream.terminate()
        upstream.wait()
    for text in chat["failed"]:
        print(text)
    print(f"openai {chat['version']}: {chat['passed']} passed, {len(chat['failed'])} failed; tritonclient: "
          f"{'passed' if tensors['passed'] else 'failed'}")
    return 1 if chat["failed"] else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
