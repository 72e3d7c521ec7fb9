"""An authority (a real nginx) decides about each request: let on with its fields, refused, redirected, or failing."""

from stand.origins import answer
from stand.message import Head, Peer
from stand.stand import Stand
from stand.waiting import expect, same, until

VERIFY = """
location = /verify {
  if ($http_x_forwarded_uri ~ ^/slow) { rewrite ^ /slow last; }
  if ($http_cookie ~ good) { add_header x-user "ann $http_x_forwarded_method $http_x_forwarded_uri"; return 204; }
  if ($http_x_forwarded_uri ~ ^/login) { return 302 https://sso.example.com/?rd=$http_x_forwarded_uri; }
  if ($http_x_forwarded_uri ~ ^/broken) { return 500; }
  if ($http_x_forwarded_uri ~ ^/forbidden) { return 403 "not you"; }
  add_header www-authenticate 'Bearer realm="nginx"' always;
  return 401 "who are you?";
}
location = /slow { proxy_pass http://SILENT; }
"""


def play(stand: Stand) -> None:
    def show(peer: Peer, head: Head) -> None:
        for _ in peer.body(head):
            pass
        answer(peer, f"{head.line} {head.fields}".encode())

    def silent(peer: Peer, head: Head) -> None:
        peer.at_end()

    origin = stand.origin(show)
    quiet = stand.origin(silent)
    authority = stand.nginx(VERIFY.replace("SILENT", quiet.address))
    log = stand.directory / "access.log"
    weir = stand.gateway(f"""
access_log: {{ to: {log}, format: json }}
upstreams:
  auth: {{ endpoints: ["{authority.address}"] }}
defaults:
  filters: [{{ forward_auth: {{ to: auth, path: /verify, response_headers: [x-user], timeout: 500ms }} }}]
routes: [{{ proxy: "http://{origin.address}" }}]
""")
    came = weir.get("/a?b=c", "Cookie: good\r\nX-User: root\r\nX-Forwarded-Uri: /forged\r\n")
    same(came.status, 200, "a request that the authority lets on")
    expect("ann GET /a?b=c" in came.text() and "root" not in came.text(), f"what the origin saw: {came.text()}")

    came = weir.get("/a")
    same((came.status, came.text(), came.fields.get("www-authenticate")), (401, "who are you?", 'Bearer realm="nginx"'),
         "a refusal, in the authority's words")
    came = weir.get("/login")
    same((came.status, came.fields.get("location")), (302, "https://sso.example.com/?rd=/login"), "a redirect")
    same(weir.get("/forbidden").status, 403, "a refusal for good")
    same(weir.get("/broken").status, 502, "an authority that fails")
    same(weir.get("/slow").status, 504, "an authority that is too slow")
    with weir.client() as client:
        same(client.ask("/upload", "POST", "Cookie: good\r\n", b"x" * 100_000).status, 200, "an upload that is let on")
        same(client.ask("/upload", "POST", "", b"x" * 100_000).status, 401, "one that is not")
    done = stand.curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"http://{weir.address}/login")
    same(done.stdout.decode(), "302 https://sso.example.com/?rd=/login", "curl")

    authority.close()
    same(weir.get("/a", "Cookie: good\r\n").status, 502, "an authority that is gone lets nobody in")
    until(lambda: log.exists() and log.read_text().count("forward_auth:") >= 9, "the decisions in the log")
