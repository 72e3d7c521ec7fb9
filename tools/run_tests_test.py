"""Shows what a command line of ./dev test means, and that a part which is missing does not go unseen."""

import pathlib
import unittest

import run_tests
from run_tests import plan
from verdict import Step


class Planning(unittest.TestCase):
    fuzzers = [pathlib.Path("src/http/uri_fuzz.cc")]

    def test_a_missing_part_is_an_obstacle(self):
        self.assertIn("weir", run_tests.obstacle(Step("x", (), "dev", ("weir",)), {"dev": set()}))
        self.assertIn("gone.py", run_tests.obstacle(Step("x", (), script="gone.py"), {}))
        self.assertEqual("", run_tests.obstacle(Step("x", (), "dev", ("weir",)), {"dev": {"weir"}}))

    def names(self, kinds: list[str], sanitizer: str = "", ci: bool = False) -> list[str]:
        return [step.name for step in plan(kinds, sanitizer, ci, ["tools"], self.fuzzers)]

    def test_without_kinds_all_run(self):
        every = ["tools tools", "unit", "sim", "sim mutants", "wire", "system", "fuzz uri", "package", "commands"]
        self.assertEqual(every, self.names([]))
        self.assertEqual(every + ["unit asan", "sim asan", "wire asan"], self.names([], ci=True))

    def test_sanitizers_run_what_they_fit(self):
        self.assertEqual(["unit tsan", "sim tsan", "wire tsan"], self.names([], "tsan"))
        self.assertEqual(["wire asan"], self.names(["wire"], "asan", ci=True))

    def test_no_fuzz_target_at_all_is_a_failure_and_the_corpus_is_beside_the_source(self):
        self.assertEqual(("fuzz targets",), plan(["fuzz"], "", False, [], [])[0].targets)
        self.assertEqual("src/http/uri_fuzz_corpus", plan(["fuzz"], "", False, [], self.fuzzers)[0].command[-1])

    def test_what_follows_two_hyphens_goes_to_the_runner(self):
        options, extra = run_tests.parse(["unit", "--", "--gtest_filter=Pool.*"])
        self.assertEqual((["unit"], ["--gtest_filter=Pool.*"]), (options.kinds, extra))


if __name__ == "__main__":
    unittest.main()
