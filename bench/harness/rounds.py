"""Runs rounds of windows: each round measures every contender once under one row's load.

Problem: start-up, connecting, drifting clocks and the generator's own idea of time all blur a CPU figure.
Idea: while the generator runs, the count of answers (kept by the origin in mapped memory) and the contender's CPU
clock are read together, twice; what lies between the two readings is the window. Odd rounds go through the
contenders backwards, so that no contender always follows the same neighbour. A round in which somebody else used
the machine is measured again, as often as rounds were asked for; after that the calmest rounds are taken and the
page says so.
"""

import mmap
import statistics
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import machine
from .contenders import Programs, Running, Unavailable
from .generators import Answers, Generator
from .processes import Meter
from .rows import RATE_DELIVERED, Row

# Share of one core that others may use in a window: the clock behind it ticks every 10 ms, and the kernel works too.
FOREIGN_MAX = 0.10
LATE_MAX_US = 5000.0  # how late the generator may come to its arrivals at p99: it shares its core with the origin
WARM_UP = 0.5  # seconds of load before a window; 1,000 connections are open after 0.1


@dataclass(frozen=True)
class Window:
    """One contender under one load for about two seconds."""

    cpu_us: float  # of the proxy's process tree, per request
    rate: float  # requests per second
    busy: float  # share of its core the proxy used
    foreign: float | None  # share of one core that others used meanwhile
    answers: Answers


@dataclass
class Measured:
    row: Row
    windows: dict[str, list[Window]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)  # what makes the figures doubtful or void
    failed: set[str] = field(default_factory=set)  # contenders with wrong or missing answers: their figures are void
    behind: set[str] = field(default_factory=set)  # contenders that did not keep up with the asked rate

    def cpu(self, contender: str) -> list[float]:
        return [window.cpu_us for window in self.windows[contender]]


class Counter:
    """The origin's count of answers."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def read(self) -> int:
        return struct.unpack("=Q", self._memory[:8])[0]


class Rounds:
    def __init__(self, meter: Meter, programs: Programs, counter: Counter, directory: Path,
                 tell: Callable[[str], None]) -> None:
        self._meter, self._programs, self._counter = meter, programs, counter
        self._directory, self._tell = directory, tell

    def measure(self, row: Row, contenders: list[Running], windows: int, seconds: float) -> Measured:
        measured_rounds: list[dict[str, Window]] = []
        calm = 0
        while calm < windows and len(measured_rounds) < 2 * windows:
            index = len(measured_rounds)
            this_round: dict[str, Window] = {}
            for contender in contenders if index % 2 == 0 else reversed(contenders):
                window = this_round[contender.name] = self._window(row, contender, seconds)
                self._tell(f"{row.title}: round {index + 1}, {calm} of {windows} done, {contender.name} "
                           f"{window.cpu_us:.2f} us")
            measured_rounds.append(this_round)
            calm += _foreign(this_round) <= FOREIGN_MAX
        chosen = sorted(measured_rounds, key=_foreign)[:windows]
        measured = Measured(row, {contender.name: [each[contender.name] for each in chosen]
                                  for contender in contenders})
        self._remark(measured, len(measured_rounds) - windows, max(map(_foreign, chosen)))
        return measured

    def _window(self, row: Row, contender: Running, seconds: float) -> Window:
        generator = Generator(self._meter, self._programs, row.load, contender, WARM_UP, seconds, self._directory)
        try:
            time.sleep(WARM_UP)
            before = self._read(contender)
            time.sleep(seconds)
            after = self._read(contender)
        except BaseException:
            generator.abandon()
            raise
        answers = generator.finish()
        answered, cpu, elapsed, busy, own = (late - early for late, early in zip(after, before, strict=True))
        if answered <= 0:
            raise Unavailable(f"{contender.name} answered nothing ({answers}):\n{contender.process.explain()}")
        foreign = None if self._meter.own_cpu_seconds() is None else max(0.0, (busy - own) / elapsed)
        return Window(cpu / answered * 1e6, answered / elapsed, cpu / elapsed, foreign, answers)

    def _read(self, contender: Running) -> tuple[float, float, float, float, float]:
        return (self._counter.read(), contender.process.cpu_seconds(), time.monotonic(), machine.busy_seconds(),
                self._meter.own_cpu_seconds() or 0.0)

    @staticmethod
    def _remark(measured: Measured, repeated: int, foreign: float) -> None:
        asked = measured.row.load.rate
        for name, windows in measured.windows.items():
            failed = sum(window.answers.failed for window in windows)
            if failed:
                measured.failed.add(name)
                measured.remarks.append(f"{name}: {failed} requests failed or were not answered; its figures are void")
            slowest = min(window.rate for window in windows)
            unfinished = sum(window.answers.unfinished for window in windows)
            if asked and (slowest < RATE_DELIVERED * asked or unfinished):
                measured.behind.add(name)
                measured.remarks.append(f"{name}: did not keep up: {slowest:,.0f}/s of {asked:,}/s in its slowest "
                                        f"window, {unfinished:,} requests not answered at all")
            late = statistics.median(window.answers.late_p99_us for window in windows)
            if late > LATE_MAX_US:
                measured.remarks.append(f"{name}: the generator itself was late, by {late / 1000:.1f} ms at p99; the "
                                        "latencies are doubtful")
        if repeated > 0:
            measured.remarks.append(f"{repeated} rounds measured again because other processes were busy")
        if foreign > FOREIGN_MAX:
            measured.remarks.append(f"disturbed: other processes used up to {foreign:.0%} of a core during a window")


def _foreign(one_round: dict[str, Window]) -> float:
    """The most that others used in a window of the round, as a share of a core; 0 where it cannot be known."""
    return max(window.foreign or 0.0 for window in one_round.values())
