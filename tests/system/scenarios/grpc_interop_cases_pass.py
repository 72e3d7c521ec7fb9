"""The interop cases of gRPC, by their names, from a real client to a real server through Weir: in the clear and over
TLS on both sides.

What each case asks for is written in gRPC's doc/interop-test-descriptions.md.
"""

import threading
import time

from stand.grpcio import BOTH_WAYS, grpc_of_debian, serve_both_ways
from stand.interop import (echo_status, get, message, output_request, output_sizes, payload, simple_request)
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, Failure, expect, same

grpc = grpc_of_debian()

SERVICE = "grpc.testing.TestService"
INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
CONFIGURATION = BOTH_WAYS + """\
routes:
  - {{ listeners: [web], proxy: plain }}
  - {{ listeners: [tls], proxy: secured }}
"""


# -- the server

def handlers():
    return grpc.method_handlers_generic_handler(SERVICE, {
        "EmptyCall": grpc.unary_unary_rpc_method_handler(lambda request, context: b""),
        "UnaryCall": grpc.unary_unary_rpc_method_handler(unary),
        "StreamingInputCall": grpc.stream_unary_rpc_method_handler(take),
        "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(give),
        "FullDuplexCall": grpc.stream_stream_rpc_method_handler(talk),
    })


def echo_metadata(context) -> None:
    said = dict(context.invocation_metadata())
    if INITIAL in said:
        context.send_initial_metadata(((INITIAL, said[INITIAL]),))
    if TRAILING in said:
        context.set_trailing_metadata(((TRAILING, said[TRAILING]),))


def fail_if_asked(request: bytes, context) -> None:
    code = get(request, 7, 1, default=0)
    if code:
        status = next(each for each in grpc.StatusCode if each.value[0] == code)
        context.abort(status, get(request, 7, 2).decode())


def unary(request: bytes, context) -> bytes:
    echo_metadata(context)
    fail_if_asked(request, context)
    return message((1, payload(get(request, 2, default=0))))


def take(requests, context) -> bytes:
    return message((1, sum(len(get(request, 1, 2)) for request in requests)))


def give(request: bytes, context):
    for size in output_sizes(request):
        yield message((1, payload(size)))


def talk(requests, context):
    echo_metadata(context)
    for request in requests:
        fail_if_asked(request, context)
        yield from give(request, context)


# -- the cases

def call(channel, kind: str, method: str):
    return getattr(channel, kind)(f"/{SERVICE}/{method}")


def fails_with(run, status, words: str | None, what: str) -> None:
    try:
        run()
    except grpc.RpcError as error:
        same(error.code(), status, f"what {what} fails with ({error.details()})")
        if words is not None:
            same(error.details(), words, f"the message of {what}")
    else:
        expect(False, f"{what} fails")


def empty_unary(channel) -> None:
    same(call(channel, "unary_unary", "EmptyCall")(b"", timeout=STEP_SECONDS), b"", "the answer")


def large_unary(channel, **options) -> None:
    request = simple_request(314_159, 271_828)
    answer = call(channel, "unary_unary", "UnaryCall")(request, timeout=STEP_SECONDS, **options)
    same(get(answer, 1, 2), bytes(314_159), "the payload")


def client_compressed_unary(channel) -> None:
    """As far as it shows above the library: the message comes through, compressed."""
    large_unary(channel, compression=grpc.Compression.Gzip)


def client_streaming(channel) -> None:
    requests = (message((1, payload(size))) for size in (27_182, 8, 1_828, 45_904))
    answer = call(channel, "stream_unary", "StreamingInputCall")(requests, timeout=STEP_SECONDS)
    same(get(answer, 1), 74_922, "the aggregated size")


def server_streaming(channel) -> None:
    sizes = [31_415, 9, 2_653, 58_979]
    answers = call(channel, "unary_stream", "StreamingOutputCall")(output_request(sizes), timeout=STEP_SECONDS)
    same([len(get(answer, 1, 2)) for answer in answers], sizes, "the sizes of payloads")


def ping_pong(channel) -> None:
    asked = [(31_415, 27_182), (9, 8), (2_653, 1_828), (58_979, 45_904)]
    answered = threading.Semaphore(1)

    def requests():
        for response_size, request_size in asked:
            answered.acquire(timeout=STEP_SECONDS)
            yield output_request([response_size], request_size)

    sizes = []
    for answer in call(channel, "stream_stream", "FullDuplexCall")(requests(), timeout=STEP_SECONDS):
        sizes.append(len(get(answer, 1, 2)))
        answered.release()
    same(sizes, [size for size, _ in asked], "the sizes of payloads")


def empty_stream(channel) -> None:
    same(list(call(channel, "stream_stream", "FullDuplexCall")(iter(()), timeout=STEP_SECONDS)), [], "the answers")


def custom_metadata(channel) -> None:
    metadata = ((INITIAL, "test_initial_metadata_value"), (TRAILING, b"\xab\xab\xab"))
    _, done = call(channel, "unary_unary", "UnaryCall").with_call(simple_request(314_159, 271_828), metadata=metadata,
                                                                  timeout=STEP_SECONDS)
    answers = call(channel, "stream_stream", "FullDuplexCall")(iter([output_request([314_159], 271_828)]),
                                                               metadata=metadata, timeout=STEP_SECONDS)
    same(len(list(answers)), 1, "answers in the stream")
    for told in (done, answers):
        same(dict(told.initial_metadata())[INITIAL], "test_initial_metadata_value", "the initial metadata")
        same(dict(told.trailing_metadata())[TRAILING], b"\xab\xab\xab", "the trailing metadata")


def status_code_and_message(channel) -> None:
    status = echo_status(2, "test status message")
    fails_with(lambda: call(channel, "unary_unary", "UnaryCall")(simple_request(status=status), timeout=STEP_SECONDS),
               grpc.StatusCode.UNKNOWN, "test status message", "UnaryCall")
    fails_with(lambda: list(call(channel, "stream_stream", "FullDuplexCall")(
        iter([output_request([], status=status)]), timeout=STEP_SECONDS)),
               grpc.StatusCode.UNKNOWN, "test status message", "FullDuplexCall")


def special_status_message(channel) -> None:
    request = simple_request(status=echo_status(2, SPECIAL))
    fails_with(lambda: call(channel, "unary_unary", "UnaryCall")(request, timeout=STEP_SECONDS),
               grpc.StatusCode.UNKNOWN, SPECIAL, "UnaryCall")


def unimplemented_method(channel) -> None:
    fails_with(lambda: call(channel, "unary_unary", "UnimplementedCall")(b"", timeout=STEP_SECONDS),
               grpc.StatusCode.UNIMPLEMENTED, None, "UnimplementedCall")


def unimplemented_service(channel) -> None:
    method = channel.unary_unary("/grpc.testing.UnimplementedService/UnimplementedCall")
    fails_with(lambda: method(b"", timeout=STEP_SECONDS), grpc.StatusCode.UNIMPLEMENTED, None, "another service")


def cancel_after_begin(channel) -> None:
    ended = threading.Event()

    def requests():
        ended.wait(STEP_SECONDS)
        yield from ()

    begun = call(channel, "stream_unary", "StreamingInputCall").future(requests(), timeout=STEP_SECONDS)
    begun.cancel()
    ended.set()
    same(begun.cancelled() and begun.code(), grpc.StatusCode.CANCELLED, "how it ended")


def cancel_after_first_response(channel) -> None:
    ended = threading.Event()

    def requests():
        yield output_request([31_415], 27_182)
        ended.wait(STEP_SECONDS)

    answers = call(channel, "stream_stream", "FullDuplexCall")(requests(), timeout=STEP_SECONDS)
    same(len(get(next(answers), 1, 2)), 31_415, "the first payload")
    answers.cancel()
    fails_with(lambda: next(answers), grpc.StatusCode.CANCELLED, None, "the rest")
    ended.set()


def timeout_on_sleeping_server(channel) -> None:
    ended = threading.Event()

    def requests():
        yield output_request([], 27_182)
        ended.wait(STEP_SECONDS)

    fails_with(lambda: list(call(channel, "stream_stream", "FullDuplexCall")(requests(), timeout=0.001)),
               grpc.StatusCode.DEADLINE_EXCEEDED, None, "a call with 1 ms")
    ended.set()


CASES = [empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, custom_metadata,
         status_code_and_message, special_status_message, unimplemented_method, unimplemented_service,
         cancel_after_begin, cancel_after_first_response, timeout_on_sleeping_server, client_compressed_unary]


def play(stand: Stand) -> None:
    _, channels = serve_both_ways(stand, handlers(), CONFIGURATION)
    for name, channel in channels.items():
        began = time.monotonic()
        for case in CASES:
            try:
                case(channel)
            except Exception as error:
                raise Failure(f"{case.__name__} {name}: {error}") from error
        stand.note(f"{len(CASES)} of {len(CASES)} cases {name} in {time.monotonic() - began:.1f} s")
