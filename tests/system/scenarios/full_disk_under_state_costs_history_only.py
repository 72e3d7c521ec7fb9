"""When the disk under state folder, log and files is full, everything is served and reloaded on; a reload says what
could not be kept; nothing kept before is lost; and with room again the history goes on.

The disk is a tmpfs of 1 MiB in a mount namespace of the gateway alone. Who may not mount leaves it out.
"""

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
    if run([*prefix, "true"], stand.directory).returncode != 0:
        stand.note("left out, for want of the right to mount")
        return
    weir = stand.idle_gateway()
    weir.start(configuration(disk, "first"), prefix)
    inside = pathlib.Path(f"/proc/{weir.child.pid}/root{disk}")  # as the gateway sees it
    (inside / "site").mkdir()
    (inside / "site/page.txt").write_text("a page")
    until(lambda: weir.get("/site/page.txt").status == 200, "a file of that disk")
    same(weir.get("/").text(), "first", "before")
    kept = entries(inside)
    expect(len(kept) == 1, f"entries: {kept}")

    filler = inside / "filler"
    fill(filler)
    weir.write(configuration(disk, "second"))
    came = weir.ask_admin("/reload?format=text", "POST")
    same(came.status, 200, f"a reload on a full disk ({came.text()})")
    expect("could not be kept in the history" in came.text() and "No space left" in came.text(),
           f"what it says: {came.text()}")
    for _ in range(50):
        same(weir.get("/").text(), "second", "the new configuration")
        same(weir.get("/site/page.txt").text(), "a page", "a file of the full disk")
    expect("could not be kept in the history" in weir.stderr(), "the log says it, too")
    same(entries(inside), kept, "what was kept before, and no half of an entry")
    same(weir.status()["configuration"]["origin"], "file", "what runs")

    filler.unlink()
    weir.write(configuration(disk, "third"))
    weir.reload()
    same(weir.get("/").text(), "third", "with room again")
    until(lambda: len(entries(inside)) == 2, "the history to go on")
    said = weir.command("history", "--admin", f"unix:{weir.admin}").stdout
    expect("respond first -> third" in said, f"history: {said}")
    back = weir.command("rollback", "--admin", f"unix:{weir.admin}")
    same((back.returncode, weir.get("/").text()), (0, "first"), f"a rollback over the gap ({back.stderr})")


def configuration(disk: pathlib.Path, text: str) -> str:
    return f"""
state: {disk}/state
access_log: {{ to: {disk}/access.log, format: json }}
routes:
  - {{ name: site, match: {{ path: /site/* }}, files: {{ root: {disk} }} }}
  - {{ name: text, respond: {text} }}
"""


def entries(inside: pathlib.Path) -> list[str]:
    """Everything in the state folder that is an entry, or a beginning of one."""
    return sorted(path.name for path in (inside / "state").iterdir() if "entry" in path.name)


def fill(filler: pathlib.Path) -> None:
    """Until nothing more goes in."""
    with filler.open("wb", buffering=0) as file:
        try:
            for _ in range(MEBIBYTE):
                file.write(bytes(4096))
        except OSError:
            return
