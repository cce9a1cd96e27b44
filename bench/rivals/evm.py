"""Gas of a Solidity verifier on a fresh anvil: compile, deploy, call with given calldata."""
import json
import pathlib
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANVIL = ROOT / "contracts/node_modules/.bin/anvil"
SOLC = ROOT / "contracts/node_modules/solc"

# solc is npm's build for node; its standard-JSON interface through a few lines of JavaScript.
COMPILE = """
const solc = require(process.argv[1]);
let text = '';
process.stdin.on('data', (part) => (text += part)).on('end', () => process.stdout.write(solc.compile(text)));
"""


def compile_contracts(source, runs=200):
    """{name: creation code} of all contracts in a Solidity source text; raises RuntimeError with solc's errors."""
    settings = {"optimizer": {"enabled": True, "runs": runs}, "viaIR": False, "evmVersion": "osaka",
                "outputSelection": {"*": {"*": ["evm.bytecode.object"]}}}
    request = {"language": "Solidity", "sources": {"verifier.sol": {"content": source}}, "settings": settings}
    done = subprocess.run(["node", "-e", COMPILE, str(SOLC)], input=json.dumps(request), capture_output=True, text=True)
    answer = json.loads(done.stdout[done.stdout.index("{"):])
    errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    if errors:
        raise RuntimeError(errors[0])
    return {name: "0x" + c["evm"]["bytecode"]["object"] for name, c in answer["contracts"]["verifier.sol"].items()}


class Chain:
    """An anvil of its own with Osaka's rules; use as a context manager."""

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([str(ANVIL), "--port", str(port), "--hardfork", "osaka", "--silent",
                                         "--gas-limit", "1000000000", "--code-size-limit", "1000000"])
        for _ in range(100):
            try:
                self.account = self.rpc("eth_accounts")[0]
                return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("anvil does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request, timeout=60))
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def send(self, to, data):
        """The receipt of a transaction that must succeed."""
        fields = {"from": self.account, "data": data, "gas": hex(500_000_000)}
        if to:
            fields["to"] = to
        transaction = self.rpc("eth_sendTransaction", fields)
        for _ in range(600):
            receipt = self.rpc("eth_getTransactionReceipt", transaction)
            if receipt is None:
                time.sleep(0.1)
                continue
            if int(receipt["status"], 16) != 1:
                raise RuntimeError("the transaction was reverted")
            return receipt
        raise RuntimeError("the transaction was not mined in a minute")


def verifier_gas(source, calldata):
    """gasUsed of a whole transaction that calls the source's verifier contract with `calldata` (bytes)."""
    codes = compile_contracts(source)
    name = next(n for n in codes if "erifier" in n)
    with Chain() as chain:
        address = chain.send(None, codes[name])["contractAddress"]
        size = (len(chain.rpc("eth_getCode", address, "latest")) - 2) // 2
        used = int(chain.send(address, "0x" + calldata.hex())["gasUsed"], 16)
    return used, size
