#!/usr/bin/env python3
"""Shows that the Debian package does what it says, and that the files for container engines hold together.

    tests/package/run.py                 everything
    tests/package/run.py container       parts whose name contains that
    tests/package/run.py --package FILE --weir FILE

What needs root: the parts called `machine`, which install, upgrade and purge the package on a machine of their own
(machine.py). Where there is none to be had they count as failed, with the reason; `unit`, `files` and `container` need
nothing. The last line printed is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable

import container
import files
import installation
import unit
from machine import NoMachine

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is under test."""

    project: pathlib.Path
    weir: pathlib.Path
    package: pathlib.Path
    directory: pathlib.Path  # for whatever a part wants to keep


PARTS: list[tuple[str, Callable[[Subject], None]]] = [*unit.PARTS, *files.PARTS, *container.PARTS, *installation.PARTS]


def newest_package() -> pathlib.Path:
    found = sorted(PROJECT.glob("build/package/weir_*.deb"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else PROJECT / "build/package/weir.deb"


def play(part: Callable[[Subject], None], name: str, subject: Subject) -> bool:
    began = time.monotonic()
    problem = ""
    try:
        part(subject)
    except NoMachine as reason:
        problem = f"no machine to test on: {reason}"
    except AssertionError as failure:
        problem = f"{failure}\n    {traceback.extract_tb(failure.__traceback__)[-1].line}"
    except Exception:  # the part failed in a way nobody foresaw; the others go on
        problem = traceback.format_exc()
    print(f"{'FAILED' if problem else 'ok    '} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if problem:
        print(f"  {problem}", flush=True)
    return not problem


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="parts of names; everything when none is given")
    parser.add_argument("--weir", type=pathlib.Path, default=PROJECT / "build/release/weir")
    parser.add_argument("--package", type=pathlib.Path, default=newest_package(),
                        help="the package under test (the newest in build/package)")
    parser.add_argument("--build", action="store_true", help="build the package first, as ./dev package does")
    options = parser.parse_args()
    if options.build:
        if subprocess.run([sys.executable, str(PROJECT / "tools/package.py")]).returncode != 0:
            print("the package was not built, or lintian complains\n0 passed, 1 failed")
            return 1
        options.package = newest_package()
    for needed, how in ((options.package, "./dev package"), (options.weir, "./dev build")):
        if not needed.exists():
            print(f"{needed} is missing: {how}\n0 passed, 1 failed")
            return 1
    chosen = [(name, part) for name, part in PARTS
              if not options.names or any(word in name for word in options.names)]
    with tempfile.TemporaryDirectory(prefix="weir-package-") as directory:
        subject = Subject(PROJECT, options.weir.resolve(), options.package.resolve(), pathlib.Path(directory))
        try:
            outcomes = [play(part, name, subject) for name, part in chosen]
        finally:
            installation.close()
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) and outcomes else 1


if __name__ == "__main__":
    sys.exit(main())
