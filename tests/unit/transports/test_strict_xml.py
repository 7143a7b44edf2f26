from __future__ import annotations

import pytest

from transports.strict_xml import Malformed, parse


@pytest.mark.parametrize(
    "content",
    [
        b"<a/>",
        b'<?xml version="1.0"?><a/>',
        b'\n<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a/>'.lstrip(),
        b'<a:b xmlns:a="x">\xc3\xa5</a:b>',
    ],
)
def test_plain_xml_is_read(content: bytes) -> None:
    assert parse(content) is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no XML"),
        (b"nonsense", "no XML"),
        (b"\xff\xfe<\x00a\x00/\x00>\x00", "no XML"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "no XML in UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "no XML in UTF-8"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a DOCTYPE"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "a DOCTYPE"),
        (b"<!-- x --><a/>", "no XML"),
        (b"<a><!-- x --></a>", "comments"),
        (b"<a><?b c?></a>", "processing instructions"),
        (b"<a>&b;</a>", "not well-formed"),
        (b"<a><b></a>", "not well-formed"),
        (b"<a>\xe5</a>", "not well-formed"),
        (b"<a>" * 300 + b"</a>" * 300, "not well-formed"),
    ],
)
def test_what_could_mean_another_thing_is_not(content: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse(content)
