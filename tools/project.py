"""What every tool asks about the project: where it is, which files belong to it, how to speak to a terminal.

Idea: the files of the project are those that git tracks or would track; a tree without git (a test's temporary
folder, a source archive) is walked instead, without build folders. Run as a script it lists files for xargs -0.
"""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}


def files(root: pathlib.Path = ROOT, suffixes: tuple[str, ...] = ()) -> list[pathlib.Path]:
    """The project's files, sorted, as paths below root; only those with one of the suffixes, when given."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        names = [pathlib.Path(name) for name in listing.split("\0") if name]
    else:
        names = []
        for folder, below, here in os.walk(root):
            below[:] = [name for name in below if name not in SKIPPED_FOLDERS]
            names += [(pathlib.Path(folder) / name).relative_to(root) for name in here]
    return sorted({name for name in names if (root / name).is_file() and (not suffixes or name.suffix in suffixes)})


def text_of(path: pathlib.Path) -> str | None:
    """The text of a file; None when it is not text (a corpus entry, a picture)."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def colour(word: str, name: str, stream=sys.stdout) -> str:
    """The word in a colour, on a terminal only, and never with NO_COLOR (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return word
    code = {"green": 32, "red": 31, "bold": 1, "dim": 2}[name]
    return f"\x1b[{code}m{word}\x1b[0m"


def root_argument(arguments: list[str]) -> pathlib.Path:
    """The tree that a check looks at: --root DIR when given (the checks' own tests), else the project."""
    if arguments[:1] == ["--root"] and len(arguments) == 2:
        return pathlib.Path(arguments[1]).resolve()
    if arguments:
        sys.exit(f"usage: {sys.argv[0]} [--root DIR]")
    return ROOT


def report(complaints: list[str], looked_at: int, what: str) -> int:
    """Prints a check's complaints and its count; the exit code of the check."""
    for complaint in complaints:
        print(complaint)
    print(f"{looked_at} {what}, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["cpp"]:
        sys.stdout.write("".join(f"{name}\0" for name in files(suffixes=(".cc", ".h"))))
    else:
        sys.exit("usage: project.py cpp    (the C++ files, separated by NUL)")
