"""Lists of revoked certificates: a client's that is on one gets no connection, and an upstream's no request."""

from stand.authority import Authority
from stand.gateway import Gateway
from stand.stand import Stand
from stand.waiting import expect, same, until

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls:
      certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}]
      client_certificates: {{ authorities: {folder}/ca.pem, revocation: {folder}/ca.crl }}
routes:
  - match: {{ path: /far }}
    proxy: far
  - respond: here
upstreams:
  far:
    endpoints: ["{origin}"]
    tls: {{ name: far.test, authorities: {folder}/ca.pem, revocation: {folder}/ca.crl }}
    connections: {{ idle_max: 0 }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    for name in ("shop", "anna", "ben", "far"):
        authority.issue(name, f"DNS:{name}.test")
    authority.revoke()
    nginx = stand.nginx(f"ssl_certificate {authority.directory}/far.pem; ssl_certificate_key "
                        f"{authority.directory}/far.key; location /far {{ return 200 far; }}", "ssl")
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, origin=nginx.address))

    def ask(who: str, path: str = "/") -> tuple[int, bytes]:
        port = weir.address.rpartition(":")[2]
        done = stand.curl("--cacert", str(authority.pem), "--cert", str(authority.directory / f"{who}.pem"), "--key",
                          str(authority.directory / f"{who}.key"), "--resolve", f"shop.test:{port}:127.0.0.1",
                          f"https://shop.test:{port}{path}")
        return done.returncode, done.stdout

    for who in ("anna", "ben"):
        same(ask(who), (0, b"here"), f"{who}, who is on no list")
    authority.revoke("ben")
    until(lambda: ask("ben")[0] != 0, "the new list", story=weir.stderr)
    counted = 'weir_tls_handshake_failures_total{reason="certificate_revoked"}'
    expect(weir.metric(counted) >= 1, f"why she was turned away: {weir.metrics()}")
    same(ask("anna"), (0, b"here"), "anna is still on none")
    same(ask("anna", "/far"), (0, b"far"), "nor is the server far away")
    authority.revoke("far")
    weir.reload()
    code, said = ask("anna", "/far")
    expect(code == 0 and b"certificate revoked" in said, f"the server's certificate was revoked: {said}")
    check(weir, authority)


def check(weir: Gateway, authority: Authority) -> None:
    (authority.directory / "ca.crl").write_bytes(authority.pem.read_bytes())
    done = weir.command("check", str(weir.configuration))
    same(done.returncode, 1, "check of a list that is none")
    expect("there is no list of revoked certificates in it" in done.stdout + done.stderr, f"{done.stdout}{done.stderr}")
