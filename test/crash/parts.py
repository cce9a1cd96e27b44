"""What the crash test breaks: the RPC's way, Redis, PostgreSQL, the gateway, a worker."""
import asyncio
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

from harness import MINTMARK

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RpcWay:
    """A TCP proxy in front of the node that cuts connections, or holds back what comes, when told."""

    def __init__(self, url):
        self.target = int(url.rsplit(":", 1)[1].strip("/"))
        self.is_cut, self.delay_s, self.writers = False, 0.0, set()
        self.loop, ready = asyncio.new_event_loop(), threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            self.loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        ready.wait()
        self.url = f"http://127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        if self.is_cut:
            return writer.close()
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.close()
        self.writers |= {writer, up_writer}
        await asyncio.gather(self.pump(reader, up_writer), self.pump(up_reader, writer))
        self.writers -= {writer, up_writer}
        return None

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.is_cut:
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def cut(self, seconds):
        def close_all():
            for writer in list(self.writers):
                writer.transport.abort()
        self.is_cut = True
        self.loop.call_soon_threadsafe(close_all)
        time.sleep(seconds)
        self.is_cut = False

    def slow(self, delay_s, seconds):
        self.delay_s = delay_s
        time.sleep(seconds)
        self.delay_s = 0.0


class Redis:
    """Every write is on disk before it is answered."""

    def __init__(self, folder):
        self.folder, self.port = folder / "redis", free_port()
        self.folder.mkdir(parents=True)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--dir", str(self.folder), "--appendonly", "yes",
                                         "--appendfsync", "always", "--save", ""], stdout=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Postgres:
    """PostgreSQL's processes are killed together, as the power does it."""

    def __init__(self, folder):
        self.folder, self.port = folder / "postgres", free_port()
        self.folder.mkdir(parents=True)
        self.user = {"user": "postgres"} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres")
            for parent in [folder, *folder.parents]:
                if parent.stat().st_mode & 0o005 != 0o005:
                    raise SystemExit(f"{parent} cannot be entered by PostgreSQL's account")
        subprocess.run([POSTGRES / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
                        "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.start()

    def start(self):
        self.process = subprocess.Popen([POSTGRES / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder,
                                         "-c", "listen_addresses=127.0.0.1"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd="/", start_new_session=True, **self.user)

    def kill(self):
        family = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False)
        for pid in [self.process.pid, *map(int, family.stdout.split())]:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        self.process.wait()
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)
        self.start()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


class Kept:
    """A command that is started again whenever it ends, as systemd does it."""

    def __init__(self, world, log, *arguments):
        self.command = [MINTMARK, "--json", "--home", str(world.creator.home), "--wallet", "creator", *map(str, arguments)]
        self.env, self.log, self.starts, self.is_over = world.creator.env, log, 0, False
        self.process, self.thread = None, threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def keep(self):
        while not self.is_over:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=log)
            self.starts += 1
            self.process.wait()
            time.sleep(0.05)

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def stop(self):
        self.is_over = True
        self.process.terminate()
        self.thread.join(timeout=60)
        assert not self.thread.is_alive(), "it does not end"


def shared_rows(url):
    """The same of a database that gateways share."""
    def ask(statement):
        done = subprocess.run([POSTGRES / "psql", url, "-At", "-F", "\t", "-c", statement], capture_output=True, text=True, check=True,
                              timeout=60)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    return (ask("SELECT id,idempotency_key,state,units,account,lane FROM requests"),
            ask("SELECT account,lane,used,signed,base FROM lanes"))


def ledger_rows(path):
    """The ledger's requests and lanes, as its file says them."""
    import sqlite3  # pylint: disable=import-outside-toplevel
    file = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    requests = file.execute("SELECT id,idempotency_key,state,units,account,lane FROM requests").fetchall()
    lanes = file.execute("SELECT account,lane,used,signed,base FROM lanes").fetchall()
    file.close()
    return requests, lanes


def say(**row):
    print(json.dumps(row), flush=True)
