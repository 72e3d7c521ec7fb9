"""FastCGI applications: Debian's php-fpm with a pool of our own, and one here whose every byte a scenario decides."""

from __future__ import annotations

import glob
import os
import pathlib
import shutil
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .message import Peer
from .origins import Server, free_port
from .processes import SYSTEM_PATH, Child
from .waiting import Failure, until

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7

POOL = """
[global]
error_log = {directory}/fpm.log
daemonize = no
[www]
listen = {address}
listen.backlog = 1024
pm = static
pm.max_children = {workers}
catch_workers_output = yes
clear_env = no
php_admin_value[error_log] =
php_admin_value[upload_max_filesize] = 64M
php_admin_value[post_max_size] = 64M
php_admin_value[upload_tmp_dir] = {directory}
php_admin_value[display_errors] = 0
php_admin_flag[log_errors] = on
php_admin_value[cgi.fix_pathinfo] = 1
"""


def php_fpm() -> str:
    """The newest one that is installed; Debian's name has the version in it."""
    found = [path for folder in SYSTEM_PATH.split(":") for path in glob.glob(f"{folder}/php-fpm[0-9]*")]
    if not found and not (found := [path for path in [shutil.which("php-fpm", path=SYSTEM_PATH)] if path]):
        raise Failure("php-fpm is missing: apt-get install php-fpm (./dev test does it)")
    return sorted(found)[-1]


class PhpFpm:
    """php-fpm with one pool, on a unix socket or on TCP. The same address can be started again."""

    def __init__(self, directory: pathlib.Path, workers: int, tcp: bool):
        directory.mkdir(parents=True)
        self.directory = directory
        self.root = directory / "site"
        self.root.mkdir()
        self.address = f"127.0.0.1:{free_port()}" if tcp else f"{directory}/fpm.sock"
        self.endpoint = self.address if tcp else f"unix:{self.address}"
        (directory / "fpm.conf").write_text(POOL.format(directory=directory, address=self.address, workers=workers))
        self.child: Child | None = None
        self.start()

    def write(self, name: str, script: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)

    def start(self) -> None:
        command = [php_fpm(), "-n", "-R", "-y", str(self.directory / "fpm.conf")]  # -n: no php.ini; -R: root may
        self.child = Child(command, self.directory, "php-fpm")
        until(lambda: not self.child.running or self.answers(), "php-fpm to listen", story=self.story)
        if not self.child.running:
            raise Failure(f"php-fpm did not start:\n{self.story()}")

    def story(self) -> str:
        log = self.directory / "fpm.log"
        return self.child.stderr() + (log.read_text() if log.exists() else "")

    def answers(self) -> bool:
        tcp = ":" in self.address
        host, _, port = self.address.rpartition(":")
        with socket.socket(socket.AF_INET if tcp else socket.AF_UNIX) as probe:
            return probe.connect_ex((host, int(port)) if tcp else self.address) == 0

    def workers(self) -> list[int]:
        return [int(pid) for pid in pathlib.Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text()
                .split()]

    def kill(self) -> None:
        """kill -9 of master and workers: the master would only start new ones."""
        pids = self.workers() if self.child.running else []
        self.child.kill()
        for pid in pids:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass

    close = kill


@dataclass
class Asked:
    """One request as it arrived."""
    params: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    keep: bool = False
    repeated: list[str] = field(default_factory=list)  # names that were said twice


def record(kind: int, content: bytes = b"", padding: int = 0, request: int = 1, version: int = 1) -> bytes:
    return struct.pack(">BBHHBB", version, kind, request, len(content), padding, 0) + content + b"." * padding


def end(application_status: int = 0, protocol_status: int = 0) -> bytes:
    return record(END, struct.pack(">IB3x", application_status, protocol_status))


def answer(output: bytes, errors: bytes = b"") -> bytes:
    """A whole ordinary answer."""
    pieces = [output[at:at + 60_000] for at in range(0, len(output), 60_000)]
    return ((record(STDERR, errors) if errors else b"") + b"".join(record(STDOUT, piece) for piece in pieces)
            + record(STDOUT) + end())


def pairs(data: bytes) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            short = data[at] < 128
            lengths.append(data[at] if short else struct.unpack_from(">I", data, at)[0] & 0x7FFFFFFF)
            at += 1 if short else 4
        name, value = data[at:at + lengths[0]], data[at + lengths[0]:at + sum(lengths)]
        at += sum(lengths)
        found.append((name.decode("latin-1"), value.decode("latin-1")))
    return found


class Application(Server):
    """Reads each request to its end and has `handler` send what it likes; it returns whether to go on."""

    def __init__(self, handler: Callable[[Peer, Asked], bool | None]):
        self.handler = handler
        super().__init__()

    def converse(self, peer: Peer) -> None:
        while self.handler(peer, read_request(peer)) is not False:
            pass


def read_request(peer: Peer) -> Asked:
    asked = Asked()
    while True:
        _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", peer.take(8))
        content = peer.take(length)
        peer.take(padding)
        if kind == BEGIN:
            asked.keep = content[2] & 1 == 1
        elif kind == PARAMS:
            for name, value in pairs(content):
                if name in asked.params:
                    asked.repeated.append(name)
                asked.params[name] = value
        elif kind == STDIN and length == 0:
            return asked
        elif kind == STDIN:
            asked.content += content
