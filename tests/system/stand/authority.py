"""A certificate authority of the scenario's own, made at run time: no key is ever committed."""

from __future__ import annotations

import pathlib
import subprocess

from .processes import run, tool
from .waiting import STEP_SECONDS, expect


class Authority:
    def __init__(self, directory: pathlib.Path, name: str = "Test root", below: Authority | None = None):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.pem = directory / "ca.pem"
        above = [] if below is None else ["-CA", str(below.pem), "-CAkey", str(below.directory / "ca.key"),
                                          "-addext", "basicConstraints=critical,CA:TRUE"]
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout",
                     "ca.key", "-out", "ca.pem", "-subj", f"/CN={name}", "-days", "90", *above)

    def openssl(self, *arguments: str) -> subprocess.CompletedProcess:
        done = run([tool("openssl"), *arguments], self.directory, STEP_SECONDS)
        expect(done.returncode == 0, f"openssl {' '.join(arguments[:2])}: {done.stderr.decode('utf-8', 'replace')}")
        return done

    def issue(self, name: str, hosts: str, rsa: bool = False, days: int = 60) -> tuple[pathlib.Path, pathlib.Path]:
        """NAME.pem and NAME.key for `hosts`: `DNS:shop.test,IP:127.0.0.1`. Both are replaced in one step each."""
        new = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.openssl("req", "-newkey", *new, "-noenc", "-keyout", "new.key", "-out", "new.csr", "-subj", f"/CN={name}")
        (self.directory / "new.ext").write_text(f"subjectAltName={hosts}\n", encoding="utf-8")
        self.openssl("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                     "new.pem", "-days", str(days), "-extfile", "new.ext")
        (self.directory / "new.key").chmod(0o600)
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        (self.directory / "new.pem").replace(certificate)
        (self.directory / "new.key").replace(key)
        return certificate, key

    def revoke(self, *names: str) -> pathlib.Path:
        """ca.crl: the list of all that were ever revoked. It is replaced in one step."""
        (self.directory / "ca.cnf").write_text("[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\ndefault_md=sha256\n"
                                               "default_crl_days=30\n", encoding="utf-8")
        (self.directory / "index.txt").touch()
        ours = ["-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"]
        for name in names:
            self.openssl("ca", *ours, "-revoke", f"{name}.pem")
        self.openssl("ca", *ours, "-gencrl", "-out", "new.crl")
        return (self.directory / "new.crl").replace(self.directory / "ca.crl")

    def word_on(self, name: str, file: str = "", days: int | None = 7) -> pathlib.Path:
        """What it says of NAME.pem (OCSP, DER): good, or revoked if it ever was. It is replaced in one step."""
        self.revoke()
        index = self.directory / "index.txt"
        said = self.openssl("x509", "-in", f"{name}.pem", "-noout", "-serial").stdout.decode().strip()
        serial = said.partition("=")[2]
        if serial not in index.read_text(encoding="utf-8"):
            with index.open("a", encoding="utf-8") as lines:
                lines.write(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN={name}\n")
        ask = ["-issuer", "ca.pem", "-cert", f"{name}.pem"]
        self.openssl("ocsp", *ask, "-no_nonce", "-reqout", "new.request")
        until = [] if days is None else ["-ndays", str(days)]
        self.openssl("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-reqin",
                     "new.request", "-respout", "new.ocsp", *until)
        return (self.directory / "new.ocsp").replace(self.directory / (file or f"{name}.ocsp"))
