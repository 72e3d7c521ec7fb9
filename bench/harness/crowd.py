"""A crowd of connections over TLS, or of HTTP/2, that make one request each and then wait: what idling costs a server.

    crowd.py PORT COUNT tls|http2|http2-plain

Says "holding COUNT" when every request is answered; ended by SIGTERM it prints how many connections were still open.
Its frames of HTTP/2 are the few that a first request needs, with a head that uses no table.
"""

import contextlib
import json
import signal
import socket
import ssl
import struct
import sys

HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS, _HEADERS = 4, 1
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_GET, _HTTP, _HTTPS, _PATH, _AUTHORITY = 0x82, 0x86, 0x87, 0x04, 0x01  # of the static table, RFC 7541 appendix A


def main() -> int:
    port, count, front = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    crowd = [join(port, front) for _ in range(count)]
    print("holding", count, flush=True)
    signal.sigwait({signal.SIGTERM})
    print(json.dumps({"open": sum(map(is_open, crowd))}), flush=True)
    return 0


def join(port: int, front: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    if front != "http2-plain":
        connection = secured(connection, "h2" if front == "http2" else "http/1.1")
    if front == "tls":
        connection.sendall(b"GET /1k HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read_until(connection, lambda seen: b"\r\n\r\n" in seen and len(seen.split(b"\r\n\r\n", 1)[1]) >= 1024)
    else:
        connection.sendall(HTTP2_PREFACE + frame(_SETTINGS, 0, 0) + first_request(front))
        read_until(connection, ends_a_stream)
        connection.sendall(frame(_SETTINGS, _ACK, 0))
    return connection


def secured(connection: socket.socket, protocol: str) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(connection, server_hostname="localhost")


def first_request(front: str) -> bytes:
    scheme = _HTTP if front == "http2-plain" else _HTTPS
    head = bytes([_GET, scheme]) + text(_PATH, b"/1k") + text(_AUTHORITY, b"localhost")
    return frame(_HEADERS, _END_STREAM | _END_HEADERS, 1, head)


def text(name: int, value: bytes) -> bytes:
    """A field without indexing, its value as it is."""
    return bytes([name, len(value)]) + value


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + content


def ends_a_stream(seen: bytes) -> bool:
    while len(seen) >= 9:
        length, flags, stream = int.from_bytes(seen[:3]), seen[4], int.from_bytes(seen[5:9])
        if len(seen) < 9 + length:
            return False
        if stream == 1 and seen[3] in (0, _HEADERS) and flags & _END_STREAM:
            return True
        seen = seen[9 + length:]
    return False


def read_until(connection: socket.socket, done) -> None:
    seen = b""
    while not done(seen):
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit(f"closed after {len(seen)} bytes: {seen[:200]!r}")
        seen += piece


def is_open(connection: socket.socket) -> bool:
    """Frames and tickets that came meanwhile are read; an end is an end."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
        while True:
            try:
                if not connection.recv(65536):
                    return False
            except ConnectionError:
                return False
    return True


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # for sigwait, from the first moment on
    sys.exit(main())
