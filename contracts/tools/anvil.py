"""An anvil of one's own, with the steps of its calls."""
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "node_modules/.bin/anvil"
# What a step is, and nothing that takes time to write down.
STEPS = {"disableStack": True, "disableStorage": True, "enableMemory": False, "enableReturnData": False}


class Node:
    def __init__(self, *options):
        command = [PROGRAM, "--port", "0", "--hardfork", "osaka", "--steps-tracing", "--gas-limit", "1000000000", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"Listening on (\S+)", line):
                self.url = "http://" + found[1]
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()

    def ask(self, method, *params):
        """The answer's bytes, whatever it is."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as response:
            return response.read()

    def rpc(self, method, *params):
        answer = json.loads(self.ask(method, *params))
        if "error" in answer:
            sys.exit(f"anvil: {method}: {answer['error']}")
        return answer["result"]

    def send(self, **call):
        """The hash and the receipt of a transaction from the first account."""
        sent = self.rpc("eth_sendTransaction", {"from": self.rpc("eth_accounts")[0], "gas": hex(16_000_000)} | call)
        for _ in range(600):
            if receipt := self.rpc("eth_getTransactionReceipt", sent):
                return sent, receipt
            time.sleep(0.1)
        sys.exit("anvil: no receipt")
