"""A reload of a file with errors changes nothing, and its exit code, the status, the metrics and the log say so."""

import signal

from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    weir = stand.gateway("routes: [{ respond: one }]")
    before = weir.status()["configuration"]["hash"]
    expect(before, "the status names the configuration's hash")
    weir.write("routes: [{ respnd: two }]")

    reload = weir.command("reload", "--admin", f"unix:{weir.admin}")
    said = reload.stdout + reload.stderr
    same(reload.returncode, 1, f"exit code of weir reload ({said})")
    expect("respnd" in said and "respond" in said and "weir.yaml:" in said, f"weir reload names the mistake: {said}")
    still_the_old(weir, before, failed=1)
    weir.hang_up()
    still_the_old(weir, before, failed=2)
    expect("unchanged" in weir.stderr(), "the log says that the running configuration is unchanged")

    weir.write("listeners: [\"127.0.0.1:0\"]\nroutes: [{ respond: [[ }]")  # not even YAML
    same(weir.ask_admin("/reload", "POST").status, 422, "status of a reload of what is not YAML")
    weir.configuration.unlink()
    same(weir.ask_admin("/reload", "POST").status, 422, "status of a reload of what is not there")
    still_the_old(weir, before, failed=4)

    weir.write("routes: [{ respond: two }]")
    reload = weir.command("reload", "--admin", f"unix:{weir.admin}")
    same(reload.returncode, 0, f"exit code of weir reload ({reload.stderr})")
    same(weir.get("/").text(), "two", "the answer after the mistake was corrected")
    same(weir.metric("weir_config_last_reload_successful"), 1, "weir_config_last_reload_successful")
    expect(weir.status()["configuration"]["hash"] != before, "the hash is another")
    same(weir.child.running, True, "weir runs")
    weir.signal(signal.SIGTERM)
    until(lambda: not weir.child.running, "the end")
    weir.exits(0)


def still_the_old(weir, before: str, failed: int) -> None:
    same(weir.get("/").text(), "one", "the answer after a refused reload")
    status = weir.status()
    same(status["configuration"]["hash"], before, "the running configuration's hash")
    same((status["reloads"]["failed"], status["reloads"]["last_applied"]), (failed, False), "reloads in the status")
    expect(status["reloads"].get("last_error"), "the status says what was wrong")
    metrics = weir.metrics()
    same(metrics["weir_config_last_reload_successful"], 0, "weir_config_last_reload_successful")
    same(metrics['weir_config_reloads_total{result="refused"}'], failed, "reloads refused")
