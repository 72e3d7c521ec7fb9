"""A browser that trusts the test's authority loads a page with forty scripts over HTTP/2; no page of another name."""

import os
import pathlib
import subprocess

from stand.authority import Authority
from stand.gateway import Gateway
from stand.processes import SYSTEM_PATH, run, tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, expect, same

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}] }}
routes:
  - files: {{ root: {root} }}
"""
SCRIPTS = 40
PAGE = """<!doctype html><title>Shop</title><body></body>
{scripts}
<script>
document.body.append("Ran " + seen.join(" ") + "; over " +
    performance.getEntriesByType("navigation")[0].nextHopProtocol + ", scripts over " +
    [...new Set(performance.getEntriesByType("resource").map((each) => each.nextHopProtocol))].join());
</script>
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    root = stand.directory / "root"
    root.mkdir()
    for number in range(SCRIPTS):
        (root / f"{number}.js").write_text(f"(window.seen ??= []).push({number});", encoding="utf-8")
    scripts = "".join(f'<script src="{number}.js"></script>' for number in range(SCRIPTS))
    (root / "index.html").write_text(PAGE.format(scripts=scripts), encoding="utf-8")
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, root=root))
    home = trusting_home(stand, authority)
    page = look(stand, home, weir, "shop.test")
    ran = "Ran " + " ".join(str(number) for number in range(SCRIPTS)) + ";"
    expect(ran in page, f"all scripts ran, in their order: {page}")
    expect("; over h2, scripts over h2" in page, f"all of it over HTTP/2: {page}")
    shaken = weir.metrics()['weir_tls_handshakes_total{version="1.3",resumed="false"}']
    stand.note(f"{SCRIPTS + 1} files over {shaken:.0f} connections")
    expect(shaken <= 2, f"they share a connection ({shaken} handshakes)")
    expect("Ran" not in look(stand, home, weir, "other.test"), "a page of a name that the certificate has not")


def trusting_home(stand: Stand, authority: Authority) -> pathlib.Path:
    """A home whose browsers trust the authority beside those that all trust."""
    home = stand.directory / "home"
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for words in (("-N", "--empty-password"), ("-A", "-t", "C,,", "-n", "test", "-i", str(authority.pem))):
        done = run([tool("certutil"), "-d", f"sql:{store}", *words], stand.directory, STEP_SECONDS)
        same(done.returncode, 0, f"certutil: {done.stderr}")
    return home


def look(stand: Stand, home: pathlib.Path, weir: Gateway, name: str) -> str:
    """What the page has become when all of it is loaded."""
    port = weir.address.rpartition(":")[2]
    done = subprocess.run(
        [tool("chromium-headless-shell"), "--no-sandbox", "--headless", "--disable-gpu", "--no-proxy-server",
         f"--user-data-dir={home}/profile", "--host-resolver-rules=MAP * 127.0.0.1", "--dump-dom",
         f"https://{name}:{port}/index.html"], cwd=stand.directory, capture_output=True, timeout=4 * STEP_SECONDS,
        check=False, env=os.environ | {"HOME": str(home), "PATH": SYSTEM_PATH})
    return done.stdout.decode("utf-8", "replace")
