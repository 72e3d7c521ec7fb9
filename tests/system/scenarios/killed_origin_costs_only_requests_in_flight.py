"""kill -9 of one of two nginx origins under load: only requests in flight may fail, the others go on, it comes back.

A process dies over some time: the kernel closes its connections one after the other, and takes new ones for it
until its listening socket is closed. A client whose request was cut may ask again meanwhile, is given to the dying
one again, and is in flight there a second time. So the origin is killed in two ways: while the gateway is stopped,
which then finds it dead at once and may fail one request of each client; and while the gateway runs, where each
request that failed must have begun before the process was gone.
"""

import pathlib
import signal
import time
from collections.abc import Callable

from stand.gateway import Gateway
from stand.load import Clients, Failed
from stand.origins import Nginx
from stand.stand import Stand
from stand.waiting import expect, same, until

CLIENTS = 16
KILLS = 5  # of each way


def play(stand: Stand) -> None:
    here, there = (stand.nginx(f'location / {{ return 200 "{name}"; }}') for name in ("here", "there"))
    weir = stand.gateway(f"""
upstreams:
  pair: {{ endpoints: [{here.address}, {there.address}] }}
routes: [{{ proxy: pair }}]
""")
    with Clients(weir, CLIENTS, "/") as clients:
        for _ in range(KILLS):
            fresh = failures_of_a_kill(weir, clients, there, die_at_once)
            expect(len(fresh) <= CLIENTS, f"{len(fresh)} requests failed, {CLIENTS} were in flight: {fresh[-3:]}")
        for _ in range(KILLS):
            failures_of_a_kill(weir, clients, there, die)
    strange = [failed for failed in clients.failures if not failed.what.startswith("HTTP/1.1 502")]
    same(strange, [], "failures other than 502")
    same(weir.child.running, True, "weir runs")
    stand.note(f"{2 * KILLS} kills, {clients.done} requests, {len(clients.failures)} failed")


def failures_of_a_kill(weir: Gateway, clients: Clients, there: Nginx,
                       kill: Callable[[Gateway, Nginx], float]) -> list[Failed]:
    known = len(clients.failures)
    killed_at = time.monotonic()
    gone_at = kill(weir, there)
    clients.wait_for(300)
    fresh = clients.failures[known:]
    late = [failed for failed in fresh if failed.ended > killed_at + 1]
    same(late, [], "requests that failed long after the kill")
    spared = [failed for failed in fresh if failed.begun > gone_at]
    same(spared, [], "requests that failed though they began when the origin was gone")
    there.start()
    until(lambda: weir.get("/").text() == "there", "the origin that came back to be used again")
    return fresh


def die(weir: Gateway, there: Nginx) -> float:
    """Returns when the process was gone."""
    there.kill()
    return time.monotonic()


def die_at_once(weir: Gateway, there: Nginx) -> float:
    """The same between two steps of the gateway."""
    stat = pathlib.Path(f"/proc/{weir.child.pid}/stat")
    weir.signal(signal.SIGSTOP)
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "weir to be stopped")
    gone_at = die(weir, there)
    weir.signal(signal.SIGCONT)
    return gone_at
