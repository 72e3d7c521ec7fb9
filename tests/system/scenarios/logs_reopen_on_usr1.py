"""logrotate: the log is moved away, USR1 opens a new one, and every request under load is in one of the two."""

import signal

from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    log, moved = stand.directory / "access.log", stand.directory / "access.log.1"
    weir = stand.gateway(f"""
access_log: {{ to: {log}, format: json }}
routes: [{{ respond: ok }}]
""")
    with Clients(weir, 4, "/") as clients:
        until(lambda: log.exists() and log.stat().st_size > 0, "lines in the log")
        log.rename(moved)
        clients.wait_for(50)
        expect(not log.exists(), "before the signal nobody makes a new file")
        weir.signal(signal.SIGUSR1)
        until(log.exists, "the new file")
        clients.wait_for(50)
    same(clients.failures, [], "failed requests")
    weir.get("/last")
    until(lambda: '"/last"' in log.read_text(), "the last line in the new file")
    lines = len(moved.read_text().splitlines()) + len(log.read_text().splitlines())
    same(lines, clients.done + 1, "lines in both files together")
    same(moved.read_text()[-1], "\n", "the last byte of the old file")
