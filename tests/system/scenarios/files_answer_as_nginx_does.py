"""Over 300 requests for files get the same answers from Weir and from nginx, but for differences that are explained.

Compared are the status, the content (a multipart one by its parts), and the fields that say what was sent. The requests
are in comparison/cases.py, the differences in comparison/differences.py.
"""

from __future__ import annotations

import gzip
import os
import pathlib
import random
import re
import time
import urllib.parse

from comparison.cases import Case, all_cases
from comparison.differences import EXPLAINED, Difference
from stand.message import Client, Cut, Response
from stand.stand import Stand
from stand.waiting import Failure, expect, until

CASES_MIN = 300
PAGES = [404, 405, 410, 412, 416]
OLD = 1_700_000_000  # 2023: whatever has this time does not change while we look
FIELDS = ["content-type", "content-length", "content-range", "content-encoding", "accept-ranges", "last-modified",
          "location",
          "vary", "cache-control", "allow"]

WEIR = """
routes:
  - match: {{ path: /try/* }}
    files: {{ root: {root}, try: [$path, $path/, /try/index.html] }}
  - match: {{ path: /gz/* }}
    files: {{ root: {root}, precompressed: [gzip] }}
  - match: {{ path: /live/* }}
    filters: [{{ compress: {{ encodings: [gzip], minimum: 256B }} }}]
    files: {{ root: {root} }}
  - match: {{ path: /all/* }}
    filters: [{{ compress: {{ minimum: 256B }} }}]
    files: {{ root: {root} }}
  - match: {{ path: /fixed/* }}
    filters: [{{ compress: {{ encodings: [gzip], minimum: 256B }} }}]
    files: {{ root: {root}, cache_control: no-transform }}
  - match: {{ path: /errors/* }}
    filters: [{{ error_pages: {{ pages: {pages} }} }}]
    files: {{ root: {root} }}
  - match: {{ path: /gone/* }}
    filters: [{{ error_pages: {{ pages: {pages} }} }}]
    respond: 410
  - match: {{ path: /list/* }}
    files: {{ root: {root}, listing: true }}
  - files: {{ root: {root} }}
"""

NGINX = """
    types {
        text/html html; text/css css; text/javascript js; application/json json; text/plain txt; application/gzip gz;
        image/png png;
    }
    charset utf-8;
    charset_types text/html text/css text/javascript text/plain;
    location / { index index.html; }
    location /try/ { try_files $uri $uri/ /try/index.html; }
    location /gz/ { gzip_static on; gzip_vary on; gzip_http_version 1.0; gzip_proxied any; }
    location /list/ { autoindex on; }
    gzip_types text/css text/javascript application/json text/plain;
    gzip_min_length 256;
    gzip_vary on;
    gzip_proxied any;
    gzip_http_version 1.0;
    location /live/ { gzip on; }
    location /all/ { gzip on; }
    location /fixed/ { gzip on; add_header Cache-Control no-transform; }
    location /errors/ { %s }
    location /gone/ { %s return 410; }
"""


def play(stand: Stand) -> None:
    pages = " ".join(f"error_page {status} /pages/{status}.html;" for status in PAGES)
    nginx = stand.nginx(NGINX % (pages, pages))
    build_tree(nginx.root)
    ours = ", ".join(f"{{ status: {status}, file: {nginx.root}/pages/{status}.html }}" for status in PAGES)
    weir = stand.gateway(WEIR.format(root=nginx.root, pages=f"[{ours}]"))
    written = time.monotonic()
    until(lambda: time.monotonic() - written > 2.5, "the files to settle: until then a large one has no entity-tag")
    cases = all_cases()
    expect(len(cases) >= CASES_MIN, f"{len(cases)} cases; {CASES_MIN} were promised")
    used: set[Difference] = set()
    unexplained = []
    for case in cases:
        ours, theirs = answer(weir.address, case), answer(nginx.address, case)
        for aspect, one, other in differences(ours, theirs, case, weir.address, nginx.address):
            row = next((row for row in EXPLAINED if row.explains(case, aspect, one, other)), None)
            if row is None:
                unexplained.append(f"{case.name()}\n      {aspect}: weir {one!r:.100}, nginx {other!r:.100}")
            else:
                used.add(row)
    idle = [f"{row.case}, {row.aspect}" for row in EXPLAINED if row not in used]
    stand.note(f"{len(cases)} requests, {len(EXPLAINED)} kinds of difference explained")
    if unexplained:
        raise Failure(f"{len(unexplained)} differences without an explanation:\n    " + "\n    ".join(unexplained))
    if idle:
        raise Failure("explanations of differences that are no more:\n    " + "\n    ".join(idle))


def build_tree(root: pathlib.Path) -> None:
    def write(name: str, content: bytes) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    write("digits.txt", b"0123456789")
    write("page.html", b"<p>" + b"page " * 300 + b"</p>")
    write("large.bin", random.Random(7).randbytes(200_000))
    write("empty.txt", b"")
    write("index.html", b"<p>root</p>")
    write("indexed/index.html", b"<p>indexed</p>")
    write("indexed/.hidden", b"hidden")
    (root / "bare").mkdir()
    write("deep/er/index.html", b"deeper")
    write("with space/index.html", b"space")
    write("with space/a b.txt", b"a b")
    write("list/a.txt", b"a")
    write("try/index.html", b"<p>the application</p>")
    write("try/app.js", b"app()")
    write("try/sub/there.txt", b"there")
    script = b"function f() { return 1; }\n" * 50
    write("gz/both.js", script)
    write("gz/both.js.gz", gzip.compress(script, mtime=0))
    write("gz/plain.js", script)
    write("gz/only.css.gz", gzip.compress(b"body {}", mtime=0))
    for folder in ("live", "all", "fixed"):
        write(f"{folder}/page.html", b"<p>" + b"page " * 300 + b"</p>")
    write("live/data.json", b'{"a": [' + b"1, " * 300 + b"1]}")
    write("live/tiny.html", b"<p>tiny</p>")
    write("live/empty.html", b"")
    write("live/picture.png", random.Random(8).randbytes(5000))
    write("errors/there.txt", b"there")
    write("errors/.hidden", b"hidden")
    (root / "errors/bare").mkdir()
    for status in PAGES:
        write(f"pages/{status}.html", b"<p>our words for %d</p>" % status)
    for name in ("umlaut-\u00e4.txt", "percent%.txt", "plus+plus.txt", "a?b.txt", "a#b.txt", "a;b.txt", "a:b.txt",
                 ".hidden",
                 ".git/config", ".well-known/security.txt", "no-extension", "unknown.xyz", "style.css", "data.json",
                 "page.HTML",
                 "archive.tar.gz", "unreadable.txt"):
        write(name, name.encode())
    outside = root.parent / "outside"
    outside.write_bytes(b"outside")
    (root / "link-inside").symlink_to("digits.txt")
    (root / "link-outside").symlink_to("../outside")
    (root / "link-absolute").symlink_to(outside)
    (root / "link-directory").symlink_to("indexed")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    for path in sorted(root.rglob("*")):
        os.utime(path, (OLD, OLD), follow_symlinks=False)


def answer(address: str, case: Case) -> Response | str:
    """What came, or how the connection ended. Validators are asked for without conditions first."""
    try:
        validators = {}
        if "{" in case.fields:
            coding = next((line for line in case.fields.split("|") if line.startswith("Accept-Encoding:")), "")
            plain = ask(address, Case(case.kind, case.target, coding, case.method), {})
            etag = plain.fields.get("etag", '"none"')
            validators = {"etag": etag, "weak_etag": f"W/{etag}", "modified": plain.fields.get("last-modified", "none")}
        return ask(address, case, validators)
    except (Cut, OSError) as problem:
        return f"no answer: {problem}"


def ask(address: str, case: Case, validators: dict[str, str]) -> Response:
    with Client(address) as client:
        return client.ask(case.target, case.method, case.lines(**validators) + "Connection: close\r\n")


def differences(ours: Response | str, theirs: Response | str, case: Case,
                *addresses: str) -> list[tuple[str, object, object]]:
    if isinstance(ours, str) or isinstance(theirs, str):
        return [] if isinstance(ours, str) and isinstance(theirs, str) else [("answer", str(ours)[:60],
                str(theirs)[:60])]
    if ours.status != theirs.status:
        return [("status", ours.status, theirs.status)]
    found = []
    has_page = case.kind == "error page" and ours.status >= 400  # one of ours, on both sides
    if ours.status < 300 or has_page:
        if parts(ours) != parts(theirs):
            found.append(("body", parts(ours), parts(theirs)))
    multipart = ours.fields.get("content-type", "").startswith("multipart/")
    for name in FIELDS:
        explains = ours.status >= 300 and not has_page
        if name in ("content-type", "content-length") and (explains or multipart):
            continue  # of a page that explains an error, or with a boundary in it
        one, other = (said(response, name, address, case.target)
                      for response, address in zip((ours, theirs), addresses))
        if one != other:
            found.append((name, one, other))
    if ("etag" in ours.fields) != ("etag" in theirs.fields):
        found.append(("etag", ours.fields.get("etag"), theirs.fields.get("etag")))
    elif ours.fields.get("etag", "").startswith("W/") != theirs.fields.get("etag", "").startswith("W/"):
        found.append(("etag strength", ours.fields["etag"][:2], theirs.fields["etag"][:2]))
    return found


def said(response: Response, name: str, address: str, target: str) -> str | None:
    value = response.fields.get(name)
    if value is None:
        return None
    if name == "vary":
        return value.lower()
    if name == "location":  # as the client resolves it: absolute, absolute in its path, or relative
        here = f"http://{address}"
        return urllib.parse.urljoin(here + target, re.sub(r"^http://weir\.test(:\d+)?", here, value)).removeprefix(here)
    return value


def parts(response: Response) -> object:
    """The content, or the parts of a multipart one as (type, range, bytes)."""
    if response.fields.get("content-encoding") == "gzip" and response.status == 200 and response.body:
        return gzip.decompress(response.body)
    match = re.match(r"multipart/byteranges; *boundary=(\S+)", response.fields.get("content-type", ""))
    if match is None or not response.body:
        return response.body
    pieces = response.body.split(b"--" + match.group(1).encode())
    found = []
    for piece in pieces[1:-1]:
        head, _, content = piece.strip(b"\r\n").partition(b"\r\n\r\n") if b"\r\n\r\n" in piece else (piece, b"", b"")
        fields = {line.split(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in head.split(b"\r\n")}
        found.append((fields.get(b"content-type"), fields.get(b"content-range"), content))
    return found
