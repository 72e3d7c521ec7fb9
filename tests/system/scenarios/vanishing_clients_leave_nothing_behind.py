"""Clients that vanish in the middle of a head, a download, an upload or a tunnel leave neither exchange nor descriptor.

Half of them reset the connection, half just close it; the origin never ends an answer, so every one is in the middle.
A close behind a whole request may be a half-close of somebody who still waits for the answer: that exchange lasts until
the origin's next byte or, here, the upstream's idle timeout.
"""

import socket

from stand.message import Client, Head, Peer
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

ROUNDS = 50
DESCRIPTORS_MORE_MAX = 8
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, 0 seconds


def play(stand: Stand) -> None:
    origin = stand.origin(endlessly)
    weir = stand.gateway(f"""
upstreams: {{ slow: {{ endpoints: [{origin.address}], timeouts: {{ idle: 1s }} }} }}
routes: [{{ upgrade: [any], proxy: slow }}]
""")
    descriptors = weir.descriptors()
    for number in range(ROUNDS):
        clients = [half_a_head(weir.address), download(weir.address), upload(weir.address), tunnel(weir.address)]
        for client in clients:
            if number % 2:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
    # The request for the metrics is itself in flight.
    until(lambda: weir.metric("weir_requests_in_flight") <= 1, "every exchange to end",
          story=lambda: f"{weir.metric('weir_requests_in_flight')} are in flight")
    until(lambda: weir.metric("weir_connections_open") <= 1, "every connection to end")
    same(weir.metric("weir_tunnels_open"), 0, "weir_tunnels_open")
    same(weir.metric("weir_upstream_connections_open"), 0, "connections to the origin, none of which ended its answer")
    until(lambda: weir.descriptors() <= descriptors + DESCRIPTORS_MORE_MAX, "descriptors to be closed",
          story=lambda: f"{descriptors} before, {weir.descriptors()} now")
    expect(weir.metric("weir_requests_total") >= 3 * ROUNDS, "the requests were made")


def endlessly(peer: Peer, head: Head) -> None:
    """Never ends an answer, nor reads a whole request."""
    if "upgrade" in head.fields:
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    elif head.method == "GET":
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nbegun" % MEBIBYTE)
    while peer.receive():
        pass
    raise ConnectionError


def half_a_head(address: str) -> Client:
    client = Client(address)
    client.send(b"GET / HTTP/1.1\r\nHost: weir.")
    return client


def download(address: str) -> Client:
    client = Client(address)
    client.request("/")
    client.read_head()
    return client


def upload(address: str) -> Client:
    client = Client(address)
    client.send(b"PUT / HTTP/1.1\r\nHost: weir.test\r\nContent-Length: 1000000\r\n\r\nbegun")
    return client


def tunnel(address: str) -> Client:
    client = Client(address)
    client.request("/", fields="Connection: Upgrade\r\nUpgrade: echo\r\n")
    client.read_head()
    return client
