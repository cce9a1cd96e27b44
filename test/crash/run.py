#!/usr/bin/env python3
"""A paid load while everything is killed, cut, delayed and re-organised. Last line: what was lost, doubled, or does not agree.

usage: run.py [--points N] [--seed N] [--engine redis|postgres|both|shared|all]     (N points in all, as many of each engine)
"shared": two gateways with one ledger in PostgreSQL, and every request to one of them at random; the others keep it in SQLite.
Per point, after a random pause: kill -9 of the gateway, of the worker, of Redis or PostgreSQL; the chain's RPC cut or delayed; a
re-organisation. Three buyers (pass, channel, NFT gate) and one of proofs ask all the time, streamed and not.
"""
import argparse
import collections
import http.client
import pathlib
import random
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/e2e")]

from customers import Customer, Prover  # noqa: E402  pylint: disable=wrong-import-position
from gateway import Server, start_upstream  # noqa: E402
from harness import MNIST, World  # noqa: E402
from jobs import pixels  # noqa: E402
from judge import Books  # noqa: E402
from parts import Kept, Postgres, Redis, RpcWay, free_port, ledger_rows, say, shared_rows  # noqa: E402
from sale import Buyer, put_up_for_sale  # noqa: E402

CONFIRMATIONS = 6
TEXT = """[chain]
deployment = "{deployment}"
rpc_url = "{rpc}"
provider = "{provider}"
exposure_units = 60
exposure_usd = "0.02"
refresh_s = 1
stale_s = 20
[siwe]
domain = "gateway.example"
uri = "https://gateway.example/"
[index]
path = "index.db"
poll_ms = 100
[settle]
path = "{settle}"
poll_ms = 100
age_s = 5
value = "2000000000000"
stuck_s = 5
confirmations = {confirmations}
[jobs]
queue = "{queue}"
store = "{store}"
srs = "{srs}"
lease_ms = 1500
poll_ms = 50
[[models]]
id = "lenet"
compiled = "{model}/model.compiled"
proving_key = "{model}/pk.key"
onnx = "{onnx}"
rates = {{ call = "0.001" }}
"""


SHARED = """[ledger]
url = "{url}"
name = "gateway-{number}"
lost_s = 3
"""


class Config(Server):
    """Only the file: the process is kept by somebody else."""

    def start(self):
        parts = self.config.read_text().split("[[models]]")
        for i, part in enumerate(parts):
            if 'id = "good"' in part or 'id = "slow-stream"' in part:
                parts[i] = part.replace('rates = { input_token = "1/M", output_token = "10/M" }',
                                        'rates = "chain"\nmodel = 1\nversion = 1')
        self.config.write_text("[[models]]".join(parts))


class Load:
    """A world with everything in it, and the people who buy."""

    def __init__(self, engine, seed):
        self.world = World("crash-" + engine)
        self.rng, self.seed, self.is_over = random.Random(seed), seed, threading.Event()
        self.is_shared = engine == "shared"
        self.ports = [free_port() for _ in range(2 if self.is_shared else 1)]
        world = self.world
        self.buyers = [Buyer(world, name) for name in ("paula", "chas", "gina")]
        put_up_for_sale(world, self.buyers)
        world.creator_address = world.creator.address()
        paula, chas, gina = self.buyers
        for buyer in self.buyers:
            world.fund(buyer.address(), "900ETH")
            buyer.lock = threading.Lock()
        paula.ok("pass", "buy", "--model", 1, "--calls", 500_000, "--days", 2, "--max-price", "600ETH")
        chas.ok("channel", "open", "--provider", world.creator_address, "--amount", "100ETH")
        gina.ok("pass", "buy", "--model", 1, "--calls", 1, "--days", 1, "--max-price", "0.5ETH")
        world.creator.ok("gate", "create", "--model", 1, "--kind", "nft", "--target", world.contract("AccessPass"),
                         "--quota", 500_000)
        world.rpc("anvil_mine", hex(20))  # what was bought is final
        self.way = RpcWay(world.rpc_url)
        self.engine = (Redis if engine == "redis" else Postgres)(world.folder)
        upstream_process, upstream = start_upstream()
        world.processes.append(upstream_process)
        self.pixels = pixels(sorted((MNIST / "images").glob("*.pgm"))[3])
        text = TEXT.format(deployment=world.deployment, rpc=self.way.url, provider=world.creator_address, queue=self.engine.url,
                           confirmations=CONFIRMATIONS, srs=world.deployment.parent / world.srs(), onnx=MNIST / "lenet5.onnx",
                           model=world.creator.home / "models/lenet5", settle="ledger" if self.is_shared else "settle.db",
                           store=world.folder / "store")
        self.configs = []
        for number, port in enumerate(self.ports):
            shared = SHARED.format(url=self.engine.url, number=number) if self.is_shared else ""
            self.configs.append(Config(world.folder / f"gateway-{number}", upstream, shared + text, credit="100", port=port))
        self.config, log = self.configs[0], world.folder / "log"
        self.gateways = [Kept(world, log, "serve", "--config", config.config) for config in self.configs]
        self.worker = Kept(world, world.folder / "worker-log", "worker", "--config", self.config.config)
        self.wait_for_gateway()
        for buyer in self.buyers:
            status, answer = buyer.sign_in(self.config)
            assert status == 200, answer
            buyer.key = answer["api_key"]
        prover = Buyer(world, "prover")
        prover.key = self.config.key
        self.customers = [Customer(self, buyer, kind, seed * 10 + i) for i, (buyer, kind) in enumerate(
            [(paula, "pass:1"), (paula, "pass:1"), (chas, "channel"), (chas, "channel"), (gina, "gate:1:2")])]
        self.prover = Prover(self, prover, "grant", seed * 10 + 9)

    def wait_for_gateway(self):
        end, waiting = time.monotonic() + 60, list(zip(self.configs, self.ports))
        while time.monotonic() < end:
            try:
                waiting[0][0].port = waiting[0][1]
                if waiting[0][0].request("GET", "/readyz")[0] == 200:
                    waiting.pop(0)
                if not waiting:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        raise AssertionError((self.world.folder / "log").read_text()[-3000:])

    def mine(self):
        while not self.is_mined.wait(0.2):
            try:
                self.world.rpc("evm_mine")
            except (OSError, AssertionError):
                pass

    def break_something(self, what):
        rng = self.rng
        if what == "gateway":
            rng.choice(self.gateways).kill()
        elif what == "worker":
            self.worker.kill()
        elif what == "queue":
            self.engine.kill()
        elif what == "rpc cut":
            self.way.cut(rng.uniform(0.05, 1.5))
        elif what == "rpc delay":
            self.way.slow(rng.uniform(0.02, 0.4), rng.uniform(0.2, 1.5))
        else:
            self.world.rpc("anvil_reorg", rng.randint(1, CONFIRMATIONS - 2), [])

    def run(self, points):
        self.is_mined = threading.Event()
        miner = threading.Thread(target=self.mine, daemon=True)
        miner.start()
        for customer in (*self.customers, self.prover):
            customer.start()
        done = collections.Counter()
        kinds = ["gateway"] * 4 + ["worker", "queue", "rpc cut", "rpc delay", "reorg"]
        for point in range(points):
            if self.rng.random() < 0.75:
                self.wait_for_gateway()  # so that most points hit a load that runs; the others hit what has not recovered
            time.sleep(self.rng.uniform(0.02, 0.6))
            what = self.rng.choice(kinds)
            self.break_something(what)
            done[what] += 1
            if point % 50 == 49:
                answered = sum(len(customer.answered) for customer in self.customers)
                starts = sum(gateway.starts for gateway in self.gateways)
                say(points=point + 1, answered=answered, proofs=len(self.prover.answered), starts=starts)
        self.is_over.set()
        for customer in (*self.customers, self.prover):
            customer.join(timeout=240)
            assert not customer.is_alive(), f"{customer.name} never came back"
        verdict = self.judge()
        self.is_mined.set()
        miner.join()
        return dict(done), verdict

    def judge(self):
        """The sums of answers, ledger and contracts."""
        signers = {customer.entitlement: customer for customer in self.customers}
        for customer in signers.values():
            end = time.monotonic() + 60
            while (due := customer.due()) is None or due[2] != due[3]:
                assert time.monotonic() < end, (customer.name, due)
                customer.sign()
                time.sleep(0.1)
        unfinished = self.unfinished_jobs()
        self.worker.stop()
        for gateway in self.gateways:
            gateway.stop()
        settled = self.world.creator.ok("settle", "--config", self.config.config, "--timeout-s", 120)
        assert settled["due"] == 0, settled.value
        requests, lanes = shared_rows(self.engine.url) if self.is_shared else ledger_rows(self.config.folder / "ledger.db")
        books = Books(requests, lanes, self.contracts(), [*self.customers, self.prover])
        books.prove_that_it_would_be_seen()
        return {**books.verdict(), "jobs_not_done": unfinished, "answered": sum(len(c.answered) for c in self.customers),
                "proofs": len(self.prover.answered), "interrupted_streams": sum(len(c.interrupted) for c in self.customers),
                "retries": sum(c.retries for c in self.customers)}

    def unfinished_jobs(self):
        waiting = [path for path, _ in self.prover.answered.values()]
        end = time.monotonic() + 180
        while waiting and time.monotonic() < end:
            answers = [(path, self.prover.request("GET", path)) for path in waiting]
            waiting = [path for path, got in answers if got is None or b'"completed"' not in got[1]]
            time.sleep(0.2)
        return len(waiting)

    def contracts(self):
        """What the contracts have settled, by kind of account."""
        world, (paula, chas, gina) = self.world, self.buyers
        channel = world.creator.ok("channel", "show", "--buyer", chas.address(), "--provider", world.creator_address)
        return {"channel": int(channel["settled"]), "pass": 500_000 - paula.ok("pass", "show", 1)["calls_left"],
                "gate": 500_000 - int(gina.ok("gate", "show", 1, "--key", 2)["remaining"])}

    def close(self):
        for part in (*self.gateways, self.worker):
            part.is_over = True
            part.kill()
        self.engine.stop()
        self.world.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("redis", "postgres", "both", "shared", "all"), default="both")
    args = parser.parse_args()
    several = {"both": ["redis", "postgres"], "all": ["redis", "postgres", "shared"]}
    engines = several.get(args.engine, [args.engine])
    is_good = True
    for engine in engines:
        load = Load(engine, args.seed)
        try:
            done, verdict = load.run(args.points // len(engines))
        finally:
            load.close()
        say(engine=engine, seed=args.seed, points=done, **verdict)
        is_good = is_good and not any(verdict[name] for name in ("lost", "doubled", "charged_and_never_answered", "jobs_not_done",
                                                                  "disagree"))
    print("0 lost, 0 doubled, ledger and contracts agree" if is_good else "FAILED")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
