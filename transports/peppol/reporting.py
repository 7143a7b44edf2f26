"""Peppol's monthly reports: what was exchanged (TSR), and how many used it (EUSR).

In charge of counting and of the XML. Not in charge of remembering transactions, nor of sending the
reports (the gateway does both). Pure.

What counts is a document whose receipt was exchanged, in production; the reports themselves do not.
Months are UTC. A month without traffic is reported too. End users are counted as legal entities:
who has several identifiers is one, which is why a transaction names the entity and not the
participant.
Sources: Peppol TSR 1.0.2, EUSR 1.1.1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from lxml import etree

from schemas.identifiers import DocumentType, Process
from transports.peppol.service_metadata import AS4_PROFILE

TSR: Final = "urn:fdc:peppol:transaction-statistics-report:1.0"
EUSR: Final = "urn:fdc:peppol:end-user-statistics-report:1.1"
PROCESS: Final = Process("urn:fdc:peppol.eu:edec:bis:reporting:1.0")
_TSR_CUSTOMIZATION: Final = "urn:fdc:peppol.eu:edec:trns:transaction-statistics-reporting:1.0"
_EUSR_CUSTOMIZATION: Final = "urn:fdc:peppol.eu:edec:trns:end-user-statistics-report:1.1"
TSR_TYPE: Final = DocumentType(f"{TSR}::TransactionStatisticsReport##{_TSR_CUSTOMIZATION}::1.0")
EUSR_TYPE: Final = DocumentType(f"{EUSR}::EndUserStatisticsReport##{_EUSR_CUSTOMIZATION}::1.1")

UNKNOWN_COUNTRY: Final = "ZZ"


class Direction(StrEnum):
    """Seen from us."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One document exchanged. `other_seat` is the other access point's; `end_user` our legal
    entity, who sent it or received it, and its country. `sender_country` is what an incoming
    envelope says (COUNTRY_C1). Countries are ISO 3166-1 alpha-2."""

    at: datetime
    direction: Direction
    other_seat: str
    document_type: DocumentType
    process: Process
    end_user: str
    end_user_country: str
    sender_country: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Reads `2026-10`; ValueError for anything else."""
        first = date.fromisoformat(f"{text}-01")
        return cls(first.year, first.month)

    @classmethod
    def before(cls, day: date) -> Period:
        """The month before the one of a day: what is due for a report."""
        last = day.replace(day=1) - timedelta(days=1)
        return cls(last.year, last.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        following = (self.first + timedelta(days=32)).replace(day=1)
        return following - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


# A key of a subtotal: (meta scheme, scheme, value) of each part.
_Key = tuple[tuple[str, str, str], ...]
_REPORTS: Final = (TSR_TYPE, EUSR_TYPE)


def transaction_statistics(
    period: Period, reporter: str, transactions: Iterable[Transaction]
) -> bytes:
    """The TSR of a month; `reporter` is our seat."""
    totals: dict[str, Counter[_Key]] = {"in": Counter(), "out": Counter()}
    kinds: dict[str, set[_Key]] = defaultdict(set)
    for one in _counted(transactions):
        provider = ("SP", "CertSubjectCN", one.other_seat)
        what = (_document(one), _process(one))
        keys: dict[str, _Key] = {
            "PerTP": (("TP", "Peppol", AS4_PROFILE),),
            "PerSP-DT-PR": (provider, *what),
        }
        if one.direction is Direction.IN:
            keys["PerSP-DT-PR-CC"] = (
                provider,
                *what,
                ("CC", "SenderCountry", one.sender_country or UNKNOWN_COUNTRY),
                ("CC", "ReceiverCountry", one.end_user_country),
            )
        for kind, key in (("", ()), *keys.items()):
            totals[one.direction][key] += 1
            kinds[kind].add(key)
    root = _root(TSR, "TransactionStatisticsReport", _TSR_CUSTOMIZATION, period, reporter)
    names = {"Incoming": "in", "Outgoing": "out"}
    _figures(_add(root, "Total"), {name: totals[side][()] for name, side in names.items()})
    for kind in ("PerTP", "PerSP-DT-PR", "PerSP-DT-PR-CC"):
        for key in sorted(kinds[kind]):
            counted = {name: totals[side][key] for name, side in names.items()}
            _subtotal(root, "Subtotal", kind, key, counted)
    return _xml(root)


def end_user_statistics(
    period: Period, reporter: str, transactions: Iterable[Transaction]
) -> bytes:
    """The EUSR of a month; `reporter` is our seat."""
    users: dict[_Key, dict[str, set[str]]] = defaultdict(lambda: {"in": set(), "out": set()})
    kinds: dict[str, set[_Key]] = defaultdict(set)
    for one in _counted(transactions):
        where = ("CC", "EndUserCountry", one.end_user_country)
        keys: dict[str, _Key] = {
            "": (),
            "PerDT-PR": (_document(one), _process(one)),
            "PerDT-PR-EUC": (_document(one), _process(one), where),
            "PerDT-EUC": (_document(one), where),
            "PerEUC": (where,),
        }
        for kind, key in keys.items():
            users[key][one.direction].add(one.end_user)
            kinds[kind].add(key)
    root = _root(EUSR, "EndUserStatisticsReport", _EUSR_CUSTOMIZATION, period, reporter)
    _figures(_add(root, "FullSet"), _numbers(users[()]))
    for kind in ("PerDT-PR", "PerDT-PR-EUC", "PerDT-EUC", "PerEUC"):
        for key in sorted(kinds[kind]):
            _subtotal(root, "Subset", kind, key, _numbers(users[key]))
    return _xml(root)


def _counted(transactions: Iterable[Transaction]) -> Iterable[Transaction]:
    return (one for one in transactions if one.document_type not in _REPORTS)


def _numbers(users: Mapping[str, set[str]]) -> dict[str, int]:
    sending, receiving = users["out"], users["in"]
    return {
        "SendingEndUsers": len(sending),
        "ReceivingEndUsers": len(receiving),
        "SendingOrReceivingEndUsers": len(sending | receiving),
    }


def _document(one: Transaction) -> tuple[str, str, str]:
    return "DT", one.document_type.scheme, one.document_type.value


def _process(one: Transaction) -> tuple[str, str, str]:
    return "PR", one.process.scheme, one.process.value


# --- XML ----------------------------------------------------------------------------------------


def _root(
    namespace: str, name: str, customization: str, period: Period, reporter: str
) -> etree._Element:
    root = etree.Element(f"{{{namespace}}}{name}", nsmap={"r": namespace})
    _add(root, "CustomizationID", customization)
    _add(root, "ProfileID", PROCESS.value)
    header = _add(root, "Header")
    days = _add(header, "ReportPeriod")
    _add(days, "StartDate", period.first.isoformat())
    _add(days, "EndDate", period.last.isoformat())
    _add(header, "ReporterID", reporter).set("schemeID", "CertSubjectCN")
    return root


def _subtotal(
    root: etree._Element, name: str, kind: str, key: _Key, counted: Mapping[str, int]
) -> None:
    element = _add(root, name)
    element.set("type", kind)
    for meta, scheme, value in key:
        part = _add(element, "Key", value)
        part.set("metaSchemeID", meta)
        part.set("schemeID", scheme)
    _figures(element, counted)


def _figures(element: etree._Element, counted: Mapping[str, int]) -> None:
    for name, number in counted.items():
        _add(element, name, str(number))


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}")
    element.text = text
    return element


def _xml(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
