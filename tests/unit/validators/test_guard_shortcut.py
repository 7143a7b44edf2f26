"""The guard's short way says nothing only where the long way says nothing either."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from validators import guard

PIECES = st.sampled_from(
    [
        b"\xef\xbb\xbf",
        b'<?xml version="1.0"',
        b"<?xml version='1.0'",
        b' encoding="UTF-8"',
        b' encoding="UTF-16"',
        b" encoding='utf-8'",
        b' standalone="yes"',
        b"?>",
        b"\n",
        b" ",
        b"<a",
        b"<!DOCTYPE a",
        b"<!-- c -->",
        b"<?p i?>",
        b">",
        b"\x00",
    ]
)


@given(st.lists(PIECES, max_size=7).map(b"".join))
def test_what_is_plain_has_nothing_to_be_refused(data: bytes) -> None:
    if guard.plain_root(data) is not None:
        assert [*guard._encoding(data), *guard._prolog(data)] == []


def test_nearly_every_document_is_plain() -> None:
    for prolog in (
        b"",
        b"\xef\xbb\xbf",
        b'<?xml version="1.0" encoding="UTF-8"?>\n',
        b"<?xml version='1.0' encoding='utf-8'?>",
        b'<?xml version="1.0"?>',
    ):
        assert guard.plain_root(prolog + b"<Invoice/>") == len(prolog)
