"""Passwords from a file that htpasswd wrote, and keys that weir made, open routes; neither reaches origin or log."""

import json
import pathlib
import time

from stand.message import Head, Peer
from stand.origins import answer
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    origin = stand.origin(show_fields)
    log = stand.directory / "access.log"
    weir = stand.idle_gateway()
    folder = weir.directory
    users, keys, old = folder / "users", folder / "keys", folder / "old.csv"
    made = run([tool("htpasswd"), "-nbB", "-C", "8", "ann", "s3cret"], folder, 20).stdout.decode().strip()
    users.write_text(f"# people\n{made}\n")
    key = weir.command("api-key", "new", "partner-a", "--expires", "2099-12-31")
    secret = next(word for word in key.stderr.split() if word.startswith("weir_"))
    keys.write_text(key.stdout)
    old.write_text("/old/a,/new/a,301\n")
    for file in (users, keys):
        file.chmod(0o600)
    weir.start(f"""
access_log: {{ to: {log}, format: json }}
routes:
  - match: {{ path: /staff/* }}
    filters: [{{ basic_auth: {{ users: users, user_header: x-user }} }}]
    proxy: "http://{origin.address}"
  - match: {{ path: /api/* }}
    filters: [{{ api_key: {{ keys: keys, name_header: x-client }} }}]
    proxy: "http://{origin.address}"
  - {{ match: {{ path: /old/* }}, redirect: {{ map: old.csv }} }}
""")
    base = f"http://{weir.address}"

    def curl(*arguments: str) -> str:
        return stand.curl("-w", " %{http_code}", *arguments).stdout.decode()

    came = curl("-u", "ann:s3cret", f"{base}/staff/")
    expect(came.endswith(" 200") and "'x-user': 'ann'" in came and "authorization" not in came, f"ann: {came}")
    for wrong in ("ann:S3cret", "eve:s3cret", "ann:"):
        expect(curl("-u", wrong, f"{base}/staff/").endswith(" 401"), wrong)
    challenge = weir.get("/staff/").fields.get("www-authenticate")
    same(challenge, 'Basic realm="restricted", charset="UTF-8"', "the challenge")
    began = time.monotonic()
    credentials = stand.curl("-u", "ann:s3cret", "-o", "/dev/null", *[f"{base}/staff/{each}" for each in range(200)])
    same(credentials.returncode, 0, "200 requests")
    stand.note(f"200 requests with a password took {time.monotonic() - began:.2f} s")
    expect(time.monotonic() - began < 5, "a password that was right is remembered")

    came = curl("-H", f"x-api-key: {secret}", f"{base}/api/")
    expect(came.endswith(" 200") and "'x-client': 'partner-a'" in came and secret not in came, f"partner-a: {came}")
    expect(curl("-H", "x-api-key: weir_wrong", f"{base}/api/").endswith(" 401"), "a wrong key")

    replace(users, made.replace("ann:", "bob:"))
    replace(old, "/old/a,/newer/a,302\n")
    until(lambda: curl("-u", "bob:s3cret", f"{base}/staff/").endswith(" 200"), "a changed file of users")
    expect(curl("-u", "ann:s3cret", f"{base}/staff/").endswith(" 401"), "ann is not remembered beyond the file")
    until(lambda: weir.get("/old/a").fields.get("location") == "/newer/a", "a changed map of redirects")
    replace(old, "/old/a,//evil.example\n")
    until(lambda: weir.get("/old/a").status == 302 and "has mistakes" in weir.stderr(), "complaints about a map")
    same(weir.get("/old/a").fields.get("location"), "/newer/a", "and changes nothing")
    check = weir.command("check", str(weir.configuration))
    expect(check.returncode == 1 and "old.csv:1:1" in check.stderr, f"check: {check.stderr}")

    until(lambda: log.exists() and "basic_auth:allowed" in log.read_text(), "lines in the log")
    text = log.read_text()
    expect(secret not in text and "s3cret" not in text, "no secret stands in the log")
    reasons = {json.loads(line).get("reason") for line in text.splitlines()}
    expect({"credentials_missing", "credentials_refused"} <= reasons, f"reasons: {reasons}")


def show_fields(peer: Peer, head: Head) -> None:
    answer(peer, repr(head.fields).encode())


def replace(file: pathlib.Path, text: str) -> None:
    """As careful people do: beside it, then in its place."""
    beside = file.with_suffix(".next")
    beside.write_text(text)
    beside.chmod(0o600)
    beside.replace(file)
