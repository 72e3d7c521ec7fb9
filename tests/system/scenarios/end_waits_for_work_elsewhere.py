"""Forced to end while the hash of a password is computed elsewhere, Weir ends in good order."""

import base64
import signal

from stand.stand import Stand
from stand.waiting import until

# "secret" by bcrypt, with a cost that takes half a second.
USERS = "joe:$2y$13$io7ywPV6ZONQK9ADFx9EOuD6P3kfZQgbnksFSzK.PHnk/BlLEekT.\n"
FREED_MEMORY_IS_RUBBISH = {"MALLOC_CONF": "junk:true"}  # jemalloc: what is used after its end is noticed


def play(stand: Stand) -> None:
    users = stand.directory / "users"
    users.write_text(USERS)
    users.chmod(0o600)
    weir = stand.gateway(f"routes: [{{ filters: [{{ basic_auth: {users} }}], respond: in }}]",
                         environment=FREED_MEMORY_IS_RUBBISH)
    with weir.client() as client:
        client.request("/", fields=f"Authorization: Basic {base64.b64encode(b'joe:secret').decode()}\r\n")
        until(lambda: weir.metric("weir_requests_in_flight") >= 1, "the request to wait for its hash")
        weir.signal(signal.SIGTERM)
        until(lambda: "draining" in weir.stderr(), "the drain")
        weir.signal(signal.SIGTERM)
        weir.exits(2)
