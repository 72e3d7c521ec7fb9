"""Type=notify: READY=1 when everything is bound, RELOADING=1 with its time and READY=1 around a reload, STOPPING=1."""

import signal
import time

from stand.gateway import NotifySocket
from stand.stand import Stand
from stand.waiting import expect, same


def play(stand: Stand) -> None:
    notify = NotifySocket(stand.directory / "notify.sock")
    stand.ending.callback(notify.close)
    weir = stand.gateway("routes: [{ respond: ok }]", environment={"NOTIFY_SOCKET": notify.path})
    same(notify.receive().get("READY"), "1", "the first word")
    before = time.monotonic_ns() // 1000
    weir.signal(signal.SIGHUP)
    reloading = notify.receive()
    same(reloading.get("RELOADING"), "1", "the word at a reload")
    asked = int(reloading["MONOTONIC_USEC"])
    expect(before <= asked <= time.monotonic_ns() // 1000, "MONOTONIC_USEC is the time of the reload")
    same(notify.receive().get("READY"), "1", "the word behind a reload")
    weir.signal(signal.SIGTERM)
    same(notify.receive().get("STOPPING"), "1", "the word at the end")
    weir.exits(0)
