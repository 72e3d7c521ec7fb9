"""The stage of the failures verb: three origins that fail on command, a client that asks steadily, a name server.

Everything waits in one event loop: the client, what happens to the origins, and what the proxy says of it. Requests
come at a fixed rate whatever became of those before (an open loop), so that a proxy that makes some wait is not asked
less meanwhile; a latency counts from when the request was due. A request that has no whole, right answer of status 200
after CLIENT_SECONDS has failed.
"""

import asyncio
import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .contenders import Unavailable
from .processes import Meter, Process

NAMES = ["one", "two", "three"]
RATE = 200  # requests a second: two of three origins bear it with ease, also in Python
CLIENT_SECONDS = 3.0  # the patience of people; the proxies give a try half a second
BODY_BYTES = 1024
ORIGIN = Path(__file__).parent.parent / "failing_origin.py"


@dataclass(frozen=True)
class Seen:
    """One request as its client saw it; moments are of the monotonic clock."""

    due: float
    ended: float
    origin: str  # who answered; empty: nobody, or the proxy itself
    failure: str  # empty: none

    @property
    def seconds(self) -> float:
        return self.ended - self.due


class Origin:
    """One process; each has an address of its own and all have one port, as servers behind one name have."""

    def __init__(self, name: str, host: str, port: int, directory: Path) -> None:
        self.name, self.host, self.port = name, host, port
        self._directory = directory
        self._counter = directory / f"{name}.count"
        self._counter.write_bytes(bytes(8))
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        with (self._directory / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, str(ORIGIN), self.name, self.host, str(self.port),
                                             str(self._counter)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log)
        if self.process.stdout.readline() != b"ready\n":
            raise Unavailable(f"the origin {self.name} does not start: see {self._directory}/{self.name}.log")

    def behave(self, way: str) -> None:
        self.process.stdin.write(f"{way}\n".encode())
        self.process.stdin.flush()
        self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def arrived(self) -> int:
        return struct.unpack("=Q", self._counter.read_bytes())[0]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()


class Client:
    """Asks one port steadily over kept connections, as many as are needed."""

    def __init__(self, port: int, seed: int) -> None:
        self.seen: list[Seen] = []
        self._port = port
        self._draw = random.Random(seed)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._asking: set[asyncio.Task] = set()

    async def ask_for(self, seconds: float) -> None:
        """Poisson arrivals at RATE."""
        due = time.monotonic()
        end = due + seconds
        while (due := due + self._draw.expovariate(RATE)) < end:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            self.ask(due)

    def ask(self, due: float) -> None:
        task = asyncio.create_task(self._ask(due))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def settle(self) -> None:
        """Waits for what is under way."""
        if self._asking:
            await asyncio.wait(set(self._asking))

    async def _ask(self, due: float) -> None:
        origin, failure = "", ""
        connection = self._take()
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                if connection is None:
                    connection = await asyncio.open_connection("127.0.0.1", self._port)
                origin, failure = await self._converse(*connection)
        except TimeoutError:
            failure = "no answer in time"
        except (OSError, asyncio.IncompleteReadError) as error:
            failure = f"cut: {type(error).__name__}"
        if failure and connection is not None:
            connection[1].transport.abort()
        elif connection is not None:
            self._idle.append(connection)
        self.seen.append(Seen(due, time.monotonic(), origin, failure))

    def _take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection[0].at_eof():
                return connection
            connection[1].close()
        return None

    @staticmethod
    async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, str]:
        """Who answered, and what was wrong with it."""
        writer.write(b"GET /page HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, fields = int(head.split(" ", 2)[1]), {}
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        if status != 200:
            return "", f"status {status}"
        return fields.get("x-origin", ""), "" if body == b"x" * BODY_BYTES else "wrong content"


class NameServer(asyncio.DatagramProtocol):
    """Answers each question for an address by what it is told to: addresses, a code, or silence."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.code = 0  # 2: SERVFAIL, 3: NXDOMAIN
        self.silent = False
        self.port = 0
        self._transport = None

    async def start(self) -> None:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]

    def say(self, addresses: list[str], code: int = 0, silent: bool = False) -> None:
        self.addresses, self.code, self.silent = addresses, code, silent

    def datagram_received(self, data: bytes, peer: tuple) -> None:
        if self.silent:
            return
        end = data.index(0, 12) + 5  # the name, its type and class
        question, kind = data[12:end], struct.unpack("!H", data[end - 4:end - 2])[0]
        records = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(address)
                   for address in self.addresses] if kind == 1 and self.code == 0 else []
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | self.code, 1, len(records), 0, 0)
        self._transport.sendto(head + question + b"".join(records), peer)

    def stop(self) -> None:
        self._transport.close()


class Weir:
    """What the running gateway says of itself: its error log as it grows, and its counters."""

    def __init__(self, process: Process, admin: Path) -> None:
        self._process, self._admin = process, admin
        self.said: list[tuple[float, str]] = []
        self._read = 0

    async def listen(self) -> None:
        """Notes each line of the log with the moment it was seen, to 20 ms."""
        while True:
            with self._process.log.open(errors="replace") as log:
                log.seek(self._read)
                lines = log.readlines()
                self._read = log.tell()
            self.said += [(time.monotonic(), line) for line in lines]
            await asyncio.sleep(0.02)

    def first(self, after: float, *words: str) -> float | None:
        """When a line with one of these words was seen."""
        return next((when for when, line in self.said if when >= after and any(word in line for word in words)), None)

    async def counters(self) -> dict[str, float]:
        reader, writer = await asyncio.open_unix_connection(str(self._admin))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        counters = {}
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            with contextlib.suppress(ValueError):
                counters[name] = float(value)
        return counters


class Stage:
    """Three origins, and one client before whatever listens on `port`."""

    def __init__(self, meter: Meter, directory: Path, seed: int) -> None:
        self.meter, self.directory, self.seed = meter, directory, seed
        self.origin_port = machine.free_port()
        self.origins = [Origin(name, f"127.0.1.{number}", self.origin_port, directory)
                        for number, name in enumerate(NAMES, 1)]
        self.names = NameServer()
        self.flapping: asyncio.Task | None = None
        self.weir: Weir | None = None

    def endpoints(self) -> list[str]:
        return [f"{origin.host}:{origin.port}" for origin in self.origins]

    def arrived(self) -> int:
        return sum(origin.arrived() for origin in self.origins)

    def stop(self) -> None:
        for origin in self.origins:
            with contextlib.suppress(ProcessLookupError):
                os.kill(origin.process.pid, signal.SIGCONT)
            origin.stop()
