"""A WebSocket goes to upstreams over HTTP/2 as an extended CONNECT (RFC 8441): to HAProxy and to Weir, in the clear and
over TLS. A server whose HTTP/2 takes none (nginx) gets it over HTTP/1.1 where both may be spoken, and is refused with
its reason where not. Reloads leave them alone."""

import os

from stand.authority import Authority
from stand.haproxy import haproxy
from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import same, until
from stand.websocket import BINARY, CLOSE, frame, open_tunnel, read_frame, serve_echo

BEHIND = """
forwarded: {{ pseudonym: behind }}
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - name: tls
    address: "127.0.0.1:0"
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}] }}
routes: [{{ upgrade: [websocket], proxy: "http://{origin}" }}]
"""
HAPROXY = """
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
listen both
    bind {both} proto h2
    server origin {origin}
"""
NGINX = """
    ssl_certificate {folder}/shop.pem;
    ssl_certificate_key {folder}/shop.key;
    location / {{
      proxy_pass http://{origin};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
    }}
"""
IN_FRONT = """
upstreams:
  weir: {{ endpoints: ["{weir}"], protocol: h2c }}
  weir-tls: {{ endpoints: ["{weir_tls}"], protocol: h2, tls: {tls} }}
  haproxy: {{ endpoints: ["{haproxy}"], protocol: h2c }}
  auto: {{ endpoints: ["{nginx}"], protocol: auto, tls: {tls} }}
routes:
  - {{ match: {{ path: /weir }}, upgrade: [websocket], proxy: weir }}
  - {{ match: {{ path: /weir-tls }}, upgrade: [websocket], filters: [websocket], proxy: weir-tls }}
  - {{ match: {{ path: /haproxy }}, upgrade: [websocket], proxy: haproxy }}
  - {{ match: {{ path: /auto }}, upgrade: [websocket], proxy: auto }}
"""
LARGE = 300_000  # more than a stream's window


def play(stand: Stand) -> None:
    origin = stand.origin(serve_echo)
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.internal")
    behind = stand.gateway(BEHIND.format(folder=authority.directory, origin=origin.address))
    nginx = stand.nginx(NGINX.format(folder=authority.directory, origin=origin.address), "ssl http2")
    listening = f"127.0.0.1:{free_port()}"
    haproxy(stand, "both", HAPROXY, both=listening, origin=origin.address)
    weir = stand.gateway(IN_FRONT.format(
        weir=behind.address, haproxy=listening, nginx=nginx.address,
        weir_tls=behind.address_of("tls"),
        tls=f"{{ name: shop.internal, authorities: {authority.pem} }}"))

    paths = ("/weir", "/weir-tls", "/haproxy", "/auto")
    clients = {path: weir.client() for path in paths}
    for path, client in clients.items():
        stand.ending.callback(client.close)
        response, accepted = open_tunnel(client, path)
        same(response.status, 101, f"status of the handshake at {path} ({response.text()})")
        same(response.fields["sec-websocket-accept"], accepted, f"Sec-WebSocket-Accept at {path}")
        same(read_frame(client), (BINARY, b"welcome"), f"the origin's first word at {path}")
    same(weir.metric("weir_tunnels_open"), len(paths), "weir_tunnels_open")

    for reloaded in (False, True):
        for path, client in clients.items():
            content = os.urandom(LARGE)
            client.send(frame(BINARY, content, mask=os.urandom(4)))
            same(read_frame(client) == (BINARY, content), True, f"an echo at {path}, after a reload: {reloaded}")
        if not reloaded:
            weir.write("routes: [{ respond: 204 }]\n")
            weir.reload()
            same(weir.get("/weir").status, 204, "the new configuration")
    for path, client in clients.items():
        client.send(frame(CLOSE, b"\x03\xe8", mask=os.urandom(4)))
        same(read_frame(client), (CLOSE, b"\x03\xe8"), f"the close frame comes back at {path}")
        same(client.at_end(), True, f"the tunnel ends in an orderly way at {path}")
    for gateway in (weir, behind):
        until(lambda gateway=gateway: gateway.metric("weir_tunnels_open") == 0, "tunnels to be counted out")
    same(behind.metric('weir_requests_by_version_total{version="2"}'), 2, "extended CONNECTs that reached Weir")
    refused(stand, nginx.address, authority)


def refused(stand: Stand, nginx: str, authority: Authority) -> None:
    weir = stand.gateway(f"""
upstreams:
  only: {{ endpoints: ["{nginx}"], protocol: h2, tls: {{ name: shop.internal, authorities: {authority.pem} }} }}
routes: [{{ upgrade: [websocket], proxy: only }}]
""")
    with weir.client() as client:
        response, _ = open_tunnel(client, "/")
        same((response.status, "no_extended_connect" in response.text()), (502, True), response.text())
    same(weir.get("/").status, 200, "requests go on as they did")
