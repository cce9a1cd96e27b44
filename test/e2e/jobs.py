"""Jobs and workers: the real program, real proofs, a worker killed in the middle; on the story's chain, with its people."""
import gzip
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

from harness import EXISTS, INTERRUPTED, INVALID, MNIST, NOT_FOUND, REJECTED, Suite

suite = Suite()
TOML = """
[jobs]
queue = "{queue}"
store = "store"
srs = "{srs}"
lease_ms = 1500
poll_ms = 50
{limits}
[[jobs.recipes]]
name = "mnist-head"
command = ["/usr/bin/python3", "{recipe}"]
[[jobs.recipes]]
name = "leaky"
command = ["/bin/sh", "-c", "env >&2; exit 1"]
[[models]]
id = "lenet"
compiled = "{model}/model.compiled"
proving_key = "{model}/pk.key"
onnx = "{onnx}"
rates = {{ call = "0.001" }}
"""


def configure(world, name, queue="jobs.db", limits="", model=None):
    folder = world.folder / name
    folder.mkdir(exist_ok=True)
    config = folder / "gateway.toml"
    config.write_text(TOML.format(queue=queue, srs=world.deployment.parent / world.srs(), limits=limits,
                                  recipe=MNIST / "fine_tune.py", onnx=MNIST / "lenet5.onnx",
                                  model=model or world.creator.home / "models/lenet5"))
    return config


def pixels(image):
    data = image.read_bytes()
    return [byte / 255 for byte in data[-784:]]


def jobs(world, *arguments, config=None):
    return world.creator.ok("jobs", *arguments, "--config", config or world.jobs)


def start_worker(world, config=None):
    process = world.creator.start("worker", "--config", config or world.jobs)
    world.processes.append(process)
    assert process.stdout.readline(), process.stderr.read()
    return process


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, process.stderr.read()


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def state_of(world, job):
    """Straight from the file: a look by the program takes as long as a proof."""
    with sqlite3.connect(f"file:{world.jobs.parent}/jobs.db?mode=ro", uri=True, timeout=10) as database:
        return database.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()[0]


ACTIVE, COMPLETED = 2, 3


def job_processes(config):
    """Processes that run one job of this file."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"job-run" in words and str(config).encode() in words:
                found.append(int(entry.name))
    return found


def verify(world, shown, config=None, model="lenet5"):
    proof = world.folder / "job-proof.json"
    jobs(world, "fetch", shown["result"]["proof_cid"], proof, config=config)
    key = world.creator.home / "models" / model / "vk.key"
    world.creator.ok("zk", "verify", "--proof-path", proof, "--vk-path", key, "--srs-path",
                     world.deployment.parent / world.srs())
    return json.loads(proof.read_text())


@suite.test
def a_worker_answers_and_proves(world):
    world.jobs = configure(world, "jobs")
    world.image = sorted((MNIST / "images").glob("*.pgm"))[3]
    world.job_data = json.dumps({"model": "lenet", "input": [pixels(world.image)]})
    waiting = jobs(world, "submit", "proof", "--data", world.job_data, "--key", "first")
    assert waiting["created"] and jobs(world, "submit", "proof", "--data", world.job_data, "--key", "first")["created"] is False
    other = json.dumps({"model": "lenet", "input": [[0] * 784]})
    world.creator.refused(EXISTS, "jobs", "submit", "proof", "--data", other, "--key", "first", "--config", world.jobs)
    worker = start_worker(world)
    answer = jobs(world, "submit", "inference", "--data", world.job_data, "--wait", "--priority", 1)["result"]
    scores = answer["output"][0]
    assert str(scores.index(max(scores))) == world.image.stem[-1]
    shown = until(lambda: (job := jobs(world, "show", "first"))["state"] == "completed" and job)
    assert shown["attempts"] == 1 and shown["result"]["output"] == answer["output"]
    proof = verify(world, shown)
    assert proof["context"] == shown["result"]["context"]
    again = jobs(world, "submit", "proof", "--data", world.job_data, "--wait", "--key", "second")
    assert again["result"]["context"] != proof["context"], "a proof is of one job"
    big = world.folder / "input.json"
    big.write_text(json.dumps({"input_data": [pixels(world.image)]}))
    by_file = jobs(world, "submit", "inference", "--data", '{"model": "lenet"}', "--file", f"input_cid={big}", "--wait")
    assert by_file["result"]["output"] == answer["output"]
    stop(worker)


@suite.test
def a_killed_workers_job_is_finished_once_by_another(world):
    first = start_worker(world)
    job = jobs(world, "submit", "proof", "--data", world.job_data, "--key", "killed")["id"]
    until(lambda: state_of(world, job) == ACTIVE)
    until(lambda: job_processes(world.jobs))
    first.kill()
    first.wait(timeout=90)
    until(lambda: not job_processes(world.jobs), 10)
    assert state_of(world, job) == ACTIVE, "it was not killed in the middle"
    second, third = start_worker(world), start_worker(world)
    shown = until(lambda: (row := jobs(world, "show", job))["state"] == "completed" and row)
    assert shown["attempts"] == 2, shown
    verify(world, shown)
    stop(second)
    stop(third)
    ends = [json.loads(line)["event"] for process in (second, third) for line in process.stderr.read().splitlines()]
    assert ends.count("job completed") == 1, ends
    assert not list(world.folder.glob("**/mintmark-job-*"))


@suite.test
def a_running_proof_is_cancelled_soon(world):
    worker = start_worker(world)
    data = json.dumps({"model": "lenet", "samples": 32})
    job = jobs(world, "submit", "accuracy", "--data", data, "--file", f"data={MNIST}/test-images.idx3.gz", "--file",
               f"labels={MNIST}/test-labels.idx1.gz")["id"]
    until(lambda: job_processes(world.jobs))
    jobs(world, "cancel", job)
    begin = time.monotonic()
    until(lambda: not job_processes(world.jobs), 10)
    shown = until(lambda: (row := jobs(world, "show", job))["state"] == "cancelled" and row, 10)
    assert time.monotonic() - begin < 5 and shown["result"] is None
    world.creator.refused(EXISTS, "jobs", "cancel", job, "--config", world.jobs)
    world.creator.refused(INTERRUPTED, "jobs", "watch", job, "--config", world.jobs)
    stop(worker)


@suite.test
def bad_jobs_end_as_dead_letters(world):
    refuse = lambda kind, data, code=INVALID: world.creator.refused(code, "jobs", "submit", kind, "--data", json.dumps(data),
                                                                    "--config", world.jobs)
    refuse("proof", {"model": "../../creator/models/lenet5", "input": [[1]]})
    refuse("proof", {"model": "lenet", "input_cid": "../../../etc/passwd"})
    refuse("fine_tune", {"model": "lenet", "recipe": "/bin/sh", "data": "x"})
    worker = start_worker(world)
    wait = lambda kind, data: world.creator.refused(REJECTED, "jobs", "submit", kind, "--data", json.dumps(data), "--wait",
                                                    "--config", world.jobs).err
    assert "there is no model gone" in wait("proof", {"model": "gone", "input": [[1]]})
    assert "invalid_argument" in wait("proof", {"model": "lenet", "input": [[1, 2, 3]]})
    cid = json.loads((world.creator.home / "models/lenet5/pushed.json").read_text())["cid"]
    assert "error" in wait("inference", {"model": "lenet", "input_cid": cid}), "a CID that this store does not have"
    # Who writes to the queue himself meets the same check in the worker.
    with sqlite3.connect(world.jobs.parent / "jobs.db", timeout=10) as database:
        database.execute("UPDATE jobs SET state = 0, attempts = 0, kind = 'shell', data = '{\"command\": \"touch /tmp/x\"}' "
                         "WHERE id = 'second'")
    dead = until(lambda: [row for row in jobs(world, "dead")["jobs"] if row["id"] == "second"])[0]
    assert "not known" in dead["error"] and dead["attempts"] == 1
    assert jobs(world, "retry", "second")["state"] == "waiting"
    until(lambda: any(row["id"] == "second" for row in jobs(world, "dead")["jobs"]))
    stop(worker)
    counts = jobs(world, "list")["counts"]
    assert counts["failed"] == 4 and counts["cancelled"] == 1 and counts["completed"] >= 4, counts
    assert jobs(world, "purge", "--state", "failed")["removed"] == 4 and jobs(world, "dead")["jobs"] == []
    world.creator.refused(NOT_FOUND, "jobs", "show", "second", "--config", world.jobs)


@suite.test
def a_job_keeps_to_its_limits(world):
    config = configure(world, "small", limits="memory_mb = 80\ntime_s = 20")
    worker = start_worker(world, config)
    done = world.creator.refused(REJECTED, "jobs", "submit", "proof", "--data", world.job_data, "--wait", "--config", config)
    assert "80 MiB of memory" in done.err, done.err
    stop(worker)


@suite.test
def a_fine_tune_registers_its_child_once(world):
    labels = gzip.decompress((MNIST / "test-labels.idx1.gz").read_bytes())
    images = gzip.decompress((MNIST / "test-images.idx3.gz").read_bytes())
    count = 300
    head = count.to_bytes(4, "big")
    new_labels, some = world.folder / "labels", world.folder / "images"
    new_labels.write_bytes(labels[:4] + head + bytes(9 - byte for byte in labels[8:8 + count]))
    some.write_bytes(images[:4] + head + images[8:16 + 784 * count])
    files = ("--file", f"data={some}", "--file", f"labels={new_labels}")
    plain = jobs(world, "submit", "fine_tune", "--data", '{"model": "lenet", "recipe": "leaky"}', *files, "--attempts", 1)["id"]
    license_id = world.creator.ok("license", "grant", "--model", 1, "--to", world.creator.address(), "--share-ppm", 100_000)["license"]
    data = json.dumps({"model": "lenet", "recipe": "mnist-head", "license": license_id, "name": "reversed",
                       "price_per_call": "0.002ETH", "max_stack_ppm": 100_000, "parameters": {"epochs": 200}})
    job = jobs(world, "submit", "fine_tune", "--data", data, *files, "--key", "tune")["id"]
    first = start_worker(world)
    leaked = until(lambda: (row := jobs(world, "show", plain))["state"] == "failed" and row)
    assert "secret" not in leaked["error"] and "PASSWORD" not in leaked["error"], "the worker's password reached a training command"
    # Killed when the child stands in the registry and is not yet on sale: nothing is registered twice.
    pattern = "models/reversed-*/publish.json"
    until(lambda: any(json.loads(path.read_text()).get("model_id") for path in world.creator.home.glob(pattern)), 120)
    first.kill()
    first.wait(timeout=90)
    second = start_worker(world)
    shown = until(lambda: (row := jobs(world, "show", job))["state"] in ("completed", "failed") and row, 120)
    # A quick worker may have ended between the look at its file and the kill: then once was enough.
    assert shown["state"] == "completed" and shown["attempts"] in (1, 2), shown
    result = shown["result"]
    child = world.creator.ok("derivative", "show", result["model_id"])
    assert child["state"] == "linked" and child["parents"][0]["model"] == 1 and child["stack_ppm"] == 100_000
    assert child["parents"][0]["relation"] == "fine-tune"
    named = [row for row in world.creator.ok("model", "list")["models"] if row["name"].startswith("reversed-")]
    assert len(named) == 1 and named[0]["id"] == result["model_id"], named
    version = world.creator.ok("model", "show", result["model_id"])["versions"]
    assert len(version) == 1 and version[0]["status"] == "active"
    stop(second)
    # The child answers by the new labels, and proves it.
    config = configure(world, "child", model=world.creator.home / "models" / result["name"])
    worker = start_worker(world, config)
    shown = jobs(world, "submit", "proof", "--data", world.job_data, "--wait", config=config)
    scores = shown["result"]["output"][0]
    assert scores.index(max(scores)) == 9 - int(world.image.stem[-1])
    verify(world, shown, config, result["name"])
    stop(worker)


@suite.test
def redis_is_one_setting(world):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = world.folder / "redis"
    folder.mkdir(exist_ok=True)
    server = subprocess.Popen(["redis-server", "--port", str(port), "--dir", str(folder), "--appendonly", "yes", "--appendfsync",
                               "always"], stdout=subprocess.DEVNULL, env=dict(os.environ))
    world.processes.append(server)
    config = configure(world, "redis", queue=f"redis://127.0.0.1:{port}/0")
    until(lambda: world.creator.run("jobs", "list", "--config", config).code == 0)
    first = start_worker(world, config)
    job = jobs(world, "submit", "proof", "--data", world.job_data, config=config)["id"]
    until(lambda: job_processes(config))
    first.kill()
    first.wait(timeout=90)
    second = start_worker(world, config)
    shown = until(lambda: (row := jobs(world, "show", job, config=config))["state"] == "completed" and row, 90)
    assert shown["attempts"] >= 1
    verify(world, shown, config)
    stop(second)
