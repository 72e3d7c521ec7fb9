#!/usr/bin/env python3
"""Does the runner of the system tests fail where it must, and leave no process behind?"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import run as runner

HERE = pathlib.Path(__file__).resolve().parent


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(HERE / "run.py"), *arguments]
    at_a_desk = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=at_a_desk)


class RunTest(unittest.TestCase):
    def pretend(self, script: str) -> str:
        """A binary that is not weir."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "weir"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return str(path)

    def test_a_binary_that_is_missing_fails_every_scenario(self):
        done = run("--weir", "/nowhere/weir")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout.splitlines()[-1], r"^0 passed, [1-9]\d* failed$")

    def test_a_binary_that_ends_at_once_fails_and_its_words_are_shown(self):
        done = run("--weir", self.pretend("echo no such luck >&2; exit 7\n"), "systemd_is_told")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "0 passed, 1 failed"))
        self.assertIn("no such luck", done.stdout)
        self.assertRegex(done.stdout, r"\nfailed: systemd_is_told\n  \S")  # with its reason, where a reader looks first

    def test_no_process_outlives_the_runner(self):
        with tempfile.NamedTemporaryFile() as pid_file:
            weir = self.pretend(f"echo $$ > {pid_file.name}; echo ready >&2; exec sleep 600\n")
            done = run("--weir", weir, "systemd_is_told")
            self.assertEqual(done.returncode, 1)
            pid = int(pathlib.Path(pid_file.name).read_text())
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    def test_what_failed_passes_only_if_it_passes_each_further_play(self):
        plays = [(2, ["", ""], True), (2, ["", "late"], False), (2, ["late"], False), (0, [], False)]
        for again, failures, passes in plays:
            with unittest.mock.patch.object(runner, "play", side_effect=failures) as play:
                self.assertEqual(runner.passes_again("tail", argparse.Namespace(again=again)), passes)
                self.assertEqual(play.call_count, len(failures))

    def test_a_fault_that_stays_fails_however_often_it_is_played(self):
        done = run("--weir", self.pretend("exit 7\n"), "--again", "2", "systemd_is_told")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "0 passed, 1 failed"))
        self.assertEqual(done.stdout.count("FAILED systemd_is_told"), 2)  # the second play decides

    def test_a_name_that_fits_no_scenario_is_no_success(self):
        self.assertEqual(run("--weir", "/bin/true", "no_such_scenario").returncode, 1)

    def test_the_list_says_what_each_scenario_shows(self):
        lines = run("--list").stdout.splitlines()
        self.assertEqual(len(lines), 2 * len(list((HERE / "scenarios").glob("[a-z]*.py"))))
        self.assertTrue(all(line.startswith("    ") and len(line) > 40 for line in lines[1::2]))


if __name__ == "__main__":
    unittest.main()
