"""The overload verb: what a bulkhead that finds its limit out makes of half to five times what an origin can do.

weir_overload (src/overload/overload_main.cc) runs the real code in virtual time and prints a row for each load and
change; how busy this machine is does not matter. Judged are the origins whose service times vary, as real ones do;
what an origin with even ones makes of it is printed beside them.
"""

import json
import subprocess

from .contenders import Programs, Unavailable
from .figures import Figure
from .verdicts import MISS, NOT_JUDGED, PASS, Check, Section

GOODPUT_LEAST = 0.95  # of what is possible: the smaller of what is offered and what the origin can do
P99_MOST = 2.0  # times that of the same origin when it is idle


def measure(programs: Programs) -> list[Section]:
    answer = subprocess.run([programs.require("weir_overload"), "--json"], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Unavailable(f"weir_overload failed: {answer.stderr.strip()}")
    return sections_of([json.loads(line) for line in answer.stdout.splitlines()])


def sections_of(rows: list[dict]) -> list[Section]:
    """One section for each origin, in the order of the rows."""
    sections: dict[str, Section] = {}
    for row in rows:
        name = "overload-" + row["origin"].replace(",", "").replace(" ", "-")
        section = sections.setdefault(row["origin"], Section(name, f"overload, {row['origin']}"))
        goodput, p99 = (Figure(row[key], row[key], row[key]) for key in ("goodput", "p99"))
        what = f"{row['offered']:g}x, {row['what']}"
        section.figures[what] = {"goodput": goodput, "p99_of_idle": p99, "limit": row["limit"]}
        sentences = (f"{what}: goodput >= {GOODPUT_LEAST:g} of the possible", f"{what}: p99 <= {P99_MOST:g} x idle")
        kept = (row["goodput"] >= GOODPUT_LEAST, row["p99"] <= P99_MOST)
        for sentence, figure, bound, good in zip(sentences, (goodput, p99), (GOODPUT_LEAST, P99_MOST), kept):
            verdict = NOT_JUDGED if not row["judged"] else PASS if good else MISS
            section.checks.append(Check(sentence, figure, "", bound, verdict))
    for section in sections.values():
        section.remarks += _beyond_unjudged(section)
    return list(sections.values())


def _beyond_unjudged(section: Section) -> list[str]:
    """Rows that are not judged do not pass in silence when they are beyond the bound."""
    judged = any(check.verdict != NOT_JUDGED for check in section.checks)
    p99 = [own["p99_of_idle"].median for own in section.figures.values()]
    goodput = [own["goodput"].median for own in section.figures.values()]
    remarks = []
    if slow := [each for each in p99 if each > P99_MOST]:
        remarks.append(f"misses {P99_MOST:g} x idle in {len(slow)} of {len(p99)} rows, by up to {max(slow):.1f} x: "
                       "when all answers take alike, an idle origin's p99 is its mean, and all that waits shows")
    if poor := [each for each in goodput if each < GOODPUT_LEAST]:
        remarks.append(f"misses goodput of {GOODPUT_LEAST:g} in {len(poor)} of {len(goodput)} rows, the worst "
                       f"{min(poor):.3f}")
    return [] if judged else remarks
