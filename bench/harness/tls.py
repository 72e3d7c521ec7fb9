"""The tls verb: requests over kept TLS connections, full handshakes, HTTP/2 over TLS, and what idle connections hold.

The same origin, contenders and windows as the proxy rows, with another front (fronts.py). h2o joins where HTTP/2 is
spoken; the null proxy does not speak TLS, so that a ratio here is to the peers alone.
"""

from pathlib import Path

from . import contenders, fronts, idle
from .contenders import H2O, HAPROXY, NGINX, WEIR, Programs, Running
from .generators import Load
from .idle import IdleRow
from .page import section_of
from .processes import Meter
from .rounds import Counter, Rounds
from .rows import Budget, Row
from .verdicts import Section

ROWS = [
    Row("tls-64", "TLS 1.3, 1 KiB, 64 keep-alive connections", Load(connections=64, front=fronts.TLS),
        (Budget(WEIR, NGINX, "cpu", 0.85),)),
    Row("handshakes", "TLS 1.3, a full handshake and one request of 1 KiB, 4 clients",
        Load(connections=4, front=fronts.TLS, handshakes=True),
        (Budget(WEIR, NGINX, "cpu", 1.0), Budget(WEIR, HAPROXY, "cpu", 1.0))),
    Row("http2", "HTTP/2 over TLS 1.3, 1 KiB, 32 connections of 32 streams, HTTP/1.1 behind",
        Load(connections=32, streams=32, front=fronts.HTTP2),
        (Budget(WEIR, H2O, "cpu", 1.0), Budget(WEIR, HAPROXY, "cpu", 1.0), Budget(WEIR, NGINX, "cpu", 1.0))),
]
_IDLE = 1000  # connections; a client of ours makes each by hand
IDLE_ROWS = [
    IdleRow("idle-tls", f"{_IDLE:,} idle connections over TLS 1.3", _IDLE, 20 * 1024, fronts.TLS),
    IdleRow("idle-http2-plain", f"{_IDLE:,} idle HTTP/2 connections without TLS", _IDLE, 24 * 1024, fronts.HTTP2_PLAIN),
    IdleRow("idle-http2", f"{_IDLE:,} idle HTTP/2 connections over TLS 1.3", _IDLE, 36 * 1024, fronts.HTTP2),
]


def names() -> list[str]:
    """Of all rows."""
    return [row.name for row in [*ROWS, *IDLE_ROWS]]


def measure(known: list[str], rows: list[str], origin: Running, counter: Path, meter: Meter, programs: Programs,
            descriptors: int, directory: Path, windows: int, seconds: float, tell) -> list[Section]:
    """\param known  the contenders that were asked for \param rows  only these, when not empty"""
    sections = []
    for row in ROWS:
        if not rows or row.name in rows:
            wanted = [name for name in (NGINX, HAPROXY, H2O, WEIR) if name in known and speaks(name, row.load.front)]
            running: list[Running] = []
            try:
                for name in wanted:
                    running.append(contenders.start(name, meter, programs, origin.port, directory, row.load.front))
                rounds = Rounds(meter, programs, Counter(counter), directory, tell)
                sections.append(section_of(rounds.measure(row, running, windows, seconds)))
            finally:
                for contender in running:
                    contender.process.stop()
    for row in IDLE_ROWS:
        if not rows or row.name in rows:
            wanted = [name for name in (NGINX, HAPROXY, H2O, WEIR) if name in known and speaks(name, row.front)]
            sections.append(idle.measure(row, wanted, meter, programs, origin, descriptors, directory, tell))
    return sections


def speaks(name: str, front: fronts.Front) -> bool:
    """h2o is measured where it is known for what it does: HTTP/2."""
    return name != H2O or front.http2
