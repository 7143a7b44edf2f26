"""How the audit tells of a participant: the chain is for ever, so no personal number is in it.

A Swedish sole trader's number in Peppol is a personal number: only its last digits are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.audit.chain import NewEntry
from schemas.identifiers import Kind, Participant, check

_PERSONAL = (Kind.SE_PERSONNUMMER, Kind.SE_SAMORDNINGSNUMMER, Kind.NO_FODSELSNUMMER)


def subject(participant: str) -> str:
    """What an entry names a participant by."""
    parsed = Participant.parse(participant)
    if any(check(kind, parsed.value) for kind in _PERSONAL):
        return f"{parsed.scheme}:******{parsed.value[-4:]}"
    return participant


def entry(
    actor: str, action: str, participant: str, company_id: str, data: Mapping[str, Any]
) -> NewEntry:
    """An entry about a participant."""
    return NewEntry(actor, action, subject(participant), company_id, data)
