"""A start that cannot succeed (port in use, file missing, invalid) ends with exit code 1 and says why in one line."""

import pathlib
import socket

from stand.stand import Stand
from stand.waiting import expect


def play(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listeners = f'listeners: ["127.0.0.1:0", "127.0.0.1:{port}"]'
        refused(stand, f"{listeners}\nroutes: [{{ respond: x }}]", str(port), "in use")
    refused(stand, "routes: [{ respond: x, redirect: /y }]", "respond", "redirect")
    refused(stand, 'listeners: ["203.0.113.1:80"]\nroutes: [{ respond: x }]', "203.0.113.1")

    missing = stand.idle_gateway()
    missing.launch()
    missing.exits(1)
    expect("weir.yaml" in missing.stderr(), f"the missing file is named: {missing.stderr()}")
    same_socket_is_not_stolen(stand)


def refused(stand: Stand, yaml: str, *words: str) -> None:
    weir = stand.idle_gateway()
    weir.write(yaml)
    weir.launch()
    weir.exits(1)
    for word in words:
        expect(word in weir.stderr(), f"the reason names {word!r}: {weir.stderr()}")


def same_socket_is_not_stolen(stand: Stand) -> None:
    """The second of two with one admin socket must not take it from the first."""
    first = stand.gateway("routes: [{ respond: first }]")
    second = stand.idle_gateway()
    second.write(f"admin: unix:{first.admin}\nroutes: [{{ respond: second }}]")
    second.launch()
    second.exits(1)
    expect(pathlib.Path(first.admin).exists(), "the socket of the first is still there")
    expect(first.ask_admin("/healthz").status == 200, "and it is still the first's")
