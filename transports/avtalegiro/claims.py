"""A document as a claim: what fits, and what the payer's bank tells of it. Pure.

In charge of texts and of the due date's bounds. Not in charge of the file (`writing`), nor of
whether the payer has agreed (`agreements`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from transports import kid_account
from transports.avtalegiro import lettering
from transports.avtalegiro.files import LINE, MOST_AMOUNT, Claim
from transports.avtalegiro.terms import Terms
from transports.base import Envelope, Summary

SHORT_NAME: Final = 10
REFERENCE: Final = 25

_WORDS: Final = {
    "nb": ("Faktura {} fra {}", "Purring på faktura {} fra {}", "Fakturadato", "Spørsmål: {}"),
    "sv": ("Faktura {} från {}", "Påminnelse om faktura {} från {}", "Fakturadatum", "Frågor: {}"),
    "en": ("Invoice {} from {}", "Reminder of invoice {} from {}", "Issued", "Questions: {}"),
}


def unfit(summary: Summary, terms: Terms, today: date) -> Iterator[tuple[str, str]]:
    """Why a document can not be a claim: the name of each fault, and what was expected."""
    yield from kid_account.unfit(summary, terms.account)
    if kid_account.ore(summary) > MOST_AMOUNT:
        yield "amount", "The amount due has more digits than a claim has places."
    due, latest = summary.due_date, _a_year_on(today)
    if due is not None and not today < due <= latest:
        yield "due_date", f"The due date (BT-9) is {due}; after {today}, to {latest}, is expected."


def claim(envelope: Envelope, *, by_bank: bool) -> Claim:
    """The claim of a document in which `unfit` found nothing; `by_bank` where the payer's bank is
    to tell of it."""
    summary = envelope.summary
    assert summary.due_date is not None and summary.payment_reference, "it fits"
    first, reminder, _, _ = _WORDS[summary.language]
    title = (reminder if summary.reminder else first).format(summary.number, envelope.sender.name)
    return Claim(
        due=summary.due_date,
        amount=kid_account.ore(summary),
        kid=summary.payment_reference,
        short_name=_cut(envelope.recipient.name, SHORT_NAME),
        reference=_cut(title, REFERENCE),
        notified=by_bank,
        specification=_specification(envelope, title) if by_bank else (),
    )


def _specification(envelope: Envelope, title: str) -> tuple[str, ...]:
    """What the bank shows. Amount, due date and KID it shows by itself."""
    summary, contact = envelope.summary, envelope.sender.contact
    _, _, issued, questions = _WORDS[summary.language]
    lines = [title, f"{issued}: {summary.issue_date:%d.%m.%Y}"]
    if contact:
        lines.append(questions.format(contact))
    return tuple(_cut(line, LINE) for line in lines)


def _cut(text: str, width: int) -> str:
    return lettering.field(text, width).rstrip()


def _a_year_on(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, day=28)
