"""Who is compared: the null proxy, nginx, HAProxy and Weir, each started the same way on its own port.

A contender is a name, a command and perhaps a configuration rendered from peers/*.in. All of a run's contenders are
up at the same time and idle while another is measured, so that a round's windows follow each other without start-
up.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .fronts import H2O, HAPROXY, NGINX, PLAIN, WEIR, Front
from .processes import Meter, Process

PEERS = Path(__file__).parent.parent / "peers"
COALESCING_US = 50  # how long the coalescing null proxy waits for more

NULL, NULL_COALESCING = "null", "null-coalescing"
WEIR_PLAIN = "weir-plain"
# The same Weir with nothing told of requests, and with all of it: stories, their facts, and a JSON line each.
WEIR_SILENT, WEIR_TELLING = "weir-silent", "weir-telling"
STORIES = [WEIR_SILENT, WEIR_TELLING]
# The silent one again, with a limit that refuses nobody: what asking costs.
WEIR_LIMITED = "weir-limited"
LIMITS = [WEIR_SILENT, WEIR_LIMITED]
ALL = [NULL, NULL_COALESCING, NGINX, HAPROXY, WEIR, WEIR_PLAIN]
PEER_NAMES = [NGINX, HAPROXY]

# The line of weir.yaml that tells the two Weirs apart.
WEIR_RUNTIME = {
    WEIR: "# wake coalescing: Weir's default, adaptive",
    WEIR_PLAIN: "runtime: { wake_coalescing: 0s }",
}

# What is told of requests. Beside others Weir writes nothing down, as none of them does: neither log nor stories, which
# are on by default. What telling costs is the stories row.
WEIR_TELLS = {
    WEIR_SILENT: "access_log: { to: off }\nstories: off",
    WEIR_LIMITED: "access_log: { to: off }\nstories: off\ndefaults: { filters: [{ limit: 100000000/s }] }",
    WEIR_TELLING: "access_log: { to: @DIRECTORY@/access.log, format: json }\nstories: { memory: 16MiB }",
}
WEIR_TELLS_ELSE = "access_log: { to: off }\nstories: off"

TITLES = {
    NULL: "null proxy",
    NULL_COALESCING: f"null proxy, coalescing {COALESCING_US} us",
    NGINX: "nginx",
    HAPROXY: "HAProxy",
    H2O: "h2o",
    WEIR: "Weir",
    WEIR_PLAIN: "Weir, coalescing off",
    WEIR_SILENT: "Weir, no stories, no log",
    WEIR_TELLING: "Weir, stories and JSON log",
    WEIR_LIMITED: "Weir, no stories, no log, a limit",
}


class Unavailable(Exception):
    """Something that the run needs is missing or does not start; the text says what to do."""


@dataclass
class Programs:
    """Where the binaries are."""

    folder: Path  # null_proxy, bench_origin, bench_load
    weir: Path | None  # None: measure without Weir
    weir_bench: Path

    def require(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            raise Unavailable(f"{path} is missing: build it with ./dev build (preset release, WEIR_BENCH on)")
        return str(path)


@dataclass
class Running:
    name: str
    port: int
    process: Process


def versions(programs: Programs, names: list[str]) -> dict[str, str]:
    """What each contender says it is."""
    said = {}
    for name in names:
        command = {NGINX: ["nginx", "-v"], HAPROXY: ["haproxy", "-v"], H2O: ["h2o", "-v"],
                   WEIR: [str(programs.weir), "version"]}.get(name)
        if command is not None:
            answer = subprocess.run(command, capture_output=True, text=True, env=_environment())
            said[name] = (answer.stdout + answer.stderr).strip().split("\n")[0]
    return said


def find_peer(name: str) -> str:
    path = shutil.which(name, path=_environment()["PATH"])
    if path is None:
        raise Unavailable(f"{name} is not installed: apt-get install {name}, or leave it out with --peers")
    return path


def start_origin(meter: Meter, programs: Programs, directory: Path) -> tuple[Running, Path]:
    port, counter = machine.free_port(), directory / "answered"
    command = [programs.require("bench_origin"), "--listen", f"127.0.0.1:{port}", "--counter", str(counter)]
    origin = Running("origin", port, Process(meter, "origin", command, machine.PEER_CORE, directory))
    await_answer(origin)
    return origin, counter


def start(name: str, meter: Meter, programs: Programs, origin_port: int, directory: Path,
          front: Front = PLAIN) -> Running:
    """Starts one contender and waits until it relays an answer."""
    port = machine.free_port()
    own = directory / name
    own.mkdir(exist_ok=True)
    values = {"TELLS": WEIR_TELLS.get(name, WEIR_TELLS_ELSE), "PORT": port, "ORIGIN_PORT": origin_port,
              "DIRECTORY": own, "RUNTIME": WEIR_RUNTIME[name] if name in WEIR_RUNTIME else "",
              **front.words(name, certificate(directory) if front.tls else None)}
    running = Running(name, port, Process(meter, name, _command(name, programs, values, own), machine.PROXY_CORE, own))
    if front.http2:
        await_listening(running)
    else:
        await_answer(running, tls=front.tls)
    return running


def certificate(directory: Path) -> Path:
    """A certificate for localhost with its key (ECDSA on P-256), made when it is not there yet."""
    path, key = directory / "localhost.pem", directory / "localhost.key"
    if path.exists():
        return path
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "365", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                           "-keyout", str(key), "-out", str(path)], capture_output=True, text=True)
    if made.returncode != 0:
        raise Unavailable(f"openssl makes no certificate: {made.stderr.strip()}")
    path.write_text(path.read_text() + key.read_text())
    return path


def _command(name: str, programs: Programs, values: dict, directory: Path) -> list[str]:
    if name in (NULL, NULL_COALESCING):
        nap = COALESCING_US if name == NULL_COALESCING else 0
        return [programs.require("null_proxy"), "--listen", f"127.0.0.1:{values['PORT']}", "--upstream",
                f"127.0.0.1:{values['ORIGIN_PORT']}", "--coalesce", str(nap)]
    if name == NGINX:
        return [find_peer(NGINX), "-p", str(directory), "-c", render("nginx.conf", values, directory)]
    if name == HAPROXY:
        return [find_peer(HAPROXY), "-db", "-f", render("haproxy.cfg", values, directory)]
    if name == H2O:
        return [find_peer(H2O), "-c", render("h2o.conf", values, directory)]
    return [str(programs.weir), "run", "-c", render("weir.yaml", values, directory)]


def render(template: str, values: dict, directory: Path) -> str:
    text = (PEERS / f"{template}.in").read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    path = directory / template
    path.write_text(text)
    return str(path)


def await_answer(running: Running, target: str = "/1k", tls: bool = False) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and running.process.running():
        connection = (http.client.HTTPSConnection("127.0.0.1", running.port, timeout=2, context=trusting())
                      if tls else http.client.HTTPConnection("127.0.0.1", running.port, timeout=2))
        try:
            connection.request("GET", target)
            if len(connection.getresponse().read()) == 1024:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    reason = running.process.explain()
    running.process.stop()
    raise Unavailable(f"{running.name} does not answer on port {running.port}; the end of its output:\n{reason}")


def trusting() -> ssl.SSLContext:
    """A client that asks nobody whether a certificate is good: it is ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def await_listening(running: Running) -> None:
    """Waits until somebody accepts on its port."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and running.process.running():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", running.port)) == 0:
                return
        time.sleep(0.02)
    raise Unavailable(f"{running.name} does not listen on port {running.port}; the end of its output:\n"
                      f"{running.process.explain()}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
