"""Real gRPC servers get calls while they say SERVING, in the clear and over TLS; the log says what else they said."""

import concurrent.futures

from stand.authority import Authority
from stand.grpcio import grpc_of_debian
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, until

ROUND = 12  # calls that would meet each of two servers, if they could
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
ASKED_FOR_CART = b"\x0a\x04cart"

CONFIGURATION = """
upstreams:
  plain:
    endpoints: [{plain}]
    protocol: h2c
    health: {{ grpc: cart, every: 100ms, timeout: 2s, down_after: 2, up_after: 2 }}
  secured:
    endpoints: [{secured}]
    protocol: h2
    tls: {{ name: shop.test, authorities: {authorities} }}
    health: {{ grpc: cart, every: 100ms, timeout: 2s, down_after: 2, up_after: 2 }}
routes:
  - {{ match: {{ path: /t.Plain/* }}, proxy: plain }}
  - {{ match: {{ path: /t.Secured/* }}, proxy: secured }}
"""


class Server:
    """Says its name, and of its health what it is told to."""

    def __init__(self, grpc, stand: Stand, credentials, name: str):
        self.grpc, self.name, self.status = grpc, name, SERVING
        says_name = {"Name": grpc.unary_unary_rpc_method_handler(lambda request, context: name.encode())}
        handlers = [grpc.method_handlers_generic_handler(service, says_name) for service in ("t.Plain", "t.Secured")]
        health = {"Check": grpc.unary_unary_rpc_method_handler(self.check)}
        handlers.append(grpc.method_handlers_generic_handler("grpc.health.v1.Health", health))
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=handlers)
        self.plain = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        self.secured = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
        server.start()
        stand.ending.callback(lambda: server.stop(0).wait())

    def check(self, request: bytes, context) -> bytes:
        if request != ASKED_FOR_CART:
            context.abort(self.grpc.StatusCode.INVALID_ARGUMENT, repr(request))
        if self.status is None:
            context.abort(self.grpc.StatusCode.UNIMPLEMENTED, "no such method")
        return self.status


def play(stand: Stand) -> None:
    grpc = grpc_of_debian()
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    folder = authority.directory
    pair = ((folder / "shop.key").read_bytes(), (folder / "shop.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair])
    one, two = (Server(grpc, stand, credentials, name) for name in ("one", "two"))
    weir = stand.gateway(CONFIGURATION.format(plain=f"{one.plain}, {two.plain}",
                                              secured=f"{one.secured}, {two.secured}", authorities=authority.pem))
    channel = grpc.insecure_channel(weir.address, options=[("grpc.enable_http_proxy", 0)])
    stand.ending.callback(channel.close)

    def who_answers(service: str) -> set[bytes]:
        return {channel.unary_unary(f"/{service}/Name")(b"", timeout=STEP_SECONDS) for _ in range(ROUND)}

    def told(upstream: str, reason: str) -> bool:
        return any(f"upstream {upstream}:" in line and line.endswith(f"(gRPC health of cart), the last by {reason}")
                   for line in weir.stderr().splitlines())

    for service, upstream in (("t.Plain", "plain"), ("t.Secured", "secured")):
        both = {b"one", b"two"}
        until(lambda: who_answers(service) == both, f"both servers to be used {upstream}", story=weir.stderr)
        two.status = NOT_SERVING
        until(lambda: who_answers(service) == {b"one"}, "the server that does not serve to be left out")
        until(lambda: told(upstream, "not_serving"), "the reason in the log", story=weir.stderr)
        two.status = SERVING
        until(lambda: who_answers(service) == both, "the server that serves again to be used")
        two.status = None
        until(lambda: who_answers(service) == {b"one"}, "the server without a health service to be left out")
        until(lambda: told(upstream, "unimplemented"), "the reason in the log", story=weir.stderr)
        two.status = SERVING
    stand.note("left out when it said NOT_SERVING and when it knew no health service, used again in between")
