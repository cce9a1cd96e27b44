"""One model on its way through the program: verbs, results, and what a row of the report holds."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/e2e"), str(ROOT / "tools")]
PROGRAM = os.environ.get("MINTMARK", str(ROOT / "build/release/apps/mintmark/mintmark"))
WORK = ROOT / "build/conformance"
LARGEST_ERROR = 0.01  # of the float output's range
PROVE_LIMIT_S = 2.0
UNSUPPORTED = 5  # exit code, src/mintmark/base/result.hpp


class Refused(Exception):
    """The program said no. `code`: exit code; `line`: its first line on stderr."""

    def __init__(self, verb, code, stderr):
        lines = [line for line in stderr.splitlines() if line.startswith("error: ")]
        self.verb, self.code, self.stderr = verb, code, stderr
        self.line = lines[0].removeprefix("error: ") if lines else stderr.strip()[-300:] or f"exit {code}"
        super().__init__(f"{verb}: {self.line}")


class Folder:
    """A scratch folder in which the verbs of `mintmark zk` run; gone when closed."""

    def __init__(self, name):
        WORK.mkdir(parents=True, exist_ok=True)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=name.replace("/", "_")[:60] + "-", dir=WORK))
        self.cpu_s = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def zk(self, *arguments, timeout_s=300):
        command = [PROGRAM, "--json", "zk", *map(str, arguments)]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, cwd=self.path, stdout=out, stderr=err)
            timer = threading.Timer(timeout_s, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.cpu_s = usage.ru_utime + usage.ru_stime
            if process.returncode != 0:
                raise Refused(arguments[0], process.returncode, err.read().decode(errors="replace"))
            lines = out.read().decode().strip().splitlines()
            return json.loads(lines[-1]) if lines else {}

    def size(self, *names):
        return sum((self.path / name).stat().st_size for name in names)

    def quantise(self, model, data, variables=()):
        """Settings, calibration and circuit; returns the calibration's report."""
        given = ["--variables", ",".join(variables)] if variables else []
        self.zk("gen-settings", "-M", model, *given)
        report = self.zk("calibrate-settings", "-M", model, "-D", data)
        self.chunk_log = self.zk("compile-circuit", "-M", model)["chunk_log"]
        return report

    def run_integers(self, data):
        """The integer executor's real outputs, one flat list each; the circuit agrees with it (mock)."""
        outputs = self.zk("gen-witness", "-D", data)["output"]
        self.zk("mock")
        return [np.array(values, dtype=np.float64) for values in outputs]

    def prove(self):
        """Keys, proof and its check in C++; returns figures."""
        srs = srs_of(self.chunk_log)
        self.zk("setup", "--srs-path", srs)
        proof = self.zk("prove", "--srs-path", srs)
        cpu_s = self.cpu_s
        self.zk("verify", "--srs-path", srs)
        return {"prove_s": proof["prove_ms"] / 1e3, "prove_cpu_s": cpu_s, "proof_bytes": proof["proof_bytes"]}


SRS_LOCK = threading.Lock()


def srs_of(chunk_log):
    """An insecure SRS of just the needed length, kept from run to run."""
    import bench
    with SRS_LOCK:
        return bench.bench_srs(chunk_log)


def install_onnx_runtime():
    folder = pathlib.Path(__file__).resolve().parent
    stamp, lock = folder / "node_modules/.mintmark-stamp", (folder / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
        stamp.write_text(lock)


class FloatRunner:
    """ONNX Runtime in a process of its own; one request at a time."""

    def __init__(self):
        install_onnx_runtime()
        self.lock = threading.Lock()
        self.process = subprocess.Popen(["node", "float_run.mjs"], cwd=pathlib.Path(__file__).parent, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, model, feeds):
        """feeds: name -> numpy array; returns [(name, array)]."""
        wire = {name: {"type": str(a.dtype), "dims": list(a.shape), "data": a.reshape(-1).tolist()}
                for name, a in feeds.items()}
        with self.lock:
            self.process.stdin.write(json.dumps({"model": str(model), "feeds": wire}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError("ONNX Runtime: " + answer["error"].splitlines()[0][:200])
        return [(o["name"], np.array(o["data"], dtype=o["type"]).reshape(o["dims"])) for o in answer["outputs"]]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def is_exact(array):
    return array.dtype.kind in "biu"


def worst_error(expected, got, exact=()):
    """Largest error as a share of each expected output's range; infinity where an exact output differs at all."""
    worst = 0.0
    if len(expected) != len(got):
        return float("inf")
    for i, (want, have) in enumerate(zip(expected, got)):
        flat = want.reshape(-1).astype(np.float64)
        if flat.shape != have.shape:
            return float("inf")
        if flat.size == 0:
            continue
        error = float(np.max(np.abs(flat - have)))
        if is_exact(want) or i in exact:
            worst = max(worst, 0.0 if error < 1e-6 else float("inf"))
        else:
            # All elements nearly equal: what counts is their size.
            span = max(float(flat.max() - flat.min()), float(np.max(np.abs(flat))) / 10) or 1.0
            worst = max(worst, error / span)
    return worst


def write_input(path, arrays):
    path.write_text(json.dumps({"input_data": [a.reshape(-1).astype(np.float64).tolist() for a in arrays]}))
