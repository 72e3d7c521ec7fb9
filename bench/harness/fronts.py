"""How clients are spoken to: plainly, over TLS, or over TLS with HTTP/2; and what that means in each configuration.

One template of bench/peers serves every front. It has two holes: @LISTEN@ behind the address, @FRONT@ where what TLS
needs is said once.

Why this is fair: one ECDSA key on P-256 for all, TLS 1.3 alone, AES-128 for all (Weir takes it by itself where the
hardware has it; the others are told to), ALPN as each does it. Session tickets stay as they are by default.
"""

from dataclasses import dataclass
from pathlib import Path

NGINX, HAPROXY, H2O, WEIR = "nginx", "haproxy", "h2o", "weir"
_SUITE = "TLS_AES_128_GCM_SHA256"


@dataclass(frozen=True)
class Front:
    name: str
    tls: bool = False
    http2: bool = False

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    def words(self, contender: str, pair: Path | None) -> dict[str, str]:
        """What goes into the holes of a contender's template. `pair` is a file with certificate and key, for TLS."""
        write = {NGINX: self._nginx, HAPROXY: self._haproxy, H2O: self._h2o}.get(contender, self._weir)
        listen, front = write(pair)
        return {"LISTEN": listen, "FRONT": front}

    def _nginx(self, pair: Path | None) -> tuple[str, str]:
        listen = " ssl" * self.tls + " http2" * self.http2
        if pair is None:
            return listen, ""
        return listen, (f"ssl_certificate {pair}; ssl_certificate_key {pair}; ssl_protocols TLSv1.3; "
                        f"ssl_conf_command Ciphersuites {_SUITE};"
                        + " keepalive_requests 1000000000; http2_max_concurrent_streams 128;" * self.http2)

    def _haproxy(self, pair: Path | None) -> tuple[str, str]:
        if pair is None:
            return " proto h2" * self.http2, ""
        offered = "h2,http/1.1" if self.http2 else "http/1.1"
        return (f" ssl crt {pair} ssl-min-ver TLSv1.3 ciphersuites {_SUITE} alpn {offered}", "")

    def _h2o(self, pair: Path | None) -> tuple[str, str]:
        if pair is None:
            return "", ""
        return "", f"ssl: {{ certificate-file: {pair}, key-file: {pair}, minimum-version: TLSv1.3 }}"

    def _weir(self, pair: Path | None) -> tuple[str, str]:
        if pair is None:
            return "", ""
        offered = "true" if self.http2 else "false"
        return (f", http2: {offered}, tls: {{ oldest_version: \"1.3\", certificates: "
                f"[{{ certificate: {pair}, key: {pair} }}] }}"), ""


PLAIN = Front("plain")
TLS = Front("tls", tls=True)
HTTP2 = Front("http2", tls=True, http2=True)
HTTP2_PLAIN = Front("http2-plain", http2=True)
