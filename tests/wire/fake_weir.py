#!/usr/bin/env python3
"""A stand-in for weir, just good enough to try the runner on: see run_test.py.

It proxies every request to the one address its configuration names, keeps connections, writes heads
anew, answers 400 to Content-Length beside Transfer-Encoding, and knows `ready`, /status and TERM.
FAKE_WEIR_FAULT plants a fault for the runner to notice.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sys
import threading

FAULT = os.environ.get("FAKE_WEIR_FAULT", "")


def main() -> None:
    text = open(sys.argv[sys.argv.index("-c") + 1], encoding="utf-8").read()
    upstream = re.search(r"proxy: http://([\d.]+):(\d+)", text)
    web = socket.create_server(("127.0.0.1", 0))
    admin = socket.socket(socket.AF_UNIX)
    admin.bind(re.search(r"admin: unix:(\S+)", text).group(1))
    admin.listen()
    status = {"listeners": [{"name": "web", "address": "127.0.0.1:%d" % web.getsockname()[1]}]}
    signal.signal(signal.SIGTERM, lambda *_: leave())
    threading.Thread(target=serve, args=(admin, lambda peer: answer_admin(peer, status)), daemon=True).start()
    threading.Thread(target=serve, args=(web, lambda peer: proxy(peer, upstream.groups())), daemon=True).start()
    print("ready", file=sys.stderr, flush=True)
    while True:
        signal.pause()


def leave() -> None:
    if FAULT == "sanitizer":
        print("ERROR: AddressSanitizer: heap-use-after-free", file=sys.stderr, flush=True)
    os._exit(3 if FAULT == "exit" else 0)


def serve(listener: socket.socket, handle) -> None:
    while True:
        threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()


def answer_admin(peer: socket.socket, status: dict) -> None:
    peer.recv(4096)
    body = json.dumps(status).encode()
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    peer.close()


def proxy(peer: socket.socket, address: tuple[str, str]) -> None:
    origin = http.client.HTTPConnection(address[0], int(address[1]))
    source = peer.makefile("rb")
    while line := source.readline():
        fields = []
        while (field := source.readline().rstrip(b"\r\n")):
            name, _, value = field.partition(b":")
            fields.append((name.decode().lower(), value.strip().decode("latin-1")))
        names = dict(fields)
        if "content-length" in names and "transfer-encoding" in names:
            log(400, "conflicting_length")
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            break
        method, target, _ = line.decode().split()
        body = source.read(int(names.get("content-length", 0)))
        origin.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            if name not in ("connection", "keep-alive"):
                origin.putheader(name, value)
        origin.endheaders(body)
        answer = origin.getresponse()
        if FAULT == "stray":
            socket.create_connection((address[0], int(address[1])))
        data = answer.read()
        gap = "  " if FAULT == "spaces" else " "
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "connection"]
        kept = "".join(f"{name}:{gap}{value}\r\n" for name, value in headers)
        peer.sendall(f"HTTP/1.1 {answer.status} {answer.reason}\r\n{kept}\r\n".encode() + data)
        log(answer.status, "")
    peer.shutdown(socket.SHUT_WR)
    peer.recv(1 << 16)
    peer.close()


def log(status: int, reason: str) -> None:
    print(json.dumps({"status": status, "reason": reason}), flush=True)


main()
