"""The eFaktura services on loopback, for tests and for trying things out."""

from transports.efaktura_no.sandbox.consumers import PEOPLE, SEVERAL, Person
from transports.efaktura_no.sandbox.invoices import MAGIC, Behaviour, Kept
from transports.efaktura_no.sandbox.issuers import SIGNERS, Signing
from transports.efaktura_no.sandbox.server import Sandbox

__all__ = [
    "MAGIC",
    "PEOPLE",
    "SEVERAL",
    "SIGNERS",
    "Behaviour",
    "Kept",
    "Person",
    "Sandbox",
    "Signing",
]
