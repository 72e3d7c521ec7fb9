"""Only the unix socket, mode 0600, takes verbs that change something; loopback TCP may look, traffic sees nothing."""

import os
import stat

from stand.message import ask
from stand.stand import Stand
from stand.waiting import expect, same


def play(stand: Stand) -> None:
    weir = stand.gateway(f"admin: [unix:{stand.directory}/weir/admin.sock, \"127.0.0.1:0\"]\n"
                         "routes: [{ match: { path: /own }, respond: own }]")
    same(stat.S_IMODE(os.stat(weir.admin).st_mode), 0o600, "mode of the socket")
    over_tcp = next(each["address"] for each in weir.status()["listeners"]
                    if each["name"] == "admin" and not each["address"].startswith("unix"))
    for page in ("/healthz", "/readyz", "/metrics", "/status", "/explain?method=GET&url=http://a/own"):
        same(ask(over_tcp, page).status, 200, f"GET {page} over TCP")
        same(weir.get(page).status, 404, f"GET {page} on the listener for traffic")
    for verb in ("/reload", "/stop"):
        status = ask(over_tcp, verb, "POST").status
        same(status, 403, f"POST {verb} over TCP")
        same(weir.get(verb).status, 404, f"{verb} on the listener for traffic")
    done = weir.command("reload", "--admin", over_tcp)
    same(done.returncode, 1, "exit code of weir reload over TCP")
    same((weir.status()["state"], weir.reloads()), ("running", 0), "what the refused verbs did")
    same(weir.ask_admin("/reload").status, 405, "GET of a verb that changes something")
    same(weir.ask_admin("/reload", "POST").status, 200, "POST /reload through the socket")
    for arguments in (["status"], ["status", "--json"], ["explain", "GET", "http://a/own"]):
        done = weir.command(*arguments, "--admin", f"unix:{weir.admin}")
        same(done.returncode, 0, f"exit code of weir {' '.join(arguments)} ({done.stderr})")
    outside = stand.idle_gateway()
    outside.write('admin: "0.0.0.0:9901"\nroutes: [{ respond: x }]')
    same(outside.command("check", str(outside.configuration)).returncode, 1, "an admin address reachable from outside")
    expect(weir.ask_admin("/stop", "POST").status == 202, "POST /stop through the socket")
    weir.exits(0)
