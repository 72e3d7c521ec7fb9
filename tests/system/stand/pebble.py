"""Debian's pebble: a certificate authority that speaks ACME and is unkind on purpose (it refuses good nonces, looks
late, looks again), with a name server that leads every name to loopback. It can be stopped and started again."""

from __future__ import annotations

import json
import pathlib
import socket
import ssl
import urllib.request

from .authority import Authority
from .origins import free_port
from .processes import Child, tool
from .waiting import Failure, until


class Pebble:
    def __init__(self, directory: pathlib.Path, http_port: int, tls_port: int, nonces_refused: int = 30,
                 external_account: tuple[str, str] | None = None):
        self.directory = directory
        self.authority = Authority(directory)  # of its own server; what it issues leads to another root, made anew
        certificate, key = self.authority.issue("pebble", "DNS:localhost,IP:127.0.0.1")
        self.port, self.management = free_port(), free_port()
        self.names, self.names_management = free_port(), free_port()
        self.directory_url = f"https://127.0.0.1:{self.port}/dir"
        self.pem = self.authority.pem
        self.root = directory / "root.pem"
        self.nonces_refused = nonces_refused
        settings = {"listenAddress": f"127.0.0.1:{self.port}",
                    "managementListenAddress": f"127.0.0.1:{self.management}",
                    "certificate": str(certificate), "privateKey": str(key), "httpPort": http_port,
                    "tlsPort": tls_port,
                    "ocspResponderURL": "", "externalAccountBindingRequired": external_account is not None}
        if external_account:
            settings["externalAccountMACKeys"] = dict([external_account])
        (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self.name_server = Child([tool("pebble-challtestsrv"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
                                  "-dns01", f"127.0.0.1:{self.names}", "-http01", "", "-https01", "", "-tlsalpn01", "",
                                  "-management", f"127.0.0.1:{self.names_management}"], directory, "names")
        self.child: Child | None = None

    def start(self) -> None:
        environment = {"PEBBLE_WFE_NONCEREJECT": str(self.nonces_refused), "PEBBLE_VA_SLEEPTIME": "1",
                       "PEBBLE_AUTHZREUSE": "0"}
        self.child = Child([tool("pebble"), "-config", str(self.directory / "pebble.json"), "-dnsserver",
                            f"127.0.0.1:{self.names}"], self.directory, "pebble", environment)
        until(lambda: not self.child.running or self.answers(), "pebble to listen", story=self.child.stderr)
        if not self.child.running:
            raise Failure(f"pebble did not start:\n{self.child.stderr()}{self.child.stdout()}")
        self.root.write_bytes(self.ask("/roots/0"))

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.management)) == 0

    def ask(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.pem))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        with opener.open(f"https://127.0.0.1:{self.management}{path}", timeout=10) as answer:
            return answer.read()

    def lead_elsewhere(self, name: str) -> None:
        """To an address at which nobody is: its proof will not be found."""
        told = json.dumps({"host": name, "addresses": ["127.9.9.9"]}).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"http://127.0.0.1:{self.names_management}/add-a", told, timeout=10).close()

    def said(self) -> str:
        return self.child.stdout() + self.child.stderr()

    def stop(self) -> None:
        self.child.kill()

    def close(self) -> None:
        if self.child:
            self.child.kill()
        self.name_server.kill()
