"""Payment references with a check digit, as a payee has agreed them with its bank: OCR and KID.

In charge of whether a reference keeps to an agreement, of what would be right, and of making one.
Not in charge of the digits themselves (`schemas.identifiers`), nor of who has agreed what.
Sources: Bankgirot, OCR-referenskontroll; AvtaleGiro, system specification 3.3, section 4.

No text repeats a reference: it may hold a personal number. The last digit alone tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from stdnum import luhn

from schemas.identifiers import make_kid, make_ocr, mod11_check_digit

SHORTEST: Final = 2
LONGEST: Final = 25


class OcrLevel(StrEnum):
    """How strictly a bank checks the references that are paid to a bankgiro."""

    SOFT = "soft"  # a wrong check digit is reported, and taken
    HARD = "hard"  # it is refused
    LENGTH_DIGIT = "length_digit"  # hard, and the digit before the last is the length
    FIXED_LENGTH = "fixed_length"  # hard, and the length is one of one or two


@dataclass(frozen=True, slots=True)
class OcrControl:
    """The OCR control of a bankgiro. `lengths` are the one or two lengths of FIXED_LENGTH, whole
    references with their check digit; none otherwise."""

    level: OcrLevel
    lengths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        fixed = self.level is OcrLevel.FIXED_LENGTH
        if fixed and (not 1 <= len(set(self.lengths)) == len(self.lengths) <= 2):
            raise ValueError("fixed_length goes with one length, or two that differ")
        if not fixed and self.lengths:
            raise ValueError("lengths go with fixed_length alone")
        if any(not SHORTEST <= length <= LONGEST for length in self.lengths):
            raise ValueError(f"a reference has {SHORTEST} to {LONGEST} digits")

    def faults(self, reference: str | None) -> tuple[str, ...]:
        """Why the bank would refuse a payment with this reference, as sentences; empty where it
        would not."""
        malformed = _malformed_ocr(reference)
        if reference is None or malformed:
            return malformed
        return tuple(self._faults(reference))

    def warnings(self, reference: str) -> tuple[str, ...]:
        """What the bank would report and still take: a wrong check digit under SOFT."""
        if self.level is not OcrLevel.SOFT or _malformed_ocr(reference):
            return ()
        return tuple(_wrong_ocr_digit(reference))

    def make(self, payload: str) -> str:
        """The reference of these digits. ValueError where it would not keep to this control."""
        made = make_ocr(payload, length_digit=self.level is OcrLevel.LENGTH_DIGIT)
        faults = self.faults(made)
        if faults:
            raise ValueError(" ".join(faults))
        return made

    def _faults(self, reference: str) -> Iterator[str]:
        length = len(reference)
        if self.level is OcrLevel.FIXED_LENGTH and length not in self.lengths:
            wanted = " or ".join(str(each) for each in sorted(self.lengths))
            yield f"The reference has {length} digits; this bankgiro takes {wanted}."
        if self.level is OcrLevel.LENGTH_DIGIT and int(reference[-2]) != length % 10:
            # A length digit that is put right changes the check digit behind it.
            right = reference[:-2] + str(length % 10)
            yield (
                f"The reference has {length} digits, so that the digit before its last has to be "
                f"{length % 10}, not {reference[-2]}, and the last then "
                f"{luhn.calc_check_digit(right)}."
            )
        elif self.level is not OcrLevel.SOFT:
            yield from _wrong_ocr_digit(reference)


def _malformed_ocr(reference: str | None) -> tuple[str, ...]:
    if not reference:
        return ("There is no reference; an OCR reference is expected.",)
    if re.fullmatch(rf"[0-9]{{{SHORTEST},{LONGEST}}}", reference):
        return ()
    return (
        f"The reference is no OCR reference: {SHORTEST} to {LONGEST} digits are expected, and "
        "nothing between them.",
    )


def _wrong_ocr_digit(reference: str) -> Iterator[str]:
    right = luhn.calc_check_digit(reference[:-1])
    if reference[-1] != right:
        yield (
            f"The check digit of the reference, its last, is {reference[-1]}; it has to be {right}."
        )


Algorithm = Literal["mod10", "mod11"]


@dataclass(frozen=True, slots=True)
class Positions:
    """A part of a KID, by the places of its first and last digit, counted from 1."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last < LONGEST:
            raise ValueError(
                f"positions are counted from 1, the first not behind the last, at most "
                f"{LONGEST - 1}: the check digit is no part"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `1-5`, also as the banks write it, `KID[1-5]`."""
        inner = text[4:-1] if text.startswith("KID[") and text.endswith("]") else text
        match = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", inner)
        if match is None:
            raise ValueError("positions are written 1-5 or KID[1-5]")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"KID[{self.first}-{self.last}]"


@dataclass(frozen=True, slots=True)
class KidLayout:
    """How the KIDs of an account look by the bank's agreement.

    `length` is that of the whole KID with its check digit, None where it varies. `reference` is
    where the part stands that names the customer in every one of them.
    """

    algorithm: Algorithm
    length: int | None = None
    reference: Positions | None = None

    def __post_init__(self) -> None:
        if self.length is not None and not SHORTEST <= self.length <= LONGEST:
            raise ValueError(f"a KID has {SHORTEST} to {LONGEST} digits")
        if self.length and self.reference and self.reference.last >= self.length:
            raise ValueError("the reference lies before the check digit, within the length")

    def faults(self, kid: str | None) -> tuple[str, ...]:
        """Why the bank would refuse a payment with this KID, as sentences; empty where it would
        not."""
        if not kid:
            return ("There is no KID.",)
        if not re.fullmatch(rf"[0-9]{{1,{LONGEST - 1}}}[0-9-]", kid):
            return (
                f"The KID is none: {SHORTEST} to {LONGEST} digits are expected, and nothing "
                'between them; with mod11 the last may be "-".',
            )
        return tuple(self._faults(kid))

    def reference_of(self, kid: str) -> str:
        """The part of a KID that names the customer. ValueError where no part is agreed, or the
        KID is too short for it."""
        if self.reference is None:
            raise ValueError("no part of the KID is agreed to name the customer")
        if self.reference.last >= len(kid):
            raise ValueError("the KID is too short to hold its reference")
        return kid[self.reference.first - 1 : self.reference.last]

    def make(self, payload: str) -> str:
        """The KID of these digits. ValueError where it would not keep to this layout."""
        made = make_kid(payload, self.algorithm)
        faults = self.faults(made)
        if faults:
            raise ValueError(" ".join(faults))
        return made

    def _faults(self, kid: str) -> Iterator[str]:
        if self.length is not None and len(kid) != self.length:
            yield f"The KID has {len(kid)} characters; this account takes {self.length}."
        elif self.reference is not None and self.reference.last >= len(kid):
            yield (
                f"The KID has {len(kid)} characters, too few to hold the reference "
                f"{self.reference} and a check digit."
            )
        of = luhn.calc_check_digit if self.algorithm == "mod10" else mod11_check_digit
        right = of(kid[:-1])
        if kid[-1] != right:
            yield (
                f"The check digit of the KID, its last, is {kid[-1]}; by {self.algorithm} it has "
                f"to be {right}."
            )
