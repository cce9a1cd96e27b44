"""OpenTelemetry: a collector of our own takes OTLP over HTTP; the real gateway in front of the scripted upstream."""
import http.client
import json
import pathlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway import Server, start_upstream
from harness import Suite

suite = Suite()
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """Keeps the spans that it is sent; answers with `status`."""

    def __init__(self):
        self.spans, self.services, self.paths, self.status = [], set(), set(), 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.paths.add((self.path, self.headers["Content-Type"]))
                if collector.status == 200:
                    for resource in body["resourceSpans"]:
                        collector.services.add(resource["resource"]["attributes"][0]["value"]["stringValue"])
                        collector.spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def trace(self, trace_id, count):
        """The spans of a trace by name, once `count` are there."""
        end = time.monotonic() + 60
        while True:
            found = {span["name"]: span for span in self.spans if span["traceId"] == trace_id}
            if len(found) >= count:
                return found
            assert time.monotonic() < end, (found, self.spans[-3:])
            time.sleep(0.02)


def attributes(span):
    return {row["key"]: row["value"].get("stringValue", row["value"].get("intValue")) for row in span["attributes"]}


def last_seen(world):
    connection = http.client.HTTPConnection("127.0.0.1", world.upstream, timeout=10)
    connection.request("GET", "/seen")
    return [entry for entry in json.loads(connection.getresponse().read()) if "headers" in entry][-1]["headers"]


@suite.test
def nothing_is_traced_or_sent_by_default(world):
    world.scripted, world.upstream = start_upstream()
    world.processes.append(world.scripted)
    quiet = Server(world.folder / "untraced", world.upstream)
    world.processes.append(quiet.process)
    assert quiet.chat(headers={"traceparent": PARENT})[0] == 200
    assert "traceparent" not in {name.lower() for name in last_seen(world)}
    assert b"mintmark_traces" not in quiet.request("GET", "/metrics")[2]
    # All that it has connected to is this machine.
    table = pathlib.Path(f"/proc/{quiet.process.pid}/net/tcp").read_text().splitlines()[1:]
    inodes = {pathlib.Path(path).readlink().name for path in pathlib.Path(f"/proc/{quiet.process.pid}/fd").iterdir() if path.is_symlink()}
    mine = [line.split() for line in table if f"socket:[{line.split()[9]}]" in inodes]
    assert mine and all(row[2].split(":")[0] in ("0100007F", "00000000") for row in mine), mine
    assert quiet.stop() == 0


@suite.test
def a_request_is_one_trace_from_the_caller_to_the_upstream(world):
    world.collector = Collector()
    world.traced = Server(world.folder / "traced", world.upstream,
                          extra=f'[traces]\nendpoint = "http://127.0.0.1:{world.collector.port}/v1/traces"\nservice = "test"\ninterval_ms = 50\n')
    world.processes.append(world.traced.process)
    for stream in (False, True):
        trace = f"{0xabc0 + stream:032x}"
        head = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "vendor=x"}
        began = time.time_ns()
        status, answered, _ = world.traced.chat(stream=stream, headers=head)
        assert status == 200
        spans = world.collector.trace(trace, 3)
        server, upstream, commit = spans["POST /v1/chat/completions"], spans["chat"], spans["ledger commit"]
        assert server["parentSpanId"] == "b7ad6b7169203331" and server["kind"] == 2 and upstream["kind"] == 3
        assert upstream["parentSpanId"] == commit["parentSpanId"] == server["spanId"] != upstream["spanId"]
        seen = last_seen(world)
        assert seen["traceparent"] == f"00-{trace}-{upstream['spanId']}-01" and seen["tracestate"] == "vendor=x"
        for span in spans.values():
            begin, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
            assert began - 10**9 <= begin <= end <= time.time_ns() + 10**9
            assert int(server["startTimeUnixNano"]) <= begin and end <= int(server["endTimeUnixNano"])
        told = attributes(server)
        assert told["http.response.status_code"] == "200" and told["gen_ai.request.model"] == "good"
        assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == ("7", "10")
        assert told["mintmark.cost_pico_usd"] == "107000000" and told["mintmark.entitlement"] == "grant"
        assert told["mintmark.request_id"] == answered["X-Request-Id"]
        assert attributes(upstream)["mintmark.upstream"] == "main"
    assert world.collector.services == {"test"} and world.collector.paths == {("/v1/traces", "application/json")}


@suite.test
def a_failure_is_marked_and_nothing_private_is_told(world):
    trace = f"{0xbad:032x}"
    assert world.traced.chat("broken", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})[0] == 502
    spans = world.collector.trace(trace, 2)
    assert spans["POST /v1/chat/completions"]["status"]["code"] == 2 and spans["chat"]["status"]["code"] == 2
    assert attributes(spans["POST /v1/chat/completions"])["error.type"] == "upstream_error"
    trace = f"{0xbad1:032x}"
    secret = "a model's name of a stranger's making"
    assert world.traced.chat(secret, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})[0] == 404
    world.collector.trace(trace, 1)
    everything = json.dumps(world.collector.spans)
    for text in (secret, "Tell me about foxes", "quick brown", world.traced.key, "mm_"):
        assert text not in everything, text


@suite.test
def without_a_caller_a_trace_begins_here_and_an_unsampled_one_is_not_sent(world):
    before = len(world.collector.spans)
    trace = f"{0xdead:032x}"
    assert world.traced.chat(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-00"})[0] == 200
    assert last_seen(world)["traceparent"].startswith(f"00-{trace}-") and last_seen(world)["traceparent"].endswith("-00")
    assert world.traced.chat(headers={"traceparent": "no traceparent"})[0] == 200
    own = last_seen(world)["traceparent"].split("-")[1]
    spans = world.collector.trace(own, 3)
    assert "parentSpanId" not in spans["POST /v1/chat/completions"]
    assert len(world.collector.spans) == before + 3 and trace not in json.dumps(world.collector.spans)


@suite.test
def a_collector_that_is_away_costs_no_request_and_gets_the_spans_later(world):
    world.collector.status = 503
    trace = f"{0xcafe:032x}"
    assert world.traced.chat(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})[0] == 200
    end = time.monotonic() + 60
    while b'mintmark_traces{what="failures"} 0' in world.traced.request("GET", "/metrics")[2]:
        assert time.monotonic() < end
        time.sleep(0.02)
    world.collector.status = 200
    world.collector.trace(trace, 3)
    assert b'mintmark_traces{what="dropped"} 0' in world.traced.request("GET", "/metrics")[2]
    trace = f"{0xcaff:032x}"
    assert world.traced.chat(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})[0] == 200
    assert world.traced.stop() == 0
    world.collector.trace(trace, 3)
