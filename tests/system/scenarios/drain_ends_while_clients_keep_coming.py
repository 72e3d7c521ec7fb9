"""TERM while clients open one connection after the other: the listener closes all the same, and the exit code is 0."""

import signal
import threading

from stand.message import Cut, ask
from stand.stand import Stand
from stand.waiting import until

CLIENTS = 8
DRAIN_SECONDS_MAX = 5.0


def play(stand: Stand) -> None:
    for workers in (1, 2):
        with_workers(stand, workers)


def with_workers(stand: Stand, workers: int) -> None:
    weir = stand.gateway(f"workers: {workers}\nroutes: [{{ respond: quick }}]")
    served: list[int] = []

    def keep_coming() -> None:
        while True:
            try:
                served.append(ask(weir.address, "/").status)
            except ConnectionRefusedError:
                return  # as it should be in the end
            except (Cut, OSError):
                continue  # was between the queue and its end

    clients = [threading.Thread(target=keep_coming, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    until(lambda: len(served) > 20 * CLIENTS, "requests to be served")
    weir.signal(signal.SIGTERM)
    weir.exits(0, DRAIN_SECONDS_MAX)
    for client in clients:
        client.join(DRAIN_SECONDS_MAX)
