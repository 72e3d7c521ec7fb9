"""The Redis part of the limits verb: what asking Redis adds to a request, with a Redis healthy, slow or stopped.

Idea: one Weir, one route for each way to count, asked in turn over one keep-alive connection, so that neighbouring
requests see the same machine. `none` has no limit, `shared` counts in the process, `redis` asks a redis-server, `slow`
the same one through a relay that holds every piece back for 100 ms, and `stopped` one that got SIGSTOP. Latency is by
the client's clock; CPU is Weir's own, by the difference of bursts on one route.
"""

import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

from . import machine
from .contenders import Programs, Unavailable
from .figures import figure
from .verdicts import Section, judge_most

BUDGET_MS = 5
DELAY_SECONDS = 0.1
ROUTES = ["none", "shared", "redis", "slow", "stopped"]
# Added to the median request, in microseconds: a round trip on loopback and a script; nothing once a Redis is not
# waited for. Added to all requests together, in milliseconds: the budgets that were waited for.
ADDED_MEDIAN_US = {"shared": 100.0, "redis": 1000.0, "slow": 150.0, "stopped": 150.0}
WAITED_MS = {"slow": 60.0, "stopped": 60.0}
REQUESTS = 400
BURST = 300

CONFIGURATION = """
workers: 1
admin: unix:{directory}/admin.sock
listeners: ["127.0.0.1:{port}"]
access_log: off
stories: off
routes:
"""
PLAIN = "  - match: {{ path: /{name} }}\n{filters}    respond: ok\n"


class Relay(threading.Thread):
    """Passes bytes on to a port, each piece DELAY_SECONDS late."""

    def __init__(self, to: int) -> None:
        super().__init__(daemon=True)
        self.to = to
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            for source, target, delay in ((client, server, 0.0), (server, client, DELAY_SECONDS)):
                threading.Thread(target=self._pump, args=(source, target, delay), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, delay: float) -> None:
        try:
            while piece := source.recv(65536):
                time.sleep(delay)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            target.close()


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def ask(self, name: str) -> float:
        """Seconds until the whole answer was there."""
        began = time.perf_counter()
        self.socket.sendall(f"GET /{name} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        while b"\r\n\r\nok" not in self.unread:
            piece = self.socket.recv(65536)
            if not piece:
                raise Unavailable("Weir closed the connection")
            self.unread += piece
        if not self.unread.startswith(b"HTTP/1.1 200"):
            raise Unavailable(f"a request to /{name} was not admitted: {self.unread[:60]!r}")
        self.unread = b""
        return time.perf_counter() - began


def measure(programs: Programs, windows: int, directory: Path) -> Section:
    if programs.weir is None:
        raise Unavailable("the Redis rows need Weir")
    children: list[subprocess.Popen] = []
    try:
        healthy = _start_redis(children, directory)
        frozen = _start_redis(children, directory)
        relay = Relay(healthy)
        port = _start_weir(programs, children, directory, {"redis": healthy, "slow": relay.port, "stopped": frozen})
        client = Client(port)
        for name in ROUTES:  # connections are made, functions loaded, the slow one found out
            for _ in range(20):
                client.ask(name)
        os.kill(children[1].pid, signal.SIGSTOP)
        return section_of([_round(client, children[-1].pid) for _ in range(max(windows, 3))])
    finally:
        for child in children:
            child.kill()
            child.wait()


def section_of(rounds: list[dict[str, dict[str, float]]]) -> Section:
    """What some rounds say together, each as `_round` gives it."""
    section = Section("limits-redis", "limits, what asking Redis adds to a request")
    base = [each["none"] for each in rounds]
    for name in ROUTES:
        own = [each[name] for each in rounds]
        added = figure([mine["median"] - none["median"] for mine, none in zip(own, base, strict=True)])
        pairs = list(zip(own, base, strict=True))
        waited = figure([mine["total"] - none["median"] * REQUESTS / 1000 for mine, none in pairs])
        section.figures[name] = {"median_us": figure([each["median"] for each in own]),
                                 "p99_us": figure([each["p99"] for each in own]), "added_median_us": added,
                                 "cpu_us": figure([each["cpu"] for each in own])}
        if name in ADDED_MEDIAN_US:
            section.checks.append(judge_most(f"{name}: adds at most {ADDED_MEDIAN_US[name]:g} us to the median request",
                                             added, "us", ADDED_MEDIAN_US[name]))
        if name in WAITED_MS:
            section.checks.append(judge_most(f"{name}: {REQUESTS} requests wait {WAITED_MS[name]:g} ms at most "
                                             f"(budget {BUDGET_MS} ms)", waited, "ms", WAITED_MS[name]))
    section.remarks.append("slow: every answer 100 ms late, through a relay; stopped: redis-server after SIGSTOP; one "
                           f"connection, {REQUESTS} requests on each route in turn, then {BURST} on one for its CPU")
    return section


def _round(client: Client, weir: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in ROUTES}
    for _ in range(REQUESTS):
        for name in ROUTES:
            times[name].append(client.ask(name) * 1e6)
    result = {}
    for name in ROUTES:
        before = _cpu_nanoseconds(weir)
        for _ in range(BURST):
            client.ask(name)
        own = sorted(times[name])
        result[name] = {"median": statistics.median(own), "p99": own[int(len(own) * 0.99)], "total": sum(own) / 1000,
                        "cpu": (_cpu_nanoseconds(weir) - before) / BURST / 1000}
    return result


def _cpu_nanoseconds(pid: int) -> int:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def _start_redis(children: list[subprocess.Popen], directory: Path) -> int:
    port = machine.free_port()
    try:
        children.append(subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    except FileNotFoundError:
        raise Unavailable("redis-server is not installed: apt-get install redis-server") from None
    _await(port)
    return port


def _start_weir(programs: Programs, children: list[subprocess.Popen], directory: Path, redis: dict[str, int]) -> int:
    port = machine.free_port()
    lines = CONFIGURATION.format(directory=directory, port=port)
    for name in ROUTES:
        rule = f"name: {name}, rate: 1000000/s"
        if name in redis:
            rule += f', scope: redis, redis: {{ addresses: ["127.0.0.1:{redis[name]}"], budget: {BUDGET_MS}ms }}'
        filters = "" if name == "none" else f"    filters: [{{ limit: {{ {rule} }} }}]\n"
        lines += PLAIN.format(name=name, filters=filters)
    path = directory / "redis.yaml"
    path.write_text(lines)
    children.append(subprocess.Popen(
        ["taskset", "-c", str(machine.PROXY_CORE), str(programs.weir), "run", "-c", str(path)],
        env=os.environ | {"STATE_DIRECTORY": str(directory / "state")}, stdout=subprocess.DEVNULL,
        stderr=(directory / "weir-redis.log").open("wb")))
    _await(port)
    return port


def _await(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Unavailable(f"nobody listens on port {port}")
