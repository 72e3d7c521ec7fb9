"""Shows that check_links finds a missing file and a missing heading, and leaves code and the outside alone."""

import pathlib
import tempfile
import unittest

import check_links


class Links(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        (self.root / "docs").mkdir()
        (self.root / "docs/reload.md").write_text("# Reload\n\n## What `HUP` does, exactly\n\n## Again\n## Again\n")

    def reason(self, target: str) -> str | None:
        return check_links.complaint_about(self.root, pathlib.Path("README.md"), target)

    def test_existing_file_and_heading_are_fine(self):
        self.assertIsNone(self.reason("docs/reload.md"))
        self.assertIsNone(self.reason("docs/reload.md#what-hup-does-exactly"))
        self.assertIsNone(self.reason("docs/reload.md#again-1"))

    def test_missing_file_and_heading_are_found(self):
        self.assertIn("no such file", self.reason("docs/gone.md"))
        self.assertIn("no heading", self.reason("docs/reload.md#gone"))

    def test_the_outside_is_not_followed_and_out_of_the_tree_is_refused(self):
        self.assertIsNone(self.reason("https://example.com/gone"))
        self.assertIn("out of the project", self.reason("../secret.md"))

    def test_links_in_code_are_no_links(self):
        text = "`[a](gone.md)`\n```\n[b](gone.md)\n```\n[c](here.md) and [d]: no\n[e]: there.md\n"
        self.assertEqual([(5, "here.md"), (6, "there.md")], list(check_links.links_of(text)))


if __name__ == "__main__":
    unittest.main()
