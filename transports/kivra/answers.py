"""What an answer of Kivra's means: codes and texts. Pure.

In charge of the table of its errors. Not in charge of calling.
Source: Kivra's list of API errors; a code is the HTTP status times 100 and a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from transports.http import Answer
from transports.kivra import wire


class Kind(Enum):
    """What an answer comes to."""

    REFUSED = auto()  # not taken, and never will be
    LATER = auto()  # not taken, but may be
    UNKNOWN = auto()  # it may have been


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means. `code` is the verdict's; `text` for operators.
    `answered` False: it says nothing of the document, and the next one would get it too."""

    kind: Kind
    code: str
    text: str
    public_text: str
    answered: bool = True


# By Kivra's code; what is not here means what its status means.
_CODES: Final = {
    40009: ("kivra.bad_number", "Kivra does not take the recipient's personal number."),
    40011: ("kivra.bad_number", "Kivra does not take the recipient's personal number."),
    40018: ("kivra.bad_number", "Kivra does not take the recipient's organisation number."),
    40019: ("kivra.bad_pdf", "Kivra can not read a file."),
    40021: ("kivra.bad_account", "Kivra does not take the bankgiro or plusgiro number."),
    40024: ("kivra.refused", "Kivra did not see who the recipient is."),
    40028: ("kivra.bad_pdf", "Kivra does not take a file of this kind."),
    40032: ("kivra.not_a_user", "The recipient is not in Kivra."),
    40041: (
        "kivra.bad_due_date",
        "Kivra does not take the due date: it is past, or too far ahead.",
    ),
    40042: ("kivra.bad_amount", "Kivra does not take the amount."),
    40044: (
        "kivra.bad_reference",
        "Kivra does not take the OCR reference: its check digit is wrong.",
    ),
    40310: ("kivra.already_paid", "Kivra has the invoice as paid already."),
    42221: ("kivra.not_a_user", "The recipient is not in Kivra."),
}

_REFUSED: Final = {
    400: ("kivra.refused", "Kivra turned the invoice away."),
    403: ("kivra.forbidden", "Kivra does not let us send for this sender."),
    404: ("kivra.no_tenant", "Kivra knows no sender by the tenant key in the sender's terms."),
    413: ("kivra.too_large", "The invoice is larger than Kivra takes."),
    422: ("kivra.refused", "Kivra turned the invoice away."),
}


_LOGIN_REFUSED: Final = "Kivra does not accept our login at the moment."

# A token for a tenant that the client may not act for.
_INVALID_SCOPE: Final = 40003


def of_token(answer: Answer) -> Meaning:
    """What it means that there was no token: nothing was handed over."""
    error, text = _read(answer)
    if error.code == _INVALID_SCOPE:
        return Meaning(Kind.REFUSED, "kivra.no_tenant", text, _REFUSED[404][1])
    if answer.status in {400, 401, 403}:
        return Meaning(Kind.LATER, "kivra.login_refused", text, _LOGIN_REFUSED, answered=False)
    public = "Kivra gives no token at the moment."
    return Meaning(Kind.LATER, "kivra.no_token", text, public, answered=False)


def of_match(answer: Answer) -> Meaning:
    """What it means that a match was not answered: nothing was handed over. What is wrong with one
    of several numbers says nothing of the others."""
    _, text = _read(answer)
    status = answer.status
    if status in {403, 404}:
        code, public = _REFUSED[status]
        return Meaning(Kind.REFUSED, code, text, public)
    if status == 401:
        return Meaning(Kind.LATER, "kivra.login_refused", text, _LOGIN_REFUSED, answered=False)
    public = "Kivra did not say whether the recipient is there."
    return Meaning(Kind.LATER, "kivra.not_matched", text, public, answered=status < 500)


def of_content(answer: Answer) -> Meaning:
    """What an answer to a content means that is not 201."""
    error, text = _read(answer)
    status = answer.status
    if error.code in _CODES or status in _REFUSED:
        code, public = _CODES.get(error.code) or _REFUSED[status]
        return Meaning(Kind.REFUSED, code, text, public)
    if status == 401:
        return Meaning(Kind.LATER, "kivra.login_refused", text, _LOGIN_REFUSED, answered=False)
    if status == 429:  # too many to the same recipient: the channel need not rest
        public = "Kivra takes no more for this recipient at the moment."
        return Meaning(Kind.LATER, "kivra.too_many", text, public)
    if status == 503:
        return Meaning(Kind.LATER, "kivra.busy", text, "Kivra is busy.", answered=False)
    if status >= 500:  # whoever stumbled may have done so after taking it
        public = "Kivra failed while it was taking the invoice."
        return Meaning(Kind.UNKNOWN, "kivra.outcome_unknown", text, public, answered=False)
    if status == 409 or 200 <= status < 300:
        public = "Kivra gave an answer that does not say whether it has the invoice."
        return Meaning(Kind.UNKNOWN, "kivra.outcome_unknown", text, public)
    public = "Kivra gave an answer that is not in the format."
    return Meaning(Kind.LATER, "kivra.not_understood", text, public)


def _read(answer: Answer) -> tuple[wire.Error, str]:
    """The error, and a text for operators: with the id that Kivra's support asks for."""
    error = wire.read_error(answer.status, answer.headers.get("x-error-code"), answer.body)
    said = error.text or answer.reason
    correlation = answer.headers.get("x-correlation-id")
    return error, "".join(
        (
            f"HTTP {answer.status}",
            f" {error.code}" if error.code else "",
            f": {said}" if said else "",
            f" (correlation id {correlation[:100]})" if correlation else "",
        )
    )
