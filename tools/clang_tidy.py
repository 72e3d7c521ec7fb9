#!/usr/bin/env python3
"""Runs clang-tidy over the product's sources, and only over those that changed.

    tools/clang_tidy.py [FILE ...]      with files: over these alone

Problem: clang-tidy needs seconds for each file; most files are as they were when it was content with them.
Idea: a file's verdict depends on its text, the texts of all project headers it reaches, its compile command, the
rules and the tool's version. Their hash names an empty file in a cache beside ccache's; if it is there, the source
is clean. System headers count through the tool's version alone: Debian changes them with the compiler or hardly ever.

Invariant: only a clean verdict is remembered; a complaint is found again by every run until it is gone.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import project

ROOT = project.ROOT
BUILD = ROOT / "build" / "dev"
TOOL = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def cache_folder() -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "weir" / "clang-tidy"


def reached(path: pathlib.Path, source: pathlib.Path) -> list[pathlib.Path]:
    """The file and all project headers it includes, directly or not, sorted."""
    found: set[pathlib.Path] = set()
    open_paths = [path]
    while open_paths:
        here = open_paths.pop()
        if here in found:
            continue
        found.add(here)
        for name in INCLUDE.findall(here.read_text(encoding="utf-8")):
            open_paths += [place for place in (here.parent / name, source / name) if place.is_file()][:1]
    return sorted(found)


def key_of(path: pathlib.Path, command: str, rules: str, root: pathlib.Path = ROOT) -> str:
    """Names a verdict: equal keys, equal verdicts, in whatever folder the project lies."""
    digest = hashlib.sha256(rules.encode())
    digest.update(command.replace(str(root), "").encode())
    for each in reached(path, root / "src"):
        text = each.read_bytes()
        digest.update(f"{each.relative_to(root)} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def commands() -> dict[pathlib.Path, str]:
    """The compile command of each product source (no tests, no fuzz targets)."""
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    wanted = {}
    for entry in entries:
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT / "src") and not re.search(r"_(test|fuzz|bench)\.cc$", path.name):
            wanted[path] = entry["command"]
    return wanted


def complaints_in(path: pathlib.Path) -> str:
    """What clang-tidy says about one file; "" when it is content."""
    process = subprocess.run([TOOL, "-p", str(BUILD), "--quiet", str(path)], capture_output=True, text=True)
    if process.returncode == 0:
        return ""
    return process.stdout.strip() or process.stderr.strip()


def chosen(wanted: dict[pathlib.Path, str], names: list[str]) -> dict[pathlib.Path, str]:
    """Those of `names`; without names all. A name that is none of the product's sources ends the program."""
    if not names:
        return wanted
    paths = [pathlib.Path(name).resolve() for name in names]
    unknown = [name for name, path in zip(names, paths, strict=True) if path not in wanted]
    if unknown:
        sys.exit(f"{unknown[0]} is no source of the product, or is not built: tests, fuzz targets and headers are not "
                 "looked at by themselves")
    return {path: wanted[path] for path in paths}


def main(names: list[str]) -> int:
    version = subprocess.run([TOOL, "--version"], capture_output=True, text=True, check=True).stdout
    rules = version + (ROOT / ".clang-tidy").read_text()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    keys = {path: key_of(path, command, rules) for path, command in chosen(commands(), names).items()}
    changed = [path for path, key in keys.items() if not (cache / key).exists()]

    said: set[str] = set()  # a header's complaint comes once for each source that includes it
    unclean = 0
    workers = int(os.environ.get("JOBS") or os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for count, (path, words) in enumerate(zip(changed, pool.map(complaints_in, changed)), start=1):
            if sys.stdout.isatty():
                print(f"\r\x1b[K[{count}/{len(changed)}] {path.relative_to(ROOT)} ", end="", flush=True)
            if not words:
                (cache / keys[path]).touch()
                continue
            unclean += 1
            for complaint in re.split(r"\n(?=\S+:\d+:\d+: (?:error|warning))", words):
                if complaint not in said:
                    said.add(complaint)
                    print(("\n" if sys.stdout.isatty() else "") + complaint.replace(f"{ROOT}/", ""), flush=True)
    print(f"{len(keys)} sources, {len(keys) - len(changed)} unchanged since they were clean, {unclean} with complaints")
    return 1 if unclean or not keys else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
