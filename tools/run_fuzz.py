#!/usr/bin/env python3
"""What ./dev fuzz does: one fuzz target for a while, starting from its corpus.

Idea: what libFuzzer finds on its way goes to build/fuzz/found/, never into the committed corpus by itself; an input
that breaks something is named with the command that shows it again.
"""

import argparse
import os
import pathlib
import subprocess
import sys

import project
import run_tests

ROOT = project.ROOT


def main(arguments: list[str]) -> int:
    sources = {source.stem.removesuffix("_fuzz"): source for source in run_tests.fuzz_sources()}
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Fuzzes one target; without NAME lists them.")
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args(arguments)
    if options.name not in sources:
        print("The fuzz targets:")
        for name, source in sources.items():
            print(f"  {name:<20} {source}")
        return 1 if options.name else 0

    os.chdir(ROOT)
    source = sources[options.name]
    target = source.stem
    if target not in run_tests.build("asan", [target]):
        return 1
    found = pathlib.Path("build/fuzz/found") / target
    found.mkdir(parents=True, exist_ok=True)
    corpus = run_tests.corpus_of(source)
    command = [f"build/asan/{target}", f"-max_total_time={options.seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix=build/fuzz/{target}-", str(found)]
    command += [str(corpus)] if corpus.is_dir() else []
    print(" ".join(command), flush=True)
    code = subprocess.run(command).returncode
    if code != 0:
        print(f"\nShow it again:      build/asan/{target} INPUT    (INPUT is the file named above)")
        print(f"Keep it from coming back: copy INPUT into {corpus}/ and write a unit test for it")
        return 1
    print(f"\nNew inputs are in {found}/; merge good ones: build/asan/{target} -merge=1 {corpus} {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
