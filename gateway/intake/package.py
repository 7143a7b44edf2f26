"""A package: a ZIP file, an e-mail or a PDF, with one document inside and other files beside it.

In charge of which of its files is the document: told by what is in them, never by their names. Not
in charge of taking a package apart (`zip_file`, `mail`, `hybrid`), nor of what the document says
(`submission`). Pure; what it costs is bounded by the package's size, and to be bounded from outside
besides (`gateway.delivery.unpacking`).

A package inside a package stays an attachment; but a ZIP file or an e-mail without any other
document may bring a PDF that has one inside.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.intake import hybrid, mail, zip_file
from gateway.intake.contents import Contents, fault
from gateway.intake.kind import MAIL, PDF, ZIP, is_document, is_pdf, is_submission, root_of
from transports.base import File
from validators.findings import Finding

_RULE: Final = "GUARD-PACKAGE"
_MOST_NAMES: Final = 10


@dataclass(frozen=True, slots=True)
class Opened:
    """The document that came and the files that came with it in one package.

    `inside` is the name of the document in the package; None where it came by itself.
    """

    document: File
    attachments: tuple[File, ...] = ()
    inside: str | None = None

    def told(self, finding: Finding) -> Finding:
        """A finding about the document, told by its place in what the caller sent: `invoice.xml:
        Invoice/ID`. Attachments are counted as all that there are, those of the package first."""
        where = finding.where
        if where.startswith("/attachment/"):
            number, slash, rest = where.removeprefix("/attachment/").partition("/")
            beside = int(number) - len(self.attachments)
            name = self.attachments[beside].name if beside < 0 else f"/attachment/{beside}"
            where = f"{name}{slash}{rest}"
        elif self.inside is not None:
            where = f"{self.inside}: {where}" if where else self.inside
        return finding if where == finding.where else dataclasses.replace(finding, where=where)


def opened(original: File) -> Opened | tuple[Finding, ...]:
    """The document in a file, or all that is wrong with the package; what is no package is the
    document itself. Never raises, whatever the bytes."""
    if original.media_type not in _CONTENTS:
        return Opened(original)
    if original.media_type == PDF:
        return _from_pdf(original)
    contents = _CONTENTS[original.media_type](original.content)
    if contents.faults:
        return contents.faults
    found = [file for file in contents.files if is_document(file.content)]
    if len(found) == 1:
        return _from(contents.files, found[0])
    if found:
        return (_several(found),)
    return _from_pdf_among(contents.files)


_CONTENTS: Final[Mapping[str, Callable[[bytes], Contents]]] = {
    ZIP: zip_file.contents,
    MAIL: mail.contents,
    PDF: hybrid.contents,
}


def _from(files: Sequence[File], document: File) -> Opened:
    media_type = "application/json" if is_submission(document.content) else "application/xml"
    return Opened(
        dataclasses.replace(document, media_type=media_type),
        tuple(file for file in files if file is not document),
        document.name,
    )


def _from_pdf(pdf: File) -> Opened | tuple[Finding, ...]:
    """The invoice inside a PDF; the PDF itself is the first of the attachments."""
    contents = hybrid.contents(pdf.content)
    if contents.faults:
        return contents.faults
    found = hybrid.invoices(contents.files)
    if len(found) == 1:
        inside = _from(contents.files, found[0])
        return dataclasses.replace(inside, attachments=(pdf, *inside.attachments))
    return (_several(found) if found else hybrid.nothing(contents.files),)


def _from_pdf_among(files: Sequence[File]) -> Opened | tuple[Finding, ...]:
    """The invoice inside the one PDF that has one."""
    inside: list[tuple[File, Opened]] = []
    refused: list[Finding] = []
    for pdf in files:
        if is_pdf(pdf.content):
            package = _from_pdf(pdf)
            if isinstance(package, Opened):
                inside.append((pdf, package))
            else:
                refused += (dataclasses.replace(each, where=pdf.name) for each in package)
    if len(inside) > 1:
        return (_several([pdf for pdf, _ in inside]),)
    if not inside:
        return (_none(files), *refused)
    pdf, package = inside[0]
    others = tuple(file for file in files if file is not pdf)
    return dataclasses.replace(
        package,
        attachments=(*package.attachments, *others),
        inside=f"{package.inside} in {pdf.name}",
    )


def _several(found: Sequence[File]) -> Finding:
    text = f"There are {len(found)} documents in it: {_names(found)}."
    return fault(_RULE, "", text, "Send each document in a request of its own.")


def _none(files: Sequence[File]) -> Finding:
    stated = f"It holds {_names(files)}" if files else "There is no file in it at all"
    return fault(
        _RULE,
        "",
        f"There is no document in it that can be sent. {stated}.",
        "Put one invoice or credit note into it: XML (UBL, Svefaktura or CII), a JSON submission,"
        " or a Factur-X PDF.",
    )


def _names(files: Sequence[File]) -> str:
    told = [_named(file) for file in files[:_MOST_NAMES]]
    more = len(files) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _named(file: File) -> str:
    root = root_of(file.content)
    return f"{file.name} (XML: {root.rpartition('}')[2][:40]})" if root else file.name
