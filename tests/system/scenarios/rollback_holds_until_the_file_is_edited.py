"""What was rolled back comes back neither by SIGHUP nor by a restart, until the file is edited or --force says so."""

import json
import os
import signal

from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    weir = stand.gateway("routes: [{ name: a, respond: good }]")
    admin = f"unix:{weir.admin}"
    good = weir.status()["configuration"]["hash"]
    weir.write("routes: [{ name: a, respond: bad }]")
    same(weir.command("diff", "--admin", admin).stdout, "route a: respond good -> bad\n", "what a reload would do")
    weir.reload()
    same(weir.get("/").text(), "bad", "the mistake is live")

    back = weir.command("rollback", "--admin", admin)
    same(back.returncode, 0, f"weir rollback ({back.stderr})")
    same(weir.get("/").text(), "good", "after the rollback")
    same(weir.status()["configuration"]["hash"], good, "the hash after the rollback")
    expect("says something else" in back.stdout, f"the file's difference is told: {back.stdout}")
    same(weir.status()["configuration"]["origin"], "rollback", "origin in the status")
    expect("ready; " in weir.ask_admin("/readyz").text(), "readiness tells it, too")
    same(weir.metric("weir_config_from_file"), 0, "weir_config_from_file")

    weir.hang_up()
    same(weir.get("/").text(), "good", "after a SIGHUP")
    held = weir.command("reload", "--admin", admin)
    same(held.returncode, 1, "exit code of a reload of what was rolled back")
    expect("rolled back" in held.stderr, f"and why: {held.stderr}")
    weir.kill()
    weir.launch()
    until(lambda: "ready" in weir.stderr() or not weir.child.running, "the restart", story=weir.stderr)
    weir.address = weir.status()["listeners"][0]["address"]
    same(weir.get("/").text(), "good", "after a restart")

    forced = weir.command("reload", "--force", "--admin", admin)
    same(forced.returncode, 0, f"a forced reload ({forced.stderr})")
    same(weir.get("/").text(), "bad", "after --force")
    same(weir.command("rollback", good[:7], "--admin", admin).returncode, 0, "rollback by the beginning of a hash")
    weir.write("routes: [{ name: a, respond: better }]")
    weir.hang_up()
    same(weir.get("/").text(), "better", "an edited file is taken over")
    same(weir.metric("weir_config_from_file"), 1, "weir_config_from_file")

    said = weir.command("history", "--admin", admin).stdout
    expect(f"rollback by uid {os.getuid()}" in said, f"by whom: {said}")
    expect("reload by SIGHUP" in said and "route a: respond " in said, f"how and what: {said}")
    without = weir.command("history", "--state", str(weir.directory / "state"), "--json")
    same(json.loads(without.stdout)["configurations"][0]["how"], "reload", "the folder read without the process")
    same(weir.command("rollback", "ffffffff", "--admin", admin).returncode, 1, "a rollback to what never ran")
    secrets_stay_out(stand)
    broken_file_may_be_refused(stand)
    no_folder_no_history(stand)


def secrets_stay_out(stand: Stand) -> None:
    weir = stand.gateway('routes: [{ respond: "${env:WEIR_SECRET}" }]', environment={"WEIR_SECRET": "hunter2-sesame"})
    same(weir.get("/").text(), "hunter2-sesame", "the answer")
    for file in (weir.directory / "state").iterdir():
        expect(b"hunter2" not in file.read_bytes(), f"the secret is not in {file.name}")
        same(file.stat().st_mode & 0o077, 0, f"{file.name} is for its owner alone")
    before = weir.status()["configuration"]["hash"]
    weir.signal(signal.SIGTERM)
    weir.exits(0)
    weir.launch(environment={"WEIR_SECRET": "another"})
    until(lambda: "ready" in weir.stderr(), "the restart", story=weir.stderr)
    expect(weir.status()["configuration"]["hash"] != before, "another secret, another hash")
    expect("the value of ${env:WEIR_SECRET} changed" in weir.ask_admin("/history?format=text").text(), "and it is told")


def broken_file_may_be_refused(stand: Stand) -> None:
    weir = stand.gateway("routes: [{ respond: x }]")
    weir.signal(signal.SIGTERM)
    weir.exits(0)
    weir.configuration.unlink()
    done = weir.command("run", "--refuse-broken", "-c", str(weir.configuration), "--state",
                        str(weir.directory / "state"))
    same(done.returncode, 1, f"exit code with --refuse-broken ({done.stderr})")
    weir.launch()
    until(lambda: "ready" in weir.stderr() or not weir.child.running, "a start without file", story=weir.stderr)
    weir.address = weir.status()["listeners"][0]["address"]
    same(weir.get("/").text(), "x", "the last good configuration of a file that is gone")


def no_folder_no_history(stand: Stand) -> None:
    weir = stand.idle_gateway()
    (weir.directory / "file").write_text("")
    weir.start(f"state: {weir.directory}/file/below\nroutes: [{{ respond: x }}]")
    until(lambda: "no history is kept" in weir.stderr(), "the warning", story=weir.stderr)
    same(weir.get("/").text(), "x", "serving does not suffer")
    same(weir.ask_admin("/history").status, 404, "there is no history")
