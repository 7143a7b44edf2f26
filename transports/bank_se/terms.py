"""What a company has settled with the channel: its FUI, its bankgiros, how it takes consumers on.

In charge of reading and checking the terms, of what of an invoice does not fit them, and of whether
a consumer's own data fit them. Pure.

The first bankgiro of an invoice is the one that the bank pays to. Where nothing is to be paid
(credit notes, and invoices over nothing), neither bankgiro nor reference is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.identifiers import Kind, check, normal
from schemas.references import OcrControl, OcrLevel
from transports.bank_se.identifiers import Fui
from transports.base import AccountKind, Summary

MOST_BANKGIROS: Final = 99  # what a FUI carries
_MOST_DIGITS: Final = 30
_CURRENCY: Final = "SEK"


@dataclass(frozen=True, slots=True)
class CustomerNumber:
    """What a consumer has to state when registering: so many digits, with or without mod10."""

    least: int
    most: int
    check_digit: bool

    def fault(self, stated: str) -> str | None:
        """What is wrong with a customer number; None where it is right."""
        if not stated:
            return "The customer number is missing."
        if not re.fullmatch("[0-9]+", stated):
            return "The customer number is digits alone."
        if not self.least <= len(stated) <= self.most:
            count = str(self.most) if self.least == self.most else f"{self.least} to {self.most}"
            return f"The customer number has {count} digits, not {len(stated)}."
        if self.check_digit and not check(Kind.SE_OCR, stated):
            return "The customer number has a wrong check digit."
        return None


@dataclass(frozen=True, slots=True)
class Terms:
    """A company's terms. `bankgiros`: number without separators -> its OCR control.

    `accept_registrations`: a consumer who registers is taken on at once if the data are right; else
    registrations wait until that changes. `trust_fmi`: an FMI that comes with an invoice counts
    though nobody with it has registered.
    """

    fui: Fui
    bankgiros: Mapping[str, OcrControl]
    accept_registrations: bool = True
    customer_number: CustomerNumber | None = None
    trust_fmi: bool = False

    def faults(self, summary: Summary) -> tuple[str, ...]:
        """Why the banks could not have this invoice paid, as sentences; empty where they could."""
        return tuple(self._faults(summary))

    def warnings(self, summary: Summary) -> tuple[str, ...]:
        """What the bank will report, and still take."""
        control = self.bankgiros.get(_bankgiro(summary) or "")
        if control is None or not _to_be_paid(summary) or summary.payment_reference is None:
            return ()
        return control.warnings(summary.payment_reference)

    def _faults(self, summary: Summary) -> Iterator[str]:
        if summary.currency != _CURRENCY:
            yield f"The invoice is in {summary.currency}; bankgiros are paid in {_CURRENCY}."
        if not _to_be_paid(summary):
            return
        if summary.due_date is None:
            yield "The invoice has no due date (BT-9); the bank pays by it."
        number = _bankgiro(summary)
        if number is None:
            yield "The invoice names no bankgiro to be paid to (BT-84)."
        elif number not in self.bankgiros:
            settled = ", ".join(sorted(self.bankgiros))
            yield (
                f"The invoice is to be paid to bankgiro {number}, and those settled with the bank "
                f"are {settled}."
            )
        else:
            yield from self.bankgiros[number].faults(summary.payment_reference)


def _to_be_paid(summary: Summary) -> bool:
    return not summary.credit_note and summary.amount_due > 0


def _bankgiro(summary: Summary) -> str | None:
    giros = (one.number for one in summary.accounts if one.kind is AccountKind.BANKGIRO)
    return next(giros, None)


class BadTerms(ValueError):
    """The terms can not be used; the message lists all that is wrong."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__(" ".join(faults))


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms out of a company's settings. Raises BadTerms."""
    reader = _Reader(terms)
    read = reader.read()
    if read is None or reader.faults:
        raise BadTerms(tuple(reader.faults))
    return read


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with a company's terms, all of it; empty where nothing is."""
    reader = _Reader(terms)
    reader.read()
    return tuple(reader.faults)


_NAMES: Final = ("fui", "bankgiros", "accept_registrations", "customer_number", "trust_fmi")


class _Reader:
    """Reads what is there and collects what is wrong with it."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self._terms = terms
        self.faults: list[str] = []

    def read(self) -> Terms | None:
        fui = self._fui()
        bankgiros = self._bankgiros()
        accept = self._flag("accept_registrations", True)
        customer_number = self._customer_number()
        trust_fmi = self._flag("trust_fmi", False)
        self._unknown(self._terms, "", _NAMES)
        return Terms(fui, bankgiros, accept, customer_number, trust_fmi) if fui else None

    def _fui(self) -> Fui | None:
        value = self._terms.get("fui")
        if not isinstance(value, str):
            self._wrong("fui", "The issuer's id by the bank agreement is expected.")
            return None
        try:
            return Fui.parse(value.strip())
        except ValueError as error:
            self._wrong("fui", str(error))
        return None

    def _bankgiros(self) -> dict[str, OcrControl]:
        value = self._terms.get("bankgiros")
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_BANKGIROS:
            self._wrong("bankgiros", f"A list of 1 to {MOST_BANKGIROS} bankgiros is expected.")
            return {}
        found: dict[str, OcrControl] = {}
        for n, one in enumerate(value):
            where = f"bankgiros[{n}]"
            if not isinstance(one, Mapping):
                self._wrong(where, "An object with number and ocr is expected.")
                continue
            number = self._number(one.get("number"), where)
            control = self._control(one, where)
            self._unknown(one, f"{where}.", ("number", "ocr", "lengths"))
            if number in found:
                self._wrong(where, f"The bankgiro {number} is there twice.")
            elif number and control:
                found[number] = control
        return found

    def _number(self, value: Any, where: str) -> str | None:
        if isinstance(value, str):
            try:
                return normal(Kind.SE_BANKGIRO, value)
            except ValueError:
                pass
        self._wrong(f"{where}.number", "A bankgiro is expected, seven or eight digits with mod10.")
        return None

    def _control(self, one: Mapping[str, Any], where: str) -> OcrControl | None:
        level, lengths = one.get("ocr"), one.get("lengths", [])
        if level not in tuple(OcrLevel):
            levels = ", ".join(OcrLevel)
            self._wrong(f"{where}.ocr", f"The OCR control is expected, one of {levels}.")
            return None
        if not isinstance(lengths, list) or not all(map(_is_whole, lengths)):
            self._wrong(f"{where}.lengths", "A list of one or two whole numbers is expected.")
            return None
        try:
            return OcrControl(OcrLevel(level), tuple(lengths))
        except ValueError as error:
            self._wrong(f"{where}.lengths", _sentence(str(error)))
        return None

    def _customer_number(self) -> CustomerNumber | None:
        value = self._terms.get("customer_number")
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self._wrong(
                "customer_number", "An object with least, most and check_digit is expected."
            )
            return None
        self._unknown(value, "customer_number.", ("least", "most", "check_digit"))
        least, most = value.get("least", 1), value.get("most", _MOST_DIGITS)
        mod10 = value.get("check_digit", False)
        if not (_is_whole(least) and _is_whole(most) and 1 <= least <= most <= _MOST_DIGITS):
            self._wrong(
                "customer_number",
                f"least and most are whole numbers from 1 to {_MOST_DIGITS}, least not above most.",
            )
        elif not isinstance(mod10, bool):
            self._wrong("customer_number.check_digit", "Either true or false is expected.")
        else:
            return CustomerNumber(least, most, mod10)
        return None

    def _flag(self, name: str, default: bool) -> bool:
        value = self._terms.get(name, default)
        if not isinstance(value, bool):
            self._wrong(name, "Either true or false is expected.")
            return default
        return value

    def _unknown(self, there: Mapping[str, Any], where: str, names: tuple[str, ...]) -> None:
        for name in there:
            if name not in names:
                known = ", ".join(names)
                self._wrong(f"{where}{str(name)[:40]}", f"Not known here; there are {known}.")

    def _wrong(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
