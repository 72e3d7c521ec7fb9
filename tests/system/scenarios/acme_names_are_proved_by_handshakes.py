"""pebble issues by tls-alpn-01 to a gateway without a plain listener, for an account that is bound to one elsewhere;
who offers acme-tls/1 alone is shown proofs and nothing else; a name that leads elsewhere is told about."""

from stand.gateway import Gateway
from stand.origins import free_port
from stand.pebble import Pebble
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, expect, same, until

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:{secured}"
    tls:
      acme:
        directory: "{directory}"
        authorities: {authorities}
        names: [shop.test, lost.test]
        terms: accept
        challenge: tls-alpn-01
        external_account: {{ key_id: kid-1, key: "{key}" }}
routes:
  - respond: here
"""
KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
ISSUE_SECONDS = 60


def play(stand: Stand) -> None:
    secured = free_port()
    pebble = stand.pebble(http_port=1, tls_port=secured, nonces_refused=50, external_account=("kid-1", KEY))
    pebble.start()
    pebble.lead_elsewhere("lost.test")
    text = CONFIGURATION.format(secured=secured, directory=pebble.directory_url, authorities=pebble.pem, key=KEY)
    weir = stand.gateway(text)
    until(lambda: of(weir, "shop.test")["state"] == "valid", "a certificate that is issued", ISSUE_SECONDS,
          story=lambda: weir.stderr() + pebble.said()[-3000:])
    until(lambda: of(weir, "lost.test")["failures"] > 0, "a name that leads elsewhere to fail", ISSUE_SECONDS,
          story=lambda: weir.stderr() + pebble.said()[-3000:])
    lost = of(weir, "lost.test")
    why = "lost.test (tls-alpn-01): unauthorized: Failed to connect to 127.9.9.9"
    expect(lost["state"] == "missing" and lost["last_error"].startswith(why), f"{lost}")
    same(fetch(stand, pebble, secured), (0, b"here"), "the site with what pebble issued")
    expect("acme-tls/1" not in s_client(secured, weir, "acme-tls/1"), "a name that nobody proves now")
    expect("ALPN protocol: http/1.1" in s_client(secured, weir, "acme-tls/1,http/1.1"), "a client like others")
    same(weir.command("check", str(weir.configuration)).returncode, 0, "weir check, which asks nobody")
    expect(KEY not in weir.stderr(), "the account's key was printed")


def of(weir: Gateway, name: str) -> dict:
    return next(each for each in weir.status()["certificates"] if each["names"] == [name])


def fetch(stand: Stand, pebble: Pebble, port: int) -> tuple[int, bytes]:
    done = stand.curl("--cacert", str(pebble.root), "--resolve", f"shop.test:{port}:127.0.0.1",
                      f"https://shop.test:{port}/")
    return done.returncode, done.stdout


def s_client(port: int, weir: Gateway, protocols: str) -> str:
    done = run([tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "shop.test", "-alpn",
                protocols], weir.directory, STEP_SECONDS)
    return (done.stdout + done.stderr).decode("utf-8", "replace").replace("-alpn acme-tls/1", "")
