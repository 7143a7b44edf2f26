"""A batch: the file of invoices that goes to the distributor. Pure.

In charge of its bytes. Each entry is a line of its own, the same bytes in every batch it is in; a
batch holds no time, and is named by its content: the same entries are the same file again.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from lxml import etree

from transports.bank_se.identifiers import Fmi, Fui
from transports.bank_se.wire.elements import (
    Malformed,
    document,
    lines_of,
    name_of,
    root_of,
    said,
    written,
)
from transports.base import File

MEDIA_TYPE: Final = "application/xml"
_XML: Final = "application/xml"


@dataclass(frozen=True, slots=True)
class Entry:
    """An invoice on its way. `key` is the envelope's, by which the distributor knows a repeat."""

    key: UUID
    fui: Fui
    fmi: Fmi
    document: bytes = field(repr=False)
    attachments: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as a file."""

    name: str
    content: bytes = field(repr=False)


def write_entry(entry: Entry) -> bytes:
    """The line of an entry."""
    files = [File("invoice.xml", _XML, entry.document), *entry.attachments]
    inside = "".join(
        written(
            "Attachment" if n else "Document",
            {"name": file.name, "type": file.media_type, "sha256": _hash(file.content)},
            base64.b64encode(file.content).decode(),
        )
        for n, file in enumerate(files)
    )
    attributes = {"key": str(entry.key), "fui": str(entry.fui), "fmi": str(entry.fmi)}
    return written("Entry", attributes, inside).encode()


def write_batch(entries: Sequence[bytes]) -> Batch:
    """The batch of entries, as `write_entry` made them, in whatever order they came."""
    lines = sorted(entry.decode() for entry in entries)
    content = document("Batch", {"entries": str(len(lines))}, lines)
    return Batch(f"batch-{_hash(content)[:32]}.xml", content)


def read_batch(content: bytes) -> tuple[Entry, ...]:
    """The entries of a batch. Raises Malformed."""
    root = root_of(content)
    if name_of(root) != "Batch":
        raise Malformed("the root is not Batch")
    entries = tuple(map(_entry, lines_of(root, "Entry")))
    if said(root, "entries", int) != len(entries):
        raise Malformed("there are not as many entries as the batch says")
    if len({entry.key for entry in entries}) < len(entries):
        raise Malformed("a key is there twice")
    return entries


def lines(content: bytes) -> tuple[bytes, ...]:
    """The entries of a batch as they stand in it."""
    return tuple(line for line in content.split(b"\n") if line.startswith(b"<Entry "))


def _entry(element: etree._Element) -> Entry:
    files = [
        (name_of(child), _file(child)) for child in lines_of(element, "Document", "Attachment")
    ]
    if [name for name, _ in files[:1]] != ["Document"]:
        raise Malformed("an entry does not begin with its document")
    if any(name == "Document" for name, _ in files[1:]):
        raise Malformed("an entry has two documents")
    return Entry(
        key=said(element, "key", UUID),
        fui=said(element, "fui", Fui.parse),
        fmi=said(element, "fmi", Fmi.parse),
        document=files[0][1].content,
        attachments=tuple(file for _, file in files[1:]),
    )


def _file(element: etree._Element) -> File:
    try:
        content = base64.b64decode(element.text or "", validate=True)
    except binascii.Error:
        raise Malformed("a file is not in base64") from None
    if said(element, "sha256", str) != _hash(content):
        raise Malformed("a file is not what its hash says")
    return File(said(element, "name", str), said(element, "type", str), content)


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
