"""Kivra on loopback: its sender API, and the payments that it posts."""

from transports.kivra.sandbox.behaviour import MAGIC, NOT_USERS, Behaviour
from transports.kivra.sandbox.server import TENANT, Kept, Sandbox

__all__ = ["MAGIC", "NOT_USERS", "TENANT", "Behaviour", "Kept", "Sandbox"]
