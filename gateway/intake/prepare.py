"""From the bytes that came to a document that can be sent, or to findings in the caller's words.

In charge of the order of the work: read, complete, write, validate, and of telling each finding by
its place in what the caller sent. Pure and re-runnable: the same bytes, options and day give the
same answer. It never raises, whatever the bytes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

from gateway.intake import conversion, cross_industry, payment_numbers, policy
from gateway.intake.attachment import EMBEDDABLE, embed
from gateway.intake.content import labelled
from gateway.intake.conversion import Converted
from gateway.intake.filled_in import NOTHING, Additions, additions
from gateway.intake.form import of_marks, of_ubl
from gateway.intake.head import head, recipient, summary
from gateway.intake.json_invoice import to_model
from gateway.intake.origin import Origin, Spot
from gateway.intake.package import opened
from gateway.intake.policy import Attached
from gateway.intake.shape import Shape
from gateway.intake.submission import XML, Refused, read
from gateway.store.port import Head
from schemas import forms, marks
from schemas.derived import derive
from schemas.forms import Form
from schemas.invoice import Attachment, Invoice
from schemas.totals import complete
from schemas.ubl.read import Unreadable
from schemas.ubl.read import read as read_ubl
from schemas.ubl.write import Unwritable, write
from transports.base import File, Recipient, Summary
from validators.findings import Finding, Report, Severity
from validators.pipeline import parse, validate
from validators.places import Places
from validators.profiles import OUTGOING, PEPPOL_BILLING, PEPPOL_BILLING_PRINT, UNKNOWN, of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that can be sent.

    `document` is UBL, and `profile` names the rules that it was held to: those of the report,
    unless it was handed in in another form. `attachments` are the files that came beside it and are
    not in it; those inside are `gateway.intake.attachment.embedded(invoice)`. `added` is what we
    filled in.
    """

    invoice: Invoice
    document: bytes
    head: Head
    recipient: Recipient
    summary: Summary
    report: Report
    attachments: tuple[File, ...]
    profile: str
    added: Additions = NOTHING

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings and information; none of them fatal."""
        return self.report.findings


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that can not be sent, and why. `head` is None when nothing could be read."""

    report: Report
    head: Head | None
    added: Additions = NOTHING

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong, the fatal and the rest."""
        return self.report.findings


def prepare(
    original: File,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    *,
    at: date,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Prepared | Rejected:
    """Prepares a submission: `original` is the body (or `document` part), `at` picks the rules,
    `settings` are the company's.

    A valid UBL document is passed on byte for byte. JSON becomes BIS Billing 3.0, with those
    attachments inside that it may hold, and with what follows from what it says; pointers of
    findings then lead into the caller's body.
    Findings of rules are told in the language that `delivery` says, else in English.
    """
    package = opened(original)
    if isinstance(package, tuple):
        return Rejected(Report(UNKNOWN, False, package), None)
    files = (*package.attachments, *attachments)
    result = _prepare(package.document, files, delivery, at, settings)
    told = tuple(map(package.told, result.findings))
    return dataclasses.replace(result, report=dataclasses.replace(result.report, findings=told))


def _prepare(
    original: File,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    at: date,
    settings: Mapping[str, Any],
) -> Prepared | Rejected:
    submission = read(original)
    if isinstance(submission, Refused):
        return Rejected(Report(UNKNOWN, False, submission.findings), None)
    if isinstance(submission.content, Shape):
        return _from_json(to_model(submission.content), attachments, delivery, at, settings)
    convert = _CONVERSIONS.get(forms.of(submission.content))
    if convert is not None:
        made = convert(original.content, submission.content, attachments, _language(delivery), at)
        return _converted(made, delivery, settings)
    return _from_ubl(original.content, submission.content, attachments, delivery, at, settings)


def verdict(
    original: File,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    *,
    at: date,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Report:
    """What would be said of a document; also of one that cannot be handed in, by its own rules."""
    if original.media_type in XML:
        root = parse(original.content)
        if not isinstance(root, tuple) and (
            of(root) not in OUTGOING or forms.of(root) is Form.OBJECT_ENVELOPE
        ):
            return validate(original.content, at=at, language=_language(delivery))
    return prepare(original, attachments, delivery, at=at, settings=settings).report


def _from_json(
    stated: Invoice,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    at: date,
    settings: Mapping[str, Any],
) -> Prepared | Rejected:
    attached = (*_inside(stated), *_beside(attachments))
    attachments = tuple(map(labelled, attachments))
    inside = {n: file for n, file in enumerate(attachments) if file.media_type in EMBEDDABLE}
    beside = tuple(file for n, file in enumerate(attachments) if n not in inside)
    own, language = len(stated.supporting_documents), _language(delivery)
    marked = bool(marks.places(stated))
    stated = embed(stated, inside.values())
    # One marked for print leaves electronic addresses out on purpose.
    invoice = complete(derive(stated, addresses=not marked))
    try:
        document = write(invoice)
    except Unwritable as error:
        return Rejected(Report(UNKNOWN, False, tuple(_unwritable(error))), head(invoice))
    places = _Places(document, own, tuple(inside), language, _copies(stated, invoice))
    # A consumer has no address in Peppol: docs/decisions/0010-consumers-need-no-address.md.
    reached = invoice.buyer.endpoint or not recipient(invoice, delivery).consumer
    profile = PEPPOL_BILLING if reached and not marked else PEPPOL_BILLING_PRINT
    report = validate(document, at=at, profile=profile, language=language, called=places.called)
    found = [
        *map(places.told, report.findings),
        *payment_numbers.findings(invoice, language),
        *of_marks(_marks(stated), language),
        *policy.findings(attached, settings, language),
    ]
    # One wrong currency is in every amount of the UBL, and in one field of the caller's.
    once: dict[tuple[str, str, str], Finding] = {}
    for each in found:
        once.setdefault((each.rule, each.where, each.text), each)
    added = additions(stated, invoice, language)
    ours = _Ours(stated, added)
    # What the caller wrote comes first: it is the cause of what we reckoned from it.
    ordered = sorted(once.values(), key=lambda told: told.where in ours)
    report = dataclasses.replace(report, findings=tuple(ordered))
    if not report.ok:
        return Rejected(report, head(invoice), added)
    return _prepared(invoice, document, report, beside, delivery, profile, added)


def _language(delivery: Mapping[str, Any]) -> str:
    """The language of the findings: the caller's, not that of the recipient."""
    return delivery.get("findings_language") or "en"


def _marks(stated: Invoice) -> list[tuple[str, str, None]]:
    """The marks in the JSON for a Swedish operator of print and bank services."""
    documents = stated.supporting_documents
    return [
        (documents[n].reference, f"/invoice/supporting_documents/{n}", None)
        for n in marks.places(stated)
    ]


# What becomes of forms that are not UBL.
_CONVERSIONS: Final[Mapping[Form | None, Callable[..., Converted]]] = MappingProxyType(
    {
        Form.SVEFAKTURA: conversion.convert,
        Form.CROSS_INDUSTRY: cross_industry.convert,
    }
)


def _converted(
    made: Converted, delivery: Mapping[str, Any], settings: Mapping[str, Any]
) -> Prepared | Rejected:
    said = tuple(policy.findings(made.attached, settings, _language(delivery)))
    report = dataclasses.replace(made.report, findings=(*made.report.findings, *said))
    if made.invoice is None or not report.ok:
        return Rejected(report, head(made.invoice) if made.invoice else None)
    return _prepared(made.invoice, made.document, report, made.beside, delivery, made.profile)


def _from_ubl(
    document: bytes,
    root: etree._Element,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    at: date,
    settings: Mapping[str, Any],
) -> Prepared | Rejected:
    # Another kind of invoice goes another way: self-billing is written by its recipient.
    stated, language = of(root), _language(delivery)
    profile = stated if stated in OUTGOING else PEPPOL_BILLING
    report = validate(document, at=at, profile=profile, language=language)
    asked = of_ubl(root, forms.of(root), language) if report.structure_ok else ()
    report = dataclasses.replace(report, findings=(*report.findings, *asked))
    try:
        invoice = read_ubl(root)
    except Unreadable as error:
        # That the rules let it pass is no reason to send it: nobody could route it.
        missing = Finding(
            "STRUCTURE-UNREADABLE",
            Severity.FATAL,
            error.path,
            None,
            error.reason,
            "Mend that element; without it the document cannot be delivered.",
        )
        return Rejected(
            report
            if not report.ok
            else dataclasses.replace(report, findings=(*report.findings, missing)),
            None,
        )
    attached = (*_inside_ubl(root, invoice), *_beside(attachments))
    said = tuple(policy.findings(attached, settings, language))
    report = dataclasses.replace(report, findings=(*report.findings, *said))
    if not report.ok:
        return Rejected(report, head(invoice))
    beside = tuple(map(labelled, attachments))
    return _prepared(invoice, document, report, beside, delivery, profile)


def _inside(stated: Invoice) -> Iterator[Attached]:
    """The files in the JSON."""
    for n, each in enumerate(stated.supporting_documents):
        if each.attachment is not None:
            where = f"/invoice/supporting_documents/{n}/attachment"
            yield Attached(_file(each.attachment), where)


def _beside(attachments: Sequence[File]) -> Iterator[Attached]:
    return (Attached(file, f"/attachment/{n}") for n, file in enumerate(attachments))


def _inside_ubl(root: etree._Element, invoice: Invoice) -> Iterator[Attached]:
    """The files in the UBL."""
    files = [each.attachment for each in invoice.supporting_documents if each.attachment]
    if not files:  # as most have none: many lines are not gone through for nothing
        return
    places = Places()
    for element, file in zip(root.iterfind(_EMBEDDED), files, strict=False):
        yield Attached(_file(file), places.path(element), places.line(element))


_EMBEDDED: Final = "{*}AdditionalDocumentReference/{*}Attachment/{*}EmbeddedDocumentBinaryObject"


def _file(attachment: Attachment) -> File:
    return File(attachment.filename, attachment.mime_code, attachment.content)


def _prepared(
    invoice: Invoice,
    document: bytes,
    report: Report,
    attachments: tuple[File, ...],
    delivery: Mapping[str, Any],
    profile: str,
    added: Additions = NOTHING,
) -> Prepared:
    return Prepared(
        invoice,
        document,
        head(invoice),
        recipient(invoice, delivery),
        summary(invoice, delivery),
        report,
        attachments,
        profile,
        added,
    )


def _unwritable(error: Unwritable) -> Iterator[Finding]:
    """Values that JSON can hold and UBL can not: a number of hundreds of digits."""
    for pointer, reason in error.problems:
        yield Finding(
            "STRUCTURE-UNWRITABLE",
            Severity.FATAL,
            f"/invoice{pointer}",
            None,
            f"{reason}.",
            "Shorten the value.",
        )


class _Ours:
    """The places that hold what we filled in: terms, and whole rows of the VAT breakdown."""

    def __init__(self, stated: Invoice, added: Additions) -> None:
        self._terms = {each.where for each in added.told}
        self._first = len(stated.vat_breakdown)

    def __contains__(self, where: str) -> bool:
        row = re.match(r"/invoice/vat_breakdown/([0-9]+)", where)
        return where in self._terms or (row is not None and int(row[1]) >= self._first)


def _copies(stated: Invoice, whole: Invoice) -> Mapping[str, str]:
    """Where a field that was filled in has its value from, where that is another field."""
    return {
        f"/{name}/endpoint": f"/{name}/legal_id"
        for name in ("seller", "buyer")
        if getattr(stated, name).endpoint is None and getattr(whole, name).endpoint is not None
    }


class _Places(Origin):
    """Where in the caller's request each part of the UBL that was written comes from.

    `document` is that UBL. The first `own` supporting documents stand in the JSON; those after came
    beside it, as the attachments numbered `beside`. Terms are told in `language`. `copies` leads
    from a field that was filled in to the one that it was copied from.
    """

    def __init__(
        self,
        document: bytes,
        own: int,
        beside: tuple[int, ...],
        language: str = "en",
        copies: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(document, language)
        self._own = own
        self._beside = beside
        self._copies = copies

    def spot(self, pointer: str) -> Spot:
        """The JSON pointer of a field in the request."""
        pointer = self._copies.get(pointer, pointer)
        document = re.match(r"/supporting_documents/([0-9]+)", pointer)
        if document and int(document[1]) >= self._own:
            return Spot(f"/attachment/{self._beside[int(document[1]) - self._own]}")
        return Spot(f"/invoice{pointer}")
