"""OCSP answers are fetched, stapled and kept over a restart; an authority that fails or talks nonsense harms nobody."""

import signal

from stand.authority import Authority
from stand.gateway import Gateway
from stand.message import Head, Peer
from stand.origins import answer
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, expect, same, until

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls:
      certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}]
      fetch_ocsp: {fetch}
routes:
  - respond: here
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    says = {"status": "500 Ill", "body": b"go away"}
    asked: list[tuple[str, str]] = []

    def respond(peer: Peer, head: Head) -> None:
        question = b"".join(peer.body(head))
        asked.append((head.method, question[:1].hex()))
        answer(peer, says["body"], says["status"])

    origin = stand.origin(respond)
    certificate, _ = authority.issue("shop", f"DNS:shop.test\nauthorityInfoAccess=OCSP;URI:http://{origin.address}/ask")
    certificate.write_bytes(certificate.read_bytes() + authority.pem.read_bytes())
    good = authority.word_on("shop").read_bytes()

    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, fetch="true"))
    until(lambda: status_of(weir, authority) and "it answered with status 500" in weir.stderr(), "a word about the 500",
          story=weir.stderr)
    expect("no response sent" in status_of(weir, authority), "nothing is stapled, and clients are served")
    same(asked, [("POST", "30")], "it is asked once, and not again at once")
    weir.signal(signal.SIGTERM)
    weir.exits(0)

    says.update(status="200 OK", body=good)
    weir.start(CONFIGURATION.format(folder=authority.directory, fetch="true"))
    until(lambda: "Cert Status: good" in status_of(weir, authority), "the answer to be stapled", story=weir.stderr)
    same(len(asked), 2, "one question for it")
    weir.signal(signal.SIGTERM)
    weir.exits(0)

    # The look that finds the answer again is the one that would ask: the authority is there and would hear of it.
    weir.start(CONFIGURATION.format(folder=authority.directory, fetch="true"))
    until(lambda: "Cert Status: good" in status_of(weir, authority), "the answer from before the restart",
          story=weir.stderr)
    weir.signal(signal.SIGTERM)
    weir.exits(0)
    same(len(asked), 2, "nobody had to be asked")
    origin.close()
    off = stand.gateway(CONFIGURATION.format(folder=authority.directory, fetch="false"))
    expect("no response sent" in status_of(off, authority), "nobody is asked unless the configuration says so")


def status_of(weir: Gateway, authority: Authority) -> str:
    done = run([tool("openssl"), "s_client", "-connect", weir.address, "-servername", "shop.test", "-CAfile",
                str(authority.pem), "-status"], weir.directory, STEP_SECONDS)
    return done.stdout.decode("utf-8", "replace")
