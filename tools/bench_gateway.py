#!/usr/bin/env python3
"""The gateway against nginx as plain reverse proxy and LiteLLM's proxy (PyPI, pinned), same upstream, same run.

usage: bench_gateway.py [--seconds N] [--connections N] [--streams N] [--litellm PYTHON|none]
Server on core 0; upstream (nginx with a fixed answer) and wrk on core 1. Durable metering is on. Rows go to build/bench-gateway.jsonl.
"""
import argparse
import asyncio
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/bench-gateway"
ROWS = ROOT / "build/bench-gateway.jsonl"
MINTMARK = os.environ.get("MINTMARK", str(ROOT / "build/release/apps/mintmark/mintmark"))
LITELLM_PACKAGE = "litellm[proxy]==1.108.7"
KEY = "mm_" + "22" * 24
ANSWER = {"id": "c", "object": "chat.completion", "created": 1, "model": "up",
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}],
          "usage": {"prompt_tokens": 14, "completion_tokens": 2, "total_tokens": 16}}
BODY = {"model": "up", "messages": [{"role": "user", "content": "What is the capital of France?"}], "max_tokens": 16}
UPSTREAM, PROXY, GATEWAY, LITELLM, SSE = 18801, 18802, 18803, 18804, 18805


def litellm_python(named):
    """Of a virtual environment with LiteLLM's proxy; made below build/ once."""
    if named:
        return None if named == "none" else named
    program = ROOT / "build/litellm/bin/python"
    if not program.exists():
        venv.create(program.parents[1], with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", LITELLM_PACKAGE], check=True, timeout=1800)
    return program


def pinned(core, *command, **more):
    return subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], **more)


def nginx(core, name, servers):
    path = FOLDER / f"{name}.conf"
    path.write_text(f"""worker_processes 1; daemon off; pid {FOLDER}/{name}.pid; error_log {FOLDER}/{name}.log;
events {{ worker_connections 20000; }}
http {{ access_log off; client_body_temp_path {FOLDER}/{name}-body; proxy_temp_path {FOLDER}/{name}-proxy;
fastcgi_temp_path {FOLDER}/t1; uwsgi_temp_path {FOLDER}/t2; scgi_temp_path {FOLDER}/t3; keepalive_requests 100000000; {servers} }}""")
    return pinned(core, "nginx", "-c", path, "-p", FOLDER)


def start_servers(litellm):
    answer = json.dumps(ANSWER).replace("'", "\\'")
    processes = [nginx(1, "upstream", f"server {{ listen 127.0.0.1:{UPSTREAM}; location / {{ default_type application/json; "
                                      f"return 200 '{answer}'; }} }}"),
                 nginx(0, "proxy", f"upstream u {{ server 127.0.0.1:{UPSTREAM}; keepalive 256; keepalive_requests 100000000; }} "
                                   f"server {{ listen 127.0.0.1:{PROXY}; location / {{ proxy_pass http://u; proxy_http_version 1.1; "
                                   "proxy_set_header Connection \"\"; } }")]
    config = FOLDER / "gateway.toml"
    model = 'rates = { input_token = "0.05/M", output_token = "0.20/M" }'
    config.write_text(f"""[server]
port = {GATEWAY}
drain_ms = 500
[log]
requests = false
level = "warning"
[[upstreams]]
name = "u"
url = "http://127.0.0.1:{UPSTREAM}/v1"
[[upstreams]]
name = "sse"
url = "http://127.0.0.1:{SSE}/v1"
[[models]]
id = "up"
upstreams = ["u"]
{model}
[[models]]
id = "slow"
upstreams = ["sse"]
{model}
[[grants]]
name = "bench"
key_sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"
credit_usd = "1000000"
""")
    gateway = pinned(0, MINTMARK, "--json", "serve", "--config", config, stdout=subprocess.DEVNULL)
    processes.append(gateway)
    if litellm:
        yaml = FOLDER / "litellm.yaml"
        yaml.write_text(f"model_list:\n  - model_name: up\n    litellm_params:\n      model: openai/up\n      api_base: "
                        f"http://127.0.0.1:{UPSTREAM}/v1\n      api_key: x\nlitellm_settings:\n  num_retries: 0\ngeneral_settings:\n  master_key: {KEY}\n")
        processes.append(pinned(0, pathlib.Path(litellm).parent / "litellm", "--config", yaml, "--port", LITELLM, "--host",
                                "127.0.0.1", "--num_workers", 1, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=dict(os.environ, LITELLM_LOG="ERROR", LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY="true")))
    return processes, gateway


def wait_for(port, seconds=300):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(BODY).encode(),
                                     {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                assert b"Paris" in response.read()
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def wrk(port, seconds, connections):
    script = FOLDER / "post.lua"
    script.write_text(f"wrk.method='POST'\nwrk.path='/v1/chat/completions'\nwrk.body='{json.dumps(BODY)}'\n"
                      f"wrk.headers['Authorization']='Bearer {KEY}'\nwrk.headers['Content-Type']='application/json'\n")
    out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script,
                          f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {"requests_per_s": rate, "p99_ms": float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
            "not_2xx": int(bad[1]) if bad else 0}


def row(**values):
    values.update(load=os.getloadavg()[0], at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    with ROWS.open("a") as file:
        file.write(json.dumps(values) + "\n")
    print(json.dumps(values), flush=True)
    return values


async def sse_upstream(ready):
    chunk = "data: " + json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "x"},
                                                                                  "finish_reason": None}]}) + "\n\n"
    framed = f"{len(chunk):x}\r\n{chunk}\r\n".encode()

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(framed)
                await writer.drain()
                await asyncio.sleep(5)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass

    server = await asyncio.start_server(serve, "127.0.0.1", SSE, backlog=4096)
    ready.set()
    async with server:
        await server.serve_forever()


def rss_kb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def cpu_s(pid):
    """Processor time of a process and its children that run."""
    pids = [pid, *map(int, subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split())]
    ticks = 0
    for each in pids:
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def hold_streams(count, pid):
    ready = asyncio.Event()
    upstream = asyncio.create_task(sse_upstream(ready))
    await ready.wait()
    await asyncio.sleep(12)  # the health check finds the upstream
    before, body = rss_kb(pid), json.dumps({**BODY, "model": "slow", "stream": True, "max_tokens": 4000})
    request = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    connections, streaming = [], 0
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", GATEWAY)
        writer.write(request)
        connections.append((reader, writer))
        if len(connections) % 100 == 0:
            await asyncio.sleep(0)
    for reader, _ in connections:
        data = await asyncio.wait_for(reader.readuntil(b"data: "), 60)
        streaming += b"200 OK" in data
    await asyncio.sleep(6)
    held = rss_kb(pid)
    for _, writer in connections:
        writer.close()
    upstream.cancel()
    return {"streams": streaming, "kb_each": (held - before) / max(streaming, 1)}


def index_start():
    """The index with a million events, made by its own decoder: how long a start takes."""
    program = ROOT / "build/release/src/mintmark/index/mintmark_index_test"
    done = subprocess.run([program, "--gtest_filter=*AStartDoesNotDepend*"], capture_output=True, text=True, check=False,
                          env=dict(os.environ, MINTMARK_EVENTS=os.environ.get("MINTMARK_EVENTS", "1000000")))
    line = next((line for line in done.stdout.splitlines() if line.startswith('{"what": "index_start"')), None)
    return row(**json.loads(line)) if line else row(what="index_start", failed=done.stdout[-500:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--litellm", help="python of a virtual environment with litellm[proxy]; none: without it")
    args = parser.parse_args()
    args.litellm = litellm_python(args.litellm)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    index_start()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    processes, gateway = start_servers(args.litellm)
    try:
        ports = {"nginx": PROXY, "mintmark": GATEWAY, **({"litellm": LITELLM} if args.litellm else {})}
        best, pids = {}, {"nginx": processes[1].pid, "mintmark": gateway.pid, "litellm": processes[-1].pid}
        for name, port in ports.items():
            wait_for(port)
            wrk(port, 2, args.connections)
        for turn in range(3):
            for name, port in ports.items():
                before, result = cpu_s(pids[name]), wrk(port, args.seconds, args.connections)
                used = (cpu_s(pids[name]) - before) / (result["requests_per_s"] * args.seconds)
                measured = row(what=name, turn=turn, connections=args.connections, cpu_us_per_request=used * 1e6, **result)
                best.setdefault(name, []).append(measured)
        streams = row(what="streams", **asyncio.run(hold_streams(args.streams, gateway.pid))) if args.streams else None
        middle = {name: sorted(rows, key=lambda r: r["requests_per_s"])[1] for name, rows in best.items()}
        share = middle["mintmark"]["requests_per_s"] / middle["nginx"]["requests_per_s"]
        verdict = {"share_of_nginx": share, "p99_over_nginx": middle["mintmark"]["p99_ms"] / middle["nginx"]["p99_ms"],
                   "cpu_over_nginx": middle["mintmark"]["cpu_us_per_request"] / middle["nginx"]["cpu_us_per_request"]}
        if "litellm" in middle:
            verdict["times_litellm"] = middle["mintmark"]["requests_per_s"] / middle["litellm"]["requests_per_s"]
        if streams:
            verdict["kb_per_stream"] = streams["kb_each"]
        row(what="verdict", **verdict)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)
    return 0 if gateway.returncode in (0, -15) else 1


if __name__ == "__main__":
    sys.exit(main())
