"""TLS connections in which we show a certificate of the network: as publishers do to the SML."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from transports.peppol.pki.keys import KeyInMemory


def client(key: KeyInMemory, ca_file: Path | None = None) -> ssl.SSLContext:
    """For a client with this key. `ca_file`: who vouches for the server; None: the system's CAs.
    Blocking. Raises OSError, which an unreadable or wrong file is."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    show(context, key)
    return context


def show(context: ssl.SSLContext, key: KeyInMemory) -> None:
    """Has connections of this context show the key's certificate."""
    password = secrets.token_hex(32)
    # OpenSSL reads keys out of files alone: for a moment there is one, sealed.
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key.certificate.public_bytes(Encoding.PEM))
            sealing = BestAvailableEncryption(password.encode())
            file.write(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing))
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
