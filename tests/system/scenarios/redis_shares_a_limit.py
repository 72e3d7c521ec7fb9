"""Two gateways give out one limit exactly, with a password; a Redis that restarts, stops or dies makes nobody wait."""

import threading
import time

from stand.gateway import Gateway
from stand.stand import Stand
from stand.waiting import expect, same, until

CONFIGURATION = """
workers: 2
routes:
  - match: {{ path: /few }}
    filters: [{{ limit: {{ name: few, rate: 100/h, key: all, scope: redis, redis: {redis} }} }}]
    respond: "in"
  - match: {{ path: /dead }}
    filters: [{{ limit: {{ name: dead, rate: 1000000/h, key: all, scope: redis, redis: {redis} }} }}]
    respond: "in"
"""


def play(stand: Stand) -> None:
    redis = stand.redis(password="correct horse")
    described = f'{{ addresses: ["{redis.address}"], password: "${{env:REDIS_PASSWORD}}", budget: 200ms }}'
    gateways = [stand.gateway(CONFIGURATION.format(redis=described), environment={"REDIS_PASSWORD": redis.password})
                for _ in range(2)]
    exactly_the_limit(gateways)
    expect(all(redis.password not in gateway.stderr() for gateway in gateways), "the password was printed")
    keys = redis.ask("KEYS", "*")
    expect(len(keys) == 1 and keys[0].startswith("weir:{") and redis.ask("PTTL", keys[0]) > 0,
           f"one key that expires: {keys}")

    # A restart forgets, as Redis without persistence does; connections are made anew and functions loaded.
    redis.close()
    redis.start()
    until(lambda: decided(gateways[0], "answered", "/dead"), "the first decision of a Redis that came back")
    until(lambda: gateways[0].get("/few").status == 200, "a budget that is whole again, once old refusals are over")

    for how, undo in ((redis.stop, redis.go_on), (redis.close, redis.start)):
        how()
        until(lambda: decided(gateways[0], "down", "/dead"), "a gateway that has noticed")
        began = time.monotonic()
        same([gateways[0].get("/dead").status for _ in range(50)], [200] * 50, "requests without Redis")
        each = (time.monotonic() - began) / 50
        expect(each < 0.1, f"{each * 1000:.1f} ms each: requests wait for a Redis that is not there")
        undo()
        until(lambda: decided(gateways[0], "answered", "/dead"), "the first decision after it came back")
    said = gateways[0].stderr()
    expect("is not waited for" in said and "decides again" in said, f"what the log says of it: {said}")


def exactly_the_limit(gateways: list[Gateway]) -> None:
    """More requests than the limit, at once, through all gateways and their cores."""
    statuses: list[int] = []

    def ask(gateway: Gateway) -> None:
        for _ in range(20):
            statuses.append(gateway.get("/few").status)

    each = 12 // len(gateways)
    threads = [threading.Thread(target=ask, args=(gateway,)) for gateway in gateways for _ in range(each)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(statuses.count(200), 100, f"of {len(statuses)} requests, admitted by a limit of 100")


def decided(gateway: Gateway, source: str, target: str) -> bool:
    """Whether one more request was decided by that source."""
    def count() -> float:
        return sum(value for name, value in gateway.metrics().items()
                   if name.startswith("weir_limit_redis_total") and f'source="{source}"' in name)

    before = count()
    gateway.get(target)
    return count() > before
