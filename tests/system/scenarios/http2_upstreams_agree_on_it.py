"""nginx behind TLS speaks HTTP/2 with Weir where both agree on it by ALPN, on one connection; else HTTP/1.1."""

from stand.authority import Authority
from stand.stand import Stand
from stand.waiting import same, until

LOCATIONS = """
    ssl_certificate {folder}/shop.pem;
    ssl_certificate_key {folder}/shop.key;
    location /asked {{ return 200 "$server_protocol $connection $scheme\\n"; }}
    location /large {{ alias {folder}/large; }}
    location /health {{ return 200 "well\\n"; }}
"""
CONFIGURATION = """
upstreams:
  both: {{ endpoints: ["{both}"], protocol: auto, tls: {tls}, health: {{ http: /health, every: 100ms, begin: down }} }}
  only: {{ endpoints: ["{both}"], protocol: h2, tls: {tls} }}
  old: {{ endpoints: ["{old}"], protocol: auto, tls: {tls} }}
  strict: {{ endpoints: ["{old}"], protocol: h2, tls: {tls} }}
routes:
  - {{ match: {{ path: /both/* }}, filters: [{{ rewrite: {{ strip_prefix: /both }} }}], proxy: both }}
  - {{ match: {{ path: /only/* }}, filters: [{{ rewrite: {{ strip_prefix: /only }} }}], proxy: only }}
  - {{ match: {{ path: /old/* }}, filters: [{{ rewrite: {{ strip_prefix: /old }} }}], proxy: old }}
  - {{ match: {{ path: /strict/* }}, filters: [{{ rewrite: {{ strip_prefix: /strict }} }}], proxy: strict }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.internal")
    large = bytes(range(256)) * 8192
    (authority.directory / "large").write_bytes(large)
    locations = LOCATIONS.format(folder=authority.directory)
    both = stand.nginx(locations, "ssl http2")
    old = stand.nginx(locations, "ssl")
    tls = f"{{ name: shop.internal, authorities: {authority.pem} }}"
    weir = stand.gateway(CONFIGURATION.format(both=both.address, old=old.address, tls=tls))
    until(lambda: weir.get("/both/asked").status == 200, "checks in HTTP/1.1 to find nginx well", story=weir.stderr)

    for route in ("both", "only"):
        answers = stand.curl("--parallel", "--parallel-immediate", "--parallel-max", "20",
                             f"http://{weir.address}/{route}/asked?[1-20]").stdout.decode().splitlines()
        same(len(answers), 20, f"answers over {route}")
        same({answer.split()[0] for answer in answers}, {"HTTP/2.0"}, f"what {route} spoke")
        same(len({answer.split()[1] for answer in answers}), 1, f"connections to nginx: {answers}")
        same({answer.split()[2] for answer in answers}, {"https"}, "the scheme that nginx saw")
        same(weir.get(f"/{route}/large").body == large, True, "2 MiB over HTTP/2 and TLS")
    same(weir.get("/old/asked").text().split()[0], "HTTP/1.1", "what a server without HTTP/2 is spoken to in")
    refused = weir.get("/strict/asked")
    same((refused.status, "tls_failed" in refused.text()), (502, True), f"nothing but h2: {refused.text()}")

    address = both.address
    both.kill()
    both.start()
    same(both.address, address, "nginx comes back where it was")
    until(lambda: weir.get("/both/asked").text().startswith("HTTP/2.0"), "HTTP/2 behind a restart of the server",
          story=weir.stderr)
