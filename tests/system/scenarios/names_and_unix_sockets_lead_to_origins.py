"""An upstream may be a host name or a unix socket, a listener a unix socket; a name that leads nowhere says so."""

import json

from stand.stand import Stand
from stand.waiting import expect, same


def play(stand: Stand) -> None:
    through_socket = stand.directory / "origin.sock"
    nginx = stand.nginx(f'listen unix:{through_socket}; location / {{ return 200 "$host $uri"; }}')
    port = nginx.address.rpartition(":")[2]
    front = stand.directory / "front.sock"
    weir = stand.gateway(f"""
listeners: [{{ name: web, address: "127.0.0.1:0" }}, {{ name: front, address: "unix:{front}" }}]
upstreams: {{ socket: {{ endpoints: ["unix:{through_socket}"] }} }}
routes:
  - {{ match: {{ path: /name }}, proxy: "http://localhost:{port}" }}
  - {{ match: {{ path: /socket }}, proxy: socket }}
  - {{ match: {{ path: /nowhere }}, proxy: "http://no-such-host.invalid:80" }}
""")
    same(weir.get("/name").text(), "weir.test /name", "an origin by name")
    same(weir.get("/socket").text(), "weir.test /socket", "an origin by socket")
    done = stand.curl("--unix-socket", str(front), "http://weir.test/socket")
    same(done.stdout, b"weir.test /socket", "from socket to socket")
    nowhere = weir.get("/nowhere", "Accept: application/problem+json\r\n")
    expect(nowhere.status in (502, 503, 504), f"status for a name that leads nowhere: {nowhere.status}")
    same(json.loads(nowhere.body)["reason"], "resolve_failed", "its reason")
