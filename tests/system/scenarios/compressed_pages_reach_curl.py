"""curl --compressed gets nginx' files whole in each coding, tags and ranges hold, and gzip uploads arrive plain."""

import gzip
import hashlib
import http.client

from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same

CODINGS = ("gzip", "br", "zstd")
CONFIGURATION = """routes:
  - match: {{ path: /upload }}
    filters: [{{ decompress: {{ bytes: 4MiB, ratio: 200 }} }}]
    proxy: 'http://{uploads}'
  - filters: [compress]
    proxy: 'http://{pages}'
"""


def play(stand: Stand) -> None:
    nginx = stand.nginx()
    text = "".join(f"<li>number {number * 7919 % 1013}, and what is said of it</li>\n" for number in range(40_000))
    (nginx.root / "page.html").write_text(text)
    (nginx.root / "small.html").write_text("small")
    origin = stand.origin(say_what_came)
    weir = stand.gateway(CONFIGURATION.format(pages=nginx.address, uploads=origin.address))
    for coding in CODINGS:
        fetch(stand, weir.address, coding, text.encode())
    plain = stand.curl("-i", f"http://{weir.address}/page.html").stdout
    expect(plain.endswith(text.encode()) and b"content-encoding" not in plain, "without --compressed nothing is coded")
    same(stand.curl("--compressed", f"http://{weir.address}/small.html").stdout, b"small", "a small file")
    part = stand.curl("--compressed", "-r", "10-19", "-w", "%{stderr}%{http_code}", f"http://{weir.address}/page.html")
    same((part.stdout, part.stderr), (text[10:20].encode(), b"206"), "a range is a range of the plain file")
    upload(weir.address)


def fetch(stand: Stand, address: str, coding: str, text: bytes) -> None:
    url = f"http://{address}/page.html"
    got = stand.curl("--compressed", "-H", f"accept-encoding: {coding}", "-D", "head", "-w",
                     "%{stderr}%{size_download}", url)
    same(hashlib.sha256(got.stdout).hexdigest(), hashlib.sha256(text).hexdigest(), f"the page through {coding}")
    head = (stand.directory / "head").read_text().lower()
    says = f"content-encoding: {coding}" in head and "vary: accept-encoding" in head
    expect(says, f"{coding} says what it is: {head}")
    size = int(got.stderr)
    expect(size < len(text) / 3, f"{coding} is smaller: {size} of {len(text)} bytes")
    stand.note(f"{coding} {size / len(text):.1%}")
    tag = next(line.split(": ", 1)[1] for line in head.splitlines() if line.startswith("etag: "))
    expect(tag.endswith(f'-{coding}"'), f"the tag names the coding: {tag}")
    again = stand.curl("-H", f"accept-encoding: {coding}", "-H", f"if-none-match: {tag}", "-o", "nothing", "-w",
                       "%{http_code} %header{etag}", url)
    same(again.stdout.decode(), f"304 {tag}", f"the tag of {coding} is confirmed")


def upload(address: str) -> None:
    body = b"".join(b"%d squared is %d\n" % (number, number * number) for number in range(40_000))
    same(post(address, gzip.compress(body, mtime=0)), (200, hashlib.sha256(body).hexdigest()), "a gzip upload")
    twice = gzip.compress(body[:9], mtime=0) + gzip.compress(body[9:], mtime=0)
    same(post(address, twice), (200, hashlib.sha256(body).hexdigest()), "a gzip upload of two members")
    for name, sent, status, reason in (
        ("a bomb", gzip.compress(bytes(64 * MEBIBYTE), mtime=0), 413, "body_expands_too_much"),
        ("what is too large", gzip.compress(bytes(range(256)) * 40_000, 1, mtime=0), 413, "body_"),
        ("what is cut", gzip.compress(body, mtime=0)[:-5], 400, "bad_content_coding"),
        ("no gzip", b"not gzip", 400, "bad_content_coding"),
    ):
        came, said = post(address, sent)
        expect(came == status and reason in said, f"{name} is refused with {status} {reason}: {came} {said}")
    came, said = post(address, b"x", "deflate")
    expect(came == 415 and "unsupported_content_coding" in said, f"deflate is refused: {came} {said}")


def post(address: str, body: bytes, coding: str = "gzip") -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("POST", "/upload", body, {"content-encoding": coding})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def say_what_came(peer: Peer, head: Head) -> None:
    digest = hashlib.sha256()
    for piece in peer.body(head):
        digest.update(piece)
    answer(peer, digest.hexdigest().encode())
