"""The gateway without a chain: the real program in front of a scripted upstream (test/gateway/scripted_upstream.py)."""
import concurrent.futures
import hashlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from harness import INVALID, MINTMARK, ROOT, Suite

suite = Suite()
TESTS = ROOT / "test/gateway"
TEXT = "The quick brown fox jumps over the lazy dog."
LONGEST = {"endless": 3000}  # a minute of tokens
MODELS = ["good", "broken", "html", "slow", "slow-stream", "liar", "silent", "endless", "garbage", "dies"]


class Server:
    """A running gateway and its configuration."""

    def __init__(self, folder, upstream_port, extra="", server="", credit="1", port=0):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = "mm_" + "11" * 24
        self.config = folder / "gateway.toml"
        models = "".join(f'[[models]]\nid = "{name}"\nupstreams = ["main"]\nmax_output_tokens = {LONGEST.get(name, 100)}\n'
                         'rates = { input_token = "1/M", output_token = "10/M" }\n' for name in MODELS)
        self.config.write_text(f"""
[server]
port = {port}
{server}
[log]
requests = false
[[upstreams]]
name = "main"
url = "http://127.0.0.1:{upstream_port}/v1"
tokenize_url = "http://127.0.0.1:{upstream_port}/tokenize"
first_byte_ms = 4000
{models}
[[models]]
id = "painter"
upstreams = ["main"]
rates = {{ image = "0.01" }}
[[grants]]
name = "tests"
key_sha256 = "{hashlib.sha256(self.key.encode()).hexdigest()}"
credit_usd = "{credit}"
{extra}
""")
        self.start()

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([MINTMARK, "--json", "serve", "--config", str(self.config)], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=90)
        return self.process.returncode

    def request(self, method, path, body=None, key=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        connection.request(method, path, json.dumps(body) if isinstance(body, (dict, list)) else body, head)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), data

    def chat(self, model="good", stream=False, key=None, headers=None, **more):
        body = {"model": model, "messages": [{"role": "user", "content": "Tell me about foxes."}], "max_tokens": 50, **more}
        if stream:
            body["stream"] = True
        status, head, data = self.request("POST", "/v1/chat/completions", body, key, headers)
        return (status, head, events(data)) if stream and status == 200 else (status, head, json.loads(data))

    def spent(self):
        return float(json.loads(self.request("GET", "/v1/credits")[2])["key"]["spent_usd"])

    def audit(self):
        done = subprocess.run([MINTMARK, "--json", "doctor", "--config", str(self.config)], capture_output=True, text=True,
                              timeout=60, check=False)
        checks = {row["check"]: row for row in json.loads(done.stdout.splitlines()[0])["checks"]}
        return checks


def events(data):
    return [line[6:] for line in data.decode().splitlines() if line.startswith("data: ")]


def text_of(lines):
    return "".join(choice["delta"].get("content", "") for line in lines if line != "[DONE]" and "choices" in json.loads(line)
                   for choice in json.loads(line)["choices"])


def seen(world):
    """What the scripted upstream was asked so far."""
    connection = http.client.HTTPConnection("127.0.0.1", world.upstream_port, timeout=30)
    connection.request("GET", "/seen")
    return json.loads(connection.getresponse().read())


def until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def start_upstream():
    process = subprocess.Popen([sys.executable, str(TESTS / "scripted_upstream.py")], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["port"]


@suite.test
def the_gateway_starts(world):
    process, world.upstream_port = start_upstream()
    world.processes.append(process)
    world.gateway = Server(world.folder / "gateway", world.upstream_port)
    world.processes.append(world.gateway.process)
    assert world.gateway.request("GET", "/healthz")[0] == 200
    assert json.loads(world.gateway.request("GET", "/readyz")[2])["ready"] is True
    assert b"mintmark_requests_total" in world.gateway.request("GET", "/metrics")[2]


@suite.test
def the_openai_package_of_npm_works_unmodified(world):
    if not (TESTS / "node_modules").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=TESTS, check=True,
                       timeout=300)
    done = subprocess.run(["node", "openai_client.mjs", f"http://127.0.0.1:{world.gateway.port}/v1", world.gateway.key],
                          cwd=TESTS, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert not result["failed"] and result["passed"] >= 9, "\n".join(result["failed"])


@suite.test
def streamed_and_whole_cost_the_same(world):
    before = world.gateway.spent()
    _, head, whole = world.gateway.chat()
    middle = world.gateway.spent()
    _, _, lines = world.gateway.chat(stream=True)
    after = world.gateway.spent()
    assert abs((middle - before) - (after - middle)) < 1e-15 and middle > before
    assert lines[-1] == "[DONE]"
    last = json.loads(lines[-2])
    assert last["usage"]["cost"] == whole["usage"]["cost"] == float(head["X-Mintmark-Cost-Usd"]) == 7e-6 + 100e-6
    receipt = json.loads(world.gateway.request("GET", head["X-Mintmark-Receipt"])[2])
    assert receipt["pico_usd"] == "107000000" and receipt["state"] == "settled"


@suite.test
def an_upstream_that_lies_or_is_silent_is_counted(world):
    _, _, answer = world.gateway.chat("liar")
    usage = json.loads(json.loads(world.gateway.request("GET", "/v1/receipts/" + answer["usage"]["cost_details"]["receipt"])[2])["usage"])
    assert usage["output_token"] == 9, "the tokenizer's count"
    assert usage["input_token"] < 500, "no more than the prompt's bytes"
    for stream in (False, True):
        _, _, answer = world.gateway.chat("silent", stream=stream)
        cost = json.loads(answer[-2])["usage"]["cost"] if stream else answer["usage"]["cost"]
        assert abs(cost - (5e-6 + 90e-6)) < 1e-12, cost
    assert b"mintmark_usage_corrected_total" in world.gateway.request("GET", "/metrics")[2]


@suite.test
def what_fails_costs_nothing(world):
    before = world.gateway.spent()
    for model, status, code in (("broken", 502, "upstream_error"), ("html", 502, "upstream_unavailable"),
                                ("slow", 504, "upstream_timeout")):
        got, _, answer = world.gateway.chat(model)
        assert got == status and answer["error"]["code"] == code, (model, got, answer)
    assert world.gateway.spent() == before


@suite.test
def a_broken_stream_says_so_and_costs_what_came(world):
    for model in ("garbage", "dies"):
        before = world.gateway.spent()
        _, _, lines = world.gateway.chat(model, stream=True)
        assert "upstream_broken" in lines[-2] + lines[-1], lines
        assert text_of([line for line in lines if "choices" in line]).startswith("The quick brown")
        assert 0 < world.gateway.spent() - before < 107e-6


@suite.test
def a_client_that_hangs_up_pays_for_what_was_produced(world):
    before = world.gateway.spent()
    body = json.dumps({"model": "endless", "stream": True, "max_tokens": 3000, "messages": [{"role": "user", "content": "x"}]})
    with socket.create_connection(("127.0.0.1", world.gateway.port)) as connection:
        connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.gateway.key}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        received = b""
        while received.count(b"data: ") < 10:
            received += connection.recv(4096)
    until(lambda: world.gateway.spent() > before)
    assert 50e-6 < world.gateway.spent() - before < 20_000e-6  # a busy machine notices late; all of it would be 30,000e-6
    until(lambda: any("hung_up" in entry for entry in seen(world)))  # or it would go on although nobody listens


@suite.test
def an_idempotency_key_is_charged_once(world):
    for stream in (False, True):
        before = world.gateway.spent()
        headers = {"Idempotency-Key": f"k-{stream}"}
        first = world.gateway.chat(stream=stream, headers=headers)
        once = world.gateway.spent()
        second = world.gateway.chat(stream=stream, headers=headers)
        assert first[2] == second[2] and second[1]["X-Mintmark-Replayed"] == "true"
        assert world.gateway.spent() == once > before
    assert world.gateway.chat(headers={"Idempotency-Key": "k-False"}, max_tokens=20)[0] == 409


@suite.test
def parallel_requests_cannot_overdraw_a_grant(world):
    server = Server(world.folder / "poor", world.upstream_port, credit="0.005")
    world.processes.append(server.process)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        results = list(pool.map(lambda _: server.chat()[0], range(200)))
    assert set(results) <= {200, 402} and 402 in results, set(results)
    assert abs(server.spent() - results.count(200) * 107e-6) < 1e-12 and server.spent() <= 0.005
    status, _, answer = server.chat(max_tokens=100)
    if status == 402:
        assert answer["error"]["code"] == "insufficient_quota", answer
    server.stop()
    assert server.audit()["ledger sums"]["ok"]


@suite.test
def bad_calls_are_refused_in_the_apis_own_shape(world):
    gateway = world.gateway
    good = {"model": "good", "messages": [{"role": "user", "content": "x"}]}
    for body, param in (("{", None), ([], None), ({"messages": []}, "model"), ({**good, "n": 0}, "n"), ({**good, "n": 10**18}, "n"),
                        ({**good, "max_tokens": 101}, "max_tokens"), ({**good, "max_tokens": -1}, "max_tokens"),
                        ({**good, "stream": "yes"}, "stream"), ({**good, "messages": "x"}, "messages")):
        status, head, data = gateway.request("POST", "/v1/chat/completions", body)
        error = json.loads(data)["error"]
        assert status == 400 and error["type"] == "invalid_request_error" and error["param"] == param, (body, error)
        assert head["X-Request-Id"]
    assert gateway.request("GET", "/v1/chat/completions")[0] == 405
    assert gateway.request("GET", "/v1/nothing")[0] == 404
    assert gateway.request("POST", "/v1/chat/completions", good, key="x" * 600)[0] == 401
    assert gateway.request("GET", "/v1/receipts/req_0")[0] == 404
    deep = '{"model":"good","messages":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert gateway.request("POST", "/v1/chat/completions", deep)[0] == 400
    status, _, data = gateway.request("POST", "/v1/chat/completions", b"x" * (9 << 20))
    assert status == 413 and json.loads(data)["error"]["code"] == "invalid_http"


@suite.test
def upstreams_fail_over(world):
    extra = f'[[upstreams]]\nname = "dead"\nurl = "http://127.0.0.1:1/v1"\n[[models]]\nid = "two"\nupstream_model = "good"\n' \
            'upstreams = ["dead", "main"]\nrates = { output_token = "1/M", input_token = "free" }\n'
    server = Server(world.folder / "two", world.upstream_port, extra, 'requests_per_minute = 5')
    world.processes.append(server.process)
    for _ in range(2):
        status, head, answer = server.chat("two")
        assert status == 200 and answer["model"] == "two" and answer["choices"][0]["message"]["content"] == TEXT
    assert b'mintmark_upstream_healthy{upstream="dead"} 0' in server.request("GET", "/metrics")[2]
    assert head["x-ratelimit-limit-requests"] == "5" and int(head["x-ratelimit-remaining-requests"]) == 3
    statuses = [server.chat()[0] for _ in range(6)]
    assert statuses.count(429) >= 2, statuses
    server.stop()
    assert not server.audit()["upstream dead"]["ok"] and server.audit()["upstream main"]["ok"]


@suite.test
def sigterm_lets_requests_finish(world):
    server = Server(world.folder / "drain", world.upstream_port)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(server.chat, "slow-stream", True) for _ in range(3)]
        until(lambda: sum(entry.get("body", {}).get("model") == "slow-stream" for entry in seen(world)) == 3)
        server.process.send_signal(signal.SIGTERM)
        for future in running:
            status, _, lines = future.result()
            assert status == 200 and lines[-1] == "[DONE]" and text_of(lines) == TEXT
    assert server.process.wait(timeout=90) == 0


@suite.test
def a_kill_neither_loses_nor_doubles_a_charge(world):
    server = Server(world.folder / "killed", world.upstream_port, credit="100")
    answered = []

    def load(i):
        try:
            status, head, _ = server.chat(stream=i % 2 == 0, headers={"Idempotency-Key": f"i{i}"})
            if status == 200:
                answered.append((i, head["X-Request-Id"]))
        except (OSError, http.client.HTTPException):
            pass

    for round_number in range(3):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(load, round_number * 1000 + i) for i in range(100)]
            until(lambda: len(answered) >= 10 * (round_number + 1) or all(job.done() for job in jobs))
            server.stop(signal.SIGKILL)
            concurrent.futures.wait(jobs)
        assert server.audit()["ledger sums"]["ok"]
        server.start()
        world.processes.append(server.process)
    rows = dict(sqlite3.connect(f"file:{server.folder}/ledger.db?mode=ro", uri=True).execute(
        "SELECT id, state FROM requests").fetchall())
    assert len(answered) > 20 and all(rows.get(name) == "settled" for _, name in answered), "an answered request is lost"
    assert "reserved" not in rows.values()
    spent = server.spent()
    for i, name in answered[:5]:
        _, head, _ = server.chat(stream=i % 2 == 0, headers={"Idempotency-Key": f"i{i}"})
        assert head["X-Request-Id"] == name and head["X-Mintmark-Replayed"] == "true"
    assert server.spent() == spent
    server.stop()


@suite.test
def the_file_is_checked_before_anything_starts(world):
    original = world.gateway.config.read_text()
    broken = world.folder / "broken.toml"
    for change, says in ((("port = 0", "port = 70000"), "server.port: must be from 0 to 65535"),
                         (("requests = false", 'requests = "no"'), "log.requests: must be true or false"),
                         (('id = "html"', 'id = "good"'), "two models have the id good"),
                         (('output_token = "10/M"', 'output_tokens = "10/M"'), "output_tokens"),
                         (('credit_usd = "1"', 'credit_usd = "a"'), "is no amount of dollars"),
                         (("[log]", "[logs]"), "logs: is no setting"),
                         (('url = "http://127', 'url = "ftp://127'), "neither http:// nor https://"),
                         (("[log]", "[log"), "broken.toml:")):
        broken.write_text(original.replace(*change))
        assert broken.read_text() != original
        world.platform.refused(INVALID, "serve", "--config", broken, says=says)


@suite.test
def tls_serves(world):
    folder = world.folder / "tls"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    server = Server(folder, world.upstream_port, server='tls_certificate = "cert.pem"\ntls_key = "key.pem"')
    world.processes.append(server.process)
    script = ("import OpenAI from 'openai'; const c = new OpenAI({baseURL: process.argv[1], apiKey: process.argv[2], maxRetries: 0});"
              "console.log((await c.chat.completions.create({model: 'good', messages: [{role: 'user', content: 'x'}]})).usage.cost)")
    done = subprocess.run(["node", "--input-type=module", "-e", script, f"https://localhost:{server.port}/v1", server.key],
                          cwd=TESTS, env=dict(os.environ, NODE_EXTRA_CA_CERTS=str(folder / "cert.pem")), capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and float(done.stdout) > 0, done.stderr
    server.stop()
