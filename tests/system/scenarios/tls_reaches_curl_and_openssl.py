"""curl and openssl s_client over TLS 1.2 and 1.3: SNI, ECDSA and RSA, ALPN, resumption, a renewal nobody notices."""

import re
import socket
import ssl
import subprocess

from stand.authority import Authority
from stand.gateway import Gateway
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, expect, same, until

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls:
      certificates:
        - {{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}
        - {{ certificate: {folder}/rsa.pem, key: {folder}/rsa.key }}
        - {{ certificate: {folder}/other.pem, key: {folder}/other.key, default: true }}
routes:
  - match: {{ path: /large }}
    proxy: 'http://{origin}'
  - respond: {{ template: "{{{{ scheme }}}} here" }}
"""

TICKETS = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls:
      certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}]
      ticket_keys: {folder}/ticket.keys
routes:
  - respond: here
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:shop.test")
    authority.issue("rsa", "DNS:shop.test", rsa=True)
    authority.issue("other", "DNS:other.test")
    nginx = stand.nginx()
    (nginx.root / "large").write_bytes(bytes(range(256)) * 20_000)
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, origin=nginx.address))
    fetch(stand, weir, authority)
    shake(weir, authority)
    resume(weir, authority)
    resume_elsewhere(stand, authority)
    ask_the_doctor(weir, authority)
    renew(weir, authority)
    metrics = weir.metrics()
    total = "weir_tls_handshakes_total"
    expect(metrics[total + '{version="1.3",resumed="false"}'] >= 3, f"handshakes are counted: {metrics}")
    expect(metrics[total + '{version="1.3",resumed="true"}'] >= 1, "and resumptions")


def fetch(stand: Stand, weir: Gateway, authority: Authority) -> None:
    port = weir.address.rpartition(":")[2]
    to = ["--cacert", str(authority.pem), "--resolve", f"shop.test:{port}:127.0.0.1"]
    for version in ("1.2", "1.3"):
        done = stand.curl(*to, "--tlsv1.2", "--tls-max", version, f"https://shop.test:{port}/")
        same((done.stdout, done.returncode), (b"https here", 0), f"curl with TLS {version} ({done.stderr})")
    done = stand.curl(*to, f"https://shop.test:{port}/large")
    same(done.stdout, bytes(range(256)) * 20_000, "5 MB through Weir")
    done = stand.curl(*to, "--resolve", f"nobody.test:{port}:127.0.0.1", f"https://nobody.test:{port}/")
    same(done.returncode, 60, f"the default certificate has another name ({done.stderr})")
    old = ["--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0"]
    done = stand.curl(*to, *old, f"https://shop.test:{port}/")
    same(done.returncode, 35, f"TLS 1.1 is not spoken ({done.stderr})")


def s_client(weir: Gateway, authority: Authority, *arguments: str) -> str:
    done = run([tool("openssl"), "s_client", "-connect", weir.address, "-CAfile", str(authority.pem), *arguments],
               weir.directory, STEP_SECONDS)
    return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


def shake(weir: Gateway, authority: Authority) -> None:
    said = s_client(weir, authority, "-servername", "shop.test", "-alpn", "h3,http/1.1")
    for wanted in ("TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256", "ALPN protocol: http/1.1", "Server Temp Key: X25519",
                   "Verify return code: 0 (ok)", "Compression: NONE"):
        expect(wanted in said, f"{wanted} in what s_client says: {said}")
    same(said.count("Post-Handshake New Session Ticket arrived"), 0 if "Post-Handshake" not in said else 1, "tickets")
    said = s_client(weir, authority, "-servername", "shop.test", "-ciphersuites",
                    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256")
    expect("Cipher is TLS_CHACHA20_POLY1305_SHA256" in said, f"who prefers ChaCha20 gets it: {said}")
    said = s_client(weir, authority, "-servername", "shop.test", "-tls1_2", "-sigalgs", "RSA+SHA256")
    expect("Cipher is ECDHE-RSA-AES128-GCM-SHA256" in said, f"who knows only RSA gets it: {said}")
    said = s_client(weir, authority, "-servername", "shop.test", "-alpn", "http/1.1,h2")
    expect("ALPN protocol: h2" in said, f"HTTP/2 is what Weir wants most: {said}")
    said = s_client(weir, authority, "-servername", "shop.test", "-alpn", "h3")
    expect("no application protocol" in said, f"who offers only h3 is told: {said}")
    said = s_client(weir, authority, "-servername", "nobody.test")
    expect(re.search(r"subject=CN ?= ?other", said), f"the stated default is shown: {said}")


def resume(weir: Gateway, authority: Authority) -> None:
    for version in ("-tls1_2", "-tls1_3"):
        said = s_client(weir, authority, "-servername", "shop.test", version, "-reconnect")
        if version == "-tls1_2":
            same(said.count("Reused, TLSv1.2"), 5, f"resumptions of TLS 1.2 ({said[-3000:]})")
    # s_client reconnects before it has read its ticket of TLS 1.3; this client reads first.
    context = ssl.create_default_context(cafile=str(authority.pem))
    session = None
    for attempt in range(3):
        host, _, port = weir.address.rpartition(":")
        with socket.create_connection((host, int(port)), STEP_SECONDS) as plain, \
                context.wrap_socket(plain, server_hostname="shop.test", session=session) as secured:
            same(secured.session_reused, attempt > 0, f"connection {attempt + 1} resumes")
            secured.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")
            while secured.recv(65536):
                pass
            session = secured.session


def resume_elsewhere(stand: Stand, authority: Authority) -> None:
    """Two gateways with the same ticket keys take each other's tickets, also those of a key that is no longer first."""
    keys = authority.directory / "ticket.keys"
    keys.write_bytes(bytes(range(80)))
    keys.chmod(0o600)
    pair = [stand.gateway(TICKETS.format(folder=authority.directory)) for _ in range(2)]
    saved = authority.directory / "session"

    def ask(weir: Gateway, *arguments: str) -> str:
        port = weir.address.rpartition(":")[2]
        request = b"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
        done = subprocess.run([tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                               "shop.test", "-CAfile", str(authority.pem), "-ign_eof", *arguments], input=request,
                              capture_output=True, timeout=STEP_SECONDS, check=False)
        return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")

    for version in ("-tls1_2", "-tls1_3"):
        said = ask(pair[0], version, "-sess_out", str(saved))
        expect("New, TLSv1" in said, f"a session of the first: {said}")
        said = ask(pair[1], version, "-sess_in", str(saved))
        expect("Reused, TLSv1" in said and "here" in said, f"the second takes it: {said}")
    (authority.directory / "next.keys").write_bytes(bytes(range(100, 180)) + bytes(range(80)))
    (authority.directory / "next.keys").chmod(0o600)
    (authority.directory / "next.keys").replace(keys)

    def is_taken_over() -> bool:
        ask(pair[1], "-tls1_2")
        return "certificates are read again" in pair[1].stderr()

    until(is_taken_over, "the new keys", story=pair[1].stderr)
    ask(pair[0], "-tls1_2", "-sess_out", str(saved))
    said = ask(pair[1], "-tls1_2", "-sess_in", str(saved))
    expect("Reused, TLSv1" in said, f"who has the old key first and who has it second: {said}")
    keys.write_bytes(bytes(48))
    done = pair[0].command("check", str(pair[0].configuration))
    same(done.returncode, 1, "check of keys of another length")
    expect("it has 48 bytes" in done.stdout + done.stderr, f"check says what is wrong: {done.stdout}{done.stderr}")


def ask_the_doctor(weir: Gateway, authority: Authority) -> None:
    ours = ["--authorities", str(authority.pem)]
    for words, code, said in (
            (["--name", "shop.test", *ours], 0, "All is well."),
            (["--name", "nobody.test", *ours], 1, "name is at fault: the certificate is not for nobody.test"),
            (["--name", "shop.test"], 1, "it does not send the certificate of CN=Test root")):
        done = weir.command("tls", "doctor", weir.address, *words)
        same(done.returncode, code, f"exit code of the doctor, {words}: {done.stdout}{done.stderr}")
        expect(said in done.stdout, f"{said} in {done.stdout}")


def renew(weir: Gateway, authority: Authority) -> None:
    """A renewed certificate is shown to new connections, and one that is open goes on."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    host, _, port = weir.address.rpartition(":")

    def connect() -> ssl.SSLSocket:
        plain = socket.create_connection((host, int(port)), STEP_SECONDS)
        return context.wrap_socket(plain, server_hostname="other.test")

    def ask(secured: ssl.SSLSocket) -> bytes:
        secured.sendall(b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n")
        return secured.recv(65536)

    old = connect()
    before = old.getpeercert()["serialNumber"]
    authority.issue("other", "DNS:other.test")
    renewed = []

    def is_renewed() -> bool:
        with connect() as new:
            if new.getpeercert()["serialNumber"] == before:
                return False
            renewed.append(ask(new))
        return True

    until(is_renewed, "the renewed certificate", story=weir.stderr)
    expect(b"https here" in renewed[0], f"the new connection is served: {renewed}")
    expect(b"https here" in ask(old), "the old one goes on")
    old.close()
    (authority.directory / "other.key").write_text("no key at all")
    until(lambda: connect().close() or "those before stay in force" in weir.stderr(), "a word about the bad key",
          story=weir.stderr)
    with connect() as still:
        expect(b"https here" in ask(still), "what there was stays")
    done = weir.command("check", str(weir.configuration))
    same(done.returncode, 1, "check of a key that is none")
    expect("other.key: " in done.stdout + done.stderr and "no private key" in done.stdout + done.stderr,
           f"check names the file: {done.stdout}{done.stderr}")
