"""A key meets the same server through Weir's ring_hash as through nginx's `consistent` and HAProxy's, by weight too."""

import pathlib
import socket

from stand.message import Head, Peer
from stand.origins import free_port
from stand.processes import Child, tool
from stand.stand import Stand
from stand.waiting import same, until

WEIGHTS = [1, 1, 2, 1, 3]
KEYS = [f"user-{number}" for number in range(300)]

NGINX = """
daemon off; master_process off; error_log {directory}/error.log; pid {directory}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    upstream shop {{ hash $http_x_user consistent; {servers} }}
    server {{ listen {address}; location / {{ proxy_pass http://shop; }} }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend in
    bind {address}
    default_backend shop
backend shop
    balance hdr(x-user)
    hash-type consistent
{servers}
"""

WEIR = """
upstreams:
  shop:
    balance: {{ ring_hash: {{ key: "header: x-user", like: {like} }} }}
    endpoints: [{endpoints}]
routes: [{{ proxy: shop }}]
"""


def play(stand: Stand) -> None:
    servers = [origin_that_says(stand, str(number)) for number in range(len(WEIGHTS))]
    weighed = list(zip(servers, WEIGHTS))
    nginx = peer(stand, "nginx", NGINX, " ".join(f"server {server} weight={weight};" for server, weight in weighed))
    haproxy = peer(stand, "haproxy", HAPROXY, "\n".join(f"    server s{number} {server} weight {weight}"
                                                        for number, (server, weight) in enumerate(weighed)))
    endpoints = ", ".join(f"{{ address: '{server}', weight: {weight} }}" for server, weight in weighed)
    for like, address in (("nginx", nginx), ("haproxy", haproxy)):
        weir = stand.gateway(WEIR.format(like=like, endpoints=endpoints))
        theirs, ours = placed(stand, address), placed(stand, weir.address)
        same(ours, theirs, f"who serves each of {len(KEYS)} keys, beside {like}")
        same(len(set(theirs)), len(WEIGHTS), "servers that have keys")


def origin_that_says(stand: Stand, name: str) -> str:
    def answer(peer: Peer, _: Head) -> None:
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode())
    return stand.origin(answer).address


def peer(stand: Stand, name: str, configuration: str, servers: str) -> str:
    """Starts the program and says where it listens."""
    directory = stand.directory / name
    directory.mkdir()
    address = f"127.0.0.1:{free_port()}"
    path = directory / f"{name}.conf"
    path.write_text(configuration.format(directory=directory, address=address, servers=servers))
    options = {"nginx": ["-p", str(directory), "-c", str(path)], "haproxy": ["-f", str(path)]}[name]
    child = Child([tool(name), *options], directory, name)
    stand.ending.callback(child.kill)
    until(lambda: not child.running or listens(address), f"{name} to listen", story=child.stderr)
    return address


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def placed(stand: Stand, address: str) -> list[str]:
    """By one curl with a line of options for each key."""
    script = pathlib.Path(stand.directory / "keys")
    script.write_text("\nnext\n".join(f'url = "http://{address}/"\nheader = "x-user: {key}"\nwrite-out = "\\n"'
                                      for key in KEYS))
    return stand.curl("-K", str(script), seconds=60).stdout.decode().split()
