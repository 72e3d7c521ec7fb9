#!/usr/bin/env python3
"""Writes bench/weir.profdata: which ways through Weir are walked most. See docs/decisions/profile-guided-build.md.

    ./dev profile [--seconds 3]

Problem: a compiler guesses which branch is taken and what to inline; in a program of small functions and coroutines
those guesses cost a tenth of a request.
Idea: a build that counts (preset `profile`) serves what users ask a gateway for, and the release build reads its
counts. Two gateways run one after the other, one that tells nothing of requests and one with stories and a JSON log.

The profile is committed: everybody's release binary is the same, and nobody has to train it. It is a hint: a function
that has changed since is compiled as without it. Write it anew before a release and after changes to the request path.
"""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import contenders, machine
from harness.contenders import Programs, Running, Unavailable
from harness.generators import Generator, Load
from harness.processes import Meter, Process

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "bench/weir.profdata"
PROFDATA = "llvm-profdata-19"

# What is asked of both gateways; then what only the second has.
PROXIED = [Load(connections=64), Load(connections=256, browser_head=True), Load(path="/100k", connections=32)]
CONTENT = [Load(path="/files/1k"), Load(path="/files/100k", connections=32), Load(path="/text/10k", browser_head=True),
           Load(path="/app/1k.php"), Load(path="/moved/7")]
TELLING = {False: "access_log: { to: off }\nstories: off", True: "access_log: { to: @DIRECTORY@/access.log }"}
UPLOADS = 200


def train(programs: Programs, meter: Meter, seconds: float, directory: Path) -> None:
    """Runs both gateways; each writes its counts when it ends."""
    os.environ["LLVM_PROFILE_FILE"] = str(directory / "%p.profraw")
    (directory / "files").mkdir()
    for name, size in (("1k", 1 << 10), ("100k", 100 << 10)):
        (directory / "files" / name).write_bytes(bytes(range(256)) * (size // 256))
    (directory / "files/1k.php").write_text("<?php // the responder does not look\n")
    origin, _ = contenders.start_origin(meter, programs, directory)
    port = machine.free_port()
    responder = Process(meter, "responder", [programs.require("bench_fastcgi_responder"), "--listen",
                                             f"127.0.0.1:{port}", "--counter", str(directory / "responded")],
                        machine.PEER_CORE, directory)
    try:
        for telling, loads in ((False, PROXIED), (True, [*PROXIED, *CONTENT])):
            gateway = _start(programs, meter, telling, origin.port, port, directory)
            for load in loads:
                _tell(f"{'telling' if telling else 'silent'}: {load.path} over {load.connections} connections")
                Generator(meter, programs, load, gateway, 0.0, seconds, directory).finish()
            _upload(gateway.port)
            gateway.process.stop()
    finally:
        responder.stop()
        origin.process.stop()


def _start(programs: Programs, meter: Meter, telling: bool, origin: int, responder: int, directory: Path) -> Running:
    own = directory / f"telling-{telling}"
    own.mkdir()
    port = machine.free_port()
    tells = TELLING[telling].replace("@DIRECTORY@", str(own))
    path = contenders.render("profile.yaml", {"PORT": port, "ORIGIN_PORT": origin, "RESPONDER_PORT": responder,
                                              "TELLS": tells, "DIRECTORY": own, "ROOT": directory / "files"}, own)
    running = Running("weir", port, Process(meter, own.name, [str(programs.weir), "run", "-c", path],
                                            machine.PROXY_CORE, own))
    contenders.await_answer(running)
    return running


def _upload(port: int) -> None:
    """Bodies of known and of unknown length; the origin refuses them, which is not the gateway's business."""

    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * 1000

    for number in range(UPLOADS):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("POST", "/0", body=b"x" * 2000 if number % 2 else pieces())
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


def merge(directory: Path, profile: Path) -> None:
    counts = sorted(directory.glob("*.profraw"))
    if len(counts) != 2:
        raise Unavailable(f"two gateways ran and {len(counts)} wrote what they counted: is this the preset `profile`?")
    subprocess.run([PROFDATA, "merge", "--sparse", "-o", str(profile), *map(str, counts)], check=True)


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev profile", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each load (default 3)")
    parser.add_argument("--out", type=Path, default=PROFILE, help="the profile (default bench/weir.profdata)")
    options = parser.parse_args()
    programs = Programs(ROOT / "build/release/bench", ROOT / "build/profile/weir", Path())
    machine.enter_private_network()
    machine.raise_descriptor_limit()
    meter = Meter()
    try:
        with tempfile.TemporaryDirectory(prefix="weir-profile-") as directory:
            train(programs, meter, options.seconds, Path(directory))
            merge(Path(directory), options.out.resolve())
    except Unavailable as error:
        print(f"profile: {error}", file=sys.stderr)
        return 2
    finally:
        meter.close()
    print(f"{options.out} ({options.out.stat().st_size >> 10} KiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
