"""The limits verb: what a decision costs, how exact each algorithm is, and a plot of what they admit.

Costs are the microbenchmarks BM_Limit* of src/filters/limit/ledger_bench.cc; exactness is what weir_limits reports
(src/filters/limit/report_main.cc), real code without a socket. What the whole filter costs a proxied request is a row
like others (rows.LIMITS).
"""

import json
import subprocess
from pathlib import Path

from .contenders import Programs, Unavailable
from .figures import Figure
from .machine import PROXY_CORE
from .rows import LIMIT_BUDGETS
from .verdicts import Section, judge_most

_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# In any time as long as a window, in limits: what each algorithm promises for traffic around window ends.
_WORST = {"token_bucket": 2.0, "gcra": 1.02, "fixed_window": 2.0, "sliding_window": 2.0, "sliding_log": 1.0}
_COLOURS = {"token_bucket": "#1b9e77", "gcra": "#7570b3", "fixed_window": "#d95f02", "sliding_window": "#e7298a",
            "sliding_log": "#66a61e"}


def measure_cost(programs: Programs, windows: int) -> Section:
    command = ["taskset", "-c", str(PROXY_CORE), str(programs.weir_bench), "--benchmark_filter=^BM_Limit",
               f"--benchmark_repetitions={max(windows, 3)}", "--benchmark_format=json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0 or not answer.stdout.startswith("{"):
        raise Unavailable(f"{programs.weir_bench.name} failed or knows no BM_Limit benchmark: {answer.stderr.strip()}")
    section = Section("limits-decision", "limits, one decision on one core")
    for name, values in _times(json.loads(answer.stdout)).items():
        figure = Figure(values[len(values) // 2], values[0], values[-1])
        section.figures[name] = {"nanoseconds": figure}
        if name in LIMIT_BUDGETS:
            section.checks.append(judge_most(f"{name}: <= {LIMIT_BUDGETS[name]:g} ns", figure, "ns",
                                             LIMIT_BUDGETS[name]))
    if len(section.checks) != len(LIMIT_BUDGETS):
        raise Unavailable(f"{programs.weir_bench.name} lacks one of {', '.join(LIMIT_BUDGETS)}")
    return section


def _times(report: dict) -> dict[str, list[float]]:
    """Sorted times of each benchmark's repetitions, in nanoseconds."""
    times: dict[str, list[float]] = {}
    for run in report["benchmarks"]:
        if run["run_type"] == "iteration":
            times.setdefault(run["run_name"], []).append(run["cpu_time"] * _NANOSECONDS[run["time_unit"]])
    return {name: sorted(values) for name, values in times.items()}


def measure_exactness(programs: Programs, plot: Path | None) -> Section:
    answer = subprocess.run([programs.require("weir_limits")], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Unavailable(f"weir_limits failed: {answer.stderr.strip()}")
    report = json.loads(answer.stdout)
    if plot is not None:
        plot.write_text(svg_of(report["plot"]))
    return exactness_of(report)


def exactness_of(report: dict) -> Section:
    """The section of a report: differences that may not be, errors that are stated."""
    section = Section("limits-exactness", "limits, how exact")
    log, cores = report["log"], report["cores"]
    _exactly(section, f"sliding_log differs from brute force in none of {log['requests']:,} requests",
             log["differences"], 0)
    for name, most in _WORST.items():
        _exactly(section, f"{name}: the worst window-long time lets through at most {most:g} limits",
                 report["worst"][name], most)
    _exactly(section, f"{cores['cores']} cores that share a limit of {cores['limit']:,} admit at most one more each, "
             f"worst of {cores['rounds']}", cores["most"], cores["limit"] + cores["cores"] - 1)
    for shape in report["sliding_window"]:
        section.remarks.append(
            f"sliding_window, {shape['shape'].replace('_', ' ')}: {shape['admitted_wrongly']:.3%} admitted wrongly, "
            f"{shape['refused_wrongly']:.3%} refused wrongly, mean error {shape['mean_error']:.1%} of the limit "
            f"({shape['requests']:,} requests)")
    return section


def _exactly(section: Section, sentence: str, value: float, most: float) -> None:
    section.checks.append(judge_most(sentence, Figure(value, value, value), "", most))


def svg_of(plot: dict) -> str:
    """Admitted over time, one small chart for each algorithm above the same offered traffic."""
    width, height, left, gap = 760, 92, 130, 14
    names = list(plot["admitted"])
    steps = len(plot["offered"])
    top = max(plot["offered"])
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {len(names) * (height + gap) + 40}" '
             'font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for number, name in enumerate(names):
        base = (number + 1) * (height + gap)

        def points(values: list[int], base: int = base) -> str:
            scale = (width - left - 20) / steps
            return " ".join(f"{left + at * scale:.1f},{base - value / top * height:.1f} "
                            f"{left + (at + 1) * scale:.1f},{base - value / top * height:.1f}"
                            for at, value in enumerate(values))

        even = base - plot["limit"] * plot["step_seconds"] / top * height
        total = sum(plot["admitted"][name])
        lines += [f'<text x="8" y="{base - height / 2:.0f}" fill="{_COLOURS[name]}">{name}</text>',
                  f'<text x="8" y="{base - height / 2 + 16:.0f}" fill="#777">{total} admitted</text>',
                  f'<polyline points="{points(plot["offered"])}" fill="none" stroke="#ccc"/>',
                  f'<line x1="{left}" x2="{width - 20}" y1="{even:.1f}" y2="{even:.1f}" stroke="#999" '
                  'stroke-dasharray="3 3"/>',
                  f'<polyline points="{points(plot["admitted"][name])}" fill="none" stroke="{_COLOURS[name]}" '
                  'stroke-width="1.6"/>',
                  f'<line x1="{left}" x2="{width - 20}" y1="{base}" y2="{base}" stroke="#333"/>']
    bottom = len(names) * (height + gap) + 26
    for second in range(int(steps * plot["step_seconds"]) + 1):
        place = left + second / plot["step_seconds"] * (width - left - 20) / steps
        lines.append(f'<text x="{place:.0f}" y="{bottom}" text-anchor="middle" fill="#333">{second} s</text>')
    lines.append(f'<text x="8" y="{bottom}" fill="#777">grey: offered</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
