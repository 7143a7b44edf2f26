"""Identifiers: who takes part (Peppol), which document and process, and Nordic numbers.

In charge of form and check digits. Not in charge of whether a number is in use, nor of which
schemes a document may name (`schemas.codelists`: "EAS", "ICD").
Sources: Peppol Policy for use of identifiers 4.4.0; the owners' own rules for the numbers.

Check digits: mod10 (Luhn) and mod11 with the weights 2..7 from the right. python-stdnum knows most
numbers; giro numbers, OCR references, KID, co-ordination and FH numbers are ours.
No error text repeats the number: it may be a personal one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, Self

from stdnum import ean, iban, luhn
from stdnum.exceptions import ValidationError
from stdnum.no import fodselsnummer, kontonr, mva
from stdnum.no import orgnr as norwegian_orgnr
from stdnum.se import orgnr as swedish_orgnr
from stdnum.se import personnummer, vat

PARTICIPANT_META_SCHEME = "iso6523-actorid-upis"
DOCUMENT_TYPE_SCHEME = "busdox-docid-qns"
PROCESS_SCHEME = "cenbii-procid-ubl"


@dataclass(frozen=True, slots=True, eq=False)
class Participant:
    """A Peppol participant, `0192:918130047`: ISO 6523 code (four digits) and value.

    Keeps the value as written; compares without regard to case (policy, section on participants).
    """

    scheme: str
    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{4}", self.scheme):
            raise ValueError("the scheme of a participant is four digits, such as 0192")
        if not re.fullmatch(r"[!-~]{1,130}", self.value):  # 4 + 1 + 130 is the policy's limit
            raise ValueError(
                "the value of a participant is 1 to 130 visible ASCII characters without spaces"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `0192:918130047`, with or without `iso6523-actorid-upis::` before it."""
        scheme, colon, value = text.removeprefix(PARTICIPANT_META_SCHEME + "::").partition(":")
        if not colon:
            raise ValueError("a participant is written scheme:value, such as 0192:918130047")
        return cls(scheme, value)

    @property
    def uri(self) -> str:
        """The form with its meta scheme: `iso6523-actorid-upis::0192:918130047`."""
        return f"{PARTICIPANT_META_SCHEME}::{self}"

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Participant):
            return NotImplemented
        return str(self).lower() == str(other).lower()

    def __hash__(self) -> int:
        return hash(str(self).lower())


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A document type identifier; case-sensitive, at most 500 characters.

    The value is `<namespace>::<root>##<customization>::<syntax version>`.
    """

    value: str
    scheme: str = DOCUMENT_TYPE_SCHEME

    def __post_init__(self) -> None:
        if len(self.value) > 500 or not _DOCUMENT_TYPE.fullmatch(self.value):
            raise ValueError(
                "a document type is written namespace::root##customization::version, "
                "at most 500 characters without spaces"
            )

    @property
    def namespace(self) -> str:
        """The namespace of the document's root element."""
        return self._part("namespace")

    @property
    def root(self) -> str:
        """The local name of the document's root element: `Invoice`."""
        return self._part("root")

    @property
    def customization(self) -> str:
        """The specification the document follows (BT-24)."""
        return self._part("customization")

    @property
    def version(self) -> str:
        """The version of the syntax: `2.1`."""
        return self._part("version")

    def _part(self, name: str) -> str:
        match = _DOCUMENT_TYPE.fullmatch(self.value)
        assert match is not None  # __post_init__
        return match[name]

    def __str__(self) -> str:
        return f"{self.scheme}::{self.value}"


_DOCUMENT_TYPE = re.compile(
    r"(?P<namespace>[^\s#]+?)::(?P<root>[^\s:#]+)##(?P<customization>\S+)::(?P<version>[^\s:]+)"
)


@dataclass(frozen=True, slots=True)
class Process:
    """A process identifier; case-sensitive, at most 200 characters."""

    value: str
    scheme: str = PROCESS_SCHEME

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\S{1,200}", self.value):
            raise ValueError("a process is 1 to 200 characters without spaces")

    def __str__(self) -> str:
        return f"{self.scheme}::{self.value}"


BILLING_CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
"""BT-24 of Peppol BIS Billing 3.0."""

BILLING_PROCESS = Process("urn:fdc:peppol.eu:2017:poacc:billing:01:1.0")
"""BT-23 of Peppol BIS Billing 3.0."""

INVOICE_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"

BILLING_INVOICE = DocumentType(f"{INVOICE_NAMESPACE}::Invoice##{BILLING_CUSTOMIZATION}::2.1")
BILLING_CREDIT_NOTE = DocumentType(
    f"{CREDIT_NOTE_NAMESPACE}::CreditNote##{BILLING_CUSTOMIZATION}::2.1"
)


class Kind(StrEnum):
    """The numbers that `check` and `normal` know, by country and their own name."""

    SE_ORGNR = "se_orgnr"
    SE_VAT = "se_vat"
    SE_PERSONNUMMER = "se_personnummer"
    SE_SAMORDNINGSNUMMER = "se_samordningsnummer"
    SE_BANKGIRO = "se_bankgiro"
    SE_PLUSGIRO = "se_plusgiro"
    SE_OCR = "se_ocr"
    NO_ORGNR = "no_orgnr"
    NO_VAT = "no_vat"
    NO_FODSELSNUMMER = "no_fodselsnummer"
    NO_ACCOUNT = "no_account"
    NO_KID = "no_kid"
    GLN = "gln"
    IBAN = "iban"


KIND_OF_SCHEME = {"0007": Kind.SE_ORGNR, "0088": Kind.GLN, "0192": Kind.NO_ORGNR}
"""ISO 6523 schemes whose values carry a check digit known here (Peppol scheme list 9.7)."""


def check(kind: Kind, value: str) -> bool:
    """Whether `value` is a right number of this kind; the usual separators are allowed."""
    try:
        normal(kind, value)
    except ValueError:
        return False
    return True


def normal(kind: Kind, value: str) -> str:
    """Returns the number without separators, upper case; ValueError says what is wrong with it.

    Allowed separators are the ones people write: space, hyphen, full stop.
    A Swedish personal number keeps its ten or twelve digits, and a plus sign, which is a century.
    """
    compact = re.sub(r"[ .]", "", value).upper()
    if not re.fullmatch(r"[0-9A-Z+-]+", compact):
        raise ValueError("expected digits, where the number has them letters, and no other signs")
    try:
        return _NORMAL[kind](compact)
    except ValidationError as error:
        raise ValueError(str(error)) from None


def swedish_vat(value: str) -> str:
    """A Swedish VAT number: `SE`, ten digits with mod10, `01`."""
    if not value.startswith("SE"):
        raise ValueError("expected SE first")
    return "SE" + vat.validate(value)


def norwegian_vat(value: str) -> str:
    """A Norwegian VAT number: `NO`, nine digits with mod11, `MVA` (NO-R-001)."""
    if not value.startswith("NO"):
        raise ValueError("expected NO first")
    return "NO" + mva.validate(value)


def swedish_personal_number(value: str) -> str:
    """A personnummer: birth date, serial and mod10 over the last ten digits."""
    number = personnummer.validate(value)
    return str(number).replace("-", "")


def coordination_number(value: str) -> str:
    """A samordningsnummer: a personnummer with 60 added to the day; mod10 over it as written."""
    match = re.fullmatch(r"([0-9]{2})?([0-9]{2})([0-9]{2})([0-9]{2})[-+]?([0-9]{4})", value)
    if not match:
        raise ValueError("expected ten or twelve digits")
    century, year, month, day, serial = match.groups()
    try:
        # Without a century any leap year may be meant, and 2000 is one.
        date(int(f"{century or 20}{year}"), int(month), int(day) - 60)
    except ValueError:
        raise ValueError("expected a birth date with 60 added to the day") from None
    luhn.validate(year + month + day + serial)
    return value.replace("-", "")


def is_sole_trader(orgnr: str) -> bool:
    """Whether a Swedish orgnr is a personal number: its third digit is below 2 then."""
    return normal(Kind.SE_ORGNR, orgnr)[2] < "2"


def ocr(value: str, *, length_digit: bool = False) -> str:
    """A Swedish OCR reference: 2 to 25 digits, the last mod10.

    With `length_digit` the digit before the last must be the whole length modulo 10.
    """
    number = _digits(value, 2, 25)
    if length_digit and int(number[-2]) != len(number) % 10:
        raise ValueError("the digit before the last must be the length of the reference")
    return _mod10(number)


def make_ocr(payload: str, *, length_digit: bool = False) -> str:
    """Builds an OCR reference from digits: adds the length digit if wanted, and the check digit."""
    if length_digit:
        payload += str((len(payload) + 2) % 10)
    return ocr(payload + luhn.calc_check_digit(payload), length_digit=length_digit)


def kid(value: str, algorithm: Literal["mod10", "mod11"] | None = None) -> str:
    """A Norwegian KID: 2 to 25 digits, the last mod10 or mod11, which the bank agreement decides.

    Without `algorithm` either will do. With mod11 the check digit 10 is written "-".
    """
    if not re.fullmatch(r"[0-9]{1,24}[0-9-]", value):
        raise ValueError('expected 2 to 25 digits; only the last may be "-"')
    payload, digit = value[:-1], value[-1]
    right = [luhn.calc_check_digit(payload)] if algorithm != "mod11" else []
    if algorithm != "mod10":
        right.append(mod11_check_digit(payload))
    if digit not in right:
        raise ValueError("the check digit is wrong")
    return value


def make_kid(payload: str, algorithm: Literal["mod10", "mod11"]) -> str:
    """Builds a KID from digits by adding the check digit of the agreement's algorithm."""
    mod10 = algorithm == "mod10"
    digit = luhn.calc_check_digit(payload) if mod10 else mod11_check_digit(payload)
    return kid(payload + digit, algorithm)


def mod11_check_digit(payload: str) -> str:
    """The mod11 digit with the weights 2..7 from the right, repeating; "-" where it would be 10."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(payload)))
    digit = -total % 11
    return "-" if digit == 10 else str(digit)


def norwegian_personal_number(value: str) -> str:
    """A fødselsnummer, D-number (day + 40), H-number (month + 40) or FH-number (day 80 and up)."""
    number = _digits(value, 11, 11)
    if number[0] < "8":
        return str(fodselsnummer.validate(number))
    # An FH-number holds no birth date, so the library has no verdict; the check digits hold.
    digits = fodselsnummer.calc_check_digit1(number) + fodselsnummer.calc_check_digit2(number)
    if number[-2:] != digits:
        raise ValueError("the check digits are wrong")
    return number


def norwegian_account(value: str) -> str:
    """A Norwegian account number: eleven digits, the last mod11."""
    number = _digits(value, 11, 11)
    kontonr.validate(number)
    return number


def gln(value: str) -> str:
    """A GS1 Global Location Number: thirteen digits, the last mod10 with the weights 3 and 1."""
    return str(ean.validate(_digits(value, 13, 13)))


def _digits(value: str, shortest: int, longest: int) -> str:
    number = value.replace("-", "")
    if not (number.isascii() and number.isdecimal()) or not shortest <= len(number) <= longest:
        count = str(shortest) if shortest == longest else f"{shortest} to {longest}"
        raise ValueError(f"expected {count} digits")
    return number


def _mod10(number: str) -> str:
    return str(luhn.validate(number))


_NORMAL: dict[Kind, Callable[[str], str]] = {
    Kind.SE_ORGNR: swedish_orgnr.validate,
    Kind.SE_VAT: swedish_vat,
    Kind.SE_PERSONNUMMER: swedish_personal_number,
    Kind.SE_SAMORDNINGSNUMMER: coordination_number,
    Kind.SE_BANKGIRO: lambda value: _mod10(_digits(value, 7, 8)),
    Kind.SE_PLUSGIRO: lambda value: _mod10(_digits(value, 2, 8)),
    Kind.SE_OCR: ocr,
    Kind.NO_ORGNR: norwegian_orgnr.validate,
    Kind.NO_VAT: norwegian_vat,
    Kind.NO_FODSELSNUMMER: norwegian_personal_number,
    Kind.NO_ACCOUNT: norwegian_account,
    Kind.NO_KID: kid,
    Kind.GLN: gln,
    Kind.IBAN: iban.validate,
}
