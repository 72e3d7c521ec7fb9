"""`weir tail` shows what its filters want; under load it samples; who stalls slows nobody; only so many may follow."""

import contextlib
import json
import re
import socket

from stand.processes import Child
from stand.stand import Stand
from stand.waiting import expect, same, until

YAML = """
workers: 2
routes:
  - { name: hello, match: { path: /hello }, respond: hi }
  - { name: gone, match: { path: /gone }, respond: { status: 503, body: gone } }
"""
LOAD_SECONDS = 4
FOLLOWERS = 16


def play(stand: Stand) -> None:
    weir = stand.gateway(YAML)
    filters_pick(stand, weir)
    load_is_sampled(stand, weir)
    stalled_reader_is_harmless(stand, weir)
    one_too_many_is_told(stand, weir)


def filters_pick(stand: Stand, weir) -> None:
    failed = tail(stand, weir, "failed", "--status", "5xx", "--route", "gone", "--count", "3", "--json")
    slow = tail(stand, weir, "slow", "--slower", "10s")
    # A tail is there when its first line is: the requests go on until it has ended by itself.
    until(lambda: [weir.get("/hello"), weir.get("/gone"), weir.get("/none")] and not failed.running, "three lines")
    lines = [json.loads(line) for line in failed.stdout().splitlines()]
    shown = [(line["status"], line["route"], line["target"]) for line in lines]
    same(shown, [(503, "gone", "/gone")] * 3, "what it showed")
    same(failed.exit_code(5), 0, "its exit code")
    same(slow.stdout(), "", "what took ten seconds")
    slow.kill()
    wrong = weir.command("tail", "--status", "7xx", "--admin", f"unix:{weir.admin}")
    expect(wrong.returncode == 64 and "7xx" in wrong.stderr, f"a status that there is not: {wrong.stderr}")


def load_is_sampled(stand: Stand, weir) -> None:
    everything = tail(stand, weir, "everything", "--route", "hello", "--rate", "100")
    before = weir.metric("weir_requests_total")
    wrk = stand.wrk(weir, 16, "/hello")
    until(lambda: everything.stdout().count("\n") > 100 * LOAD_SECONDS, "lines of some seconds", 30)
    wrk.stop()
    done = weir.metric("weir_requests_total") - before
    text = until(lambda: re.search(r"^# \d+ more", everything.stdout(), re.M) and everything.stdout(), "a count")
    shown = len([line for line in text.splitlines() if "GET" in line])
    skipped = sum(int(count) for count in re.findall(r"^# (\d+) more", text, re.M))
    expect(skipped > shown, f"{shown} shown, {skipped} skipped of {done:.0f} requests")
    stand.note(f"{shown} lines of {done:.0f} requests, {skipped} counted")
    everything.kill()


def stalled_reader_is_harmless(stand: Stand, weir) -> None:
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(weir.admin)
        reader.sendall(b"GET /tail?rate=100000 HTTP/1.0\r\nhost: weir\r\n\r\n")
        expect(reader.recv(15).startswith(b"HTTP/1.1 200"), "a tail that nobody will read")
        wrk = stand.wrk(weir, 16, "/hello")
        before = weir.metric("weir_requests_total")
        until(lambda: weir.metric("weir_requests_total") > before + 20_000, "requests to go on", 60)
        first = weir.resident_bytes()
        until(lambda: weir.metric("weir_requests_total") > before + 60_000, "requests to go on", 60)
        growth = weir.resident_bytes() - first
        wrk.stop()
    # The rings of stories (16 MiB) may still fill; what nobody reads must not add to that.
    expect(growth < 32 << 20, f"memory grew by {growth} bytes while nobody read")


def one_too_many_is_told(stand: Stand, weir) -> None:
    # A reader that was killed is known to be gone when the next line cannot be sent: within seconds.
    def another_follows() -> bool:
        reader = readers.enter_context(socket.socket(socket.AF_UNIX))
        reader.connect(weir.admin)
        reader.sendall(b"GET /tail HTTP/1.0\r\nhost: weir\r\n\r\n")
        return reader.recv(15).startswith(b"HTTP/1.1 200")

    with contextlib.ExitStack() as readers:
        for number in range(FOLLOWERS):
            until(another_follows, f"follower {number + 1}")
        refused = weir.command("tail", "--json", "--admin", f"unix:{weir.admin}")
        same(refused.returncode, 1, "exit code of one too many")
        expect(f"weir tail: 503 Service Unavailable: {FOLLOWERS} follow" in refused.stderr, refused.stderr)
        same(weir.ask_admin("/tail").fields.get("retry-after"), "5", "when to come again")
        same(weir.get("/hello").status, 200, "an ordinary request meanwhile")
    with contextlib.ExitStack() as readers:
        until(another_follows, "a place when the others have gone")


def tail(stand: Stand, weir, name: str, *arguments: str) -> Child:
    child = Child([weir.binary, "tail", *arguments, "--admin", f"unix:{weir.admin}"], stand.directory, f"tail-{name}")
    stand.ending.callback(child.kill)
    return child
