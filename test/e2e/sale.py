"""What the suites of a gateway that is paid on a chain share: buyers who sign, a gateway of the creator's, a model for sale."""
import json
import subprocess
import time

import onnx_bytes
from catalogue import constant_feed
from gateway import Server
from harness import MINTMARK, MNIST, ROOT, Person

CAST = str(ROOT / "contracts/node_modules/@foundry-rs/cast-linux-amd64/bin/cast")
ROYALTY_PPM = 150_000
IN, OUT = 7, 10  # tokens of the scripted answer
CALL_WEI = (IN * 10**6 + OUT * 10**7) * 10**6 // 2500  # $1 and $10 per million tokens, $2,500 per ether


class Buyer(Person):
    def cast(self, *arguments):
        keystore = self.home / "keystore" / f"{self.name}.json"
        done = subprocess.run([CAST, *arguments, "--keystore", str(keystore), "--password", "secret " + self.name],
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def message(self, server, **changes):
        nonce = json.loads(server.request("GET", "/auth/nonce")[2])
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        fields = {"domain": nonce["domain"], "uri": nonce["uri"], "chain": nonce["chain_id"], "nonce": nonce["nonce"], **changes}
        return (f"{fields['domain']} wants you to sign in with your Ethereum account:\n{self.address()}\n\nI want to ask.\n\n"
                f"URI: {fields['uri']}\nVersion: 1\nChain ID: {fields['chain']}\nNonce: {fields['nonce']}\nIssued At: {issued}")

    def sign_in(self, server, message=None, signer=None):
        message = message or self.message(server)
        body = {"message": message, "signature": (signer or self).cast("wallet", "sign", message)}
        status, _, data = server.request("POST", "/auth/verify", body)
        return status, json.loads(data)


def call(world, buyer, status=200, stream=False, **headers):
    got, head, answer = world.gateway.chat(stream=stream, key=buyer.key,
                                           headers={f"X-Mintmark-{name.title()}": value for name, value in headers.items()})
    assert got == status, (got, answer)
    return head, json.loads(answer[-2]) if stream and status == 200 else answer


def account(world, buyer, start):
    rows = json.loads(world.gateway.request("GET", "/v1/credits", key=buyer.key)[2])["accounts"]
    return next((row for row in rows if row["account"].startswith(start)), None)


def pass_voucher(world, buyer, number, total, node=None, chain_id=31337):
    until = int(time.time()) + 30 * 86_400
    usage = {"passId": number, "cumulative": total, "validUntil": until, "node": node or world.creator.address(),
             "receiptRoot": "0x" + "00" * 32}
    fields = [("passId", "uint256"), ("cumulative", "uint64"), ("validUntil", "uint64"), ("node", "address"),
              ("receiptRoot", "bytes32")]
    domain = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")]
    data = {"types": {"EIP712Domain": [{"name": n, "type": t} for n, t in domain],
                      "PassUsage": [{"name": n, "type": t} for n, t in fields]}, "primaryType": "PassUsage",
            "domain": {"name": "Mintmark Passes", "version": "1", "chainId": chain_id,
                       "verifyingContract": world.contract("AccessPass")}, "message": usage}
    return {**usage, "signature": buyer.cast("wallet", "sign", "--data", json.dumps(data))}


def hand_in(world, buyer, voucher, status=200):
    got, _, data = world.gateway.request("POST", "/v1/vouchers", voucher, key=buyer.key)
    assert got == status, (got, data)
    return json.loads(data)


class Sold(Server):
    """The creator's gateway: its first model has the chain's rates."""

    def __init__(self, world, folder, upstream, extra="", chain=""):
        self.world = world
        table = f'''[chain]
deployment = "{world.deployment}"
rpc_url = "{world.rpc_url}"
provider = "{world.creator.address()}"
exposure_units = 4
exposure_usd = "0.001"
{chain}
[siwe]
domain = "gateway.example"
uri = "https://gateway.example/"
{extra}
'''
        super().__init__(folder, upstream, table)

    def start(self):
        text = self.config.read_text()
        first = 'rates = { input_token = "1/M", output_token = "10/M" }'
        if first in text.split('id = "broken"')[0]:
            model = getattr(self.world, "model", 1)
            self.config.write_text(text.replace(first, f'rates = "chain"\nmodel = {model}\nversion = 1', 1))
        self.log = open(self.folder / "log", "ab")
        creator = self.world.creator
        self.process = subprocess.Popen([MINTMARK, "--json", "--home", str(creator.home), "--wallet", "creator", "serve",
                                         "--config", str(self.config)], stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env=creator.env)
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()[-2000:]
        self.port = json.loads(line)["port"]
        self.world.processes.append(self.process)


def derive(world, author):
    """The author's model, and the creator's, which owes it ROYALTY_PPM of what it earns. Returns the creator's."""
    source, data = world.folder / "first.onnx", world.folder / "first.json"
    source.write_bytes(onnx_bytes.dense())
    data.write_text(json.dumps({"input_data": [[0.5, -0.25]]}))
    parent = author.ok("model", "publish", source, "--name", "first", "--data", data, "--free")["model"]
    licence = author.ok("license", "grant", "--model", parent, "--share-ppm", ROYALTY_PPM, "--to", world.creator.address())["license"]
    child = world.creator.ok("derivative", "new", "--name", "lenet5", "--card", "ipfs://lenet5")["model"]
    world.creator.ok("derivative", "link", "--model", child, "--license", licence, "--relation", "fine-tune", "--max-stack-ppm",
                     ROYALTY_PPM)
    shown = world.creator.ok("derivative", "show", child)
    assert shown["state"] == "linked" and shown["ancestors"] == [{"model": parent, "ppm": ROYALTY_PPM}], shown.value
    world.parent = parent
    return child


def put_up_for_sale(world, buyers, author=None):
    """A chain with one model that costs CALL_WEI per scripted answer, derived from the author's if there is one; everybody has ten
    ether."""
    world.start_chain()
    for person in (world.platform, world.creator, *buyers, *([author] if author else [])):
        person.ok("wallet", "new", person.name)
        world.fund(person.address(), "10ETH")
    world.platform.ok("chain", "deploy")
    world.creator.ok("model", "push", MNIST / "lenet5.onnx", "--card", MNIST / "MODEL_CARD.md", "--name", "lenet5")
    of = ()
    if author:
        world.model = derive(world, author)
        of = ("--model", world.model)
    world.creator.ok("model", "publish", "lenet5", "--data", MNIST / "samples.json", "--architecture", "LeNet-5",
                     "--price-per-call", "0.001ETH", "--price-per-day", "0.0005ETH", *of)
    world.platform.ok("price", "currency", "--feed", constant_feed(world, 2_500 * 10**8), "--min", 100 * 10**8, "--max", 10**13)
    world.creator.ok("price", "set", "--model", getattr(world, "model", 1), "--rate", "input_token=1/M", "--rate", "output_token=10/M", "--free", "day")
