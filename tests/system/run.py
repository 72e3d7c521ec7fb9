#!/usr/bin/env python3
"""Plays the scenarios of tests/system against the real binary, with real nginx, curl and wrk beside it.

    tests/system/run.py                       every scenario
    tests/system/run.py drain 'reload*'       those whose name contains, or matches, that
    tests/system/run.py --list                what each shows
    tests/system/run.py -v --weir build/dev/weir
    tests/system/run.py --again 2             a scenario that failed has two more plays, and must pass them all

Problem: a hundred scenarios share a machine with strangers; one second without a processor fails one of them, and a
verdict that is often wrong is no longer read.
Idea: where nobody is there to look (CI), what failed is played again when all else is over, twice. A fault that is
always there fails again; what passes both counts as passed, and is named, with its reason, as unsteady.

The last line printed is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import os
import pathlib
import resource
import signal
import sys
import time
import traceback

from stand.processes import missing_tools
from stand.stand import Stand
from stand.waiting import Failure

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
SHOWN_FRAMES = 6


def main() -> int:
    arguments = read_arguments()
    names = choose(sorted(path.stem for path in (HERE / "scenarios").glob("[a-z]*.py")), arguments.names)
    if arguments.list:
        for name in names:
            print(f"{name}\n    {says(name)}")
        return 0
    problem = obstacle(arguments.weir)
    if problem:
        print(f"{problem}\n0 passed, {max(1, len(names))} failed")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    raise_descriptor_limit()
    began = time.monotonic()
    failures = {name: play(name, arguments) for name in names}
    steady = {name: passes_again(name, arguments) for name in names if failures[name]}
    failed = [name for name in steady if not steady[name]]
    for name in steady:  # once more: who reads a log's end only learns the reason, too
        print(f"{'failed' if name in failed else 'unsteady'}: {name}\n  {failures[name]}")
    print(f"{len(names)} scenarios in {time.monotonic() - began:.1f} s")
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not names else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="names, parts or globs of scenarios; all when none is given")
    parser.add_argument("--weir", default=os.environ.get("WEIR") or str(PROJECT / "build/release/weir"),
                        help="the binary under test (build/release/weir)")
    parser.add_argument("--again", type=int, default=2 if os.environ.get("CI") else 0, metavar="N",
                        help="plays of a scenario that failed, all of which it must pass (2 in CI, else 0)")
    parser.add_argument("-v", action="store_true", dest="verbose", help="print what the gateway said, too")
    parser.add_argument("--list", action="store_true", help="print the scenarios and what they show")
    return parser.parse_args()


def choose(scenarios: list[str], names: list[str]) -> list[str]:
    def wanted(scenario: str) -> bool:
        return any(name in scenario or fnmatch.fnmatch(scenario, name) for name in names)

    return [scenario for scenario in scenarios if not names or wanted(scenario)]


def says(name: str) -> str:
    return importlib.import_module(f"scenarios.{name}").__doc__.strip().split("\n")[0]


def obstacle(weir: str) -> str:
    """Why nothing can be played; "" when all is there."""
    if not os.access(weir, os.X_OK):
        return f"no weir to test at {weir}; build it (./dev build) or name it with --weir"
    missing = missing_tools()
    return f"missing: {', '.join(missing)}; ./dev setup installs them" if missing else ""


def raise_descriptor_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def play(name: str, arguments: argparse.Namespace) -> str:
    """\\returns why it failed; "" when it passed"""
    began = time.monotonic()
    stand = Stand(str(pathlib.Path(arguments.weir).resolve()))
    failure = ""
    try:
        importlib.import_module(f"scenarios.{name}").play(stand)
        stand.finish()
    except Failure as problem:
        failure = f"{problem}{frames(problem)}"
    except Exception as problem:  # a reset where an answer was expected, say: the scenario failed, the others go on
        failure = f"{type(problem).__name__}: {problem}{frames(problem)}"
    finally:
        said = "".join(f"\n-- weir said:\n{gateway.stderr()[-3000:]}" for gateway in stand.gateways if gateway.child)
        stand.close()
    notes = f"  {'; '.join(stand.notes)}" if stand.notes else ""
    print(f"{'FAILED' if failure else 'ok    '} {name} ({time.monotonic() - began:.1f} s){notes}")
    if failure:
        print(f"  {says(name)}\n  {failure}")
    if failure or arguments.verbose:
        print(said, flush=True)
    sys.stdout.flush()
    return failure


def passes_again(name: str, arguments: argparse.Namespace) -> bool:
    """Whether what failed once passes as often as is asked for; never where it is not asked for."""
    return arguments.again > 0 and not any(play(name, arguments) for _ in range(arguments.again))


def frames(problem: BaseException) -> str:
    """Where in the scenario it happened."""
    found = traceback.extract_tb(problem.__traceback__)
    lines = [f"\n    {pathlib.Path(each.filename).name}:{each.lineno} {each.line}" for each in found]
    return "".join(lines[1:][-SHOWN_FRAMES:])


if __name__ == "__main__":
    sys.exit(main())
