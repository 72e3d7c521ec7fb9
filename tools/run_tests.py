#!/usr/bin/env python3
"""Runs every kind of test and ends with one plain line: "N passed, N failed".

Problem: seven kinds of tests in three languages must give one answer, and a kind that did not run must never look
like a kind that passed.
Idea: plan() says which steps a command line means (a pure function); build what they need, preset by preset; run
them one after the other; count what each says in its last line. Everything a step prints goes to a log in
build/test-logs/; the terminal sees it when the step fails.

Invariants
  (1) A step whose part does not exist, does not build, crashes, hangs or says nothing counts as one failure.
  (2) The exit code is 0 only when at least one test passed and none failed.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import project
from verdict import Outcome, Step, judge

ROOT = project.ROOT
LOGS = ROOT / "build" / "test-logs"
KINDS = ("tools", "unit", "sim", "wire", "system", "fuzz", "package", "commands")
SANITIZED_KINDS = ("unit", "sim", "wire")
SEEDS = 2000
FUZZ_RUNS = 20_000
LOG_LINES_SHOWN = 60
LLVM = "/usr/lib/llvm-19/bin"  # where Debian keeps llvm-symbolizer, which sanitizers look for on the PATH


def fuzz_sources(root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    return [path for path in project.files(root, (".cc",)) if path.name.endswith("_fuzz.cc")]


def corpus_of(source: pathlib.Path) -> pathlib.Path:
    """The inputs that a fuzz target starts from: uri_fuzz.cc has uri_fuzz_corpus/ beside it."""
    return source.with_name(f"{source.stem}_corpus")


def fuzz_steps(sources: list[pathlib.Path]) -> list[Step]:
    if not sources:
        return [Step("fuzz", (), "asan", ("fuzz targets",))]
    steps = []
    for source in sources:
        target = source.stem
        corpus = str(corpus_of(source))
        scratch = f"build/fuzz/fixed/{target}"  # libFuzzer writes what is new to the first folder: never to the corpus
        command = (f"build/asan/{target}", f"-runs={FUZZ_RUNS}", "-seed=1", "-timeout=10", "-rss_limit_mb=2048",
                   f"-artifact_prefix=build/fuzz/{target}-", scratch, corpus)
        name = f"fuzz {target.removesuffix('_fuzz')}"
        steps.append(Step(name, command, "asan", (target,), "libfuzzer", script=corpus, scratch=scratch))
    return steps


def steps_of(kind: str, preset: str, tool_folders: list[str], fuzzers: list[pathlib.Path]) -> list[Step]:
    """The steps of one kind; preset is dev, asan or tsan."""
    binary = f"build/{preset}"
    suffix = "" if preset == "dev" else f" {preset}"
    python = sys.executable
    match kind:
        case "tools":
            discover = (python, "-m", "unittest", "discover", "-p", "*_test.py", "-s")
            return [Step(f"tools {folder}", (*discover, folder), parser="unittest") for folder in tool_folders]
        case "unit":
            # From the build folder: golden tests find their files by __FILE__, which ccache makes relative to it.
            return [Step(f"unit{suffix}", ("env", "-C", binary, "./weir_tests"), preset, ("weir_tests",), "gtest")]
        case "sim":
            simulator = f"{binary}/weir-sim"
            return [Step(f"sim{suffix}", (simulator, "--seeds", str(SEEDS)), preset, ("weir-sim",)),
                    Step(f"sim mutants{suffix}", (simulator, "--mutants"), preset, ("weir-sim",))]
        case "wire":
            script = "tests/wire/run.py"
            return [Step(f"wire{suffix}", (python, script, "--weir", f"{binary}/weir"), preset, ("weir",),
                         script=script)]
        case "system":
            script = "tests/system/run.py"
            return [Step("system", (python, script, "--weir", "build/release/weir"), "release", ("weir",),
                         script=script)]
        case "fuzz":
            return fuzz_steps(fuzzers)
        case "package":
            script = "tests/package/run.py"
            return [Step("package", (python, script, "--build", "--weir", "build/release/weir"), "release", ("weir",),
                         script=script)]
        case "commands":
            return [Step("commands", (python, "tools/check_commands.py", "--weir", "build/release/weir"), "release",
                         ("weir",))]
    raise ValueError(kind)


def plan(
    kinds: list[str], sanitizer: str, ci: bool, tool_folders: list[str], fuzzers: list[pathlib.Path]
) -> list[Step]:
    """What a command line means. Without kinds: all of them; with a sanitizer: those it fits.

    In CI all of them, and AddressSanitizer for those it fits: they find no less under it, and one build of three is
    spared.
    """
    every_kind_in_ci = ci and not kinds and not sanitizer
    fitting = sanitizer or ("asan" if every_kind_in_ci else "dev")
    chosen = kinds or (SANITIZED_KINDS if sanitizer else KINDS)
    return [step for kind in chosen for step in steps_of(kind, fitting, tool_folders, fuzzers)]


def build_presets(steps: list[Step]) -> dict[str, set[str]]:
    """Builds what the steps need; returns for each preset the targets that are there afterwards."""
    wanted: dict[str, list[str]] = {}
    for step in steps:
        if step.preset:
            known = wanted.setdefault(step.preset, [])
            known += [target for target in step.targets if target not in known]
    return {preset: build(preset, targets) for preset, targets in wanted.items()}


def build(preset: str, targets: list[str]) -> set[str]:
    configured = subprocess.run(["cmake", "--preset", preset], capture_output=True, text=True)
    if configured.returncode != 0:
        print(configured.stdout, configured.stderr, sep="\n", flush=True)
        return set()
    listing = subprocess.run(["ninja", "-C", f"build/{preset}", "-t", "targets", "all"], capture_output=True, text=True)
    existing = {line.split(":")[0] for line in listing.stdout.splitlines()}
    there = [target for target in targets if target in existing]
    if not there:
        return set()
    print(project.colour(f"Building {' '.join(there)} ({preset})", "bold"), flush=True)
    # -k 0: one target that does not compile must not hide the tests of the others.
    jobs = ["-j", os.environ["JOBS"]] if os.environ.get("JOBS") else []
    command = ["ninja", "-C", f"build/{preset}", "-k", "0", *jobs]
    environment = os.environ | {"NINJA_STATUS": f"[{preset} %f/%t] "}
    if subprocess.run([*command, *there], env=environment).returncode == 0:
        return set(there)
    # Something failed: what can be built alone is up to date, and a stale binary does not stand in for today's.
    return {target for target in there if subprocess.run([*command, target], capture_output=True).returncode == 0}


def obstacle(step: Step, built: dict[str, set[str]]) -> str:
    """Why a step cannot run; "" when it can."""
    lacking = [target for target in step.targets if target not in built.get(step.preset, set())]
    if lacking:
        return f"missing or not built: {', '.join(lacking)}"
    if step.script and not (ROOT / step.script).exists():
        return f"missing: {step.script}"
    return ""


def run(step: Step, extra: list[str], environment: dict[str, str]) -> tuple[str, int | None]:
    """Runs a step in a process group of its own, so that one which hangs can be ended with its children."""
    log = log_of(step)
    if step.scratch:
        shutil.rmtree(ROOT / step.scratch, ignore_errors=True)
        (ROOT / step.scratch).mkdir(parents=True)
    with log.open("wb") as out:
        process = subprocess.Popen([*step.command, *extra], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            code: int | None = process.wait(timeout=step.seconds_max)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return log.read_text(encoding="utf-8", errors="replace"), code


def log_of(step: Step) -> pathlib.Path:
    return LOGS / (re.sub(r"\W+", "-", step.name) + ".log")


def step_environment(bless: bool) -> dict[str, str]:
    environment = os.environ | {"PATH": f"{os.environ['PATH']}{os.pathsep}{LLVM}"}
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    environment.setdefault("TSAN_OPTIONS", "halt_on_error=1")
    if bless:
        environment["WEIR_BLESS"] = "1"
    return environment


def show_failure(step: Step, output: str) -> None:
    """What a reader needs of a failed step: gtest's failed tests, else its last lines; and where the rest is."""
    lines = output.splitlines()
    if step.parser == "gtest":
        lines = [line for line in lines if not re.match(r"^\[ +(RUN|OK) +\]|^\[-+\]", line)]
    print("\n".join(lines[-LOG_LINES_SHOWN:]))
    print(f"All of it: {log_of(step).relative_to(ROOT)}")
    if "Sanitizer" in output and not os.path.exists(f"{LLVM}/llvm-symbolizer"):
        print("Names instead of addresses: apt-get install llvm-19")
    print(flush=True)


def run_all(steps: list[Step], extra: list[str], bless: bool) -> list[Outcome]:
    LOGS.mkdir(parents=True, exist_ok=True)
    built = build_presets(steps)
    environment = step_environment(bless)
    outcomes = []
    for step in steps:
        print(f"{step.name:<20}", end="", flush=True)
        begin = time.monotonic()
        reason = obstacle(step, built)
        output = ""
        if reason:
            outcome = Outcome(step.name, failed=1, note=reason)
        else:
            output, code = run(step, extra, environment)
            outcome = judge(step, output, code)
        outcome.seconds = time.monotonic() - begin
        outcomes.append(outcome)
        print(f"{word_for(outcome)}  {outcome.note}", flush=True)
        if outcome.failed and output:
            show_failure(step, output)
    return outcomes


def word_for(outcome: Outcome) -> str:
    return project.colour("failed", "red") if outcome.failed else project.colour("passed", "green")


def table(outcomes: list[Outcome]) -> str:
    rows = [f"{'kind':<20}{'passed':>8}{'failed':>8}{'seconds':>9}"]
    rows += [f"{one.name:<20}{one.passed:>8}{one.failed:>8}{one.seconds:>9.1f}  {one.note}".rstrip()
             for one in outcomes]
    return "\n".join(rows)


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and what follows "--" for the runner of the one chosen kind."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="./dev test", description="Runs the tests; without KIND all of them.")
    sanitizer = parser.add_mutually_exclusive_group()
    sanitizer.add_argument("--asan", dest="sanitizer", action="store_const", const="asan", default="")
    sanitizer.add_argument("--tsan", dest="sanitizer", action="store_const", const="tsan", default="")
    parser.add_argument("--bless", action="store_true", help="rewrite golden files with what is printed now")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=" | ".join(KINDS))
    options = parser.parse_args(arguments[:cut])
    unknown = [kind for kind in options.kinds if kind not in KINDS]
    if unknown:
        parser.error(f"no kind of test is called {unknown[0]}; there are {', '.join(KINDS)}")
    unfit = [kind for kind in options.kinds if options.sanitizer and kind not in SANITIZED_KINDS]
    if unfit:
        parser.error(f"--{options.sanitizer} fits {', '.join(SANITIZED_KINDS)}, not {unfit[0]}")
    if arguments[cut + 1:] and len(options.kinds) != 1:
        parser.error("what follows -- goes to one runner: name one kind")
    return options, arguments[cut + 1:]


def main(arguments: list[str]) -> int:
    options, extra = parse(arguments)
    os.chdir(ROOT)
    scripts_tested = [path for path in project.files(ROOT, (".py",)) if path.name.endswith("_test.py")]
    tool_folders = sorted({str(path.parent) for path in scripts_tested})
    steps = plan(options.kinds, options.sanitizer, bool(os.environ.get("CI")), tool_folders, fuzz_sources())
    outcomes = run_all(steps, extra, options.bless)
    passed, failed = sum(one.passed for one in outcomes), sum(one.failed for one in outcomes)
    print(f"\n{table(outcomes)}\n")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
