"""Debian's redis-server: one, with or without a password, or a cluster of masters with a replica; in the clear or over
TLS; all on loopback."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import signal
import socket
import ssl

from .origins import free_port
from .processes import Child, tool
from .waiting import Failure, until

SLOTS = 16384


class RedisError(Exception):
    """What a server answered instead of a value."""


@dataclasses.dataclass
class RedisTls:
    """What a server shows, and whom it believes; whoever asks it for the test shows the same."""
    authority: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path
    asks_clients: bool = False

    def options(self, port: int) -> list[str]:
        return ["--port", "0", "--tls-port", str(port), "--tls-cert-file", str(self.certificate), "--tls-key-file",
                str(self.key), "--tls-ca-cert-file", str(self.authority), "--tls-auth-clients",
                "yes" if self.asks_clients else "no", "--tls-cluster", "yes", "--tls-replication", "yes"]

    def wrap(self, plain: socket.socket) -> socket.socket:
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")


class Connection:
    """As much RESP as a test needs."""

    def __init__(self, port: int, password: str = "", tls: RedisTls | None = None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        if tls:
            self.socket = tls.wrap(self.socket)
        self.file = self.socket.makefile("rb")
        if password:
            self.ask("AUTH", password)

    def ask(self, *words: object) -> object:
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return self.read()

    def read(self) -> object:
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if not line or kind == b"-":
            raise RedisError(rest.decode() or "the connection ended")
        if kind in b"+:":
            return int(rest) if kind == b":" else rest.decode()
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        return [self.read() for _ in range(int(rest))]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Redis:
    """One server; it can be stopped, killed and started again on its port."""

    def __init__(self, directory: pathlib.Path, password: str = "", cluster: bool = False, tls: RedisTls | None = None):
        directory.mkdir(parents=True)
        self.directory, self.password, self.cluster, self.tls = directory, password, cluster, tls
        self.port = free_port()
        self.bus_port = free_port() if cluster else 0
        self.child: Child | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        options = self.tls.options(self.port) if self.tls else ["--port", str(self.port)]
        options += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self.password:
            options += ["--requirepass", self.password, "--masterauth", self.password]
        if self.cluster:
            options += ["--cluster-enabled", "yes", "--cluster-port", str(self.bus_port), "--cluster-node-timeout",
                        "1000", "--cluster-config-file", "nodes.conf", "--cluster-require-full-coverage", "no"]
        self.child = Child([tool("redis-server"), *options], self.directory, "redis")
        until(self.answers, f"redis-server on {self.address}", story=self.child.stdout)

    def answers(self) -> bool:
        if not self.child.running:
            raise Failure(f"redis-server ended: {self.child.stdout()[-500:]}")
        try:
            return self.ask("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def ask(self, *words: object) -> object:
        connection = Connection(self.port, self.password, self.tls)
        try:
            return connection.ask(*words)
        finally:
            connection.close()

    def decisions(self) -> int:
        """How often the function that decides was called."""
        calls = re.search(r"cmdstat_fcall:calls=(\d+)", str(self.ask("INFO", "commandstats")))
        return int(calls[1]) if calls else 0

    def stop(self) -> None:
        self.child.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.child.signal(signal.SIGCONT)

    def close(self) -> None:
        self.child.kill()


class RedisCluster:
    """Three masters that share the slots, and a replica of the first."""

    def __init__(self, directory: pathlib.Path, tls: RedisTls | None = None):
        self.nodes = [Redis(directory / f"node{number}", cluster=True, tls=tls) for number in range(4)]
        first = self.nodes[0]
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
        bounds = [0, SLOTS // 3, 2 * SLOTS // 3, SLOTS]
        for number, node in enumerate(self.masters):
            node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        until(lambda: all(len(node.ask("CLUSTER", "NODES").splitlines()) == 4 for node in self.nodes),
              "four servers that know each other")
        self.nodes[3].ask("CLUSTER", "REPLICATE", self.id_of(first))
        until(self.is_whole, "a whole cluster", seconds=30)

    @property
    def masters(self) -> list[Redis]:
        return self.nodes[:3]

    @staticmethod
    def id_of(node: Redis) -> str:
        return str(node.ask("CLUSTER", "MYID"))

    def is_whole(self) -> bool:
        replica = str(self.nodes[3].ask("INFO", "replication"))
        return all("cluster_state:ok" in str(node.ask("CLUSTER", "INFO")) for node in self.nodes) and \
            "master_link_status:up" in replica

    def owner_of(self, slot: int) -> Redis:
        for node in self.nodes:
            if not node.child.running:
                continue
            for first, last, (_, port, *_), *_ in node.ask("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(each for each in self.nodes if each.port == port)
        raise Failure(f"nobody serves slot {slot}")

    def move_slot(self, slot: int, to: Redis, while_moving=lambda: None) -> None:
        """As redis-cli --cluster reshard does; `while_moving` runs when keys are there and the slot is still the old
        owner's, so that ASK is answered."""
        source = self.owner_of(slot)
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(to))
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.ask("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)
        while_moving()
        for node in [to, source, *self.masters]:
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(to))

    def close(self) -> None:
        for node in self.nodes:
            node.close()
