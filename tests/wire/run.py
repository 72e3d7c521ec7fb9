#!/usr/bin/env python3
"""Plays the pages of tests/wire against the real binary.

    tests/wire/run.py                      every page
    tests/wire/run.py refuse/ '*head*'     those in a folder, or whose name matches (or contains) that
    tests/wire/run.py -v keepalive/...     with the whole conversation

The language of the pages is explained in README.md; the last line printed is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import sys
import time

from stage.page import Page, read_page
from stage.story import Outcome, Story
from stage.text import PageError

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent


def main() -> int:
    arguments = read_arguments()
    try:
        pages = choose(read_pages(arguments.pages_in), arguments.names)
    except PageError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.list:
        for page in pages:
            print(f"{page.name}\n    {page.says}")
        return 0
    if not os.access(arguments.weir, os.X_OK):
        print(f"no weir to test at {arguments.weir}; build it (./dev build) or name it with --weir", file=sys.stderr)
        return 1
    return play(pages, arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="names, folders or globs of pages; all when none is given")
    parser.add_argument("--weir", default=os.environ.get("WEIR") or newest_binary(), help="the binary under test")
    parser.add_argument("-j", type=int, default=4, metavar="N", dest="jobs", help="pages at once (4)")
    parser.add_argument("-v", action="store_true", dest="verbose", help="print each page, and its conversation")
    parser.add_argument("--list", action="store_true", help="print the pages and what they show")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS",
                        help="how long one step may wait (10)")
    parser.add_argument("--pages-in", type=pathlib.Path, default=HERE, help=argparse.SUPPRESS)
    return parser.parse_args()


def newest_binary() -> str:
    found = [path for path in (PROJECT / "build/release/weir", PROJECT / "build/dev/weir") if path.exists()]
    return str(max(found, key=lambda path: path.stat().st_mtime) if found else PROJECT / "build/release/weir")


def read_pages(root: pathlib.Path) -> list[Page]:
    return [read_page(path, root) for path in sorted(root.rglob("*.wire"))]


def choose(pages: list[Page], names: list[str]) -> list[Page]:
    """Each name stands for a page, a folder or a glob; one that is none of them, for all pages that contain it."""
    chosen: set[str] = set()
    for name in names:
        name = name.removeprefix("tests/wire/").removesuffix(".wire").rstrip("/")
        exact = {page.name for page in pages
                 if page.name == name or page.name.startswith(name + "/") or fnmatch.fnmatch(page.name, name)}
        chosen |= exact or {page.name for page in pages if name in page.name}
    return [page for page in pages if not names or page.name in chosen]


def play(pages: list[Page], arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    weir = str(pathlib.Path(arguments.weir).resolve())
    failed: list[str] = []
    # Processes, not threads: a page that moves megabytes must not hold up the clock of another.
    with concurrent.futures.ProcessPoolExecutor(max(1, arguments.jobs)) as pool:
        started = [pool.submit(play_page, page, weir, arguments.timeout) for page in pages]
        for future in concurrent.futures.as_completed(started):
            outcome = future.result()
            if not outcome.passed:
                failed.append(outcome.page.name)
            report(outcome, arguments.verbose)
    for name in sorted(failed):
        print(f"failed: {name}")
    print(f"{len(pages)} pages in {time.monotonic() - began:.1f} s")
    print(f"{len(pages) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not pages else 0


def play_page(page: Page, weir: str, step_seconds: float) -> Outcome:
    return Story(page, weir, step_seconds).play()


def report(outcome: Outcome, verbose: bool) -> None:
    if outcome.passed and not verbose:
        return
    print(f"{'ok    ' if outcome.passed else 'FAILED'} {outcome.page.name} ({outcome.seconds:.2f} s)")
    if not outcome.passed:
        print(f"  {outcome.page.says}\n  {outcome.failure}\n  the conversation:")
    print(outcome.conversation, flush=True)


if __name__ == "__main__":
    sys.exit(main())
