from __future__ import annotations

import json
from uuid import UUID

import pytest

from schemas.identifiers import Participant
from transports.base import File
from transports.operator import wire
from transports.operator.wire import Arrived, Format, Found, Malformed, Query, Submission

KEY = UUID("8a6e0804-2bd0-5672-b79d-d97027f9071a")
SUBMISSION = Submission(
    address="nf-81723",
    format=Format.SVEFAKTURA,
    sender_name="Åkeri & Söner AB",
    sender_organisation_number="5567321707",
    number="1001",
    credit_note=False,
    document=b"<Invoice/>",
    attachments=(File('a"b\r\n.xml', "application/xml", b"\x00--operator\r\n\r\n"),),
)
ARRIVED = Arrived(
    recipient=Participant.parse("0007:5567321707"),
    sender=Participant.parse("0088:7300010000001"),
    document=File("invoice.xml", "application/xml", b"<Invoice/>"),
    attachments=(File("tid.pdf", "application/pdf", b"%PDF\xff"),),
)


@pytest.mark.parametrize(
    "query", [Query(organisation_number="5590000013"), Query(gln="73"), Query(name="Åkeri")]
)
def test_a_query_is_read_as_it_was_written(query: Query) -> None:
    assert wire.read_query(wire.write_query(query)) == query


@pytest.mark.parametrize("body", [b"{}", b'{"gln": "1", "name": "2", "x": 3}', b"[]", b"\xff"])
def test_what_is_no_query_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        wire.read_query(body)


def test_who_was_found_is_read_each_address_once() -> None:
    one, other = Found("a", "Bageri", "NF", ("bis3",)), Found("b", "Lager", "NF", ())
    again = Found("a", "Bageri II", "NF", ())
    assert wire.read_found(wire.write_found([one, other, again])) == (one, other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": ""},
        {"address": "two words"},
        {"address": "x" * 101},
        {"address": "å"},
        {"name": 7},
        {"operator": None},
        {"formats": 7},
    ],
    ids=str,
)
def test_who_is_not_in_the_format_is_refused(wrong: dict[str, object]) -> None:
    one = {"address": "a", "name": "B", "operator": "C", "formats": [], **wrong}
    with pytest.raises(Malformed):
        wire.read_found(json.dumps({"recipients": [one]}).encode())


def test_a_submission_is_read_as_it_was_written() -> None:
    body = wire.write(KEY, SUBMISSION)
    assert wire.read(KEY, body) == SUBMISSION
    assert wire.write(KEY, SUBMISSION) == body, "same values, same bytes"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"--operator-8a6e", b"--operator-9a6e"),
        (b'name="document"', b'name="papers"'),
        (b'name="attachment"', b'name="other"'),
        (b'"svefaktura"', b'"edifact"'),
        (b'"number"', b'"n"'),
        (b'{"address"', b'["address"'),
        (b'"media_type"', b'"m"'),
    ],
)
def test_a_submission_that_is_not_in_the_format_is_refused(old: bytes, new: bytes) -> None:
    body = wire.write(KEY, SUBMISSION)
    assert old in body
    with pytest.raises(Malformed):
        wire.read(KEY, body.replace(old, new))


def test_a_report_says_what_became_of_a_document() -> None:
    line = {"id": "R-1", "document": str(KEY), "state": "rejected", "at": "2026-11-30"}
    body = json.dumps({"reports": [line], "next": "1"}).encode()
    ((report,), following) = wire.read_reports(body)
    assert (report.id, report.document, report.state) == ("R-1", KEY, "rejected")
    assert (report.code, report.reason, following) == ("", "", "1")


def test_half_a_character_in_a_report_can_be_kept() -> None:
    half = "\ud800"
    line = {"id": half, "document": str(KEY), "state": half, "at": half}
    body = json.dumps({"reports": [{**line, "code": half, "reason": half}], "next": ""}).encode()
    ((report,), _) = wire.read_reports(body)
    "".join((report.id, report.state, report.at, report.code, report.reason)).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b"{}",
        b'{"reports": {}, "next": ""}',
        b'{"reports": [7], "next": ""}',
        b'{"reports": [{"id": "1"}], "next": ""}',
        b'{"reports": [{"id": "1", "document": "no", "state": "", "at": ""}], "next": ""}',
        b'{"reports": []}',
        b'{"reports": [], "next": 7}',
        b'{"reports": [], "next": "\\u0000"}',
        b'{"reports": [], "next": "' + b"x" * 501 + b'"}',
    ],
)
def test_reports_that_are_not_in_the_format_are_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        wire.read_reports(body)


def test_an_inbox_lists_ids_that_can_stand_in_a_path() -> None:
    assert wire.read_inbox(b'{"documents": ["A-1", "b_2"], "next": "x"}') == (("A-1", "b_2"), "x")
    for id_ in ("", "../settled", "a b", "å", "x" * 101):
        with pytest.raises(Malformed):
            wire.read_inbox(json.dumps({"documents": [id_], "next": ""}).encode())


def test_a_document_that_came_in_is_read_as_it_was_written() -> None:
    assert wire.read_arrived(wire.write_arrived(ARRIVED)) == ARRIVED


@pytest.mark.parametrize(
    ("name", "media_type", "kept"),
    [
        ("../../etc/passwd", "text/plain", ("passwd", "text/plain")),
        ("c:\\a\\b.pdf", "text/plain", ("b.pdf", "text/plain")),
        ("a\r\nb\x00.pdf", "a/b\r\nX: y", ("ab.pdf", "application/octet-stream")),
        ("\u202efdp.exe", "nonsense", ("fdp.exe", "application/octet-stream")),
        ("..", "å/b", ("attachment-1", "application/octet-stream")),
        ("Tidrapport åäö (1).pdf", "a/b", ("Tidrapport åäö (1).pdf", "a/b")),
    ],
)
def test_names_and_types_of_files_are_safe_to_show(
    name: str, media_type: str, kept: tuple[str, str]
) -> None:
    data = json.loads(wire.write_arrived(ARRIVED))
    data["attachments"][0].update(name=name, media_type=media_type)
    (file,) = wire.read_arrived(json.dumps(data).encode()).attachments
    assert (file.name, file.media_type) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipient": None},
        {"recipient": "5567321707"},
        {"sender": 7},
        {"document": None},
        {"document": {"name": "a", "media_type": "b"}},
        {"document": {"name": "a", "media_type": "b", "content": "no base64"}},
        {"document": {"name": "a", "media_type": "b", "content": 7}},
        {"attachments": None},
        {"attachments": [7]},
    ],
    ids=str,
)
def test_a_document_that_is_not_in_the_format_is_refused(wrong: dict[str, object]) -> None:
    data = {**json.loads(wire.write_arrived(ARRIVED)), **wrong}
    with pytest.raises(Malformed):
        wire.read_arrived(json.dumps(data).encode())


def test_a_refusal_is_read_whatever_it_is() -> None:
    assert wire.read_refusal(b'{"code": "too_large", "text": "No."}') == ("too_large", "No.")
    assert wire.read_refusal(b"<html>") == ("", "")
    with pytest.raises(Malformed):
        wire.read_number(b'{"number": 7}')
