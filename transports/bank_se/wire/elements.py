"""Elements and attributes of the distributor's files, written and read the one strict way.

In charge of quoting, and of refusing what is not in the format. Not in charge of what is in a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeVar
from xml.sax.saxutils import quoteattr

from lxml import etree

from transports import strict_xml

NAMESPACE: Final = "urn:budkavle:bank-se:1"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_LONGEST: Final = 500
# XML 1.0 has no place for these, escaped or not.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Value = TypeVar("Value")


class Malformed(ValueError):
    """A file that is not in the format; the text says why and holds nothing of it."""


def written(name: str, attributes: Mapping[str, str | None], inside: str | None = None) -> str:
    """An element with the attributes that have a value; `inside` is XML already."""
    said = {key: value for key, value in attributes.items() if value is not None}
    words = "".join(f" {key}={quoteattr(_ILLEGAL.sub('', value))}" for key, value in said.items())
    return f"<{name}{words}/>" if inside is None else f"<{name}{words}>{inside}</{name}>"


def document(name: str, attributes: Mapping[str, str | None], lines: list[str]) -> bytes:
    """A file of one root, with a line for each element in it."""
    inside = "".join(f"{line}\n" for line in lines)
    body = written(name, {"xmlns": NAMESPACE, **attributes}, f"\n{inside}" if lines else None)
    return f"{DECLARATION}{body}\n".encode()


def root_of(content: bytes) -> etree._Element:
    """The root of a file. Raises Malformed."""
    try:
        root = strict_xml.parse(content)
    except strict_xml.Malformed as error:
        raise Malformed(f"the file {error}") from None
    if etree.QName(root).namespace != NAMESPACE:
        raise Malformed(f"the root is not in the namespace {NAMESPACE}")
    return root


def name_of(element: etree._Element) -> str:
    """The name of an element of the format. Raises Malformed."""
    name = etree.QName(element)
    if name.namespace != NAMESPACE:
        raise Malformed("there is an element that is not of the format")
    return name.localname


def lines_of(parent: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children, of these names alone. Raises Malformed."""
    for child in parent:
        if name_of(child) not in names:
            raise Malformed(f"there is a child of {name_of(parent)} that is not of the format")
        yield child


def said(element: etree._Element, name: str, read: Callable[[str], Value]) -> Value:
    """An attribute that must be there, read. Raises Malformed."""
    value = element.get(name)
    if value is None or len(value) > _LONGEST:
        raise Malformed(f"{name_of(element)} has no {name}, or one that is too long")
    try:
        return read(value)
    except ValueError:
        raise Malformed(f"the {name} of {name_of(element)} is not in the format") from None


def identifier(text: str) -> str:
    """A name that the distributor gave: letters, digits, `-`, `_` and full stops."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text):
        raise ValueError("no identifier")
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """Reads one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError("another word")
        return text

    return read


def time(text: str) -> datetime:
    """A time with its offset, ISO 8601."""
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError("no offset")
    return at
