"""ZIP files, e-mails and PDFs with files inside, good and evil, made when they are asked for."""

from __future__ import annotations

import email.message
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pypdf import PdfReader, PdfWriter

from gateway.api import examples
from transports.base import File

NOTE = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"  # begins as a PDF does; nobody opens it


def zip_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 8, 0, 0)), content)
    return out.getvalue()


def mail_of(files: Sequence[File], text: str = "Please find our invoice attached.") -> bytes:
    mail = email.message.EmailMessage()
    mail["From"], mail["To"] = "faktura@norrsken.example", "invoices@gateway.example"
    mail["Subject"] = "Faktura 2026-1001"
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    for file in files:
        kind, _, subtype = file.media_type.partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return mail.as_bytes()


def pdf_of(files: Mapping[str, bytes], page: bytes | None = None) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(page))) if page else PdfWriter()
    if page is None:
        writer.add_blank_page(595, 842)
    for name, content in files.items():
        writer.add_attachment(name, content)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def ubl() -> bytes:
    """An invoice that can be sent."""
    return examples.ubl().encode()


@dataclass
class Member:
    """One member of a ZIP file as it is written; what is None is as it should be."""

    name: bytes
    content: bytes = b""
    packed: bytes | None = None  # as it stands in the file
    method: int = 8
    flags: int = 0
    size: int | None = None  # in the directory
    own_size: int | None = None  # in the member's own header
    own_name: bytes | None = None
    crc: int | None = None
    attributes: int = 0
    offset: int | None = None


def zip_by_hand(members: Sequence[Member], *, count: int | None = None, end: bytes = b"") -> bytes:
    """A ZIP file that says what no program would write."""
    out, directory = bytearray(), bytearray()
    for each in members:
        packed = each.packed
        if packed is None:
            packed = each.content if each.method == 0 else deflated(each.content)
        crc = zlib.crc32(each.content) if each.crc is None else each.crc
        size = len(each.content) if each.size is None else each.size
        own_size = size if each.own_size is None else each.own_size
        own_name = each.name if each.own_name is None else each.own_name
        offset = len(out) if each.offset is None else each.offset
        if each.offset is None:
            facts = (20, each.flags, each.method, 0, 0x21, crc, len(packed), own_size)
            out += struct.pack("<4s5H3L2H", b"PK\x03\x04", *facts, len(own_name), 0)
            out += own_name + packed
        facts = (0x0314, 20, each.flags, each.method, 0, 0x21, crc, len(packed), size)
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\x01\x02", *facts, len(each.name), 0, 0, 0, 0, each.attributes, offset),
        )
        directory += each.name
    n = len(members) if count is None else count
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, n, n, len(directory), len(out), 0)
    return bytes(out + directory + last) + end


def deflated(content: bytes) -> bytes:
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflating.compress(content) + deflating.flush()
