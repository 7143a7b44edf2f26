"""What is asked of a document because of its form, beside the rules of that form.

In charge of which forms can be handed in, of marks for print and bank, and of what a reminder
reminds of. Not in charge of telling forms apart (`schemas.forms`), nor of conversion
(`conversion`). Pure. The words are data: `form.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from lxml import etree

from schemas.forms import TITLES, Form
from schemas.marks import MARKS, is_mark
from validators.findings import Finding, Severity
from validators.places import Places

TAKEN: Final = (
    Form.BILLING,
    Form.SELF_BILLING,
    Form.REMINDER,
    Form.SVEFAKTURA,
    Form.CROSS_INDUSTRY,
)
"""The forms that can be handed in. Self-billing can, and its rules then say that it is written by
the one it would be delivered to."""

_SAID_OF: Final = {"refused": "GUARD-FORM", "envelope": "GUARD-FORM"}
_SHOWN: Final = 60


def refusal(form: Form, root: str, language: str = "en") -> Finding:
    """Why a document of a form that is not taken is refused; `root` is the name of its root."""
    what = "envelope" if form is Form.OBJECT_ENVELOPE else "refused"
    taken = ", ".join(TITLES[each] for each in TAKEN if each is not Form.SELF_BILLING)
    values = {"stated": TITLES[form], "computed": taken}
    return finding(what, root, None, values, language)


def of_marks(marks: Sequence[tuple[str, str, int | None]], language: str) -> Iterator[Finding]:
    """What is wrong with the marks of an invoice: the code of each, its place and its line."""
    if len(marks) > 1:
        _, where, line = marks[1]
        yield finding("marks", where, line, {"stated": len(marks)}, language, ("BG-24",))
    for code, where, line in marks:
        if code.strip() not in MARKS:
            values = {"stated": code[:_SHOWN], "computed": ", ".join(MARKS)}
            yield finding("mark", where, line, values, language, ("BT-122",))


def of_ubl(root: etree._Element, form: Form | None, language: str) -> Iterator[Finding]:
    """What is asked of a UBL document because of its form."""
    places = Places()
    marks = [
        (reference.findtext(f"{_CBC}ID") or "", places.path(reference), places.line(reference))
        for reference in root.iterchildren(f"{_CAC}AdditionalDocumentReference")
        if is_mark(reference.findtext(f"{_CBC}DocumentDescription"))
    ]
    yield from of_marks(marks, language)
    if form is Form.REMINDER:
        named = root.findall(f"{_CAC}BillingReference/{_CAC}InvoiceDocumentReference")
        if len(named) != 1:
            at = (named[1], "") if named else (root, "BillingReference/InvoiceDocumentReference/ID")
            where, line = places.path(*at), places.line(at[0])
            yield finding("reminder", where, line, {"stated": len(named)}, language, ("BG-3",))


_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC: Final = f"{{{_UBL}CommonAggregateComponents-2}}"
_CBC: Final = f"{{{_UBL}CommonBasicComponents-2}}"


def finding(
    what: str,
    where: str,
    line: int | None,
    values: Mapping[str, object],
    language: str,
    terms: tuple[str, ...] = (),
) -> Finding:
    """A fatal finding in the words of `form.toml`."""
    text, hint = (_said()[what][part][language].format_map(values) for part in ("text", "hint"))
    stated, computed = (
        str(values[key]) if key in values else None for key in ("stated", "computed")
    )
    rule = _SAID_OF.get(what, f"STRUCTURE-{what.upper()}")
    return Finding(rule, Severity.FATAL, where, line, text, hint, terms, stated, computed)


@cache
def _said() -> Mapping[str, Any]:
    source = resources.files(__package__).joinpath("form.toml")
    return tomllib.loads(source.read_text("utf-8"))
