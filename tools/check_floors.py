#!/usr/bin/env python3
"""Holds the house up: a file includes its own folder and the floors below it, never above, never a sibling plug-in.

Problem: one convenient include upwards, and two floors can no longer be understood, tested or replaced apart.
Idea: the first folder below src/ says the floor. An include is fine when it stays in its own folder or goes to a
strictly lower place; plug-ins (filters/headers, protocols/h1 ...) all stand at the same place, so they cannot see
each other. ARCHITECTURE.md explains the floors; CMakeLists.txt links them in the same order.

Prints one line for each offending include, as file:line, and exits 1 when there is one.
"""

import pathlib
import re
import sys

import project

# Folder -> (floor, place within the floor). Equal places do not see each other.
PLACES = {
    "base": (0, 0),
    "runtime": (1, 0),
    "net": (2, 0),
    "http": (3, 0),
    "contracts": (4, 0),
    "overload": (5, 0),
    "upstream": (5, 1),
    "route": (5, 2),
    "server": (5, 3),
    "protocols": (6, 0),
    "filters": (6, 0),
    "services": (6, 0),
    "balancers": (6, 0),
    "health_checks": (6, 0),
    "stores": (6, 0),
    "observers": (6, 0),
    "app": (7, 0),
    "sim": (7, 1),
}
PLUGIN_FLOOR = 6

# Third-party code whose headers stay behind doors: part of the include -> the folders that may use it.
DOORS = {
    "yaml-cpp/": ("app",),
    "sqlite3.h": ("stores",),
    "isa-l/": ("http",),
    "zlib.h": ("http",),
    "zstd.h": ("http",),
    "brotli/": ("http",),
    "openssl/": ("net",),
    "nghttp2/": ("protocols", "health_checks/grpc", "sim"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def folder_of(path: pathlib.Path) -> str:
    """The unit that may include itself freely: filters/headers for a plug-in, else the folder below src/."""
    parts = path.parts
    is_plugin = PLACES.get(parts[0], (None,))[0] == PLUGIN_FLOOR and len(parts) > 2
    return "/".join(parts[:2]) if is_plugin else parts[0]


def complaint_about(path: pathlib.Path, included: pathlib.Path) -> str | None:
    """Why path (below src/) may not include the other file (below src/); None when it may."""
    here, there = folder_of(path), folder_of(included)
    if here == there:
        return None
    if included.parts[0] not in PLACES:
        return f"'{included.parts[0]}' is on no floor (tools/check_floors.py lists them)"
    floor_here, floor_there = PLACES[path.parts[0]], PLACES[included.parts[0]]
    if floor_there < floor_here:
        return None
    if floor_here == floor_there:
        return f"{here} includes its sibling {there}; what both need belongs on a lower floor"
    return f"{here} (floor {floor_here[0]}) includes {there} (floor {floor_there[0]}), which stands above it"


def resolve(source: pathlib.Path, path: pathlib.Path, name: str) -> pathlib.Path:
    """The file below src/ that "name" means in path: beside it when there is one, else from src/ on."""
    beside = (source / path.parent / name).resolve()
    if beside.is_file() and beside.is_relative_to(source):
        return beside.relative_to(source)
    return pathlib.Path(name)


def complaints_in(source: pathlib.Path, path: pathlib.Path) -> list[str]:
    """All complaints about one file, path being below src/."""
    if path.parts[0] not in PLACES or len(path.parts) < 2:
        return [f"src/{path}:1: is on no floor (tools/check_floors.py lists them)"]
    found = []
    for number, line in enumerate((project.text_of(source / path) or "").splitlines(), start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        own, foreign = match.groups()
        reason = None
        if own:
            reason = complaint_about(path, resolve(source, path, own))
        for library, doors in DOORS.items():
            if (own or foreign).startswith(library) and not {path.parts[0], folder_of(path)} & set(doors):
                reason = f"{library}* is used by {' and '.join(f'{door}/' for door in doors)} only"
        if reason:
            found.append(f"src/{path}:{number}: {reason}: {line.strip()}")
    return found


def main(arguments: list[str]) -> int:
    root = project.root_argument(arguments)
    source = root / "src"
    paths = [path.relative_to("src") for path in project.files(root, (".cc", ".h")) if path.parts[0] == "src"]
    complaints = [complaint for path in paths for complaint in complaints_in(source, path)]
    return project.report(complaints, len(paths), "files on their floors")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
