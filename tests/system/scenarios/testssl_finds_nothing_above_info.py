"""testssl.sh finds nothing above INFO in the default configuration: versions, ciphers, certificate, known attacks."""

import json

from stand.authority import Authority
from stand.processes import run, tool
from stand.stand import Stand
from stand.waiting import expect

CONFIGURATION = """
listeners:
  - name: web
    address: "127.0.0.1:0"
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key, ocsp: {folder}/shop.ocsp }}] }}
defaults:
  filters:
    - hsts
    # These are the site's affair.
    - headers: {{ response: {{ set: {{ x-frame-options: DENY, x-content-type-options: nosniff }} }} }}
routes:
  - respond: here
"""
# Protocols, categories of ciphers, the server's choices, its certificate, headers, and the attacks that do not follow
# from those.
TESTS = ("-p", "-s", "-P", "-S", "-h", "-H", "-I", "-C", "-Z")
ALLOWED = {"OK", "INFO", "DEBUG"}
# What says something of testssl's own openssl: an engine that it lacks; and an s_client that ends with its input, on a
# busy machine before the ticket has come (tls_reaches_curl_and_openssl.py sees sessions resumed).
OF_THIS_MACHINE = {"engine_problem", "sessionresumption_ticket"}
SECONDS = 300.0  # on a busy machine; 30 on an idle one


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    certificate, _ = authority.issue("shop", "DNS:shop.test\nauthorityInfoAccess=OCSP;URI:http://ocsp.test/", days=80)
    certificate.write_bytes(certificate.read_bytes() + authority.pem.read_bytes())
    authority.word_on("shop")
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory))
    port = weir.address.rpartition(":")[2]
    report = stand.directory / "report.json"
    done = run([tool("testssl"), "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip",
                "127.0.0.1", "--add-ca", str(authority.pem), "--jsonfile", str(report), *TESTS,
                f"https://shop.test:{port}/"], stand.directory, SECONDS)
    expect(report.exists(), f"testssl.sh reports: {done.stdout.decode('utf-8', 'replace')}{done.stderr}")
    findings = json.loads(report.read_text(encoding="utf-8"))
    judged = {each["id"] for each in findings}
    for wanted in ("TLS1_3", "cipherlist_", "cipher_order", "heartbleed", "CRIME_TLS", "OCSP_stapling", "HSTS"):
        expect(any(each.startswith(wanted) for each in judged), f"{wanted} among what was judged: {sorted(judged)}")
    above = [each for each in findings if each["severity"] not in ALLOWED and each["id"] not in OF_THIS_MACHINE]
    expect(not above, f"findings above INFO: {json.dumps(above, indent=1)}")
    stand.note(f"{len(findings)} findings")
