"""dnsmasq and two echo servers behind UDP listeners: dig is answered, each client keeps its server while it talks, over
a reload as well, also one that takes the listener away, and while a gateway of four cores drains; silence ends a
session, a maximum refuses, strangers that are not on the list are dropped."""

import re
import signal
import socket
import threading

from stand.gateway import Gateway
from stand.origins import free_port
from stand.processes import Child, run, tool
from stand.stand import Stand
from stand.waiting import expect, same, until

WEIR = """
workers: 2
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - {{ name: echo, address: "127.0.0.1:{echo}", protocol: udp, proxy: echo, timeouts: {{ idle: 1s }} }}
  - name: dns
    address: "127.0.0.1:{dns}"
    protocol: udp
    proxy: "udp://127.0.0.1:{dnsmasq}"
    timeouts: {{ idle: 1s }}
  - name: full
    address: "127.0.0.1:{full}"
    protocol: udp
    proxy: echo
    connections: 1
    timeouts: {{ idle: 1s }}
  - name: closed
    address: "127.0.0.1:{closed}"
    protocol: udp
    filters: [{{ access: {{ allow: [127.0.0.9] }} }}]
    proxy: echo
    timeouts: {{ idle: 1s }}
access_log: {{ to: {log} }}
upstreams: {{ echo: {{ endpoints: [{servers}], protocol: udp }} }}
routes: [{{ respond: 204 }}]
"""
FOUR_CORES = """
workers: 4
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - {{ address: "127.0.0.1:{port}", protocol: udp, proxy: "udp://{server}", timeouts: {{ idle: 1s }} }}
routes: [{{ respond: 204 }}]
"""


class Echo:
    """Says each datagram again, with its own name in front."""

    def __init__(self, name: str):
        self.name = name.encode()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        try:
            while True:
                datagram, sender = self.socket.recvfrom(65536)
                self.socket.sendto(self.name + b":" + datagram, sender)
        except OSError:
            pass


class Client:
    def __init__(self, port: int, own: str = "127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((own, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(5)

    def say(self, datagram: bytes) -> bytes:
        self.socket.send(datagram)
        return self.socket.recv(65536)

    def hears_nothing(self) -> bool:
        self.socket.send(b"?")
        self.socket.settimeout(0.3)
        try:
            self.socket.recv(65536)
        except TimeoutError:
            return True
        return False


def play(stand: Stand) -> None:
    servers = [Echo("one"), Echo("two")]
    for server in servers:
        stand.ending.callback(server.socket.close)
    ports = {name: free_port() for name in ("echo", "dns", "full", "closed", "dnsmasq")}
    name_server(stand, ports["dnsmasq"])
    log = stand.directory / "access.log"
    weir = stand.gateway(WEIR.format(log=log, servers=", ".join(f'"{each.address}"' for each in servers), **ports))
    answered_by_dig(stand, ports["dns"])
    clients_keep_their_server(weir, ports["echo"])
    same(len(Client(ports["echo"]).say(b"x" * 60_000)), 60_004, "a large datagram, there and back")
    first = Client(ports["full"])
    first.say(b"in")
    expect(Client(ports["full"]).hears_nothing(), "beyond the maximum nobody is answered")
    expect(Client(ports["closed"]).hears_nothing(), "who is not on the list is not answered")
    expect(Client(ports["closed"], "127.0.0.9").say(b"x").endswith(b":x"), "who is on the list is")
    what_is_told(weir, log)
    sessions_outlive_their_listener(weir, ports["closed"])
    sessions_outlive_those_of_other_cores(stand, servers[0])


def name_server(stand: Stand, port: int) -> None:
    child = Child([tool("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                   "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}", "--user=root",
                   "--pid-file=", "--address=/shop.test/192.0.2.7"], stand.directory, "dnsmasq")
    stand.ending.callback(child.kill)


def answered_by_dig(stand: Stand, port: int) -> None:
    def ask() -> str:
        done = run([tool("dig"), "@127.0.0.1", "-p", str(port), "+short", "+tries=1", "+time=1", "shop.test"],
                   stand.directory, 10)
        return done.stdout.decode()

    until(lambda: ask() == "192.0.2.7\n", "dnsmasq to answer dig through Weir")


def clients_keep_their_server(weir: Gateway, port: int) -> None:
    clients = [Client(port) for _ in range(8)]
    servers = [client.say(b"first").split(b":")[0] for client in clients]
    same(set(servers), {b"one", b"two"}, "both servers have clients: each core goes round robin")
    weir.reload()
    for number in range(3):
        for client, server in zip(clients, servers):
            same(client.say(b"%d" % number), b"%s:%d" % (server, number), "the same server, whatever was reloaded")


def what_is_told(weir: Gateway, log) -> None:
    until(lambda: len(re.findall('"listener":"echo"', log.read_text())) == 9, "nine silent clients to be over")
    until(lambda: '"listener":"full"' in log.read_text(), "the only one that had a place to be over")
    lines = [line for line in log.read_text().splitlines() if '"listener":"echo"' in line]
    expect(all('"protocol":"udp"' in line and '"complete":true' in line for line in lines), f"they end well: {lines}")
    expect(any('"bytes_in":60000' in line and '"bytes_out":60004' in line for line in lines), f"bytes: {lines}")
    same(log.read_text().count('"listener":"full"'), 1, "beyond the maximum nobody has a line")
    expect("listener full has as many as" in weir.stderr(), "but operators are told")
    same(log.read_text().count("access_denied"), 1, "who is not on the list has one")
    metrics = weir.metrics()
    expect(metrics["weir_udp_sessions_total"] >= 10, f"sessions are counted: {metrics}")
    same(metrics["weir_udp_datagrams_dropped_total"], 2, "those of who was refused")
    expect(metrics["weir_udp_datagrams_from_clients_total"] >= 20, "datagrams in")
    expect(metrics["weir_udp_datagrams_to_clients_total"] >= 20, "datagrams out")


def sessions_outlive_their_listener(weir: Gateway, port: int) -> None:
    client = Client(port, "127.0.0.9")
    server = client.say(b"first").split(b":")[0]
    before = weir.configuration.read_text()
    weir.configuration.write_text(before.replace(f'127.0.0.1:{port}"', f'127.0.0.1:{free_port()}"'))
    weir.reload()
    same(client.say(b"on"), server + b":on", "a session goes on when its listener has moved")
    expect(Client(port, "127.0.0.9").hears_nothing(), "but none begins there")
    client.say(b"still")
    weir.configuration.write_text(before)
    weir.reload()
    expect(Client(port, "127.0.0.9").say(b"new").endswith(b":new"), "the listener is back before the last was silent")


def sessions_outlive_those_of_other_cores(stand: Stand, server: Echo) -> None:
    port = free_port()
    weir = stand.gateway(FOUR_CORES.format(port=port, server=server.address))
    clients = [Client(port) for _ in range(16)]
    talkers = clients[:4]
    for client in clients:
        client.say(b"first")
    weir.signal(signal.SIGTERM)

    def only_talkers_are_left() -> bool:
        same([each.say(b"on") for each in talkers], [b"one:on"] * 4, "who goes on is answered")
        return weir.metric("weir_udp_sessions_open") == len(talkers)

    until(only_talkers_are_left, "the others' sessions to be over")
    for _ in range(100):
        same([each.say(b"on") for each in talkers], [b"one:on"] * 4, "on whatever core others have ended")
    weir.exits(0)
