"""Figures beside budgets: what every verb's result is made of, and the one JSON shape it has.

Invariant: a budget is passed only by a figure that was measured. Without Weir it is "not judged". Wrong answers or
a rate that was not kept up are a miss for the contender that has the budget. Wrong answers of the one it is
compared with leave nothing to judge. One that merely fell behind stays in the comparison, for a saturated proxy's
CPU per request is at its lowest. Where even the null proxy fell behind, the machine or the generator did not
deliver the load: the row is "void", for it says nothing about anybody.
"""

from dataclasses import dataclass, field

from .contenders import NULL
from .figures import Figure, ratio
from .rounds import Measured
from .rows import Budget

PASS, MISS, NOT_JUDGED, VOID = "pass", "miss", "not judged", "void"


@dataclass(frozen=True)
class Check:
    budget: str
    figure: Figure | None
    unit: str
    bound: float
    verdict: str

    def as_json(self) -> dict:
        return {"budget": self.budget, "figure": self.figure.as_json() if self.figure else None, "unit": self.unit,
                "bound": self.bound, "verdict": self.verdict}


@dataclass
class Section:
    """One row of the page: its figures by contender and its checks."""

    name: str
    title: str
    figures: dict[str, dict[str, Figure | float]] = field(default_factory=dict)  # contender -> figure with unit in name
    checks: list[Check] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def missed(self) -> list[str]:
        return [f"{self.name}: {check.budget}" for check in self.checks if check.verdict == MISS]

    def verdict(self) -> str:
        """The worst of its checks; "not judged" when none was passed."""
        verdicts = [check.verdict for check in self.checks]
        return next((each for each in (MISS, VOID, PASS) if each in verdicts), NOT_JUDGED)

    def as_json(self) -> dict:
        figures = {name: {key: value.as_json() if isinstance(value, Figure) else value for key, value in own.items()}
                   for name, own in self.figures.items()}
        return {"row": self.name, "title": self.title, "figures": figures,
                "checks": [check.as_json() for check in self.checks], "remarks": self.remarks,
                "verdict": self.verdict()}


def judge(measured: Measured, budget: Budget) -> Check:
    """A budget on a ratio, by the median over rounds."""
    if budget.contender not in measured.windows or budget.against not in measured.windows:
        return Check(budget.sentence(), None, "ratio", budget.bound, NOT_JUDGED)
    own, other = measured.cpu(budget.contender), measured.cpu(budget.against)
    value = ratio(other, own) if budget.measure == "rate" else ratio(own, other)
    if budget.contender not in measured.failed and NULL in measured.behind:
        verdict = VOID
    elif budget.contender in measured.failed | measured.behind:
        verdict = MISS
    elif budget.against in measured.failed:
        verdict = NOT_JUDGED
    else:
        verdict = PASS if budget.met_by(value.median) else MISS
    return Check(budget.sentence(), value, "ratio", budget.bound, verdict)


def judge_most(sentence: str, value: Figure, unit: str, bound: float) -> Check:
    """A budget on a figure itself: at most `bound`."""
    return Check(sentence, value, unit, bound, PASS if value.median <= bound else MISS)
