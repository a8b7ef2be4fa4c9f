"""A stand-in for AWS IoT's credential provider: mutual TLS on loopback, with authorities made on the spot."""

import json
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vigie.domain.instants import to_iso

PEM = serialization.Encoding.PEM


class Authority:
    """A certificate authority of a test."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._certificate = self._signed(self._name, self._key.public_key(), authority=True)

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(PEM)

    def sign(self, request: str) -> bytes:
        """Sign a request, as AWS IoT does."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        return self._signed(asked.subject, asked.public_key()).public_bytes(PEM)

    def server(self, folder: Path) -> Path:
        """Make a file with a server's key and certificate for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(self._name, key.public_key())
        path = folder / "server.pem"
        plain = serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(PEM)
        )
        return path

    def _signed(self, subject: x509.Name, public: Any, *, authority: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        signing = self._key.public_key()
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
            .add_extension(address, critical=False)
            .sign(self._key, hashes.SHA256())
        )


class CredentialProvider:
    """Answers who comes with a certificate of `devices`; `requests` are their things and paths.

    `answer` replaces the usual one: status and body. Credentials are good for `lifetime`. Its clock is
    `ahead` of this machine's.
    """

    def __init__(self, server: Path, devices: Path) -> None:
        self.requests: list[tuple[str, str]] = []
        self.answer: tuple[int, str] | None = None
        self.lifetime = timedelta(hours=1)
        self.ahead = timedelta(0)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + provider.ahead.total_seconds())

            def do_GET(self) -> None:
                provider.requests.append((self.headers["x-amzn-iot-thingname"], self.path))
                status, body = provider.answer or (200, provider.credentials())
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a refused handshake is what some tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server)
        context.load_verify_locations(devices)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.05))

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def credentials(self) -> str:
        number = len(self.requests)
        return json.dumps(
            {
                "credentials": {
                    "accessKeyId": f"ASIATEST{number}",
                    "secretAccessKey": "s3cr3t-0f-the-role",
                    "sessionToken": "t0k3n",
                    "expiration": to_iso(datetime.now(UTC) + self.ahead + self.lifetime),
                }
            }
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
