#!/usr/bin/env python3
"""Measures Weir against the null proxy, nginx and HAProxy; one page of ratios, or JSON. See docs/benchmarks.md.

    ./dev bench [proxy|open|large|idle|router|stories|content|lb|limits|tls|overload|failures|all]
                [--json] [--windows 5]

Exit status: 0 every judged budget met, 1 a budget missed (named on stderr), 2 something needed is missing or
broken, 3 the machine is too busy (or could not deliver an open-loop rate), 64 usage.
"""

import argparse
import datetime
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from harness import (contenders, content, failures, fastcgi, fleet, gzip, idle, lb, limits, machine, overload, page,
                     redis, reload, rounds, router, rows, tls)
from harness.contenders import Programs, Unavailable
from harness.processes import Meter
from harness.verdicts import VOID, Section

ROOT = Path(__file__).resolve().parent.parent
LOADED = {"proxy": rows.PROXY, "large": rows.LARGE, "open": rows.OPEN, "stories": rows.STORIES,
          "limits": rows.LIMITS}
WITH_WEIR = [contenders.WEIR, contenders.WEIR_PLAIN, *contenders.STORIES]


class Bench:
    """One run: what is up, and the sections measured so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.machine = machine.describe()  # now: afterwards the load average is our own
        self.network = machine.enter_private_network()
        self.descriptors = machine.raise_descriptor_limit()
        self.meter = Meter()
        weir = None if options.weir == "none" else Path(options.weir or options.build / "weir").resolve()
        self.programs = Programs(options.build.resolve() / "bench", weir, options.build.resolve() / "bench/weir_bench")
        self.own_names = {verb: [] if weir is None else names
                          for verb, names in (("stories", contenders.STORIES), ("limits", contenders.LIMITS))}
        self.names = [name for name in contenders.ALL
                      if (name not in contenders.PEER_NAMES or name in options.peers)
                      and (name not in WITH_WEIR or weir is not None)]
        self.sections: list[Section] = []

    def run(self) -> None:
        everything = ["proxy", "large", "open", "idle", "router", "stories", "content", "lb", "limits", "tls",
                      "overload", "failures"]
        wanted = everything if self.options.what == "all" else [self.options.what]
        self._require(wanted)
        among_proxies = [verb for verb in wanted
                         if verb not in ("router", "content", "lb", "tls", "overload", "failures", *self.own_names)]
        among_themselves = [([verb], names) for verb, names in self.own_names.items() if verb in wanted]
        if "lb" in wanted:
            self._run_lb()
        if "limits" in wanted:
            self._run_limits()
        if "overload" in wanted:
            self._tell("overload: simulated")
            for section in overload.measure(self.programs):
                self._add(section)
        if "failures" in wanted:
            self._run_failures()
        for verbs, names in [(among_proxies, self.names), *among_themselves]:
            if verbs:
                with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
                    self._run_with_origin(verbs, names, Path(directory))
        if "router" in wanted:
            self._tell("router: microbenchmarks")
            self._add(router.measure(self.programs, self.options.windows))
            self._tell("router: one route of 100,000 changes in a running gateway")
            self._add(reload.measure(self.programs, self.options.windows))
        if "content" in wanted:
            self._run_content()
        if "tls" in wanted:
            with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
                self._run_tls(Path(directory))

    def facts(self) -> list[str]:
        """The lines under the page's title: machine and method."""
        here = self.machine
        return [f"{here['cpu']}, {here['cores']} cores, Linux {here['kernel']}, load average {here['load_average']}",
                "; ".join(contenders.versions(self.programs, self._compared()).values()),
                f"CPU time of the process tree: {self.meter.source}; {self.network}",
                f"proxy on core {machine.PROXY_CORE}, generator and origin on core {machine.PEER_CORE}; medians of "
                f"{self.options.windows} interleaved windows of {self.options.seconds:g} s"]

    def _compared(self) -> list[str]:
        return [*self.names, contenders.H2O] if self.options.what in ("tls", "all") else self.names

    def _require(self, wanted: list[str]) -> None:
        """Says what is missing before anything is measured."""
        weir = self.programs.weir
        if weir is not None and wanted not in (["router"], ["lb"]) and not os.access(weir, os.X_OK):
            raise Unavailable(f"no Weir at {weir}: build it (./dev build), give --weir PATH, or measure the others "
                              "alone with --weir none")
        if "router" in wanted and wanted != ["router"] and not self.programs.weir_bench.exists():
            raise Unavailable(f"{self.programs.weir_bench} is missing: no src/*_bench.cc was built (./dev build)")

    def _run_with_origin(self, wanted: list[str], names: list[str], directory: Path) -> None:
        running = []
        try:
            origin, counter = contenders.start_origin(self.meter, self.programs, directory)
            running.append(origin)
            loaded = [row for verb, table in LOADED.items() if verb in wanted for row in table]
            if self.options.rows:
                loaded = [row for row in loaded if row.name in self.options.rows]
            if loaded:
                for name in names:
                    running.append(contenders.start(name, self.meter, self.programs, origin.port, directory))
                measure = rounds.Rounds(self.meter, self.programs, rounds.Counter(counter), directory, self._tell)
                for row in loaded:
                    self._add(page.section_of(measure.measure(row, running[1:], self.options.windows,
                                                              self.options.seconds)))
            for contender in running[1:]:
                contender.process.stop()
            if "idle" in wanted:
                self._add(idle.measure(idle.KEPT_ALIVE, names, self.meter, self.programs, origin, self.descriptors,
                                       directory, self._tell))
        finally:
            for contender in reversed(running):
                contender.process.stop()

    def _run_tls(self, directory: Path) -> None:
        origin, counter = contenders.start_origin(self.meter, self.programs, directory)
        known = [contenders.H2O, *self.options.peers, *([contenders.WEIR] if self.programs.weir else [])]
        try:
            for section in tls.measure(known, self.options.rows, origin, counter, self.meter, self.programs,
                                       self.descriptors, directory, self.options.windows, self.options.seconds,
                                       self._tell):
                self._add(section)
        finally:
            origin.process.stop()

    def _run_lb(self) -> None:
        self._tell("lb: microbenchmarks")
        self._add(lb.measure_cost(self.programs, self.options.windows))
        self._tell("lb: what each policy is worth; this takes minutes")
        self._add(lb.measure_worth(self.programs))

    def _run_limits(self) -> None:
        self._tell("limits: microbenchmarks")
        self._add(limits.measure_cost(self.programs, self.options.windows))
        self._tell("limits: exactness")
        self._add(limits.measure_exactness(self.programs, self.options.plot))
        self._tell("limits: a fleet of 4, 32 and 256 in virtual time, two minutes")
        self._add(fleet.measure(self.programs))
        if self.programs.weir is not None:
            self._tell("limits: a Redis that is healthy, slow and stopped")
            with tempfile.TemporaryDirectory(prefix="weir-bench-redis-") as directory:
                self._add(redis.measure(self.programs, self.options.windows, Path(directory)))

    def _run_failures(self) -> None:
        rounds = min(self.options.windows, failures.ROUNDS_MAX)
        for section in failures.measure(self.programs, self.meter, self.options.peers, rounds, self.options.rows,
                                        self._tell):
            self._add(section)
        if self.options.table:
            failures.write_table(self.options.table, [each for each in self.sections if failures.is_own(each)],
                                 [*self.facts()[:2], f"rounds: {rounds}"])

    def _run_content(self) -> None:
        with tempfile.TemporaryDirectory(prefix="weir-bench-content-") as name:
            directory = Path(name)
            for row in content.ROWS:
                if self._wants(row.name):
                    self._add(content.measure(row, self.meter, self.programs, directory, self.options.windows,
                                              self.options.seconds, self._tell))
            if any(self._wants(name) for name in gzip.ROWS):
                for section in gzip.measure(self.programs, self.meter, self.options.windows, self.options.seconds,
                                            directory, self._tell):
                    self._add(section)

            if any(self._wants(row.name) for row in fastcgi.ROWS):
                for section in fastcgi.measure(self.names, self.meter, self.programs, directory, self.options.windows,
                                               self.options.seconds, self.options.rows, self._tell):
                    self._add(section)

    def _wants(self, row: str) -> bool:
        return not self.options.rows or row in self.options.rows

    def _add(self, section: Section) -> None:
        self.sections.append(section)
        if not self.options.json:
            if len(self.sections) == 1:
                when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
                print(page.heading(self.options.what, when, self.facts()))
            self._clear_line()
            print(page.text_of(section), flush=True)

    def _tell(self, progress: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)
        else:
            print(progress, file=sys.stderr, flush=True)

    @staticmethod
    def _clear_line() -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def main() -> int:
    options = read_options()
    if options.only_read:
        return 0
    load = os.getloadavg()[0]
    simulated = options.what == "overload"  # in virtual time: nothing is noise
    if load > machine.LOAD_REFUSED and not options.busy and not simulated:
        print(f"bench: the load average is {load:.1f}; figures would be noise. Wait, or say --busy.", file=sys.stderr)
        return 3
    if load > machine.LOAD_DOUBTFUL and not simulated:
        print(f"bench: the load average is {load:.1f}: trust the ratios more than the figures.", file=sys.stderr)
    if len(os.sched_getaffinity(0)) < 2:
        print("bench: two cores are needed, one for the proxy and one for generator and origin.", file=sys.stderr)
        return 2
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))  # so that everything below is cleaned up
    bench = Bench(options)
    try:
        bench.run()
    except Unavailable as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        bench.meter.close()
    void = [section.name for section in bench.sections if section.verdict() == VOID]
    missed = [sentence for section in bench.sections for sentence in section.missed()]
    if options.json:
        print(json.dumps({"bench": options.what, "windows": options.windows, "seconds": options.seconds,
                          "machine": bench.machine, "method": bench.facts(),
                          "rows": [section.as_json() for section in bench.sections],
                          "verdict": "miss" if missed else "void" if void else "pass", "missed": missed}, indent=2))
    for sentence in missed:
        print(f"bench: budget missed: {sentence}", file=sys.stderr)
    if missed:
        return 1
    for name in void:
        print(f"bench: {name} is void: not even the null proxy got the load asked for", file=sys.stderr)
    return 3 if void else 0


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.print_usage(sys.stderr)
        self.exit(64, f"bench: {message}\n")


def read_options() -> argparse.Namespace:
    parser = Parser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", default="all",
                        choices=[*LOADED, "idle", "router", "content", "lb", "tls", "overload", "failures", "all"])
    parser.add_argument("--json", action="store_true", help="figures, units, budgets and verdicts on stdout")
    parser.add_argument("--windows", type=int, default=5, help="rounds per row (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a window (default 2)")
    parser.add_argument("--rows", type=lambda text: text.split(","), default=[],
                        help="only these rows, such as small-64,open-60000")
    parser.add_argument("--peers", type=lambda text: [name for name in text.split(",") if name],
                        default=contenders.PEER_NAMES, help="nginx,haproxy (default), one of them, or '' for none")
    parser.add_argument("--weir", help="Weir's binary (default build/release/weir); none: measure the others alone")
    parser.add_argument("--plot", type=Path, help="limits: also write what the algorithms admit, as SVG, to this file")
    parser.add_argument("--table", type=Path, help="failures: also write the table between the marks of this page")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release",
                        help="build folder (default build/release)")
    parser.add_argument("--only-read", action="store_true", help=argparse.SUPPRESS)  # ./dev, before it builds anything
    parser.add_argument("--busy", action="store_true", help="measure although the machine is busy")
    options = parser.parse_args()
    known = {row.name for table in [*LOADED.values(), content.ROWS, fastcgi.ROWS] for row in table} | set(gzip.ROWS)
    known |= set(tls.names())
    known |= {f"failures-{rehearsal.name}" for rehearsal in failures.REHEARSALS}
    if unknown := [name for name in options.rows if name not in known]:
        parser.error(f"unknown row {unknown[0]}; there are {', '.join(sorted(known))}")
    if unknown := [name for name in options.peers if name not in contenders.PEER_NAMES]:
        parser.error(f"unknown peer {unknown[0]}; there are {', '.join(contenders.PEER_NAMES)}")
    if options.windows < 1 or options.seconds <= 0:
        parser.error("--windows and --seconds must be positive")
    return options


if __name__ == "__main__":
    sys.exit(main())
