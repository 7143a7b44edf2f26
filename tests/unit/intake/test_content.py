"""Files are known by what is in them, and names by what opens them."""

from __future__ import annotations

import io
import zipfile

import pytest

from gateway.intake.content import Family, ending, kind_of, kinds, labelled, runs
from transports.base import File

DOS = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(56)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():  # the same bytes whatever the time
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


SHEET = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (DOS, "program"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "program"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", "program"),
        (b"#!/bin/sh\nrm -r /\n", "script"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\r\nSent by our printer\r\n%PDF-1.4\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(8), "png"),
        (b"\xff\xd8\xff\xe0" + bytes(8), "jpeg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "webp"),
        (zipped(**SHEET), "xlsx"),
        (zipped(**SHEET, **{"xl/vbaProject.bin": b"Auto_Open"}), "macros"),
        (zipped(**{"hours.csv": b"a;b"}), "archive"),
        (zipped(mimetype=b""), "archive"),
        (OLE, "office"),
        (OLE + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
        (b"\x1f\x8b\x08\x00\x00\x00", "archive"),
        (bytes(257) + b"ustar\x0000", "archive"),
        (b"  <!DOCTYPE HTML>\n<p>", "page"),
        (b"\xef\xbb\xbf<script>alert(1)</script>", "page"),
        ("\ufeff<html>".encode("utf-16-le"), "page"),
        (b'<?xml version="1.0"?>\n<!-- x --><svg onload="x()"/>', "page"),
        (b'<?xml version="1.0"?>\n<Order/>', "text"),
        ("Datum;Timmar\r\n1 november;åtta".encode("latin-1"), "text"),
        (b"MZ;HOURS\nSE;8\n", "text"),
        (b"BZh is no archive here\n", "text"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, name: str) -> None:
    kind = kind_of(content)
    assert kind is not None and kind.name == name


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", bytes(1000), b"\x04\x04\x84\xeb\x80"])
def test_bytes_that_say_nothing_are_of_no_kind(content: bytes) -> None:
    assert kind_of(content) is None


def test_of_a_file_that_could_be_two_things_the_harmful_one_counts() -> None:
    assert kind_of(DOS + b"%PDF-1.7\n") == kind_of(DOS)
    assert kind_of(b"#!/bin/sh\n#%PDF-1.7\n") == kind_of(b"#!/bin/sh\n")
    page = kind_of(b"<script>x()</script>%PDF-1.7\n")
    assert page is not None and page.family is Family.PAGE


@pytest.mark.parametrize(
    ("name", "last", "family"),
    [
        ("invoice.pdf", "pdf", None),
        ("invoice.exe.pdf", "pdf", None),
        ("invoice.pdf.exe", "exe", Family.PROGRAM),
        ("invoice.pdf.EXE", "exe", Family.PROGRAM),
        ("invoice.exe. . ", "exe", Family.PROGRAM),
        ("invoice.exe::$DATA", "exe", Family.PROGRAM),
        ("invoice\u202efdp.exe", "exe", Family.PROGRAM),
        ("invoice.e\u200bxe", "exe", Family.PROGRAM),
        ("invoice.\uff45\uff58\uff45", "exe", Family.PROGRAM),
        ("run.ps1", "ps1", Family.SCRIPT),
        ("look.html", "html", Family.PAGE),
        ("sheet.xlsm", "xlsm", Family.MACROS),
        ("files.zip", "zip", Family.ARCHIVE),
        ("README", "", None),
        ("", "", None),
        (".pdf", "pdf", None),
    ],
)
def test_a_name_ends_as_it_does_for_whoever_opens_it(
    name: str, last: str, family: Family | None
) -> None:
    assert (ending(name), runs(name)) == (last, family)


@pytest.mark.parametrize(
    ("name", "stated", "content", "media_type"),
    [
        ("a.pdf", "application/octet-stream", b"%PDF-1.7", "application/pdf"),
        ("a.pdf", "Application/PDF; name=a", b"%PDF-1.7", "Application/PDF; name=a"),
        ("a.png", "application/pdf", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.csv", "text/csv", b"a;b", "text/csv"),
        ("a.txt", "application/pdf", b"a;b", "text/plain"),
        ("a.xls", "application/octet-stream", OLE, "application/vnd.ms-excel"),
        ("a", "application/octet-stream", OLE, "application/msword"),
        ("a.xlsx", "application/zip", zipped(**SHEET), XLSX),
        ("a.bin", "application/pdf", b"\x00\x01", "application/pdf"),
    ],
)
def test_the_label_is_that_of_the_content(
    name: str, stated: str, content: bytes, media_type: str
) -> None:
    assert labelled(File(name, stated, content)) == File(name, media_type, content)


def test_every_kind_has_a_media_type() -> None:
    assert all(kind.media_types for kind in kinds())
