"""Who asks: wrk for closed loops, h2load for HTTP/2, openssl for handshakes, bench_load for fixed rates.

A generator is a command, and what is read from its output: one pair of functions each.
"""

import json
import math
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .contenders import PEERS, Programs, Running, Unavailable, find_peer
from .fronts import PLAIN, Front
from .processes import Meter, Process

# What a browser sends with a GET: about 800 bytes of head, cookies included (counted by hand from Chromium's fields).
BROWSER_FIELDS = [
    'sec-ch-ua: "Chromium";v="141", "Not?A_Brand";v="8", "Google Chrome";v="141"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Linux"',
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-User: ?1",
    "Sec-Fetch-Dest: document",
    "Referer: https://shop.example.com/products/garden?page=2",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
    "Cookie: session=5f1c2a9e7b3d4c60a1e8f2d97b6c5a43; theme=dark; consent=2026-03-01",
]


@dataclass(frozen=True)
class Load:
    """What is asked of a contender in one window."""

    path: str = "/1k"
    connections: int = 64
    browser_head: bool = False
    rate: int = 0  # requests per second, open loop; 0: closed loop
    script: str = ""  # of wrk, in bench/peers: makes the requests; is given the contender's name
    front: Front = PLAIN  # how it is asked
    streams: int = 0  # requests under way on each HTTP/2 connection; 0: HTTP/1
    handshakes: bool = False  # a connection and a full handshake for each request

    def fields(self) -> list[str]:
        return BROWSER_FIELDS if self.browser_head else []


@dataclass(frozen=True)
class Answers:
    """What the generator saw in one run. Latencies in microseconds; lateness is the generator's own."""

    completed: int
    failed: int
    latency_p50_us: float | None  # None: the generator does not tell
    latency_p99_us: float | None
    late_p99_us: float = 0.0
    unfinished: int = 0  # still not answered a second after the end


class Generator:
    """One generator run against one contender, on the core the proxy does not use."""

    def __init__(self, meter: Meter, programs: Programs, load: Load, target: Running, warm_up: float, seconds: float,
                 directory: Path) -> None:
        command_of, self._read = _tool(load)
        command = command_of(programs, load, target, warm_up, seconds)
        self._process = Process(meter, "generator", command, machine.PEER_CORE, directory, stdout=subprocess.PIPE)
        self._patience = warm_up + seconds + 15

    def finish(self) -> Answers:
        """Waits for its end and reads its result."""
        try:
            if self._process.wait(self._patience) is None:
                raise Unavailable("the generator does not end: " + self._process.explain())
            text = self._process.stdout.read().decode()
        finally:
            self._process.stop()
        try:
            return self._read(text)
        except (ValueError, KeyError, AttributeError) as error:
            raise Unavailable(f"the generator's output cannot be read ({error}):\n{text}\n"
                              f"{self._process.explain()}") from error

    def abandon(self) -> None:
        self._process.stop()


class IdleCrowd:
    """`count` connections that have made one request each and now wait."""

    def __init__(self, meter: Meter, programs: Programs, target: Running, count: int, directory: Path,
                 front: Front = PLAIN) -> None:
        if front == PLAIN:
            command = [programs.require("bench_load"), "--address", f"127.0.0.1:{target.port}", "--connections",
                       str(count), "--hold", "yes"]
        else:
            script = Path(__file__).with_name("crowd.py")
            command = [sys.executable, str(script), str(target.port), str(count), front.name]
        self._process = Process(meter, "generator", command, machine.PEER_CORE, directory, stdout=subprocess.PIPE)
        line = self._process.stdout.readline().decode()
        if line.split()[:1] != ["holding"]:
            self._process.stop()
            raise Unavailable(f"no crowd of {count} before {target.name}: {line} {self._process.explain()}")

    def dismiss(self) -> int:
        """Ends the crowd; returns how many connections were still open."""
        self._process.interrupt()
        self._process.wait(10)
        text = self._process.stdout.read().decode()
        self._process.stop()
        return json.loads(text)["open"] if text else 0


def _tool(load: Load):
    if load.rate > 0:
        return _open_loop, _read_open_loop
    if load.handshakes:
        return _openssl, _read_openssl
    return (_h2load, _read_h2load) if load.streams > 0 else (_wrk, _read_wrk)


def _whole_seconds(warm_up: float, seconds: float) -> int:
    """A run must outlast the measured window, which is taken inside it."""
    return math.ceil(warm_up + seconds + 0.1)


def _url(load: Load, target: Running) -> str:
    return f"{load.front.scheme}://127.0.0.1:{target.port}{load.path}"


def _wrk(programs: Programs, load: Load, target: Running, warm_up: float, seconds: float) -> list[str]:
    command = [find_peer("wrk"), "-t1", f"-c{load.connections}", f"-d{_whole_seconds(warm_up, seconds)}s", "--latency",
               "--timeout", "5s"]
    for field in load.fields():
        command += ["-H", field]
    url = _url(load, target)
    return [*command, "-s", str(PEERS / load.script), url, "--", target.name] if load.script else [*command, url]


def _h2load(programs: Programs, load: Load, target: Running, warm_up: float, seconds: float) -> list[str]:
    return [find_peer("h2load"), "-t1", f"-c{load.connections}", f"-m{load.streams}",
            f"-D{_whole_seconds(warm_up, seconds)}", _url(load, target)]


def _openssl(programs: Programs, load: Load, target: Running, warm_up: float, seconds: float) -> list[str]:
    """So many clients, each of which shakes hands anew for each request and resumes nothing."""
    one = shlex.join([find_peer("openssl"), "s_time", "-connect", f"127.0.0.1:{target.port}", "-www", load.path, "-new",
                      "-time", str(_whole_seconds(warm_up, seconds))])
    return ["sh", "-c", f"({one} || echo gave up) & " * load.connections + "wait"]


def _open_loop(programs: Programs, load: Load, target: Running, warm_up: float, seconds: float) -> list[str]:
    command = [programs.require("bench_load"), "--address", f"127.0.0.1:{target.port}", "--path", load.path,
               "--connections", str(load.connections), "--rate", str(load.rate), "--warm-up", str(warm_up),
               "--seconds", str(seconds + 0.1)]
    for field in load.fields():
        command += ["--header", field]
    return command


def _read_wrk(text: str) -> Answers:
    failed = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    failed += int(match.group(1)) if (match := re.search(r"Non-2xx or 3xx responses: (\d+)", text)) else 0
    return Answers(completed=int(re.search(r"(\d+) requests in", text).group(1)), failed=failed,
                   latency_p50_us=_wrk_microseconds(text, "50%"), latency_p99_us=_wrk_microseconds(text, "99%"))


def _wrk_microseconds(text: str, share: str) -> float:
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)\b", text).groups()
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def _read_h2load(text: str) -> Answers:
    done, wrong, errors, late = (int(re.search(rf"(\d+) {word}", text).group(1))
                                 for word in ("succeeded", "failed", "errored", "timeout"))
    return Answers(completed=done, failed=wrong + errors + late, latency_p50_us=None, latency_p99_us=None)


def _read_openssl(text: str) -> Answers:
    """Each client tells of its connections at its end; a failed one makes it give up."""
    counts = [int(count) for count in re.findall(r"(\d+) connections in \d+ real seconds", text)]
    return Answers(completed=sum(counts), failed=text.count("gave up"), latency_p50_us=None, latency_p99_us=None)


def _read_open_loop(text: str) -> Answers:
    said = json.loads(text)
    return Answers(completed=said["completed"], failed=said["failed"], unfinished=said["unfinished"],
                   latency_p50_us=said["latency_us"]["p50"], latency_p99_us=said["latency_us"]["p99"],
                   late_p99_us=said["late_us"]["p99"])
