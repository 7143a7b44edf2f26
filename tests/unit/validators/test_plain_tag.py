"""What is told of XML without making a tree of it is what the tree would have told."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from validators.pipeline import parse, plain_tag

# Put together they are mostly wrong, and sometimes right, in many ways.
PIECES = st.sampled_from(
    [
        b"<?xml version='1.0' encoding='UTF-8'?>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?>",
        b"\xef\xbb\xbf",
        b"<a>",
        b"</a>",
        b"<a/>",
        b"<x:a>",
        b"</x:a>",
        b"<x:a xmlns:x='urn:x'>",
        b"<a xmlns='urn:a'>",
        b"<a xmlns='not a uri['>",
        b"<a xmlns:x=''>",
        b"<a b='>'>",
        b"<a b='&lt;' c=\"'\">",
        b"<a x:b='1'/>",
        b"<a b='1' b='2'/>",
        b"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
        b"<a xml:id='1 2'/>",
        b"<a xml:lang='!!'/>",
        b"<a:b:c xmlns:a='u'/>",
        b"<!-- c -->",
        b"<!-- -- -->",
        b"<!DOCTYPE a>",
        b"<?p i?>",
        b"<?x:y z?>",
        b"<![CDATA[<]]>",
        b"]]>",
        b"&amp;",
        b"&x;",
        b"&#0;",
        b"\x00",
        b"\xff",
        b"\xc3\xa5",
        b"text",
        b"\n ",
    ]
)


@given(st.lists(PIECES, max_size=8).map(b"".join))
@example(b"<x:a xmlns:x='urn:x'>text<a b='>'></a></x:a>")
def test_it_is_the_tag_of_the_root_that_the_tree_has(data: bytes) -> None:
    tag = plain_tag(data)
    if tag is not None:
        root = parse(data)
        assert isinstance(root, etree._Element), data
        assert root.tag == tag


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        (b"<Invoice/>", "Invoice"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="urn:i"/>', "{urn:i}Invoice"),
        (b"<i:Invoice xmlns:i='urn:i'><a/>&amp;</i:Invoice>", "{urn:i}Invoice"),
    ],
)
def test_what_is_usual_is_told(data: bytes, tag: str) -> None:
    assert plain_tag(data) == tag


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Invoice",
        b"<Invoice><a></Invoice>",
        b"<Invoice><x:a/></Invoice>",
        b"<Invoice a='>'/>",  # the tag goes on behind the first ">"
        b"<Invoice a='" + b"a" * 5_000 + b"'/>",
        b"<Invoice xml:id='a'><a xml:id='a'/></Invoice>",
        b"<!DOCTYPE Invoice><Invoice/>",
        "<Invoice/>".encode("utf-16"),
        b"<a>" * 258 + b"</a>" * 258,
    ],
)
def test_what_takes_a_closer_look_is_not_told(data: bytes) -> None:
    assert plain_tag(data) is None


def test_what_was_wrong_with_one_is_not_said_of_the_next() -> None:
    assert plain_tag(b"<a><x:a/></a>") is None
    assert plain_tag(b"<a><b></a>") is None
    assert plain_tag(b"<a/>") == "a"


def test_cuts_of_a_document_are_never_taken_for_it() -> None:
    whole = b"<i:a xmlns:i='urn:i'><b c='d'>e</b><f/></i:a>"
    assert re.fullmatch(rb"<i:a.*</i:a>", whole)
    assert plain_tag(whole) == "{urn:i}a"
    assert [plain_tag(whole[:end]) for end in range(len(whole))] == [None] * len(whole)
