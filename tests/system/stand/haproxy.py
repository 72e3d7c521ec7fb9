"""HAProxy, with the configuration that a scenario writes."""

from __future__ import annotations

import socket

from .processes import Child, tool
from .stand import Stand
from .waiting import until


def haproxy(stand: Stand, one: str, configuration: str, **addresses: str) -> None:
    """Starts it and waits until it listens at `one` of the addresses."""
    directory = stand.directory / f"haproxy-{one}"
    directory.mkdir()
    path = directory / "haproxy.conf"
    path.write_text(configuration.format(**addresses))
    child = Child([tool("haproxy"), "-f", str(path)], directory, "haproxy")
    stand.ending.callback(child.kill)
    host, _, port = addresses[one].rpartition(":")
    until(lambda: not child.running or listens(host, int(port)), "haproxy to listen", story=child.stderr)


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
