"""nginx behind TLS: verified by authority and name, asked for with SNI, resumed; who is at fault when it fails."""

import pathlib

from stand.authority import Authority
from stand.stand import Stand
from stand.waiting import expect, same, until

LOCATIONS = """
    ssl_certificate {folder}/{name}.pem;
    ssl_certificate_key {folder}/{name}.key;
    ssl_client_certificate {folder}/ca.pem;
    ssl_verify_client optional;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /asked {{ return 200 "$ssl_server_name $ssl_protocol $ssl_session_reused $ssl_client_s_dn\\n"; }}
    location /health {{ return 200 "well\\n"; }}
"""
CONFIGURATION = """
upstreams:
  good:
    endpoints: ["{good}"]
    tls:
      name: shop.internal
      authorities: {folder}/ca.pem
      certificate: {folder}/client.pem
      key: {folder}/client.key
    connections: {{ idle_max: 0 }}
    health: {{ http: /health, every: 100ms, begin: down }}
  stranger: {{ endpoints: ["{good}"], tls: {{ name: shop.internal }} }}
  other_name: {{ endpoints: ["{good}"], tls: {{ name: till.internal, authorities: {folder}/ca.pem }} }}
  expired: {{ endpoints: ["{expired}"], tls: {{ name: shop.internal, authorities: {folder}/ca.pem }} }}
  later: {{ endpoints: ["{good}"], tls: {{ name: shop.internal, authorities: {folder}/later.pem }} }}
  careless: {{ endpoints: ["{expired}"], tls: {{ verify: false }} }}
  plain: {{ endpoints: ["{plain}"], tls: {{ name: shop.internal, authorities: {folder}/ca.pem }} }}
routes:
  - {{ match: {{ path: /good/* }}, filters: [{{ rewrite: {{ strip_prefix: /good }} }}], proxy: good }}
  - {{ match: {{ path: /stranger }}, proxy: stranger }}
  - {{ match: {{ path: /other_name }}, proxy: other_name }}
  - {{ match: {{ path: /expired }}, proxy: expired }}
  - {{ match: {{ path: /careless/* }}, filters: [{{ rewrite: {{ strip_prefix: /careless }} }}], proxy: careless }}
  - {{ match: {{ path: /plain }}, proxy: plain }}
  - {{ match: {{ path: /asked }}, proxy: later }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.internal")
    authority.issue("client", "DNS:client.internal")
    authority.issue("expired", "DNS:shop.internal", days=-1)
    folder = authority.directory
    later = folder / "later.pem"
    later.write_bytes(Authority(stand.directory / "stranger", "Stranger").pem.read_bytes())
    good = stand.nginx(LOCATIONS.format(folder=folder, name="shop"), "ssl")
    expired = stand.nginx(LOCATIONS.format(folder=folder, name="expired"), "ssl")
    plain = stand.nginx()
    weir = stand.gateway(CONFIGURATION.format(good=good.address, expired=expired.address, plain=plain.address,
                                              folder=folder))
    until(lambda: weir.get("/good/asked").status == 200, "checks over TLS to find nginx well", story=weir.stderr)
    first = weir.get("/good/asked")
    same(first.text().split()[:2], ["shop.internal", "TLSv1.3"], "what nginx saw of us")
    expect("CN=client" in first.text(), f"our certificate: {first.text()}")
    expect(" r " in weir.get("/good/asked").text(), "a connection resumes what an earlier one began")
    large = bytes(range(256)) * 8192
    pathlib.Path(good.root / "large").write_bytes(large)
    same(weir.get("/good/large").body, large, "2 MiB through TLS")
    for path, why in (("/stranger", "unable to get local issuer certificate"), ("/other_name", "hostname mismatch"),
                      ("/expired", "certificate has expired")):
        refused = weir.get(path)
        same((refused.status, "certificate_untrusted" in refused.text()), (502, True), f"{path}: {refused.text()}")
        expect(why in refused.text().lower(), f"{path} says why: {refused.text()}")
        expect("tls_certificate_error" in refused.fields.get("proxy-status", ""), f"{refused.fields}")
    same(weir.get("/careless/asked").status, 200, "who does not verify is served")
    not_tls = weir.get("/plain")
    same((not_tls.status, "tls_failed" in not_tls.text()), (502, True), f"plain HTTP behind tls: {not_tls.text()}")
    same(weir.get("/asked").status, 502, "an authority that is not the server's")
    later.write_bytes(authority.pem.read_bytes())
    weir.reload()
    same(weir.get("/asked").status, 200, "a reload reads the authorities again")
    metrics = weir.metrics()
    expect(metrics['weir_upstream_tls_handshake_failures_total{reason="certificate_untrusted"}'] >= 3, f"{metrics}")
    expect(metrics['weir_upstream_tls_handshakes_total{version="1.3",resumed="true"}'] >= 1, f"{metrics}")
    said = weir.command("check", str(weir.configuration))
    expect("certificates are not verified" in said.stdout + said.stderr, "check warns of who does not verify")
