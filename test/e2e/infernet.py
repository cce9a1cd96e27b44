"""An Infernet node as upstream, asked through its own REST (test/gateway/infernet_node.py): the real gateway, OpenAI's API in front."""
import hashlib
import json
import subprocess
import sys
import urllib.request

from gateway import TESTS, Server, text_of
from harness import Suite

suite = Suite()
TEXT = "Die schnellen Füchse springen über den faulen Hund."
CONTAINERS = ["words", "words2", "openai", "fails", "half", "slow", "strange", "inner", "gone"]


class Asking(Server):
    """One upstream and one model per container, and a model that the node fails first and OpenAI's server answers then."""

    def __init__(self, folder, node, scripted):
        self.folder, self.key = folder, "mm_" + "11" * 24
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "gateway.toml"
        rates = 'rates = { input_token = "1/M", output_token = "10/M" }\n'
        text = ""
        for name in CONTAINERS:
            more = {"words2": 'request = "prompt"\nresult = "message"\n', "slow": "first_byte_ms = 1500\n"}.get(name, "")
            text += (f'[[upstreams]]\nname = "{name}"\nkind = "infernet"\nurl = "http://127.0.0.1:{node}"\ncontainer = "{name}"\n'
                     f'poll_ms = 20\ntokenize_url = "http://127.0.0.1:{scripted}/tokenize"\n{more}'
                     f'[[models]]\nid = "{name}"\nupstreams = ["{name}"]\nmax_output_tokens = 100\n{rates}')
        text += (f'[[upstreams]]\nname = "other"\nurl = "http://127.0.0.1:{scripted}/v1"\n'
                 f'[[models]]\nid = "good"\nupstreams = ["gone", "fails", "other"]\nmax_output_tokens = 100\n{rates}')
        self.config.write_text(f'[server]\nport = 0\n[log]\nrequests = false\n{text}[[grants]]\nname = "tests"\n'
                               f'key_sha256 = "{hashlib.sha256(self.key.encode()).hexdigest()}"\ncredit_usd = "1"\n')
        self.start()


def start(script):
    process = subprocess.Popen([sys.executable, str(TESTS / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["port"]


@suite.test
def a_node_answers_whole_and_streamed(world):
    world.node, world.node_port = start("infernet_node.py")
    world.scripted, scripted = start("scripted_upstream.py")
    world.infernet = Asking(world.folder / "infernet", world.node_port, scripted)
    world.processes += [world.node, world.scripted, world.infernet.process]
    for model in ("words", "words2"):
        before = world.infernet.spent()
        status, _, whole = world.infernet.chat(model)
        middle = world.infernet.spent()
        assert status == 200 and whole["choices"][0]["message"]["content"] == TEXT, whole
        # It reports no usage: the tokenizer counts, here by words.
        assert (whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]) == (5, 8), whole["usage"]
        _, _, lines = world.infernet.chat(model, stream=True)
        assert text_of(lines) == TEXT and lines[-1] == "[DONE]", lines
        last = json.loads(lines[-2])
        assert last["choices"][0]["finish_reason"] == "stop" and last["usage"]["cost"] == whole["usage"]["cost"] == 85e-6
        assert abs((middle - before) - (world.infernet.spent() - middle)) < 1e-15


@suite.test
def the_container_gets_what_it_is_configured_for(world):
    seen = json.loads(request(world.node_port, "/seen"))
    assert {entry["path"] for entry in seen} == {"/api/jobs", "/api/jobs/stream"}
    data = {entry["body"]["containers"][0]: entry["body"]["data"] for entry in seen}
    assert data["words"]["messages"][0]["content"] == "Tell me about foxes." and data["words"]["max_tokens"] == 50
    assert data["words2"] == {"prompt": "Tell me about foxes.", "model": "words2", "max_tokens": 50}
    assert all("Authorization" not in entry["headers"] for entry in seen), "the buyer's key stays here"


@suite.test
def an_answer_in_openais_form_stays_as_it_is(world):
    _, _, answer = world.infernet.chat("openai")
    assert answer["choices"][0]["message"]["content"] == TEXT and answer["model"] == "openai"
    assert answer["usage"]["completion_tokens"] == 9 and answer["usage"]["cost"] == 97e-6


@suite.test
def what_the_node_refuses_or_fails_costs_nothing(world):
    before = world.infernet.spent()
    for model, status, code in (("fails", 502, "upstream_error"), ("strange", 502, "upstream_error"), ("inner", 502, "upstream_error"),
                                ("gone", 502, "upstream_error"), ("slow", 504, "upstream_timeout")):
        got, _, answer = world.infernet.chat(model)
        assert got == status and answer["error"]["code"] == code, (model, got, answer)
    assert world.infernet.spent() == before
    status, _, answer = world.infernet.chat("good")
    assert status == 200 and answer["choices"][0]["message"]["content"].startswith("The quick"), "the next upstream"


@suite.test
def a_stream_that_the_node_ends_although_its_job_failed_is_no_whole_answer(world):
    before = world.infernet.spent()
    _, _, lines = world.infernet.chat("half", stream=True)
    assert "upstream_broken" in lines[-2], lines
    assert text_of([line for line in lines if "choices" in line]) and TEXT.startswith(text_of([line for line in lines if "choices" in line]))
    assert 0 < world.infernet.spent() - before < 85e-6


@suite.test
def doctor_names_a_container_that_does_not_run(world):
    checks = world.infernet.audit()
    assert checks["upstream words"]["ok"] and not checks["upstream gone"]["ok"], checks
    assert "does not run the container gone" in json.dumps(checks["upstream gone"]), checks["upstream gone"]
    assert world.infernet.stop() == 0


def request(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return response.read()
