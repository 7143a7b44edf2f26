"""An invoice in a form that is not UBL, as the BIS Billing 3.0 that most channels need.

In charge of the original's own rules, of reading it, of what would be lost, and of telling each
finding by its place in the original. Not in charge of the mapping (`schemas.svefaktura`), nor of
giving the original to who speaks its form (`gateway.delivery.rendition`). Pure; whatever the bytes,
it answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lxml import etree

from gateway.intake.attachment import EMBEDDABLE, embed
from gateway.intake.content import labelled
from gateway.intake.form import finding
from gateway.intake.kind import root_of
from gateway.intake.origin import Origin, Spot
from gateway.intake.policy import Attached
from schemas import forms
from schemas.derived import derive
from schemas.forms import Form
from schemas.invoice import Attachment, Invoice
from schemas.svefaktura.objects import read_objects
from schemas.svefaktura.places import Fields
from schemas.svefaktura.read import read as read_svefaktura
from schemas.svefaktura.values import Left
from schemas.totals import complete
from schemas.ubl.read import Unreadable
from schemas.ubl.write import Unwritable, write
from transports.base import File
from validators.findings import Finding, Report
from validators.pipeline import parse, validate
from validators.places import Places
from validators.profiles import PEPPOL_BILLING, PEPPOL_BILLING_PRINT, SVEFAKTURA

_SHOWN: Final = 100  # characters of a value that are told


@dataclass(frozen=True, slots=True)
class Converted:
    """What an original became. `report` is all that was found, by places in the original; where it
    is not ok, there may be no invoice and no document.

    `profile` names the rules that the document is held to. `attached` are all files that came with
    the original, at their places; `beside` those that the document can not hold.
    """

    report: Report
    invoice: Invoice | None = None
    document: bytes = b""
    profile: str = PEPPOL_BILLING
    attached: tuple[Attached, ...] = ()
    beside: tuple[File, ...] = ()


def convert(
    content: bytes, root: etree._Element, attachments: Sequence[File], language: str, at: date
) -> Converted:
    """Converts a Svefaktura of this root. Object envelopes among the attachments are opened: the
    files in them are the invoice's."""
    report = validate(content, at=at, profile=SVEFAKTURA, language=language)
    number = (root.findtext(f"{{{forms.SVEFAKTURA_NAMESPACE}}}ID") or "").strip()
    packed, beside = _parted(attachments)
    envelopes = [_opened(n, file, number, language, at) for n, file in packed]
    report = _plus(report, [each for envelope in envelopes for each in envelope.findings])
    if not report.ok:
        return Converted(report)
    objects: dict[str, Attachment] = {}
    for envelope in envelopes:
        again = objects.keys() & envelope.objects.keys()
        for name in sorted(again):
            values = {"stated": f"a second object with the id {name[:_SHOWN]}"}
            said = finding("unreadable", envelope.where, None, values, language)
            report = _plus(report, [said])
        objects |= envelope.objects
    try:
        read = read_svefaktura(root, objects)
    except Unreadable as error:
        said = finding("unreadable", error.path, None, {"stated": error.reason}, language)
        return Converted(_plus(report, [said]))
    attached = (
        *(each for envelope in envelopes for each in envelope.attached),
        *(Attached(file, f"/attachment/{n}") for n, file in beside),
    )
    stated, apart = enclosed(read.invoice, [labelled(file) for _, file in beside])
    return written(
        report,
        stated,
        lost(read.left, language),
        lambda document: _InSvefaktura(root, document, language),
        (attached, apart),
        language,
        at,
    )


def written(
    report: Report,
    stated: Invoice,
    losses: Sequence[Finding],
    origin: Callable[[bytes], Origin],
    files: tuple[tuple[Attached, ...], tuple[File, ...]],
    language: str,
    at: date,
) -> Converted:
    """The invoice that was read, written and checked; `losses` is what it has no place for.

    `origin` tells where the UBL that it is given comes from in the original. `files` are the
    `attached` of the answer and those `beside`.
    """
    # An address may stand on the envelope of the transport, or there is none in the network.
    invoice = complete(derive(stated))
    addressed = invoice.seller.endpoint and invoice.buyer.endpoint
    profile = PEPPOL_BILLING if addressed else PEPPOL_BILLING_PRINT
    try:
        document = write(invoice)
    except Unwritable as error:
        spot = origin(b"").spot
        problems = (
            _at(spot(pointer), "unreadable", {"stated": reason}, language)
            for pointer, reason in error.problems
        )
        return Converted(_plus(report, [*losses, *problems]), invoice)
    here = origin(document)
    made = validate(document, at=at, profile=profile, language=language, called=here.called)
    told: dict[tuple[str, str, str], Finding] = {}  # one wrong number may stand in two terms
    for each in map(here.told, made.findings):
        told.setdefault((each.rule, each.where, each.text), each)
    return Converted(_plus(report, [*losses, *told.values()]), invoice, document, profile, *files)


def _plus(report: Report, findings: Sequence[Finding]) -> Report:
    return dataclasses.replace(report, findings=(*report.findings, *findings))


def enclosed(invoice: Invoice, files: Sequence[File]) -> tuple[Invoice, tuple[File, ...]]:
    """The invoice with the files that BIS Billing may hold, and the other files by themselves."""
    apart: list[File] = []
    documents = []
    for document in invoice.supporting_documents:
        if file := document.attachment:
            known = labelled(File(file.filename, file.mime_code, file.content))
            if known.media_type in EMBEDDABLE and known.content:  # nothing in it: the policy tells
                file = dataclasses.replace(file, mime_code=known.media_type)
            else:
                apart.append(known)
                file = None
        documents.append(dataclasses.replace(document, attachment=file))
    invoice = dataclasses.replace(invoice, supporting_documents=tuple(documents))
    apart += [file for file in files if file.media_type not in EMBEDDABLE]
    inside = [file for file in files if file.media_type in EMBEDDABLE]
    return embed(invoice, inside), tuple(apart)


def lost(left: Sequence[Left], language: str) -> tuple[Finding, ...]:
    """What is said of values that have no place in the model."""
    places = Places()
    return tuple(
        finding(
            "lost",
            places.path(each.element),
            places.line(each.element),
            {"stated": each.value[:_SHOWN]},
            language,
        )
        for each in left
    )


def _at(spot: Spot, what: str, values: Mapping[str, object], language: str) -> Finding:
    return finding(what, spot.where, spot.line, values, language)


class _InSvefaktura(Origin):
    """Where each part of the UBL `document` comes from in the Svefaktura of this root."""

    def __init__(self, root: etree._Element, document: bytes, language: str) -> None:
        super().__init__(document, language)
        self._fields = Fields(root)
        self._places = Places()

    def spot(self, pointer: str) -> Spot:
        """The path and line of a field."""
        element, below = self._fields.find(pointer)
        return Spot(self._places.path(element, below), self._places.line(element))


# --- object envelopes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Envelope:
    """An object envelope among the attachments: its files by their ids, and at their places."""

    where: str
    findings: tuple[Finding, ...]
    objects: Mapping[str, Attachment] = field(default_factory=dict)
    attached: tuple[Attached, ...] = ()


def _parted(
    attachments: Sequence[File],
) -> tuple[list[tuple[int, File]], list[tuple[int, File]]]:
    """The object envelopes among the attachments, and the others, each with its number."""
    packed: list[tuple[int, File]] = []
    beside: list[tuple[int, File]] = []
    for n, file in enumerate(attachments):
        (packed if is_envelope(file.content) else beside).append((n, file))
    return packed, beside


def is_envelope(content: bytes) -> bool:
    """Whether a file is an object envelope, whatever it is called."""
    return forms.by_root(root_of(content) or "") is Form.OBJECT_ENVELOPE


def _opened(n: int, file: File, invoice: str, language: str, at: date) -> _Envelope:
    where = f"/attachment/{n}"
    report = validate(file.content, at=at, profile=SVEFAKTURA, language=language)
    root = parse(file.content)
    findings = tuple(
        dataclasses.replace(each, where=f"{where}/{each.where}" if each.where else where)
        for each in report.findings
    )
    if isinstance(root, tuple) or not report.ok:
        return _Envelope(where, findings)
    try:
        objects = read_objects(root, invoice=invoice)
    except Unreadable as error:
        values = {"stated": error.reason}
        said = finding("unreadable", f"{where}/{error.path}", None, values, language)
        return _Envelope(where, (*findings, said))
    places = Places()
    held = zip(root.iter("{*}EncodedData"), objects.values(), strict=True)
    attached = tuple(
        Attached(
            File(each.filename, each.mime_code, each.content),
            f"{where}/{places.path(element)}",
            places.line(element),
        )
        for element, each in held
    )
    return _Envelope(where, findings, objects, attached)
