"""Redis by port and behind TLS that is opened, nginx by the name in its unopened TLS with a PROXY header, curl through
CONNECT; a dead server is passed over, a reload keeps streams, the log and metrics tell of them."""

import json
import socket
import subprocess

from stand.authority import Authority
from stand.gateway import Gateway
from stand.origins import free_port
from stand.processes import tool
from stand.stand import Stand
from stand.waiting import expect, same, until

LOCATIONS = 'location / { return 200 "%s $proxy_protocol_addr $ssl_server_name $server_protocol\\n"; }'

WEIR = """
workers: 2
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - {{ name: redis, address: "127.0.0.1:0", protocol: tcp, proxy: redis }}
  - name: redis-tls
    address: "127.0.0.1:0"
    protocol: tcp
    tls: {{ certificates: [{{ certificate: {folder}/one.pem, key: {folder}/one.key }}] }}
    proxy: redis
  - name: sites
    address: "127.0.0.1:0"
    protocol: tls_passthrough
    routes:
      - {{ name: one, server_name: one.test, proxy: one }}
      - {{ name: two, server_name: "*.two.test", proxy: two }}
  - {{ name: out, address: "127.0.0.1:0" }}
access_log: {{ to: {log} }}
upstreams:
  redis: {{ endpoints: ["127.0.0.1:{dead}", "127.0.0.1:{redis}"], protocol: tcp }}
  one: {{ endpoints: ["{one}"], protocol: tcp, proxy_protocol: v2 }}
  two: {{ endpoints: ["{two}"], protocol: tcp, proxy_protocol: v1 }}
routes:
  - {{ listeners: [web], respond: 204 }}
  - {{ name: outbound, listeners: [out], connect: ["{one}", "{plain}"] }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    for name, host in (("one", "one.test"), ("two", "a.two.test")):
        authority.issue(name, f"DNS:{host}")
    one, two = (tls_site(stand, authority, name) for name in ("one", "two"))
    plain = stand.nginx('location / { return 200 "plain\\n"; }')
    redis = stand.redis()
    log = stand.directory / "access.log"
    weir = stand.gateway(WEIR.format(folder=authority.directory, log=log, dead=free_port(), redis=redis.port, one=one,
                                     two=two, plain=plain.address))
    ports = {each["name"]: int(each["address"].rpartition(":")[2]) for each in weir.status()["listeners"][:5]}
    kept = socket.create_connection(("127.0.0.1", ports["redis"]), timeout=10)
    asked(kept, b"PING\r\n", b"+PONG\r\n")
    redis_behind_tls(authority, ports["redis-tls"])
    sites_by_name(stand, authority, ports["sites"])
    tunnels(stand, authority, ports["out"], one, plain.address)
    weir.reload()
    asked(kept, b"ECHO after-the-reload\r\n", b"$16\r\nafter-the-reload\r\n")
    for _ in range(4):  # one of the two servers is dead, and nobody notices
        with socket.create_connection(("127.0.0.1", ports["redis"]), timeout=10) as another:
            asked(another, b"PING\r\n", b"+PONG\r\n")
    kept.close()
    what_is_told(weir, log)


def tls_site(stand: Stand, authority: Authority, name: str) -> str:
    at = f"{authority.directory}/{name}"
    certificate = f"ssl_certificate {at}.pem; ssl_certificate_key {at}.key;"
    return stand.nginx(certificate + LOCATIONS % name, "ssl http2 proxy_protocol").address


def asked(connection: socket.socket, question: bytes, answer: bytes) -> None:
    connection.sendall(question)
    heard = b""
    while len(heard) < len(answer):
        more = connection.recv(4096)
        expect(more, f"an answer to {question!r}, not an end behind {heard!r}")
        heard += more
    same(heard, answer, f"the answer to {question!r}")


def redis_behind_tls(authority: Authority, port: int) -> None:
    """openssl shakes hands with Weir, and speaks to Redis within; its QUIT ends both sides in order."""
    done = subprocess.run([tool("openssl"), "s_client", "-quiet", "-verify_return_error", "-CAfile", str(authority.pem),
                           "-servername", "one.test", "-connect", f"127.0.0.1:{port}"],
                          input=b"PING\r\nQUIT\r\n", capture_output=True, timeout=20, check=False)
    same((done.returncode, done.stdout), (0, b"+PONG\r\n+OK\r\n"), f"Redis through TLS: {done.stderr.decode()}")


def sites_by_name(stand: Stand, authority: Authority, port: int) -> None:
    to = ["--cacert", str(authority.pem), "--interface", "127.0.0.9"]

    def fetch(host: str, *options: str) -> tuple[str, str]:
        done = stand.curl(*to, *options, "-v", "--resolve", f"{host}:{port}:127.0.0.1", f"https://{host}:{port}/")
        return done.stdout.decode(), done.stderr.decode()

    same(fetch("one.test")[0], "one 127.0.0.9 one.test HTTP/2.0\n", "its own certificate, the client's address, HTTP/2")
    same(fetch("a.two.test", "--http1.1")[0], "two 127.0.0.9 a.two.test HTTP/1.1\n", "the other site, by a wildcard")
    body, story = fetch("nobody.test")
    expect(not body and "unrecognized name" in story, f"a name that nobody has is told: {story}")


def tunnels(stand: Stand, authority: Authority, out: int, site: str, plain: str) -> None:
    through = ["--noproxy", "", "-p", "-x", f"http://127.0.0.1:{out}"]
    same(stand.curl(*through, f"http://{plain}/").stdout, b"plain\n", "plain HTTP through a tunnel")
    refused = stand.curl(*through, "-v", "http://127.0.0.1:1/")
    expect(refused.returncode == 56 and b"403" in refused.stderr, f"another destination: {refused.stderr.decode()}")
    # nginx waits for a PROXY header here: curl cannot send one within a tunnel, so that only its refusal is seen.
    same(stand.curl(*through, "--cacert", str(authority.pem), f"https://{site}/").returncode, 35, "TLS within a tunnel")


def what_is_told(weir: Gateway, log) -> None:
    until(lambda: weir.metric("weir_raw_streams_open") == 0, "all streams to end")
    metrics = weir.metrics()
    same(metrics["weir_raw_streams_total"], 9, "one, one behind TLS, three names, four more")
    same(metrics["weir_raw_streams_refused_total"], 1, "the name that nobody has")
    expect(metrics["weir_upstream_connect_failures_total"] >= 2, "the dead server was tried")
    until(lambda: len(log.read_text().splitlines()) == 6 + 3 + 3, "a line for each stream and tunnel")
    # Each core writes its own lines when it has some.
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    streams = {line["server_name"]: line for line in lines if line.get("protocol") == "tls_passthrough"}
    same({name: line.get("route") for name, line in streams.items()},
         {"one.test": "one", "a.two.test": "two", "nobody.test": None}, "names and routes in the log")
    same(streams["nobody.test"]["reason"], "no_route", "why the third was refused")
    expect(all(line["complete"] for line in lines if line.get("protocol") == "tcp"), f"all complete: {lines}")
    opened = [line for line in lines if line.get("method") == "CONNECT"]
    same(sorted(line["status"] for line in opened), [200, 200, 403], "tunnels in the log")
