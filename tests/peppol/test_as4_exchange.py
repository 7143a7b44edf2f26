"""A message and its receipt: packed, taken, answered, and what each side may rely on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.identifiers import Participant
from tests.peppol.parties import (
    DOCUMENT,
    NOW,
    RECEIVING,
    SENDING,
    STRANGER,
    Shelf,
    header,
    key,
    message,
    network,
    packed,
    receiver,
)
from transports.peppol.as4 import signals, unpacking
from transports.peppol.as4.message import MEANINGS, NOT_SERVICED, Errors, Fault, Receipt
from transports.peppol.as4.soap import Refused
from transports.peppol.pki.chains import Purpose, Untrusted, issuer
from transports.peppol.receiver import Reply


def answered(reply: Reply) -> signals.Answer:
    return signals.read(reply.content_type, reply.content)


def errors(reply: Reply) -> Errors:
    """The error that was answered, which must be signed by the receiving seat."""
    answer = answered(reply)
    assert isinstance(answer.signal, Errors)
    assert answer.certificate == key(RECEIVING).certificate
    return answer.signal


async def test_a_message_is_kept_and_its_receipt_proves_it() -> None:
    shelf, sent = Shelf(), packed()
    async with receiver(shelf) as at:
        answer = answered(await at.receive(sent.content_type, sent.body))
    (taken,) = shelf.kept.values()
    assert taken.message == message()
    assert taken.header == header()
    assert taken.document == DOCUMENT
    assert answer.certificate == key(RECEIVING).certificate
    assert isinstance(answer.signal, Receipt)
    assert signals.proves(answer.signal, message().id, sent.references)


async def test_the_same_message_again_gets_the_same_receipt_and_is_kept_once() -> None:
    shelf, first, again = Shelf(), packed(), packed()
    assert first.body != again.body  # the key that it is encrypted with is new
    async with receiver(shelf) as at:
        one = await at.receive(first.content_type, first.body)
        two = await at.receive(again.content_type, again.body)
    assert one.content == two.content
    assert len(shelf.kept) == 1


async def test_another_message_with_the_same_id_is_refused() -> None:
    shelf, first, other = Shelf(), packed(), packed(document=DOCUMENT.replace(b"1", b"2"))
    async with receiver(shelf) as at:
        await at.receive(first.content_type, first.body)
        reply = await at.receive(other.content_type, other.body)
    assert errors(reply).faults[0].code == "EBMS:0003"
    assert [taken.document for taken in shelf.kept.values()] == [DOCUMENT]


async def test_a_receiver_that_is_not_served_is_answered_as_the_profile_says() -> None:
    shelf = Shelf()
    sent = packed(message(receiver=STRANGER), header(receiver=STRANGER))
    async with receiver(shelf) as at:
        said = errors(await at.receive(sent.content_type, sent.body))
    assert said.faults == (Fault("EBMS:0004", NOT_SERVICED),)
    assert said.ref_to == message().id
    assert not shelf.kept


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"to_seat": "POP000009"}, "EBMS:0010"),
        ({"from_seat": "POP000009"}, "EBMS:0101"),
        ({"sender": STRANGER}, "EBMS:0003"),
        ({"receiver": STRANGER}, "EBMS:0003"),
    ],
)
async def test_what_the_message_says_has_to_agree(says: dict[str, object], code: str) -> None:
    shelf, sent = Shelf(), packed(message(**says))
    async with receiver(shelf) as at:
        assert errors(await at.receive(sent.content_type, sent.body)).faults[0].code == code
    assert not shelf.kept


def test_what_is_signed_is_written_canonical() -> None:
    """Nothing is canonicalised to sign it; so it has to be canonical as it is written."""
    soap = packed().chunks[1]
    root = etree.fromstring(soap)
    for path in (".//{*}Messaging", ".//{*}Body", ".//{*}SignedInfo"):
        element = root.find(path)
        assert element is not None
        assert etree.tostring(element, method="c14n", exclusive=True) in soap


def test_the_same_message_is_signed_the_same_way() -> None:
    assert packed().references == packed().references


def test_a_receipt_for_less_proves_nothing() -> None:
    sent = packed()
    made = Receipt("r@x", NOW, message().id, sent.references)
    read = signals.read(signals.CONTENT_TYPE, signals.receipt(made, key(RECEIVING))).signal
    assert isinstance(read, Receipt)
    assert signals.proves(read, message().id, sent.references)
    assert not signals.proves(read, "another@x", sent.references)
    for less in (sent.references[:2], sent.references[1:], sent.references + sent.references[:1]):
        assert not signals.proves(replace(read, references=less), message().id, sent.references)


@pytest.mark.parametrize("code", MEANINGS)
def test_every_error_is_written_and_read(code: str) -> None:
    told = Errors("e@x", NOW, "m@x", (Fault(code, 'what & why <"is"> wrong'),))
    content = signals.errors(told, key(RECEIVING))
    assert signals.read(signals.CONTENT_TYPE, content).signal == told


def test_an_unsigned_error_is_read_as_a_hint() -> None:
    told = Errors("e@x", NOW, None, (Fault("EBMS:0004", NOT_SERVICED),))
    root = etree.fromstring(signals.errors(told, key(RECEIVING)))
    security = root.find(".//{*}Security")
    assert security is not None
    security.getparent().remove(security)  # type: ignore[union-attr]
    answer = signals.read("application/soap+xml", etree.tostring(root))
    assert answer.signal == told
    assert answer.certificate is None


def test_a_receipt_has_to_be_signed() -> None:
    made = Receipt("r@x", NOW, message().id, packed().references)
    root = etree.fromstring(signals.receipt(made, key(RECEIVING)))
    security = root.find(".//{*}Security")
    assert security is not None
    security.getparent().remove(security)  # type: ignore[union-attr]
    with pytest.raises(Refused):
        signals.read("application/soap+xml", etree.tostring(root))


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


@settings(max_examples=25)
@given(NAMES, NAMES)
def test_any_identifiers_come_through(message_id: str, value: str) -> None:
    receiving = Participant("0007", value)
    said = message(id=message_id, receiver=receiving)
    sent = packed(said, header(receiver=receiving))
    sealed = unpacking.read(sent.content_type, sent.body)
    assert sealed.message == said
    assert DOCUMENT in sealed.open(key(RECEIVING), 10_000)


@settings(max_examples=300)
@given(st.data())
def test_any_change_on_the_way_is_refused(data: st.DataObject) -> None:
    sent = packed()
    body = bytearray(sent.body)
    at = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != body[at]))
    body[at] = byte
    try:
        sealed = unpacking.read(sent.content_type, bytes(body))
        issuer(sealed.certificate, network().anchors, Purpose.ACCESS_POINT, NOW)
        payload = sealed.open(key(RECEIVING), 10_000)
    except (Refused, Untrusted):
        return
    # Bytes that nobody reads may change: an id of a token, white space in a header.
    assert sealed.message == message()
    assert sealed.certificate == key(SENDING).certificate
    assert [one.digest for one in sealed.references] == [one.digest for one in sent.references]
    assert DOCUMENT in payload


@given(st.binary(max_size=400), st.sampled_from(["", "multipart/related", "text/xml", "a/b; c"]))
def test_any_bytes_are_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Refused):
        unpacking.read(kind, body)
    with pytest.raises(Refused):
        signals.read(kind, body)
