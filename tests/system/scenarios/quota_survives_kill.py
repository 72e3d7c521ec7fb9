"""Kill -9 in the middle of traffic: a quota of a month goes on where it was, less what was spent in the last moments;
after an orderly end it is exact. A store that is broken stops nobody and is told.

The stated loss is what was admitted after the last batch: a second, and the time of a write.
"""

import time

from stand.stand import Stand
from stand.waiting import expect, same, until

QUOTA = 100_000
WINDOW_SECONDS = 2.0  # a second between two batches, and a machine that is busy
CONFIGURATION = f"""
routes:
  - filters:
      - limit: {{ name: monthly, quota: {QUOTA}/month, time_zone: Europe/Berlin, key: {{ header: x-user }} }}
    respond: "in"
"""


def play(stand: Stand) -> None:
    weir = stand.idle_gateway()
    weir.start(CONFIGURATION)
    admitted = []  # when each was
    begin = time.monotonic()
    while time.monotonic() - begin < 4:
        same(weir.get("/", "X-User: ann\r\n").status, 200, "a request")
        admitted.append(time.monotonic())
    killed_at = time.monotonic()
    weir.kill()

    weir.launch()
    until(lambda: "ready" in weir.stderr(), "weir to start", story=weir.stderr)
    weir.address = weir.address_of("web")
    spent = QUOTA - left(weir) - 1
    must = sum(1 for moment in admitted if moment < killed_at - WINDOW_SECONDS)
    expect(must > 0, "there was traffic to lose")
    expect(must <= spent <= len(admitted), f"{len(admitted)} admitted, {must} of them long ago, {spent} are known")

    before = left(weir)
    weir.finish()
    weir.start(CONFIGURATION)
    same(left(weir), before - 1, "what is left after an orderly end")
    same(left(weir, "bob"), QUOTA - 1, "another key")
    weir.finish()

    database = weir.directory / "state/weir.db"
    expect(database.exists(), "the state folder has the store")
    same(database.stat().st_mode & 0o777, 0o600, "its permissions")
    for other in database.parent.glob("weir.db*"):
        other.unlink()
    database.write_bytes(b"x" * 4096)
    weir.start(CONFIGURATION)
    same(left(weir), QUOTA - 1, "without what was kept")
    until(lambda: weir.metric("weir_state_failures_total") >= 2, "the metric to tell")
    expect("cannot read what was kept" in weir.stderr() and "not a database" in weir.stderr(), "the log tells")
    same(weir.get("/", "X-User: ann\r\n").status, 200, "and serves on")
    stand.note(f"{len(admitted)} admitted before the kill, {len(admitted) - spent} forgotten")


def left(weir, user: str = "ann") -> int:
    answer = weir.get("/", f"X-User: {user}\r\n")
    same(answer.status, 200, "a request")
    return int(answer.fields["ratelimit"].split(";r=")[1].split(";")[0])
