"""Two gateways and one ledger in PostgreSQL: what somebody gains who asks both at once, and what happens when a gateway or the
database dies. On x402.py's chain."""
import base64
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time

from gateway import Server, start_upstream
from harness import EXISTS, INVALID, MINTMARK, ROOT, Suite
from x402 import CHAT, PRICE, Gateway, Moved, payer, upstream_seen

sys.path.insert(0, str(ROOT / "test/crash"))
from parts import Postgres, shared_rows  # noqa: E402  pylint: disable=wrong-import-position

suite = Suite()
PSQL = "/usr/lib/postgresql/15/bin/psql"
CALL = 7e-6 + 10e-5  # dollars of the scripted answer


def url_of(world, database):
    return world.database.url.rsplit("/", 1)[0] + "/" + database


def table(world, name, database="postgres"):
    return f'[ledger]\nurl = "{url_of(world, database)}"\nname = "{name}"\nlost_s = 3\n'


def ready(server, wanted=200):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if server.request("GET", "/readyz")[0] == wanted:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("never " + str(wanted))


def together(jobs):
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


@suite.test
def two_gateways_share_a_ledger(world):
    world.database = Postgres(world.folder)
    for _ in range(600):  # it says by itself when it is there
        if subprocess.run([PSQL, world.database.url, "-c", "CREATE DATABASE rich"], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.1)
    subprocess.run([PSQL, world.database.url, "-c", "CREATE DATABASE paid"], capture_output=True, check=True, timeout=60)
    world.upstream_process, world.upstream_port = start_upstream()
    world.processes.append(world.upstream_process)
    world.pair = [Server(world.folder / f"cluster-{i}", world.upstream_port, table(world, f"g{i}"), credit="0.004") for i in (0, 1)]
    for server in world.pair:
        world.processes.append(server.process)
        assert server.chat()[0] == 200
    assert abs(world.pair[0].spent() - 2 * CALL) < 1e-12, "each knows what the other has charged"
    checks = world.pair[0].audit()
    assert all(row["ok"] for row in checks.values()), checks
    assert {"ledger server", "ledger tables", "ledger gateways", "ledger sums"} <= set(checks)
    assert "g0, g1" in checks["ledger gateways"]["says"]


@suite.test
def credit_is_spent_once(world):
    """Sixty at both at once, and a credit for some forty."""
    def ask(server):
        return lambda: server.chat()[0]
    statuses = together([ask(world.pair[i % 2]) for i in range(60)])
    assert set(statuses) <= {200, 402}, statuses
    spent = world.pair[0].spent()
    assert abs(spent - (2 + statuses.count(200)) * CALL) < 1e-12 and spent <= 0.004, (spent, statuses.count(200))
    rows, lanes = shared_rows(world.database.url)
    charged = sum(int(row[3]) for row in rows if row[2] == "settled")
    assert [int(lane[2]) for lane in lanes] == [charged] and not [row for row in rows if row[2] == "reserved"]


@suite.test
def an_idempotency_key_is_paid_once(world):
    world.rich = [Server(world.folder / f"rich-{i}", world.upstream_port, table(world, f"r{i}", "rich"), credit="1") for i in (0, 1)]
    for server in world.rich:
        world.processes.append(server.process)
    for attempt in range(6):
        head = {"Idempotency-Key": f"once-{attempt}"}
        answers = together([lambda server=server: server.chat(headers=head) for server in world.rich])
        assert all(row[0] in (200, 409) for row in answers) and any(row[0] == 200 for row in answers), answers
        again = [server.chat(headers=head) for server in world.rich]
        assert [row[0] for row in again] == [200, 200] and again[0][2] == again[1][2], again
    assert abs(world.rich[0].spent() - 6 * CALL) < 1e-12


@suite.test
def a_revoked_or_new_key_is_known_to_both(world):
    """Keys of grants are the operator's; a bad one is unknown to both, a taken name does not start."""
    assert [server.chat(key="mm_" + "99" * 24)[0] for server in world.rich] == [401, 401]
    twin = world.folder / "twin.toml"
    twin.write_text(world.rich[0].config.read_text())
    done = subprocess.run([MINTMARK, "--json", "serve", "--config", str(twin)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == EXISTS and "ledger.name" in done.stderr, (done.returncode, done.stderr)
    twin.write_text(world.rich[0].config.read_text().replace("[ledger]\n", '[ledger]\npath = "x.db"\n'))
    done = subprocess.run([MINTMARK, "--json", "serve", "--config", str(twin)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == INVALID and "stands beside url" in done.stderr, done.stderr


@suite.test
def two_gateways_cannot_both_answer_one_payment(world):
    """The same signature at both at the same moment: one is paid, and the model runs for one."""
    pair = [Gateway(world, f"paid-{i}", extra=table(world, f"p{i}", "paid")) for i in (0, 1)]
    for _ in range(4):
        header = payer(do="sign", terms=pair[0].terms(), changes=[{}])[0]["header"]
        seen = len(json.loads(upstream_seen(world)))
        with Moved(world) as moved:
            rows = together([lambda one=one: one.request(PAYMENT_SIGNATURE=header) for one in pair])
        assert sum(row[0] == 200 and "PAYMENT-RESPONSE" in row[1] for row in rows) == 1, rows
        assert {row[0] for row in rows} <= {200, 402, 409} and moved.amount == PRICE, rows
        assert len(json.loads(upstream_seen(world))) == seen + 1, "the model ran for a payment that was spent"
        again = [one.request(PAYMENT_SIGNATURE=header) for one in pair]
        assert [row[0] for row in again] == [200, 200] and again[0][2] == again[1][2], "both know the answer that was paid"
        other = [one.request(body={**CHAT, "max_tokens": 9}, PAYMENT_SIGNATURE=header)[0] for one in pair]
        assert other == [409, 409], other
    required = json.loads(base64.b64decode(pair[0].request()[1]["PAYMENT-REQUIRED"]))
    assert required["accepts"][0]["amount"] == str(PRICE)
    for one in pair:
        one.process.terminate()
        assert one.process.wait(timeout=30) == 0


@suite.test
def a_gateway_that_dies_leaves_nothing_behind(world):
    before = world.rich[1].spent()
    world.rich[0].stop(signal.SIGKILL)
    assert world.rich[1].chat()[0] == 200, "the other goes on"
    world.rich[0].start()
    world.processes.append(world.rich[0].process)
    assert abs(world.rich[0].spent() - before - CALL) < 1e-12
    rows, _ = shared_rows(url_of(world, "rich"))
    assert not [row for row in rows if row[2] == "reserved"], "its reservations are free"


@suite.test
def the_database_dies_and_comes_back(world):
    """Meanwhile: a clear error, a metric, nothing charged. Afterwards all goes on by itself."""
    before = world.rich[0].spent()
    world.database.process.send_signal(signal.SIGINT)  # a fast shutdown
    world.database.process.wait(timeout=60)
    for server in world.rich:
        ready(server, 503)
        status, head, answer = server.chat()
        assert status == 503 and answer["error"]["code"] == "ledger_unavailable" and head["Retry-After"], answer
        assert b'mintmark_healthy{part="ledger"} 0' in server.request("GET", "/metrics")[2]
    done = subprocess.run([MINTMARK, "--json", "doctor", "--config", str(world.rich[0].config)], capture_output=True, text=True, timeout=60,
                          check=False)
    row = next(row for row in json.loads(done.stdout.splitlines()[0])["checks"] if row["check"] == "ledger server")
    assert not row["ok"] and "PostgreSQL" in row["says"] and row["advice"], row
    world.database.start()
    for server in world.rich:
        ready(server)
        assert server.chat()[0] == 200
    assert abs(world.rich[0].spent() - before - 2 * CALL) < 1e-12
    for server in (*world.pair, *world.rich):
        assert server.stop() == 0
    checks = world.rich[0].audit()
    assert checks["ledger sums"]["ok"], checks


@suite.test
def the_database_ends(world):
    world.database.stop()


def configuration(folder, text):
    """What the doctor says of a file; the rest of what it checks is not there."""
    file = folder / "ops.toml"
    file.write_text(text)
    env = {**os.environ, "MINTMARK_LEDGER_URL": "postgresql://127.0.0.1:1/none"}
    done = subprocess.run([MINTMARK, "--json", "doctor", "--config", str(file)], capture_output=True, text=True, timeout=120, check=False,
                          env=env)
    return {row["check"]: row for row in json.loads(done.stdout.splitlines()[0])["checks"]}


@suite.test
def the_files_for_clusters_are_the_programs(world):
    """A setting that is renamed in the program and not in ops/ would be found by the first operator otherwise."""
    checks = configuration(world.folder, (ROOT / "ops/gateway.toml").read_text())
    assert checks["configuration"]["ok"], checks["configuration"]
    assert not checks["ledger server"]["ok"] and "PostgreSQL" in checks["ledger server"]["says"], checks
    template = (ROOT / "ops/helm/mintmark/templates/config.yaml").read_text()
    template = template.split("gateway.toml: |\n")[1].split("{{- if .Values.deployment")[0]
    values = (ROOT / "ops/helm/mintmark/values.yaml").read_text().split("config: |\n")[1].split("\n# ")[0]
    chart = "".join(line.strip() + "\n" for line in template.splitlines() if "{{" not in line)
    chart = chart.replace("[index]", 'provider = "0x0000000000000000000000000000000000000001"\n[index]')
    checks = configuration(world.folder, chart + "".join(line.strip() + "\n" for line in values.splitlines()))
    assert checks["configuration"]["ok"], checks["configuration"]
