#!/usr/bin/env python3
"""An Infernet node's REST as infernet-node 1.4 has it (its openapi.yaml and server/rest.py), with scripted containers and no chain.

usage: infernet_node.py     prints {"port": N} and serves until it is ended
Containers: words (text), words2 (in "message"), openai (its answer has OpenAI's form), fails, half (its stream breaks off in the
middle, which the node ends like a good one), slow (never done), strange (output without text), inner (not external).
"""
import json
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTAINERS = ["words", "words2", "openai", "fails", "half", "slow", "strange", "inner"]
WORDS = ["Die", " schnellen", " Füchse", " springen", " über", " den", " faulen", " Hund", "."]
JOBS, SEEN = {}, []
looks = {"count": 0}


def output_of(container, data):
    text = "".join(WORDS)
    if container == "words2":
        return {"message": text}
    if container == "strange":
        return {"tensor": [1, 2]}
    if container == "openai":
        return {"id": "x", "object": "chat.completion", "created": 1, "model": data["model"],
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}}
    return {"output": text}


class Node(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/seen":
            return self.reply(200, SEEN)
        if path == "/health":
            return self.reply(200, {"status": "healthy"})
        if path == "/info":
            info = [{"id": name, "description": "", "external": name != "inner", "image": "example/" + name} for name in CONTAINERS]
            return self.reply(200, {"version": "1.4.0", "containers": info, "pending": {"offchain": 0, "onchain": 0},
                                    "chain": {"enabled": False, "address": ""}})
        if path != "/api/jobs":
            return self.reply(404, {})
        ids = urllib.parse.parse_qs(query).get("id", [])
        if not ids:
            return self.reply(200, list(JOBS))
        looks["count"] += 1
        if looks["count"] % 3 == 2:  # the node's rate limit
            return self.reply(429, {})
        return self.reply(200, [JOBS[one] for one in ids if one in JOBS])

    def run(self, job, container, data):
        time.sleep(0.05)
        JOBS[job] = {"id": job, "status": "running", "result": None}
        if container == "slow":
            return
        time.sleep(0.05)
        if container in ("fails", "half"):
            JOBS[job] = {"id": job, "status": "failed", "result": {"container": container, "error": "CUDA out of memory"}}
        else:
            JOBS[job] = {"id": job, "status": "success", "result": {"container": container, "output": output_of(container, data)}}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        SEEN.append({"path": self.path, "body": body, "headers": dict(self.headers)})
        if "containers" not in body or "data" not in body:
            return self.reply(500, {"error": "Internal server error: no match in union"})
        for name in body["containers"]:
            if name not in CONTAINERS:
                return self.reply(405, {"error": "Container not supported", "params": {"container": name}})
        first, job = body["containers"][0], str(uuid.uuid4())
        if first == "inner":
            return self.reply(405, {"error": "First container must be external", "params": {"first_container": first}})
        if self.path == "/api/jobs":
            threading.Thread(target=self.run, args=(job, first, body["data"]), daemon=True).start()
            return self.reply(200, {"id": job})
        return self.stream(job, first, body["data"])

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, job, container, data):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        JOBS[job] = {"id": job, "status": "running", "result": None}
        self.chunk(f"{job}\n".encode())
        text = "".join(WORDS).encode()
        if container == "half":
            text = text[:20]
        for at in range(0, len(text), 3):  # cuts through characters
            self.chunk(text[at:at + 3])
            time.sleep(0.005)
        if container == "half":
            JOBS[job] = {"id": job, "status": "failed", "result": {"container": container, "error": "CUDA out of memory"}}
        else:
            JOBS[job] = {"id": job, "status": "success", "result": {"container": container, "output": output_of(container, data)}}
        self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def main():
    server = Server(("127.0.0.1", 0), Node)
    print(json.dumps({"port": server.server_port}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
