"""A reload opens new listeners, closes those that are gone and leaves the others alone, with their connections."""

from stand.message import Client, ask
from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import same, until


def play(stand: Stand) -> None:
    kept, gone, new = (f"127.0.0.1:{free_port()}" for _ in range(3))
    for workers in (1, 2):
        follow(stand, workers, kept, gone, new)
    share_a_port(stand)


def share_a_port(stand: Stand) -> None:
    """One address of a port may have a listener of its own, from the start as after a reload."""
    port = free_port()
    weir = stand.gateway(f"""
workers: 2
listeners: [{{ name: all, address: ":{port}" }}, {{ name: inside, address: "127.0.0.1:{port}" }}]
routes: [{{ listeners: [inside], respond: inside }}, {{ respond: outside }}]
""")
    for _ in range(8):
        same((ask(f"127.0.0.1:{port}", "/").text(), ask(f"127.0.0.2:{port}", "/").text()), ("inside", "outside"),
             "who answers at which address")
    weir.finish()


def follow(stand: Stand, workers: int, kept: str, gone: str, new: str) -> None:
    weir = stand.gateway(configuration(workers, "before", kept, gone))
    with Client(kept) as on_kept, Client(gone) as on_gone:
        same((on_kept.ask("/").text(), on_gone.ask("/").text()), ("before", "before"), "answers before")
        weir.write(configuration(workers, "after", kept, new))
        weir.reload()
        same(on_kept.ask("/").text(), "after", "the answer on a connection of the listener that stays")
        same(on_gone.ask("/").text(), "after", "the answer on a connection of the listener that is gone")
        same((ask(kept, "/").text(), ask(new, "/").text()), ("after", "after"), "answers on new connections")
        until(lambda: refuses(gone), "the listener that is gone to refuse")
    listeners = {each["address"] for each in weir.status()["listeners"] if each["name"] != "admin"}
    same(listeners, {kept, new}, "listeners in the status")

    taken = configuration(workers, "never", kept, gone).replace(gone, stand_in(stand))
    weir.write(taken)
    same(weir.ask_admin("/reload", "POST").status, 422, "status of a reload with a port that is taken")
    same((ask(kept, "/").text(), ask(new, "/").text()), ("after", "after"), "answers after the refused reload")
    weir.finish()  # cores share a port, and so would two gateways: the next one wants it for itself


def configuration(workers: int, body: str, first: str, second: str) -> str:
    return f"workers: {workers}\nlisteners: [\"{first}\", \"{second}\"]\nroutes: [{{ respond: {body} }}]"


def stand_in(stand: Stand) -> str:
    """The address of somebody else's listener."""
    return stand.origin(lambda peer, head: None).address


def refuses(address: str) -> bool:
    try:
        Client(address).close()
        return False
    except ConnectionRefusedError:
        return True
