"""HAProxy in front says in PROXY headers who the client is, Weir believes it and tells nginx; with TLS and without."""

import re

from stand.authority import Authority
from stand.gateway import Gateway
from stand.haproxy import haproxy
from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import expect, same, until

LOCATIONS = """
    location / { return 200 "$proxy_protocol_addr $remote_addr $http_x_forwarded_for $http_x_forwarded_port\\n"; }
    location /port { return 200 "$proxy_protocol_port\\n"; }
    location /health { return 200 "well\\n"; }
"""

HAPROXY = """
defaults
    mode tcp
    timeout client 10s
    timeout server 10s
    timeout connect 10s
listen v1
    bind {v1}
    server weir {plain} send-proxy
listen v2
    bind {v2}
    server weir {plain} send-proxy-v2
listen tls
    bind {tls}
    server weir {secured} send-proxy-v2 proxy-v2-options unique-id,crc32c
    unique-id-format %{{+X}}o\\ %ci:%cp
listen without
    bind {without}
    server weir {plain}
"""

# What is behind Weir: it shows what a header carries beyond the addresses.
READER = """
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend reader
    bind {reader} accept-proxy
    http-request set-var(txn.id) fc_pp_unique_id
    http-request return status 200 content-type a/b lf-string "%[src] %[dst_port] %[fc_pp_authority] %[var(txn.id)]"
"""

WEIR = """
listeners:
  - {{ name: web, address: "127.0.0.1:0", proxy_protocol: [127.0.0.1] }}
  - name: tls
    address: "127.0.0.1:0"
    proxy_protocol: [127.0.0.1]
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}] }}
access_log: {{ to: {log} }}
upstreams:
  v1: {{ endpoints: ["{nginx}"], proxy_protocol: v1, health: {{ http: /health, every: 100ms, begin: down }} }}
  v2: {{ endpoints: ["{nginx}"], proxy_protocol: v2, health: {{ http: /health, every: 100ms, begin: down }} }}
  secured:
    endpoints: ["{nginx_tls}"]
    proxy_protocol: v2
    tls: {{ name: shop.test, authorities: {folder}/ca.pem }}
    health: {{ http: /health, every: 100ms, begin: down }}
  reader: {{ endpoints: ["{reader}"], proxy_protocol: v2 }}
  plain: {{ endpoints: ["{nginx}"] }}
routes:
  - {{ match: {{ client: 127.0.0.66, path: /* }}, priority: 1, respond: "not you" }}
  - {{ match: {{ path: /v1/* }}, filters: [{{ rewrite: {{ strip_prefix: /v1 }} }}], proxy: v1 }}
  - {{ match: {{ path: /v2/* }}, filters: [{{ rewrite: {{ strip_prefix: /v2 }} }}], proxy: v2 }}
  - {{ match: {{ path: /secured/* }}, filters: [{{ rewrite: {{ strip_prefix: /secured }} }}], proxy: secured }}
  - {{ match: {{ path: /reader }}, proxy: reader }}
  - {{ match: {{ path: /plain }}, proxy: plain }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    nginx = stand.nginx(LOCATIONS, "proxy_protocol")
    certificate = f"ssl_certificate {authority.directory}/shop.pem; ssl_certificate_key {authority.directory}/shop.key;"
    nginx_tls = stand.nginx(certificate + LOCATIONS, "ssl proxy_protocol")
    reader = f"127.0.0.1:{free_port()}"
    haproxy(stand, "reader", READER, reader=reader)
    log = stand.directory / "access.log"
    weir = stand.gateway(WEIR.format(nginx=nginx.address, nginx_tls=nginx_tls.address, reader=reader,
                                     folder=authority.directory, log=log))
    secured = weir.address_of("tls")
    fronts = {name: f"127.0.0.1:{free_port()}" for name in ("v1", "v2", "tls", "without")}
    haproxy(stand, "v1", HAPROXY, **fronts, plain=weir.address, secured=secured)

    def fetch(front: str, path: str, *options: str) -> str:
        return stand.curl("--interface", "127.0.0.9", *options, f"http://{fronts[front]}{path}").stdout.decode()

    until(lambda: "127.0.0.9" in fetch("v1", "/v1/") and "127.0.0.9" in fetch("v2", "/v2/"),
          "checks that begin with a header to find nginx well", story=weir.stderr)
    for front in ("v1", "v2"):
        port = fronts[front].rpartition(":")[2]
        for told in ("/v1/", "/v2/"):
            same(fetch(front, told), f"127.0.0.9 127.0.0.1 127.0.0.9 {port}\n", f"what nginx hears, {front} to {told}")
        refused = stand.curl("--interface", "127.0.0.66", f"http://{fronts[front]}/v1/").stdout
        same(refused, b"not you", f"a rule about the client's address, behind {front}")
        expect(re.fullmatch(r"\d+\n", fetch(front, "/v2/port")), "the client's port")
    until(lambda: fetch("v2", "/secured/").startswith("127.0.0.9 "), "nginx to hear a header before TLS",
          story=weir.stderr)
    behind_tls(stand, authority, fronts["tls"])
    connections_are_one_clients(stand, fronts["v2"])
    refusals(stand, weir, fronts)
    lines = log.read_text()
    expect('"client":"127.0.0.9"' in lines and '"sender":"127.0.0.1"' in lines, "the log names both")


def behind_tls(stand: Stand, authority: Authority, address: str) -> None:
    """The header comes before TLS; the first record may come in one segment with it."""
    port = address.rpartition(":")[2]
    to = ["--cacert", str(authority.pem), "--resolve", f"shop.test:{port}:127.0.0.1", "--interface", "127.0.0.9"]
    for version in ("--http1.1", "--http2"):
        done = stand.curl(*to, version, "-w", "%{http_version}", f"https://shop.test:{port}/v2/")
        wanted = f"127.0.0.9 127.0.0.1 127.0.0.9 {port}\n{'2' if version == '--http2' else '1.1'}"
        same(done.stdout.decode(), wanted, f"over TLS with {version} ({done.stderr})")
    kept = stand.curl(*to, f"https://shop.test:{port}/reader").stdout.decode().split()
    same(kept[:3], ["127.0.0.9", port, "shop.test"], "who the client is, and the name that Weir was asked for")
    expect(re.fullmatch(r"[0-9A-F]+:[0-9A-F]+", kept[3]), f"the id that HAProxy in front gave the connection: {kept}")


def connections_are_one_clients(stand: Stand, front: str) -> None:
    """Two clients in turn, each on a connection that it keeps: nginx hears of each connection as itself."""
    port = "/v2/port"
    seen = []
    for _ in range(2):
        done = stand.curl("--interface", "127.0.0.9", *[f"http://{front}{port}"] * 3)
        same(len(set(done.stdout.split())), 1, "three requests of one connection are one client's")
        seen.append(done.stdout.split()[0])
    expect(seen[0] != seen[1], "another connection is introduced anew")


def refusals(stand: Stand, weir: Gateway, fronts: dict[str, str]) -> None:
    silent = stand.curl(f"http://{fronts['without']}/plain")
    same((silent.returncode, silent.stdout), (52, b""), "a trusted sender without a header is not answered")
    stranger = stand.curl("--interface", "127.0.0.8", "--haproxy-protocol", "-o", "/dev/null", "-w", "%{http_code}",
                          f"http://{weir.address}/plain")
    same(stranger.stdout, b"400", "who is not trusted may send none")
    metrics = weir.metrics()
    expect(metrics['weir_proxy_headers_total{version="v1"}'] >= 4, f"headers are counted: {metrics}")
    expect(metrics['weir_proxy_headers_total{version="v2"}'] >= 4, f"headers are counted: {metrics}")
    expect(metrics['weir_proxy_headers_refused_total{reason="missing"}'] >= 1, "and those that did not come")
    expect("does not begin with a PROXY header" in weir.stderr(), f"the error log says so: {weir.stderr()}")
