"""Responses: written, they satisfy the official rules; read, they say what was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from schemas.identifiers import Participant
from schemas.response import (
    Clarification,
    Issue,
    Kind,
    Party,
    Response,
    Unreadable,
    document_type,
    kind_of,
    read,
    write,
)
from validators.pipeline import validate

DAY = date(2026, 11, 21)
OURS = Party(Participant.parse("0242:000222"))
THEIRS = Party(Participant.parse("0242:000111-MLS"))
BUYER = Party(Participant.parse("0007:5591234561"), "Björkens Bageri AB")
SELLER = Party(Participant.parse("0007:5560712225"), "Fjällens Mjöl AB")

STATUS = Response(
    kind=Kind.MLS,
    id="status-1",
    issued_at=datetime(2026, 11, 21, 14, 30, tzinfo=UTC),
    sender=OURS,
    receiver=THEIRS,
    code="AP",
    refers_to="envelope-1",
)
REJECTION = replace(
    STATUS,
    code="RE",
    description="It does not add up & more.",
    issues=(
        Issue("BV", "BR-CO-15: one öre too much", "/Invoice/LegalMonetaryTotal"),
        Issue("BW", "A code is old", "NA"),
    ),
)
RECEPTION = replace(
    REJECTION,
    kind=Kind.MLR,
    issued_at=datetime(2026, 11, 21, tzinfo=UTC),
    sender=replace(BUYER, name=None),
    receiver=replace(SELLER, name=None),
    description=None,
    document_code="380",
)
ANSWER = Response(
    kind=Kind.INVOICE_RESPONSE,
    id="answer-1",
    issued_at=datetime(2026, 11, 21, tzinfo=UTC),
    sender=BUYER,
    receiver=SELLER,
    code="UQ",
    refers_to="7001",
    document_code="380",
    document_date=date(2026, 11, 1),
    effective_on=DAY,
    clarifications=(
        Clarification("REF", details=(("BT-13", "4711"),)),
        Clarification("NIN", is_action=True, text="Send a new one"),
    ),
)
ALL = {
    "delivered": STATUS,
    "forwarded": replace(STATUS, code="AB"),
    "rejected": REJECTION,
    "failed": replace(
        STATUS, code="RE", description="Nobody took it.", issues=(Issue("FD", "No channel left"),)
    ),
    "reception": RECEPTION,
    "query": ANSWER,
    "accepted": replace(ANSWER, code="AP", clarifications=(), effective_on=None),
    "paid": replace(ANSWER, code="PD", clarifications=()),
    "by VAT number": replace(
        ANSWER, sender=Party(Participant.parse("9925:be0123456789"), "Boulangerie SA")
    ),
    "refused": replace(ANSWER, code="RE", clarifications=(Clarification("PRI"),)),
}


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_is_valid(name: str) -> None:
    report = validate(write(ALL[name]), at=DAY)
    assert report.structure_ok
    assert [(finding.rule, finding.text) for finding in report.findings] == []


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_is_read_again(name: str) -> None:
    assert read(etree.fromstring(write(ALL[name]))) == ALL[name]


def test_each_has_its_document_type() -> None:
    assert [kind_of(document_type(kind)) for kind in Kind] == list(Kind)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"urn:peppol:edec:mls:1.0", b"urn:other", "no MLS"),
        (b">status-1<", b"><", "cbc:ID is missing"),
        (b">envelope-1<", b"><", "DocumentReference/cbc:ID is missing"),
        (b'schemeID="0242">000222', b'schemeID="SE">000222', "SenderParty"),
        (b"2026-11-21<", b"2026-13-21<", "no date"),
    ],
)
def test_what_can_not_be_read_is_named(old: bytes, new: bytes, says: str) -> None:
    content = write(STATUS)
    assert old in content
    with pytest.raises(Unreadable, match=says):
        read(etree.fromstring(content.replace(old, new)))
