"""redis-server behind TLS: the right authority and name are asked, wrong ones hear no password and say why, and
`on_error` decides; a lost connection resumes, a certificate is shown to who asks for one, a cluster is followed."""

from stand.authority import Authority
from stand.gateway import Gateway
from stand.redis import Redis, RedisTls
from stand.stand import Stand
from stand.waiting import expect, same, until

CONFIGURATION = """
workers: 2
routes:
  - match: {{ path: /few }}
    filters: [{{ limit: {{ name: few, rate: 100/h, key: all, scope: redis, redis: {right} }} }}]
    respond: "in"
  - match: {{ path: /stranger }}
    filters: [{{ limit: {{ name: stranger, rate: 1000/h, key: all, scope: redis, redis: {stranger} }} }}]
    respond: "in"
  - match: {{ path: /name }}
    filters: [{{ limit: {{ name: name, rate: 2/h, key: all, scope: redis, redis: {name} }} }}]
    respond: "in"
"""
ONE = """
routes:
  - filters: [{{ limit: {{ name: one, rate: 1000/h, key: all, scope: redis, redis: {redis} }} }}]
    respond: "in"
"""
CLUSTER = """
routes:
  - filters:
      - limit:
          key: {{ header: x-user }}
          scope: redis
          redis: {{ addresses: ["{seed}"], cluster: true, budget: 500ms, on_error: closed, tls: {tls} }}
          rules: [{{ name: hour, rate: 3/h }}]
    respond: "in"
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    stranger = Authority(stand.directory / "stranger", "Stranger")
    certificate, key = authority.issue("redis", "IP:127.0.0.1")
    secured = RedisTls(authority.pem, certificate, key)
    redis = stand.redis(password="correct horse", tls=secured)
    right = gateway_is_exact(stand, redis, authority, stranger)
    lost_connections_resume(redis, right)
    certificates_are_shown(stand, authority, RedisTls(authority.pem, certificate, key, asks_clients=True))
    plain_server_is_refused(stand)
    cluster_is_followed(stand, secured)


def gateway_is_exact(stand: Stand, redis: Redis, authority: Authority, stranger: Authority) -> Gateway:
    base = f'addresses: ["{redis.address}"], password: "${{env:REDIS_PASSWORD}}", budget: 500ms'
    weir = stand.gateway(CONFIGURATION.format(
        right=f"{{ {base}, tls: {{ authorities: {authority.pem} }} }}",
        stranger=f"{{ {base}, on_error: closed, tls: {{ authorities: {stranger.pem} }} }}",
        name=f"{{ {base}, on_error: local, tls: {{ authorities: {authority.pem}, name: other.internal }} }}"),
        environment={"REDIS_PASSWORD": redis.password})
    same([weir.get("/few").status for _ in range(120)], [200] * 100 + [429] * 20, "a limit of 100 over TLS")
    same({weir.get("/stranger").status for _ in range(10)}, {503}, "on_error: closed decides about a stranger")
    same([weir.get("/name").status for _ in range(5)], [200] * 2 + [429] * 3, "on_error: local counts here")
    said = weir.stderr()
    expect("not trusted: self-signed certificate in certificate chain" in said, f"a stranger, in the log: {said}")
    expect("not trusted: hostname mismatch" in said.lower(), f"another name, in the log: {said}")
    expect(redis.password not in said, "the password was printed")
    metrics = weir.metrics()
    label = f'redis="{redis.address}"'
    expect(metrics[f'weir_limit_redis_tls_handshakes_total{{{label},resumed="false"}}'] >= 1, f"{metrics}")
    failed = f'weir_limit_redis_tls_handshake_failures_total{{{label},reason="certificate_untrusted"}}'
    expect(metrics[failed] >= 2, f"{metrics}")
    shown = weir.command("limits", "--admin", f"unix:{weir.admin}").stdout
    expect(f"redis {redis.address} over TLS:" in shown and "failed: certificate_untrusted" in shown, shown)
    same(redis.ask("ACL", "LOG"), [], "nobody tried a wrong password")
    return weir


def lost_connections_resume(redis: Redis, weir: Gateway) -> None:
    resumed = f'weir_limit_redis_tls_handshakes_total{{redis="{redis.address}",resumed="true"}}'
    redis.ask("CLIENT", "KILL", "TYPE", "normal")

    def is_back() -> bool:
        weir.get("/few")
        return weir.metrics()[resumed] >= 1

    until(is_back, "a connection made anew by a ticket", story=weir.stderr)


def certificates_are_shown(stand: Stand, authority: Authority, asking: RedisTls) -> None:
    redis = stand.redis(tls=asking)
    certificate, key = authority.issue("weir", "DNS:weir.internal")
    base = f'addresses: ["{redis.address}"], budget: 500ms'
    known = stand.gateway(ONE.format(redis=f"{{ {base}, on_error: closed, tls: {{ authorities: {authority.pem}, "
                                           f"certificate: {certificate}, key: {key} }} }}"))
    same(known.get("/").status, 200, "a gateway that shows a certificate")
    decided = redis.decisions()
    expect(decided > 0, "Redis decided for who shows a certificate")
    unknown = stand.gateway(ONE.format(redis=f"{{ {base}, tls: {{ authorities: {authority.pem} }} }}"))
    same(unknown.get("/").status, 200, "a gateway that shows none counts by itself")
    # TLS 1.3 tells what was missing only behind the handshake; a server that closes at once may cut off its own words.
    until(lambda: any(words in unknown.stderr() for words in ("certificate is needed", "reset the connection")),
          "a log that says that Redis does not talk to us", story=unknown.stderr)
    same(redis.decisions(), decided, "decisions of Redis after the one who shows none has come")


def plain_server_is_refused(stand: Stand) -> None:
    redis = stand.redis()
    weir = stand.gateway(ONE.format(redis=f'{{ addresses: ["{redis.address}"], budget: 500ms, tls: on }}'))
    same(weir.get("/").status, 200, "a gateway that counts by itself")
    until(lambda: f"Redis at {redis.address} is not waited for" in weir.stderr(), "a log line", story=weir.stderr)
    same(redis.ask("DBSIZE"), 0, "keys in a Redis that speaks no TLS")


def cluster_is_followed(stand: Stand, secured: RedisTls) -> None:
    cluster = stand.redis_cluster(tls=secured)
    weir = stand.gateway(CLUSTER.format(seed=cluster.masters[1].address, tls=f"{{ authorities: {secured.authority} }}"))
    users = [f"user{number}" for number in range(30)]
    for user in users:
        until(lambda: ask(weir, user) == 200, "a first request that finds its server", story=weir.stderr)
    same([ask(weir, user) for user in users for _ in range(3)], [200, 200, 429] * len(users), "three of each user")
    counts = [node.ask("DBSIZE") for node in cluster.masters]
    expect(min(counts) > 0 and sum(counts) == len(users), f"keys on each master: {counts}")
    handshakes = sum(value for name, value in weir.metrics().items()
                     if name.startswith("weir_limit_redis_tls_handshakes_total"))
    expect(handshakes >= 3, f"{handshakes} handshakes with three masters")


def ask(weir: Gateway, user: str) -> int:
    return weir.get("/", f"X-User: {user}\r\n").status
