"""TERM: readiness goes first, new connections are refused, the slow request in flight is answered, the exit code is 0.

Idle keep-alive connections end in an orderly way, and clients who kept asking at full speed never see a reset or half
an answer.
"""

import signal
import threading

from stand.load import Clients
from stand.message import Head, Peer
from stand.origins import answer
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

BODY = b"slow" * (MEBIBYTE // 4)


def play(stand: Stand) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(peer: Peer, head: Head) -> None:
        asked.set()
        go_on.wait(60)
        answer(peer, BODY)

    origin = stand.origin(slowly)
    weir = stand.gateway(f"""
routes:
  - {{ match: {{ path: /quick }}, respond: quick }}
  - {{ proxy: "http://{origin.address}" }}
""")
    same(weir.ask_admin("/readyz").status, 200, "readiness before")
    with weir.client() as slow, weir.client() as idle, Clients(weir, 8, "/quick", b"quick") as clients:
        same(idle.ask("/quick").status, 200, "a request on a connection that then is idle")
        slow.request("/slow")
        until(asked.is_set, "the origin to be asked")
        weir.signal(signal.SIGTERM)
        until(lambda: weir.ask_admin("/readyz").status == 503, "readiness to be withdrawn")
        until(lambda: refuses(weir), "new connections to be refused")
        same(idle.at_end(), True, "an idle connection ends in an orderly way")
        same(weir.status()["state"], "draining", "the state")
        same(weir.ask_admin("/healthz").status, 200, "liveness while draining")
        expect(weir.child.running, "weir waits for the slow request")
        go_on.set()
        response = slow.response()
        same((response.status, response.body == BODY), (200, True), "the slow request's answer")
        expect(response.head.says_close(), "it says that the connection is closed behind it")
        same(slow.at_end(), True, "the connection ends in an orderly way")
    same(clients.failures, [], "what clients saw besides whole answers and orderly ends")
    weir.exits(0)
    stand.note(f"{clients.done} answers, {clients.turned_away} orderly ends, no reset")


def refuses(weir) -> bool:
    try:
        weir.client().close()
        return False
    except ConnectionRefusedError:
        return True
