"""Shows that check_commands runs what is marked, compares what is shown, and fails when a command does."""

import contextlib
import io
import pathlib
import unittest

import check_commands
from check_commands import Command, commands_in, matches

STANDS_IN_FOR_WEIR = pathlib.Path("/bin/true")


class Pages(unittest.TestCase):
    def counts(self, text: str) -> tuple[int, int]:
        with contextlib.redirect_stdout(io.StringIO()):
            return check_commands.check_page("page.md", text, STANDS_IN_FOR_WEIR)

    def test_only_marked_blocks_are_commands(self):
        text = "```sh\nrm x\n```\n```sh run\ntrue\n```\n```yaml\n$ a\n```\n```console\n$ echo a\na\n$ b\n> c\n```\n"
        self.assertEqual([Command(5, "true"), Command(11, "echo a", "a"), Command(13, "b\nc", "")], commands_in(text))

    def test_dots_stand_for_anything(self):
        self.assertTrue(matches("HTTP/1.1 200 OK\n...\nhello", "HTTP/1.1 200 OK \nvia: weir\n\nhello\n"))
        self.assertFalse(matches("HTTP/1.1 200 OK\n...", "HTTP/1.1 502 Bad Gateway\n"))

    def test_a_page_is_one_session(self):
        self.assertEqual((3, 0), self.counts("```sh run\nx=1; mkdir a; cd a\n```\n```console\n$ echo $x\n1\n"
                                             "$ basename $PWD\na\n```\n"))

    def test_a_failing_command_and_all_after_it_fail(self):
        self.assertEqual((1, 2), self.counts("```console\n$ echo a\na\n$ false\n$ true\n```\n"))

    def test_other_output_than_shown_fails(self):
        self.assertEqual((0, 1), self.counts("```console\n$ echo a\nb\n```\n"))

    def test_background_commands_are_awaited_and_ended(self):
        self.assertEqual((2, 0), self.counts("```console\n$ sh -c 'sleep 0.2; echo ready; exec sleep 100' &\n"
                                             "$ kill -0 $!\n```\n"))

    def test_the_binary_is_on_the_path(self):
        self.assertEqual((1, 0), self.counts("```sh run\nweir version && build/release/weir version\n```\n"))


if __name__ == "__main__":
    unittest.main()
