"""The binary under test: started with a configuration, asked through its admin socket, watched through /proc.

A configuration is completed, never changed: `workers`, `admin`, `listeners` and `access_log` are added where it does
not speak of them.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

from .message import Client, Response, ask
from .processes import Child, run
from .waiting import STEP_SECONDS, Failure, same, until

DEFAULTS = {
    "workers": "workers: 1",
    "admin": "admin: unix:{directory}/admin.sock",
    "listeners": 'listeners: [{{ name: web, address: "127.0.0.1:0" }}]',
    "access_log": "access_log: off",
}
REPORT = re.compile(r"(Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error: |invariant")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Gateway:
    def __init__(self, binary: str, directory: pathlib.Path):
        self.binary, self.directory = binary, directory
        self.configuration = directory / "weir.yaml"
        self.admin = str(directory / "admin.sock")
        self.child: Child | None = None
        self.address = ""

    def write(self, yaml: str) -> None:
        """The configuration that the next start or reload will find; in one step, as careful people do it."""
        added = [line.format(directory=self.directory) for key, line in DEFAULTS.items()
                 if not re.search(rf"^{key}:", yaml, re.M)]
        new = self.configuration.with_suffix(".new")
        new.write_text("\n".join(added) + "\n" + yaml)
        new.replace(self.configuration)

    def launch(self, prefix: list[str] | None = None, environment: dict[str, str] | None = None) -> None:
        """Starts the process and does not wait. `prefix` is a command that ends in exec of the rest."""
        command = [*(prefix or []), self.binary, "run", "-c", str(self.configuration)]
        state = {"STATE_DIRECTORY": str(self.directory / "state")}  # each gateway has a history of its own
        self.child = Child(command, self.directory, "weir", state | (environment or {}))

    def start(self, yaml: str, prefix: list[str] | None = None, environment: dict[str, str] | None = None) -> None:
        self.write(yaml)
        self.launch(prefix, environment)
        until(lambda: not self.child.running or re.search(r"\bready\b", self.stderr()), "weir to say `ready`",
              story=self.stderr)
        if not self.child.running:
            raise Failure(f"weir ended with {self.child.process.returncode} at its start:\n{self.stderr()}")
        self.address = self.address_of("web")

    def stderr(self) -> str:
        return self.child.stderr()

    # -- asking

    def ask_admin(self, target: str, method: str = "GET") -> Response:
        return ask(self.admin, target, method)

    def status(self) -> dict:
        return json.loads(self.ask_admin("/status").body)

    def address_of(self, listener: str) -> str:
        """Where that listener is reached; empty where there is none of that name."""
        return next((each["address"] for each in self.status()["listeners"] if each["name"] == listener), "")

    def metrics(self) -> dict[str, float]:
        """Samples by their name with labels, as they are written."""
        lines = self.ask_admin("/metrics").text().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def metric(self, name: str) -> float:
        return self.metrics().get(name, 0.0)

    def client(self, **options: object) -> Client:
        return Client(self.address, **options)

    def get(self, target: str, fields: str = "") -> Response:
        return ask(self.address, target, fields=fields)

    def command(self, *arguments: str, seconds: float = STEP_SECONDS) -> subprocess.CompletedProcess:
        """Another command of the binary, e.g. `check`."""
        done = run([self.binary, *arguments], self.directory, seconds)
        done.stdout, done.stderr = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done

    # -- doing

    def signal(self, number: signal.Signals) -> None:
        self.child.signal(number)

    def reload(self) -> None:
        answer = self.ask_admin("/reload", "POST")
        same(answer.status, 200, f"a reload ({answer.text()})")

    def hang_up(self) -> None:
        """SIGHUP, and waits until it was acted on."""
        before = self.reloads()
        self.signal(signal.SIGHUP)
        until(lambda: self.reloads() > before, "the reload that SIGHUP asks for", story=self.stderr)

    def reloads(self) -> int:
        counts = self.status()["reloads"]
        return counts["applied"] + counts["failed"]

    def exits(self, code: int, seconds: float = STEP_SECONDS) -> None:
        came = self.child.exit_code(seconds)
        if came != code:
            raise Failure(f"weir's exit code: expected {code}, came {came}. It said:\n{self.stderr()[-2000:]}")

    # -- watching

    def resident_bytes(self) -> int:
        return int(pathlib.Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    # -- ending

    def finish(self) -> None:
        """Ends the process as its owner would; a scenario that ended it itself has looked at the exit code."""
        if self.child is None:
            return
        if self.child.running:
            self.signal(signal.SIGTERM)
            self.exits(0)
        found = REPORT.search(self.stderr())
        if found:
            raise Failure(f"weir reported:\n{self.stderr()[max(0, found.start() - 500):][:4000]}")

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()


class MemoryWatch:
    """Samples the resident memory of the gateway in the background; `with` around what is watched."""

    def __init__(self, gateway: Gateway, every_seconds: float = 0.05):
        self.gateway, self.every_seconds = gateway, every_seconds
        self.first = self.most = gateway.resident_bytes()
        self.samples = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self) -> None:
        while not self.over.wait(self.every_seconds):
            try:
                self.most = max(self.most, self.gateway.resident_bytes())
            except OSError:
                return
            self.samples += 1

    def __enter__(self) -> MemoryWatch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    @property
    def growth(self) -> int:
        return self.most - self.first


class NotifySocket:
    """systemd's end of sd_notify."""

    def __init__(self, path: pathlib.Path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(STEP_SECONDS)

    def receive(self) -> dict[str, str]:
        try:
            text = self.socket.recv(4096).decode()
        except TimeoutError:
            raise Failure("waited for a datagram on NOTIFY_SOCKET")
        return dict(line.split("=", 1) for line in text.splitlines())

    def close(self) -> None:
        self.socket.close()


