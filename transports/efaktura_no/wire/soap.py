"""SOAP 1.1 as the eFaktura services speak it (document/literal): values to bytes and back. Pure.

In charge of the envelope, of faults, and of reading what a stranger may have written. Not in charge
of which operations there are (`operations`), nor of HTTP. The namespace, and what is inside a
fault's detail, are ours: the services' schemas are not public.
Source of the envelope: SOAP 1.1, sections 4 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lxml import etree

from transports import strict_xml
from transports.base import storable

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE: Final = "urn:budkavle:efaktura-no:1"

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

# An element's content: text, elements by name in the order they are given, or an element repeated.
# None is left out.
Content: TypeAlias = "str | Fields | Sequence[Fields] | None"
Fields: TypeAlias = Mapping[str, Content]


class Malformed(Exception):
    """What came over the wire is not in the format; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A service's no. `code` is its own number, empty where it gave none; `ours` says that it holds
    the request to be at fault (SOAP's Client), and not itself."""

    code: str
    text: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a message: reads what is in it."""

    element: etree._Element

    @property
    def name(self) -> str:
        """Its name, without the namespace."""
        return etree.QName(self.element).localname

    def part(self, name: str) -> Part | None:
        """The one element of this name; None where there is none. Raises Malformed for two."""
        found = list(self.parts(name))
        if len(found) > 1:
            raise Malformed(f"there is more than one {name}")
        return found[0] if found else None

    def parts(self, name: str) -> Iterator[Part]:
        """The elements of this name."""
        return (Part(each) for each in self.element.iterchildren(_tag(name)))

    def text(self, name: str, longest: int = 200) -> str:
        """The text of the one element of this name. Raises Malformed where there is none."""
        found = self.optional(name, longest)
        if found is None:
            raise Malformed(f"there is no {name}")
        return found

    def optional(self, name: str, longest: int = 200) -> str | None:
        """The same; None where there is none, or nothing in it."""
        found = self.part(name)
        if found is None:
            return None
        if len(found.element):
            raise Malformed(f"{name} holds elements, not text")
        text = (found.element.text or "").strip()
        if len(text) > longest:
            raise Malformed(f"{name} has more than {longest} characters")
        return text or None


def write(operation: str, fields: Fields) -> bytes:
    """A message whose body is one element `operation`. Same values, same bytes."""
    body = etree.Element(_tag(operation), nsmap={"e": NAMESPACE})
    _fill(body, fields)
    return _enveloped(body)


def write_fault(fault: Fault) -> bytes:
    """A message that says no."""
    body = etree.Element(f"{{{ENVELOPE}}}Fault")
    etree.SubElement(body, "faultcode").text = "soap:Client" if fault.ours else "soap:Server"
    etree.SubElement(body, "faultstring").text = _sayable(fault.text)
    if fault.code:
        detail = etree.SubElement(body, "detail")
        error = etree.SubElement(detail, _tag("error"), nsmap={"e": NAMESPACE})
        _fill(error, {"code": fault.code, "message": fault.text})
    return _enveloped(body)


def read(content: bytes) -> Part | Fault:
    """What a message has in its body. Raises Malformed."""
    root = _parsed(content)
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise Malformed("it is no SOAP 1.1 envelope")
    bodies = list(root.iterchildren(f"{{{ENVELOPE}}}Body"))
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Malformed("it has not one body with one element in it")
    (element,) = bodies[0]
    if element.tag == f"{{{ENVELOPE}}}Fault":
        return _fault(element)
    if etree.QName(element).namespace != NAMESPACE:
        raise Malformed("the body is of another namespace")
    return Part(element)


def masked(text: str) -> str:
    """A partner's words without what could be a fødselsnummer."""
    return _PERSONAL.sub("[number]", text)


# A number of eleven digits, or written as six and five.
_PERSONAL: Final = re.compile(r"(?<![0-9])[0-9]{6}[ -]?[0-9]{5}(?![0-9])")

# What XML 1.0 can not hold (2.2), in no encoding.
_UNSAYABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _sayable(text: str) -> str:
    return _UNSAYABLE.sub("\ufffd", text)


def _fill(element: etree._Element, fields: Fields) -> None:
    for name, content in fields.items():
        if isinstance(content, str):
            etree.SubElement(element, _tag(name)).text = _sayable(content)
        elif isinstance(content, Mapping):
            _fill(etree.SubElement(element, _tag(name)), content)
        elif content is not None:
            for each in content:
                _fill(etree.SubElement(element, _tag(name)), each)


def _enveloped(body: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(body)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _parsed(content: bytes) -> etree._Element:
    try:
        return strict_xml.parse(content)
    except strict_xml.Malformed as error:
        raise Malformed(f"it {error}") from None


def _fault(element: etree._Element) -> Fault:
    error = element.find(f"detail/{_tag('error')}")
    code = "" if error is None else (error.findtext(_tag("code")) or "").strip()
    said = None if error is None else error.findtext(_tag("message"))
    text = " ".join((said or element.findtext("faultstring") or "").split())
    side = (element.findtext("faultcode") or "").rpartition(":")[2]
    known = code if re.fullmatch("[0-9]{1,6}", code) else ""
    return Fault(known, storable(masked(text), 500), ours=side.startswith("Client"))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
