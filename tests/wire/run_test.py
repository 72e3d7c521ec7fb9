#!/usr/bin/env python3
"""Does the runner fail where it must? Right and wrong pages, played against fake_weir.py.

A test suite that cannot fail shows nothing. Each test plays a page that is right, then the same
page with one thing wrong, and looks for the report that names the line and both sides.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

from stage import fastcgi
from stage.wire import Failure

HERE = pathlib.Path(__file__).resolve().parent
RUN = [sys.executable, HERE / "run.py", "--weir", HERE / "fake_weir.py"]
RIGHT = """\
# A page that is right.
client
  request POST /a "body"
    X-Test: one
origin
  receive exactly POST /a "body"
    content-length: 4
    x-test: one
  respond 201 "made"
    Location: /a/1
client
  expect 201 "made"
    location: ~ /a/[0-9]+
    - connection
"""


def play(text: str, fault: str = "", timeout: str = "2") -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "page.wire").write_text(text, encoding="utf-8")
        return subprocess.run(
            [*RUN, "--pages-in", folder, "--timeout", timeout],
            env=os.environ | {"FAKE_WEIR_FAULT": fault}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class RunnerTest(unittest.TestCase):
    def passes(self, text: str) -> None:
        done = play(text, timeout="10")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("1 passed, 0 failed", done.stdout)

    def fails(self, text: str, *saying: str, fault: str = "") -> None:
        done = play(text, fault)
        self.assertEqual(done.returncode, 1, done.stdout)
        for each in saying:
            self.assertIn(each, done.stdout)

    def test_right_page_passes(self) -> None:
        self.passes(RIGHT)

    def test_wrong_status(self) -> None:
        page = RIGHT.replace("expect 201", "expect 200")
        self.fails(page, "page.wire:12: expected a 200 response", '"HTTP/1.1 201 Created\\r\\n"')

    def test_wrong_body_at_client(self) -> None:
        self.fails(RIGHT.replace('expect 201 "made"', 'expect 201 "mode"'), ":12: expected the body", '"made"')

    def test_wrong_body_at_origin(self) -> None:
        self.fails(RIGHT.replace('POST /a "body"\n    content', 'POST /a "bode"\n    content'), ":6: expected the body")

    def test_wrong_request_line(self) -> None:
        page = RIGHT.replace("receive exactly POST /a", "receive exactly POST /b")
        self.fails(page, "expected the request line POST /b HTTP/1.1")

    def test_wrong_field_value(self) -> None:
        self.fails(RIGHT.replace("location: ~ /a/[0-9]+", "location: /b"), "expected location: /b")

    def test_field_that_should_be_absent(self) -> None:
        self.fails(RIGHT.replace("- connection", "- location"), "expected no field location")

    def test_exactly_refuses_other_fields(self) -> None:
        self.fails(RIGHT.replace("    x-test: one\n", ""), "expected no field x-test")

    def test_missing_second_value(self) -> None:
        page = RIGHT.replace("    x-test: one\n", "    x-test: one\n    x-test: two\n")
        self.fails(page, "expected x-test: one and x-test: two")

    def test_request_that_never_comes(self) -> None:
        self.fails(RIGHT + "origin\n  receive GET /never\n", "expected the request GET /never", "nothing more")

    def test_connection_that_never_comes(self) -> None:
        self.fails(RIGHT + "origin\n  accept\n", "expected a connection to origin", "came none")

    def test_connection_that_should_be_closed(self) -> None:
        self.fails(RIGHT + "  closed\n", "expected the gateway to close the connection")

    def test_reset_that_does_not_come(self) -> None:
        page = REFUSED.replace("  closed\n", "  reset\n")
        self.fails(page, "expected a reset", "an orderly close")

    def test_bytes_nobody_accounts_for(self) -> None:
        page = RIGHT.split("client\n  expect")[0] + "client\n"
        self.passes(page + "  expect 201\n")
        self.fails(page + '  bytes "HTTP/1.1 201"\n', "expected no further bytes", "Created")

    def test_connection_nobody_accounts_for(self) -> None:
        self.fails(RIGHT, "expected no further connection to origin", fault="stray")

    def test_refusal_with_reason(self) -> None:
        self.passes(REFUSED)
        self.fails(REFUSED.replace("conflicting_length", "bad_host"), "an access log line with the reason bad_host")

    def test_untouched_origin(self) -> None:
        self.fails(RIGHT + "origin\n  untouched\n", "expected origin untouched")

    def test_sanitizer_report(self) -> None:
        self.fails(RIGHT, "expected no report of a sanitizer", fault="sanitizer")

    def test_exit_code(self) -> None:
        self.fails(RIGHT, "expected weir to exit with 0", "exit 3", fault="exit")

    def test_head_that_is_not_canonical(self) -> None:
        self.fails(RIGHT, "expected a canonical field line", fault="spaces")

    def test_misspelt_step(self) -> None:
        self.fails(RIGHT.replace("respond 201", "answer 201"), "origin cannot 'answer'")

    def test_page_without_a_word(self) -> None:
        self.fails(RIGHT.split("\n", 1)[1], "opens with a comment")

    def test_nothing_ran(self) -> None:
        done = subprocess.run([*RUN, "no/such/page"], stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("0 passed, 0 failed", done.stdout)


REFUSED = """\
# A refusal.
client
  request
    POST / HTTP/1.1
    Host: a
    Content-Length: 0
    Transfer-Encoding: chunked
  expect 400 conflicting_length
  closed
origin
  untouched
"""

class FastcgiTest(unittest.TestCase):
    """Applications read what the gateway writes as strictly as origins do."""

    def read(self, *records: bytes) -> fastcgi.Asked:
        connection = types.SimpleNamespace(buffer=bytearray(b"".join(records)), asked=fastcgi.Asked())
        return fastcgi.take_records(connection)

    def begin(self, flags: int = 1) -> bytes:
        return fastcgi.record_bytes(fastcgi.BEGIN, bytes([0, 1, flags, 0, 0, 0, 0, 0]))

    def test_a_request_is_read_to_its_end(self) -> None:
        variables = b"\x01\x02Abc\x01\x80\0\0\x01De"
        asked = self.read(self.begin(), fastcgi.record_bytes(fastcgi.PARAMS, variables, padding=3),
                          fastcgi.record_bytes(fastcgi.PARAMS, b""), fastcgi.record_bytes(fastcgi.STDIN, b"hello"),
                          fastcgi.record_bytes(fastcgi.STDIN, b""))
        self.assertEqual((asked.variables, bytes(asked.content), asked.complete),
                         ({"A": b"bc", "D": b"e"}, b"hello", True))

    def test_what_is_not_whole_waits(self) -> None:
        asked = self.read(self.begin(), fastcgi.record_bytes(fastcgi.PARAMS, b"")[:-1])
        self.assertIsNone(asked.variables)

    def test_wrong_records_fail(self) -> None:
        twice = fastcgi.record_bytes(fastcgi.PARAMS, b"\x01\x01AbC".replace(b"C", b"") * 2)
        empty = fastcgi.record_bytes(fastcgi.PARAMS, b"")
        for wrong in ([self.begin(flags=0)], [self.begin(), empty, self.begin()], [self.begin(), twice, empty],
                      [self.begin(), fastcgi.record_bytes(fastcgi.STDIN, b"")],
                      [fastcgi.record_bytes(fastcgi.BEGIN, b"", version=2)],
                      [self.begin(), fastcgi.record_bytes(fastcgi.PARAMS, b"", request=2)]):
            with self.assertRaises(Failure, msg=str(wrong)):
                self.read(*wrong)

    def test_variables_are_compared(self) -> None:
        came = {"A": b"1"}
        fastcgi.compare_variables(came, ["A: 1", "A: *", "A: ~ [0-9]", "- B"])
        for wrong in ("A: 2", "B: *", "- A"):
            with self.assertRaises(Failure, msg=wrong):
                fastcgi.compare_variables(came, [wrong])


if __name__ == "__main__":
    unittest.main()
