"""With `workers: 2` both cores accept and serve, before and after a reload, and one drain ends both."""

from stand.message import Client
from stand.stand import Stand
from stand.waiting import expect, same, until

CONNECTIONS = 64  # the kernel spreads them by a hash: that one core gets none has a chance of 1 in 2^63


def play(stand: Stand) -> None:
    weir = stand.gateway("workers: 2\nroutes: [{ respond: one }]")
    same(weir.status()["workers"], 2, "workers in the status")
    with_connections(weir, "one")
    first = served(weir)
    weir.write("workers: 2\nroutes: [{ respond: two }]")
    weir.reload()
    with_connections(weir, "two")
    second = served(weir)
    expect(min(first) > 0 and min(b - a for a, b in zip(first, second)) > 0, f"requests by core: {first}, {second}")
    stand.note(f"requests by core: {second[0]:.0f} and {second[1]:.0f}")


def with_connections(weir, body: str) -> None:
    clients = [Client(weir.address) for _ in range(CONNECTIONS)]
    for client in clients:
        same(client.ask("/").text(), body, "an answer")
    for client in clients:
        client.close()


def served(weir) -> list[float]:
    # The admin's requests are served by the first core; they are few and only make its figure larger.
    metrics = until(weir.metrics, "metrics")
    return [metrics[f'weir_core_requests_total{{core="{core}"}}'] for core in (0, 1)]
