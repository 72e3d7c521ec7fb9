"""The router row: the microbenchmarks of src/route/router_bench.cc, a look-up and a one-route change.

The contract is in their names: `BM_RouterLookup*` is one look-up and `BM_RouterOneRouteChange` compiles the change of
one route; both are judged with 100,000 routes ("/100000"), everything else named BM_Router* is only shown.
"""

import json
import subprocess

from .contenders import Programs, Unavailable
from .figures import Figure
from .machine import PROXY_CORE
from .rows import ROUTER_BUDGETS
from .verdicts import Section, judge_most

_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def measure(programs: Programs, windows: int) -> Section:
    if not programs.weir_bench.exists():
        raise Unavailable(f"{programs.weir_bench} is missing: no src/*_bench.cc was built (./dev build)")
    command = ["taskset", "-c", str(PROXY_CORE), str(programs.weir_bench), "--benchmark_filter=^BM_Router",
               f"--benchmark_repetitions={max(windows, 3)}", "--benchmark_format=json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0 or not answer.stdout.startswith("{"):
        raise Unavailable(f"{programs.weir_bench.name} failed or knows no BM_Router benchmark: {answer.stderr.strip()}")
    times: dict[str, list[float]] = {}
    for run in json.loads(answer.stdout)["benchmarks"]:
        if run["run_type"] == "iteration":
            times.setdefault(run["run_name"], []).append(run["real_time"] * _NANOSECONDS[run["time_unit"]])
    section = Section("router", "router, microbenchmarks")
    for name, values in times.items():
        values.sort()
        figure = Figure(values[len(values) // 2], values[0], values[-1])
        section.figures[name] = {"nanoseconds": figure}
        for prefix, most in ROUTER_BUDGETS.items():
            if name.startswith(prefix) and "/100000" in name:
                sentence = f"{name.split('/')[0]}, 100,000 routes: <= {most:,.0f} ns"
                section.checks.append(judge_most(sentence, figure, "ns", most))
    if not section.checks:
        raise Unavailable(f"{programs.weir_bench.name} has none of {', '.join(ROUTER_BUDGETS)} at 100,000 routes")
    return section
