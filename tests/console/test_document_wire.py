"""Bytes of the wire and lines of a document, as people read them: whatever the bytes are."""

from __future__ import annotations

import gzip
import json
from email.message import EmailMessage

import pytest

from gateway.console.documents.source import LINES, source
from gateway.console.documents.wire import (
    HIDDEN,
    MOST_CHARACTERS,
    MOST_PARSED,
    indented,
    numbers,
    pieces,
)
from validators.findings import Finding, Severity


def kinds(content: bytes, media_type: str) -> list[str]:
    return [piece.kind for piece in pieces(content, media_type)]


def test_xml_is_indented_and_json_too() -> None:
    (piece,) = pieces(b'<?xml version="1.0"?><a><b x="1">2</b></a>', "application/xml")
    assert (piece.kind, piece.text) == ("xml", '<a>\n  <b x="1">2</b>\n</a>')
    (piece,) = pieces(b'{"a":[1]}', "application/problem+json; charset=utf-8")
    assert piece.text == '{\n  "a": [\n    1\n  ]\n}'


def test_a_multipart_message_without_its_head_is_taken_apart() -> None:
    body = (
        b"--=_Ab\r\nContent-Type: application/soap+xml\r\n\r\n<e><f/></e>\r\n"
        b"--=_Ab\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        + gzip.compress(b"<Invoice/>")
        + b"\r\n--=_Ab--\r\n"
    )
    found = pieces(body, 'multipart/related; boundary="=_Ab"; type="application/soap+xml"')
    assert [piece.kind for piece in found] == ["head", "xml", "head", "binary"]
    assert found[1].text == "<e>\n  <f/>\n</e>"
    assert found[3].size_bytes == len(gzip.compress(b"<Invoice/>"))


def test_a_mail_is_taken_apart_with_the_mail_inside() -> None:
    inner, outer = EmailMessage(), EmailMessage()
    inner["Subject"], outer["Subject"] = "inner", "outer"
    inner.set_content("Hej åäö", charset="iso-8859-1")
    outer.set_content("Came back")
    outer.add_attachment(inner)
    outer.add_attachment(b"%PDF\x00\xff", "application", "pdf", filename="a.pdf")
    found = pieces(outer.as_bytes(), "message/rfc822")
    texts = "\n".join(piece.text for piece in found)
    assert "Subject: inner" in texts and "Hej åäö" in texts and "Came back" in texts
    assert found[-1].kind == "binary" and not found[-1].text


def test_http_is_a_head_and_a_body_of_its_kind() -> None:
    found = pieces(
        b'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{"error":"x"}',
        "application/http",
    )
    assert [piece.kind for piece in found] == ["head", "json"]
    assert found[0].text.startswith("HTTP/1.1 400")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "application/xml"),
        (b"<a><b></a>", "application/xml"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "application/xml"),
        (b"<a>" * 100_000, "text/xml"),
        (b"[" * 100_000, "application/json"),
        (b"\xff\xfe\x00\x01", "text/plain; charset=no-such-one"),
        (b"abc", "text/plain; charset=no-such-one"),
        (b"--x\r\n", "multipart/mixed; boundary=x"),
        (b"no parts at all", 'multipart/mixed; boundary="\r\nX: y"'),
        (b"--\r\n--\r\n", "multipart/mixed"),
        (b"HTTP/1.1 200 OK", "application/http"),
        (b"x" * (MOST_PARSED + 1), "application/xml"),
        (b"\x00" * 5000, ""),
        (b"<html><script>alert(1)</script>", "text/html"),
    ],
)
def test_whatever_the_bytes_it_answers_within_bounds(content: bytes, media_type: str) -> None:
    found = pieces(content, media_type)
    assert found
    assert sum(len(piece.text) for piece in found) <= MOST_CHARACTERS


def test_messages_in_messages_have_an_end() -> None:
    content = b"deep"
    for n in range(60):
        content = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--" % (
            *(n, n),
            b"Content-Type: message/rfc822\r\n\r\n" + content,
            n,
        )
    assert len(pieces(content, "message/rfc822")) <= 50


def test_what_is_left_out_is_counted() -> None:
    (piece,) = pieces(b"x" * 1000, "text/plain", most=400)
    assert (len(piece.text), piece.left_out) == (400, 600)


def test_personal_numbers_and_secrets_are_stars() -> None:
    hidden = numbers("197802022389", None, "")
    written = ["197802022389", "7802022389", "19780202-2389", "780202-2389"]
    head = "POST / HTTP/1.1\r\nAuthorization: Bearer abc\r\nContent-Type: text/plain\r\n\r\n"
    found = pieces((head + " ".join(written)).encode(), "application/http", hidden=hidden)
    text = "".join(piece.text for piece in found)
    assert "Bearer" not in text and "2389" not in text
    assert text.count(HIDDEN) == 5


# --- lines --------------------------------------------------------------------------------------


def finding(where: str, line: int | None = None) -> Finding:
    return Finding("BR-01", Severity.FATAL, where, line, "Wrong.", "Mend it.")


def test_a_finding_stands_at_its_line_and_on_its_page() -> None:
    content = "\n".join(["<a>", *("<b/>" for _ in range(1000)), "</a>"]).encode()
    page = source(content, [finding("a/b[3]", 4), finding("a/b[900]", 901), finding("a")])
    assert (page.first, page.total, page.before, page.after) == (1, 1002, None, LINES + 1)
    assert len(page.lines) == LINES and not page.indented
    assert [line.n for line in page.lines if line.findings] == [4]
    assert [(p.line, p.page) for p in page.places] == [(4, 1), (901, 801), (None, 1)]
    last = source(content, [finding("a/b[900]", 901)], first=901)
    assert (last.first, last.before, last.after) == (801, 401, None)
    assert [line.n for line in last.lines if line.findings] == [901]


def test_what_is_one_long_line_is_indented_and_findings_go_by_their_path() -> None:
    items = "".join(f"<x:Line><x:ID>{n}</x:ID><Price>1</Price></x:Line>" for n in range(50))
    content = f'<x:Invoice xmlns:x="urn:x"><x:ID>1</x:ID>{items}</x:Invoice>'.encode()
    found = [finding("Invoice/Line[2]/Price", 1), finding("/Invoice/Line[3]/Note"), finding("/a/b")]
    page = source(content, found)
    assert page.indented
    at = {place.line: place for place in page.places}
    assert [page.lines[n - 1].text.strip() for n in at if n] == ["<Price>1</Price>", "<x:Line>"]
    assert None in at


def test_json_is_indented_and_findings_go_by_their_pointer() -> None:
    content = b'{"invoice":{"lines":[{"id":"1"},{"id":"2","price":{}}],"a/b":1}}'
    found = [
        finding("/invoice/lines/1/id"),
        finding("/invoice/lines/1/item/name"),
        finding("/invoice/a~1b"),
        finding("/other"),
        finding(""),
    ]
    page = source(content, found, "application/json; charset=utf-8")
    assert json.loads("\n".join(line.text for line in page.lines)) == json.loads(content)
    at = [place.line for place in page.places]
    assert [page.lines[n - 1].text.strip() for n in at if n] == ['"id": "2",', "{", '"a/b": 1']
    assert at[3:] == [None, None]
    secret = source(b'{"delivery":{"personal_number":"197802022389"}}', [], "application/json")
    assert "2389" not in "".join(line.text for line in secret.lines)


def test_lines_are_those_that_parsers_count() -> None:
    content = "<a>\n<b>\x0b\u2028\x85</b>\r\n<c/>\n</a>".encode()
    page = source(content, [finding("a/c", 3)])
    assert [line.text for line in page.lines if line.findings] == ["<c/>"]


def test_findings_of_another_file_stand_at_no_line() -> None:
    page = source(b"<a>\n<b/>\n</a>", [finding("/invoice/number", 2)], own=False)
    assert not any(line.findings for line in page.lines)
    assert [place.line for place in page.places] == [None]


@pytest.mark.parametrize("first", [-5, 0, 1, 10**8])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"<a", b"<a>" + b"x" * 99_999, b"[" * 9999])
@pytest.mark.parametrize("media_type", ["application/xml", "application/json"])
def test_any_page_of_any_bytes_can_be_asked_for(
    content: bytes, first: int, media_type: str
) -> None:
    page = source(content, [finding("a[999999]/b", 99)], media_type, first=first)
    assert page.lines and page.first >= 1
    assert all(len(line.text) <= 2_000 for line in page.lines)


def test_nothing_is_fetched_for_xml() -> None:
    named = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'
    assert indented(named) is None
