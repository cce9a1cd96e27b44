"""What the end-to-end tests share: people with homes, the program, the node's JSON-RPC, counting."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINTMARK = os.environ.get("MINTMARK", str(ROOT / "build/release/apps/mintmark/mintmark"))
MNIST = ROOT / "examples/mnist"
ETHER = 10**18

# Exit codes, src/mintmark/base/result.hpp.
INVALID, NOT_FOUND, MALFORMED, UNSUPPORTED, IO, NETWORK, CHAIN, REJECTED = 2, 3, 4, 5, 6, 7, 8, 9
FUNDS, EXPIRED, PRICE, EXISTS, INTERRUPTED, RANGE = 10, 11, 12, 13, 130, 15


class Outcome:
    """How a run of the program ended; `value` is its JSON object."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        lines = out.strip().splitlines()
        self.value = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None

    def __getitem__(self, key):
        return self.value[key]


class Person:
    """Somebody with a home directory of his own."""

    def __init__(self, world, name):
        self.home = world.folder / name
        self.name = name
        self.env = dict(os.environ, MINTMARK_PASSWORD="secret " + name, MINTMARK_DEPLOYMENT=str(world.deployment))

    def command(self, *arguments):
        return [MINTMARK, "--json", "--home", str(self.home), *map(str, arguments)]

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), env=self.env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=ROOT)

    def run(self, *arguments, cwd=ROOT):
        done = subprocess.run(self.command(*arguments), env=self.env, cwd=cwd, capture_output=True, text=True,
                              timeout=900, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments, cwd=ROOT):
        done = self.run(*arguments, cwd=cwd)
        assert done.code == 0, f"{self.name}: {' '.join(map(str, arguments))}: exit {done.code}\n{done.err}"
        return done

    def refused(self, code, *arguments, says="", cwd=ROOT):
        """The command must fail with this code and one clear line (and at most one hint) on stderr."""
        done = self.run(*arguments, cwd=cwd)
        what = f"{self.name}: {' '.join(map(str, arguments))}"
        assert done.code == code, f"{what}: exit {done.code}, not {code}\n{done.err}"
        lines = [line for line in done.err.splitlines() if not line.startswith(("note: ", "warning: "))]
        assert lines and lines[0].startswith("error: ") and len(lines) <= 2, f"{what}: not one clear line:\n{done.err}"
        assert len(lines) == 1 or lines[1].startswith("       "), f"{what}: bad hint:\n{done.err}"
        assert says in done.err, f"{what}: does not say '{says}':\n{done.err}"
        assert done.value["error"]["message"], "no JSON error"
        return done

    def address(self):
        return self.ok("wallet", "show")["address"]


class World:
    """A fresh folder, a chain, its people."""

    def __init__(self, name):
        self.folder = ROOT / "build" / name
        self.deployment = self.folder / "deployment.json"
        self.rpc_url = ""
        self.processes = []
        self.platform, self.creator, self.buyer = (Person(self, who) for who in ("platform", "creator", "buyer"))
        if self.folder.exists():
            self.platform.run("chain", "down")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)

    def start_chain(self):
        self.rpc_url = self.platform.ok("chain", "up", "--port", 0)["rpc_url"]

    def contract(self, name):
        return json.loads(self.deployment.read_text())["contracts"][name]

    def srs(self):
        return json.loads(self.deployment.read_text())["srsPath"]

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.rpc_url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "error" not in answer, answer
        return answer["result"]

    def balance(self, address):
        return int(self.rpc("eth_getBalance", address, "latest"), 16)

    def block_number(self):
        return int(self.rpc("eth_blockNumber"), 16)

    def pass_time(self, seconds):
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def fund(self, address, amount):
        self.platform.ok("chain", "fund", address, amount)

    def start_node(self, person, *arguments):
        """Starts a node and returns (process, URL)."""
        process = person.start("node", "run", "--port", 0, *arguments)
        self.processes.append(process)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, json.loads(line)["url"]

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=90)
        self.platform.run("chain", "down")


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def fee(tx):
    return int(tx["fee"])


class Suite:
    """Runs tests in order and counts; a test is a function that asserts."""

    def __init__(self):
        self.tests, self.passed, self.failed = [], 0, 0

    def test(self, function):
        self.tests.append(function)
        return function

    def run(self, world):
        for function in self.tests:
            name = function.__name__.replace("_", " ")
            started = time.monotonic()
            try:
                function(world)
                self.passed += 1
                print(f"ok    {name} ({time.monotonic() - started:.1f} s)", flush=True)
            except Exception:  # pylint: disable=broad-except
                self.failed += 1
                print(f"FAIL  {name}", flush=True)
                traceback.print_exc(file=sys.stdout)
