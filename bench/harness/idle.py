"""The memory row: how much resident memory 10,000 idle keep-alive connections cost each contender.

Each contender is started afresh and warmed with a short load, so that code pages and first allocations do not
count. Then a crowd of connections makes one request each and waits; the difference in RSS of the process tree,
divided by the crowd, is the figure. Memory the kernel holds for sockets is the same for everybody and is not in
RSS. The null proxy needs an upstream connection per client connection, so its figure is for a pair, and it is left
out where descriptors do not reach.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import contenders
from .contenders import Programs, Running
from .figures import Figure
from .fronts import PLAIN, Front
from .generators import IdleCrowd
from .machine import PEER_CORE
from .processes import Meter, Process
from .rows import IDLE_BYTES_MAX, IDLE_CONNECTIONS
from .verdicts import MISS, Check, Section, judge_most

WARMING_CROWD = 20  # connections that come and go before memory is read, where there is no load to warm up with
SETTLE = 1.0  # seconds between the last answer and the reading: deferred frees have happened


@dataclass(frozen=True)
class IdleRow:
    name: str
    title: str
    connections: int
    bytes_max: int  # of resident memory for each of Weir's
    front: Front = PLAIN


KEPT_ALIVE = IdleRow("idle", f"{IDLE_CONNECTIONS:,} idle keep-alive connections, memory of the process tree",
                     IDLE_CONNECTIONS, IDLE_BYTES_MAX)


def measure(row: IdleRow, names: list[str], meter: Meter, programs: Programs, origin: Running, descriptors: int,
            directory: Path, tell) -> Section:
    section = Section(row.name, row.title)
    for name in names:
        if name in (contenders.NULL, contenders.NULL_COALESCING) and descriptors < 2.1 * row.connections:
            section.remarks.append(f"{name}: not measured, it needs two descriptors per connection and may open "
                                   f"{descriptors:,}")
            continue
        running = contenders.start(name, meter, programs, origin.port, directory, row.front)
        try:
            _warm_up(row, running, meter, programs, directory)
            before = running.process.resident_bytes()
            crowd = IdleCrowd(meter, programs, running, row.connections, directory, row.front)
            time.sleep(SETTLE)
            after = running.process.resident_bytes()
            still_open = crowd.dismiss()
        finally:
            running.process.stop()
        per_connection = (after - before) / row.connections
        tell(f"{row.name}: {name} {per_connection:,.0f} bytes per connection")
        section.figures[name] = {"rss_before_mb": before / 1e6, "rss_after_mb": after / 1e6,
                                 "bytes_per_connection": per_connection}
        if still_open != row.connections:
            section.remarks.append(f"{name}: only {still_open:,} connections were still open; its figure is void")
        if name == contenders.WEIR:
            section.checks.append(_check(row, per_connection, still_open))
    return section


def _check(row: IdleRow, per_connection: float, still_open: int) -> Check:
    sentence = f"Weir: RSS per idle connection <= {row.bytes_max} bytes"
    check = judge_most(sentence, Figure(per_connection, per_connection, per_connection), "bytes", row.bytes_max)
    return check if still_open == row.connections else Check(sentence, check.figure, "bytes", row.bytes_max, MISS)


def _warm_up(row: IdleRow, running: Running, meter: Meter, programs: Programs, directory: Path) -> None:
    if row.front != PLAIN:
        IdleCrowd(meter, programs, running, WARMING_CROWD, directory, row.front).dismiss()
        return
    command = [programs.require("bench_load"), "--address", f"127.0.0.1:{running.port}", "--warm-up", "0", "--seconds",
               "0.5"]
    load = Process(meter, "generator", command, PEER_CORE, directory, stdout=subprocess.DEVNULL)
    try:
        if load.wait(10) != 0:
            raise contenders.Unavailable(f"warm-up of {running.name} failed: {load.explain()}")
    finally:
        load.stop()
