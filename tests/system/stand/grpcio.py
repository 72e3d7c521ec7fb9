"""Real clients and servers of gRPC: in the clear, and over TLS on both sides of the gateway."""

import concurrent.futures
import os
import sys

from stand.authority import Authority
from stand.gateway import Gateway
from stand.stand import Stand

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# What a configuration begins with; more upstreams may follow, and its routes.
BOTH_WAYS = """
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - name: tls
    address: "127.0.0.1:0"
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}] }}
upstreams:
  plain: {{ endpoints: ["127.0.0.1:{plain}"], protocol: h2c }}
  secured:
    endpoints: ["127.0.0.1:{secured}"]
    protocol: h2
    tls: {{ name: shop.test, authorities: {folder}/ca.pem }}
"""


def grpc_of_debian():
    """python3-grpcio, also for another Python than Debian's, which does not look where its packages lie."""
    try:
        import grpc
    except ImportError:
        sys.path.append("/usr/lib/python3/dist-packages")
        import grpc
    return grpc


def serve_both_ways(stand: Stand, handlers, configuration: str, options=()) -> tuple[Gateway, dict[str, object]]:
    """A server, Weir in front of it, and channels to that by the way they take.

    `configuration` begins with BOTH_WAYS; `options` are those of both the server and its clients.
    """
    grpc = grpc_of_debian()
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    folder = authority.directory
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), handlers=(handlers,), options=options)
    stand.ending.callback(lambda: server.stop(0).wait())
    plain = server.add_insecure_port("127.0.0.1:0")
    pair = ((folder / "shop.key").read_bytes(), (folder / "shop.pem").read_bytes())
    secured = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    weir = stand.gateway(configuration.format(folder=folder, plain=plain, secured=secured))
    options = [*options, ("grpc.enable_http_proxy", 0)]
    credentials = grpc.ssl_channel_credentials(authority.pem.read_bytes())
    channels = {
        "in the clear": grpc.insecure_channel(weir.address, options=options),
        "over TLS": grpc.secure_channel(weir.address_of("tls"), credentials,
                                        options=[*options, ("grpc.ssl_target_name_override", "shop.test")]),
    }
    for channel in channels.values():
        stand.ending.callback(channel.close)
    return weir, channels
