"""An upstream that refuses connections gives 502 with its reason, in the form the client accepts, and in the log."""

import json

from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    log = stand.directory / "access.log"
    weir = stand.gateway(f"""
access_log: {{ to: {log}, format: json }}
routes: [{{ proxy: "http://127.0.0.1:{free_port()}" }}]
""")
    answer = stand.curl("-D", "head", "-H", "Accept: application/problem+json", f"http://{weir.address}/").stdout
    head = (stand.directory / "head").read_text()
    expect(head.startswith("HTTP/1.1 502"), f"the status is 502: {head}")
    problem = json.loads(answer)
    same((problem["status"], problem["reason"]), (502, "connect_refused"), "the problem")
    expect(problem.get("request_id"), "the problem has a request id")
    page = weir.get("/", "Accept: text/html\r\n")
    same((page.status, page.fields["content-type"].split(";")[0]), (502, "text/html"), "the answer to a browser")
    until(lambda: log.read_text().count("\n") == 2, "two lines in the access log")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [(line["status"], line["reason"], line["origin"]) for line in lines]
    same(told, [(502, "connect_refused", "upstream")] * 2, "the access log")
    same(lines[0]["request_id"], problem["request_id"], "the request id in the log")
    expect(weir.metric("weir_upstream_connect_failures_total") >= 2, "the failures are counted")
