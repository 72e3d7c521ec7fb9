"""20,000 files come with their own bytes; descriptors and memory stay bounded, and deleted files are closed."""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
import shutil

from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

FOLDERS, FILES_EACH = 200, 100
ASKED = 6_000
OPEN_FILES_MAX = 1024  # limits::open_files, per core and root
GROWTH_MAX = 64 * MEBIBYTE


def play(stand: Stand) -> None:
    root = stand.directory / "root"
    names = build(root)
    weir = stand.gateway(f"routes: [{{ files: {root} }}]")
    draw = random.Random(11)
    before, descriptors = weir.resident_bytes(), weir.descriptors()
    most = 0
    with weir.client() as client:
        for turn in range(ASKED):
            name = draw.choice(names)
            answer = client.ask(f"/{name}")
            same((answer.status, answer.body), (200, content(name)), name)
            if turn % 200 == 0:
                most = max(most, weir.descriptors() - descriptors)
        same(client.ask("/f00/missing").status, 404, "a name that is not there")
    expect(most <= OPEN_FILES_MAX + 16, f"{most} descriptors for open files")
    grown = weir.resident_bytes() - before
    expect(grown < GROWTH_MAX, f"resident memory grew by {grown >> 20} MiB")
    shutil.rmtree(root)
    until(lambda: weir.get("/f00/000.txt").status == 404, "a deleted file to be gone")
    until(lambda: weir.descriptors() <= descriptors + 8, "deleted files to be closed", seconds=45)
    stand.note(f"{len(names):,} files, {ASKED:,} requests, at most {most} descriptors, {grown >> 20} MiB more")


def content(name: str) -> bytes:
    return hashlib.sha256(name.encode()).hexdigest().encode() * (1 + len(name) % 5)


def build(root: pathlib.Path) -> list[str]:
    names = []
    for folder in range(FOLDERS):
        directory = root / f"f{folder:02}"
        directory.mkdir(parents=True)
        for number in range(FILES_EACH):
            name = f"f{folder:02}/{number:03}.txt"
            with open(os.open(root / name, os.O_CREAT | os.O_WRONLY), "wb") as file:
                file.write(content(name))
            names.append(name)
    return names
