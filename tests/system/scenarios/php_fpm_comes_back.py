"""kill -9 of php-fpm under load: requests get 502 until it is back; with kept connections, too."""

from stand.load import Clients
from stand.stand import Stand
from stand.waiting import expect, same, until


def play(stand: Stand) -> None:
    php = stand.php_fpm(workers=4)
    php.write("index.php", '<?php echo "here";')
    for kept in (0, 4):
        weir = stand.gateway(f"""
upstreams:
  php:
    protocol: fastcgi
    endpoints: ["{php.endpoint}"]
    connections: {{ max: 4, idle_max: {kept} }}
    timeouts: {{ queue: 10s }}
routes: [{{ fastcgi: {{ to: php, root: {php.root} }} }}]
""")
        with Clients(weir, 8, "/", b"here") as clients:
            for _ in range(2):
                known = len(clients.failures)
                php.kill()
                until(lambda: len(clients.failures) > known, "requests to fail while nobody is there")
                php.start()
                until(lambda: weir.get("/").text() == "here", "php-fpm to be used again")
                clients.wait_for(50)
        strange = [failed for failed in clients.failures if not failed.what.startswith("HTTP/1.1 502")]
        same(strange, [], "failures other than 502")
        weir.get("/")
        still_open = weir.metric("weir_upstream_connections_open")
        expect((still_open > 0) == (kept > 0), f"connections are kept only where that is configured: {still_open} open")
    stand.note(f"{clients.done} requests, {len(clients.failures)} failed")
