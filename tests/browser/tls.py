"""A reverse proxy with TLS in front of a served Tutela, as self-hosters have one."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = "127.0.0.1"
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


@contextmanager
def behind_tls(port: int, folder: Path) -> Iterator[str]:
    """Address of a proxy that passes on to this port what comes over TLS."""
    server = ThreadingHTTPServer((HERE, 0), type("Proxy", (_Proxy,), {"upstream": port}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder / "tls.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://{HERE}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Proxy(BaseHTTPRequestHandler):
    upstream: int

    def _pass_on(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        headers = dict(self.headers.items())
        headers |= {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        connection = HTTPConnection(HERE, self.upstream, timeout=60)
        connection.request(self.command, self.path, self.rfile.read(size), headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OF_A_CONNECTION | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_HEAD = _pass_on

    def log_message(self, *args: object) -> None:
        pass


def _certificate(path: Path) -> Path:
    """A key and a certificate for this machine, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HERE)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path
