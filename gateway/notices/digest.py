"""What a mail to a person says. Pure: names and numbers in it may come from strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.events import Type
from gateway.identifying.masking import masked

MOST_TOLD: Final = 100  # the rest is counted
_LONGEST: Final = 120  # characters of one piece of text


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened: of which document, and whom it is to or from."""

    type: str
    number: str | None
    party: str | None
    business: str | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    begin: str
    more: str
    end: str
    stop: str
    types: dict[str, str]


_IN: Final = {
    "en": _Words(
        "{company}: news of {count} invoices",
        "This happened to the invoices of {company}:",
        "... and {count} more.",
        "Look at each of them in your ledger, or at the gateway.",
        "No more of these mails: {link}",
        {
            Type.REJECTED: "NOT SENT, it breaks rules",
            Type.HELD: "STOPPED, somebody must decide",
            Type.FAILED: "FAILED, no way is left",
            Type.SENT: "sent",
            Type.DELIVERED: "delivered",
            Type.ANSWERED: "the buyer has answered",
            Type.CANCELLED: "cancelled",
            Type.ARRIVED: "came in",
        },
    ),
    "sv": _Words(
        "{company}: nytt om {count} fakturor",
        "Det här har hänt med fakturor för {company}:",
        "... och {count} till.",
        "Se var och en i ert ekonomisystem eller i gatewayen.",
        "Inga fler sådana brev: {link}",
        {
            Type.REJECTED: "INTE SKICKAD, den bryter mot regler",
            Type.HELD: "STOPPAD, någon måste bestämma",
            Type.FAILED: "MISSLYCKAD, ingen väg återstår",
            Type.SENT: "skickad",
            Type.DELIVERED: "framme",
            Type.ANSWERED: "köparen har svarat",
            Type.CANCELLED: "avbruten",
            Type.ARRIVED: "har kommit in",
        },
    ),
    "nb": _Words(
        "{company}: nytt om {count} fakturaer",
        "Dette har skjedd med fakturaer for {company}:",
        "... og {count} til.",
        "Se hver av dem i økonomisystemet deres eller i gatewayen.",
        "Ingen flere slike brev: {link}",
        {
            Type.REJECTED: "IKKE SENDT, den bryter regler",
            Type.HELD: "STOPPET, noen må bestemme",
            Type.FAILED: "MISLYKTES, ingen vei er igjen",
            Type.SENT: "sendt",
            Type.DELIVERED: "levert",
            Type.ANSWERED: "kjøperen har svart",
            Type.CANCELLED: "avbrutt",
            Type.ARRIVED: "har kommet inn",
        },
    ),
}
LANGUAGES: Final = tuple(_IN)


def mail(
    language: str, company: str, items: Sequence[Item], count: int, stop: str | None
) -> tuple[str, str]:
    """Subject and text about `count` things that happened, of which `items` are the first; `stop`
    is the address that ends such mails."""
    words = _IN[language]
    name = plain(company)
    lines = [words.begin.format(company=name), ""]
    lines += [_line(words, item) for item in items[:MOST_TOLD]]
    if count > len(items[:MOST_TOLD]):
        lines.append(words.more.format(count=count - len(items[:MOST_TOLD])))
    lines += ["", words.end]
    if stop is not None:
        lines += ["", words.stop.format(link=stop)]
    return words.subject.format(company=name, count=count), "\n".join(lines) + "\n"


def _line(words: _Words, item: Item) -> str:
    who = f" ({plain(item.party)})" if item.party else ""
    said = f": {item.business}" if item.business else ""
    return f"- {plain(item.number or '?')}{who}: {words.types[item.type]}{said}"


def plain(text: str) -> str:
    """One line of printable signs, without personal numbers."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return masked(" ".join(shown.split()))[:_LONGEST]
