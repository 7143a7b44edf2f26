"""A SOAP message of AS4 read strictly: which element is the header, the body, the signature.

In charge of there being exactly one of each, in its place, and of ids that name one element only.
Everything that a signature could be wrapped around by being elsewhere is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from transports import strict_xml
from transports.peppol.as4 import names
from transports.peppol.as4.message import Fault

_ID_ATTRIBUTES: Final = frozenset(
    (
        f"{{{names.WSU}}}Id",
        "Id",
        "ID",
        "id",
        "{http://www.w3.org/XML/1998/namespace}id",
    )
)


# RFC 2822 has ids of visible ASCII; ours are of 60 characters.
MESSAGE_ID: Final = re.compile(r"[!-~]{1,255}")


class Refused(Exception):
    """The message is not taken. `ref_to` is its id, where one could be read; `seat` whose it is,
    once that is proved."""

    seat = ""

    def __init__(self, code: str, detail: str, ref_to: str | None = None) -> None:
        self.fault = Fault(code, detail)
        self.ref_to = ref_to
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, slots=True)
class Soap:
    """A parsed message. `security` is None where there is no such header."""

    messaging: etree._Element
    body: etree._Element
    security: etree._Element | None
    ids: Mapping[str, etree._Element]

    @property
    def message_id(self) -> str | None:
        """The id of the message, for an error to refer to; None when none can be read."""
        found = self.messaging.find(f".//{{{names.EB}}}MessageId")
        text = "" if found is None else (found.text or "").strip()
        return text if MESSAGE_ID.fullmatch(text) else None


def eb(name: str) -> str:
    """The tag of an element of ebMS."""
    return f"{{{names.EB}}}{name}"


def ds(name: str) -> str:
    """The tag of an element of XML Signature."""
    return f"{{{names.DS}}}{name}"


def only(parent: etree._Element | None, tag: str) -> etree._Element | None:
    """The one child of this name; None when there is none, or more than one."""
    found = None
    for child in () if parent is None else parent:
        if child.tag == tag:
            if found is not None:
                return None
            found = child
    return found


_MESSAGING: Final = eb("Messaging")
_SECURITY: Final = f"{{{names.WSSE}}}Security"
_ENVELOPE: Final = f"{{{names.SOAP}}}Envelope"
_HEADER_AND_BODY: Final = [f"{{{names.SOAP}}}Header", f"{{{names.SOAP}}}Body"]


def parse(content: bytes) -> Soap:
    """Reads the SOAP part. Raises Refused."""
    root = _parsed(content)
    if root.tag != _ENVELOPE or [child.tag for child in root] != _HEADER_AND_BODY:
        raise Refused("EBMS:0009", "It is not a SOAP 1.2 envelope of one header and one body.")
    header, body = root
    everywhere = list(root.iter(_MESSAGING, _SECURITY))
    messaging, security = only(header, _MESSAGING), only(header, _SECURITY)
    if messaging is None or len(everywhere) != 1 + (security is not None):
        raise Refused("EBMS:0009", "There must be one eb:Messaging, and one wsse:Security.")
    if len(body):
        raise Refused("EBMS:0009", "The SOAP body must be empty.")
    return Soap(messaging, body, security, _ids(root))


def _parsed(content: bytes) -> etree._Element:
    try:
        return strict_xml.parse(content)
    except strict_xml.Malformed as error:
        raise Refused("EBMS:0009", f"The SOAP part {error}.") from None


def _ids(root: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in root.iter():
        for name in element.keys():  # noqa: SIM118 - no dictionary: its keys are asked of libxml2
            if name in _ID_ATTRIBUTES:
                value = str(element.get(name))
                if found.setdefault(value, element) is not element:
                    raise Refused("EBMS:0009", "Two elements have the same id.")
    return found
