from __future__ import annotations

import io
from dataclasses import replace

import pikepdf
import pytest
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas

from tests.contracts.transports import RECIPIENT, envelope
from transports.base import File, Merged
from transports.letter.enclosures import CountFailed, Enclosures, Limits, enclose, pages
from transports.letter.wire import PDF


def pdf(count: int) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    for _ in range(count):
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def file(count: int, name: str = "bilaga.pdf") -> File:
    return File(name, PDF, pdf(count))


IMAGE = file(2, "faktura.pdf")


def locked() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def in_object_streams() -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(2))) as opened:
        opened.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return buffer.getvalue()


async def chosen_of(
    image: File, attachments: tuple[File, ...], limits: Limits, merged: Merged | None = None
) -> Enclosures | None:
    given = replace(
        envelope(RECIPIENT, "address", "merged"),
        image=image,
        attachments=attachments,
        merged=merged,
    )
    return await enclose(given, limits)


@pytest.mark.parametrize("count", [1, 2, 17])
def test_pages_are_counted(count: int) -> None:
    assert pages(pdf(count)) == count


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pdf",
        b"%PDF-1.7\n",
        b"%PDF-1.7\nstartxref\n0\n%%EOF",
        pdf(1)[:-200],
        locked(),
        # a page tree that is its own child
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
        b"trailer<</Root 1 0 R/Size 3>>\nstartxref\n9\n%%EOF",
        # its objects are packed in something that does not say that it holds any
        in_object_streams().replace(b"/ObjStm", b"/Nobody"),
    ],
)
def test_what_can_not_be_read_has_no_pages(content: bytes) -> None:
    assert pages(content) is None


async def test_all_goes_along() -> None:
    chosen = await chosen_of(IMAGE, (file(1), file(3)), Limits())
    assert chosen is not None
    assert (chosen.pages, len(chosen.files), chosen.left_out) == (6, 2, ())


async def test_what_is_no_pdf_stays_behind_alone() -> None:
    picture = File("foto.png", "image/png", b"\x89PNG")
    chosen = await chosen_of(IMAGE, (picture, file(1)), Limits())
    assert chosen is not None
    assert [each.name for each in chosen.files] == ["bilaga.pdf"]
    assert chosen.left_out == ("foto.png is not a PDF and can not be printed.",)


@pytest.mark.parametrize(
    ("attachments", "limits", "why"),
    [
        ([1, 1, 1, 1], Limits(), "there are 4, and at most 3 go into a letter"),
        ([5, 4], Limits(pages=10), "with them the letter has 11 pages, and at most 10 fit"),
        ([1], Limits(attachment_bytes=100), "bilaga.pdf is larger than 100 bytes"),
    ],
)
async def test_over_a_limit_the_invoice_goes_alone(
    attachments: list[int], limits: Limits, why: str
) -> None:
    chosen = await chosen_of(IMAGE, tuple(file(count) for count in attachments), limits)
    assert chosen is not None
    assert (chosen.files, chosen.pages) == ((), 2)
    assert chosen.left_out == (f"No attachment is printed: {why}.",)


async def test_the_limits_are_inclusive() -> None:
    attachments = (file(4), file(2), file(2))
    largest = max(len(each.content) for each in attachments)
    chosen = await chosen_of(
        IMAGE, attachments, Limits(pages=10, attachments=3, attachment_bytes=largest)
    )
    assert chosen is not None
    assert (chosen.pages, chosen.left_out) == (10, ())


async def test_an_attachment_that_can_not_be_read_leaves_all_behind() -> None:
    chosen = await chosen_of(IMAGE, (file(1), File("x.pdf", PDF, b"nonsense")), Limits())
    assert chosen is not None
    assert chosen.left_out == ("No attachment is printed: x.pdf can not be read as a PDF.",)


async def test_an_attachment_that_was_not_counted_leaves_all_behind() -> None:
    async def count(content: bytes) -> int | None:
        if content == slow.content:
            raise CountFailed
        return pages(content)

    slow = file(7, "slow.pdf")
    given = replace(envelope(RECIPIENT, "", ""), image=IMAGE, attachments=(file(1), slow))
    chosen = await enclose(given, Limits(), count)
    assert chosen is not None
    assert (chosen.files, chosen.pages) == ((), 2)
    assert chosen.left_out == (
        "No attachment is printed: the pages of slow.pdf could not be counted.",
    )
    with pytest.raises(CountFailed):
        await enclose(replace(given, image=slow), Limits(), count)


async def test_an_invoice_that_is_too_long_is_told_by_its_pages() -> None:
    chosen = await chosen_of(IMAGE, (), Limits(pages=1))
    assert chosen is not None
    assert chosen.pages == 2


async def test_an_image_that_can_not_be_read() -> None:
    assert await chosen_of(File("faktura.pdf", PDF, b"nonsense"), (), Limits()) is None


async def test_what_is_merged_is_the_letter() -> None:
    one, picture = file(5, "faktura.pdf"), File("foto.png", "image/png", b"")
    merged = Merged(one, 5, apart=(picture,))
    attachments = (picture, *[file(1)] * 9)  # one file: their number is no matter
    chosen = await chosen_of(IMAGE, attachments, Limits(pages=5), merged)
    assert chosen == Enclosures(one, (), 5, ("foto.png can not be printed.",))


async def test_merged_over_the_limit_the_invoice_goes_alone() -> None:
    merged = Merged(file(6), 6)
    chosen = await chosen_of(IMAGE, (file(4),), Limits(pages=5), merged)
    why = "No attachment is printed: with them the letter has 6 pages, and at most 5 fit."
    assert chosen == Enclosures(IMAGE, (), 2, (why,))
