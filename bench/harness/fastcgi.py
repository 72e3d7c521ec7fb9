"""The FastCGI rows: Weir and nginx before a responder that costs next to nothing (bench/fastcgi_responder.cc).

Two ways to run an application, two rows: connections that are kept (FCGI_KEEP_CONN, a pool on both sides), and a
connection for each request, which is both servers' default before php-fpm.
"""

from pathlib import Path

from . import machine
from .contenders import NGINX, TITLES, WEIR, Programs, Running, Unavailable, await_answer, find_peer, render
from .generators import Load
from .page import section_of
from .processes import Meter, Process
from .rounds import Counter, Rounds
from .rows import Budget, Row
from .verdicts import Section

SCRIPT = "/1k.php"
BUDGETS = (Budget(WEIR, NGINX, "cpu", 1.0),)
KEPT = Row("fastcgi-kept-64", "FastCGI, 1 KiB, 64 connections, upstream connections kept",
           Load(path=SCRIPT, connections=64), BUDGETS)
FRESH = Row("fastcgi-fresh-64", "FastCGI, 1 KiB, 64 connections, an upstream connection for each request",
            Load(path=SCRIPT, connections=64), BUDGETS)
ROWS = [KEPT, FRESH]

KEEP = {
    KEPT.name: {"WEIR_KEEP": 1024, "NGINX_KEEP_CONN": "fastcgi_keep_conn on;",
                "NGINX_KEEP": "keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 600s;"},
    FRESH.name: {"WEIR_KEEP": 0, "NGINX_KEEP_CONN": "", "NGINX_KEEP": ""},
}


def measure(names: list[str], meter: Meter, programs: Programs, directory: Path, windows: int, seconds: float,
            rows: list[str], tell) -> list[Section]:
    wanted = [name for name in (NGINX, WEIR) if name in names]
    root = directory / "site"
    root.mkdir()
    (root / SCRIPT[1:]).write_text("<?php // the responder does not look\n")
    return [_measure_row(row, wanted, meter, programs, directory, windows, seconds, tell)
            for row in ROWS if not rows or row.name in rows]


def _measure_row(row: Row, names: list[str], meter: Meter, programs: Programs, directory: Path, windows: int,
                 seconds: float, tell) -> Section:
    own = directory / row.name
    own.mkdir()
    port, counter = machine.free_port(), own / "answered"
    command = [programs.require("bench_fastcgi_responder"), "--listen", f"127.0.0.1:{port}", "--counter", str(counter)]
    responder = Process(meter, "responder", command, machine.PEER_CORE, own)
    running: list[Running] = []
    try:
        for name in names:
            values = {"ORIGIN_PORT": port, "ROOT": directory / "site", **KEEP[row.name]}
            running.append(_start(name, meter, programs, values, own / name))
        rounds = Rounds(meter, programs, Counter(counter), own, tell)
        return section_of(rounds.measure(row, running, windows, seconds))
    finally:
        for contender in running:
            contender.process.stop()
        responder.stop()


def _start(name: str, meter: Meter, programs: Programs, values: dict, own: Path) -> Running:
    own.mkdir()
    port = machine.free_port()
    values = {**values, "PORT": port, "DIRECTORY": own}
    if name == NGINX:
        command = [find_peer(NGINX), "-p", str(own), "-c", render("fastcgi-nginx.conf", values, own)]
    elif programs.weir is not None:
        command = [str(programs.weir), "run", "-c", render("fastcgi-weir.yaml", values, own)]
    else:
        raise Unavailable(f"no binary for {TITLES[name]}")
    running = Running(name, port, Process(meter, name, command, machine.PROXY_CORE, own))
    await_answer(running, SCRIPT)
    return running
