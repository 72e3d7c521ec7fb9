"""pebble issues for names that nobody has written, while the first client's handshake waits: only for those that a
pattern covers and an endpoint allows, so many an hour; a restart finds them again without asking anybody."""

import concurrent.futures
import urllib.parse

from stand.message import Head, Peer
from stand.origins import answer, free_port
from stand.pebble import Pebble
from stand.stand import Stand
from stand.waiting import expect, same

CONFIGURATION = """
listeners:
  - {{ name: plain, address: "127.0.0.1:{plain}" }}
  - name: web
    address: "127.0.0.1:{secured}"
    tls:
      acme:
        directory: "{directory}"
        authorities: {authorities}
        terms: accept
        on_demand: {{ names: ["*.shop.test"], ask: "http://{endpoint}/may", per_hour: 2 }}
routes:
  - respond: here
"""


def play(stand: Stand) -> None:
    plain, secured = free_port(), free_port()
    pebble = stand.pebble(http_port=plain)
    pebble.start()
    asked: list[str] = []

    def decide(peer: Peer, head: Head) -> None:
        name = urllib.parse.parse_qs(urllib.parse.urlsplit(head.target).query)["domain"][0]
        asked.append(name)
        answer(peer, status="403 Forbidden" if name.startswith("stranger") else "200 OK")

    endpoint = stand.origin(decide)
    text = CONFIGURATION.format(plain=plain, secured=secured, directory=pebble.directory_url, authorities=pebble.pem,
                                endpoint=endpoint.address)
    weir = stand.gateway(text)
    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        came = list(crowd.map(lambda _: fetch(stand, pebble, secured, "ann.shop.test"), range(4)))
    same(came, [(0, b"here")] * 4, "four first clients at once, whose handshakes waited")
    for name in ("stranger.shop.test", "other.test", "a.b.shop.test"):
        same(fetch(stand, pebble, secured, name)[0], 60, f"{name} is shown another certificate")
    same(fetch(stand, pebble, secured, "bob.shop.test"), (0, b"here"), "another that is allowed")
    same(fetch(stand, pebble, secured, "eve.shop.test")[0], 60, "a third one within the hour")
    same(sorted(set(asked)), ["ann.shop.test", "bob.shop.test", "stranger.shop.test"], "who was asked about")
    pebble.stop()
    endpoint.close()
    weir.kill()
    weir.start(text)
    same(fetch(stand, pebble, secured, "ann.shop.test"), (0, b"here"), "after a restart, with nobody there to ask")
    names = [each["names"] for each in weir.status()["certificates"]]
    expect(["ann.shop.test"] in names, f"{names}")


def fetch(stand: Stand, pebble: Pebble, port: int, name: str) -> tuple[int, bytes]:
    done = stand.curl("--cacert", str(pebble.root), "--resolve", f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/",
                      seconds=30)
    return done.returncode, done.stdout
