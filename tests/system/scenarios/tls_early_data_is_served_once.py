"""0-RTT with openssl s_client, over HTTP/1 and HTTP/2: a GET is served and marked, a POST gets 425, a replay reaches
nobody."""

import contextlib
import pathlib
import socket
import subprocess
import threading

from stand.authority import Authority
from stand.gateway import Gateway
from stand.message import Head, Peer
from stand.origins import answer
from stand.processes import tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, expect, same

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls:
      certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}]
      early_data: {early}
timeouts: {{ client_head: 2s }}
routes:
  - proxy: 'http://{origin}'
"""
LOCATIONS = """
    location / { return 200 "early=[$http_early_data] $request_method $uri\n"; }
    location /not_now { return 425 "not yet, says the origin\n"; }
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    nginx = stand.nginx(LOCATIONS)
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, origin=nginx.address, early="true"))
    client = Client(authority, weir)
    said = client.ask("GET /late")
    expect("early=[] GET /late" in said, f"behind the handshake nothing is marked: {said}")
    expect("early=[1] GET /late" in client.ask("GET /late", "Early-Data: 1"), "what the client says of it stays")

    said = client.ask_early("GET /soon")
    expect("Early data was accepted" in said, f"s_client sends early data: {said}")
    expect("early=[1] GET /soon" in said, f"the upstream is told: {said}")
    expect("early=[1] GET /soon" in client.ask_early("GET /soon", "Early-Data: 0"), "and by Weir, whatever is claimed")
    said = client.ask_early("POST /soon", "Content-Length: 0")
    expect("HTTP/1.1 425 " in said and "too_early" in said, f"what may do something has to come later: {said}")
    expect("early=" not in said, f"and reaches nobody: {said}")
    said = client.ask_early("GET /not_now")
    expect("HTTP/1.1 425 " in said and "says the origin" in said, f"an upstream's 425 passes: {said}")
    over_http2(client)
    replay(stand, authority)
    off = stand.gateway(CONFIGURATION.format(folder=authority.directory, origin=nginx.address, early="false"))
    said = Client(authority, off).ask_early("GET /soon")
    expect("Early data was not sent" in said or "Early data was rejected" in said, f"it is off by default: {said}")


class Client:
    """openssl s_client, with the session of its last connection."""

    def __init__(self, authority: Authority, weir: Gateway):
        self.authority, self.address = authority, weir.address
        self.session = authority.directory / f"session-{weir.directory.name}"

    def ask(self, line: str, field: str = "X-None: 1", *arguments: str, early: pathlib.Path | None = None) -> str:
        request = f"{line} HTTP/1.1\r\nHost: shop.test\r\n{field}\r\nConnection: close\r\n\r\n".encode()
        return self.say(request, *arguments, early=early)

    def say(self, request: bytes, *arguments: str, early: pathlib.Path | None = None) -> str:
        """\returns what the server and openssl say; they are over when the server ends it"""
        if early is not None:
            early.write_bytes(request)
            request = b""
        done = subprocess.run(
            [tool("openssl"), "s_client", "-connect", self.address, "-servername", "shop.test", "-CAfile",
             str(self.authority.pem), "-ign_eof", "-sess_out", str(self.session), *arguments], input=request,
            capture_output=True, timeout=STEP_SECONDS, check=False)
        return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")

    def ask_early(self, line: str, field: str = "X-None: 1") -> str:
        """With a fresh ticket, as the first thing that is said."""
        self.ask("GET /ticket")
        early = self.authority.directory / "early"
        return self.ask(line, field, "-sess_in", str(self.session), "-early_data", str(early), early=early)


def over_http2(client: Client) -> None:
    def ask_early(method: str, path: str) -> str:
        client.say(http2_request("GET", "/ticket"), "-alpn", "h2")
        early = client.authority.directory / "early"
        return client.say(http2_request(method, path), "-alpn", "h2", "-sess_in", str(client.session), "-early_data",
                          str(early), early=early)

    said = ask_early("GET", "/soon")
    expect("ALPN protocol: h2" in said and "Early data was accepted" in said, f"over HTTP/2: {said}")
    expect("early=[1] GET /soon" in said, f"a stream of early data is marked: {said}")
    said = ask_early("POST", "/soon")
    expect("too_early" in said and "early=" not in said, f"a POST has to come later: {said}")


def http2_request(method: str, path: str) -> bytes:
    """All that a client of one request says (RFC 9113, RFC 7541): its preface, the request, and that it is leaving."""
    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def field(name: str, value: str) -> bytes:  # literal, never indexed, no Huffman code
        return b"\x10" + b"".join(bytes([len(each)]) + each.encode() for each in (name, value))

    fields = {":method": method, ":scheme": "https", ":authority": "shop.test", ":path": path}
    head = b"".join(field(*each) for each in fields.items())
    settings, headers, goaway = frame(4, 0, 0, b""), frame(1, 0x5, 1, head), frame(7, 0, 0, bytes(8))
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + headers + goaway


def replay(stand: Stand, authority: Authority) -> None:
    """Somebody on the way records a first flight and sends it again."""
    asked = []

    def count(peer: Peer, head: Head) -> None:
        asked.append(head.target)
        answer(peer, b"served")

    origin = stand.origin(count)
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, origin=origin.address, early="true"))
    wire = Recorder(weir.address)
    client = Client(authority, weir)
    client.ask("GET /ticket")
    client.address = wire.address
    early = authority.directory / "early"
    said = client.ask("GET /paid", "X-None: 1", "-sess_in", str(client.session), "-early_data", str(early), early=early)
    wire.close()
    expect("Early data was accepted" in said and "served" in said, f"through the recorder: {said}")
    expect(len(wire.flight) > 500, f"its first flight was recorded ({len(wire.flight)} bytes)")
    for _ in range(3):
        host, _, port = weir.address.rpartition(":")
        with socket.create_connection((host, int(port)), STEP_SECONDS) as again:
            again.sendall(wire.flight)
            expect(again.recv(65536) != b"", "the hello is answered")
    same(asked.count("/paid"), 1, f"requests that reached the origin: {asked}")


class Recorder:
    """Passes one connection on, and keeps what the client said before it was answered."""

    def __init__(self, to: str):
        host, _, port = to.rpartition(":")
        self.to = (host, int(port))
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.flight = b""
        self.answered = False
        self.thread = threading.Thread(target=self.pass_on, daemon=True)
        self.thread.start()

    def pass_on(self) -> None:
        client, _ = self.listening.accept()
        with client, socket.create_connection(self.to) as server:
            back = threading.Thread(target=self.pass_back, args=(server, client), daemon=True)
            back.start()
            with contextlib.suppress(OSError):  # whoever ends first
                while piece := client.recv(65536):
                    if not self.answered:
                        self.flight += piece
                    server.sendall(piece)
                server.shutdown(socket.SHUT_WR)
            back.join()

    def pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(65536):
                self.answered = True
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.thread.join(STEP_SECONDS)
        self.listening.close()
