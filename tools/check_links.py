#!/usr/bin/env python3
"""Finds links in the documentation that lead nowhere: a relative path without a file, an anchor without a heading.

Idea: read each *.md without its code, collect its links, look each one up. Links to the outside are not followed:
a check must give the same answer without a network.

Prints one line for each broken link, as file:line, and exits 1 when there is one.
"""

import functools
import pathlib
import re
import sys
import urllib.parse

import project

INLINE = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def prose_lines(text: str):
    """The lines outside fenced code, numbered, with inline code taken out."""
    fence = None
    for number, line in enumerate(text.splitlines(), start=1):
        mark = re.match(r"^\s*(```+|~~~+)", line)
        if fence is None and mark:
            fence = mark.group(1)
        elif fence is not None:
            if line.strip().startswith(fence):
                fence = None
        else:
            yield number, line


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading: lower case, punctuation dropped, blanks become hyphens."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@functools.lru_cache(maxsize=None)
def anchors_of(path: pathlib.Path) -> frozenset[str]:
    """Every anchor of a page; a heading that comes again gets -1, -2 and so on."""
    found, counts = set(), {}
    for _, line in prose_lines(project.text_of(path) or ""):
        found.update(ANCHOR.findall(line))
        match = HEADING.match(line)
        if match:
            name = slug(match.group(1))
            found.add(name if name not in counts else f"{name}-{counts[name]}")
            counts[name] = counts.get(name, 0) + 1
    return frozenset(found)


def links_of(text: str):
    for number, line in prose_lines(text):
        line = re.sub(r"`[^`]*`", "", line)
        for target in INLINE.findall(line) + REFERENCE.findall(line):
            yield number, target


def complaint_about(root: pathlib.Path, page: pathlib.Path, target: str) -> str | None:
    """Why a link of page (below root) leads nowhere; None when it leads somewhere, or outside."""
    if OUTSIDE.match(target):
        return None
    name, _, anchor = urllib.parse.unquote(target).partition("#")
    base = root if name.startswith("/") else root / page.parent
    place = (base / name.lstrip("/")).resolve() if name else root / page
    if not place.is_relative_to(root):
        return "leads out of the project"
    if not place.exists():
        return "there is no such file"
    if anchor and place.suffix == ".md" and anchor.lower() not in anchors_of(place):
        return f"{place.relative_to(root)} has no heading '#{anchor}'"
    return None


def main(arguments: list[str]) -> int:
    root = project.root_argument(arguments)
    pages = project.files(root, (".md",))
    complaints = []
    for page in pages:
        for number, target in links_of(project.text_of(root / page) or ""):
            reason = complaint_about(root, page, target)
            if reason:
                complaints.append(f"{page}:{number}: {reason}: {target}")
    return project.report(complaints, len(pages), "pages")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
