"""Two network namespaces with a wire between them that can be cut; only root may make them.

They live as long as a process sleeps in each, so that nothing of them outlives the test.
"""

from __future__ import annotations

import os
import pathlib

from .processes import Child, run, tool
from .waiting import Failure, until

HOSTS = ("10.213.0.1", "10.213.0.2", "10.213.0.3", "10.213.0.4")  # the first two on this side, the others on that


class Wire:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.holders = [self.hold(side) for side in ("here", "there")]
        here, there = self.holders
        self.inside(here, "ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(there.pid))
        for holder, hosts in ((here, HOSTS[:2]), (there, HOSTS[2:])):
            self.inside(holder, "ip", "link", "set", "lo", "up")
            for host in hosts:
                self.inside(holder, "ip", "addr", "add", f"{host}/24", "dev", "wire")
            self.inside(holder, "ip", "link", "set", "wire", "up")

    @staticmethod
    def can_be_made() -> bool:
        return os.geteuid() == 0

    @property
    def prefixes(self) -> list[list[str]]:
        """What starts a process at each of HOSTS."""
        here, there = (self.entering(holder) for holder in self.holders)
        return [here, here, there, there]

    def cut(self) -> None:
        self.inside(self.holders[0], "ip", "link", "set", "wire", "down")

    def join(self) -> None:
        self.inside(self.holders[0], "ip", "link", "set", "wire", "up")

    def hold(self, side: str) -> Child:
        own = os.readlink("/proc/self/ns/net")
        child = Child([tool("unshare"), "--net", "sleep", "infinity"], self.directory, f"holder-{side}")
        until(lambda: not child.running or os.readlink(f"/proc/{child.pid}/ns/net") != own, "a network namespace",
              story=child.stderr)
        if not child.running:
            raise Failure(f"no network namespace can be made: {child.stderr()}")
        return child

    @staticmethod
    def entering(holder: Child) -> list[str]:
        return [tool("nsenter"), f"--net=/proc/{holder.pid}/ns/net", "--"]

    def inside(self, holder: Child, *command: str) -> None:
        done = run([*self.entering(holder), tool(command[0]), *command[1:]], self.directory)
        if done.returncode != 0:
            raise Failure(f"{' '.join(command)}: {done.stderr.decode()}")

    def close(self) -> None:
        for holder in self.holders:
            holder.kill()
