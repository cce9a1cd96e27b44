"""KServe's protocol, version 2: models that the gateway runs itself, paid as every call, proven by a worker."""
import concurrent.futures
import hashlib
import http.client
import json
import struct
import subprocess

from harness import MINTMARK, MNIST, Suite
from jobs import TOML, pixels, start_worker, stop, until, verify

suite = Suite()
KEYS = {name: "mm_" + digit * 48 for name, digit in (("buyer", "1"), ("other", "2"), ("poor", "3"))}
PRICE = 0.001


class Gateway:
    """`mintmark serve` for LeNet-5, with a queue and three keys."""

    def __init__(self, world):
        self.folder = world.folder / "tensors"
        self.folder.mkdir(exist_ok=True)
        self.config = self.folder / "gateway.toml"
        grants = "".join(f'[[grants]]\nname = "{name}"\nkey_sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"\n'
                         f'credit_usd = "{"0.0015" if name == "poor" else "1"}"\n' for name, key in KEYS.items())
        text = TOML.format(queue="jobs.db", srs=world.deployment.parent / world.srs(), limits="", recipe="none",
                           onnx=MNIST / "lenet5.onnx", model=world.creator.home / "models/lenet5")
        self.config.write_text("[server]\nport = 0\n[log]\nrequests = false\n" + text + grants)
        self.process = subprocess.Popen([MINTMARK, "--json", "--home", str(world.creator.home), "--wallet", "creator", "serve",
                                         "--config", str(self.config)], env=world.creator.env, stdout=subprocess.PIPE,
                                        stderr=open(self.folder / "log", "ab"), text=True)
        world.processes.append(self.process)
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def request(self, method, path, body=None, key="buyer", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        head = {"Authorization": "Bearer " + KEYS[key]} if key else {}
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, {**head, **(headers or {})})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), data

    def infer(self, body, key="buyer", **headers):
        status, head, data = self.request("POST", "/v2/models/lenet/infer", body, key,
                                          {name.replace("_", "-"): value for name, value in headers.items()})
        return status, head, json.loads(data)

    def spent(self, key="buyer"):
        return float(json.loads(self.request("GET", "/v1/credits", key=key)[2])["key"]["spent_usd"])


def tensor(values, **more):
    return {"name": "image", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": values, **more}


@suite.test
def health_and_metadata_need_no_key(world):
    world.tensors = Gateway(world)
    world.pixels = pixels(sorted((MNIST / "images").glob("*.pgm"))[3])
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/lenet/ready", "/v2/models/lenet/versions/1/ready"):
        assert world.tensors.request("GET", path, key=None)[0] == 200, path
    assert "binary_tensor_data" in json.loads(world.tensors.request("GET", "/v2", key=None)[2])["extensions"]
    about = json.loads(world.tensors.request("GET", "/v2/models/lenet", key=None)[2])
    assert about["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [1, 1, 28, 28]}]
    assert about["outputs"] == [{"name": "logits", "datatype": "FP32", "shape": [1, 10]}] and about["versions"] == ["1"]
    for path in ("/v2/models/gone", "/v2/models/lenet/versions/2", "/v2/models/gone/ready"):
        status, _, data = world.tensors.request("GET", path, key=None)
        assert status == 404 and isinstance(json.loads(data)["error"], str), path


@suite.test
def tensors_are_answered_and_paid(world):
    before = world.tensors.spent()
    status, head, answer = world.tensors.infer({"id": "mine", "inputs": [tensor(world.pixels)]})
    assert status == 200 and answer["id"] == "mine" and answer["model_name"] == "lenet" and answer["model_version"] == "1"
    scores = answer["outputs"][0]["data"]
    assert scores.index(max(scores)) == 7 and float(head["X-Mintmark-Cost-Usd"]) == PRICE
    assert abs(world.tensors.spent() - before - PRICE) < 1e-12
    binary = struct.pack("<784f", *world.pixels)
    part = tensor(None, parameters={"binary_data_size": len(binary)})
    del part["data"]
    text = json.dumps({"inputs": [part], "parameters": {"binary_data_output": True}}).encode()
    status, head, data = world.tensors.request("POST", "/v2/models/lenet/versions/1/infer", text + binary,
                                               headers={"Inference-Header-Content-Length": str(len(text))})
    size = int(head["Inference-Header-Content-Length"])
    assert status == 200 and json.loads(data[:size])["outputs"][0]["parameters"]["binary_data_size"] == 40
    assert list(struct.unpack("<10f", data[size:])) == [struct.unpack("<f", struct.pack("<f", x))[0] for x in scores]
    receipt = json.loads(world.tensors.request("GET", head["X-Mintmark-Receipt"])[2])
    assert receipt["state"] == "settled" and receipt["usage"] == '{"call":1}', receipt


@suite.test
def what_is_refused_costs_nothing_and_says_it_in_the_protocols_shape(world):
    before = world.tensors.spent()
    good = {"inputs": [tensor(world.pixels)]}
    for body, status in (("{", 400), ({"inputs": []}, 400), ({"inputs": [tensor(world.pixels[1:])]}, 400),
                         ({"inputs": [tensor(world.pixels, shape=[784])]}, 400), ({**good, "parameters": {"verify": "no"}}, 400)):
        got, _, answer = world.tensors.infer(body)
        assert got == status and isinstance(answer["error"], str), answer
    assert world.tensors.infer(good, key=None)[0] == 401
    assert world.tensors.request("GET", "/v2/models/lenet/infer")[0] == 405
    assert world.tensors.request("POST", "/v2/models/gone/infer", good)[0] == 404
    assert world.tensors.spent() == before
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: world.tensors.infer(good, key="poor")[0], range(8)))
    assert statuses.count(200) == 1 and statuses.count(402) == 7, statuses


@suite.test
def an_answer_comes_now_and_its_proof_as_a_job(world):
    worker = start_worker(world, world.tensors.config)
    before = world.tensors.spent()
    body = {"inputs": [tensor(world.pixels)], "parameters": {"verify": "zk"}}
    status, head, answer = world.tensors.infer(body, Idempotency_Key="once")
    assert status == 200, answer
    again = world.tensors.infer(body, Idempotency_Key="once")
    assert again[2] == answer and again[1]["X-Mintmark-Replayed"] == "true"
    assert abs(world.tensors.spent() - before - PRICE) < 1e-12
    parameters = answer["parameters"]
    look = lambda key="buyer", end="": world.tensors.request("GET", parameters["job"] + end, key=key)
    job = until(lambda: (row := json.loads(look()[2]))["state"] in ("completed", "failed") and row)
    assert job["state"] == "completed" and job["result"]["context"] == parameters["context"], job
    # Both ways give the same answer: the proof is of what was sold.
    assert [round(x, 4) for x in job["result"]["output"][0]] == [round(x, 4) for x in answer["outputs"][0]["data"]]
    proof = json.loads(look(end="/proof")[2])
    assert proof["context"] == parameters["context"]
    assert verify(world, job, world.tensors.config) == proof
    for end in ("", "/proof"):
        assert look("other", end)[0] == 404, "another's job"
    assert world.tensors.request("GET", "/v1/jobs/req_0")[0] == 404
    counts = world.creator.ok("jobs", "list", "--config", world.tensors.config)["counts"]
    assert counts["completed"] == 1 and sum(counts.values()) == 1, counts
    receipt = world.tensors.infer({"inputs": [tensor(world.pixels)], "parameters": {"verify": "receipt"}})[2]["parameters"]["receipt"]
    assert json.loads(world.tensors.request("GET", receipt)[2])["signature"]
    stop(worker)
    world.tensors.process.terminate()
    assert world.tensors.process.wait(timeout=90) == 0
