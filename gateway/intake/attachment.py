"""Files that come with an invoice: inside it (BG-24), or beside it.

In charge of which may be inside, and of names that are safe to show and to store. Not in charge of
what is in the files.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable

from gateway.intake.content import labelled
from schemas.invoice import Attachment, Invoice, SupportingDocument
from transports.base import File

# BT-125-1: the media types that Peppol BIS Billing 3.0 lets an invoice embed (MIMEMediaType list).
EMBEDDABLE = frozenset(
    {
        "application/pdf",
        "image/png",
        "image/jpeg",
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)

LONGEST_NAME = 150  # characters; file systems take 255 bytes, and a letter may be two of them


def embed(invoice: Invoice, files: Iterable[File]) -> Invoice:
    """Adds files as supporting documents (BG-24), after those the invoice has."""
    added = tuple(
        SupportingDocument(
            reference=file.name,
            attachment=Attachment(file.content, file.media_type, file.name),
        )
        for file in files
    )
    return dataclasses.replace(invoice, supporting_documents=invoice.supporting_documents + added)


def embedded(invoice: Invoice) -> tuple[File, ...]:
    """The files inside an invoice, for channels that people read: names made safe and distinct,
    media types those of their content."""
    files: dict[str, File] = {}
    for document in invoice.supporting_documents:
        if document.attachment is None:
            continue
        stated = document.attachment
        name = distinct(safe_name(stated.filename) or "attachment", files)
        files[name] = labelled(File(name, stated.mime_code, stated.content))
    return tuple(files.values())


def is_safe_name(name: str) -> bool:
    """Whether a file name can be kept as it is: no path, nothing invisible, not too long."""
    return bool(name) and safe_name(name) == name


def safe_name(name: str) -> str:
    """The last part of a path without what is unsafe; empty when nothing is left.

    A name that is too long keeps its start and its ending.
    """
    shown = filter(_is_shown, re.split(r"[/\\]", name)[-1])
    name = re.sub(r"^[.\s]+|\s+$", "", "".join(shown))
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        name = name[: LONGEST_NAME - len(kept)].rstrip() + kept
    return name


def _is_shown(character: str) -> bool:
    # Not printable are control characters, and those that make a name look like another one
    # (direction, zero width); but so are the narrow spaces that macOS puts into names.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, or where it is taken the first of its like that is free."""
    taken = set(taken)
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    n = 1
    free = name
    while free in taken:
        n += 1
        free = f"{stem}-{n}{dot}{ending}"
    return free
