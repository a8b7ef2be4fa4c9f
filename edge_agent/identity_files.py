"""A new identity's private key, and its files: for the owner of them alone."""

from contextlib import suppress
from pathlib import Path

from vigie.errors import ConfigError, SetupError


def remove_folder(folder: Path) -> None:
    """Remove a folder if it is empty."""
    with suppress(OSError):  # it holds something that is not ours
        folder.rmdir()


def new_key(thing: str) -> tuple[bytes, str]:
    """Make a private key (ECDSA, P-256) and a request for its certificate, both as PEM.

    Raises:
        SetupError: the package cryptography is missing.

    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise SetupError("enroll needs the package cryptography: pip install 'vigie[enroll]'") from error
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, thing)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, request.public_bytes(serialization.Encoding.PEM).decode()


def write_private(folder: Path, name: str, content: bytes) -> None:
    """Write a file that only its owner may read, into a folder that only its owner may enter.

    Raises:
        ConfigError: it is there already, or cannot be written.

    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        path.touch(mode=0o600, exist_ok=False)
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink()
            raise
    except FileExistsError as error:
        raise ConfigError(f"{folder} holds an identity already; name another folder with --out") from error
    except OSError as error:
        raise ConfigError(f"{folder / name} cannot be written: {error.strerror}") from error
