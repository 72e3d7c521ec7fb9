"""Shows that the verdict counts what runners say, and that whatever did not run counts as failed."""

import unittest

import verdict
from verdict import Step, judge


class Reading(unittest.TestCase):
    def test_the_last_line_is_the_verdict(self):
        self.assertEqual((3, 1), verdict.read_verdict("9 passed, 9 failed\nwords\n3 passed, 1 failed\n\n"))
        self.assertIsNone(verdict.read_verdict("3 passed, 1 failed\nSegmentation fault\n"))
        self.assertIsNone(verdict.read_verdict(""))

    def test_the_gtest_that_took_the_process_down_counts_as_failed(self):
        output = ("[ RUN      ] Pool.a\n[       OK ] Pool.a (0 ms)\n"
                  "[ RUN      ] Pool.b\n[  FAILED  ] Pool.b (0 ms)\n"
                  "[ RUN      ] Pool.c\nnoise[       OK ] Pool.c (1 ms)\n"
                  "[ RUN      ] Pool.d\n[  SKIPPED ] Pool.d (1 ms)\n"
                  "[ RUN      ] Pool.e\nAddressSanitizer: heap-use-after-free\n")
        self.assertEqual((2, 2), verdict.read_gtest(output))

    def test_unittest_and_libfuzzer(self):
        self.assertEqual((8, 2), verdict.read_unittest("Ran 10 tests in 1s\n\nFAILED (failures=1, errors=1)\n"))
        self.assertEqual((1, 0), verdict.read_libfuzzer("Done 20000 runs in 1 second(s)\n"))
        self.assertIsNone(verdict.read_libfuzzer("SUMMARY: AddressSanitizer: SEGV\n"))


class Judging(unittest.TestCase):
    step = Step("x", ("true",))

    def failed(self, output: str, code: int | None) -> int:
        return judge(self.step, output, code).failed

    def test_what_did_not_run_counts_as_failed(self):
        self.assertEqual(0, self.failed("1 passed, 0 failed", 0))
        self.assertEqual(1, self.failed("1 passed, 0 failed", 139))
        self.assertEqual(1, self.failed("1 passed, 0 failed", None))
        self.assertEqual(1, self.failed("0 passed, 0 failed", 0))
        self.assertEqual(1, self.failed("nothing", 0))


if __name__ == "__main__":
    unittest.main()
