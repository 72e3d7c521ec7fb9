"""What is measured, against which budget: every row of the page, one table per verb.

A budget compares one contender's CPU per request with another's in the same round. "rate" means 1 / CPU per
request, which is what a proxy could serve if the core were all its own; "cpu" is the cost itself.
"""

from dataclasses import dataclass
from typing import Literal

from .contenders import HAPROXY, NGINX, NULL, TITLES, WEIR, WEIR_LIMITED, WEIR_PLAIN, WEIR_SILENT, WEIR_TELLING
from .generators import Load


@dataclass(frozen=True)
class Budget:
    """A bound on the ratio of `contender` to `against`."""

    contender: str
    against: str
    measure: Literal["rate", "cpu"]
    bound: float

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.measure == "rate" else value <= self.bound

    def sentence(self) -> str:
        sign, what = (">=", "rate") if self.measure == "rate" else ("<=", "CPU per request")
        return f"{TITLES[self.contender]}: {what} {sign} {self.bound:.2f} of {TITLES[self.against]}'s"


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    load: Load
    budgets: tuple[Budget, ...]


def _beside_the_floor(share: float) -> tuple[Budget, ...]:
    """The floor both with Weir's default and, like for like, without coalescing; the peers against the default."""
    return (
        Budget(WEIR, NULL, "rate", share),
        Budget(WEIR_PLAIN, NULL, "rate", share),
        Budget(WEIR, NGINX, "cpu", 1.0),
        Budget(WEIR, HAPROXY, "cpu", 1.0),
    )


PROXY = [
    Row("small-64", "1 KiB, 64 keep-alive connections", Load(connections=64), _beside_the_floor(0.88)),
    Row("small-256", "1 KiB, 256 keep-alive connections", Load(connections=256), _beside_the_floor(0.88)),
    Row("small-1000", "1 KiB, 1,000 keep-alive connections", Load(connections=1000), _beside_the_floor(0.85)),
    Row("browser-64", "1 KiB, browser-sized request heads, 64 connections", Load(connections=64, browser_head=True),
        _beside_the_floor(0.88)),
    Row("browser-256", "1 KiB, browser-sized request heads, 256 connections", Load(connections=256, browser_head=True),
        _beside_the_floor(0.88)),
]

LARGE = [
    Row("large-64", "100 KiB, 64 keep-alive connections", Load(path="/100k", connections=64),
        (Budget(WEIR, NGINX, "cpu", 0.9),)),
]

OPEN = [
    Row("open-20000", "1 KiB, open loop at 20,000/s over 256 connections", Load(connections=256, rate=20_000),
        (Budget(WEIR, NGINX, "cpu", 1.0),)),
    Row("open-60000", "1 KiB, open loop at 60,000/s over 256 connections", Load(connections=256, rate=60_000),
        (Budget(WEIR, NGINX, "cpu", 1.0),)),
]

STORIES = [
    Row("stories-64", "1 KiB, 64 keep-alive connections, with stories and JSON log", Load(connections=64),
        (Budget(WEIR_TELLING, WEIR_SILENT, "cpu", 1.08),)),
]

LIMITS = [
    Row("limits-64", "1 KiB, 64 keep-alive connections, with a limit by client address", Load(connections=64),
        (Budget(WEIR_LIMITED, WEIR_SILENT, "cpu", 1.03),)),
]

RATE_DELIVERED = 0.98  # share of the asked rate below which an open-loop window is void

IDLE_CONNECTIONS = 10_000
IDLE_BYTES_MAX = 4096  # RSS per idle keep-alive connection

# Nanoseconds with 100,000 routes. A change is live 50 ms after its validated edit; compiling it is the part that grows
# with the number of routes.
# One decision, in nanoseconds: a key again and again, and one of a million in random order; and what `weir top` costs
# for each of its tables.
LIMIT_BUDGETS = {"BM_LimitHot/gcra": 10.0, "BM_LimitRandom/gcra": 40.0, "BM_LimitTop/windowed": 10.0}

ROUTER_BUDGETS = {"BM_RouterLookup": 300.0, "BM_RouterOneRouteChange": 50e6}
