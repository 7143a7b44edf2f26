"""What is in a document that came in: what it is, what is wrong with it, and which files it has.

In charge of opening what came packed, of reading and validating it, and of what may not be handed
out of it. Not in charge of where that leads (`gateway.inbound.reading`). Pure; whatever the bytes,
it answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from gateway.inbound.files import BESIDE, EMBEDDED, Held
from gateway.intake import conversion, cross_industry, policy
from gateway.intake import head as intake
from gateway.intake.attachment import embedded
from gateway.intake.contents import fault
from gateway.intake.kind import JSON, PACKAGES
from gateway.intake.package import opened
from gateway.intake.policy import Attached
from gateway.intake.prepare import Prepared, prepare
from gateway.store.port import Head
from schemas import forms
from schemas.forms import Form
from schemas.invoice import Invoice
from schemas.svefaktura.read import read as read_svefaktura
from schemas.ubl.read import Unreadable
from schemas.ubl.read import read as read_ubl
from transports.base import File
from validators.findings import Finding, Report, Severity
from validators.pipeline import parse, validate
from validators.profiles import UNKNOWN

NO_HEAD: Final = Head()
KEEP: Final = "keep"
INVOICE_DATE: Final = "invoice_date"
# The company's setting of which due date a credit note is shown with.
CREDIT_NOTE_DUE_DATE: Final = "credit_note_due_date"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen. `document` is what was inside a package, and `unpacked` the files beside it
    there; both are empty for what did not come in one. `files` are all that go with it."""

    report: Report
    head: Head = NO_HEAD
    document: File | None = None
    unpacked: tuple[File, ...] = ()
    files: tuple[Held, ...] = ()
    contents: tuple[File, ...] = ()  # of `files`, in their order

    @property
    def readable(self) -> bool:
        """Whether it could be read as an invoice or credit note."""
        return self.head.number is not None


def look(original: File, beside: Sequence[File], settings: Mapping[str, Any], at: date) -> Seen:
    """Looks at what came: `original`, and the files `beside` it. `settings` are those of the
    company that it is for."""
    if original.media_type not in PACKAGES:
        return _look(original, None, (), beside, settings, at)
    package = opened(original)
    if isinstance(package, tuple):
        held = _held((), beside, settings)
        return Seen(Report(UNKNOWN, False, package), files=held, contents=tuple(beside))
    inside, files = package.document, package.attachments
    return _look(inside, inside, files, beside, settings, at)


def unopened(beside: Sequence[File], settings: Mapping[str, Any]) -> Seen:
    """What is said of a document that took more time or memory than any invoice needs."""
    found = fault(
        "GUARD-PACKAGE",
        "",
        "To read it took more time or memory than any invoice needs.",
        "Look at it by hand, or ask its sender for the invoice as XML.",
    )
    files = _held((), beside, settings)
    return Seen(Report(UNKNOWN, False, (found,)), files=files, contents=tuple(beside))


def _look(
    document: File,
    inside: File | None,
    unpacked: tuple[File, ...],
    beside: Sequence[File],
    settings: Mapping[str, Any],
    at: date,
) -> Seen:
    others = tuple(file for file in unpacked if file.content != document.content)
    own: tuple[File, ...] = ()
    if document.media_type == JSON:
        prepared = prepare(document, (), {}, at=at, settings=settings)
        report, head = prepared.report, prepared.head or Head()
        if isinstance(prepared, Prepared):
            own = embedded(prepared.invoice)
    else:
        report = validate(document.content, at=at)
        invoice, own = read(document.content, (*others, *beside), at)
        head = Head() if invoice is None else intake.head(invoice)
    files = (*own, *others, *beside)
    held = _held(own, (*others, *beside), settings)
    return Seen(report, _dated(head, settings), inside, others, held, files)


def read(
    content: bytes, beside: Sequence[File], at: date
) -> tuple[Invoice | None, tuple[File, ...]]:
    """The invoice that XML holds and the files inside it; None where it can not be read."""
    root = parse(content)
    if isinstance(root, tuple):
        return None, ()
    try:
        match forms.of(root):
            case Form.SVEFAKTURA:
                made = conversion.convert(content, root, beside, "en", at)
                invoice = made.invoice or read_svefaktura(root).invoice
                packed = tuple(each.file for each in made.attached)
                known = {file.content for file in beside}
                return invoice, tuple(file for file in packed if file.content not in known)
            case Form.CROSS_INDUSTRY:
                found = cross_industry.convert(content, root, (), "en", at).invoice
                return found, () if found is None else embedded(found)
            case _:
                invoice = read_ubl(root)
                return invoice, embedded(invoice)
    except Unreadable:
        return None, ()


def invoice_of(document: File, at: date, settings: Mapping[str, Any]) -> Invoice | None:
    """The invoice that a document holds, whatever its form; None where it can not be read."""
    if document.media_type != JSON:
        return read(document.content, (), at)[0]
    prepared = prepare(document, (), {}, at=at, settings=settings)
    return prepared.invoice if isinstance(prepared, Prepared) else None


def inside(
    document: File, beside: Sequence[File], at: date, settings: Mapping[str, Any]
) -> tuple[File, ...]:
    """The files inside a document, in the order in which `look` has them."""
    if document.media_type != JSON:
        return read(document.content, beside, at)[1]
    prepared = prepare(document, (), {}, at=at, settings=settings)
    return embedded(prepared.invoice) if isinstance(prepared, Prepared) else ()


def _held(
    own: Sequence[File], beside: Sequence[File], settings: Mapping[str, Any]
) -> tuple[Held, ...]:
    held = []
    for n, file in enumerate((*own, *beside)):
        found = unfit(file, n, settings)
        held.append(Held.of(file, EMBEDDED if n < len(own) else BESIDE, found))
    return tuple(held)


def unfit(file: File, n: int, settings: Mapping[str, Any]) -> Finding | None:
    """Why a file must not be handed out, if it must not."""
    found = policy.findings((Attached(file, f"/attachments/{n}"),), settings, "en")
    return next((each for each in found if each.severity is Severity.FATAL), None)


def _dated(head: Head, settings: Mapping[str, Any]) -> Head:
    return dated(head, settings.get(CREDIT_NOTE_DUE_DATE, KEEP))


def dated(head: Head, rule: str) -> Head:
    """The head as the company wants a credit note's due date shown: as it stands there, or the
    date of the credit note itself, since nothing falls due by one."""
    if rule != INVOICE_DATE or head.kind != "credit_note":
        return head
    return replace(head, due_date=head.issue_date)
