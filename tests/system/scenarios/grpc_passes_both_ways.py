"""Real clients and a real server of gRPC: unary and streams both ways, deadlines, errors of either, TLS, gRPC-Web."""

import base64
import struct
import threading

from stand.grpcio import BOTH_WAYS, grpc_of_debian, serve_both_ways
from stand.stand import MEBIBYTE, Stand
from stand.waiting import STEP_SECONDS, expect, same

CONFIGURATION = BOTH_WAYS + """\
  dead: {{ endpoints: ["127.0.0.1:1"], protocol: h2c }}
routes:
  - {{ match: {{ path: /t.Dead/* }}, proxy: dead }}
  - {{ match: {{ path: /t.T/* }}, listeners: [web], filters: [grpc_web], proxy: plain }}
  - {{ match: {{ path: /t.T/* }}, listeners: [tls], proxy: secured }}
"""


class Service:
    """What the server does. `given_up` is set when a call that hangs is taken back."""

    def __init__(self, grpc):
        self.grpc = grpc
        self.given_up = threading.Event()
        self.time_left = 0.0

    def handlers(self):
        grpc = self.grpc
        return grpc.method_handlers_generic_handler("t.T", {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Join": grpc.stream_unary_rpc_method_handler(lambda pieces, context: b"".join(pieces)),
            "Split": grpc.unary_stream_rpc_method_handler(self.split),
            "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Hang": grpc.unary_unary_rpc_method_handler(self.hang),
        })

    def echo(self, request, context):
        context.set_trailing_metadata((("x-said", dict(context.invocation_metadata()).get("x-say", "")),))
        return request

    def split(self, request, context):
        for byte in request:
            yield bytes([byte])

    def talk(self, requests, context):
        for request in requests:
            yield request.upper()

    def fail(self, request, context):
        context.abort(self.grpc.StatusCode.FAILED_PRECONDITION, "not on Sundays: 100% ü")

    def hang(self, request, context):
        self.time_left = context.time_remaining()
        context.add_callback(self.given_up.set)
        self.given_up.wait(STEP_SECONDS)
        return b""


def play(stand: Stand) -> None:
    grpc = grpc_of_debian()
    service = Service(grpc)
    weir, channels = serve_both_ways(stand, service.handlers(), CONFIGURATION,
                                     [("grpc.max_receive_message_length", 8 * MEBIBYTE)])
    for name, channel in channels.items():
        call(channel, name)
        fail(grpc, channel, name)
    deadline(grpc, channels["in the clear"], service)
    web(stand, weir.address)


def call(channel, name: str) -> None:
    answer, told = channel.unary_unary("/t.T/Echo").with_call(b"hello", timeout=STEP_SECONDS,
                                                              metadata=(("x-say", "to the end"),))
    same((answer, dict(told.trailing_metadata())["x-said"]), (b"hello", "to the end"), f"a call {name}")
    large = bytes(range(256)) * 16_384
    same(channel.unary_unary("/t.T/Echo")(large, timeout=STEP_SECONDS) == large, True, f"4 MiB both ways {name}")
    joined = channel.stream_unary("/t.T/Join")(iter([b"a", b"b", b"c"]), timeout=STEP_SECONDS)
    same(joined, b"abc", f"a stream up {name}")
    same(list(channel.unary_stream("/t.T/Split")(b"abc", timeout=STEP_SECONDS)), [b"a", b"b", b"c"],
         f"a stream down {name}")
    said = threading.Semaphore(0)

    def words():
        for word in (b"one", b"two", b"three"):
            yield word
            said.acquire(timeout=STEP_SECONDS)  # the answer to it has come: nothing on the way waited for more
    answers = []
    for answer in channel.stream_stream("/t.T/Talk")(words(), timeout=STEP_SECONDS):
        answers.append(answer)
        said.release()
    same(answers, [b"ONE", b"TWO", b"THREE"], f"a conversation {name}")


def fail(grpc, channel, name: str) -> None:
    for method, code, words in (("/t.T/Fail", grpc.StatusCode.FAILED_PRECONDITION, "not on Sundays: 100% ü"),
                                ("/t.T/None", grpc.StatusCode.UNIMPLEMENTED, "Method not found!"),
                                ("/t.Nobody/Call", grpc.StatusCode.UNIMPLEMENTED, "(no_route)"),
                                ("/t.Dead/Call", grpc.StatusCode.UNAVAILABLE, "(connect_refused)")):
        try:
            channel.unary_unary(method)(b"", timeout=STEP_SECONDS)
        except grpc.RpcError as error:
            same(error.code(), code, f"what {method} fails with {name}")
            expect(words in error.details(), f"{method} {name}: {error.details()}")
        else:
            expect(False, f"{method} {name} fails")


def deadline(grpc, channel, service: Service) -> None:
    try:
        channel.unary_unary("/t.T/Hang")(b"", timeout=0.5)
    except grpc.RpcError as error:
        same(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED, "what a call that hangs fails with")
    expect(service.given_up.wait(STEP_SECONDS), "the server hears that nobody waits any more")
    expect(0 < service.time_left < 0.51, f"the server was told how much time is left: {service.time_left}")


def web(stand: Stand, address: str) -> None:
    """As a page would: one message up, messages and a frame of trailers down."""
    message = struct.pack(">BI", 0, 3) + b"abc"
    body = stand.directory / "message"
    for form, encode, decode in (("", bytes, bytes), ("-text", base64.b64encode, decoded_pieces)):
        body.write_bytes(encode(message))
        done = stand.curl("-H", f"content-type: application/grpc-web{form}+proto", "--data-binary", f"@{body}", "-w",
                          "%{stderr}%{http_code} %{content_type}", f"http://{address}/t.T/Split")
        same(done.stderr.decode(), f"200 application/grpc-web{form}+proto", f"the answer to a page{form}")
        frames = frames_of(decode(done.stdout))
        same(frames[:-1], [(0, b"a"), (0, b"b"), (0, b"c")], f"messages to a page{form}")
        same(frames[-1][0], 0x80, "the last frame is of trailers")
        expect(b"grpc-status:0\r\n" in frames[-1][1], f"{frames[-1]}")


def decoded_pieces(text: bytes) -> bytes:
    """Groups of four; padding may stand behind any."""
    return b"".join(base64.b64decode(text[at:at + 4]) for at in range(0, len(text), 4))


def frames_of(content: bytes) -> list[tuple[int, bytes]]:
    frames = []
    while content:
        flag, size = struct.unpack(">BI", content[:5])
        frames.append((flag, content[5:5 + size]))
        content = content[5 + size:]
    return frames
