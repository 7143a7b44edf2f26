"""The business card: what Peppol's directory shows of a participant, written and read.

In charge of the XML. Not in charge of who may see it: a card is public.
Source: Peppol Directory, business card of 2018-06-21.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, Participant
from transports.peppol.service_metadata import Malformed

CARD: Final = "http://www.peppol.eu/schema/pd/businesscard/20180621/"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask; an empty part is left out."""

    kind: str = ""  # free: "sales", "accounts"
    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One entity of a participant, which is all that a company of ours has."""

    participant: Participant
    name: str
    country: str  # ISO 3166-1 alpha-2
    place: str = ""
    websites: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    registered_on: date | None = None


def write_card(card: Card) -> etree._Element:
    """The card as XML."""
    root = etree.Element(_tag("BusinessCard"), nsmap={"card": CARD})
    identifier = etree.SubElement(
        root, _tag("ParticipantIdentifier"), scheme=PARTICIPANT_META_SCHEME
    )
    identifier.text = str(card.participant)
    entity = etree.SubElement(root, _tag("BusinessEntity"))
    if card.registered_on is not None:
        entity.set("registrationDate", card.registered_on.isoformat())
    _add(entity, "Name", card.name)
    _add(entity, "CountryCode", card.country)
    if card.place:
        _add(entity, "GeographicalInformation", card.place)
    for website in card.websites:
        _add(entity, "WebsiteURI", website)
    for contact in card.contacts:
        parts = {
            "type": contact.kind,
            "name": contact.name,
            "phonenumber": contact.phone,
            "email": contact.email,
        }
        given = {name: value for name, value in parts.items() if value}
        etree.SubElement(entity, _tag("Contact"), given)
    return root


def read_card(root: etree._Element) -> Card:
    """The first entity of a card. Raises Malformed."""
    entity = root.find(_tag("BusinessEntity"))
    if root.tag != _tag("BusinessCard") or entity is None:
        raise Malformed("it is no BusinessCard with an entity")
    day = entity.get("registrationDate")
    try:
        return Card(
            Participant.parse((root.findtext(_tag("ParticipantIdentifier")) or "").strip()),
            _text(entity, "Name"),
            _text(entity, "CountryCode"),
            _text(entity, "GeographicalInformation"),
            tuple((one.text or "").strip() for one in entity.iterfind(_tag("WebsiteURI"))),
            tuple(_contact(one) for one in entity.iterfind(_tag("Contact"))),
            None if day is None else date.fromisoformat(day),
        )
    except ValueError as error:
        raise Malformed(str(error)) from None


def _contact(element: etree._Element) -> Contact:
    return Contact(*(element.get(name, "") for name in ("type", "name", "phonenumber", "email")))


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _tag(name)).text = text


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(_tag(name)) or "").strip()


def _tag(name: str) -> str:
    return f"{{{CARD}}}{name}"
