"""Signing services on loopback, with people who do as their names say."""

from gateway.trust.signing.sandbox.bankid import BankIdServer
from gateway.trust.signing.sandbox.people import Conduct
from gateway.trust.signing.sandbox.visma_sign import VismaSignServer

__all__ = ["BankIdServer", "Conduct", "VismaSignServer"]
