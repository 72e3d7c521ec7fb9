"""The reload row: one of 100,000 routes changes in a running gateway.

100 include files of 1,000 routes each; one file is edited and `POST /reload` is sent to the admin socket. Weir itself
says how long it took from the validated edit until every core ran it, and how long the longest pause of a core was:
what is measured is inside the process, so that a noisy machine does not hide a pause or invent one.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from .contenders import Programs, Unavailable
from .figures import Figure
from .verdicts import Section, judge_most

FILES, ROUTES_PER_FILE = 100, 1_000
LIVE_BUDGET_MS, PAUSE_BUDGET_MS = 50.0, 1.0

_MAIN = """workers: 1
admin: unix:{directory}/admin.sock
listeners: ["unix:{directory}/web.sock"]
access_log: {{ to: off }}
error_log: {{ to: stderr, level: error }}
upstreams:
  shop: {{ endpoints: [127.0.0.1:9] }}
include: routes/*.yaml
"""


def measure(programs: Programs, windows: int) -> Section:
    if programs.weir is None or not programs.weir.exists():
        raise Unavailable("no Weir to reload: build it (./dev build) or give --weir PATH")
    weir = str(programs.weir)
    with tempfile.TemporaryDirectory(prefix="weir-bench-reload-") as name:
        directory = Path(name)
        (directory / "routes").mkdir()
        (directory / "weir.yaml").write_text(_MAIN.format(directory=directory))
        for number in range(FILES):
            _write(directory, number, "first")
        process = subprocess.Popen([weir, "run", "-c", str(directory / "weir.yaml")], stderr=subprocess.DEVNULL)
        try:
            _await(directory / "admin.sock", process)
            told = [_reload(weir, directory, f"edit {turn}") for turn in range(max(windows, 5))]
        finally:
            process.terminate()
            process.wait(30)
    section = Section("reload", f"one route of {FILES * ROUTES_PER_FILE:,} changes, {max(windows, 5)} times")
    live = _figure([each["live_in_s"] * 1e3 for each in told])
    pause = _figure([each["longest_pause_s"] * 1e3 for each in told])
    for title, key in (("reading and checking the edit", "validated_in_s"), ("from there until live", "live_in_s"),
                       ("longest pause of a core", "longest_pause_s")):
        section.figures[title] = {"nanoseconds": _figure([each[key] * 1e9 for each in told])}
    for what, measured, budget in (("live after the validated edit", live, LIVE_BUDGET_MS),
                                   ("longest pause of a core", pause, PAUSE_BUDGET_MS)):
        section.checks.append(judge_most(f"{what}: <= {budget:.0f} ms", measured, "ms", budget))
    return section


def _write(directory: Path, number: int, word: str) -> None:
    lines = ["routes:"]
    for route in range(ROUTES_PER_FILE):
        body = f"  - {{ name: r{number}-{route}, match: {{ host: h{number}.test, path: /p{route}/* }}, proxy: shop }}"
        lines.append(body)
    lines[-1] = (f"  - {{ name: r{number}-{ROUTES_PER_FILE - 1}, match: {{ host: h{number}.test, path: /last/* }}, "
                 f"respond: \"{word}\" }}")
    (directory / "routes" / f"{number:03}.yaml").write_text("\n".join(lines) + "\n")


def _await(socket: Path, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise Unavailable("weir did not start with 100,000 routes")
        time.sleep(0.05)


def _reload(weir: str, directory: Path, word: str) -> dict:
    _write(directory, FILES // 2, word)
    command = [weir, "reload", "--admin", f"unix:{directory}/admin.sock", "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if answer.returncode != 0:
        raise Unavailable(f"weir reload failed: {answer.stdout}{answer.stderr}")
    return json.loads(answer.stdout)


def _figure(values: list[float]) -> Figure:
    values = sorted(values)
    return Figure(values[len(values) // 2], values[0], values[-1])
