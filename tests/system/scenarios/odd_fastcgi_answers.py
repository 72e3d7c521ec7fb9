"""What a FastCGI application may get wrong, each with its reason; what it may do, and how its connections are kept."""

from stand.fastcgi import END, STDERR, STDOUT, Application, Asked, answer, end, record
from stand.gateway import Gateway
from stand.message import Cut, Peer
from stand.stand import Stand
from stand.waiting import same

OK = b"Content-Type: text/plain\r\n\r\nfine"
HEAD = b"Content-Type: text/plain\r\n\r\n"

# Path: what is sent instead of an answer; the status and reason that the client gets.
REFUSED = {
    "/http": (b"HTTP/1.1 200 OK\r\n\r\n", 502, "bad_record"),
    "/version": (record(STDOUT, OK, version=2), 502, "bad_record"),
    "/other-request": (record(STDOUT, OK, request=2), 502, "bad_record"),
    "/management": (record(10, b"x"), 502, "bad_record"),
    "/end-of-seven-bytes": (record(END, b"1234567"), 502, "bad_record"),
    "/no-head": (end(), 502, "missing_response_head"),
    "/exit-code-only": (record(STDERR, b"broken") + end(1), 502, "missing_response_head"),
    "/empty-head": (answer(b"\r\nbody"), 502, "missing_response_head"),
    "/half-head": (record(STDOUT, b"Content-Type: te") + end(), 502, "missing_response_head"),
    "/status-line": (answer(b"HTTP/1.1 200 OK\r\n\r\n"), 502, "bad_field_name"),
    "/status": (answer(b"Status: fine\r\n\r\n"), 502, "malformed_status_line"),
    "/interim": (answer(b"Status: 100 Continue\r\n\r\n"), 502, "malformed_status_line"),
    "/coding": (answer(b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 502, "unsupported_transfer_coding"),
    "/lengths": (answer(b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), 502, "repeated_length"),
    "/fold": (answer(b"A: b\r\n c\r\n\r\n"), 502, "obs_fold"),
    "/split-response": (answer(b"A: b\rSet-Cookie: c\r\n\r\n"), 502, "bare_carriage_return"),
    "/large-head": (answer(b"A: " + b"x" * 200_000 + b"\r\n\r\n"), 502, "head_too_large"),
    "/overloaded": (end(0, 2), 503, "upstream_overloaded"),
    "/no-role": (end(0, 3), 502, "bad_record"),
    "/close": (b"", 502, "peer_closed"),
    "/close-in-head": (record(STDOUT, b"Content-Type: te"), 502, "body_cut_short"),
    "/never": (None, 504, "first_byte_timeout"),
}

# Path: an answer, and what of it the client gets.
ACCEPTED = {
    "/fine": (answer(OK), 200, b"fine"),
    "/padded": (record(STDOUT, OK, padding=7) + record(STDOUT, b"", padding=255) + end(), 200, b"fine"),
    "/byte-by-byte": (b"".join(record(STDOUT, bytes([byte])) for byte in OK) + end(), 200, b"fine"),
    "/errors-between": (record(STDERR, b"a") + record(STDOUT, OK[:9]) + record(STDERR, b"b") + record(STDOUT, OK[9:])
                        + end(), 200, b"fine"),
    "/line-feeds": (answer(b"Status: 202\nContent-Type: text/plain\n\nfine"), 202, b"fine"),
    "/location": (answer(b"Location: /x\r\n\r\n"), 302, b""),
    "/length": (answer(b"Content-Length: 4\r\n\r\nfine"), 200, b"fine"),
    "/more-than-its-length": (answer(b"Content-Length: 4\r\n\r\nfine and more"), 200, b"fine"),
    "/no-content": (answer(b"Status: 204\r\n\r\n"), 204, b""),
    "/large": (answer(HEAD + b"z" * 3_000_000), 200, b"z" * 3_000_000),
    "/exit-code": (record(STDOUT, OK) + end(255), 200, b"fine"),
}

# Path: answers that are cut behind their head, and how the client sees that the end is missing.
CUT = {
    "/cut": record(STDOUT, OK),
    "/cut-in-record": record(STDOUT, OK)[:-2],
    "/cut-length": record(STDOUT, b"Content-Length: 9\r\n\r\nfine"),
    "/less-than-its-length": answer(b"Content-Length: 9\r\n\r\nfine"),
    "/bad-record-behind": record(STDOUT, OK) + record(10, b"x"),
    "/output-behind-its-end": record(STDOUT, OK) + record(STDOUT) + record(STDOUT, b"x"),
}


class Script:
    def __init__(self) -> None:
        self.last = Asked()
        self.asked = 0

    def __call__(self, peer: Peer, asked: Asked) -> bool:
        self.last = asked
        self.asked += 1
        path = asked.params["PATH_INFO"]
        if path in REFUSED:
            sent = REFUSED[path][0]
            if sent is None:
                peer.receive()  # until the gateway has had enough
                return False
            peer.send(sent)
            return not path.startswith("/close")
        if path in CUT:
            peer.send(CUT[path])
            return False
        peer.send(ACCEPTED[path][0])
        return True


def play(stand: Stand) -> None:
    script = Script()
    application = stand.application(script)
    weir = stand.gateway(f"""
upstreams:
  app:
    protocol: fastcgi
    endpoints: [{application.address}]
    connections: {{ idle_max: 8 }}
    timeouts: {{ first_byte: 500ms }}
routes: [{{ fastcgi: app }}]
""")
    for path, (_, status, reason) in REFUSED.items():
        came = weir.get(path)
        same((came.status, f"reason: {reason}" in came.text()), (status, True), f"{path} ({came.text()})")
    for path, (_, status, body) in ACCEPTED.items():
        came = weir.get(path)
        same((came.status, came.body == body), (status, True), path)
    for path in CUT:
        same(is_cut(weir, path), True, f"{path} arrives as cut short")
    keeps_what_ended_well(weir, application)
    is_asked_well(weir, script)


def is_cut(weir: Gateway, path: str) -> bool:
    with weir.client() as client:
        client.request(path)
        try:
            client.response()
        except (Cut, OSError):
            return True
    return False


def keeps_what_ended_well(weir: Gateway, application: Application) -> None:
    weir.get("/fine")
    before = application.accepted
    for path in ("/fine", "/padded", "/errors-between", "/large", "/exit-code", "/fine"):
        weir.get(path)
    same(application.accepted, before, "one connection carries them all")
    for path in ("/no-head", "/more-than-its-length", "/status"):
        weir.get(path)
        known = application.accepted
        same(weir.get("/fine").status, 200, f"a request behind {path}")
        same(application.accepted, known + 1, f"a fresh connection behind {path}")


def is_asked_well(weir: Gateway, script: Script) -> None:
    script.asked = 0
    came = weir.client().ask("/fine", "POST", "X-Long: " + "y" * 9000 + "\r\n", b"q" * 200_000)
    same((came.status, script.asked), (200, 1), "a POST is asked once")
    last = script.last
    same((last.keep, last.repeated, last.content == b"q" * 200_000), (True, [], True), "FCGI_KEEP_CONN, content")
    same((last.params["CONTENT_LENGTH"], last.params["HTTP_X_LONG"]), ("200000", "y" * 9000), "variables")
    same(last.params.get("SCRIPT_NAME"), "", "an application without scripts")
