"""The gateway under test: one process a page, in its own folder, with ports of the kernel's choice.

The page's configuration is completed, never changed: `workers`, `admin`, `listeners` and
`access_log` are added where it does not speak of them. The access log goes to stdout and is read
from there, so a step can wait for a line of it as for any other bytes.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

from .text import repeat, show
from .wire import Failure, Wire

DEFAULTS = {
    "workers": "workers: 1",
    "admin": "admin: unix:${directory}/admin.sock",
    "listeners": 'listeners: [{ name: web, address: "127.0.0.1:0" }]',
    "access_log": "access_log: { to: stdout, format: json }",
}
START_SECONDS = 30.0               # a sanitizer's binary on a busy machine; weir itself needs milliseconds
SANITIZER = re.compile(r"(Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error: |invariant")


class Gateway:
    def __init__(self, wire: Wire, binary: str, directory: pathlib.Path, places: dict[str, str]):
        self.wire, self.binary, self.directory = wire, binary, directory
        self.places = places | {"directory": str(directory)}
        self.configuration = directory / "weir.yaml"
        self.admin = directory / "admin.sock"
        self.places |= {"config": str(self.configuration), "admin": str(self.admin)}
        self.listeners: dict[str, str] = {}
        self.log_lines: list[str] = []
        self.stderr = self.stdout_rest = ""
        self.stopping = False
        self.process: subprocess.Popen | None = None

    def fill(self, text: str) -> str:
        return repeat(self.fill_places(text))

    def fill_places(self, text: str) -> str:
        for name, value in self.places.items():
            text = text.replace("${" + name + "}", value)
        return text

    def write(self, yaml: str) -> None:
        added = [line for key, line in DEFAULTS.items() if not re.search(rf"^{key}:", yaml, re.M)]
        self.configuration.write_text(self.fill("\n".join(added) + "\n" + yaml), encoding="utf-8")

    def start(self, yaml: str) -> None:
        self.write(yaml)
        self.process = subprocess.Popen(
            [self.binary, "run", "-c", str(self.configuration)], cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env=os.environ | {"STATE_DIRECTORY": str(pathlib.Path(self.directory) / "state")})
        self.wire.watch(self.process.stdout.fileno(), self.on_stdout)
        self.wire.watch(self.process.stderr.fileno(), self.on_stderr)
        self.end = os.pidfd_open(self.process.pid)         # readable once the process is gone: ends a wait
        self.wire.always[self.end] = self.on_end
        self.wire.process_gone = self.gone
        self.wire.wait(lambda: re.search(r"\bready\b", self.stderr) is not None,
                       "weir to say `ready`", lambda: "stderr:\n" + self.stderr, seconds=START_SECONDS)
        status = json.loads(self.ask("GET", "/status")[1])
        self.listeners = {each["name"]: each["address"] for each in status["listeners"]}

    def on_stdout(self, data: bytes) -> None:
        *whole, self.stdout_rest = (self.stdout_rest + data.decode("utf-8", "replace")).split("\n")
        self.log_lines += whole

    def on_stderr(self, data: bytes) -> None:
        self.stderr += data.decode("utf-8", "replace")

    def on_end(self) -> None:
        self.process.wait()
        self.wire.always.pop(self.end, None)

    def gone(self) -> str | None:
        code = self.process.poll()
        if code is None or self.stopping:
            return None
        self.wire.pump(0.05)
        return f"the end of weir (exit {code}), which said:\n{self.stderr[-3000:]}"

    def ask(self, method: str, target: str) -> tuple[int, bytes]:
        """One request on the admin socket."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(self.wire.step_seconds)
            try:
                admin.connect(str(self.admin))
                fields = "Host: admin\r\nContent-Length: 0\r\nConnection: close"
                admin.sendall(f"{method} {target} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
                answer = bytearray()
                while piece := admin.recv(1 << 16):
                    answer += piece
            except OSError as error:
                raise Failure(f"an answer to {method} {target} on the admin socket", str(error))
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        if not re.match(rb"HTTP/1\.1 \d{3}", head):
            raise Failure(f"an answer to {method} {target} on the admin socket", show(bytes(answer)))
        if b"chunked" in head.lower():
            body = b"".join(body.split(b"\r\n")[1::2])
        return int(head[9:12]), body

    def address(self, name: str) -> str:
        if name in self.listeners:
            return self.listeners[name]
        if name == "web" and self.listeners:
            return next(iter(self.listeners.values()))
        raise Failure(f"a listener named {name}", str(self.listeners))

    def signal(self, name: str) -> None:
        number = getattr(signal, "SIG" + name)
        if number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
            self.stopping = True
        self.wire.tell("weir", "--", f"SIG{name}".encode())
        self.process.send_signal(number)

    def exits(self, code: int) -> None:
        self.stopping = True
        self.wire.wait(lambda: self.process.poll() is not None,
                       f"weir to exit with {code}", lambda: "a process that lives on")
        if self.process.returncode != code:
            came = f"exit {self.process.returncode}; stderr:\n{self.stderr[-3000:]}"
            raise Failure(f"weir to exit with {code}", came)

    def finish(self) -> None:
        """Ends the process as its owner would and looks for what it said in passing."""
        if self.process.poll() is None:
            if not self.stopping:
                self.signal("TERM")
            self.exits(0)
        for _ in range(100):                       # what the pipes still hold
            if not self.wire.always:
                break
            self.wire.pump(0.05)
        found = SANITIZER.search(self.stderr)
        if found:
            raise Failure("no report of a sanitizer or invariant", self.stderr[max(0, found.start() - 500):][:6000])

    def kill(self) -> None:
        if self.process:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            os.close(self.end)
            self.process.stdout.close()
            self.process.stderr.close()

    def run(self, arguments: list[str]) -> tuple[int, str]:
        """Another command of the binary, e.g. `explain`."""
        # `weir check` of a file and the like are short; a hang is a failure of the page.
        done = subprocess.run([self.binary, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, env=os.environ,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=self.wire.step_seconds)
        return done.returncode, done.stdout.decode("utf-8", "replace")
