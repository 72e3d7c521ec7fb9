"""A fleet of real gateways behind one limit, clients that ask all of them, and what was let through when.

Idea: what is judged is counted by the clients, not by the gateways: a moment for each request that was answered with
200. A gateway that is killed, stopped or cut off can hide nothing.

What is stated holds for machines that run. One that is so busy that a thread which wants to wake up has to wait lets
more through for that long: such pauses are measured, allowed for beyond PAUSE_ALLOWED_SECONDS, and told. A mean is
measured anew when the machine stood still for a part of its time that matters.
"""

from __future__ import annotations

import json
import math
import threading
import time
from typing import TYPE_CHECKING

from .gateway import Gateway
from .message import Client, Cut
from .origins import free_port
from .waiting import Failure, expect, until

if TYPE_CHECKING:
    from .stand import Stand

CLIENTS_PER_GATEWAY = 3
PAUSE_ALLOWED_SECONDS = 0.02
CALM_SHARE = 0.02  # of a time: one that stood still for more of it says nothing of a mean
CALM_ATTEMPTS = 4
LOAD = 10  # limits at most, which is what the stated bound supposes
PAUSE_SECONDS = 0.004
SAID = ("whole", "kept", "share")

CONFIGURATION = """
listeners: [{{ name: web, address: "unix:{socket}" }}]
fleet:
  name: edge
  self: node-{number}
  members:
{members}
  keys: [0123456789abcdef0123456789abcdef]
  keep: {keep}
  budget: {budget}
defaults:
  filters: [{{ limit: {{ name: api, rate: {limit}/s, key: all, scope: fleet }} }}]
routes: [{{ respond: "{answer}" }}]
"""


class Fleet:
    """Gateways node-0, node-1, ... with a limit for all of them. Listeners are unix sockets: they reach into network
    namespaces, too.

    \\param hosts     an address for each
    \\param prefixes  commands that each is started by; none by default
    """

    def __init__(self, stand: Stand, limit: int, keep: str = "1s", hosts: list[str] | None = None,
                 prefixes: list[list[str]] | None = None, budget: str = "10ms"):
        hosts = hosts or ["127.0.0.1"] * 4
        members = [f"{host}:{free_port()}" for host in hosts]
        self.limit = limit
        self.gateways = [stand.idle_gateway() for _ in hosts]
        self.prefixes = prefixes or [[] for _ in hosts]
        self.keep, self.budget = keep, budget
        self.listed = "\n".join(f"    - {{ name: node-{at}, address: {at_address} }}"
                                for at, at_address in enumerate(members))
        for number in range(len(hosts)):
            self.write(number, "in")
            self.launch(number)
        until(lambda: all(self.says(number)["whole"] == 3 for number in range(len(hosts))), "a fleet that has met",
              story=lambda: [self.says(number) for number in range(len(hosts))])

    def write(self, number: int, answer: str) -> None:
        """The configuration of one; what is answered may differ, the limit never does."""
        gateway = self.gateways[number]
        gateway.write(CONFIGURATION.format(number=number, members=self.listed, keep=self.keep, budget=self.budget,
                                           limit=self.limit, answer=answer, socket=gateway.directory / "web.sock"))

    def launch(self, number: int) -> None:
        gateway = self.gateways[number]
        gateway.launch(self.prefixes[number])
        until(lambda: "ready" in gateway.stderr(), f"node-{number} to say `ready`", story=gateway.stderr)
        gateway.address = str(gateway.directory / "web.sock")

    def page(self, number: int) -> dict:
        return json.loads(self.gateways[number].ask_admin("/limits").body)

    def says(self, number: int) -> dict:
        """What a gateway says of the exchange."""
        return self.page(number)["fleet"]

    def holds(self, number: int, which: str) -> bool:
        """Whether all the keys of a gateway are held in one way, and its metrics say so."""
        said = self.says(number)
        if said[which] != 3:
            return False
        metrics = self.gateways[number].metrics()
        return all(metrics[f'weir_fleet_slots{{holds="{each}"}}'] == (3 if each == which else 0) for each in SAID)

    def bound(self, name: str = "bound") -> dict:
        """What `weir limits` states for the rule."""
        return self.page(0)["rules"][0][name]

    def printed(self, number: int) -> str:
        gateway = self.gateways[number]
        done = gateway.command("limits", "--admin", f"unix:{gateway.admin}")
        expect(done.returncode == 0, f"weir limits: {done.stderr}")
        return done.stdout

    def busiest(self) -> int:
        """The member that keeps most accounts for the others."""
        alive = [number for number, gateway in enumerate(self.gateways) if gateway.child.running]
        return max(alive, key=lambda number: self.says(number)["aggregates"])


class Crowd:
    """Clients of every gateway, which ask again soon after each answer. Use with `with`."""

    def __init__(self, fleet: Fleet):
        gateways = fleet.gateways
        self.limit = fleet.limit
        self.pause_seconds = CLIENTS_PER_GATEWAY * len(gateways) / (LOAD * fleet.limit)
        self.admitted: list[float] = []  # moments
        self.asked = 0
        self.strange: list[str] = []
        self.pauses: list[tuple[float, float]] = []  # when one ended, and by how much it was longer than is allowed
        self.begun = time.monotonic()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.watch_the_machine, daemon=True)]
        self.threads += [threading.Thread(target=self.work, args=(gateway,), daemon=True)
                        for gateway in gateways for _ in range(CLIENTS_PER_GATEWAY)]

    def __enter__(self) -> Crowd:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def work(self, gateway: Gateway) -> None:
        while not self.over.is_set():
            try:
                with Client(gateway.address) as client:
                    self.converse(client)
            except (OSError, Cut):
                self.over.wait(0.02)  # killed; it may come back

    def converse(self, client: Client) -> None:
        while not self.over.is_set():
            status = client.ask("/").status
            self.asked += 1
            self.over.wait(self.pause_seconds)
            if status == 200:
                self.admitted.append(time.monotonic())
            elif status != 429:
                self.strange.append(f"status {status}")

    def watch_the_machine(self) -> None:
        begun = time.monotonic()
        while not self.over.wait(PAUSE_SECONDS):
            now = time.monotonic()
            too_long = now - begun - PAUSE_SECONDS - PAUSE_ALLOWED_SECONDS
            if too_long > 0:
                self.pauses.append((now, too_long))
            begun = now

    def for_seconds(self, seconds: float) -> tuple[float, float]:
        """Lets it go on for so long. \\returns from when to when"""
        begun = time.monotonic()
        until(lambda: time.monotonic() >= begun + seconds, "time to pass", seconds=seconds + 5)
        return begun, time.monotonic()

    def calm_seconds(self, seconds: float) -> tuple[float, float]:
        """As for_seconds, of a machine that runs all the time; the last of CALM_ATTEMPTS when it never does."""
        for _ in range(CALM_ATTEMPTS):
            begun, ended = self.for_seconds(seconds)
            if self.paused(seconds, begun, ended) <= CALM_SHARE * seconds:
                break
        return begun, ended

    def paused(self, window: float, begun: float, ended: float) -> float:
        """For how long the machine stood still in the worst of all times of that length, in seconds."""
        pauses = [(moment, length) for moment, length in list(self.pauses) if begun <= moment < ended]
        return max((sum(length for moment, length in pauses if first <= moment < first + window)
                    for first, _ in pauses), default=0.0)

    def expect_rate(self, times: tuple[float, float], share: float, when: str) -> str:
        """Fails where the mean is further from the limit than that share of it. \\returns the mean in words"""
        limit, rate = self.limit, self.rate(times)
        seconds = times[1] - times[0]
        paused = self.paused(seconds, *times)
        figures = f"{rate:.1f}/s of {limit} {when}"
        said = figures + (f", while the machine stood still for {paused:.2f} s of {seconds:.1f}" if paused else "")
        expect(abs(rate - limit) <= (share + paused / seconds) * limit, said)
        return figures

    def rate(self, times: tuple[float, float]) -> float:
        begun, ended = times
        return sum(1 for moment in list(self.admitted) if begun <= moment < ended) / (ended - begun)

    def worst(self, window: float, begun: float, ended: float) -> int:
        """The most that any time of that length let through."""
        moments = sorted(moment for moment in list(self.admitted) if begun <= moment < ended)
        first = most = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def kept_within(self, bound: dict, what: str, begun: float = 0, ended: float = math.inf) -> str:
        """Fails where more was let through than is stated. \\returns the figures"""
        second, ten = self.worst(1, begun, ended), self.worst(10, begun, ended)
        asked_a_second = self.asked / (time.monotonic() - self.begun)
        more_second, more_ten = (round(self.paused(window, begun, ended) * asked_a_second) for window in (1, 10))
        figures = f"{what}: worst second {second} of {bound['worst_second']}, ten {ten} of {bound['worst_ten_seconds']}"
        if more_ten:
            figures += f" (and {more_second}, {more_ten} for pauses of the machine)"
        if self.strange:
            raise Failure(f"{what}: {self.strange[:3]}")
        expect(second <= bound["worst_second"] + more_second and ten <= bound["worst_ten_seconds"] + more_ten, figures)
        return figures
