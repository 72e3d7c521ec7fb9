"""Shows that a remembered verdict is forgotten when the source, a header it reaches, its command or a rule changes."""

import pathlib
import tempfile
import unittest

import clang_tidy


class Key(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        for name, text in {"net/a.cc": '#include "net/a.h"\n', "net/a.h": '#include "base/b.h"\n',
                           "base/b.h": "#include <vector>\n", "base/other.h": ""}.items():
            self.write(name, text)

    def write(self, name: str, text: str):
        path = self.root / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def key(self, command: str = "c++ a.cc", rules: str = "bugprone") -> str:
        return clang_tidy.key_of(self.root / "src/net/a.cc", command, rules, self.root)

    def test_same_content_same_key(self):
        before = self.key()
        self.write("base/other.h", "int unrelated;")
        self.assertEqual(before, self.key())

    def test_each_ingredient_counts(self):
        before = self.key()
        self.assertNotEqual(before, self.key(command="c++ -O2 a.cc"))
        self.assertNotEqual(before, self.key(rules="performance"))
        self.write("base/b.h", "int reached_through_a_header;")
        self.assertNotEqual(before, self.key())

    def test_named_files_alone_are_looked_at(self):
        sources = {self.root / "src/net/a.cc": "c++ a.cc", self.root / "src/net/c.cc": "c++ c.cc"}
        self.assertEqual(sources, clang_tidy.chosen(sources, []))
        self.assertEqual({self.root / "src/net/a.cc": "c++ a.cc"},
                         clang_tidy.chosen(sources, [str(self.root / "src/net/a.cc")]))
        with self.assertRaises(SystemExit):
            clang_tidy.chosen(sources, [str(self.root / "src/net/a.h")])


if __name__ == "__main__":
    unittest.main()
