"""dnsmasq tells where an upstream is: addresses that change, services with ports, and nothing at all for a while."""

import pathlib
import signal

from stand.origins import answer, free_port
from stand.processes import Child, tool
from stand.stand import Stand
from stand.waiting import expect, same, until

YAML = """
resolver: {{ servers: ["127.0.0.1:{port}"], hosts_file: off, timeout: 300ms }}
upstreams:
  moving: {{ endpoints: ["moving.test:{origin}"], resolve_every: 1s }}
  service: {{ endpoints: [{{ srv: _http._tcp.shop.test }}], resolve_every: 1s }}
routes:
  - {{ match: {{ path: /moving }}, proxy: moving }}
  - {{ match: {{ path: /service }}, proxy: service }}
"""


class NameServer:
    """dnsmasq with what a hosts file and its options say; nothing holds longer than asked."""

    def __init__(self, stand: Stand, port: int):
        self.stand, self.port = stand, port
        self.hosts = stand.directory / "names"
        self.child: Child | None = None

    def start(self, *services: str) -> None:
        options = ["--no-daemon", "--no-resolv", "--conf-file=/dev/null", "--no-hosts", f"--addn-hosts={self.hosts}",
                   f"--port={self.port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--local=/test/",
                   "--pid-file=", "--user=", *(f"--srv-host={service}" for service in services)]
        self.child = Child([tool("dnsmasq"), *options], pathlib.Path(self.stand.directory), "dnsmasq")
        self.stand.ending.callback(self.child.kill)
        until(lambda: "started" in self.child.stderr(), "dnsmasq to start", story=self.child.stderr)

    def stop(self) -> None:
        self.child.signal(signal.SIGTERM)
        self.child.exit_code(10)


def play(stand: Stand) -> None:
    # One port on every address: two machines, as far as anybody can tell.
    origin = stand.origin(lambda peer, head: answer(peer, peer.socket.getsockname()[0].encode()), "0.0.0.0")
    server = NameServer(stand, free_port())
    server.hosts.write_text("127.0.0.2 moving.test\n127.0.0.3 shop.test\n")
    server.start(f"_http._tcp.shop.test,shop.test,{origin.port}")
    weir = stand.gateway(YAML.format(port=server.port, origin=origin.port))
    same(weir.get("/moving").text(), "127.0.0.2", "where the name leads")
    same(weir.get("/service").text(), "127.0.0.3", "where the service leads")

    server.hosts.write_text("127.0.0.3 moving.test\n127.0.0.3 shop.test\n")
    server.child.signal(signal.SIGHUP)
    until(lambda: weir.get("/moving").text() == "127.0.0.3", "the upstream to move with its name")

    server.stop()
    for _ in range(20):
        same(weir.get("/moving").text(), "127.0.0.3", "the last good address, while no server answers")
    server.hosts.write_text("127.0.0.2 moving.test\n")
    server.start()
    until(lambda: weir.get("/moving").text() == "127.0.0.2", "the name server to be believed again")
    expect(weir.get("/service").status == 200, "a service that the name server has forgotten stays where it was")
