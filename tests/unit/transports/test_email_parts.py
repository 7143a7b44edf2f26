"""Messages that nobody writes: bounded, and told apart from those that mail servers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.email.notices import Notice, understand
from transports.email.parts import Malformed, headers, read

HEAD = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
STATUS = (
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; mx\r\n\r\n"
    b"Final-Recipient: rfc822; a\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


def test_fields_are_unfolded_and_names_have_no_case() -> None:
    found = headers(b"Subject: one\r\n two\r\n\tthree\r\nX-A:1\nX-a :2\r\nno field\r\n\x00: x\r\n")
    assert found.get("SUBJECT") == "one two\tthree"
    assert found.all("x-a") == ["1", "2"]
    assert found.get("nothing") == ""
    assert found.content_type == "text/plain"


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: " + b"x" * 9_000 + b"\r\n\r\n",
        b"Subject: x\r\n" + b" y\r\n" * 5_000 + b"\r\n",
        b"X: y\r\n" * 20_000,
        HEAD + b"--b\r\n\r\n" * 30,
        HEAD.replace(b"boundary=b", b"boundary=b; " + b"x=y; " * 3_000) + STATUS,
        HEAD
        + STATUS.replace(b"status\r\n", b"status\r\nContent-Transfer-Encoding: base64\r\n").replace(
            b"Reporting-MTA", b"A"
        ),
        HEAD + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
        HEAD + STATUS + b"".join(b"\r\nAction: failed\r\nStatus: 5.1.1\r\n" for _ in range(200)),
    ],
    ids=[
        "long field",
        "folded field",
        "many fields",
        "many parts",
        "long content type",
        "no base64",
        "no status",
        "many recipients",
    ],
)
def test_what_nobody_writes_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        understand(content)


def test_parts_in_parts_are_not_looked_into() -> None:
    nested = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
        for n in range(5_000)
    )
    content = HEAD + STATUS + b"--b\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n" + nested
    found = understand(content)
    assert isinstance(found.says, Notice)


def test_names_of_parts_may_be_anything() -> None:
    content = HEAD.replace(b"boundary=b", b'boundary="b("') + STATUS.replace(b"--b", b"--b(")
    assert isinstance(understand(content).says, Notice)


def test_the_text_between_is_exact() -> None:
    whole = read(
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\nbefore\r\n--b\r\n\r\none\r\n\r\n'
        b"--b  \r\nX: y\r\n\r\n--bc\r\ntwo\r\n--b--\r\nafter\r\n--b\r\n\r\nno part\r\n"
    )
    assert [part.body for part in whole.parts()] == [b"one\r\n", b"--bc\r\ntwo"]
    assert [part.headers.get("x") for part in whole.parts()] == ["", "y"]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_malformed(content: bytes) -> None:
    for each in (content, HEAD + content, HEAD + STATUS + content):
        try:
            understand(each)
        except Malformed:
            pass


@given(
    st.lists(
        st.sampled_from(
            [
                *(HEAD, STATUS, b"--b\r\n", b"--b--\r\n", b"\r\n", b"\n", b"Action: delayed\r\n"),
                *(b"Content-Type: message/rfc822\r\n", b"Message-ID: <a@b>\r\n", b" ", b"\x80"),
                b"Content-Transfer-Encoding: quoted-printable\r\n",
            ]
        ),
        max_size=20,
    )
)
def test_any_pieces_of_notices_are_a_message_or_malformed(pieces: list[bytes]) -> None:
    try:
        understand(b"".join(pieces))
    except Malformed:
        pass
