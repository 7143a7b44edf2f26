"""Files of strangers, merged with an invoice: each ends in the documented way, whatever is in it.

All of them go through the process that the gateway uses, one after the other.
"""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import pytest_asyncio
from pypdf import PdfReader

from gateway.delivery.bindery import Bindery, press
from gateway.delivery.processes import Processes
from gateway.delivery.workshop import NotLoaded, WorkFailed
from gateway.pdf import bounds
from gateway.pdf.merge import Merged, NotMerged, Unmerged
from gateway.pdf.source import Why
from tests.hostile import pdfs
from tests.hostile.pdfs import MB
from transports.letter.enclosures import CountFailed

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 5 * MB
INVOICE = pdfs.drawn(2, "Invoice")

# Names that mean that a PDF does something.
ACTIVE = {
    *("/AA", "/OpenAction", "/JS", "/JavaScript", "/Launch", "/EmbeddedFiles", "/EmbeddedFile"),
    *("/EF", "/AcroForm", "/XFA", "/RichMedia", "/SubmitForm", "/Names", "/Widget"),
}

GOOD: dict[str, tuple[Callable[[], bytes], int]] = {
    "reportlab": (lambda: pdfs.drawn(3), 3),
    "reportlab, uncompressed": (lambda: pdfs.drawn(3, pageCompression=0), 3),
    "a form": (pdfs.with_form, 1),
    "links": (pdfs.with_links, 1),
    "a picture in ASCII85": (lambda: pdfs.with_picture(pdfs.noise(200, 200)), 1),
    "locked against printing, empty password": (pdfs.owned, 2),
    "pypdf": (lambda: pdfs.of_pypdf(lambda pdf: None, 4), 4),
    "empty password, RC4": (lambda: pdfs.locked("", "RC4-128"), 2),
    "empty password, AES": (lambda: pdfs.locked("", "AES-256"), 2),
    "JavaScript": (pdfs.with_script, 1),
    "launches a program": (pdfs.that_launches, 1),
    "an enclosed file": (pdfs.with_enclosed_file, 1),
    "pikepdf, linearized": (lambda: pdfs.of_pikepdf(lambda pdf: None, 3, linearize=True), 3),
    "object streams": (
        lambda: pdfs.of_pikepdf(
            lambda pdf: None, 3, object_stream_mode=pikepdf.ObjectStreamMode.generate
        ),
        3,
    ),
    "XFA beside a form": (pdfs.with_xfa, 1),
    "a film": (pdfs.with_film, 1),
    "a hidden layer": (pdfs.with_hidden_layer, 1),
    "Pillow": (pdfs.scanned, 2),
    "img2pdf": (pdfs.scanned_losslessly, 2),
    "PNG": (pdfs.png, 1),
    "PNG, transparent": (lambda: pdfs.png("RGBA"), 1),
    "PNG, colours of a table": (lambda: pdfs.png("P"), 1),
    "PNG, grey": (lambda: pdfs.png("LA"), 1),
    "JPEG": (lambda: pdfs.noise(300, 200), 1),
    "TIFF of a fax, three pages": (lambda: pdfs.tiff("group4", "1", 3), 3),
    "TIFF, LZW": (lambda: pdfs.tiff("tiff_lzw"), 1),
    "TIFF, for print": (lambda: pdfs.tiff("tiff_lzw", "CMYK"), 1),
    "a picture of 4.9 MB": (lambda: pdfs.incompressible(int(4.9 * MB)), 1),
    "500 pages with the invoice": (lambda: pdfs.drawn(498), 498),
    "what swells a thousand times": (lambda: pdfs.bomb(16), 1),
    "nested to no end": (lambda: pdfs.deep(400), 1),
}

REPAIRED: dict[str, tuple[Callable[[], bytes], int]] = {
    "a wrong table of objects": (pdfs.with_wrong_places, 3),
    "cut off": (pdfs.truncated, 60),
    "no end": (lambda: pdfs.drawn(3)[:-40], 3),
}

APART: dict[str, tuple[Callable[[], bytes], Why]] = {
    "a password, RC4": (lambda: pdfs.locked("secret", "RC4-128"), Why.PASSWORD),
    "a password, AES": (lambda: pdfs.locked("secret", "AES-256"), Why.PASSWORD),
    "a dynamic form": (pdfs.dynamic_form, Why.DYNAMIC_FORM),
    "one page too many": (lambda: pdfs.drawn(499), Why.TOO_MANY_PAGES),
    "60,000 pages on one object": (lambda: pdfs.on_one_object(60_000), Why.TOO_MANY_PAGES),
    "pages in circles": (pdfs.in_circles, Why.BROKEN),
    "nested to no end": (lambda: pdfs.deep(5000), Why.BROKEN),
    "nothing": (lambda: b"", Why.NOT_A_PDF),
    "a web page": (lambda: b"<html><body>%PDF</body></html>", Why.NOT_A_PDF),
    "a Word file": (lambda: b"PK\x03\x04" + bytes(200), Why.NOT_A_PDF),
    "only a header": (lambda: b"%PDF-1.7\n", Why.BROKEN),
    "noise after a header": (lambda: b"%PDF-1.7\n" + pdfs.noise(60, 60), Why.BROKEN),
    "half a PNG": (lambda: pdfs.noise(100, 100, "PNG")[:4000], Why.BROKEN),
    "half a JPEG header": (lambda: b"\xff\xd8\xff\xe0\x00", Why.BROKEN),
    "a TIFF of nothing": (lambda: b"II*\x00\x08\x00\x00\x00\x00\x00", Why.BROKEN),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes() -> AsyncIterator[Processes]:
    opened = press()
    yield opened
    await opened.close()


@pytest.fixture
def bindery(processes: Processes) -> Bindery:
    return Bindery(processes)


def things(content: bytes) -> Iterator[tuple[str, Any]]:
    """Every name and every key in a PDF, as (kind, text)."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        left: list[Any] = [*pdf.objects, pdf.trailer]
        while left:
            one = left.pop()
            if isinstance(one, pikepdf.Name):
                yield "name", str(one)
            elif isinstance(one, pikepdf.Array):
                left += [item for item in list(one) if not _shared(item)]
            elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
                for key, value in one.items():
                    yield "key", key
                    if not _shared(value):
                        left.append(value)


def _shared(value: Any) -> bool:
    return isinstance(value, pikepdf.Object) and value.is_indirect


def looked_at(made: Merged | NotMerged, pages: int, tmp_path: Path) -> bytes:
    """The merged PDF, which other eyes find right."""
    assert isinstance(made, Merged), made
    assert len(made.content) <= LIMIT
    assert made.pages == pages == len(PdfReader(io.BytesIO(made.content), strict=True).pages)
    with pikepdf.open(io.BytesIO(made.content)) as pdf:
        assert pdf.check_pdf_syntax() == []
    if qpdf := shutil.which("qpdf"):
        path = tmp_path / "merged.pdf"
        path.write_bytes(made.content)
        subprocess.run([qpdf, "--check", path], check=True, capture_output=True)
    assert not ACTIVE & {text for _, text in things(made.content)}
    return made.content


@pytest.mark.parametrize("name", GOOD)
async def test_merged(name: str, bindery: Bindery, tmp_path: Path) -> None:
    make, pages = GOOD[name]
    content = make()
    before = bytes(content)
    made = await bindery.bind([INVOICE, content], LIMIT)
    looked_at(made, 2 + pages, tmp_path)
    assert isinstance(made, Merged)
    assert (made.taken, made.apart, made.repaired) == ((0, 1), (), ())
    assert content == before


@pytest.mark.parametrize("name", REPAIRED)
async def test_repaired_and_merged(name: str, bindery: Bindery, tmp_path: Path) -> None:
    make, pages = REPAIRED[name]
    made = await bindery.bind([INVOICE, make()], LIMIT)
    looked_at(made, 2 + pages, tmp_path)
    assert isinstance(made, Merged)
    assert made.repaired == (1,)


@pytest.mark.parametrize("name", APART)
async def test_stays_apart(name: str, bindery: Bindery, tmp_path: Path) -> None:
    make, why = APART[name]
    made = await bindery.bind([INVOICE, make(), pdfs.drawn(3)], LIMIT)
    looked_at(made, 5, tmp_path)
    assert isinstance(made, Merged)
    assert made.taken == (0, 2)
    assert made.apart == ((1, why),)


@pytest.mark.parametrize(
    "id_", ["a000d1f582d27acdf161647f38b01719", "feff" + 14 * "00", "fffe" + 14 * "ff", 16 * "8f"]
)
async def test_a_file_whose_id_looks_like_text_is_counted(id_: str, bindery: Bindery) -> None:
    """pypdf guesses how the id is encoded: the sealed process must have every encoding already."""
    content = pdfs.drawn(pages=2)
    marked = re.sub(rb"<[0-9a-f]{32}>", f"<{id_}>".encode(), content)
    assert marked != content
    assert await bindery.pages(marked) == 2


@pytest.mark.parametrize(("ends", "counted"), [(1, 2), (2, None)])
async def test_a_count_whose_process_was_ended_is_tried_once_more(
    ends: int, counted: int | None, processes: Processes
) -> None:
    """That says nothing of the file: a machine that is busy ends processes too."""
    left = ends

    class Ending:
        """A workshop whose process ends before the work, so many times."""

        async def run(self, size_bytes: int, work: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal left
            if left:
                left -= 1
                await processes.run(0, os.abort)
            return await processes.run(size_bytes, work, *arguments)

    counting = Bindery(Ending()).pages(pdfs.drawn(pages=2))
    if counted:
        assert await counting == counted
    else:
        with pytest.raises(CountFailed):
            await counting
    assert left == 0


async def test_a_file_that_is_no_pdf_has_no_pages_at_once(bindery: Bindery) -> None:
    assert await bindery.pages(b"text") is None


async def test_the_order_is_the_invoice_and_then_the_attachments(bindery: Bindery) -> None:
    files = [INVOICE, pdfs.drawn(1, "Second"), b"%PDF-", pdfs.drawn(2, "Fourth")]
    made = await bindery.bind(files, LIMIT)
    assert isinstance(made, Merged)
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(made.content)).pages]
    assert [text.split(",")[0] for text in texts] == [
        "Invoice",
        "Invoice",
        *["Second"],
        *["Fourth"] * 2,
    ]


async def test_what_is_filled_into_a_form_is_on_the_page(bindery: Bindery) -> None:
    made = await bindery.bind([INVOICE, pdfs.with_form()], LIMIT)
    assert isinstance(made, Merged)
    page = PdfReader(io.BytesIO(made.content)).pages[2]
    assert "37.5 hours" in page.extract_text()
    assert "/Annots" not in page


async def test_links_to_the_web_stay(bindery: Bindery) -> None:
    made = await bindery.bind([INVOICE, pdfs.with_links()], LIMIT)
    assert isinstance(made, Merged)
    (link,) = PdfReader(io.BytesIO(made.content)).pages[2]["/Annots"]
    assert link.get_object()["/A"] == {"/S": "/URI", "/URI": "https://example.com/terms"}


async def test_a_hidden_layer_stays_hidden(bindery: Bindery) -> None:
    made = await bindery.bind([INVOICE, pdfs.with_hidden_layer()], LIMIT)
    assert isinstance(made, Merged)
    with pikepdf.open(io.BytesIO(made.content)) as pdf:
        (layer,) = pdf.Root.OCProperties.D.OFF
        assert layer == pdf.pages[2].obj.Resources.Properties.L
        assert str(layer.Name) == "Draft"


async def test_an_invoice_that_can_not_be_read_is_not_merged(bindery: Bindery) -> None:
    made = await bindery.bind([b"%PDF-", pdfs.drawn(1)], LIMIT)
    assert made == NotMerged(Unmerged.BAD_INVOICE)


async def test_nothing_to_merge(bindery: Bindery) -> None:
    made = await bindery.bind([INVOICE, b"text"], LIMIT)
    assert made == NotMerged(Unmerged.NOTHING_TO_MERGE, ((1, Why.NOT_A_PDF),))


async def test_a_set_of_4_99_mb_is_merged_and_one_of_5_01_mb_is_not(
    bindery: Bindery, tmp_path: Path
) -> None:
    def files(megabytes: float) -> list[bytes]:
        one = pdfs.incompressible(2 * MB)
        rest = int(megabytes * MB) - len(INVOICE) - len(one)
        other = pdfs.incompressible(rest - 600)  # what is around it in its file
        return [INVOICE, one, other + b"%" * (rest - len(other))]

    small, large = files(4.99), files(5.01)
    assert sum(map(len, small)) == int(4.99 * MB)
    assert sum(map(len, large)) == int(5.01 * MB)
    looked_at(await bindery.bind(small, LIMIT), 4, tmp_path)
    made = await bindery.bind(large, LIMIT)
    assert isinstance(made, NotMerged)
    assert made.why is Unmerged.TOO_LARGE
    assert made.size_bytes > LIMIT


async def test_more_than_can_be_tried_is_not_tried(bindery: Bindery) -> None:
    files = [INVOICE, bytes(bounds.INPUT_BYTES)]
    made = await bindery.bind(files, 10 * bounds.INPUT_BYTES)
    assert made == NotMerged(Unmerged.TOO_LARGE, size_bytes=sum(map(len, files)))


async def test_a_bomb_that_goes_off_while_it_is_shrunk_hurts_nobody() -> None:
    """The shrinking unpacks it; its process is ended, and every file stays as it is."""
    hurried = Processes(
        1,
        limit_s=bounds.LIMIT_S,
        processor_s=1,
        memory_bytes=bounds.MEMORY_BYTES,
        begin=bounds.load,
        sealed=True,
    )
    try:
        made = await Bindery(hurried).bind([INVOICE, pdfs.bomb(1024)], 5000)
        assert made == NotMerged(Unmerged.TOO_MUCH_WORK)
        made = await Bindery(hurried).bind([INVOICE, pdfs.drawn(1)], LIMIT)
        assert isinstance(made, Merged), "the next one has a new process"
    finally:
        await hurried.close()


async def test_a_file_that_takes_its_process_down_stays_apart(processes: Processes) -> None:
    class Fragile(Bindery):
        """Its process ends whenever it meets the word."""

        async def _merge(self, files: Any, limit_bytes: int) -> Merged | NotMerged:
            if any(b"WILD" in content for content in files):
                await processes.run(0, os.abort)
            return await super()._merge(files, limit_bytes)

    files = [INVOICE, pdfs.drawn(1), b"WILD", pdfs.drawn(2), b"text"]
    made = await Fragile(processes).bind(files, LIMIT)
    assert isinstance(made, Merged)
    assert (made.taken, made.pages) == ((0, 1, 3), 5)
    assert made.apart == ((2, Why.TOO_MUCH_WORK), (4, Why.NOT_A_PDF))


async def test_the_process_can_open_nothing_and_takes_little(processes: Processes) -> None:
    with pytest.raises(WorkFailed, match="Too many open files"):
        await processes.run(0, open, __file__)
    with pytest.raises(WorkFailed, match="Too many open files"):
        await processes.run(0, socket.create_connection, ("127.0.0.1", 9))
    with pytest.raises(WorkFailed, match="MemoryError"):
        await processes.run(0, bytes, bounds.MEMORY_BYTES)


SAMPLES = {
    kind: [make for make, _ in made.values()]
    for kind, made in (("good", GOOD), ("repaired", REPAIRED), ("apart", APART))
}


@pytest.mark.parametrize("kind", SAMPLES)
async def test_all_that_is_needed_is_loaded_before_the_process_is_sealed(
    kind: str, bindery: Bindery
) -> None:
    """Else NotLoaded is raised: also when a library took the missing module for a broken file."""
    for make in SAMPLES[kind]:
        content = make()
        await bindery.pages(content)
        await bindery.bind([INVOICE, content], len(content) // 2)  # shrunk, as far as it goes


LATE = {
    "told": "import wave",
    "taken for something else": "try:\n import wave\nexcept BaseException:\n pass",
}


@pytest.mark.parametrize("how", LATE)
async def test_what_is_imported_too_late_is_our_mistake_and_not_the_file_s(
    how: str, processes: Processes
) -> None:
    with pytest.raises(NotLoaded, match="wave"):
        await processes.run(0, exec, LATE[how])
    assert await processes.run(0, math.gcd, 12, 18) == 6, "the next work is none the worse"


async def test_an_encoding_that_there_is_not_is_the_file_s(processes: Processes) -> None:
    with pytest.raises(WorkFailed, match="unknown encoding: x-made-up"):
        await processes.run(0, str, b"abc", "x-made-up")


async def test_pages_are_counted_there(bindery: Bindery) -> None:
    assert await bindery.pages(pdfs.drawn(7)) == 7
    assert await bindery.pages(b"text") is None
    assert await bindery.pages(pdfs.locked("secret", "AES-256")) is None


@pytest.mark.skipif(pdfs.cairo() is None, reason="cairo is not installed on this machine")
async def test_cairo(bindery: Bindery, tmp_path: Path) -> None:
    library = pdfs.cairo()
    assert library is not None
    looked_at(await bindery.bind([INVOICE, pdfs.of_cairo(library)], LIMIT), 3, tmp_path)
