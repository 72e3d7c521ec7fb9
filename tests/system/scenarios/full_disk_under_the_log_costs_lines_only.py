"""When the disk under the access log is full, requests are served on, lost lines are counted, and it resumes.

The disk is a tmpfs of 1 MiB in a mount namespace of the gateway alone, so that nothing can stay mounted. Who may not
mount gets /dev/full, which is full for ever: then the last part is left out.
"""

import json
import pathlib

from stand.gateway import Gateway
from stand.processes import run, tool
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'


def play(stand: Stand) -> None:
    disk = stand.directory / "disk"
    disk.mkdir()
    prefix = [tool("unshare"), "--mount", "sh", "-c", MOUNT, str(disk)]
    mountable = run([*prefix, "true"], stand.directory).returncode == 0
    stand.note("a tmpfs of 1 MiB" if mountable else "/dev/full, for want of the right to mount")
    log = disk / "access.log" if mountable else pathlib.Path("/dev/full")
    weir = stand.gateway(f"access_log: {{ to: {log}, format: json }}\nroutes: [{{ respond: served }}]",
                         prefix if mountable else None)
    wrk = stand.wrk(weir, 16, "/")
    until(lambda: dropped(weir) > 1000, "lost lines to be counted", seconds=30)
    requests = wrk.stop()
    expect(requests > 1000, f"{requests} requests, all served")
    same(weir.get("/").text(), "served", "an answer while the disk is full")
    seen = pathlib.Path(f"/proc/{weir.child.pid}/root{log}") if mountable else None
    every_line_is_settled(weir, seen)
    if seen:
        room_again(weir, seen)


def dropped(weir: Gateway) -> float:
    return weir.metric("weir_access_log_lines_dropped_total")


def every_line_is_settled(weir: Gateway, log: pathlib.Path | None) -> None:
    """Each request's line stands whole in the file or is counted as lost, so none is still on its way there."""
    until(lambda: weir.metric("weir_connections_open") <= 1, "the load to be over")  # the asking one
    begun = weir.metric("weir_requests_total")

    def settled() -> float:
        return (log.read_bytes().count(b"\n") if log else 0) + dropped(weir)

    until(lambda: settled() >= begun, "a line or a count for each request",
          story=lambda: f"{settled():.0f} of {begun:.0f}")
    same(settled(), begun, "lines written and lines lost, of as many requests")


def room_again(weir: Gateway, log: pathlib.Path) -> None:
    """The log as the gateway sees it: full, then emptied by its owner."""
    full = log.read_bytes()
    expect(len(full) > MEBIBYTE * 9 // 10, f"the disk is full: {len(full)} bytes")
    whole, _, rest = full.rpartition(b"\n")
    for line in whole.split(b"\n"):
        json.loads(line)
    with log.open("r+b") as file:
        file.truncate(0)
    lost = dropped(weir)
    weir.get("/behind")
    until(lambda: b'"/behind"' in log.read_bytes(), "lines to be written again")
    # The one cut short went with the full file; what follows begins on a line of its own.
    lines = [json.loads(line) for line in log.read_bytes().decode().split("\n") if line]
    same([line["path"] for line in lines], ["/behind"], "the log after room was made")
    same(dropped(weir), lost, "lines lost since")
