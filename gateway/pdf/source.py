"""A file that others made, as the pages it shows; or why it has none that could be merged.

In charge of telling PDFs and images from everything else by their bytes, and of counting before
anything is copied; what is broken qpdf repairs as it reads. Pure. Not in charge of what stays of a
page (`leaf`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pikepdf

from gateway.pdf import scan
from gateway.pdf.bounds import PAGES

# "%PDF-" may have so many bytes before it (ISO 32000-1, Annex H, note 13).
_JUNK_BYTES: Final = 1024

# Nodes of a page tree that are looked at for PAGES pages.
_NODES: Final = 4 * PAGES

# Nothing of a file itself makes qpdf raise anything else.
REFUSALS: Final = (
    pikepdf.PdfError,
    pikepdf.ForeignObjectError,
    ValueError,
    RuntimeError,
    TypeError,
    LookupError,
    AttributeError,
)


class Why(StrEnum):
    """Why a file stays by itself."""

    NOT_A_PDF = "not_a_pdf"
    PASSWORD = "password"  # noqa: S105
    BROKEN = "broken"
    DYNAMIC_FORM = "dynamic_form"  # its only page asks for another program
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MUCH_WORK = "too_much_work"


class Apart(Exception):
    """The file can not be merged."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as pages. It stays open until what was copied from it is written."""

    pdf: pikepdf.Pdf = field(repr=False)
    pages: tuple[pikepdf.Page, ...] = field(repr=False)

    def repaired(self) -> bool:
        """Whether it was broken, as far as it has been read: then its pages are what was saved. To
        be asked once: the answer is forgotten."""
        return bool(self.pdf.get_warnings())


def read(content: bytes) -> Source:
    """The pages of a PDF, or of a PNG, JPEG or TIFF image: PAGES at most. Raises Apart."""
    if scan.is_image(content):
        try:
            content = scan.pages(content)
        except scan.NotDrawn:
            raise Apart(Why.BROKEN) from None
    elif b"%PDF-" not in content[: _JUNK_BYTES + 5]:
        raise Apart(Why.NOT_A_PDF)
    try:
        pdf = pikepdf.open(io.BytesIO(content), suppress_warnings=True)
        return _read(pdf)
    except pikepdf.PasswordError:
        raise Apart(Why.PASSWORD) from None
    except REFUSALS:
        raise Apart(Why.BROKEN) from None


def _read(pdf: pikepdf.Pdf) -> Source:
    if pdf.Root.get("/NeedsRendering"):
        raise Apart(Why.DYNAMIC_FORM)
    _count(pdf.Root.Pages)
    pages = tuple(pdf.pages)
    if not pages:
        raise Apart(Why.BROKEN)
    if any(_has_drawings(page) for page in pages):
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("screen")
    return Source(pdf, pages)


def _count(top: pikepdf.Object) -> None:
    """Raises Apart when there are too many pages: whatever `/Count` says, and before each gets an
    object of its own, as 60,000 on one object would."""
    nodes, pages, left = 0, 0, [top]
    while left:
        node = left.pop()
        nodes += 1
        children = node.get("/Kids") if isinstance(node, pikepdf.Dictionary) else None
        if isinstance(children, pikepdf.Array):
            if len(children) > _NODES:
                raise Apart(Why.TOO_MANY_PAGES)
            left.extend(children)
        else:
            pages += 1
        if pages > PAGES or nodes > _NODES:
            raise Apart(Why.TOO_MANY_PAGES)


def _has_drawings(page: pikepdf.Page) -> bool:
    """Whether something is drawn on top of the page: a field of a form, a stamp, a comment."""
    notes = page.obj.get("/Annots")
    return isinstance(notes, pikepdf.Array) and any(
        isinstance(note, pikepdf.Dictionary) and note.get("/Subtype") != pikepdf.Name.Link
        for note in notes
    )
