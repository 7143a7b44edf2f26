"""A document in the form that its recipient takes, where that is not the UBL it is in.

In charge of which bytes those are (the original's own where it came in that form, else written from
the document), of what would be lost by that, and of the record by which every attempt of a leg has
the same. Not in charge of the mapping (`schemas.svefaktura`), nor of where it is stored (`papers`).
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from gateway.delivery.envelope import Enclosed, enclosed
from gateway.intake.attachment import distinct
from gateway.intake.conversion import is_envelope
from gateway.intake.kind import root_of
from gateway.intake.package import opened
from gateway.store.port import NewPart, Role
from schemas import forms
from schemas.forms import TITLES, Form
from schemas.invoice import Attachment, Invoice, SupportingDocument
from schemas.svefaktura.write import Unfit, write
from schemas.ubl.read import Unreadable, read
from transports.base import Evidence, File, Refused, Verdict
from validators.findings import Severity
from validators.pipeline import parse, validate
from validators.profiles import SVEFAKTURA

XML: Final = "application/xml"
_TOLD: Final = 5  # losses in a text; all of them are in the evidence


@dataclass(frozen=True, slots=True)
class Rendition:
    """A document in another form, and the files that go with it in that form."""

    form: Form
    document: File
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """A value that has no place in the form, or what the form demands and the document has not.

    `where` is a JSON pointer into the invoice, or a path in what was written.
    """

    term: str
    name: str
    where: str
    value: str
    why: str

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.name, f"({self.term})" if self.term else "")))
        told = f"{what or self.where}: {self.why}"
        return f"{told} ({self.value[:40]})" if self.value else told


@dataclass(frozen=True, slots=True)
class Lossy:
    """A form that a document can not be given in without losing something: all that would be."""

    form: Form
    losses: tuple[Loss, ...]

    def refused(self, now: datetime) -> Refused:
        """The refusal of the step that wants this form; the next step goes on."""
        most = "; ".join(map(str, self.losses[:_TOLD]))
        more = len(self.losses) - _TOLD
        text = (
            f"The recipient takes {TITLES[self.form]} here, and the invoice can not be given in it"
            f" without loss. {most}{f'; and {more} more' if more > 0 else ''}."
        )
        content = json.dumps([asdict(loss) for loss in self.losses], ensure_ascii=False).encode()
        verdict = Verdict("delivery.form_loses_values", text, text)
        return Refused(verdict, (Evidence("losses", "application/json", content, now),))


def rendition(
    form: Form,
    original: File,
    submitted: Sequence[File],
    document: bytes,
    beside: Sequence[File],
    made_at: datetime,
) -> Rendition | Lossy:
    """The document in a form.

    `original` is what was handed in and `submitted` the files beside that: what came in the form
    goes out as it came. Else it is written from `document`, the UBL, with the files in it and
    `beside` it; `made_at` is the time that is written into it.
    """
    package = opened(original)
    if not isinstance(package, tuple):
        came = package.document
        if forms.by_root(root_of(came.content) or "") is form:
            files = _own(form, (*package.attachments, *submitted))
            return Rendition(form, File(f"{form}.xml", XML, came.content), files)
    if form is Form.SVEFAKTURA:
        return _svefaktura(document, beside, made_at)
    why = f"{TITLES[form]} is not written here"
    return Lossy(form, (Loss("", "", "", "", why),))


def _own(form: Form, files: Sequence[File]) -> tuple[File, ...]:
    """The files of an original: object envelopes under one name, and others as they are."""
    made: list[File] = []
    for file in files:
        name = f"{Form.OBJECT_ENVELOPE}.xml" if is_envelope(file.content) else file.name
        name = distinct(name, (each.name for each in made))
        kind = XML if is_envelope(file.content) else file.media_type
        made.append(File(name, kind, file.content))
    return tuple(made)


def _svefaktura(document: bytes, beside: Sequence[File], made_at: datetime) -> Rendition | Lossy:
    form = Form.SVEFAKTURA
    root = parse(document)
    if isinstance(root, tuple):
        return Lossy(form, tuple(Loss("", "", each.where, "", each.text) for each in root))
    try:
        written = write(_with(read(root), beside), envelope_made=made_at)
    except Unreadable as error:
        return Lossy(form, (Loss("", "", error.path, "", error.reason),))
    except Unfit as unfit:
        return Lossy(form, tuple(Loss(**asdict(each)) for each in unfit.lost))
    made = [File(f"{form}.xml", XML, written.document)]
    if written.envelope is not None:
        made.append(File(f"{Form.OBJECT_ENVELOPE}.xml", XML, written.envelope))
    wrong = [
        Loss("", "", each.where, each.stated or "", f"{each.rule}: {each.text}")
        for file in made
        for each in validate(file.content, at=made_at.date(), profile=SVEFAKTURA).findings
        if each.severity is Severity.FATAL
    ]
    return Lossy(form, tuple(wrong)) if wrong else Rendition(form, made[0], tuple(made[1:]))


def _with(invoice: Invoice, beside: Sequence[File]) -> Invoice:
    """The invoice with the files beside it as files in it, referred to by names of their own."""
    taken = [each.reference for each in invoice.supporting_documents]
    documents = []
    for file in beside:
        taken.append(distinct(file.name, taken))
        held = Attachment(file.content, file.media_type, file.name)
        documents.append(SupportingDocument(taken[-1], attachment=held))
    return replace(invoice, supporting_documents=(*invoice.supporting_documents, *documents))


# --- what is kept -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """What a leg carries: the RENDITION part. `key` is the leg's; the files are parts."""

    key: UUID
    form: Form
    document: Enclosed
    files: tuple[Enclosed, ...]

    def part(self) -> NewPart:
        """The part to be stored."""
        data = {
            "key": str(self.key),
            "form": self.form,
            "document": asdict(self.document),
            "files": [asdict(file) for file in self.files],
        }
        content = json.dumps(data, ensure_ascii=False).encode()
        return NewPart(Role.RENDITION, "rendition.json", "application/json", content)


def recorded(key: UUID, made: Rendition) -> tuple[NewPart, ...]:
    """The parts of a rendition that was made just now, for the leg of this key."""
    record = Record(key, made.form, enclosed(made.document), tuple(map(enclosed, made.files)))
    files = (
        NewPart(Role.RENDERED, file.name, file.media_type, file.content)
        for file in (made.document, *made.files)
    )
    return (record.part(), *files)


def of_leg(key: UUID, contents: Sequence[bytes]) -> Record | None:
    """The record of a leg, out of a document's RENDITION parts; None where it has none."""
    for content in contents:
        data = json.loads(content)
        if data["key"] == str(key):
            document, files = data["document"], data["files"]
            held = tuple(Enclosed(**file) for file in files)
            return Record(key, Form(data["form"]), Enclosed(**document), held)
    return None
