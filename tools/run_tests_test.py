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

    def test_in_ci_what_fits_a_sanitizer_runs_under_it_and_nothing_needs_another_build_of_the_same(self):
        sanitized = ["unit asan", "sim asan", "sim mutants asan", "wire asan"]
        self.assertEqual(["tools tools", *sanitized, "system", "fuzz uri", "package", "commands"],
                         self.names([], ci=True))
        presets = {step.preset for step in plan([], "", True, ["tools"], self.fuzzers)}
        self.assertEqual({"", "asan", "release"}, presets)
        self.assertEqual(["unit"], self.names(["unit"], ci=True))

    def test_sanitizers_run_what_they_fit(self):
        self.assertEqual(["unit tsan", "sim tsan", "sim mutants tsan", "wire tsan"], self.names([], "tsan"))
        self.assertEqual(["wire asan"], self.names(["wire"], "asan", ci=True))

    def test_no_fuzz_target_at_all_is_a_failure_and_the_corpus_is_beside_the_source(self):
        self.assertEqual(("fuzz targets",), plan(["fuzz"], "", False, [], [])[0].targets)
        self.assertEqual("src/http/uri_fuzz_corpus", plan(["fuzz"], "", False, [], self.fuzzers)[0].command[-1])

    def test_what_follows_two_hyphens_goes_to_the_runner(self):
        options, extra = run_tests.parse(["unit", "--", "--gtest_filter=Pool.*"])
        self.assertEqual((["unit"], ["--gtest_filter=Pool.*"]), (options.kinds, extra))


if __name__ == "__main__":
    unittest.main()
