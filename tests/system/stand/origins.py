"""Origins: real nginx, and one in this process whose every answer a scenario decides."""

from __future__ import annotations

import pathlib
import random
import socket
import threading

from .message import Cut, Handler, Head, Peer
from .processes import Child, tool
from .waiting import Failure, until

NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  types {{ text/html html; }}
  default_type application/octet-stream;
  sendfile on;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_temp_path {directory}/nginx.body;
  proxy_temp_path {directory}/nginx.proxy;
  fastcgi_temp_path {directory}/nginx.fastcgi;
  uwsgi_temp_path {directory}/nginx.uwsgi;
  scgi_temp_path {directory}/nginx.scgi;
  server {{
    listen {address} backlog=8192{options};
    root {root};
    {locations}
  }}
}}
"""


def free_port() -> int:
    """A port nobody listens on, outside the range that outgoing connections are given theirs from."""
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Failure("found no free port between 20000 and 32000")


class Nginx:
    """nginx as one process: what is killed is all of it. The same address can be started again."""

    def __init__(self, directory: pathlib.Path, locations: str = "", options: str = ""):
        self.directory = directory
        self.options = options and f" {options}"
        self.root = directory / "files"
        self.root.mkdir(parents=True)
        self.locations = locations
        self.address = ""
        self.child: Child | None = None
        self.start()

    def start(self) -> None:
        for _ in range(5):  # somebody may take the port between our looking and nginx' binding
            self.address = self.address or f"127.0.0.1:{free_port()}"
            if self.try_start():
                return
            self.address = ""
        raise Failure(f"nginx did not start:\n{self.child.stderr()}")

    def try_start(self) -> bool:
        configuration = self.directory / "nginx.conf"
        configuration.write_text(NGINX.format(directory=self.directory, address=self.address, root=self.root,
                                              locations=self.locations, options=self.options))
        self.child = Child([tool("nginx"), "-p", str(self.directory), "-c", str(configuration)], self.directory,
                           "nginx")
        until(lambda: not self.child.running or self.answers(), "nginx to listen", story=self.child.stderr)
        return self.child.running

    def answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()

    close = kill


class Server:
    """A server in this process: one thread per connection, on which converse() says what happens."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.listener = socket.create_server((host, 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.accepted = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open.add(connected)
                self.accepted += 1
            threading.Thread(target=self.serve, args=(connected,), daemon=True).start()

    def serve(self, connected: socket.socket) -> None:
        peer = Peer(connected, seconds=600)
        try:
            self.converse(peer)
        except (Cut, OSError):
            pass  # the gateway is done with this connection, or the scenario with this server
        finally:
            with self.lock:
                self.open.discard(connected)
            connected.close()

    def converse(self, peer: Peer) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.listener.close()
        with self.lock:
            for connected in self.open:
                try:
                    connected.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Origin(Server):
    """`handler` answers each request."""

    def __init__(self, handler: Handler, host: str = "127.0.0.1"):
        self.handler = handler
        super().__init__(host)

    def converse(self, peer: Peer) -> None:
        while True:
            head = peer.read_head()
            self.handler(peer, head)
            if head.says_close():
                return


def answer(peer: Peer, body: bytes = b"", status: str = "200 OK", fields: str = "") -> None:
    peer.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body)


def echo_path(peer: Peer, head: Head) -> None:
    """A handler: answers each request with its own target."""
    for _ in peer.body(head):
        pass
    answer(peer, head.target.encode())
