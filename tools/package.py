#!/usr/bin/env python3
"""Builds the Debian package of this tree: build/package/weir_VERSION-0weir1_ARCH.deb. What ./dev package does.

Problem: Debian's tools want a source tree that is theirs, with debian/ at its root and files scattered in it and beside
it; the project wants one tidy folder packaging/ and nothing written outside build/.
Idea: copy the project's files to build/package/weir-VERSION, put packaging/debian there as debian/, write the
changelog's one entry and the build dependencies (those of tools/packages.txt), and let dpkg-buildpackage work in the
copy. A file that did not change keeps its time, so that the second build compiles only what is new; ccache knows the
rest already.

The version is the one in src/app/commands/version.h; the date is that of the last commit, so that the same commit gives
the same changelog. The maintainer is whoever DEBFULLNAME and DEBEMAIL name, or else the author of that commit: the
project has no mailbox of its own, and a package should name somebody who reads what is written to them.
"""

import argparse
import datetime
import email.utils
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping

import project

ROOT = project.ROOT
FOLDER = ROOT / "build" / "package"
CONVENIENCES = {"ccache", "curl", "libbenchmark-dev"}  # of the group [build]: the package is built without
KEPT = {"build", "debian"}  # of the copy: what earlier builds left there
REVISION = "0weir1"  # a package of Debian's own would begin with 1 and be newer
CHANGELOG = """weir ({version}-{revision}) unstable; urgency=medium

  * Package of Weir {version}; its own changes are in changelog.gz.

 -- {person}  {date}
"""


def version_of(root: pathlib.Path = ROOT) -> str:
    """The version in version.h, from which program, CMake and package take it."""
    text = (root / "src/app/commands/version.h").read_text()
    found = re.search(r'string_view version = "(\d+\.\d+\.\d+)"', text)
    if not found:
        sys.exit("src/app/commands/version.h does not say the version as it used to")
    return found[1]


def commit_time() -> int:
    done = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else int(time.time())


def maintainer(environment: Mapping[str, str] = os.environ, root: pathlib.Path = ROOT) -> str:
    """`Name <mailbox>` of who answers for the package."""
    done = subprocess.run(["git", "-C", str(root), "log", "-1", "--format=%an%n%ae"], capture_output=True, text=True)
    author = done.stdout.splitlines() if done.returncode == 0 else []
    name, address = (environment.get(variable) or (author[at] if len(author) == 2 else "")
                     for at, variable in enumerate(("DEBFULLNAME", "DEBEMAIL")))
    if not name or not address:
        sys.exit("there is no commit to tell whose package this is: set DEBFULLNAME and DEBEMAIL")
    return f"{name} <{address}>"


def changelog(version: str, seconds: int, person: str) -> str:
    date = email.utils.format_datetime(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
    return CHANGELOG.format(version=version, revision=REVISION, person=person, date=date)


def build_dependencies(packages: str) -> list[str]:
    """What tools/packages.txt lists under [build], as far as the package needs it."""
    group = packages.split("[build]\n")[1].split("\n\n")[0]
    return [name for name in (line.split()[0] for line in group.splitlines()) if name not in CONVENIENCES]


def copy_tree(names: list[pathlib.Path], source: pathlib.Path, target: pathlib.Path) -> None:
    """Makes target hold these files and no others (KEPT apart); what is equal already is not touched."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = set(names)
    for found in [path.relative_to(target) for path in target.rglob("*") if path.is_file() or path.is_symlink()]:
        if found.parts[0] not in KEPT and found not in wanted:
            (target / found).unlink()
    for name in names:
        if (target / name).exists() and filecmp.cmp(source / name, target / name, shallow=False):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)


def stage(version: str, seconds: int) -> pathlib.Path:
    """The source tree as Debian's tools want it."""
    tree = FOLDER / f"weir-{version}"
    copy_tree(project.files(ROOT), ROOT, tree)
    shutil.rmtree(tree / "debian", ignore_errors=True)
    shutil.copytree(ROOT / "packaging/debian", tree / "debian")
    control = (tree / "debian/control").read_text()
    needed = build_dependencies((tree / "tools/packages.txt").read_text())
    person = maintainer()
    (tree / "debian/control").write_text(
        control.replace("@BUILD@", ", ".join(needed)).replace("@MAINTAINER@", person))
    (tree / "debian/changelog").write_text(changelog(version, seconds, person))
    return tree


def environment(tree: pathlib.Path, seconds: int, jobs: str) -> dict[str, str]:
    # debhelper gives the build another HOME, where ccache would begin from nothing.
    cache = subprocess.run(["ccache", "--get-config", "cache_dir"], capture_output=True, text=True).stdout.strip()
    options = f"parallel={jobs or os.cpu_count()} {os.environ.get('DEB_BUILD_OPTIONS', '')}".strip()
    ours = {"SOURCE_DATE_EPOCH": str(seconds), "DEB_BUILD_OPTIONS": options, "LC_ALL": "C.UTF-8",
            "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1", "CCACHE_SLOPPINESS": "locale"}
    return os.environ | ours | ({"CCACHE_DIR": cache} if cache else {})


def build(jobs: str) -> pathlib.Path:
    """Builds it. \\returns the package"""
    version, seconds = version_of(), commit_time()
    tree = stage(version, seconds)
    for old in [*FOLDER.glob("*.deb"), *FOLDER.glob("*.changes"), *FOLDER.glob("*.buildinfo")]:
        old.unlink()
    command = ["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-pre-clean"]
    log = FOLDER / "build.log"
    with log.open("wb") as out:
        code = subprocess.run(command, cwd=tree, env=environment(tree, seconds, jobs), stdin=subprocess.DEVNULL,
                              stdout=out, stderr=subprocess.STDOUT).returncode
    if code != 0:
        print("\n".join(log.read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)
        sys.exit(f"dpkg-buildpackage failed; all of it: {log.relative_to(ROOT)}")
    return next(FOLDER.glob(f"weir_{version}-{REVISION}_*.deb"))


def lint() -> bool:
    """What Debian's own critic says of all that was built, hints included."""
    changes = next(FOLDER.glob("weir_*.changes"))
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning,info,pedantic", "--display-info",
                           "--pedantic", "--tag-display-limit", "0", str(changes)], stdin=subprocess.DEVNULL)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev package", description="Builds the Debian package.")
    parser.add_argument("--no-lint", action="store_true", help="do not ask lintian what it thinks of it")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    package = build(os.environ.get("JOBS", ""))
    if not options.no_lint and not lint():
        sys.exit("lintian complains: see above")
    print(package.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
