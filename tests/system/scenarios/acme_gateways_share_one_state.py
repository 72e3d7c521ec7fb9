"""Two gateways with one state: a name that both want is issued once and taken over by the other, and the authority's
question for what one of them asked is answered by the other, which shares its disk."""

from stand.gateway import Gateway
from stand.origins import free_port
from stand.stand import Stand
from stand.waiting import same, until

CONFIGURATION = """
listeners:
  - {{ name: plain, address: "127.0.0.1:{plain}" }}
  - name: web
    address: "127.0.0.1:{secured}"
    tls:
      acme: {{ directory: "{directory}", authorities: {authorities}, names: [shop.test, {own}], terms: accept }}
routes:
  - respond: here
"""
ISSUE_SECONDS = 60
TAKEN_OVER = "certificate shop.test: taken over from another process"


def play(stand: Stand) -> None:
    ports = {own: (free_port(), free_port()) for own in ("one.test", "two.test")}
    pebble = stand.pebble(http_port=ports["one.test"][0])  # it only ever asks the first
    state = {"STATE_DIRECTORY": str(stand.directory / "shared")}
    both = [stand.gateway(CONFIGURATION.format(plain=plain, secured=secured, own=own, directory=pebble.directory_url,
                                               authorities=pebble.pem), environment=state)
            for own, (plain, secured) in ports.items()]
    pebble.start()
    for weir in both:
        until(lambda: all(each["state"] == "valid" for each in weir.status()["certificates"]), "all that it wants",
              ISSUE_SECONDS, story=lambda: weir.stderr() + pebble.said()[-3000:])
    # A certificate is in force a moment before the log has it.
    until(lambda: sum(TAKEN_OVER in weir.stderr() for weir in both) == 1, "one takes over what the other had issued")
    until(lambda: "certificate two.test: issued by" in both[1].stderr(), "the second, for which the first answered")
    said = [weir.stderr() for weir in both]
    same(sum(each.count("certificate shop.test: issued by") for each in said), 1, f"orders for one name: {said}")
    same(len({shown(weir) for weir in both}), 1, "certificates for one name")


def shown(weir: Gateway) -> str:
    return next(each["valid_until"] for each in weir.status()["certificates"] if each["names"] == ["shop.test"])
