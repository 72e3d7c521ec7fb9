"""OCSP answers from a file reach openssl s_client; one that is foreign, revoked or damaged does not, and is told."""

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
        - {{ certificate: {folder}/shop.pem, key: {folder}/shop.key, ocsp: {folder}/shop.ocsp }}
        - {{ certificate: {folder}/till.pem, key: {folder}/till.key }}
routes:
  - respond: here
"""


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    folder = authority.directory
    for name in ("shop", "till"):
        certificate, _ = authority.issue(name, f"DNS:{name}.test")
        certificate.write_bytes(certificate.read_bytes() + authority.pem.read_bytes())
    authority.word_on("shop")
    weir = stand.gateway(CONFIGURATION.format(folder=folder))

    for version in ("-tls1_2", "-tls1_3"):
        said = status_of(weir, authority, "shop.test", version)
        expect("Cert Status: good" in said, f"the word of the authority, {version}: {said}")
        expect("Verify return code: 0 (ok)" in said, f"{said}")
        said = status_of(weir, authority, "till.test", version)
        expect("OCSP response: no response sent" in said, f"of the other certificate nothing is said: {said}")

    same(weir.command("check", str(weir.configuration)).returncode, 0, "check of a good answer")
    for what, wrong in (("it is about another certificate", lambda: authority.word_on("till", "shop.ocsp")),
                        ("it is no OCSP answer", lambda: (folder / "shop.ocsp").write_bytes(b"no answer")),
                        ("it does not say until when", lambda: authority.word_on("shop", days=None)),
                        ("No such file", (folder / "shop.ocsp").unlink)):
        wrong()
        done = weir.command("check", str(weir.configuration))
        same(done.returncode, 0, f"the site can be served without it: {done.stderr}")
        expect("shop.ocsp" in done.stderr + done.stdout and what in done.stderr + done.stdout,
               f"check names the file and says {what}: {done.stdout}{done.stderr}")
    until(lambda: status_of(weir, authority, "shop.test") and "shop.ocsp" in weir.stderr(), "a word in the log",
          story=weir.stderr)
    expect("Cert Status: good" in status_of(weir, authority, "shop.test"), "the last good one is shown while it holds")
    authority.revoke("shop")
    authority.word_on("shop")
    until(lambda: "no response sent" in status_of(weir, authority, "shop.test"), "a revoked one not to be called good",
          story=weir.stderr)
    until(lambda: "was revoked on" in weir.stderr(), "the log to say why", story=weir.stderr)
    fail_the_doctor(weir, authority)


def status_of(weir: Gateway, authority: Authority, name: str, *arguments: str) -> str:
    done = run([tool("openssl"), "s_client", "-connect", weir.address, "-servername", name, "-CAfile",
                str(authority.pem), "-status", *arguments], weir.directory, STEP_SECONDS)
    return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


def fail_the_doctor(weir: Gateway, authority: Authority) -> None:
    done = weir.command("tls", "doctor", str(authority.directory / "shop.pem"), "--name", "shop.test", "--authorities",
                        str(authority.pem), "--ocsp", str(authority.directory / "shop.ocsp"))
    same(done.returncode, 1, f"the doctor looks at the answer: {done.stdout}")
    expect("server is at fault: CN=shop was revoked on" in done.stdout, f"{done.stdout}")
