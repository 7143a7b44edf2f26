from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.base import File, PostalAddress
from transports.letter.wire import (
    PDF,
    Job,
    JobReport,
    LetterClass,
    Malformed,
    Submission,
    boundary,
    content_type,
    read,
    read_number,
    read_refusal,
    read_reports,
    write,
)

KEY = UUID("8a6e0804-2bd0-5672-b79d-d97027f9071a")
JOB = Job(
    recipient=PostalAddress("Bageri Ägget AB", ("Ågatan 2", "Box 3"), "222 33", "Lund", "SE"),
    return_address=None,
    colour=False,
    duplex=True,
    letter_class=LetterClass.STANDARD,
    pages=3,
    reference="1001",
)
LETTER = Submission(
    JOB,
    File("letter.pdf", PDF, b"%PDF-1\r\n\r\n\x00\xff"),
    (File("attachment-1.pdf", PDF, b"%PDF-2"), File("attachment-2.pdf", PDF, b"")),
)


def test_a_submission_comes_back() -> None:
    assert read(KEY, write(KEY, LETTER)) == LETTER


def test_its_return_address_too() -> None:
    home = PostalAddress("Åkeri AB", ("Kajen 1",), "111 22", "Stockholm", "SE")
    letter = replace(LETTER, job=replace(JOB, return_address=home))
    assert read(KEY, write(KEY, letter)) == letter


def test_a_page_before_it_too() -> None:
    letter = replace(LETTER, cover=File("cover.pdf", PDF, b"%PDF-0"))
    assert read(KEY, write(KEY, letter)) == letter
    assert [file.name for file in letter.files][:2] == ["cover.pdf", "letter.pdf"]


def test_the_same_submission_is_the_same_bytes() -> None:
    assert write(KEY, LETTER) == write(KEY, replace(LETTER))


def test_the_bytes_are_those_of_the_documented_format() -> None:
    body = write(KEY, replace(LETTER, attachments=()))
    assert body == (
        b"--letter-8a6e08042bd05672b79dd97027f9071a\r\n"
        b'Content-Disposition: form-data; name="job"\r\n'
        b"Content-Type: application/json\r\n"
        b"\r\n"
        b'{"class": "standard", "colour": false, "duplex": true, "pages": 3, '
        b'"recipient": {"city": "Lund", "country": "SE", '
        + '"lines": ["Ågatan 2", "Box 3"], "name": "Bageri Ägget AB", '.encode()
        + b'"post_code": "222 33"}, "reference": "1001", "return_address": null}\r\n'
        b"--letter-8a6e08042bd05672b79dd97027f9071a\r\n"
        b'Content-Disposition: form-data; name="letter"; filename="letter.pdf"\r\n'
        b"Content-Type: application/pdf\r\n"
        b"\r\n"
        b"%PDF-1\r\n\r\n\x00\xff\r\n"
        b"--letter-8a6e08042bd05672b79dd97027f9071a--\r\n"
    )
    assert content_type(KEY) == f"multipart/form-data; boundary={boundary(KEY)}"


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    reference=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    content=st.binary(max_size=200),
    attachments=st.lists(st.binary(max_size=50), max_size=3),
)
def test_whatever_is_in_it_comes_back(
    name: str, reference: str, content: bytes, attachments: list[bytes]
) -> None:
    letter = Submission(
        replace(JOB, reference=reference, recipient=replace(JOB.recipient, name=name)),
        File("letter.pdf", PDF, content),
        tuple(File(f"attachment-{n}.pdf", PDF, c) for n, c in enumerate(attachments, 1)),
    )
    assert read(KEY, write(KEY, letter)) == letter


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"",
        lambda body: body[:-1],
        lambda body: body[10:],
        lambda body: body.replace(b'name="job"', b'name="work"'),
        lambda body: body.replace(b'name="letter"', b'name="attachment"'),
        lambda body: body.replace(b'"pages": 3', b'"pages": "three"'),
        lambda body: body.replace(b'"class": "standard"', b'"class": "pigeon"'),
        lambda body: body.replace(b'"city": "Lund", ', b""),
        lambda body: body.replace(b"application/json\r\n\r\n{", b"application/json\r\n\r\n["),
        lambda body: body.replace(KEY.hex.encode(), b"0" * 32),
    ],
)
def test_what_is_not_in_the_format_is_told(spoil) -> None:
    with pytest.raises(Malformed) as told:
        read(KEY, spoil(write(KEY, LETTER)))
    assert str(told.value)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(KEY, body)


def test_the_answers() -> None:
    assert read_number(b'{"job": "x", "number": "L-1"}') == "L-1"
    for nonsense in (b"", b"<html>", b"[]", b"{}", b'{"number": 7}', b"\xff"):
        with pytest.raises(Malformed):
            read_number(nonsense)
    assert read_refusal(b'{"code": "bad_address", "text": "No."}') == ("bad_address", "No.")
    assert read_refusal(b"<html>") == ("", "")


def test_the_reports() -> None:
    line = {"id": "R-1", "job": str(KEY), "state": "posted", "at": "2026-11-21", "reason": None}
    page = json.dumps({"reports": [line], "next": "1"}).encode()
    assert read_reports(page) == (
        (JobReport("R-1", KEY, "posted", "2026-11-21", None),),
        "1",
    )
    for broken in (
        b"{}",
        b'{"reports": [{}], "next": "1"}',
        b'{"reports": [7], "next": "1"}',
        page.replace(str(KEY).encode(), b"not-a-key"),
    ):
        with pytest.raises(Malformed):
            read_reports(broken)
