#!/usr/bin/env python3
"""The house rules that no compiler knows: how files open, how long they are, which calls are banned where.

Idea: each rule is a line in one of the tables below, with its reason, because the reason is what the reader of a
complaint needs. An exception is written beside the code, names the rule and says why:

    thread_local Shard* current = nullptr;  // tidy: allow thread_local, signal handlers have no other way

Prints one line for each breach, as file:line, and exits 1 when there is one.
"""

import dataclasses
import pathlib
import re
import sys

import project

CODE = (".cc", ".h", ".py", ".sh")
LINE_LENGTH_MAX = 120
FILE_LINES_MAX = 450  # one idea per file; what needs more has two
OPENING_LINES = 3
OPENING_COMMENT_CHARACTERS_MIN = 20  # "// Pool." is a title, not an idea


@dataclasses.dataclass(frozen=True)
class Ban:
    """A call that is not made: `pattern` in a file whose path matches `where` and not `except_in`."""

    name: str
    pattern: str
    where: str
    except_in: str
    reason: str


BANS = [
    Ban("std_regex", r"\bstd::w?regex\b", r"^(src|bench)/", r"^$", "it backtracks without bound; RE2 does not"),
    Ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(", r"^src/", r"^$",
        "no test and no product code waits for the real clock; time is the reactor's"),
    Ban("thread_local", r"\bthread_local\b", r"^src/", r"^$",
        "the simulation runs many shards on one thread; state belongs to the Shard"),
    Ban("rand", r"(?<![\w.>])s?rand\s*\(|\bstd::random_device\b", r"^src/", r"^src/(runtime|app)/|_bench\.cc$",
        "randomness comes from the reactor, so that a seed replays"),
    # The simulator's command line may say how long it took; the worlds it runs may not know.
    Ban("clock", r"\b(system|steady|high_resolution)_clock::now\b|\b(clock_gettime|gettimeofday)\s*\(", r"^src/",
        r"^src/(runtime|app)/|^src/sim/(sim_main|mutants)\.cc$|_bench\.cc$",
        "time comes from the reactor, so that the simulation can make it"),
]

# Words that say where or by whom a text was typed; they mean nothing to the next reader.
PLACES_AND_HANDS = [
    (re.compile(r"(?<![\w.*/-])/(?:home/\w+|root|work|Users/\w+)/\w"), "a path of somebody's own machine"),
    (re.compile(r"\b(?:helper|agent|coding) sessions?\b", re.IGNORECASE), "text about who typed, not about Weir"),
    (re.compile(r"\bas an ai\b|\blanguage model wrote\b", re.IGNORECASE), "text about who typed, not about Weir"),
]

OPEN_TASK = re.compile(r"\b(TODO|FIXME|XXX)\b")
OPEN_TASK_WITH_ISSUE = re.compile(r"\bTODO\(#\d+\)")
ALLOWANCE = re.compile(r"tidy: allow (\w+), (\S.{9,})")  # an exception needs a reason that is a sentence


def allowed(rule: str, lines: list[str], index: int) -> bool:
    """Whether the line, or a comment on the line above, names the rule and says why."""
    above = [lines[index - 1]] if index and lines[index - 1].lstrip().startswith(("//", "#")) else []
    return any(rule == name for line in [lines[index], *above] for name, _ in ALLOWANCE.findall(line))


def without_comment(line: str) -> str:
    return re.sub(r"^\s*\*.*$|//.*$", "", line)


def banned_calls(path: str, lines: list[str]):
    for ban in BANS:
        if not re.search(ban.where, path) or re.search(ban.except_in, path):
            continue
        for index, line in enumerate(lines):
            if re.search(ban.pattern, without_comment(line)) and not allowed(ban.name, lines, index):
                yield index, f"{ban.name}: {ban.reason}"


def layout(path: str, lines: list[str]):
    is_code = path.endswith(CODE) or path in ("dev", ".ci/run")
    for index, line in enumerate(lines):
        if is_code and "\t" in line:
            yield index, "tab: indent with blanks"
        if is_code and len(line) > LINE_LENGTH_MAX and not allowed("line_length", lines, index):
            yield index, f"line_length: {len(line)} characters, {LINE_LENGTH_MAX} at most"
        if line != line.rstrip() and (is_code or path.endswith((".yaml", ".md"))):
            yield index, "blanks at the end of the line"
    is_product = path.startswith("src/") and path.endswith((".cc", ".h")) and not re.search(r"_(test|fuzz)\.cc$", path)
    if is_product and len(lines) > FILE_LINES_MAX and not allowed("file_length", lines, 0):
        yield FILE_LINES_MAX, f"file_length: {len(lines)} lines, {FILE_LINES_MAX} at most: which two ideas are in here?"


def opening(path: str, lines: list[str]):
    """A file opens with its idea: a comment that is a sentence, among the first lines."""
    if not path.endswith(CODE) or not any(line.strip() for line in lines):
        return
    for line in lines[:OPENING_LINES]:
        comment = re.match(r'^\s*(?://+|#(?!!|pragma|include|ifn?def|define)|"""|/\*+)\s*(.*)$', line)
        if comment and len(comment.group(1)) >= OPENING_COMMENT_CHARACTERS_MIN:
            return
    yield 0, "opening: the first lines do not say what idea the file holds"


def words(path: str, lines: list[str]):
    for index, line in enumerate(lines):
        if OPEN_TASK.search(line) and not OPEN_TASK_WITH_ISSUE.search(line) and not allowed("todo", lines, index):
            yield index, "todo: name the issue, as TODO(#12)"
        for pattern, reason in PLACES_AND_HANDS:
            if pattern.search(line) and not allowed("words", lines, index):
                yield index, f"words: {reason}"


def complaints_in(path: str, text: str) -> list[str]:
    """All complaints about one file; a path is relative to the root of the project."""
    if path.startswith("tools/check_tidy") or re.search(r"_corpus/|/golden/|^LICENSE$", path):
        return []  # these name what is forbidden, or are data
    lines = text.splitlines()
    found = [*banned_calls(path, lines), *layout(path, lines), *opening(path, lines), *words(path, lines)]
    complaints = [f"{path}:{index + 1}: {reason}" for index, reason in sorted(found)]
    if text and not text.endswith("\n") and path.endswith((*CODE, ".md", ".yaml")):
        complaints.append(f"{path}:{len(lines)}: no line end at the end of the file")
    return complaints


def main(arguments: list[str]) -> int:
    root = project.root_argument(arguments)
    paths: list[pathlib.Path] = project.files(root)
    complaints = []
    for path in paths:
        text = project.text_of(root / path)
        if text is not None:
            complaints += complaints_in(path.as_posix(), text)
    return project.report(complaints, len(paths), "tidy files")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
