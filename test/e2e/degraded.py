"""Trouble around a gateway that serves: the chain's node is away or limits the rate when it starts, the disk is full, a clock is wrong.
What cannot be checked is refused clearly, the rest is served, and all comes back by itself. On x402.py's chain."""
import http.server
import json
import resource
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from gateway import Server
from harness import CHAIN, MINTMARK, Suite
from x402 import CHAT, PAYER_KEY, PRICE, TOML, Moved, payer

suite = Suite()


class Node:
    """The node as its customers see it: well, away, limiting, or on another chain."""

    def __init__(self, url):
        self.mode, outer = "well", self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.mode == "away":
                    self.close_connection = True
                    return
                if outer.mode == "limiting":
                    return self.answer(429, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"Too Many Requests"}}')
                if outer.mode == "elsewhere" and b"eth_chainId" in body:
                    return self.answer(200, b'{"jsonrpc":"2.0","id":%d,"result":"0x1"}' % json.loads(body)["id"])
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}),
                                                timeout=30) as got:
                        return self.answer(200, got.read())
                except urllib.error.URLError:
                    self.close_connection = True

            def answer(self, status, data):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"


class Chained(Server):
    """A gateway whose first model has its status on the chain, with payments by x402."""

    def __init__(self, world, name, node):
        self.world = world
        extra = TOML.split("[[upstreams]]", maxsplit=1)[0].split("[chain]")[1].format(
            deployment=world.deployment, provider=world.creator.address(), asset=world.dollar, extra="")
        super().__init__(world.folder / name, world.x402_upstream, f'[chain]\nrpc_url = "{node.url}"\nrefresh_s = 0\nstale_s = 1' + extra +
                         '[[models]]\nid = "registered"\nupstreams = ["main"]\nupstream_model = "good"\nmodel = 1\nversion = 1\n'
                         'rates = { call = "0.002" }\n[[models]]\nid = "paid"\nupstreams = ["main"]\nupstream_model = "good"\n'
                         'rates = { call = "0.002" }\n')

    def start(self):
        self.log = open(self.folder / "log", "ab")
        creator = self.world.creator
        self.process = subprocess.Popen([MINTMARK, "--json", "--home", str(creator.home), "--wallet", "creator", "serve", "--config",
                                         str(self.config)], stdout=subprocess.PIPE, stderr=self.log, text=True, env=creator.env)
        self.world.processes.append(self.process)
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def metric(self):
        return b'mintmark_healthy{part="chain"} 1' in self.request("GET", "/metrics")[2]

    def pay(self):
        return payer(do="pay", key=PAYER_KEY, url=f"http://127.0.0.1:{self.port}/v1/chat/completions", body={**CHAT, "model": "paid"})


def recovers(server):
    end = time.monotonic() + 120
    while not server.metric():
        assert time.monotonic() < end, "it never came back"
        time.sleep(0.1)


def starts_without(world, mode):
    node = Node(world.rpc_url)
    node.mode = mode
    server = Chained(world, f"degraded-{mode}", node)
    assert not server.metric()
    log = (server.folder / "log").read_text()
    assert "chain cannot be read" in log and "chain.rpc_url" in log, log
    assert json.loads(server.request("GET", "/readyz")[2])["chain"] is False
    assert server.chat()[0] == 200, "what is not on the chain is served"
    status, head, answer = server.chat(model="registered")
    assert status == 503 and answer["error"]["code"] == "chain_unavailable" and head["Retry-After"], answer
    with Moved(world) as moved:
        assert server.pay()["status"] == 503, "a payment that cannot be checked is not taken"
    assert moved.amount == 0
    node.mode = "well"
    recovers(server)
    assert "chain is back" in (server.folder / "log").read_text()
    # Model 1 is not registered on this chain: the chain says so itself now.
    assert server.chat(model="registered")[0] == 404
    with Moved(world) as moved:
        assert server.pay()["status"] == 200
    assert moved.amount == PRICE
    assert server.stop() == 0


@suite.test
def a_node_that_is_away_does_not_hinder_the_start(world):
    starts_without(world, "away")


@suite.test
def a_node_that_limits_the_rate_does_not_either(world):
    starts_without(world, "limiting")


@suite.test
def a_node_of_another_chain_does(world):
    """A start that would check entitlements on another chain ends; one that finds it later stays without."""
    node = Node(world.rpc_url)
    node.mode = "away"
    server = Chained(world, "degraded-elsewhere", node)
    node.mode = "elsewhere"
    end = time.monotonic() + 12
    while time.monotonic() < end:
        assert not server.metric(), "it believes a chain that is not its own"
        assert server.chat(model="registered")[0] == 503
        time.sleep(1)
    node.mode = "well"
    recovers(server)
    assert server.stop() == 0
    node.mode = "elsewhere"
    done = subprocess.run([MINTMARK, "--json", "--home", str(world.creator.home), "--wallet", "creator", "serve", "--config",
                           str(server.config)], capture_output=True, text=True, timeout=60, check=False, env=world.creator.env)
    assert done.returncode == CHAIN and "chain 1" in done.stderr, (done.returncode, done.stderr)


@suite.test
def a_full_disk_is_said_and_waited_for(world):
    """A file may not grow: 503 in the API's shape, a metric and a line that say what to do; nothing is charged; then it goes on."""
    class Small(Server):
        def start(self):
            # A limit that raises no signal is what a full disk looks like to a program.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            super().start()
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    server = Small(world.folder / "full", world.x402_upstream)
    world.processes.append(server.process)
    assert server.chat()[0] == 200
    largest = max(file.stat().st_size for file in server.folder.iterdir())
    usual = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    end, status = time.monotonic() + 60, 200
    while status == 200 and time.monotonic() < end:
        status, head, answer = server.chat()
    assert status == 503 and answer["error"]["code"] == "ledger_unavailable" and head["Retry-After"], (status, answer)
    assert "nothing was charged" in answer["error"]["message"]
    assert b'mintmark_healthy{part="ledger"} 0' in server.request("GET", "/metrics")[2]
    assert "check the disk" in (server.folder / "log").read_text()
    refused = server.spent()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, usual)
    while server.chat()[0] != 200:
        assert time.monotonic() < end + 60, "it does not come back"
        time.sleep(0.1)
    assert 0 < server.spent() - refused < 3e-4, "what was refused is not charged later"
    assert server.stop() == 0
    assert server.audit()["ledger sums"]["ok"]


@suite.test
def a_wrong_clock_is_said(world):
    """Vouchers, passes and payments end by the clock: the doctor compares it with the chain's."""
    node = Node(world.rpc_url)
    server = Chained(world, "skewed", node)
    assert server.audit()["chain clock"]["ok"]
    world.pass_time(3600)
    row = server.audit()["chain clock"]
    assert not row["ok"] and "ahead" in row["says"] and "clock" in row["advice"], row
    assert server.stop() == 0
