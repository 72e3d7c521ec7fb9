"""Processes that end with the test, whatever ends it.

Idea: each child is told by the kernel to die when this process does (PR_SET_PDEATHSIG, through util-linux' setpriv), so
that not even a kill -9 of the runner leaves one behind. Otherwise the stand ends them, by pid, when a scenario is over.

Invariant: children are started by the main thread only, since the kernel watches the thread that forked.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import threading

from .waiting import STEP_SECONDS, Failure

SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where Debian keeps nginx
TOOLS = {"nginx": "nginx", "curl": "curl", "wrk": "wrk", "setpriv": "util-linux", "prlimit": "util-linux",
         "node": "nodejs",
         "unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "redis-server": "redis-server",
         "openssl": "openssl", "pebble": "pebble", "pebble-challtestsrv": "pebble"}


def tool(name: str) -> str:
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise Failure(f"{name} is missing: apt-get install {TOOLS[name]} (./dev test does it)")
    return found


def missing_tools() -> list[str]:
    return [name for name in TOOLS if shutil.which(name, path=SYSTEM_PATH) is None]


class Child:
    """A process of the stand, with what it says in files, so that it never waits for somebody to read."""

    def __init__(self, command: list[str], directory: pathlib.Path, name: str,
                 environment: dict[str, str] | None = None):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children are started by the main thread")
        self.name = name
        self.stdout_path, self.stderr_path = directory / f"{name}.stdout", directory / f"{name}.stderr"
        with self.stdout_path.open("wb") as out, self.stderr_path.open("wb") as err:
            self.process = subprocess.Popen(
                [tool("setpriv"), "--pdeathsig", "KILL", "--", *command], cwd=directory, stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, env=os.environ | (environment or {}), start_new_session=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stdout(self) -> str:
        return self.stdout_path.read_text(encoding="utf-8", errors="replace")

    def stderr(self) -> str:
        return self.stderr_path.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def exit_code(self, seconds: float = STEP_SECONDS) -> int:
        """Waits for the end; negative when a signal ended it."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"waited {seconds:.0f} s for {self.name} to end. It said:\n{self.stderr()[-2000:]}")

    def kill(self) -> None:
        if self.running:
            self.process.kill()
        self.process.wait()


def run(command: list[str], directory: pathlib.Path, seconds: float = STEP_SECONDS) -> subprocess.CompletedProcess:
    """A short command; its output as bytes."""
    try:
        return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"waited {seconds:.0f} s for {' '.join(command)}")
