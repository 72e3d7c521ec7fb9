"""Whoever makes /tmp/weir-UID before its user comes is trusted by neither gateway nor commands. Needs root."""

import os
import pathlib
import shutil
import stat
import subprocess

from stand.gateway import Gateway
from stand.processes import run
from stand.stand import Stand
from stand.waiting import expect, same, until

# Nobody's, so that nobody's folder is in the way.
USER, OTHER = 61_871, 61_872
FOLDER = pathlib.Path(f"/tmp/weir-{USER}")


def play(stand: Stand) -> None:
    if os.geteuid() != 0:
        stand.note("not played: it needs root, to be two users")
        return
    expect(not FOLDER.exists(), f"{FOLDER} is nobody's before")
    weir = stand.idle_gateway()
    weir.binary = shutil.copy(stand.binary, weir.directory)  # where both may run it
    for path in (weir.directory, *weir.directory.parents):
        if path.is_relative_to(stand.directory):
            path.chmod(0o755)
    stand.ending.callback(shutil.rmtree, FOLDER, ignore_errors=True)
    folder_of_another_is_refused(weir)
    shutil.rmtree(FOLDER)
    own_folder_serves_its_user_alone(weir)


def as_user(number: int) -> list[str]:
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "env", "-u", "XDG_RUNTIME_DIR"]


def launch(weir: Gateway) -> None:
    weir.write('state: off\nlisteners: ["127.0.0.1:0"]\nroutes: [{ respond: x }]')
    lines = weir.configuration.read_text().splitlines(keepends=True)
    weir.configuration.write_text("".join(line for line in lines if not line.startswith("admin:")))
    weir.launch(as_user(USER))


def status(weir: Gateway, user: int, *more: str) -> subprocess.CompletedProcess:
    return run([*as_user(user), weir.binary, "status", *more], weir.directory, 10)


def folder_of_another_is_refused(weir: Gateway) -> None:
    FOLDER.mkdir(mode=0o700)
    os.chown(FOLDER, OTHER, OTHER)
    launch(weir)
    weir.exits(1)
    reason = f"{FOLDER} is not trusted: it belongs to uid {OTHER}, not {USER}"
    expect(reason in weir.stderr(), f"the gateway says why: {weir.stderr()}")
    told = status(weir, USER)
    expect(told.returncode != 0 and reason in told.stderr.decode(), f"a command says it, too: {told.stderr}")


def own_folder_serves_its_user_alone(weir: Gateway) -> None:
    launch(weir)
    socket = FOLDER / "admin.sock"
    until(lambda: not weir.child.running or socket.exists(), "the admin socket", story=weir.stderr)
    same(stat.S_IMODE(FOLDER.stat().st_mode), 0o700, "who may enter")
    same(FOLDER.stat().st_uid, USER, "whose it is")
    until(lambda: status(weir, USER).returncode == 0, "its user to be told the status", story=weir.stderr)
    expect(status(weir, OTHER, "--admin", f"unix:{socket}").returncode != 0, "another user is told nothing")
