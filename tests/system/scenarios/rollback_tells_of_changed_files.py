"""Users and error pages stand beside the configuration: the history says that their content changed, and a rollback
that it does not bring it back. A reload alone is enough for an edited page."""

from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    weir = stand.idle_gateway()
    page, keys = weir.directory / "404.html", weir.directory / "keys.txt"
    page.write_text("<p>first words")
    keys.write_text(weir.command("api-key", "new", "somebody").stdout)
    keys.chmod(0o600)
    routes = """
routes:
  - name: site
    filters: [{ error_pages: { pages: { status: 404, file: 404.html } } }]
    respond: STATUS
  - name: keys
    match: { path: /keys/* }
    filters: [{ api_key: keys.txt }]
    respond: 204
"""
    weir.start(routes.replace("STATUS", "404"))
    admin = f"unix:{weir.admin}"
    first = weir.status()["configuration"]["hash"]
    came = weir.get("/")
    same((came.text(), came.fields.get("vary")), ("<p>first words", "accept"), "the page, and that Accept chose it")

    page.write_text("<p>other words")
    weir.reload()
    same(weir.get("/").text(), "<p>other words", "the page after a reload")
    same(weir.status()["configuration"]["hash"], first, "the hash of a configuration whose page was edited")
    said = weir.command("history", "--admin", admin).stdout
    expect("the content of" in said and "404.html changed" in said, f"history: {said}")
    expect("keys.txt changed" not in said, f"history of what did not change: {said}")
    weir.reload()
    same(weir.command("history", "--admin", admin).stdout.count("404.html changed"), 1, "lines for one change")

    weir.write(routes.replace("STATUS", "403"))
    weir.reload()
    second = weir.status()["configuration"]["hash"]
    key = weir.command("api-key", "new", "partner")
    keys.write_text(key.stdout)
    secret = next(word for word in key.stderr.split() if word.startswith("weir_"))
    until(lambda: weir.get("/keys/", fields=f"x-api-key: {secret}\r\n").status == 204, "the new key to open")

    back = weir.command("rollback", first[:7], "--admin", admin)
    same(back.returncode, 0, f"weir rollback ({back.stderr})")
    expect("keys.txt is not what it was" in back.stdout, f"a rollback says what it leaves: {back.stdout}")
    expect("404.html is not" not in back.stdout, f"and nothing of what is the same: {back.stdout}")
    same(weir.get("/").text(), "<p>other words", "pages are used as they are")
    difference = weir.command("diff", second[:7], first[:7], "--admin", admin).stdout
    expect("keys.txt has another content" in difference and "respond" in difference, f"weir diff: {difference}")
