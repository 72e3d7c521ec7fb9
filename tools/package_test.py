"""Shows that the package's version, changelog and build dependencies come from the places that they should."""

import pathlib
import subprocess
import tempfile
import unittest

import package

PACKAGES = "# words\n\n[build]\nclang-19  compiles\nccache  remembers\nlibfmt-dev  formats\n\n[test]\nmold  links\n"


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)

    def write(self, name: str, text: str) -> None:
        (self.place / name).parent.mkdir(parents=True, exist_ok=True)
        (self.place / name).write_text(text)

    def test_version_is_that_of_the_program(self):
        self.write("src/app/commands/version.h", 'inline constexpr std::string_view version = "1.20.3";\n')
        self.assertEqual("1.20.3", package.version_of(self.place))
        self.write("src/app/commands/version.h", "something else\n")
        self.assertRaises(SystemExit, package.version_of, self.place)

    def test_maintainer_is_who_is_named_or_else_the_author_of_the_commit(self):
        git = ["git", "-C", str(self.place)]
        self.assertRaises(SystemExit, package.maintainer, {}, self.place)
        named = {"DEBFULLNAME": "A Person", "DEBEMAIL": "a@b.invalid"}
        self.assertEqual("A Person <a@b.invalid>", package.maintainer(named, self.place))
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "-c", "user.name=An Author", "-c", "user.email=c@d.invalid", "commit", "-q",
                        "--allow-empty", "-m", "x"], check=True)
        self.assertEqual("An Author <c@d.invalid>", package.maintainer({}, self.place))
        self.assertEqual("An Author <a@b.invalid>", package.maintainer({"DEBEMAIL": "a@b.invalid"}, self.place))

    def test_changelog_names_the_maintainer_and_the_date_of_the_commit(self):
        entry = package.changelog("1.2.3", 0, "A Person <a@b.invalid>")
        self.assertTrue(entry.startswith("weir (1.2.3-0weir1) unstable; urgency=medium\n"), entry)
        self.assertTrue(entry.endswith("\n -- A Person <a@b.invalid>  Thu, 01 Jan 1970 00:00:00 +0000\n"), entry)

    def test_build_dependencies_are_those_of_the_build_without_conveniences(self):
        self.assertEqual(["clang-19", "libfmt-dev"], package.build_dependencies(PACKAGES))

    def test_copy_holds_the_same_files_and_leaves_what_is_equal_alone(self):
        self.write("from/kept", "1")
        self.write("from/deep/new", "2")
        self.write("to/kept", "1")
        self.write("to/gone", "3")
        self.write("to/build/object", "4")
        before = (self.place / "to/kept").stat().st_mtime_ns
        names = [pathlib.Path("kept"), pathlib.Path("deep/new")]
        package.copy_tree(names, self.place / "from", self.place / "to")
        found = {str(path.relative_to(self.place / "to")) for path in (self.place / "to").rglob("*") if path.is_file()}
        self.assertEqual({"kept", "deep/new", "build/object"}, found)
        self.assertEqual(before, (self.place / "to/kept").stat().st_mtime_ns)


if __name__ == "__main__":
    unittest.main()
