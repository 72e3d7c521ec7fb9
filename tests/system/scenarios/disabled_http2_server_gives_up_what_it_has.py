"""A server that speaks HTTP/2 is disabled while it has requests: a GET goes to another server, a POST is refused."""

import threading

from stand.origins import answer
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    held = threading.Event()
    stand.ending.callback(held.set)

    def hang(peer, head) -> None:
        held.wait()
        answer(peer, b"late")

    def behind(origin) -> str:
        """A gateway stands for a server: it takes HTTP/2 from whoever speaks it first."""
        return stand.gateway(f"routes: [{{ proxy: 'http://{origin.address}' }}]").address

    hanging, other = behind(stand.origin(hang)), behind(stand.origin(lambda peer, head: answer(peer, b"other")))
    weir = stand.gateway(f"""
forwarded: {{ pseudonym: front }}
upstreams:
  shop: {{ endpoints: ["{hanging}", "{other}"], protocol: h2c, balance: {{ jump: {{ key: path }} }} }}
routes: [{{ proxy: shop }}]
""")
    there = next(path for path in (f"/{number}" for number in range(64)) if hanging == foretold(weir, path))
    outcomes = {}

    def send(method: str) -> None:
        done = stand.curl("-s", "-X", method, "-o", "-", "-w", " %{http_code}", f"http://{weir.address}{there}")
        outcomes[method] = done.stdout.decode()

    threads = [threading.Thread(target=send, args=(method,)) for method in ("GET", "POST")]
    for thread in threads:
        thread.start()
    in_flight = f'weir_upstream_endpoint_in_flight{{upstream="shop",endpoint="{hanging}"}}'
    until(lambda: weir.metric(in_flight) == 2, "both requests to be at the server that hangs",
          story=lambda: outcomes)
    done = weir.command("upstream", "disable", "shop", hanging, "--wait", "5s", "--admin", f"unix:{weir.admin}")
    same(done.returncode, 0, f"the exit code of disable: {done.stdout}{done.stderr}")
    for thread in threads:
        thread.join()
    same(outcomes["GET"], "other 200", "the GET, which may be repeated")
    expect(outcomes["POST"].endswith(" 503") and "endpoint_disabled" in outcomes["POST"],
           f"the POST, which may not: {outcomes['POST']}")


def foretold(weir, path: str) -> str:
    """Where `weir explain` says that the path leads."""
    done = weir.command("explain", "GET", f"http://shop.test{path}", "--admin", f"unix:{weir.admin}")
    lines = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  endpoint")]
    return lines[0].rstrip(",") if lines else ""
