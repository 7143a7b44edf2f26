"""A PDF that has its invoice inside as XML: Factur-X, ZUGFeRD from 2.0 on, and their like.

In charge of the files inside a PDF and of which is the invoice. Not in charge of what is on its
pages, which are never looked at. pypdf inflates no more than 75 MB of a stream. Pure; a PDF that
others made is opened in a process that can be cut off (`gateway.delivery.unpacking`).
Source: Factur-X 1.0 / ZUGFeRD 2.3, chapter 6.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from gateway.intake.attachment import distinct, safe_name
from gateway.intake.contents import MOST_BYTES, MOST_FILES, Contents, fault
from gateway.intake.kind import is_document, is_pdf, media_type, root_of
from transports.base import File
from validators.findings import Finding

# What it says of a file may quote it.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_RULE: Final = "GUARD-PDF"

# The names that the standards give the invoice; others are known by their content.
_NAMES: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")

# ZUGFeRD 1.0, of 2014.
_OLD: Final = "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument"

# What pypdf raises for files that are no PDF, or broken.
_REFUSALS: Final = (
    PyPdfError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    AssertionError,
    OSError,
)


class _Refused(Exception):
    """What is wrong, in words."""


def contents(content: bytes) -> Contents:
    """The files inside a PDF, or what is wrong with it."""
    if not is_pdf(content):
        return Contents(faults=(_broken("It is not a PDF."),))
    try:
        files = tuple(_files(content))
    except _Refused as refusal:
        return Contents(faults=(_broken(str(refusal)),))
    except _REFUSALS:
        return Contents(faults=(_broken("The PDF is broken."),))
    return Contents(files)


def invoices(files: Sequence[File]) -> list[File]:
    """Those of the files inside a PDF that are the invoice: one by the name of the standard goes
    before others."""
    found = [file for file in files if is_document(file.content)]
    standard = [file for file in found if file.name.lower() in _NAMES]
    return standard if len(standard) == 1 else found


def nothing(files: Sequence[File]) -> Finding:
    """What is wrong with a PDF that has no invoice inside."""
    if any(root_of(file.content) == _OLD for file in files):
        text = "The invoice in the PDF is ZUGFeRD 1.0, which is not EN 16931."
        return fault(_RULE, "", text, "Have your system write ZUGFeRD 2.1 or later, or Factur-X.")
    return fault(
        _RULE,
        "",
        "There is no invoice in the PDF that a program can read: only people can.",
        "Send the invoice as JSON or XML, with the PDF as an attachment (multipart/form-data), or"
        " have your system write Factur-X or ZUGFeRD.",
    )


def _files(content: bytes) -> Iterator[File]:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _Refused("The PDF needs a password.")
    names: set[str] = set()
    total = 0
    for embedded in reader.attachment_list:
        if len(names) == MOST_FILES:
            raise _Refused(f"The PDF has more than {MOST_FILES} files inside.")
        body = embedded.content
        total += len(body)
        if total > MOST_BYTES:
            raise _Refused(f"The files in the PDF are more than {MOST_BYTES} bytes.")
        stated = embedded.alternative_name or embedded.name
        name = distinct(safe_name(str(stated)) or "attachment", names)
        names.add(name)
        yield File(name, media_type(name), body)


def _broken(text: str) -> Finding:
    return fault(_RULE, "", text, "Send the invoice as JSON or XML, with the PDF as an attachment.")
