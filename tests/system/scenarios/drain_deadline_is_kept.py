"""A drain whose deadline passes with a request in flight ends with exit code 3 and says so; `weir stop` drains, too."""

from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    origin = stand.origin(lambda peer, head: peer.receive())  # never answers
    yaml = f"timeouts: {{ drain: 300ms, linger: 50ms }}\nroutes: [{{ match: {{ path: /own }}, respond: own }}, " \
           f"{{ proxy: 'http://{origin.address}' }}]"
    weir = stand.gateway(yaml)
    with weir.client() as client:
        client.request("/")
        until(lambda: weir.metric("weir_requests_in_flight") >= 1, "the request to be in flight")
        done = weir.command("stop", "--admin", f"unix:{weir.admin}")
        same(done.returncode, 0, f"exit code of weir stop ({done.stderr})")
        weir.exits(3, seconds=5)
    expect("in flight" in weir.stderr(), "the log says that requests were in flight")

    idle = stand.gateway(yaml)
    with idle.client() as client:
        same(client.ask("/own").status, 200, "a request")
        same(idle.command("stop", "--admin", f"unix:{idle.admin}").returncode, 0, "exit code of weir stop")
        idle.exits(0, seconds=5)
    same(idle.command("status", "--admin", f"unix:{idle.admin}").returncode, 1, "exit code of weir status afterwards")
