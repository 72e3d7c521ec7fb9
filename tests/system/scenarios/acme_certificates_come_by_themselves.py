"""pebble issues by http-01 to a gateway that redirects everything: an authority that is down at the start, refused
nonces and late looks cost only time; a restart shows what was issued."""

import json

from stand.gateway import Gateway
from stand.origins import free_port
from stand.pebble import Pebble
from stand.stand import Stand
from stand.waiting import expect, same, until

CONFIGURATION = """
listeners:
  - name: plain
    address: "127.0.0.1:{plain}"
  - name: web
    address: "127.0.0.1:{secured}"
    tls:
      acme: {{ directory: "{directory}", authorities: {authorities}, names: [shop.test, [a.test, b.test]],
              terms: accept, contact: [ops@shop.test] }}
routes:
  - {{ listeners: [plain], redirect: {{ to: "https://shop.test/", status: 308 }} }}
  - {{ listeners: [web], respond: here }}
"""
ISSUE_SECONDS = 60  # pebble looks three times, and sleeps before each


def play(stand: Stand) -> None:
    plain, secured = free_port(), free_port()
    pebble = stand.pebble(http_port=plain)
    text = CONFIGURATION.format(plain=plain, secured=secured, directory=pebble.directory_url, authorities=pebble.pem)
    weir = stand.gateway(text)
    serves_without_an_authority(stand, weir, plain, secured)
    pebble.start()
    until(lambda: all(each["state"] == "valid" for each in certificates(weir)), "certificates that are issued",
          ISSUE_SECONDS, story=lambda: weir.stderr() + pebble.said()[-3000:])
    for name in ("shop.test", "a.test", "b.test"):
        same(fetch(stand, pebble, secured, name), (0, b"here"), f"{name} with what pebble issued")
    expect(weir.metric('weir_certificate_expiry_seconds{certificate="shop.test"}') > 1e9, "the expiry as a metric")
    until(lambda: "certificate shop.test: issued by" in weir.stderr(), "the log to tell of it")
    challenges_come_first(stand, weir, plain, secured)
    pebble.stop()
    restart_shows_them(stand, weir, pebble, secured, text)
    other_groups_show_them(stand, weir, pebble, secured, text)


def certificates(weir: Gateway) -> list[dict]:
    return weir.status()["certificates"]


def fetch(stand: Stand, pebble: Pebble, port: int, name: str) -> tuple[int, bytes]:
    done = stand.curl("--cacert", str(pebble.root), "--resolve", f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/")
    return done.returncode, done.stdout


def serves_without_an_authority(stand: Stand, weir: Gateway, plain: int, secured: int) -> None:
    same([each["state"] for each in certificates(weir)], ["missing", "missing"], "certificates at the first start")
    done = stand.curl("-k", "--resolve", f"shop.test:{secured}:127.0.0.1", f"https://shop.test:{secured}/")
    same((done.returncode, done.stdout), (0, b"here"), "the site behind its stand-in")
    done = stand.curl("-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{plain}/x")
    same(done.stdout, b"308", "the redirect")
    until(lambda: all(each["failures"] > 0 for each in certificates(weir)), "failures that are told", story=weir.stderr)
    for words in ("clients are shown a self-signed one", "connect_refused"):
        until(lambda words=words: words in weir.stderr(), f"the log to say {words}", story=weir.stderr)
    shown = weir.command("status", "--admin", f"unix:{weir.admin}").stdout
    expect("shop.test: missing, clients are shown a self-signed one" in shown and "next try" in shown, shown)


def challenges_come_first(stand: Stand, weir: Gateway, plain: int, secured: int) -> None:
    """Before redirects, on the plain listener alone, and only for tokens that somebody here has put there."""
    folder = weir.directory / "state" / "acme" / "challenges"
    (folder / "another-process").write_text("another-process.print")
    path = "/.well-known/acme-challenge"
    to = [f"http://127.0.0.1:{plain}{path}"]
    same(stand.curl(f"{to[0]}/another-process").stdout, b"another-process.print", "a token in the shared state")
    for strange in ("unknown", "..%2f..%2faccount.key", "another-process/"):
        done = stand.curl("-o", "/dev/null", "-w", "%{http_code}", f"{to[0]}/{strange}")
        same(done.stdout, b"308", f"{strange} is a request like others")
    done = stand.curl("-k", f"https://127.0.0.1:{secured}{path}/another-process")
    same(done.stdout, b"here", "the same path over TLS")


def restart_shows_them(stand: Stand, weir: Gateway, pebble: Pebble, secured: int, text: str) -> None:
    """With an authority that is down: what was issued is shown from the first moment on."""
    before = json.dumps([each["valid_until"] for each in certificates(weir)])
    weir.kill()
    weir.start(text)
    same(fetch(stand, pebble, secured, "shop.test"), (0, b"here"), "a certificate of the life before")
    same(json.dumps([each["valid_until"] for each in certificates(weir)]), before, "the same certificates")


def other_groups_show_them(stand: Stand, weir: Gateway, pebble: Pebble, secured: int, text: str) -> None:
    """Names that are grouped anew while the authority is down keep what they have, over a restart, too."""
    anew = text.replace("[shop.test, [a.test, b.test]]", "[[shop.test, www.shop.test], a.test]")
    weir.write(anew)
    weir.reload()
    for again in ("a reload", "a restart"):
        for name in ("shop.test", "a.test"):
            same(fetch(stand, pebble, secured, name), (0, b"here"), f"{name} in another group after {again}")
        expect("shop.test, www.shop.test: missing, clients are shown what there was before"
               in weir.command("status", "--admin", f"unix:{weir.admin}").stdout, "the status to say so")
        weir.kill()
        weir.start(anew)
