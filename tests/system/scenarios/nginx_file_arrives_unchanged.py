"""A file served by nginx arrives byte for byte: whole, in ranges, conditionally, and its head alone (curl, sha256)."""

import hashlib
import random

from stand.stand import MEBIBYTE, Stand
from stand.waiting import same


def play(stand: Stand) -> None:
    nginx = stand.nginx()
    content = random.Random(1).randbytes(8 * MEBIBYTE + 12345)
    (nginx.root / "file").write_bytes(content)
    (nginx.root / "empty").write_bytes(b"")
    weir = stand.gateway(f"routes: [{{ proxy: 'http://{nginx.address}' }}]")
    url = f"http://{weir.address}/file"

    whole = stand.curl(url).stdout
    same(hashlib.sha256(whole).hexdigest(), hashlib.sha256(content).hexdigest(), "sha256 of the whole file")
    for first, last in ((0, 0), (1000, 99_999), (len(content) - 7, len(content) - 1)):
        part = stand.curl("-r", f"{first}-{last}", "-w", "%{stderr}%{http_code}", url)
        same(part.stderr, b"206", f"status of the range {first}-{last}")
        same(part.stdout == content[first:last + 1], True, f"the bytes of the range {first}-{last} are the file's")
    beyond = stand.curl("-r", f"{len(content)}-", "-o", "beyond", "-w", "%{http_code}", url)
    same(beyond.stdout, b"416", "status of a range beyond the end")

    with weir.client() as client:  # all on one connection: no answer may leave a byte behind
        head = client.ask("/file", "HEAD")
        same((head.status, head.fields["content-length"]), (200, str(len(content))), "HEAD")
        fields = f"If-None-Match: {head.fields['etag']}\r\n"
        same(client.ask("/file", fields=fields).status, 304, "status when the tag still matches")
        same(client.ask("/empty").body, b"", "an empty file")
        same(client.ask("/none").status, 404, "status of a file that is not there")
        same(client.ask("/file").body == content, True, "the last answer is the whole file")
