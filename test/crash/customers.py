"""Buyers who never give up: each asks under an idempotency key until it has an answer, and signs what is due."""
import collections
import http.client
import json
import random
import threading
import time

from sale import pass_voucher

GIVE_UP_S = 180


class Customer(threading.Thread):
    """One request after the other; what was answered is in `answered`, what broke off for good in `interrupted`."""

    def __init__(self, load, buyer, entitlement, seed):
        super().__init__(daemon=True)
        self.load, self.buyer, self.entitlement = load, buyer, entitlement
        self.rng, self.answered, self.interrupted, self.lost, self.retries = random.Random(seed), {}, [], [], 0
        self.last = ""
        self.name = f"{buyer.name}-{seed}"
        self.told = collections.Counter()  # what came instead of an answer, for the key that is asked for

    def run(self):
        number = 0
        while not self.load.is_over.is_set():
            number += 1
            self.told.clear()
            self.ask(f"{self.name}-{number}")

    def give_up(self, key):
        """Says what came instead, so that a reader can tell a request that is stuck from a machine that is too slow."""
        self.lost.append(key)
        print(json.dumps({"gave_up": key, "after_s": GIVE_UP_S, "told": dict(self.told)}), flush=True)

    def request(self, method, path, body=None, headers=None):
        """(status, parsed or None, raw); None when the connection broke."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.rng.choice(self.load.ports), timeout=60)
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Authorization": f"Bearer {self.buyer.key}", **(headers or {})})
            response = connection.getresponse()
            data = response.read()
            connection.close()
            return response.status, data
        except (OSError, http.client.HTTPException):
            return None

    def ask(self, key):
        stream = self.rng.random() < 0.4
        model = "slow-stream" if stream and self.rng.random() < 0.25 else "good"
        body = {"model": model, "messages": [{"role": "user", "content": "Tell me about foxes."}], "max_tokens": 50, "stream": stream}
        headers = {"Idempotency-Key": key, "X-Mintmark-Entitlement": self.entitlement}
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            got = self.request("POST", "/v1/chat/completions", body, headers)
            if got is not None and self.is_done(key, stream, *got):
                return
            self.told["no connection" if got is None else f"cut {got[0]}" if got[0] == 200 else self.last] += 1
            self.retries += 1
            time.sleep(0.05)
        self.give_up(key)

    def is_done(self, key, stream, status, data):
        if status == 200:
            lines = [line[6:] for line in data.decode().splitlines() if line.startswith("data: ")] if stream else [data.decode()]
            costs = [json.loads(line)["usage"]["cost_details"] for line in lines if '"cost_details"' in line]
            if not costs or (stream and lines[-1] != "[DONE]"):
                return False  # it broke off
            self.answered[key] = (costs[-1]["receipt"], int(costs[-1]["units"]))
            return True
        code = json.loads(data)["error"]["code"]
        self.last = f"{status} {code}"
        if code == "voucher_required":
            self.sign()
        elif code == "idempotency_interrupted":
            self.interrupted.append(key)
            return True
        elif status < 500 and status not in (409, 429) and code != "insufficient_quota":
            print(json.dumps({"unexpected": data.decode(), "status": status, "key": key}), flush=True)
            self.lost.append(key)
            return True
        return False

    def due(self):
        """(account, lane, used, signed) of this entitlement; None while nobody answers."""
        got = self.request("GET", "/v1/vouchers")
        if got is None or got[0] != 200:
            return None
        kind = self.entitlement.split(":")[0]
        rows = [row for row in json.loads(got[1])["due"] if row["account"].split(":")[0] == kind]
        return (rows[0]["account"], rows[0]["lane"], int(rows[0]["used"]), int(rows[0]["signed"])) if rows else None

    def sign(self):
        """Hands in a voucher over what is used; False when it has to be tried again."""
        due = self.due()
        if due is None:
            return False
        _, _, used, signed = due
        if used == signed:
            return True
        with self.buyer.lock:
            voucher = self.voucher(used)
        got = self.request("POST", "/v1/vouchers", voucher)
        return got is not None and got[0] == 200

    def voucher(self, used):
        world, kind = self.load.world, self.entitlement.split(":")
        if kind[0] == "pass":
            return pass_voucher(world, self.buyer, int(kind[1]), used)
        path = world.folder / f"{self.name}.json"
        if kind[0] == "channel":
            self.buyer.ok("channel", "voucher", "--buyer", self.buyer.address(), "--provider", world.creator_address, "--model", 1,
                          "--total", f"{used}wei", "--out", path)
        else:
            self.buyer.ok("gate", "use", kind[1], "--key", kind[2], "--provider", world.creator_address, "--out", path, "--total", used)
        return json.loads(path.read_text())


class Prover(Customer):
    """Asks the model that the gateway runs itself, with a proof as a job."""

    def ask(self, key):
        self.load.is_over.wait(self.rng.uniform(0.5, 3))
        body = {"inputs": [{"name": "image", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": self.load.pixels}],
                "parameters": {"verify": "zk"}}
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            got = self.request("POST", "/v2/models/lenet/infer", body, {"Idempotency-Key": key})
            if got is not None and got[0] == 200:
                parameters = json.loads(got[1])["parameters"]
                self.answered[key] = (parameters["job"], None)
                return
            if got is not None and b"interrupted" in got[1]:
                self.interrupted.append(key)
                return
            self.told["no connection" if got is None else str(got[0])] += 1
            self.retries += 1
            time.sleep(0.1)
        self.give_up(key)
