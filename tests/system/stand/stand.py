"""What a scenario is given: a folder, and everything it starts, ended in reverse order when it is over."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

from .fastcgi import Application, Asked, PhpFpm
from .gateway import Gateway
from .load import Wrk
from .message import Handler, Peer
from .namespaces import Wire
from .origins import Nginx, Origin
from .pebble import Pebble
from .processes import run, tool
from .redis import Redis, RedisCluster, RedisTls
from .waiting import STEP_SECONDS

MEBIBYTE = 1 << 20


class Stand:
    def __init__(self, binary: str):
        self.binary = binary
        self.ending = contextlib.ExitStack()
        self.directory = pathlib.Path(self.ending.enter_context(tempfile.TemporaryDirectory(prefix="weir-system-")))
        self.gateways: list[Gateway] = []
        self.notes: list[str] = []
        self.origins = 0

    def note(self, sentence: str) -> None:
        """A measured figure, or which of two ways was taken: shown beside the scenario's name."""
        self.notes.append(sentence)

    def idle_gateway(self) -> Gateway:
        """One that the scenario starts by itself."""
        directory = self.directory / f"weir{len(self.gateways) or ''}"
        directory.mkdir()
        gateway = Gateway(self.binary, directory)
        self.gateways.append(gateway)
        self.ending.callback(gateway.kill)
        return gateway

    def gateway(self, yaml: str, prefix: list[str] | None = None,
                environment: dict[str, str] | None = None) -> Gateway:
        gateway = self.idle_gateway()
        gateway.start(yaml, prefix, environment)
        return gateway

    def nginx(self, locations: str = "", options: str = "") -> Nginx:
        self.origins += 1
        nginx = Nginx(self.directory / f"nginx{self.origins}", locations, options)
        self.ending.callback(lambda: nginx.close())
        return nginx

    def origin(self, handler: Handler, host: str = "127.0.0.1") -> Origin:
        origin = Origin(handler, host)
        self.ending.callback(origin.close)
        return origin

    def php_fpm(self, workers: int = 4, tcp: bool = False) -> PhpFpm:
        self.origins += 1
        php = PhpFpm(self.directory / f"php{self.origins}", workers, tcp)
        self.ending.callback(php.close)
        return php

    def redis(self, password: str = "", tls: RedisTls | None = None) -> Redis:
        self.origins += 1
        redis = Redis(self.directory / f"redis{self.origins}", password, tls=tls)
        self.ending.callback(redis.close)
        return redis

    def redis_cluster(self, tls: RedisTls | None = None) -> RedisCluster:
        self.origins += 1
        cluster = RedisCluster(self.directory / f"redis{self.origins}", tls)
        self.ending.callback(cluster.close)
        return cluster

    def pebble(self, http_port: int, tls_port: int = 1, **options: object) -> Pebble:
        """Not started yet. It looks for proofs at these ports."""
        self.origins += 1
        pebble = Pebble(self.directory / f"pebble{self.origins}", http_port, tls_port, **options)
        self.ending.callback(pebble.close)
        return pebble

    def wire(self) -> Wire:
        wire = Wire(self.directory)
        self.ending.callback(wire.close)
        return wire

    def application(self, handler: Callable[[Peer, Asked], bool | None]) -> Application:
        application = Application(handler)
        self.ending.callback(application.close)
        return application

    def wrk(self, gateway: Gateway, connections: int, target: str) -> Wrk:
        wrk = Wrk(gateway, connections, target)
        self.ending.callback(wrk.child.kill)
        return wrk

    def curl(self, *arguments: str, seconds: float = STEP_SECONDS) -> subprocess.CompletedProcess:
        return run([tool("curl"), "-sS", "--noproxy", "*", *arguments], self.directory, seconds)

    def finish(self) -> None:
        """After a scenario that held: the gateways must end well, too."""
        for gateway in self.gateways:
            gateway.finish()

    def close(self) -> None:
        self.ending.close()
