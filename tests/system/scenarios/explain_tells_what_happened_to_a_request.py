"""A client reports a failure with its id; `weir explain ID` tells the story, from whichever core, over reloads."""

import json

from stand.message import Client
from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    dead = f"127.0.0.1:{free_port()}"
    yaml = f"""
workers: 2
upstreams:
  shop: {{ endpoints: ["{dead}"] }}
routes:
  - {{ name: hello, match: {{ path: /hello }}, respond: hi }}
  - {{ name: cart, match: {{ path: /cart/* }}, filters: [{{ access: {{ allow: [127.0.0.0/8] }} }}], proxy: shop }}
"""
    weir = stand.gateway(yaml)
    failed = weir.get("/cart/7?token=geheim")
    same(failed.status, 502, "a request to an upstream that refuses")
    identity = failed.fields["x-request-id"]
    expect(identity in failed.text(), "the error page names the request")
    text = explain(weir, identity)
    for part in ("GET ", "/cart/7?token=REDACTED: 502 Bad Gateway", "connect_refused, the upstream's doing", dead,
                 "matched cart (", "allowed: in_allow_list", "gave_up connect_refused", "which still runs"):
        expect(part in text, f"`{part}` stands in the story:\n{text}")
    expect("geheim" not in text, f"no secret stands in the story:\n{text}")

    # Ordinary traffic on both cores does not push it out, and does not keep it from being found.
    for _ in range(16):
        with Client(weir.address) as client:
            for _ in range(50):
                same(client.ask("/hello").status, 200, "an ordinary request")
    weir.write(yaml.replace("name: cart", "name: basket"))
    weir.reload()
    text = explain(weir, identity[:12])
    expect("route         cart" in text and "basket (" in text, f"what ran then, and what would now:\n{text}")
    told = json.loads(explain(weir, identity, "--json"))
    same(len(told["stories"]), 1, "stories of the id")
    story = told["stories"][0]
    same((story["status"], story["route"], story["error"]["reason"], story["today"]["route"]),
         (502, "cart", "connect_refused", "basket"), "the story as JSON")
    expect(told["remembered"] > 800, f"what both cores remember: {told['remembered']}")
    stand.note(f"{told['remembered']} stories on 2 cores")

    nobody = weir.command("explain", "00000000", "--admin", f"unix:{weir.admin}")
    same(nobody.returncode, 1, "an id that nobody had")
    expect("no story of 00000000" in nobody.stderr, nobody.stderr)

    weir.write("stories: off\n" + yaml)
    weir.reload()
    until(lambda: weir.get("/cart/8").status == 502 and "stories are off" in
          weir.command("explain", identity, "--admin", f"unix:{weir.admin}").stderr, "both cores to forget")


def explain(weir, *arguments: str) -> str:
    done = weir.command("explain", *arguments, "--admin", f"unix:{weir.admin}")
    same(done.returncode, 0, f"explain {arguments} ({done.stderr})")
    return done.stdout
