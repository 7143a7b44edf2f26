"""The envelope (SBDH): what is written is read again, and what may not be said is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Header, Malformed, MlsType, read, write
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant

DOCUMENT = (
    b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>'
)
HEADER = Header(
    sender=Participant.parse("0192:918130047"),
    receiver=Participant.parse("0007:5567321707"),
    document_type=BILLING_INVOICE,
    process=BILLING_PROCESS,
    country="NO",
    instance_id="0f5b7c9e-1",
    created_at=datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC),
)


def changed(old: bytes, new: bytes, of: bytes | None = None) -> bytes:
    content = of or write(HEADER, DOCUMENT)
    assert content.count(old) >= 1
    return content.replace(old, new, 1)


def test_what_is_written_is_read_again() -> None:
    found = read(write(HEADER, DOCUMENT))
    assert found.header == HEADER
    assert found.document == DOCUMENT


def test_a_status_can_be_asked_for() -> None:
    asked = replace(
        HEADER, mls_to=Participant.parse("0242:000123-MLS"), mls_type=MlsType.ALWAYS_SEND
    )
    assert read(write(asked, DOCUMENT)).header == asked


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b'<?xml version="1.0" encoding="UTF-8"?>\n',
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by an ERP -->\n<?style x?>\n",
    ],
)
def test_what_stands_before_the_root_is_left_out(prolog: bytes) -> None:
    assert read(write(HEADER, prolog + DOCUMENT)).document == DOCUMENT


def test_another_encoding_becomes_utf_8() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + DOCUMENT.decode().replace("1", "Å")
    assert "Å".encode() in read(write(HEADER, text.encode("latin-1"))).document


@given(st.text(alphabet="abcdefgÅ&<> \"'0123456789", min_size=1, max_size=40))
def test_any_instance_identifier_survives(text: str) -> None:
    header = replace(HEADER, instance_id=text.strip() or "x")
    assert read(write(header, DOCUMENT)).header.instance_id == header.instance_id


def test_times_of_other_zones_and_long_fractions_are_read() -> None:
    content = changed(b"2026-11-21T10:00:00.123Z", b"2026-11-21T11:00:00.123456789+01:00")
    expected = datetime(2026, 11, 21, 11, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert read(content).header.created_at == expected


def test_a_wrong_place_for_the_status_is_no_fault_of_the_envelope() -> None:
    asked = replace(HEADER, mls_to=Participant.parse("0242:000123"))
    header = read(changed(b"0242:000123", b"nowhere", write(asked, DOCUMENT))).header
    assert header.mls_to is None
    assert header.ignored == {"MLS_TO": "nowhere"}


def test_an_unknown_scope_is_passed_over_and_told() -> None:
    scope = (
        b"<Scope><Type>TECHNICAL_VALIDATION_URL</Type>"
        b"<InstanceIdentifier>x</InstanceIdentifier></Scope>"
    )
    content = changed(b"</BusinessScope>", scope + b"</BusinessScope>")
    assert read(content).header.ignored == {"TECHNICAL_VALIDATION_URL": "x"}


def test_a_document_that_leans_on_the_envelope_gets_what_it_needs() -> None:
    """Some put the namespaces of the document on the envelope's root."""
    content = changed(
        b"<StandardBusinessDocument ", b'<StandardBusinessDocument xmlns:cbc="urn:c" '
    )
    content = changed(b"<ID>1</ID>", b"<cbc:ID>1</cbc:ID>", content)
    assert read(content).document.startswith(b'<Invoice xmlns:cbc="urn:c" xmlns=')


def test_a_document_that_stands_alone_keeps_its_bytes() -> None:
    content = changed(b"<StandardBusinessDocument ", b'<StandardBusinessDocument xmlns:x="urn:x" ')
    assert read(content).document == DOCUMENT


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<HeaderVersion>1.0", b"<HeaderVersion>2.0", "HeaderVersion is 2.0"),
        (b"<Type>Invoice", b"<Type>CreditNote", "Type is CreditNote"),
        (b"<TypeVersion>2.1", b"<TypeVersion>2.2", "TypeVersion is 2.2"),
        (b"<Standard>urn:", b"<Standard>urm:", "Standard is urm:"),
        (b"123Z<", b"123<", "no time zone"),
        (b"2026-11-21T", b"2026-13-21T", "not a date and time"),
        (b">COUNTRY_C1<", b">PROCESSID<", "PROCESSID stands more than once"),
        (b">DOCUMENTID<", b">DOCUMENT<", "DOCUMENTID is missing"),
        (b"0192:918130047", b"918130047", "Sender"),
        (b'"iso6523-actorid-upis">0007', b'"other">0007', "the authority is other"),
        (b"0f5b7c9e-1", b"", "InstanceIdentifier is missing"),
        (b"?><Stand", b"?><!DOCTYPE StandardBusinessDocument []><Stand", "DOCTYPE"),
        (b"</StandardBusinessDocument>", b"", "not closed"),
        (b"<StandardBusinessDocumentHeader>", b"<Other>", "where the header belongs"),
    ],
)
def test_what_may_not_be_is_refused_and_named(old: bytes, new: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        read(changed(old, new))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read(content)


@given(st.data())
def test_any_change_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(write(HEADER, DOCUMENT))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        read(bytes(content))
    except Malformed:
        pass


def test_a_document_with_a_doctype_is_not_enveloped() -> None:
    with pytest.raises(Malformed, match="DOCTYPE"):
        write(HEADER, b"<!DOCTYPE Invoice []>" + DOCUMENT)
