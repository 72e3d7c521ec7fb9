"""What is in the package, and that its scripts and its configuration are sound before anybody installs it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Subject

CONTENT = """
/etc/weir/weir.yaml /etc/logrotate.d/weir /usr/bin/weir /lib/systemd/system/weir.service /usr/lib/sysusers.d/weir.conf
/usr/share/bash-completion/completions/weir /usr/share/zsh/vendor-completions/_weir
/usr/share/fish/vendor_completions.d/weir.fish /usr/share/weir/weir.schema.json
/usr/share/doc/weir/changelog.gz /usr/share/doc/weir/changelog.Debian.gz /usr/share/doc/weir/copyright
/usr/share/doc/weir/examples/quickstart.yaml /usr/share/man/man1/weir.1.gz /usr/share/man/man5/weir.yaml.5.gz
""".split()


def said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def package_has_its_parts(subject: Subject) -> None:
    listing = said(["dpkg-deb", "--contents", str(subject.package)])
    held = {"/" + line.split()[5].removeprefix("./") for line in listing.splitlines()}
    missing = [path for path in CONTENT if path not in held]
    assert not missing, f"the package lacks {missing}"
    strangers = [line for line in listing.splitlines() if line.split()[1] != "root/root"]
    assert not strangers, f"not owned by root: {strangers}"
    said(["dpkg-deb", "--control", str(subject.package), str(subject.directory / "control")])
    conffiles = (subject.directory / "control/conffiles").read_text().split()
    assert set(conffiles) == {"/etc/weir/weir.yaml", "/etc/logrotate.d/weir"}, conffiles


def version_has_one_place(subject: Subject) -> None:
    """Program, package and CMake say what version.h says."""
    header = (subject.project / "src/app/commands/version.h").read_text()
    version = re.search(r'"(\d+\.\d+\.\d+)"', header)[1]
    assert said([str(subject.weir), "version"]) == f"weir {version}\n"
    assert said(["dpkg-deb", "--field", str(subject.package), "Version"]).strip() == f"{version}-0weir1"
    others = [path for path in ("CMakeLists.txt", "packaging/debian/control", "packaging/docker/Dockerfile")
              if version in (subject.project / path).read_text()]
    assert not others, f"{others} say the version, too"


def program_is_hardened(subject: Subject) -> None:
    """Position independent, relocations read-only from the start, stack protected, no symbols left."""
    folder = subject.directory / "unpacked"
    said(["dpkg-deb", "--extract", str(subject.package), str(folder)])
    program = str(folder / "usr/bin/weir")
    assert "Type:                              DYN" in said(["readelf", "-hW", program])
    segments = said(["readelf", "-lW", program])
    assert "GNU_RELRO" in segments and re.search(r"GNU_STACK .* RW ", segments), "RELRO, and no executable stack"
    assert re.search(r"FLAGS_1.*NOW.*PIE", said(["readelf", "-dW", program])), "all symbols are bound at the start"
    symbols = said(["readelf", "--dyn-syms", "-W", program])
    assert "__stack_chk_fail" in symbols, "the stack protector"
    assert ".symtab" not in said(["readelf", "-SW", program]), "stripped"


def scripts_are_sound(subject: Subject) -> None:
    folder = subject.project / "packaging/debian"
    scripts = [str(path) for path in sorted(folder.glob("weir.p*")) if path.read_text().startswith("#!/bin/sh")]
    assert len(scripts) == 3, scripts
    said(["shellcheck", "--shell=sh", *scripts])


def configurations_pass_check(subject: Subject) -> None:
    for path in ("packaging/debian/weir.yaml", "packaging/docker/weir.yaml", "packaging/docker/compose-weir.yaml"):
        said([str(subject.weir), "check", str(subject.project / path)])


PARTS = [(f"files: {part.__name__.replace('_', ' ')}", part) for part in (
    package_has_its_parts, version_has_one_place, program_is_hardened, scripts_are_sound, configurations_pass_check)]
