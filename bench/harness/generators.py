"""Who asks: wrk for closed loops, bench_load for fixed rates and for the crowd of idle connections."""

import json
import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .contenders import PEERS, Programs, Running, Unavailable, find_peer
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

    def fields(self) -> list[str]:
        return BROWSER_FIELDS if self.browser_head else []


@dataclass(frozen=True)
class Answers:
    """What the generator saw in one run. Latencies in microseconds; lateness is the generator's own."""

    completed: int
    failed: int
    latency_p50_us: float
    latency_p99_us: float
    late_p99_us: float = 0.0
    unfinished: int = 0  # still not answered a second after the end


class Generator:
    """One generator run against one contender, on the core the proxy does not use."""

    def __init__(self, meter: Meter, programs: Programs, load: Load, target: Running, warm_up: float, seconds: float,
                 directory: Path) -> None:
        self._open_loop = load.rate > 0
        run = _open_loop if self._open_loop else _wrk
        command = run(programs, load, target, warm_up, seconds)
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
            return _read_open_loop(text) if self._open_loop else _read_wrk(text)
        except (ValueError, KeyError, AttributeError) as error:
            raise Unavailable(f"the generator's output cannot be read ({error}):\n{text}\n"
                              f"{self._process.explain()}") from error

    def abandon(self) -> None:
        self._process.stop()


class IdleCrowd:
    """`count` keep-alive connections that have made one request each and now wait."""

    def __init__(self, meter: Meter, programs: Programs, target: Running, count: int, directory: Path) -> None:
        command = [programs.require("bench_load"), "--address", f"127.0.0.1:{target.port}", "--connections", str(count),
                   "--hold", "yes"]
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


def _wrk(programs: Programs, load: Load, target: Running, warm_up: float, seconds: float) -> list[str]:
    # wrk counts whole seconds; it must outlast the measured window, which is taken inside its run.
    duration = math.ceil(warm_up + seconds + 0.1)
    command = [find_peer("wrk"), "-t1", f"-c{load.connections}", f"-d{duration}s", "--latency", "--timeout", "5s"]
    for field in load.fields():
        command += ["-H", field]
    url = f"http://127.0.0.1:{target.port}{load.path}"
    return [*command, "-s", str(PEERS / load.script), url, "--", target.name] if load.script else [*command, url]


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


def _read_open_loop(text: str) -> Answers:
    said = json.loads(text)
    return Answers(completed=said["completed"], failed=said["failed"], unfinished=said["unfinished"],
                   latency_p50_us=said["latency_us"]["p50"], latency_p99_us=said["latency_us"]["p99"],
                   late_p99_us=said["late_us"]["p99"])
