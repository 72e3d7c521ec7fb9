#!/usr/bin/env python3
"""Runs the commands that the documentation shows, so that what a stranger types works.

Problem: commands in prose rot silently.
Idea: in README.md and docs/*.md two kinds of fenced blocks are run, the others are only shown:

    ```sh run              every line; the block must succeed
    ```console             each line after "$ "; what follows it must be what it prints, "..." stands for anything

All blocks of a page run one after the other in one bash session, in a folder of its own that looks like the project
(examples/ is a copy and may be changed), with the given binary as `weir` and as build/release/weir. After a command
that ends in "&" the session waits until it said "ready" or "listening on". At the end whatever still runs gets TERM.
Each file in examples/ must also pass `weir check`.

Prints one line for each command and ends with "N passed, N failed".
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import project

ROOT = project.ROOT
PAGE_SECONDS_MAX = 120
STOP_SECONDS_MAX = 10

PRELUDE = r"""
run_command() {  # NUMBER: runs command NUMBER in this shell, keeps its output and exit code
  eval "$(cat "$session/$1.command")" >"$session/$1.out" 2>&1 </dev/null
  echo $? >"$session/$1.code"
}
await_ready() {  # NUMBER: until what command NUMBER left in the background says so, or 5 seconds
  local turn
  for ((turn = 0; turn < 100; ++turn)); do
    grep -qE '\bready\b|listening on' "$session/$1.out" && return
    kill -0 $! 2>/dev/null || return
    sleep 0.05
  done
}
"""


@dataclasses.dataclass(frozen=True)
class Command:
    """One command of a page; expected is None when any output will do."""

    line: int
    text: str
    expected: str | None = None


def commands_in(text: str) -> list[Command]:
    """The commands of a page that are to be run, in order."""
    found: list[Command] = []
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        opening = re.match(r"^(```+)\s*(.*?)\s*$", lines[index])
        index += 1
        if not opening:
            continue
        begin = index
        while index < len(lines) and lines[index].rstrip() != opening.group(1):
            index += 1
        block, words = lines[begin:index], opening.group(2).split()
        index += 1
        if words[:1] in (["sh"], ["bash"]) and "run" in words[1:]:
            found.append(Command(begin + 1, "\n".join(block)))
        elif words == ["console"]:
            found += console_commands(block, begin + 1)
    return found


def console_commands(block: list[str], first_line: int) -> list[Command]:
    """The commands of a console block: "$ " begins one, "> " goes on with it, all else is its output."""
    found: list[Command] = []
    text, output, line = "", [], 0
    for number, content in enumerate([*block, "$ "], start=first_line):
        if content.startswith("$ ") or content == "$":
            if text:
                found.append(Command(line, text, "\n".join(output)))
            text, output, line = content[2:], [], number
        elif content.startswith("> ") and text and not output:
            text += "\n" + content[2:]
        else:
            output.append(content)
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether the output is as shown; "..." stands for anything, blanks at line ends do not count."""
    def trimmed(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*".join(re.escape(part) for part in trimmed(expected).split("..."))
    return re.fullmatch(pattern, trimmed(printed), re.DOTALL) is not None


def script_of(commands: list[Command]) -> str:
    """The bash session of a page; it ends after the first block that fails, since the next ones build upon it."""
    script = PRELUDE
    for number, command in enumerate(commands):
        script += f"run_command {number}\n"
        if command.text.rstrip().endswith("&"):
            script += f"await_ready {number}\n"
        script += f'[[ $(cat "$session/{number}.code") == 0 ]] || exit 1\n'
    return script


def furnish(folder: pathlib.Path, weir: pathlib.Path) -> None:
    """Makes the folder look like the project: links to what is there, examples/ to play with, the binary built."""
    for entry in ROOT.iterdir():
        if entry.name in ("examples", "build") or entry.name.startswith("."):
            continue
        (folder / entry.name).symlink_to(entry)
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "build/release").mkdir(parents=True)
    (folder / "build/release/weir").symlink_to(weir)


def run_session(script: str, folder: pathlib.Path, session: pathlib.Path) -> None:
    """Runs it in a process group of its own, then ends what it left running."""
    environment = os.environ | {"PATH": f"{folder}/build/release:{os.environ['PATH']}", "session": str(session),
                                "NO_COLOR": "1", "STATE_DIRECTORY": str(session / "state")}
    process = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        process.wait(timeout=PAGE_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        pass  # the command that took too long has no exit code, which says enough
    end_group(process.pid, process)


def end_group(group: int, leader: subprocess.Popen) -> None:
    """TERM for every process of the group, KILL for those that do not end."""
    deadline = time.monotonic() + STOP_SECONDS_MAX
    with contextlib.suppress(ProcessLookupError):  # raised as soon as all of them are gone
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            leader.poll()
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)
    leader.wait()


def check_page(page: str, text: str, weir: pathlib.Path) -> tuple[int, int]:
    """Runs the commands of one page and prints what became of each; (passed, failed)."""
    commands = commands_in(text)
    if not commands:
        return 0, 0
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as session_place:
        folder, session = pathlib.Path(place).resolve(), pathlib.Path(session_place)
        furnish(folder, weir)
        for number, command in enumerate(commands):
            (session / f"{number}.command").write_text(command.text)
        run_session(script_of(commands), folder, session)
        passed = 0
        for number, command in enumerate(commands):
            reason = complaint_about(command, session, number)
            title = command.text.splitlines()[0] if command.text else ""
            print(f"{'FAILED' if reason else 'ok':<7}{page}:{command.line}: {title}")
            if reason:
                print(reason)
            passed += not reason
    return passed, len(commands) - passed


def complaint_about(command: Command, session: pathlib.Path, number: int) -> str:
    out, code = session / f"{number}.out", session / f"{number}.code"
    if not out.exists():
        return "  not reached: a command before it failed"
    printed = out.read_text(errors="replace")
    if not code.exists():
        return f"  took too long (the page has {PAGE_SECONDS_MAX} s)\n{printed}"
    if code.read_text().strip() != "0":
        return f"  exit code {code.read_text().strip()}\n{printed}"
    if command.expected is not None and not command.text.rstrip().endswith("&"):
        if not matches(command.expected, printed):
            return f"  shown:\n{command.expected}\n  printed:\n{printed}"
    return ""


def check_examples(weir: pathlib.Path, root: pathlib.Path = ROOT) -> tuple[int, int]:
    """Every example passes `weir check`; (passed, failed)."""
    passed = failed = 0
    for path in sorted((root / "examples").glob("*.yaml")):
        command = [str(weir), "check", str(path.relative_to(root))]
        process = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
        good = process.returncode == 0
        print(f"{'ok' if good else 'FAILED':<7}weir {shlex.join(command[1:])}")
        if not good:
            print(process.stdout + process.stderr)
        passed, failed = passed + good, failed + (not good)
    return passed, failed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Runs the commands that the documentation shows.")
    parser.add_argument("--weir", type=pathlib.Path, required=True, help="the binary to run them with")
    parser.add_argument("pages", nargs="*", help="pages to run; without any, README.md and docs/*.md")
    options = parser.parse_args(arguments)
    weir = options.weir.resolve()
    pages = options.pages or ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/*.md")))]
    passed, failed = check_examples(weir)
    for page in pages:
        text = (ROOT / page).read_text() if (ROOT / page).exists() else ""
        good, bad = check_page(page, text, weir)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
