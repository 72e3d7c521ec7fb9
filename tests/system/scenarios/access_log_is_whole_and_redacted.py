"""Every request leaves one JSON line that parses, with status, timings and reason; secrets never reach the file."""

import json

from stand.origins import echo_path
from stand.stand import Stand
from stand.waiting import expect, same, until

SECRET = "Vm9yc2ljaHQ"


def play(stand: Stand) -> None:
    origin = stand.origin(echo_path)
    log = stand.directory / "access.log"
    yaml = f"""
access_log: {{ to: {log}, format: FORMAT }}
routes:
  - {{ name: echo, match: {{ path: /echo/* }}, proxy: "http://{origin.address}" }}
"""
    weir = stand.gateway(yaml.replace("FORMAT", "json"))
    secrets = f"Authorization: Bearer {SECRET}\r\nCookie: session={SECRET}\r\nProxy-Authorization: Basic {SECRET}\r\n" \
              f"Referer: http://a/?token={SECRET}\r\nUser-Agent: plain\r\n"
    with weir.client() as client:
        same(client.ask("/echo/one?a=b", "POST", secrets, b"hello").status, 200, "a request")
        same(client.ask(f"/echo/two?access_token={SECRET}&password={SECRET}", fields=secrets).status, 200, "another")
        client.send(b"GET /echo/three HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla \"q\" \\b\xe4\r\n\r\n")
        same(client.response().status, 200, "one with a strange user agent")
        same(client.ask("/none").status, 404, "one that no route takes")
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        same(client.response().status, 400, "one that is malformed")
    until(lambda: log.exists() and log.read_text().count("\n") >= 5, "five lines")
    text = log.read_text()
    expect(SECRET not in text, f"no secret stands in the log: {text}")
    lines = [json.loads(line) for line in text.splitlines()]
    same([(line["status"], line.get("reason")) for line in lines],
         [(200, None), (200, None), (200, None), (404, "no_route"), (400, "repeated_host")], "status and reason")
    first = lines[0]
    same((first["method"], first["route"], first["bytes_in"], first["bytes_out"]), ("POST", "echo", 5, 13), "the first")
    same(first["endpoint"], origin.address, "where it went")
    for phase in ("duration_s", "head_s", "upstream_connect_s", "first_byte_s", "response_s"):
        expect(0 <= first[phase] < 10, f"{phase} is a time: {first}")
    expect(len({line["request_id"] for line in lines}) == 5, "each has an id of its own")
    same(log.stat().st_mode & 0o007, 0, "rights of others")

    weir.write(yaml.replace("FORMAT", "combined"))
    weir.reload()
    weir.get("/echo/combined", secrets)
    until(lambda: "/echo/combined" in log.read_text(), "a line in the combined format")
    last = log.read_text().splitlines()[-1]
    expect('"GET /echo/combined HTTP/1.1" 200' in last and SECRET not in last, f"the combined format: {last}")
