"""Splitting forms: what is sent is what is read, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.multipart import FormPart, Malformed, Splitter, header_value


def parse(body: bytes, boundary: str, sizes: Sequence[int] = ()) -> list[tuple[FormPart, bytes]]:
    """The parts of a body that comes in pieces of these sizes, and the rest at once."""
    splitter = Splitter(boundary)
    parts: list[tuple[FormPart, bytes]] = []
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    for piece in (*pieces, body):
        for found in splitter.feed(piece):
            if isinstance(found, FormPart):
                parts.append((found, b""))
            else:
                head, content = parts[-1]
                parts[-1] = head, content + found
    splitter.finish()
    return parts


def written(parts: list[tuple[str, bytes]], boundary: str) -> bytes:
    """A form as RFC 7578 has it."""
    body = b""
    for name, content in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


NAMES = st.text("abcdefghijklmnopqrstuvwxyzåäö", min_size=1, max_size=10)


PIECES = st.lists(st.integers(0, 60), max_size=20)
# With the beginnings of boundaries in it: "-", line ends, "b".
CONTENT = st.one_of(st.binary(max_size=100), st.text("\r\n-ba", max_size=100).map(str.encode))


@given(st.lists(st.tuples(NAMES, CONTENT), max_size=5), PIECES)
def test_what_is_sent_is_what_is_read(parts: list[tuple[str, bytes]], pieces: list[int]) -> None:
    boundary = "a-boundary-that-does-not-occur"
    read = parse(written(parts, boundary), boundary, pieces)
    assert [(head.name, content) for head, content in read] == parts
    assert {head.media_type for head, _ in read} <= {"text/plain"}


@given(st.lists(st.tuples(NAMES, CONTENT), max_size=3), st.binary(max_size=60), PIECES)
def test_how_a_body_is_cut_into_pieces_changes_nothing(
    parts: list[tuple[str, bytes]], junk: bytes, pieces: list[int]
) -> None:
    for body in (written(parts, "b"), b"--b" + junk + b"\r\n--b--", junk + written(parts, "b")):
        assert _told(body, pieces) == _told(body, ())


def _told(body: bytes, pieces: Sequence[int]) -> object:
    try:
        return parse(body, "b", pieces)
    except Malformed as error:
        return type(error)


def test_one_byte_at_a_time() -> None:
    parts = [("document", b"\r\n-b\r\n--\r\r\n--"), ("x", b"")]
    body = b"before\r\n" + written(parts, "b") + b"after"
    read = parse(body, "b", [1] * len(body))
    assert [(head.name, content) for head, content in read] == parts


def test_large_content_is_given_out_as_it_comes() -> None:
    splitter = Splitter("b")
    list(splitter.feed(b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"-" * 50))
    for _ in range(100):
        assert len(b"".join(splitter.feed(b"y" * 1000))) >= 1000 - 50


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(body: bytes) -> None:
    for content in (body, b"--b\r\n" + body, b"--b\r\n" + body + b"\r\n--b--"):
        try:
            parse(content, "b")
        except Malformed as error:
            assert str(error)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_a_form_cut_anywhere_is_refused(content: bytes, cut: int) -> None:
    whole = written([("document", content)], "b")
    end = whole.rindex(b"\r\n--b--") + len(b"\r\n--b--")
    with pytest.raises(Malformed):
        parse(whole[: min(cut, end - 1)], "b")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("text/xml", ("text/xml", {})),
        (" Text/XML ; Charset=UTF-8 ", ("text/xml", {"charset": "UTF-8"})),
        ('form-data; name="a\\"b"; x=y', ("form-data", {"name": 'a"b', "x": "y"})),
        ('form-data; name="a;b=c"', ("form-data", {"name": "a;b=c"})),
    ],
)
def test_header_values(text: str, read: tuple[str, dict[str, str]]) -> None:
    assert header_value(text) == read


@pytest.mark.parametrize(
    "text",
    ["", ";", "a b", "a/b;", "a/b; c", 'a/b; c="d', "a/b; c=d; C=e", "a/b, c/d", "a/b; c=d e"],
)
def test_header_values_that_are_none(text: str) -> None:
    with pytest.raises(Malformed):
        header_value(text)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('filename="a b.pdf"', "a b.pdf"),
        ('filename="a%20b%C3%A5.pdf"', "a bå.pdf"),  # as aiohttp and some others send it
        ('filename="å.pdf"', "å.pdf"),  # as browsers and curl send it
        ('filename="50%.pdf"', "50%.pdf"),
        ('filename="say %22hi%22.pdf"', 'say "hi".pdf'),  # as browsers escape quotes
        ("filename=\"x\"; filename*=UTF-8''%C3%A5.pdf", "å.pdf"),
        ("filename*=utf-8'sv'%C3%A5.pdf", "å.pdf"),
    ],
)
def test_file_names(parameters: str, name: str) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="attachment"; {parameters}\r\n\r\n'
    (part,) = parse(head.encode() + b"x\r\n--b--", "b")
    assert part == (FormPart("attachment", name, "text/plain", None), b"x")
