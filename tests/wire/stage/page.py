"""Reading a page: which actor does what, in the order written.

Idea: layout is the grammar. A line at the margin opens a block (who acts), two spaces are a step
(what is done or must be seen), four or more are the step's lines (a head, bytes, fields). Every
step is checked while reading, so a misspelt one fails in `--list` already and not as a timeout.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re

from .text import PageError

PEER_STEPS = {
    "send", "body", "partial", "trailers", "bytes", "closed", "reset", "gone", "open",
    "close", "shutdown", "abort", "ignore", "stalled",
}
STEPS = {
    "client": PEER_STEPS | {"connect", "request", "expect"},
    "admin": PEER_STEPS | {"connect", "request", "expect"},
    "origin": PEER_STEPS | {"accept", "on", "receive", "respond", "untouched"},
    "application": (PEER_STEPS - {"body", "partial", "trailers", "bytes"}) | {
        "accept", "on", "receive", "content", "answer", "output", "errors", "end", "record", "untouched"},
    "h2": {
        "connect", "request", "begin", "head", "trailing", "data", "frame", "on", "cancel", "take_back", "credit",
        "settings", "stingy", "expect", "body", "partial", "trailers", "refused", "goes_away", "ping", "silent",
        "closed", "gone", "send", "close", "abort"},
    "weir": {"signal", "exits", "stderr", "run", "prints", "rename", "file"},
    "log": {"line", "text", "none", "never"},
}
ORIGINS = {"origin", "application"}
RAW_BLOCKS = {"gateway", "reload", "files"}


@dataclasses.dataclass
class Step:
    line: int
    word: str                      # `expect`
    rest: str                      # `200 "hello"`
    lines: list[str]               # the deeper lines, dedented


@dataclasses.dataclass
class Block:
    line: int
    kind: str                      # client, h2, origin, application, admin, weir, log, gateway, reload, files
    name: str                      # the whole heading: `client two`
    steps: list[Step]
    raw: str = ""                  # gateway, reload: the YAML; files: a line each


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    name: str                      # refuse/conflicting_length
    says: str                      # the opening comment
    blocks: list[Block]

    @property
    def configuration(self) -> str:
        for block in self.blocks:
            if block.kind == "gateway":
                return block.raw
        return "routes:\n  - proxy: http://${origin}\n"

    @property
    def files(self) -> list[str]:
        """What lies in the page's folder before the gateway starts."""
        return [line.strip() for block in self.blocks if block.kind == "files" for line in block.raw.splitlines()]

    @property
    def origins(self) -> set[str]:
        """Every origin and application that acts or is named in a configuration."""
        named = {block.name for block in self.blocks if block.kind in ORIGINS}
        for raw in [self.configuration] + [block.raw for block in self.blocks]:
            named |= {
                kind + (" " + found if found else "")
                for kind, found in re.findall(r"\$\{(origin|application)(?:\.(\w+))?\}", raw)
            }
        return named


def read_page(path: pathlib.Path, root: pathlib.Path) -> Page:
    try:
        name = str(path.relative_to(root).with_suffix(""))
    except ValueError:
        name = path.stem
    return parse(path.read_text(encoding="utf-8"), path, name)


def parse(text: str, path: pathlib.Path, name: str) -> Page:
    lines = text.split("\n")
    says: list[str] = []
    blocks: list[Block] = []
    at = 0
    while at < len(lines) and lines[at].startswith("#"):
        says.append(lines[at].lstrip("# ").rstrip())
        at += 1
    if not says:
        raise PageError(f"{path}:1: a page opens with a comment that says what it shows and why")
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("#"):
            at += 1
            continue
        if line.startswith(" "):
            raise PageError(f"{path}:{at + 1}: a step outside a block")
        start = at
        at += 1
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith("  ")):
            at += 1
        blocks.append(read_block(path, start, lines[start:at]))
    if any(block.kind == "gateway" for block in blocks[1:]):
        raise PageError(f"{path}: the gateway block comes first, and once")
    if not any(block.steps for block in blocks):
        raise PageError(f"{path}: nothing happens on this page")
    return Page(path, name, " ".join(says), blocks)


def read_block(path: pathlib.Path, start: int, lines: list[str]) -> Block:
    heading = lines[0].strip()
    kind = heading.split()[0]
    if kind in RAW_BLOCKS:
        raw = "\n".join(line[2:] for line in lines[1:]).rstrip() + "\n"
        # `reload` is a step as well as a text: give it one, so that it runs in its place.
        steps = [Step(start + 1, kind, heading[len(kind):].strip(), [])] if kind == "reload" else []
        return Block(start + 1, kind, heading, steps, raw)
    if kind not in STEPS:
        known = ", ".join(sorted(RAW_BLOCKS | set(STEPS)))
        raise PageError(f"{path}:{start + 1}: unknown actor {kind!r}; known: {known}")
    block = Block(start + 1, kind, heading, [])
    for offset, line in enumerate(lines[1:], start + 2):
        if not line.strip():
            continue
        if line.startswith("    "):
            if not block.steps:
                raise PageError(f"{path}:{offset}: a deeper line without a step above")
            block.steps[-1].lines.append(line[4:].rstrip())
            continue
        text = line.strip()
        if text.startswith("#"):
            continue
        word, _, rest = text.partition(" ")
        if word not in STEPS[kind]:
            raise PageError(f"{path}:{offset}: {kind} cannot {word!r}; it can: {', '.join(sorted(STEPS[kind]))}")
        block.steps.append(Step(offset, word, rest.strip(), []))
    if not block.steps:
        raise PageError(f"{path}:{start + 1}: {heading} does nothing")
    return block
