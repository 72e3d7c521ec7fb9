"""The lb verb: what a pick costs, and what each balancing policy is worth.

Costs are the microbenchmarks BM_Lb* of src/app/balancing/pick_bench.cc; worth is what weir_lb reports
(src/app/balancing/report_main.cc): the real balancers in front of simulated servers, held against closed forms.
"""

import json
import subprocess

from .contenders import Programs, Unavailable
from .figures import Figure
from .machine import PROXY_CORE
from .verdicts import Section, judge_most

# At 1,000 endpoints; an update at 10,000.
BUDGETS_NS = {"BM_LbPick/round_robin": 20.0, "BM_LbPick/least_request": 40.0, "BM_LbPick/maglev": 10.0,
              "BM_LbUpdateOne": 1e6}
FLEET_P99_MS = 105.0
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def measure_cost(programs: Programs, windows: int) -> Section:
    command = ["taskset", "-c", str(PROXY_CORE), str(programs.weir_bench), "--benchmark_filter=^BM_Lb",
               f"--benchmark_repetitions={max(windows, 3)}", "--benchmark_format=json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0 or not answer.stdout.startswith("{"):
        raise Unavailable(f"{programs.weir_bench.name} failed or knows no BM_Lb benchmark: {answer.stderr.strip()}")
    times: dict[str, list[float]] = {}
    for run in json.loads(answer.stdout)["benchmarks"]:
        if run["run_type"] == "iteration":
            times.setdefault(run["run_name"], []).append(run["cpu_time"] * _NANOSECONDS[run["time_unit"]])
    section = Section("lb-pick", "lb, one pick of 1,000 endpoints; one update of 10,000")
    for name, values in times.items():
        values.sort()
        figure = Figure(values[len(values) // 2], values[0], values[-1])
        section.figures[name] = {"nanoseconds": figure}
        if name in BUDGETS_NS:
            section.checks.append(judge_most(f"{name}: <= {BUDGETS_NS[name]:,g} ns", figure, "ns", BUDGETS_NS[name]))
    if len(section.checks) != len(BUDGETS_NS):
        raise Unavailable(f"{programs.weir_bench.name} lacks one of {', '.join(BUDGETS_NS)}")
    return section


def measure_worth(programs: Programs) -> Section:
    answer = subprocess.run([programs.require("weir_lb")], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Unavailable(f"weir_lb failed: {answer.stderr.strip()}")
    return worth_of(json.loads(answer.stdout))


def worth_of(report: dict) -> Section:
    """The section of a report: closed forms that must be met, and the table of the policies."""
    section = Section("lb-worth", "lb, what each policy is worth")
    for row in report["supermarket"]:
        most = 0.03 if row["load"] > 0.95 else 0.01
        difference = abs(row["mean"] / row["closed_form"] - 1)
        _at_most(section, f"supermarket, {row['choices']} choices at {row['load']}: {row['mean']:.4f}, within "
                 f"{most:.0%} of {row['closed_form']:.4f}", difference, most)
    for row in report["maglev"]:
        if (row["endpoints"], row["places"]) == (100, 65537):
            _at_most(section, "maglev, 100 endpoints of 65,537 places: fullest over mean", row["most"], 1.002)
            _at_most(section, "maglev, 100 endpoints: what moves beyond the share of one that goes", row["moved"],
                     0.007)
        section.remarks.append(f"maglev, {row['endpoints']} endpoints, {row['places']:,} places: shares "
                               f"{row['least']:.4f} to {row['most']:.4f} of the mean, {row['moved']:.3%} move beyond "
                               "the share of one")
    for row in report["fleet"]:
        if row["policy"] == "reported_load_probing" and row["load"] == 0.85:
            _at_most(section, f"fleet at 0.85, probing: p99 in ms, worst of {row['seeds']} seeds", row["p99"],
                     FLEET_P99_MS)
        section.remarks.append(f"fleet at {row['load']}: {row['policy']}: mean {row['mean']:.1f} ms, "
                               f"p99 {row['p99']:.0f} ms, p99.9 {row['p999']:.0f} ms (worst of {row['seeds']} seeds)")
    return section


def _at_most(section: Section, sentence: str, value: float, most: float) -> None:
    section.checks.append(judge_most(sentence, Figure(value, value, value), "", most))
