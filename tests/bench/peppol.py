"""A message between two access points beside its floor: the RSA, AES, SHA-256 and gzip of it alone.

A round trip is what AS4 asks of both sides: pack (gzip, sign, encrypt, MIME), read, verify, look up
the signer's chain, decrypt, unpack, sign a receipt, read it, verify it, compare it with what was
sent. The floor (`peppol_floor`) does the same mathematics on as many bytes, with cryptography and
zlib. The payloads are an invoice, and invoices with a PDF in base64, which hardly shrinks.

Each figure is the median of ratios of the processor's time; with zlib and with isal in processes
of their own. `--as4` names the Python of a virtual environment with the PyPI package `as4`, which
needs an older cryptography than we do: its round trip is measured beside the same floor. It writes
and reads the envelope (SBDH) too, so ours is told with it as well.

The memory is what a process takes more at its peak while it takes in a message over HTTP.

    python -m tests.bench.peppol [--seconds S] [--as4 PYTHON]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas import envelope
from tests.bench.peppol_floor import Floor, beside
from tests.peppol.parties import RECEIVING, SENDING, header, message
from tests.peppol.receiving import peak_by_body
from transports.peppol.as4 import signals, unpacking
from transports.peppol.as4.message import Receipt
from transports.peppol.as4.packing import pack
from transports.peppol.pki.chains import Purpose, issuer
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.receiver import MOST_PAYLOAD_BYTES
from transports.peppol.sandbox.authority import Authority
from validators.examples.edits import source

ROOT = Path(__file__).parents[2]
SIZES = {"10 KB": 0, "200 KB": 200_000, "5 MB": 5_000_000}
MEMORY = {"5 MB": 5_000_000, "20 MB": 20_000_000}
SECONDS = 5.0
# Where `make interop` keeps the package; not there: nothing is measured of it.
AS4 = ROOT / ".venv" / "interop" / "bin" / "python"


def document(more: int) -> bytes:
    """Our invoice, with about so many bytes of base64 more in it."""
    inside = base64.b64encode(random.Random(more).randbytes(more * 3 // 4))
    return source().replace(b"</cbc:ID>", b"</cbc:ID><!--" + inside + b"-->", 1)


class RoundTrip:
    """Messages between two access points of one network."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.network = Authority(self.now)
        self.anchors = self.network.anchors
        self.sending, self.receiving = (self.network.leaf(seat) for seat in (SENDING, RECEIVING))
        self.floor = Floor(self.sending.private, self.receiving.private)

    def message(self, payload: bytes) -> bytearray:
        """One message there, and its receipt back; answers what came."""
        sent = pack(message(), payload, self.sending, self.receiving.certificate)
        sealed = unpacking.read(sent.content_type, sent.body)
        issuer(sealed.certificate, self.anchors, Purpose.ACCESS_POINT, self.now)
        received = sealed.open(self.receiving, MOST_PAYLOAD_BYTES)
        receipt = Receipt("receipt@x", self.now, sealed.message.id, sealed.references)
        written = signals.receipt(receipt, self.receiving)
        answer = signals.read(signals.CONTENT_TYPE, written)
        assert answer.certificate is not None and isinstance(answer.signal, Receipt)
        issuer(answer.certificate, self.anchors, Purpose.ACCESS_POINT, self.now)
        assert signals.proves(answer.signal, message().id, sent.references)
        return received

    def document(self, content: bytes) -> bytes:
        """The same with its envelope written before and read after."""
        return envelope.read(self.message(envelope.write(header(), content))).document


def measure(seconds: float = SECONDS, as4: Path | None = None) -> Mapping[str, float]:
    """What is measured -> figure; see the module."""
    figures: dict[str, float] = {}
    for name, before in (("zlib", "import sys; sys.modules['isal'] = None; "), ("isal", "")):
        if name == "isal" and find_spec("isal") is None:
            sys.stderr.write("isal is not installed: only zlib is measured\n")
            continue
        # Without isal as where it is not installed, which is found out when gzip is imported.
        program = f"{before}from tests.bench import peppol; peppol.child({name!r}, {seconds})"
        done = subprocess.run(
            (sys.executable, "-c", program), stdout=subprocess.PIPE, cwd=ROOT, check=True
        )
        figures |= json.loads(done.stdout)
    python = as4 or AS4
    if python.exists():
        figures |= _as4(python, seconds)
    else:
        sys.stderr.write(f"no {python}: the package as4 is not measured (`make interop` gets it)\n")
    return figures | asyncio.run(_memory())


def child(library: str, seconds: float) -> None:
    """Prints our figures with the gzip that this process has."""
    trip = RoundTrip()
    figures = {}
    for name, more in SIZES.items():
        content = document(more)
        payload = envelope.write(header(), content)
        assert trip.message(payload) == payload and trip.document(content) in content
        for what, work, given in (
            ("message", trip.message, payload),
            ("message and envelope", trip.document, content),
        ):
            key = f"{name}, {what} with {library} / floor with zlib"
            figures[key] = beside(trip.floor, work, given, seconds)
    json.dump(figures, sys.stdout)


def _as4(python: Path, seconds: float) -> Mapping[str, float]:
    trip = RoundTrip()
    sides, head = (trip.sending, trip.receiving), header()
    names = {
        "sender": str(head.sender),
        "recipient": str(head.receiver),
        "sender_country_id": head.country,
        "document_type_identifier_scheme": head.document_type.scheme,
        "document_type_identifier_value": head.document_type.value,
        "process_identifier": head.process.value,
    }
    with tempfile.TemporaryDirectory() as folder:
        payloads = {name: Path(folder, name) for name in SIZES}
        for name, path in payloads.items():
            path.write_bytes(document(SIZES[name]))
        given = {
            "seconds": seconds,
            "payloads": {name: str(path) for name, path in payloads.items()},
            "seats": (SENDING, RECEIVING),
            "keys": [_private(one) for one in sides],
            "certificates": [_pem(one.certificate) for one in sides],
            "roots": [_pem(one) for one in trip.anchors.roots],
            "issuers": [_pem(one) for one in trip.anchors.access_point],
            "names": names,
        }
        done = subprocess.run(
            (python, "-m", "tests.bench.peppol_as4"),
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            check=True,
        )
    found = json.loads(done.stdout)
    return {
        f"{name}, message and envelope, the package as4 / floor with zlib": ratio
        for name, ratio in found.items()
    }


def _private(key: KeyInMemory) -> str:
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.private.private_bytes(*form).decode()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


async def _memory() -> Mapping[str, float]:
    trip, figures = RoundTrip(), {}
    for name, more in MEMORY.items():
        payload = envelope.write(header(), document(more))
        sent = pack(message(), payload, trip.sending, trip.receiving.certificate)
        with tempfile.TemporaryDirectory() as folder:
            peak = await peak_by_body(trip.receiving, trip.anchors, sent, Path(folder))
        figures[f"{name}, peak of memory while it is received / the message"] = peak
    return figures


def main() -> None:
    """Prints the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.bench.peppol")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each figure")
    parser.add_argument("--as4", type=Path, help="a Python that has the package as4")
    given = parser.parse_args()
    for name, value in measure(given.seconds, given.as4).items():
        sys.stdout.write(f"{name:72} {value:8.2f}\n")


if __name__ == "__main__":
    main()
