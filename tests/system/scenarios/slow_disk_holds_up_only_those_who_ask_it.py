"""While a disk does not answer, its files wait or are given up with 503, and everything else is served as before.

The disk is a FUSE file system inside the test, where the right to mount one is to be had.
"""

from __future__ import annotations

import json
import random
import time

from stand.message import Client, ask
from stand.slow_disk import SlowDisk
from stand.stand import Stand
from stand.waiting import expect, same, until

REQUESTS = 12  # more than the executor has threads for the disk
PATIENCE_SECONDS = 10  # limits::disk_patience


def play(stand: Stand) -> None:
    mounted, quick = stand.directory / "slow", stand.directory / "quick"
    mounted.mkdir()
    quick.mkdir()
    (quick / "page.html").write_text("quick")
    content = random.Random(3).randbytes(300_000)
    try:
        disk = SlowDisk(mounted, "file.bin", content)
    except OSError as problem:
        stand.note(f"left out: {problem}")
        return
    stand.ending.callback(disk.close)
    weir = stand.gateway(f"routes:\n  - {{ match: {{ path: /file.bin }}, files: {mounted} }}\n  - files: {quick}\n")
    same(ask(weir.address, "/file.bin").body == content, True, "the file while the disk answers")

    disk.pause()
    waiting = [Client(weir.address, seconds=3 * PATIENCE_SECONDS) for _ in range(REQUESTS)]
    began = time.monotonic()
    time_to_freshen = began + 1.5  # what was known of the file is believed for a second
    until(lambda: time.monotonic() > time_to_freshen, "the file's entry to grow old")
    for client in waiting:
        client.request("/file.bin")
    until(lambda: disk.held > 0, "the disk to be asked")
    wrk = stand.wrk(weir, 16, "/page.html")
    served = 0
    slowest = 0.0
    while time.monotonic() - began < 4:
        before = time.monotonic()
        same(ask(weir.address, "/page.html").text(), "quick", "a file of another disk")
        slowest = max(slowest, time.monotonic() - before)
        served += 1
    under_load = wrk.stop()
    expect(under_load > 5000, f"only {under_load} requests for the other disk's file were served meanwhile")
    expect(slowest < 1, f"a request for the other disk's file took {slowest:.2f} s")
    refused = waiting[0].response()
    same((refused.status, "disk_busy" in refused.text()), (503, True), "the answer when the disk took too long")
    disk.resume()
    answers = [client.response() for client in waiting[1:]]
    for client in waiting:
        client.close()
    expect({answer.status for answer in answers} <= {200, 503}, str([answer.status for answer in answers]))
    until(lambda: ask(weir.address, "/file.bin").body == content, "the file when the disk answers again")
    stand.note(f"{under_load:,} requests served while the disk hung, the slowest of {served} single ones in "
               f"{slowest * 1000:.0f} ms; {json.dumps(sorted(answer.status for answer in answers))[:60]}")
