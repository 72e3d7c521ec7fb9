"""The gzip row: pages of text from an origin, compressed on their way, by Weir and by nginx at its default level.

A faster gzip that compresses less would be no news: the row also says how many bytes each sent for the same page, and
judges that as well. The origin is an nginx that serves files, on the generator's core; wrk counts the answers.
"""

import http.client
import math
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from . import machine
from .contenders import NGINX, WEIR, Programs, Unavailable, find_peer
from .figures import Figure, figure, ratio
from .processes import Meter, Process
from .verdicts import Section, judge_most

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = {"page-100k": 100 * 1024, "page-10k": 10 * 1024}
ROWS = [f"gzip-{name}" for name in SIZES]
CPU_BUDGET, BYTES_BUDGET = 0.5, 1.02
CONNECTIONS = 64

_NGINX = """daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error.log error;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    default_type text/plain;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    {inside}
}}
"""
_ORIGIN = "server {{ listen 127.0.0.1:{port} backlog=4096; root {pages}; }}"
# gzip_comp_level is nginx's default; more and larger gzip_buffers, so that a page is not cut for want of room.
_PROXY = """upstream origin {{
        server 127.0.0.1:{origin}; keepalive 1024; keepalive_requests 1000000000;
    }}
    gzip on; gzip_comp_level 1; gzip_proxied any; gzip_types text/plain; gzip_min_length 1024; gzip_buffers 32 8k;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffer_size 16k; proxy_buffers 16 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;
        }}
    }}"""
_WEIR = """workers: 1
admin: unix:{directory}/admin.sock
access_log: {{ to: off }}
stories: off
error_log: {{ to: stderr, level: warning }}
listeners: ["127.0.0.1:{port}"]
routes:
  - filters: [{{ compress: {{ encodings: [gzip], adapt: false }} }}]
    proxy: http://127.0.0.1:{origin}
"""


def measure(programs: Programs, meter: Meter, windows: int, seconds: float, directory: Path,
            tell: Callable[[str], None]) -> list[Section]:
    """One section for each size of page."""
    if programs.weir is None:
        raise Unavailable("no Weir to compress with: build it (./dev build) or give --weir PATH")
    (directory / "pages").mkdir()
    text = _text()
    for name, size in SIZES.items():
        (directory / "pages" / name).write_bytes(text[:size])
    running: list[Process] = []
    try:
        origin = _start_nginx("text-origin", meter, directory, machine.PEER_CORE, running,
                              lambda port: _ORIGIN.format(port=port, pages=directory / "pages"))
        ports = {NGINX: _start_nginx(NGINX, meter, directory, machine.PROXY_CORE, running,
                                     lambda port: _PROXY.format(port=port, origin=origin)),
                 WEIR: _start_weir(programs, meter, directory, origin, running)}
        contenders = {process.name: process for process in running}
        return [_section(name, ports, contenders, meter, windows, seconds, directory, tell) for name in SIZES]
    finally:
        for process in reversed(running):
            process.stop()


def _text() -> bytes:
    """Real prose, the same for everybody: this project's documentation, as often as it takes."""
    pages = b"".join(path.read_bytes() for path in sorted((ROOT / "docs").glob("*.md")))
    return pages * (max(SIZES.values()) // len(pages) + 1)


def _section(name: str, ports: dict[str, int], contenders: dict[str, Process], meter: Meter, windows: int,
             seconds: float, directory: Path, tell: Callable[[str], None]) -> Section:
    sent = {contender: len(_fetch(port, f"/{name}")) for contender, port in ports.items()}
    cpu: dict[str, list[float]] = {contender: [] for contender in ports}
    for index in range(windows):
        for contender in list(ports) if index % 2 == 0 else reversed(list(ports)):
            cpu[contender].append(_window(contenders[contender], ports[contender], name, meter, seconds, directory))
            tell(f"gzip {name}: round {index + 1} of {windows}, {contender} {cpu[contender][-1]:.1f} us")
    section = Section(f"gzip-{name}",
                      f"{SIZES[name] // 1024} KiB of text from an origin, gzip, {CONNECTIONS} connections")
    for contender in ports:
        section.figures[contender] = {"cpu_us_per_request": figure(cpu[contender]),
                                      "bytes_sent": float(sent[contender])}
    share = ratio(cpu[WEIR], cpu[NGINX])
    bytes_share = sent[WEIR] / sent[NGINX]
    section.checks.append(judge_most(f"Weir: CPU per request <= {CPU_BUDGET} of nginx's", share, "ratio", CPU_BUDGET))
    section.checks.append(judge_most(f"Weir: bytes sent <= {BYTES_BUDGET} of nginx's",
                                     Figure(bytes_share, bytes_share, bytes_share), "ratio", BYTES_BUDGET))
    return section


def _window(proxy: Process, port: int, name: str, meter: Meter, seconds: float, directory: Path) -> float:
    """CPU microseconds per request while wrk runs."""
    command = [find_peer("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{math.ceil(seconds)}s", "-H", "Accept-Encoding: gzip",
               f"http://127.0.0.1:{port}/{name}"]
    before = proxy.cpu_seconds()
    wrk = Process(meter, "wrk", command, machine.PEER_CORE, directory, stdout=subprocess.PIPE)
    wrk.wait(seconds + 20)
    cpu = proxy.cpu_seconds() - before
    said = wrk.stdout.read().decode()
    wrk.stop()
    count = re.search(r"(\d+) requests in", said)
    if count is None or int(count.group(1)) == 0 or "Non-2xx" in said:
        raise Unavailable(f"{proxy.name} did not answer:\n{said}\n{proxy.explain()}")
    return cpu / int(count.group(1)) * 1e6


def _fetch(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200 or answer.headers.get("content-encoding") != "gzip":
        raise Unavailable(f"port {port} did not compress {path}: {answer.status} {answer.headers}")
    return body


def _start_nginx(name: str, meter: Meter, directory: Path, core: int, running: list[Process],
                 inside: Callable[[int], str]) -> int:
    port, own = machine.free_port(), directory / name
    own.mkdir()
    (own / "nginx.conf").write_text(_NGINX.format(directory=own, inside=inside(port)))
    command = [find_peer(NGINX), "-p", str(own), "-c", str(own / "nginx.conf")]
    running.append(Process(meter, name, command, core, own))
    return _await(port, running[-1])


def _start_weir(programs: Programs, meter: Meter, directory: Path, origin: int, running: list[Process]) -> int:
    port, own = machine.free_port(), directory / WEIR
    own.mkdir()
    (own / "weir.yaml").write_text(_WEIR.format(directory=own, port=port, origin=origin))
    running.append(Process(meter, WEIR, [str(programs.weir), "run", "-c", str(own / "weir.yaml")], machine.PROXY_CORE,
                           own))
    return _await(port, running[-1])


def _await(port: int, process: Process) -> int:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and process.running():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", f"/{next(iter(SIZES))}")
            if connection.getresponse().status == 200:
                return port
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise Unavailable(f"{process.name} does not answer on port {port}:\n{process.explain()}")
