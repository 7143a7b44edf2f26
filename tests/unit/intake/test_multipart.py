"""Splitting forms: what is sent is what is read, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.multipart import FormPart, Malformed, header_value, parse


def written(parts: list[tuple[str, bytes]], boundary: str) -> bytes:
    """A form as RFC 7578 has it."""
    body = b""
    for name, content in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


NAMES = st.text("abcdefghijklmnopqrstuvwxyzåäö", min_size=1, max_size=10)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=100)), max_size=5))
def test_what_is_sent_is_what_is_read(parts: list[tuple[str, bytes]]) -> None:
    boundary = "a-boundary-that-does-not-occur"
    read = parse(written(parts, boundary), boundary)
    assert [(part.name, part.content) for part in read] == parts
    assert {part.media_type for part in read} <= {"text/plain"}


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
    assert part == FormPart("attachment", name, "text/plain", None, b"x")
