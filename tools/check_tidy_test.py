"""Shows that each house rule of check_tidy fires on what it forbids, and that an exception needs a reason."""

import unittest

import check_tidy

IDEA = "// The waiting line for upstream connections.\n"


class Tidy(unittest.TestCase):
    def assert_complains(self, part: str, path: str, text: str):
        found = check_tidy.complaints_in(path, text)
        self.assertTrue(any(part in complaint for complaint in found), f"no '{part}' in {found}")

    def assert_fine(self, path: str, text: str):
        self.assertEqual([], check_tidy.complaints_in(path, text))

    def test_good_files_are_fine(self):
        self.assert_fine("src/base/pool.cc", IDEA + "int x = 1;\n")
        self.assert_fine("src/base/pool.h", "#pragma once\n\n" + IDEA)
        self.assert_fine("tools/x.py", '#!/usr/bin/env python3\n"""Says what it is for, in a sentence."""\n')

    def test_banned_calls(self):
        for call in ("std::regex r;", "sleep_for(1s);", "thread_local int x;", "int x = rand();",
                     "auto t = std::chrono::steady_clock::now();", "clock_gettime(0, &t);"):
            self.assert_complains("src/net/a.cc:2: ", "src/net/a.cc", IDEA + call + "\n")

    def test_clock_and_randomness_have_their_homes(self):
        self.assert_fine("src/runtime/clock.cc", IDEA + "auto t = std::chrono::steady_clock::now();\n")
        self.assert_complains("clock", "src/runtime_other/a.cc", IDEA + "auto t = std::chrono::steady_clock::now();\n")

    def test_words_in_comments_and_longer_names_are_no_calls(self):
        self.assert_fine("src/net/a.cc", IDEA + "// std::regex would backtrack\nint x = operand(1);\n")

    def test_exception_needs_the_rule_and_a_reason(self):
        line = "thread_local int x;"
        self.assert_fine("src/net/a.cc", IDEA + line + "  // tidy: allow thread_local, the handler has no argument\n")
        self.assert_fine("src/net/a.cc", IDEA + "// tidy: allow thread_local, the handler has no argument\n" + line + "\n")
        self.assert_complains("thread_local", "src/net/a.cc", IDEA + line + "  // tidy: allow thread_local\n")
        self.assert_complains("thread_local", "src/net/a.cc", IDEA + line + "  // tidy: allow sleep, because I say so\n")

    def test_layout(self):
        self.assert_complains("tab", "src/net/a.cc", IDEA + "\tint x;\n")
        self.assert_complains("line_length", "src/net/a.cc", IDEA + "// " + "x" * 120 + "\n")
        self.assert_complains("blanks", "src/net/a.cc", IDEA + "int x; \n")
        self.assert_complains("no line end", "src/net/a.cc", IDEA + "int x;")
        self.assert_complains("file_length", "src/net/a.cc", IDEA + "int x;\n" * 450)
        self.assert_fine("src/net/a_test.cc", IDEA + "int x;\n" * 450)

    def test_file_opens_with_its_idea(self):
        self.assert_complains("opening", "src/net/a.h", '#pragma once\n#include "b.h"\n\n' + IDEA)
        self.assert_complains("opening", "src/net/a.h", "// A.\n")
        self.assert_complains("opening", "tools/x.py", "import sys\n")

    def test_open_task_names_an_issue(self):
        self.assert_complains("todo", "src/net/a.cc", IDEA + "// TODO: later\n")
        self.assert_fine("src/net/a.cc", IDEA + "// TODO(#12): when resolvers have a cache\n")

    def test_places_and_hands(self):
        self.assert_complains("machine", "docs/a.md", "see /home/somebody/notes\n")
        self.assert_complains("who typed", "docs/a.md", "made in a helper session\n")
        self.assert_fine("docs/a.md", "see https://example.com/work/x and ./work/x\n")

    def test_data_is_left_alone(self):
        self.assert_fine("src/http/uri_corpus/tabs", "\t\t")


if __name__ == "__main__":
    unittest.main()
