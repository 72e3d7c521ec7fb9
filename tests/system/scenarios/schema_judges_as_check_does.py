"""The JSON Schema that `weir schema` prints accepts every example and every good golden configuration, and complains
where `weir check` does about a mistake that is one of shape, type, unit or name.

An independent validator judges (python3-jsonschema), as editors do. The mistakes are those of app/config/golden; each
of their diagnostics that SHAPES knows has to be found at its place, or stands in BEYOND with the reason why no schema
can.
"""

from __future__ import annotations

import json
import pathlib
import re

import jsonschema
import yaml

from stand.stand import Stand
from stand.waiting import Failure, expect

ROOT = pathlib.Path(__file__).resolve().parents[3]

# What a diagnostic says when the fault is one that a schema can know.
SHAPES = [
    r"unknown (option|filter|balancer)", r"expected ", r'".*" is not a whole number', r'".*" is not true or false',
    r'".*" has no unit Weir knows', r'".*" is not a (size|duration)', r'"\w+" is missing', r"a route needs a service",
    r"two services", r'".*" is not (json or combined|http or fastcgi)',
]

BEYOND = {
    ("boolean_words.txt", "forwarded.via"): "to YAML of 2005, and so to many editors, no is false",
    ("boolean_words.txt", "forwarded.forwarded"): "to YAML of 2005, and so to many editors, yes is true",
    ("not_a_number.txt", "limits.connections"): "how large a number may be is a bound, and the schema knows no bounds",
    ("environment.txt", "limits.fields"): "what the environment holds is not known to an editor",
}


def play(stand: Stand) -> None:
    weir = stand.idle_gateway()
    schema = json.loads(weir.command("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    wrong: list[str] = []

    examples = sorted((ROOT / "examples").rglob("*.yaml"))
    expect(len(examples) >= 12, f"{len(examples)} examples")
    for example in examples:
        wrong += [f"{example.name}: {said}" for said in complaints(judge, example.read_text())]

    good = found = 0
    needed: set[tuple[str, str]] = set()
    for golden in sorted((ROOT / "src/app/config/golden").glob("*.txt")):
        files, said = parts_of(golden.read_text())
        if all(": warning: " in line for line in said):
            good += 1
            wrong += [f"{golden.name}: {text}" for file in files.values() for text in complaints(judge, file)]
        for name, path in shape_mistakes(said):
            where = [place for place, _ in errors(judge, files[name])]
            seen = any(leads_to(place, path) for place in where)
            if (golden.name, path) in BEYOND:
                needed.add((golden.name, path))
                wrong += [f"{golden.name}: {path}: is beyond a schema, they say, and was found"] if seen else []
            elif not seen:
                wrong.append(f"{golden.name}: {path}: not found; complaints at {where}")
            else:
                found += 1
    wrong += [f"{row}: explains nothing" for row in BEYOND.keys() - needed]
    if wrong:
        raise Failure("\n    ".join(["the schema and weir check differ:", *wrong]))
    expect(good >= 2 and found >= 35, f"{good} good configurations, {found} mistakes found")
    stand.note(f"{len(examples)} examples, {found} mistakes found where check finds them")


def parts_of(text: str) -> tuple[dict[str, str], list[str]]:
    """The files of a golden page by their names, and what is said about them."""
    whole, _, said = text.rpartition("\n---\n")
    pieces = re.split(r"^=== (.*)$", whole, flags=re.MULTILINE)
    return dict(zip(["weir.yaml", *pieces[1::2]], pieces[::2])), said.splitlines()


def shape_mistakes(said: list[str]) -> list[tuple[str, str]]:
    """File and path of each complaint about a shape."""
    lines = [re.match(r"(?P<file>[^:]+):\d+:\d+: ((?P<path>[^\" ]+?): )?(?P<what>.*)", line) for line in said]
    return [(line["file"], line["path"] or "") for line in lines
            if line and any(re.match(shape, line["what"]) for shape in SHAPES)]


def errors(judge: jsonschema.Draft202012Validator, text: str) -> list[tuple[str, str]]:
    """Path and sentence of each; text that is no YAML has its one at the top."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        return [("", str(problem))]
    return [(path_of(error.absolute_path), error.message) for error in judge.iter_errors(tree)]


def complaints(judge: jsonschema.Draft202012Validator, text: str) -> list[str]:
    return [f"{path}: {message:.200}" for path, message in errors(judge, text)]


def path_of(steps: list[str | int]) -> str:
    """As diagnostics write it: routes[0].filters[1].body_limit"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def leads_to(place: str, path: str) -> bool:
    """A schema may complain about what holds the mistake: alternatives fail as one, unknown names at their map."""
    return place == path or (path.startswith(place) and (place == "" or path[len(place)] in ".["))
