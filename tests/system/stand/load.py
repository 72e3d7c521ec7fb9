"""Load that counts every failure: keep-alive clients of our own, and wrk.

wrk is fast and says only how many errors there were; the clients are slower, each request is compared with what it must
bring, and each failure is told with what the client saw.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from typing import NamedTuple

from .gateway import Gateway
from .message import Client, Cut
from .processes import Child, tool
from .waiting import Failure, until


class Failed(NamedTuple):
    """A request that failed; times are of the monotonic clock."""

    begun: float
    ended: float
    what: str


class Clients:
    """Threads, each with one keep-alive connection, that ask for `target` until stopped. Use with `with`."""

    def __init__(self, gateway: Gateway, count: int, target: str, body: bytes | None = None):
        self.gateway, self.target, self.body = gateway, target, body
        self.done = 0            # whole answers of status 200 with the right body
        self.connections = 0     # more than `count` when the gateway closed some
        self.turned_away = 0     # reused connections that were orderly closed before our request was answered
        self.refused = 0         # new connections that nobody took
        self.failures: list[Failed] = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(count)]

    def __enter__(self) -> Clients:
        for thread in self.threads:
            thread.start()
        self.wait_for(10 * len(self.threads))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Until that many more requests were answered."""
        wanted = self.done + more
        until(lambda: self.done >= wanted, f"{more} more answers under load", story=lambda: str(self.failures[-3:]))

    def fail(self, begun: float, what: str) -> None:
        with self.lock:
            self.failures.append(Failed(begun, time.monotonic(), what))

    def work(self) -> None:
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                client = Client(self.gateway.address)
            except ConnectionRefusedError:
                with self.lock:
                    self.refused += 1
                self.stopping.wait(0.01)
                continue
            except OSError as error:
                self.fail(begun, f"connect: {error}")
                continue
            with self.lock:
                self.connections += 1
            with client:
                self.converse(client)

    def converse(self, client: Client) -> None:
        """Requests on one connection, until it ends or we shall stop."""
        answered = 0
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                response = client.ask(self.target)
            except Cut as cut:
                if cut.begun or answered == 0:
                    self.fail(begun, f"answer {answered + 1} of a connection: {cut}")
                else:
                    with self.lock:
                        self.turned_away += 1
                return
            except OSError as error:
                self.fail(begun, f"answer {answered + 1} of a connection: {type(error).__name__} {error}")
                return
            answered += 1
            if response.status != 200 or (self.body is not None and response.body != self.body):
                self.fail(begun, f"{response.head.line}: {response.body[:200]!r}")
            else:
                with self.lock:
                    self.done += 1
            if response.head.says_close():
                return


class Wrk:
    """wrk in the background; stop() ends it early and gives its verdict."""

    def __init__(self, gateway: Gateway, connections: int, target: str, seconds: int = 120):
        command = [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", f"http://{gateway.address}{target}"]
        self.child = Child(command, gateway.directory, "wrk")

    def stop(self) -> int:
        """\\returns the number of requests, all of them answered with 2xx or 3xx and without a socket error"""
        if self.child.running:
            self.child.signal(signal.SIGINT)
        self.child.exit_code()
        said = self.child.stdout()
        requests = re.search(r"(\d+) requests in", said)
        if not requests or "Socket errors" in said or "Non-2xx" in said:
            raise Failure(f"wrk saw failures:\n{said}{self.child.stderr()}")
        return int(requests.group(1))

