"""A start reads each file of certificates once, though it hashes what was read for the history: ten thousand of them
take seconds."""

import ctypes
import os
import pathlib
import struct

from stand.authority import Authority
from stand.stand import Stand
from stand.waiting import Failure, same

CONFIGURATION = """
listeners:
  - {{ name: web, address: "127.0.0.1:0", tls: {{ certificates: [{{ certificate: {shop}.pem, key: {shop}.key }}] }} }}
routes:
  - respond: here
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    certificate, key = authority.issue("shop", "DNS:shop.test")
    opened = Opened([certificate, key])
    stand.gateway(CONFIGURATION.format(shop=certificate.with_suffix("")))
    same(opened.times(), {"shop.pem": 1, "shop.key": 1}, "how often each was opened")


class Opened:
    """How often files are opened, as the kernel tells it (inotify)."""

    IN_OPEN = 0x20
    EVENT = struct.Struct("iIII")

    def __init__(self, files: list[pathlib.Path]):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
        self.names = {libc.inotify_add_watch(self.descriptor, os.fsencode(file), self.IN_OPEN): file.name
                      for file in files}
        if min(self.names) < 0:
            raise Failure(f"files cannot be watched: {os.strerror(ctypes.get_errno())}")

    def times(self) -> dict[str, int]:
        told = os.read(self.descriptor, 1 << 16)
        os.close(self.descriptor)
        opened = [self.names[number] for number, *_ in self.EVENT.iter_unpack(told)]
        return {name: opened.count(name) for name in self.names.values()}
