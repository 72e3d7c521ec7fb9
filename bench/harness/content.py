"""The content rows: what Weir does by itself (files, compression, redirects ...), beside a peer doing the same.

Problem: there is no origin that counts answers, and each row needs servers of its own.
Idea: a row is a name, a load and its servers: a function that writes what they need into a folder and returns each
one's command. wrk counts the answers; the CPU clock of a server's process tree is read before wrk starts and after it
has ended, so that count and clock span the same requests. Windows are interleaved, odd rounds backwards.

To add a row, write a function from (folder, programs) to servers, and a line in ROWS.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .contenders import HAPROXY, NGINX, PEERS, WEIR, Programs, Running, Unavailable, await_listening, find_peer
from .figures import figure, ratio
from .generators import Generator, Load
from .processes import Meter, Process
from .verdicts import MISS, PASS, Check, Section

FOREIGN_MAX = 0.10  # share of one core that others may use in a window
SETTLING_SECONDS = 2.5  # files that were written just now are served with more care: docs/files.md


@dataclass(frozen=True)
class Server:
    """One contender of a row, or somebody it needs (`helper`: started, not measured)."""

    name: str
    command: Callable[[int], list[str]]  # from the port to listen on
    helper: bool = False


@dataclass(frozen=True)
class ContentRow:
    name: str
    title: str
    load: Load
    servers: Callable[[Path, Programs], list[Server]]
    # (contender, against, most that its CPU per request may be of the other's)
    budgets: tuple[tuple[str, str, float], ...]


def measure(row: ContentRow, meter: Meter, programs: Programs, directory: Path, windows: int, seconds: float,
            tell: Callable[[str], None]) -> Section:
    own = directory / row.name
    own.mkdir()
    running: list[Running] = []
    try:
        measured = []
        for server in row.servers(own, programs):
            port = machine.free_port()
            core = machine.PEER_CORE if server.helper else machine.PROXY_CORE
            process = Process(meter, f"{row.name}-{server.name}", server.command(port), core, own)
            running.append(Running(server.name, port, process))
            if not server.helper:
                measured.append(running[-1])
                await_listening(running[-1])
        time.sleep(SETTLING_SECONDS)
        rounds = _rounds(row, meter, programs, measured, own, windows, seconds, tell)
    finally:
        for each in reversed(running):
            each.process.stop()
    return _section(row, rounds)


@dataclass(frozen=True)
class _Window:
    cpu_us: float
    rate: float
    busy: float
    foreign: float
    latency_us: float
    failed: int


def _rounds(row: ContentRow, meter: Meter, programs: Programs, measured: list[Running], directory: Path, windows: int,
            seconds: float, tell: Callable[[str], None]) -> list[dict[str, _Window]]:
    for contender in measured:  # warm caches, on both sides
        _window(row, meter, programs, contender, directory, 1)
    rounds: list[dict[str, _Window]] = []
    calm = 0
    while calm < windows and len(rounds) < 2 * windows:
        order = measured if len(rounds) % 2 == 0 else list(reversed(measured))
        rounds.append({each.name: _window(row, meter, programs, each, directory, seconds) for each in order})
        calm += max(window.foreign for window in rounds[-1].values()) <= FOREIGN_MAX
        tell(f"{row.title}: round {len(rounds)}, {calm} of {windows} done")
    return sorted(rounds, key=lambda each: max(window.foreign for window in each.values()))[:windows]


def _window(row: ContentRow, meter: Meter, programs: Programs, contender: Running, directory: Path,
            seconds: float) -> _Window:
    def read() -> tuple[float, float, float, float]:
        return contender.process.cpu_seconds(), time.monotonic(), machine.busy_seconds(), meter.own_cpu_seconds() or 0.0

    before = read()
    generator = Generator(meter, programs, row.load, contender, 0, seconds, directory)
    answers = generator.finish()
    cpu, elapsed, busy, ours = (late - early for late, early in zip(read(), before, strict=True))
    if answers.completed == 0:
        raise Unavailable(f"{contender.name} answered nothing ({answers}):\n{contender.process.explain()}")
    foreign = 0.0 if meter.own_cpu_seconds() is None else max(0.0, (busy - ours) / elapsed)
    return _Window(cpu / answers.completed * 1e6, answers.completed / elapsed, cpu / elapsed, foreign,
                   answers.latency_p50_us, answers.failed)


def _section(row: ContentRow, rounds: list[dict[str, _Window]]) -> Section:
    section = Section(row.name, row.title)
    cpu = {name: [each[name].cpu_us for each in rounds] for name in rounds[0]}
    for name in rounds[0]:
        own = section.figures[name] = {
            "cpu_us_per_request": figure(cpu[name]),
            "requests_per_second": figure([each[name].rate for each in rounds]),
            "core_busy_share": figure([each[name].busy for each in rounds]),
            "latency_p50_us": figure([each[name].latency_us for each in rounds]),
        }
        for peer in (NGINX, HAPROXY):
            if peer in cpu:
                own[f"cpu_ratio_to_{peer}"] = ratio(cpu[name], cpu[peer])
        if failed := sum(each[name].failed for each in rounds):
            section.remarks.append(f"{name}: {failed} answers were wrong or missing; its figures are void")
    failed = {name for name in rounds[0] if any(each[name].failed for each in rounds)}
    for contender, against, bound in row.budgets:
        value = ratio(cpu[contender], cpu[against])
        met = value.median <= bound and not failed & {contender, against}
        section.checks.append(Check(f"{contender}: CPU per request <= {bound:.2f} of {against}'s", value, "ratio",
                                    bound, PASS if met else MISS))
    most = max(statistics.median(window.foreign for window in each.values()) for each in rounds)
    if most > FOREIGN_MAX:
        section.remarks.append(f"disturbed: other processes used up to {most:.0%} of a core during a window")
    return section


def rendered(template: str, path: Path, values: dict[str, object]) -> Path:
    """A file of bench/peers with its @WORDS@ filled in, written to `path`."""
    text = (PEERS / f"{template}.in").read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    path.write_text(text)
    return path


def weir_server(name: str, directory: Path, programs: Programs, routes: str) -> Server:
    """Weir with these routes (YAML), as it is by default, but nothing told of requests: nginx tells nothing either."""

    def command(port: int) -> list[str]:
        path = directory / f"{name}.yaml"
        path.write_text(f"workers: 1\nadmin: unix:{directory}/{name}.sock\nlisteners: [\"127.0.0.1:{port}\"]\n"
                        f"access_log: {{ to: off }}\nstories: off\nerror_log: {{ to: stderr, level: error }}\n"
                        f"routes:\n{routes}")
        return [str(programs.weir), "run", "-c", str(path)]

    return Server(name, command)


def nginx_server(name: str, directory: Path, server_block: str, http_block: str = "") -> Server:
    """nginx with these directives in its server and http blocks."""

    def command(port: int) -> list[str]:
        own = directory / name
        own.mkdir(exist_ok=True)
        path = rendered("nginx-content.conf", own / "nginx.conf",
                        {"PORT": port, "DIRECTORY": own, "SERVER": server_block, "HTTP": http_block})
        return [find_peer(NGINX), "-p", str(own), "-c", str(path)]

    return Server(name, command)


# ---- files ----

CACHED = "nginx-open-file-cache"


def _tree(directory: Path) -> Path:
    root = directory / "root"
    root.mkdir()
    (root / "1k").write_bytes(bytes(range(256)) * 4)
    (root / "100k").write_bytes(bytes(range(256)) * 400)
    return root


def _files(directory: Path, programs: Programs) -> list[Server]:
    root = _tree(directory)
    cache = "open_file_cache max=1000 inactive=60s;\n    open_file_cache_valid 1s;"
    return [nginx_server(NGINX, directory, f"root {root};"),
            nginx_server(CACHED, directory, f"root {root};", cache),
            weir_server(WEIR, directory, programs, f"  - files: {root}\n")]


# ---- redirects ----

SMALL_MAP, LARGE_MAP = "map-of-10", "map-of-100000"


def _redirects(directory: Path, programs: Programs) -> list[Server]:
    servers = []
    for name in (SMALL_MAP, LARGE_MAP):
        count = int(name.rsplit("-", 1)[1])
        path = directory / f"{name}.csv"
        entries = [f"/old/{number:06}.html,/new/{number:06},301\n" for number in range(count)]
        path.write_text("from,to,status\n" + "".join(entries))
        servers.append(weir_server(name, directory, programs,
                                   f"  - redirect: {{ map: {path}, to: https://example.com/, status: 301 }}\n"))
    return servers


ROWS = [
    ContentRow("files-1k", "a file of 1 KiB, 64 keep-alive connections", Load(path="/1k"), _files,
               ((WEIR, NGINX, 0.8),)),
    ContentRow("files-100k", "a file of 100 KiB, 64 keep-alive connections", Load(path="/100k"), _files,
               ((WEIR, NGINX, 0.8),)),
    ContentRow("redirect-map", "a redirect found in a map, at random, 64 keep-alive connections",
               Load(script="redirects.lua"), _redirects, ((LARGE_MAP, SMALL_MAP, 1.05),)),
]
