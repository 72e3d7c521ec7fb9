"""Mistakes in TLS files: `weir check` says which file, which line, what to do; a reload is refused, the old goes on."""

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
      client_certificates: {{ authorities: {folder}/staff.pem, mode: optional }}
routes:
  - match: {{ path: /far }}
    proxy: far
  - respond: here
upstreams:
  far: {{ endpoints: ["127.0.0.1:1"], tls: {{ name: far.test, authorities: {folder}/far.pem }} }}
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    folder = authority.directory
    authority.issue("shop", "DNS:shop.test")
    authority.issue("other", "DNS:shop.test")
    past = Authority(stand.directory / "past", "Past")
    past.openssl("req", "-new", "-key", "ca.key", "-out", "ca.csr", "-subj", "/CN=Past")
    past.openssl("x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-out", "ca.pem", "-days", "-1")
    for name in ("staff", "far"):
        (folder / f"{name}.pem").write_bytes(authority.pem.read_bytes())
    good = {name: (folder / name).read_bytes() for name in ("shop.pem", "shop.key", "staff.pem", "far.pem")}
    weir = stand.gateway(CONFIGURATION.format(folder=folder))
    weak = folder / "weak.key"
    authority.openssl("genrsa", "-out", weak.name, "1024")
    authority.openssl("req", "-x509", "-new", "-key", weak.name, "-out", "weak.pem", "-subj", "/CN=weak", "-addext",
                      "subjectAltName=DNS:shop.test")
    comment = b"a comment\n"
    mistakes = (
        ("shop.key", None, "shop.key: No such file or directory"),
        ("shop.key", comment + (folder / "other.key").read_bytes(), "shop.key:2:1: the key does not belong to the "
         "certificate of shop.test"),
        ("shop.key", good["shop.pem"], "shop.key:1:1: there is no private key in it"),
        ("shop.key", b"", "shop.key: there is no private key in it"),
        ("shop.pem", None, "shop.pem: No such file or directory"),
        ("shop.pem", comment + good["shop.key"], "shop.pem:2:1: there is no certificate in it"),
        ("shop.pem", good["shop.pem"] + good["shop.pem"].replace(b"MII", b"!!!", 1), "this certificate cannot be read"),
        ("staff.pem", None, "staff.pem: No such file or directory"),
        ("staff.pem", comment + past.pem.read_bytes(), "staff.pem:2:1: the authority CN=Past expired on"),
        ("staff.pem", good["shop.key"], "staff.pem:1:1: there is no certificate of an authority in it"),
        ("far.pem", comment + past.pem.read_bytes(), "far.pem:2:1: the authority CN=Past expired on"),
        ("far.pem", None, "far.pem: No such file or directory"),
    )
    for name, content, words in mistakes:
        tried = f"{name} with {words}"
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)
        refuse(weir, words, tried)
        same(ask(stand, weir, authority), b"here", f"the old goes on: {tried}")
        (folder / name).write_bytes(good[name])
    (folder / "shop.pem").write_bytes((folder / "weak.pem").read_bytes())
    (folder / "shop.key").write_bytes(weak.read_bytes())
    refuse(weir, "shop.key:1:1: an RSA key of 1024 bits is too weak", "a weak key")
    (folder / "shop.pem").write_bytes(good["shop.pem"])
    (folder / "shop.key").write_bytes(good["shop.key"])
    weir.reload()
    same(ask(stand, weir, authority), b"here", "what was put right is taken")


def refuse(weir: Gateway, words: str, tried: str) -> None:
    done = weir.command("check", str(weir.configuration))
    said = done.stdout + done.stderr
    same(done.returncode, 1, f"check of {tried}: {said}")
    expect(words in said, f"check says {tried}: {said}")
    answer = weir.ask_admin("/reload", "POST")
    expect(answer.status >= 400, f"a reload of {tried}: {answer.status} {answer.text()}")
    until(lambda: words in weir.stderr(), f"the log to say so: {words}", story=weir.stderr)


def ask(stand: Stand, weir: Gateway, authority: Authority) -> bytes:
    port = weir.address.rpartition(":")[2]
    return stand.curl("--cacert", str(authority.pem), "--resolve", f"shop.test:{port}:127.0.0.1",
                      f"https://shop.test:{port}/").stdout
