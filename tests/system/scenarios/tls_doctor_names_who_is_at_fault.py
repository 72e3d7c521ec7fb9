"""weir tls doctor at servers that are wrong in all the known ways (openssl s_server): who has to act is told."""

import re

from stand.authority import Authority
from stand.processes import Child, tool
from stand.stand import Stand
from stand.waiting import expect, same, until


class Patient:
    """openssl s_server on a port of the kernel's choice, with a disease."""

    def __init__(self, stand: Stand, authority: Authority, name: str, options: tuple[str, ...]):
        command = [tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-cert", f"{name}.pem", "-key", f"{name}.key",
                   "-www", *options]
        stand.origins += 1
        self.child = Child(command, authority.directory, f"s_server{stand.origins}")
        stand.ending.callback(self.child.kill)
        until(lambda: "ACCEPT" in self.child.stdout(), f"s_server {options}", story=self.child.stderr)
        self.address = re.search(r"ACCEPT (\S+)", self.child.stdout()).group(1)


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    folder = authority.directory
    for name, days in (("shop", 60), ("expired", -1)):
        authority.issue(name, "DNS:shop.test", days=days)
    authority.issue("other", "DNS:other.test")
    authority.word_on("shop")
    middle = Authority(folder / "middle", "Test middle", below=authority)
    middle.issue("below", "DNS:shop.test")
    for end in ("pem", "key"):
        (folder / f"below.{end}").write_bytes((middle.directory / f"below.{end}").read_bytes())
    weir = stand.idle_gateway()
    ours = ("--name", "shop.test", "--authorities", str(authority.pem))

    def ask(name: str, words: str, *options: str, code: int = 1, extra: tuple[str, ...] = ours) -> None:
        patient = Patient(stand, authority, name, options)
        done = weir.command("tls", "doctor", patient.address, *extra)
        patient.child.kill()
        same(done.returncode, code, f"{name} {options}: {done.stdout}{done.stderr}")
        expect(words in done.stdout, f"{words} in what the doctor says of {name} {options}: {done.stdout}")

    ask("shop", "All is well.", code=0)
    ask("shop", "not revoked, says its authority", "-status_file", "shop.ocsp", code=0)
    ask("expired", "server is at fault: CN=expired expired on")
    ask("other", "name is at fault: the certificate is not for shop.test: it is for other.test")
    ask("shop", "this machine is at fault: the authority CN=Test root is not known here",
        extra=("--name", "shop.test", "--authorities", str(folder / "other.pem")))
    ask("below", "server is at fault: it does not send the certificate of CN=Test middle",
        extra=("--name", "shop.test"))
    ask("shop", "no version of TLS in common: it speaks TLSv1.1 at best", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    ask("shop", "no cipher suite in common", "-tls1_2", "-cipher", "ADH-AES128-SHA256@SECLEVEL=0")
    for version in ("-tls1_2", "-tls1_3"):
        ask("shop", "this machine is at fault: the server asks for a client certificate", "-Verify", "1",
            "-verify_return_error", version)
    ask("shop", "name is at fault: the server has no certificate for shop.test", "-servername", "other.test",
        "-servername_fatal", "-cert2", "other.pem", "-key2", "other.key")
    authority.revoke("shop")
    authority.word_on("shop")
    ask("shop", "server is at fault: CN=shop was revoked on", "-status_file", "shop.ocsp")
    ask("shop", "server is at fault: CN=shop was revoked by CN=Test root",
        extra=(*ours, "--revocation", str(folder / "ca.crl")))
    plain = stand.nginx()
    done = weir.command("tls", "doctor", plain.address, *ours)
    expect("server is at fault: what answers there is not TLS" in done.stdout, f"plain HTTP: {done.stdout}")
    done = weir.command("tls", "doctor", "127.0.0.1:1", *ours)
    expect(done.returncode == 1 and "cannot be reached" in done.stderr, f"nobody: {done.stdout}{done.stderr}")
    sent = folder / "sent.pem"
    sent.write_bytes(b"".join(each.read_bytes() for each in (folder / "below.pem", authority.pem, middle.pem)))
    done = weir.command("tls", "doctor", str(sent), *ours)
    tree = [line.split(" (")[0] for line in done.stdout.splitlines() if "issued by" in line]
    same(tree, ["  issued by CN=Test middle", "    issued by CN=Test root"], "a tree of who issued what")
    for name, words in (("shop.key", "it is a key: name the certificate"), ("shop.ocsp", "it is in DER")):
        done = weir.command("tls", "doctor", str(folder / name), *ours)
        expect(done.returncode == 64 and "there is no certificate in" in done.stderr and words in done.stderr,
               f"a file that holds none: {done.stdout}{done.stderr}")
