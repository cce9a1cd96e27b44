#!/usr/bin/env python3
"""A scripted OpenAI-compatible server for the gateway's tests; it runs no model. The model's name says what it does.

usage: scripted_upstream.py     prints {"port": N} and serves until it is ended
"""
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ["The", " quick", " brown", " fox", " jumps", " over", " the", " lazy", " dog", "."]
SEEN = []  # what was asked, for GET /seen


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/seen":
            return self.reply(200, SEEN)
        return self.reply(200, {"object": "list", "data": []})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            return self.reply(200, {"tokens": list(range(len(body["content"].split())))})
        model = body["model"]
        SEEN.append({"path": self.path, "body": body, "headers": dict(self.headers)})
        if model == "broken":
            return self.reply(500, {"error": {"message": "out of memory"}})
        if model == "html":
            return self.reply(200, b"<html>", "text/html")
        if model == "slow":
            time.sleep(8)
        if self.path.endswith("/embeddings"):
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            data = [{"object": "embedding", "index": i, "embedding": [0.5, -0.25]} for i in range(len(texts))]
            count = sum(len(text.split()) for text in texts)
            return self.reply(200, {"object": "list", "model": model, "data": data,
                                    "usage": {"prompt_tokens": count, "total_tokens": count}})
        if self.path.endswith("/images/generations"):
            return self.reply(200, {"created": 1, "data": [{"b64_json": "aGk="}] * body.get("n", 1)})
        usage = {"prompt_tokens": 7, "completion_tokens": len(WORDS), "total_tokens": 7 + len(WORDS)}
        if model == "liar":
            usage = {"prompt_tokens": 10**9, "completion_tokens": 10**9, "total_tokens": 2 * 10**9}
        if model == "silent":
            usage = None
        if self.path.endswith("/responses"):
            return self.response_api(body, usage)
        if body.get("stream"):
            return self.stream(body, usage)
        text = "".join(WORDS)
        chat = self.path.endswith("/chat/completions")
        choice = {"index": 0, "finish_reason": "stop"}
        choice["message" if chat else "text"] = {"role": "assistant", "content": text} if chat else text
        answer = {"id": "c1", "object": "chat.completion" if chat else "text_completion", "created": 1,
                  "model": model, "choices": [choice]}
        if usage:
            answer["usage"] = usage
        return self.reply(200, answer)

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def start_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def stream(self, body, usage):
        model, chat = body["model"], self.path.endswith("/chat/completions")
        self.start_stream()

        def event(delta, finish=None):
            choice = {"index": 0, "finish_reason": finish}
            choice["delta" if chat else "text"] = ({"role": "assistant", "content": delta} if delta else {}) if chat else delta
            return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}

        try:
            words = WORDS * 2000 if model == "endless" else WORDS
            for i, word in enumerate(words):
                if model == "garbage" and i == 3:
                    self.chunk("data: {\"choices\": [}\n\n")
                    continue
                if model == "dies" and i == 4:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.chunk(f"data: {json.dumps(event(word))}\n\n")
                if model == "endless":
                    time.sleep(0.02)
                if model == "slow-stream":
                    time.sleep(0.1)
            self.chunk(f"data: {json.dumps(event('', 'stop'))}\n\n")
            if usage and body.get("stream_options", {}).get("include_usage"):
                self.chunk("data: " + json.dumps({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model,
                                                  "choices": [], "usage": usage}) + "\n\n")
            self.chunk("data: [DONE]\n\n")
            self.chunk("")
        except OSError:
            SEEN.append({"hung_up": True})
            self.close_connection = True

    def response_api(self, body, usage):
        text = "".join(WORDS)
        message = {"id": "m1", "type": "message", "role": "assistant", "status": "completed",
                   "content": [{"type": "output_text", "text": text, "annotations": []}]}
        answer = {"id": "r1", "object": "response", "created_at": 1, "model": body["model"], "status": "completed",
                  "output": [message], "parallel_tool_calls": True, "tools": [], "tool_choice": "auto"}
        if usage:
            answer["usage"] = {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"],
                               "total_tokens": usage["total_tokens"]}
        if not body.get("stream"):
            return self.reply(200, answer)
        self.start_stream()
        for i, word in enumerate(WORDS):
            delta = {"type": "response.output_text.delta", "delta": word, "item_id": "m1", "output_index": 0,
                     "content_index": 0, "sequence_number": i}
            self.chunk(f"event: response.output_text.delta\ndata: {json.dumps(delta)}\n\n")
        done = {"type": "response.completed", "response": answer, "sequence_number": len(WORDS)}
        self.chunk(f"event: response.completed\ndata: {json.dumps(done)}\n\n")
        self.chunk("")
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # gateways are killed here on purpose


def main():
    server = Server(("127.0.0.1", 0), Upstream)
    print(json.dumps({"port": server.server_port}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
