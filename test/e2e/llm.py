"""A trained language model behind llama.cpp's server, asked with the unmodified openai package, paid by a pass and a channel.

`make test-llm` (tools/test_llm.py) gives the world its weights, the server's program and the client's Python.
"""
import http.client
import http.server
import json
import math
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request

from gateway import TESTS, until
from harness import Suite
from sale import Buyer, Sold, account, hand_in, pass_voucher, put_up_for_sale

suite = Suite()
MODEL, SILENT, LONGEST = "smollm2", "smollm2-silent", 1500
WEI = {"prompt_tokens": 4 * 10**8, "completion_tokens": 4 * 10**9}  # $1 and $10 per million tokens, $2,500 per ether
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
STORY = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me a very long story about a fox."}], "max_tokens": LONGEST,
         "temperature": 0, "extra_body": {"ignore_eos": True}}
# The same text every time: no sampling, and no cache of prompts, which would change the order of sums.
EXACT = {"temperature": 0, "max_tokens": 40, "extra_body": {"cache_prompt": False}}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Llama:
    """llama.cpp's server on a port of its own."""

    def __init__(self, world):
        self.world, self.port = world, free_port()
        self.start()

    def start(self):
        with open(self.world.folder / "llama-log", "ab") as log:
            self.process = subprocess.Popen(
                [self.world.llama_server, "-m", self.world.weights, "--host", "127.0.0.1", "--port", str(self.port), "-c", "8192",
                 "-np", "4", "-t", "2", "--embeddings", "--pooling", "mean", "--slots", "--no-webui"], stdout=log, stderr=log)
        self.world.processes.append(self.process)
        until(self.is_ready, 300)

    def is_ready(self):
        assert self.process.poll() is None, (self.world.folder / "llama-log").read_text()[-3000:]
        try:
            return self.ask("/health")["status"] == "ok"
        except (OSError, http.client.HTTPException, urllib.error.URLError):
            return False

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body and json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)

    def tokens(self, text):
        return len(self.ask("/tokenize", {"content": text})["tokens"])

    def is_idle(self):
        return not any(slot["is_processing"] for slot in self.ask("/slots"))


class Silent(http.server.ThreadingHTTPServer):
    """The same server, but it never says what was used."""

    daemon_threads = True

    def __init__(self, llama):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                self.forward(None)

            def do_POST(self):  # pylint: disable=invalid-name
                self.forward(self.rfile.read(int(self.headers["Content-Length"])))

            def forward(self, body):
                request = urllib.request.Request(f"http://127.0.0.1:{llama.port}{self.path}", body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=300) as answer:
                    kind = answer.headers["Content-Type"]
                    lines = list(map(without_usage, answer)) if "event-stream" in kind else [without_usage(answer.read())]
                data = b"".join(lines)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.handle_error = lambda *_: None  # the server behind it is killed on purpose
        threading.Thread(target=self.serve_forever, daemon=True).start()


def without_usage(text):
    """Of a JSON text, or of an event's line."""
    head = b"data: " if text.startswith(b"data: {") else b""
    if not text[len(head):].startswith(b"{"):
        return text
    value = json.loads(text[len(head):])
    for name in ("usage", "timings"):
        value.pop(name, None)
    return head + json.dumps(value).encode() + (b"\n" if head else b"")


class Gateway(Sold):
    """The creator's, in front of both."""

    def __init__(self, world, folder):  # pylint: disable=super-init-not-called
        self.world, self.folder, self.key = world, folder, ""
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "gateway.toml"
        upstreams = "".join(f"""[[upstreams]]
name = "{name}"
url = "http://127.0.0.1:{port}/v1"
tokenize_url = "http://127.0.0.1:{world.llama.port}/tokenize"
health_s = 1
[[models]]
id = "{model}"
upstreams = ["{name}"]
max_output_tokens = {LONGEST}
rates = "chain"
model = 1
version = 1
""" for name, port, model in (("llama", world.llama.port, MODEL), ("silent", world.silent.server_port, SILENT)))
        self.config.write_text(f"""[log]
requests = false
[server]
port = 0
[chain]
deployment = "{world.deployment}"
rpc_url = "{world.rpc_url}"
provider = "{world.creator.address()}"
exposure_units = 20
exposure_usd = "0.5"
[siwe]
domain = "gateway.example"
uri = "https://gateway.example/"
{upstreams}""")
        self.start()


def answers(world, buyer, *asks):
    """What the openai package gets for asks that it sends at once."""
    done = subprocess.run([world.python, TESTS / "llm_client.py", f"http://127.0.0.1:{world.gateway.port}/v1", buyer.key],
                          input=json.dumps(asks), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answer(world, buyer, arguments, api="chat.completions", **more):
    out = answers(world, buyer, {"api": api, "arguments": arguments, **more})[0]
    assert "error" not in out, out
    return out


def receipt(world, buyer, out):
    return json.loads(world.gateway.request("GET", out["headers"]["x-mintmark-receipt"], key=buyer.key)[2])


def price(usage):
    """In wei, of what a server counted."""
    return sum(WEI[name] * usage.get(name, 0) for name in WEI)


def used(world):
    row = account(world, world.bob, "channel:")
    return int(row["used"]) if row else 0


@suite.test
def a_trained_model_is_served(world):
    world.alice, world.bob = Buyer(world, "alice"), Buyer(world, "bob")
    put_up_for_sale(world, (world.alice, world.bob))
    world.alice.ok("pass", "buy", "--model", 1, "--calls", 20, "--days", 2, "--max-price", "0.5ETH")
    world.bob.ok("channel", "open", "--provider", world.creator.address(), "--amount", "0.01ETH")
    world.llama = Llama(world)
    world.silent = Silent(world.llama)
    world.gateway = Gateway(world, world.folder / "gateway")
    checks = world.gateway.audit()
    assert all(row["ok"] for row in checks.values()), checks
    for buyer in (world.alice, world.bob):
        status, signed = buyer.sign_in(world.gateway)
        assert status == 200, signed
        buyer.key = signed["api_key"]


@suite.test
def it_knows_the_capital_of_france_and_costs_what_its_server_counts(world):
    arguments = {"model": MODEL, "messages": FRANCE, **EXACT}
    out = answer(world, world.bob, arguments)
    assert "Paris" in out["text"], out
    direct = world.llama.ask("/v1/chat/completions", {"messages": FRANCE, "temperature": 0, "max_tokens": 40, "cache_prompt": False})
    assert direct["choices"][0]["message"]["content"] == out["text"], "the gateway changed the answer"
    counted = direct["usage"]
    assert {name: out["usage"][name] for name in counted} == counted, (out, counted)
    details = out["usage"]["cost_details"]
    assert details["account"].startswith("channel:") and int(details["units"]) == price(counted) == used(world), (details, counted)
    assert 0 < counted["completion_tokens"] - world.llama.tokens(out["text"]) <= 1, "one for the end of the text"


@suite.test
def streamed_and_whole_cost_the_same(world):
    for api, extra in (("chat.completions", {"messages": FRANCE}), ("completions", {"prompt": "The capital of France is"})):
        arguments = {"model": MODEL, **EXACT, **extra}
        whole = answer(world, world.bob, arguments, api)
        for options in ({}, {"stream_options": {"include_usage": True}}):
            pieces = answer(world, world.bob, {**arguments, **options}, api, stream=True)
            assert pieces["text"] == whole["text"] and pieces["chunks"] > 3, (pieces, whole)
            assert pieces["usage"]["cost"] == whole["usage"]["cost"] > 0
            assert pieces["usage"]["cost_details"]["units"] == whole["usage"]["cost_details"]["units"]
        assert "Paris" in whole["text"]


@suite.test
def a_pass_pays_a_unit_a_call(world):
    for stream in (False, True):
        out = answer(world, world.alice, {"model": MODEL, "messages": FRANCE, **EXACT}, stream=stream)
        assert out["usage"]["cost_details"]["units"] == "1" and out["headers"]["x-mintmark-account"] == "pass:1", out
    hand_in(world, world.alice, pass_voucher(world, world.alice, 1, 2))
    assert account(world, world.alice, "pass:1")["signed"] == "2"


@suite.test
def a_server_that_does_not_count_is_counted_by_the_models_tokenizer(world):
    for stream in (False, True):
        counted = answer(world, world.bob, {"model": MODEL, "messages": FRANCE, **EXACT}, stream=stream)
        silent = answer(world, world.bob, {"model": SILENT, "messages": FRANCE, **EXACT}, stream=stream)
        assert silent["text"] == counted["text"]
        tokens = {"prompt_tokens": world.llama.tokens(f"user\n{FRANCE[0]['content']}\n"), "completion_tokens": world.llama.tokens(silent["text"])}
        assert {name: silent["usage"][name] for name in tokens} == tokens, (silent, tokens)
        assert int(silent["usage"]["cost_details"]["units"]) == price(tokens)
        # The server counts its template (marks, a system message) and the end of the text too.
        assert 0 <= counted["usage"]["completion_tokens"] - tokens["completion_tokens"] <= 1
        assert 0 < counted["usage"]["prompt_tokens"] - tokens["prompt_tokens"] < 64
    assert b"mintmark_usage_corrected_total" in world.gateway.request("GET", "/metrics")[2]


@suite.test
def who_hangs_up_pays_for_what_was_produced(world):
    before = used(world)
    out = answer(world, world.bob, STORY, stream=True, hang_up_after=20)
    until(lambda: receipt(world, world.bob, out)["state"] != "reserved", 300)
    until(world.llama.is_idle)  # nobody listens: the server has stopped
    paid = receipt(world, world.bob, out)
    tokens = json.loads(paid["usage"])
    assert paid["state"] == "interrupted" and used(world) - before == int(paid["units"]), paid
    assert int(paid["units"]) == WEI["prompt_tokens"] * tokens["input_token"] + WEI["completion_tokens"] * tokens["output_token"]
    assert world.llama.tokens(out["text"]) <= tokens["output_token"] < LONGEST / 2, (tokens, out["text"])


@suite.test
def a_server_that_dies_is_paid_for_what_came_and_taken_back(world):
    before, box = used(world), []
    thread = threading.Thread(target=lambda: box.extend(answers(world, world.bob, {"api": "chat.completions", "arguments": STORY,
                                                                                   "stream": True})))
    thread.start()
    until(lambda: any(slot["is_processing"] and slot["next_token"]["n_decoded"] > 20 for slot in world.llama.ask("/slots")))
    world.llama.process.send_signal(signal.SIGKILL)
    world.llama.process.wait()
    thread.join(timeout=300)
    out = box[0]
    assert out["error"]["code"] == "upstream_broken" and out["text"], out
    assert 0 < used(world) - before < price({"prompt_tokens": 500, "completion_tokens": LONGEST / 2})
    gone = answers(world, world.bob, {"api": "chat.completions", "arguments": {"model": MODEL, "messages": FRANCE, **EXACT}})[0]
    assert gone["error"]["code"] == "upstream_unavailable", gone
    world.llama.start()
    until(lambda: b'mintmark_upstream_healthy{upstream="llama"} 1' in world.gateway.request("GET", "/metrics")[2])
    assert "Paris" in answer(world, world.bob, {"model": MODEL, "messages": FRANCE, **EXACT})["text"]


@suite.test
def many_at_once_cost_the_sum(world):
    before = used(world)
    places = ["France", "Italy", "Spain", "Germany", "Japan", "Egypt"]
    asks = [{"api": "chat.completions", "stream": i % 2 == 1,
             "arguments": {"model": MODEL, "temperature": 0, "max_tokens": 30,
                           "messages": [{"role": "user", "content": f"What is the capital of {place}?"}]}} for i, place in enumerate(places)]
    outs = answers(world, world.bob, *asks)
    units = [int(out["usage"]["cost_details"]["units"]) for out in outs]
    assert units == [price(out["usage"]) for out in outs] and used(world) - before == sum(units), outs
    assert "Paris" in outs[0]["text"] and "Rome" in outs[1]["text"], outs


@suite.test
def an_idempotency_key_is_one_answer_and_one_charge(world):
    ask = {"model": MODEL, "messages": FRANCE, "temperature": 1.5, "max_tokens": 40}
    first = answer(world, world.bob, ask, headers={"Idempotency-Key": "once"})
    once = used(world)
    second = answer(world, world.bob, ask, headers={"Idempotency-Key": "once"})
    assert second["text"] == first["text"] and second["usage"] == first["usage"] and used(world) == once


@suite.test
def embeddings_are_near_what_is_near(world):
    texts = ["A cat sleeps on the sofa.", "A kitten is sleeping on the couch.", "The central bank raised its interest rates."]
    out = answer(world, world.bob, {"model": MODEL, "input": texts, "encoding_format": "float"}, "embeddings")
    assert out["usage"]["prompt_tokens"] == sum(map(world.llama.tokens, texts)), out["usage"]
    assert int(out["usage"]["cost_details"]["units"]) == price(out["usage"])
    cat, kitten, bank = out["vectors"]

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)

    assert len(cat) == 576 and cosine(cat, kitten) > cosine(cat, bank), (cosine(cat, kitten), cosine(cat, bank))


@suite.test
def the_channel_settles_to_the_last_wei_and_the_books_agree(world):
    total, path = used(world), world.folder / "bob.json"
    world.bob.ok("channel", "voucher", "--buyer", world.bob.address(), "--provider", world.creator.address(), "--model", 1, "--total",
                 f"{total}wei", "--out", path)
    hand_in(world, world.bob, json.loads(path.read_text()))
    assert int(world.creator.ok("channel", "settle", path)["total"]) == total > 0
    line = account(world, world.bob, "channel:")
    assert int(line["used"]) == int(line["signed"]) == total and line["reserved"] == "0", line
    assert world.gateway.stop() == 0
    checks = world.gateway.audit()
    assert checks["ledger sums"]["ok"], checks
