#!/usr/bin/env python3
"""What ./dev check does: looks at the project without running it, and ends with "N passed, N failed".

Idea: each check is a command that prints its complaints and exits 1 when there are some. The quick ones come first;
all of them run, so that one visit shows everything.
"""

import subprocess
import sys
import time

import project


def checks() -> list[tuple[str, list[str]]]:
    cpp = [str(path) for path in project.files(suffixes=(".cc", ".h"))]
    scripts = ["dev", ".ci/run", *(str(path) for path in project.files(suffixes=(".sh",)))]
    return [
        ("floors", [sys.executable, "tools/check_floors.py"]),
        ("tidy", [sys.executable, "tools/check_tidy.py"]),
        ("links", [sys.executable, "tools/check_links.py"]),
        ("scripts", ["bash", "-c", 'for script; do bash -n "$script" || exit 1; done', "bash", *scripts]),
        ("layout", ["clang-format-19", "--dry-run", "-Werror", "--ferror-limit=1", *cpp]),
        ("clang-tidy", [sys.executable, "tools/clang_tidy.py"]),
    ]


def main(arguments: list[str]) -> int:
    chosen = [check for check in checks() if not arguments or check[0] in arguments]
    if not chosen or set(arguments) - {name for name, _ in chosen}:
        sys.exit(f"./dev check: the checks are {', '.join(name for name, _ in checks())}")
    failed = []
    for name, command in chosen:
        print(project.colour(name, "bold"), flush=True)
        begin = time.monotonic()
        if subprocess.run(command, cwd=project.ROOT).returncode != 0:
            failed.append(name)
        word = project.colour("failed", "red") if name in failed else project.colour("passed", "green")
        print(f"  {word} in {time.monotonic() - begin:.1f} s\n", flush=True)
    if "layout" in failed:
        print("./dev fmt puts the layout right.\n")
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
