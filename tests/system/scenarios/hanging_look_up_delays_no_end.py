"""A look-up of a name that hangs holds up neither an end after a drain nor a forced one.

The gateway has a name server of its own, in a mount namespace, that takes questions and never answers. Who may not
mount has no such name server, and then nothing is shown here.
"""

import random
import signal
import socket
import time

from stand.gateway import Gateway
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import expect, until

MOUNT = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
YAML = "resolver: system\ntimeouts: { drain: 10m }\nroutes: [{ proxy: 'http://nobody-answers.test' }]"
END_SECONDS = 8  # at most; the look-up takes five minutes


def play(stand: Stand) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        address = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        configuration = stand.directory / "resolv.conf"
        configuration.write_text(f"nameserver {address}\noptions timeout:30 attempts:5\n")
        prefix = [tool("unshare"), "--mount", "sh", "-c", MOUNT, str(configuration)]
        if run([*prefix, "true"], stand.directory).returncode != 0:
            return stand.note("not shown, for want of the right to mount")
        server.bind((address, 53))
        for signals, code in (([signal.SIGTERM], 0), ([signal.SIGTERM, signal.SIGTERM], 2)):
            weir = stand.gateway(YAML, prefix)
            took = ended_by(weir, signals, code)
            stand.note(f"ended in {took:.1f} s by {len(signals)}")


def ended_by(weir: Gateway, signals: list[signal.Signals], code: int) -> float:
    with weir.client() as client:
        if len(signals) > 1:  # a drain would wait for who waits for the name
            client.request("/")
            until(lambda: weir.metric("weir_requests_in_flight") >= 1, "the request to wait for the name")
        began = time.monotonic()
        weir.signal(signals[0])
        until(lambda: "draining" in weir.stderr(), "the drain")
        for number in signals[1:]:
            weir.signal(number)
        weir.exits(code, seconds=END_SECONDS)
    expect("left behind" in weir.stderr(), f"it says what it did: {weir.stderr()}")
    return time.monotonic() - began
