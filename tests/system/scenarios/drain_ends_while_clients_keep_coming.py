"""TERM while clients open one connection after the other: each is answered or refused, none is reset; exit code 0."""

import signal
import threading

from stand.message import Cut, ask
from stand.stand import Stand
from stand.waiting import same, until

CLIENTS = 16
ROUNDS = 3  # the moment in which a connection could fall between the last accept and the close is short
DRAIN_SECONDS_MAX = 5.0


def play(stand: Stand) -> None:
    served = sum(with_workers(stand, workers) for workers in (1, 2) for _ in range(ROUNDS))
    stand.note(f"{served} connections while {2 * ROUNDS} drains began")


def with_workers(stand: Stand, workers: int) -> int:
    weir = stand.gateway(f"workers: {workers}\nroutes: [{{ respond: quick }}]")
    served: list[int] = []
    cut: list[str] = []

    def keep_coming() -> None:
        while True:
            try:
                served.append(ask(weir.address, "/").status)
            except ConnectionRefusedError:
                return  # as it should be in the end
            except (Cut, OSError) as problem:
                cut.append(f"{type(problem).__name__}: {problem}")

    clients = [threading.Thread(target=keep_coming, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    until(lambda: len(served) > 20 * CLIENTS, "requests to be served")
    weir.signal(signal.SIGTERM)
    weir.exits(0, DRAIN_SECONDS_MAX)
    for client in clients:
        client.join(DRAIN_SECONDS_MAX)
    same(cut[:3], [], f"connections that were accepted and not answered ({len(cut)})")
    return len(served)
