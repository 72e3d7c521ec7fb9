"""The fleet part of the limits verb (table B10): how exact a limit is that many nodes hold together.

weir_fleet_limits (src/filters/limit/fleet/report_main.cc) runs real members, tables and messages in virtual time, for
4, 32 and 256 nodes, four shapes of traffic and five seeds; the worst of the seeds is judged. Figures are in limits:
1.20 is a fifth more than the limit.
"""

import json
import subprocess

from .contenders import Programs, Unavailable
from .figures import Figure
from .verdicts import Section, judge_most

_SHAPES = {"below": "0.8 of the limit", "steady": "ten times the limit", "step": "a step from 0.8 to 10",
           "square": "0.2 and 10 by turns of 2.5 s"}
_WORST_SECOND, _WORST_TEN_SECONDS, _MEAN_ERROR = 1.20, 1.02, 0.01
_REFUSED_BELOW = 0.0  # nobody is refused wrongly
_MESSAGES = 300  # a second, both directions, in the mean: fifty reports, fifty ratios, and the same at who serves
_MESSAGES_MOST = 4000  # of the busiest node: 32 others at most, as many messages with each
_GROWTH = 1.25  # of the busiest node, from 32 nodes to 256, eight times as many
_DECISIONS = 1_000_000
_WAIT_MS = 12.0  # for an owner: the budget of 10 ms, and a breath
_OWNED_MEAN = 0.85  # of ten times a small limit so much of it passes at least: a bucket of one loses the pauses


def measure(programs: Programs) -> Section:
    answer = subprocess.run([programs.require("weir_fleet_limits")], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Unavailable(f"weir_fleet_limits failed: {answer.stderr.strip()}")
    return section_of(json.loads(answer.stdout))


def section_of(report: dict) -> Section:
    section = Section("limits-fleet", "limits, a fleet behind one limit")
    runs = report["runs"]

    def judged(sentence: str, values: list[float], bound: float) -> None:
        section.checks.append(judge_most(sentence, Figure(max(values), min(values), max(values)), "", bound))

    judged("mean within 1 % of what an exact bucket admits",
           [abs(run["mean"] - run["ideal"]) / run["ideal"] for run in runs], _MEAN_ERROR)
    judged(f"worst second at most {_WORST_SECOND:.2f} of the limit", [run["worst_second"] for run in runs],
           _WORST_SECOND)
    judged(f"worst ten seconds at most {_WORST_TEN_SECONDS:.2f}", [run["worst_ten_seconds"] for run in runs],
           _WORST_TEN_SECONDS)
    judged("at 0.8 of the limit nobody is refused", [run["refused"] for run in runs if run["shape"] == "below"],
           _REFUSED_BELOW)
    judged(f"messages a second and node, both ways, in the mean at most {_MESSAGES}, however many nodes",
           [run["messages"] for run in runs], _MESSAGES)
    judged(f"messages a second of the busiest node at most {_MESSAGES_MOST}, however many nodes",
           [run["messages_most"] for run in runs], _MESSAGES_MOST)
    for what in ("messages", "bytes"):
        most = {nodes: max((run[f"{what}_most"] for run in runs if run["nodes"] == nodes), default=0.0)
                for nodes in (32, 256)}
        if all(most.values()):
            judged(f"{what} of the busiest of 256 nodes against the busiest of 32 at most {_GROWTH:.2f}",
                   [most[256] / most[32]], _GROWTH)
    _judge_owners(section, report.get("owners", []))
    slowness = _DECISIONS / report["decisions_per_second"]
    section.checks.append(judge_most("1,000,000 decisions a second on two cores, as seconds for a million",
                                     Figure(slowness, slowness, slowness), "s", 1.0))
    section.remarks = _rows(report)
    return section


def _judge_owners(section: Section, owned: list[dict]) -> None:
    alive = [run for run in owned if not run["lost"]]
    if not alive:
        return

    def most(sentence: str, values: list[float], unit: str, bound: float) -> None:
        section.checks.append(judge_most(sentence, Figure(max(values), min(values), max(values)), unit, bound))

    most("small limits: worst second at most what one bucket admits",
         [run["worst_second"] / run["bound_second"] for run in alive], "", 1.0)
    most("small limits: worst ten seconds at most what one bucket admits",
         [run["worst_ten_seconds"] / run["bound_ten_seconds"] for run in alive], "", 1.0)
    most("small limits: what is refused although it would pass, at most",
         [1 - run["mean"] for run in alive if run["limit"] != "1/m"], "", 1 - _OWNED_MEAN)
    most("small limits: a request waits for its owner at most, lost ones too",
         [run["longest_wait_ms"] for run in owned], "ms", _WAIT_MS)


def _rows(report: dict) -> list[str]:
    runs = report["runs"]
    rows = []
    for run in report.get("wires", []):
        rows.append(f"{run['nodes']} nodes, wires {run['wires']}: mean off by {run['mean_error']:.3f}, worst second "
                    f"{run['worst_second']:.3f}, worst ten {run['worst_ten_seconds']:.3f}, refused at 0.8 "
                    f"{run['refused_below']:.4f}")
    for run in report.get("owners", []):
        how = "its owner lost and back" if run["lost"] else "all alive"
        rows.append(f"{run['nodes']} nodes, {run['limit']}, {how}: worst second {run['worst_second']} of "
                    f"{run['bound_second']}, worst ten {run['worst_ten_seconds']} of {run['bound_ten_seconds']}, mean "
                    f"{run['mean']:.3f}, {run['messages']:.0f} messages a second and node, {run['messages_most']:.0f} "
                    f"at the busiest, waited {run['longest_wait_ms']:.1f} ms at most")
    for nodes in sorted({run["nodes"] for run in runs}):
        for shape, title in _SHAPES.items():
            own = [run for run in runs if run["nodes"] == nodes and run["shape"] == shape]
            if not own:
                continue
            means = [run["mean"] for run in own]
            rows.append(f"{nodes} nodes, {title}: mean {min(means):.3f}-{max(means):.3f} "
                        f"(exact {own[0]['ideal']:.3f}), "
                        f"worst second {max(run['worst_second'] for run in own):.3f}, "
                        f"worst ten {max(run['worst_ten_seconds'] for run in own):.3f}")
        own = [run for run in runs if run["nodes"] == nodes]
        rows.append(f"{nodes} nodes: {max(run['messages'] for run in own):.0f} messages and "
                    f"{max(run['bytes'] for run in own):,.0f} bytes a second and node in the mean, "
                    f"{max(run['messages_most'] for run in own):,.0f} and "
                    f"{max(run['bytes_most'] for run in own):,.0f} at the busiest, none for a request; "
                    f"worst second while the fleet meets {max(run['first_seconds'] for run in own):.3f}")
    for shape, worst in report["naive_worst_second"].items():
        rows.append(f"a drop ratio corrected once a second, {_SHAPES[shape]}: worst second {worst:.3f}")
    rows.append(f"{report['decisions_per_second']:,.0f} decisions a second on two cores in the simulation of 32 nodes")
    return rows
