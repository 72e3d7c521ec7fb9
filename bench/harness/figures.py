"""Medians with intervals, and ratios taken within a round.

Problem: on a virtual machine a window differs from the next by several percent, and it drifts: both sides of a
ratio must come from neighbouring windows.
Idea: a ratio is computed in each round between windows of that round, then the median over rounds is taken. The
interval is a 95 % percentile bootstrap of that median, with a fixed seed so that the same figures give the same
page.
"""

import random
import statistics
from dataclasses import dataclass

RESAMPLES = 2000


@dataclass(frozen=True)
class Figure:
    """A median and the interval it probably lies in."""

    median: float
    low: float
    high: float

    def as_json(self) -> dict:
        return {"median": round(self.median, 4), "low": round(self.low, 4), "high": round(self.high, 4)}

    def text(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} [{self.low:.{digits}f}-{self.high:.{digits}f}]"


def figure(values: list[float]) -> Figure:
    draw = random.Random(2026)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return Figure(statistics.median(values), medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES)])


def ratio(upper: list[float], lower: list[float]) -> Figure:
    """Of two series with one value per round."""
    return figure([above / below for above, below in zip(upper, lower, strict=True)])
