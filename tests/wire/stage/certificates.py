"""Certificates for pages that speak TLS, made once a run by an authority of their own: no key is ever committed.

`${tls}` is the folder: `ca.pem`, and for each name below NAME.pem (the certificate) and NAME.key.
"""

from __future__ import annotations

import atexit
import functools
import pathlib
import shutil
import subprocess
import tempfile

# File name: the names that its certificate is for.
NAMES = {
    "shop": "DNS:shop.test,DNS:www.shop.test",
    "wild": "DNS:*.wild.test",
    "client": "DNS:client.test",
}


def openssl(folder: pathlib.Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


@functools.cache
def folder() -> pathlib.Path:
    made = pathlib.Path(tempfile.mkdtemp(prefix="weir-wire-tls-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    openssl(made, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Wire root", "-days", "2")
    for name, alternatives in NAMES.items():
        openssl(made, "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (made / f"{name}.ext").write_text(f"subjectAltName={alternatives}\n", encoding="utf-8")
        # Longer than the two weeks from which on Weir warns.
        openssl(made, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "60", "-extfile", f"{name}.ext")
        (made / f"{name}.key").chmod(0o600)
    return made
