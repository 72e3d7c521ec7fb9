"""A cluster of three masters: keys are counted where they live, through a slot that moves and a failover."""

import binascii

from stand.gateway import Gateway
from stand.redis import Redis
from stand.stand import Stand
from stand.waiting import expect, same, until

CONFIGURATION = """
routes:
  - filters:
      - limit:
          key: {{ header: x-user }}
          scope: redis
          redis: {{ addresses: ["{seed}"], cluster: true, budget: 500ms, on_error: closed }}
          rules: [{{ name: hour, rate: 3/h }}, {{ name: day, rate: 50/d, algorithm: sliding_window }}]
    respond: "in"
"""


def play(stand: Stand) -> None:
    cluster = stand.redis_cluster()
    weir = stand.gateway(CONFIGURATION.format(seed=cluster.masters[1].address))
    users = [f"user{number}" for number in range(30)]
    for user in users:
        until(lambda: ask(weir, user) == 200, "a first request that finds its server")
    same([ask(weir, user) for user in users for _ in range(3)], [200, 200, 429] * len(users), "three of each user")
    counts = [node.ask("DBSIZE") for node in cluster.masters]
    expect(min(counts) > 0 and sum(counts) == 2 * len(users), f"keys on each master: {counts}")

    # A slot moves: while it does its keys are asked for with ASK, then MOVED, and nothing that was counted is lost.
    key = cluster.masters[0].ask("KEYS", "*")[0]
    slot = binascii.crc_hqx(key[key.index("{") + 1:key.index("}")].encode(), 0) % 16384
    moved = user_of(weir, cluster.masters[0], key, users)
    new_owner = cluster.masters[2]
    cluster.move_slot(slot, new_owner, lambda: same(ask(weir, moved), 429, "a user whose slot is on its way"))
    # A refusal is remembered for a second; then the new owner is found, through the old one who sends us on, or before
    # that in the table of slots when it happens to be read again.
    decided = new_owner.decisions()
    until(lambda: same(ask(weir, moved), 429, "a user whose slot has moved") or new_owner.decisions() > decided,
          "a decision of the new owner")

    # A failover: the replica takes over what the first master served.
    cluster.masters[0].close()
    until(lambda: "slave" not in str(cluster.nodes[3].ask("INFO", "replication")).split("connected")[0],
          "the replica that becomes a master", seconds=60)
    until(lambda: all(ask(weir, user) == 429 for user in users), "every user counted again, as before", seconds=30)


def ask(weir: Gateway, user: str) -> int:
    return weir.get("/", f"X-User: {user}\r\n").status


def user_of(weir: Gateway, node: Redis, key: str, users: list[str]) -> str:
    """Whose key it is: names of keys are digests, so that the test has to know how they are made."""
    import base64
    import hashlib
    wanted = key[key.index("{") + 1:key.index("}")]
    for user in users:
        digest = hashlib.sha256(f"{len(user)}:{user}".encode()).digest()[:12]
        if base64.urlsafe_b64encode(digest).decode() == wanted:
            return user
    raise AssertionError(f"nobody's key: {key}")
