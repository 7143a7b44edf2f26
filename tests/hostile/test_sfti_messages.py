"""Messages of SFTI's profile that lie, break off or swell: refused, with a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from transports.operator import ebms, unpacking
from transports.operator.ebms import (
    Acknowledgment,
    ErrorCode,
    Errors,
    Malformed,
    Message,
    Payload,
    Problem,
)

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MESSAGE = Message(
    id="1@partner.example",
    conversation="c-1",
    sender="SE5590001011",
    recipient="SE5567321707",
    service=ebms.SVEFAKTURA_SERVICE,
    action=ebms.SVEFAKTURA_ACTION,
    at=AT,
)
PAYLOADS = (
    Payload("a@partner.example", "application/xml", b"<Invoice/>"),
    Payload("b c@partner.example", "application/pdf", b"%PDF\r\n--b\r\n\x00\xff"),
)
HEADER = ebms.content_type("boundary", "0@partner.example")
BODY = ebms.write(MESSAGE, PAYLOADS, "boundary", "0@partner.example")


def test_a_message_is_read_as_it_was_written() -> None:
    assert unpacking.read(HEADER, BODY) == (MESSAGE, PAYLOADS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</eb:Timestamp>", b".123+01:00</eb:Timestamp>"),
        (b"12:00:00Z", b"12:00:00"),
        (b"<eb:SyncReply", b'<x:Trace xmlns:x="urn:x">1</x:Trace><eb:SyncReply'),
        (b"<eb:CPAId>", b"<eb:DuplicateElimination/><eb:CPAId>"),
        (b"</eb:From>", b'<eb:PartyId eb:type="operatorid">9</eb:PartyId></eb:From>'),
        (b"Content-Type: application/pdf", b"Content-Type: what is this"),
    ],
    ids=repr,
)
def test_what_the_profile_passes_over_is_passed_over(old: bytes, new: bytes) -> None:
    assert old in BODY
    read, payloads = unpacking.read(HEADER, BODY.replace(old, new, 1).replace(b"Z.1", b".1"))
    assert (read.sender, read.recipient) == (MESSAGE.sender, MESSAGE.recipient)
    assert [each.content for each in payloads] == [each.content for each in PAYLOADS]


NAMES = "From To ConversationId Service Action MessageData MessageId Timestamp MessageHeader"


@pytest.mark.parametrize("name", NAMES.split())
def test_a_header_that_is_not_there_or_twice_is_no_message(name: str) -> None:
    element = re.compile(rf"<eb:{name}[ >].*?</eb:{name}>".encode(), re.DOTALL)
    (found,) = element.findall(BODY)
    for changed in (BODY.replace(found, b""), BODY.replace(found, found * 2)):
        with pytest.raises(Malformed, match="MessageHeader"):
            unpacking.read(HEADER, changed)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"<soap:Envelope", b"<!DOCTYPE a [<!ENTITY b 'c'>]><soap:Envelope", "DOCTYPE"),
        (b"<soap:Header>", b"<!-- x --><soap:Header>", "comments"),
        (b"</soap:Header>", b"", "not well-formed"),
        (b"<soap:Body>", b"<soap:Body/><soap:Body>", "SOAP 1.1 envelope"),
        (ebms.SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope", "SOAP 1.1 envelope"),
        (ebms.EB.encode(), b"urn:another", "MessageHeader"),
        (b"2026-11-21T", b"yesterday", "Timestamp"),
        (b"c-1</eb", b"c" * 300 + b"</eb", "characters"),
        (b'eb:type="countrycode', b'eb:type="other', "From"),
        (b"text/xml; charset", b"text/html; charset", "first part"),
        (b"--boundary--", b"", "closing boundary"),
        (b"<b c@partner", b"<a@partner", "the same"),
        (b"binary", b"base64", "base64"),
        (b"<soap:Header>", b"<soap:Header>" + b"<a>" * 400 + b"</a>" * 400, "well-formed"),
        (b"<soap:Header>", b"<soap:Header><a>" + b"x" * 1024**2 + b"</a>", "more than"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_message_is_refused(old: bytes, new: bytes, why: str) -> None:
    assert old in BODY
    with pytest.raises(Malformed, match=why):
        unpacking.read(HEADER, BODY.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"cid:a@", b"cid:c@", ErrorCode.MIME_PROBLEM, "cid:c@partner.example"),
        (b"cid:a@", b"http://a@", ErrorCode.MIME_PROBLEM, "http://a@partner.example"),
        (b"cid:b%20c@", b"cid:a@", ErrorCode.MIME_PROBLEM, "cid:a@partner.example"),
        (b"eb:Reference", b"eb:Other", ErrorCode.OTHER_XML, "Manifest"),
        (b"eb:Manifest", b"eb:Content", ErrorCode.OTHER_XML, "Manifest"),
        (b"2:0:incoming", b"incoming", ErrorCode.INCONSISTENT, "CPAId"),
        (b'signed="false"', b'signed="true"', ErrorCode.NOT_SUPPORTED, "AckRequested"),
        (b"eb:AckRequested", b"eb:Other", ErrorCode.NOT_SUPPORTED, "AckRequested"),
        (b"eb:SyncReply", b"eb:MessageOrder", ErrorCode.NOT_SUPPORTED, "SyncReply"),
        (
            b"<eb:SyncReply",
            b'<x:Signature xmlns:x="urn:x" soap:mustUnderstand="1"/><eb:SyncReply',
            ErrorCode.NOT_SUPPORTED,
            "Signature",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_wrong_with_a_message_is_told_to_its_sender(
    old: bytes, new: bytes, code: ErrorCode, place: str
) -> None:
    assert old in BODY
    changed = BODY.replace(old, new) if b"eb:" in old else BODY.replace(old, new, 1)
    with pytest.raises(Problem) as told:
        unpacking.read(HEADER, changed)
    assert (told.value.code, told.value.location) == (code, place)
    answer = unpacking.read_answer(ebms.CONTENT_TYPE, ebms.errors(told.value, "e@x", AT))
    assert answer == Errors(code, told.value.text, MESSAGE.id)


def test_a_part_that_nothing_refers_to_is_refused() -> None:
    more = b'--boundary\r\nContent-Type: text/plain\r\nContent-ID: <z@x>\r\n\r\n"\r\n--boundary--'
    with pytest.raises(Problem) as told:
        unpacking.read(HEADER, BODY.replace(b"--boundary--", more))
    assert (told.value.code, told.value.location) == (ErrorCode.MIME_PROBLEM, "cid:z@x")


def test_a_message_has_so_many_files_and_no_more() -> None:
    files = [Payload(f"{n}@x", "text/plain", b"") for n in range(unpacking.MOST_PARTS)]
    most = ebms.write(MESSAGE, files[:-1], "boundary", "s@x")
    header = ebms.content_type("boundary", "s@x")
    assert len(unpacking.read(header, most)[1]) == unpacking.MOST_PARTS - 1
    with pytest.raises(Malformed, match="more than 51 parts"):
        unpacking.read(header, ebms.write(MESSAGE, files, "boundary", "s@x"))


ANSWER = ebms.acknowledgment(MESSAGE, "a@x", AT)


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        ("text/xml", ANSWER),
        ("text/html", ANSWER),
        (
            'multipart/related; boundary="b"',
            b"--b\r\nContent-Type: text/xml\r\n\r\n" + ANSWER + b"\r\n--b--\r\n",
        ),
    ],
)
def test_an_acknowledgment_is_read_in_whatever_it_comes(header: str, answer: bytes) -> None:
    assert unpacking.read_answer(header, answer) == Acknowledgment(MESSAGE.id)


@pytest.mark.parametrize(
    ("header", "answer", "why"),
    [
        ("", ANSWER, "Content-Type"),
        ("text/xml", b"", "no XML"),
        ("text/xml", b"OK", "no XML"),
        ("text/xml", b"<a/>", "SOAP 1.1"),
        ("text/xml", ebms.fault("No."), "a SOAP fault: No."),
        ("text/xml", ANSWER.replace(b"eb:Acknowledgment", b"eb:Other"), "neither"),
        (
            "text/xml",
            ANSWER.replace(b"<eb:Acknowledgment", b"<eb:ErrorList/><eb:Acknowledgment"),
            "empty",
        ),
        ('multipart/related; boundary="b"', ANSWER, "boundary"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_answer_is_none(header: str, answer: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        unpacking.read_answer(header, answer)


def test_a_warning_beside_an_acknowledgment_is_no_refusal() -> None:
    warning = b'<eb:ErrorList eb:highestSeverity="Warning"><eb:Error/></eb:ErrorList>'
    answer = ANSWER.replace(b"<eb:Acknowledgment", warning + b"<eb:Acknowledgment")
    assert unpacking.read_answer("text/xml", answer) == Acknowledgment(MESSAGE.id)
