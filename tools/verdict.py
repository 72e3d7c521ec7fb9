"""Reads from what a test runner printed how many of its tests passed.

Problem: C++ tests, Python tests, libFuzzer and our own runners each say it in their own way, and one that crashed
half-way says nothing at all.
Idea: one reader for each way, (passed, failed) or None when nothing was said that counts; judge() puts it together
with the exit code.

Invariant: what did not run, crashed, hung or said nothing counts as at least one failure.
"""

import dataclasses
import re

VERDICT = re.compile(r"^(\d+) passed, (\d+) failed$")


@dataclasses.dataclass(frozen=True)
class Step:
    """One command that runs tests, with what must be built before."""

    name: str
    command: tuple[str, ...]
    preset: str = ""  # "" builds nothing
    targets: tuple[str, ...] = ()
    parser: str = "verdict"  # how to read the output: verdict, gtest, unittest or libfuzzer
    script: str = ""  # a file or folder that must exist
    scratch: str = ""  # a folder that is emptied before
    seconds_max: int = 900  # a step that takes longer hangs


@dataclasses.dataclass
class Outcome:
    """What became of a step."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    note: str = ""


def read_verdict(output: str) -> tuple[int, int] | None:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    match = VERDICT.match(lines[-1]) if lines else None
    return (int(match.group(1)), int(match.group(2))) if match else None


def read_gtest(output: str) -> tuple[int, int] | None:
    """Counts tests one by one, so that the test which took the process down counts as failed."""
    begun = set(re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE))
    passed = set(re.findall(r"\[       OK \] (\S+) \(", output))
    skipped = set(re.findall(r"\[  SKIPPED \] (\S+) \(", output))
    return (len(passed), len(begun - passed - skipped)) if begun else None


def read_unittest(output: str) -> tuple[int, int] | None:
    match = re.search(r"^Ran (\d+) tests? in", output, re.MULTILINE)
    if not match:
        return None
    bad = sum(int(count) for count in re.findall(r"(?:failures|errors)=(\d+)", output))
    return int(match.group(1)) - bad, bad


def read_libfuzzer(output: str) -> tuple[int, int] | None:
    return (1, 0) if re.search(r"^Done \d+ runs", output, re.MULTILINE) else None


READERS = {"verdict": read_verdict, "gtest": read_gtest, "unittest": read_unittest, "libfuzzer": read_libfuzzer}


def judge(step: Step, output: str, exit_code: int | None) -> Outcome:
    """The outcome of a finished step; exit_code is None when it was stopped for taking too long."""
    counts = READERS[step.parser](output)
    if exit_code is None:
        return Outcome(step.name, counts[0] if counts else 0, max(1, counts[1] if counts else 0),
                       note=f"stopped after {step.seconds_max} s")
    if counts is None:
        return Outcome(step.name, failed=1, note=f"no verdict, exit code {exit_code}")
    passed, failed = counts
    if exit_code != 0 and failed == 0:
        return Outcome(step.name, passed, 1, note=f"exit code {exit_code}")
    if passed + failed == 0:
        return Outcome(step.name, failed=1, note="no test ran")
    return Outcome(step.name, passed, failed)
