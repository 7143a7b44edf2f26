"""PDFs of many producers, good and evil, made when they are asked for."""

from __future__ import annotations

import ctypes
import io
import os
import random
import zlib
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any

import img2pdf
import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

MB = 1024 * 1024


# --- reportlab --------------------------------------------------------------------------------


def drawn(pages: int = 1, text: str = "Attachment", **settings: Any) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, **settings)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica", 14)
        for line in range(30):
            canvas.drawString(60, 760 - 20 * line, f"{text}, page {page}, line {line}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def with_form() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(60, 780, "Timesheet")
    canvas.acroForm.textfield(name="hours", value="37.5 hours", x=60, y=700, width=200, height=24)
    canvas.acroForm.checkbox(name="approved", checked=True, x=60, y=660)
    canvas.save()
    return out.getvalue()


def with_links() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(60, 705, "Our terms")
    canvas.linkURL("https://example.com/terms", (60, 700, 200, 720))
    canvas.save()
    return out.getvalue()


def with_picture(picture: bytes) -> bytes:
    """reportlab writes pictures in ASCII85."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawImage(ImageReader(io.BytesIO(picture)), 50, 300, 400, 400)
    canvas.save()
    return out.getvalue()


def owned() -> bytes:
    """Opens for everybody; only its owner may print it."""
    lock = StandardEncryption("", ownerPassword="owner", canPrint=0, strength=128)
    return drawn(2, encrypt=lock)


# --- pictures ---------------------------------------------------------------------------------


def noise(width: int, height: int, kind: str = "JPEG", seed: int = 1) -> bytes:
    """A picture that nothing makes smaller."""
    pixels = random.Random(seed).randbytes(width * height * 3)
    return _saved(Image.frombytes("RGB", (width, height), pixels), kind)


def receipt(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (600, 800), "white")
    draw = ImageDraw.Draw(image)
    for line in range(12):
        draw.text((50, 50 + 50 * line), f"Receipt line {line}", fill="black")
    return image.convert(mode)


def _saved(image: Image.Image, kind: str, **settings: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **settings)
    return out.getvalue()


def png(mode: str = "RGB") -> bytes:
    return _saved(receipt(mode), "PNG")


def tiff(compression: str, mode: str = "RGB", pages: int = 1) -> bytes:
    more = [receipt(mode)] * (pages - 1)
    settings = {"save_all": True, "append_images": more} if more else {}
    return _saved(receipt(mode), "TIFF", compression=compression, **settings)


def scanned() -> bytes:
    """Pillow's own PDF writer: two pages."""
    return _saved(receipt(), "PDF", save_all=True, append_images=[receipt("L")])


def with_scan(picture: bytes) -> bytes:
    """A page that a telephone made."""
    content: bytes = img2pdf.convert([picture])
    return content


def scanned_losslessly() -> bytes:
    content: bytes = img2pdf.convert([png(), noise(50, 50)])
    return content


# --- cairo ------------------------------------------------------------------------------------


def cairo() -> ctypes.CDLL | None:
    name = find_library("cairo")
    return ctypes.CDLL(name) if name else None


def of_cairo(library: ctypes.CDLL) -> bytes:
    written = bytearray()
    writer = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint)

    def write(_: int, data: int, length: int) -> int:
        written.extend(ctypes.string_at(data, length))
        return 0

    keep = writer(write)
    make = library.cairo_pdf_surface_create_for_stream
    make.restype = ctypes.c_void_p
    make.argtypes = [writer, ctypes.c_void_p, ctypes.c_double, ctypes.c_double]
    surface = ctypes.c_void_p(make(keep, None, 595.0, 842.0))
    library.cairo_create.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.cairo_create(surface))
    library.cairo_rectangle(context, *map(ctypes.c_double, (100, 100, 300, 200)))
    library.cairo_fill(context)
    library.cairo_show_page(context)
    library.cairo_destroy(context)
    library.cairo_surface_finish(surface)
    library.cairo_surface_destroy(surface)
    return bytes(written)


# --- pypdf ------------------------------------------------------------------------------------


def of_pypdf(change: Callable[[PdfWriter], object], pages: int = 1) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn(pages))))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_script() -> bytes:
    def change(pdf: PdfWriter) -> None:
        script = DictionaryObject(
            {
                NameObject("/S"): NameObject("/JavaScript"),
                NameObject("/JS"): TextStringObject("app.alert('hello')"),
            }
        )
        pdf.root_object[NameObject("/OpenAction")] = script
        tree = DictionaryObject(
            {NameObject("/Names"): ArrayObject([TextStringObject("a"), script])}
        )
        pdf.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): tree})

    return of_pypdf(change)


def with_enclosed_file() -> bytes:
    return of_pypdf(lambda pdf: pdf.add_attachment("evil.exe", b"MZ"))


def locked(password: str, algorithm: str) -> bytes:
    return of_pypdf(lambda pdf: pdf.encrypt(password, "owner", algorithm=algorithm), 2)


def that_launches() -> bytes:
    def change(pdf: PdfWriter) -> None:
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("cmd.exe")}
        )
        note = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Link"),
                NameObject("/Rect"): pdf.pages[0].mediabox,
                NameObject("/A"): action,
            }
        )
        pdf.pages[0][NameObject("/Annots")] = ArrayObject([note])
        pdf.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): action})
        pdf.root_object[NameObject("/OpenAction")] = action

    return of_pypdf(change)


# --- pikepdf ----------------------------------------------------------------------------------


def of_pikepdf(change: Callable[[pikepdf.Pdf], object], pages: int = 1, **settings: Any) -> bytes:
    with pikepdf.open(io.BytesIO(drawn(pages))) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out, **settings)
        return out.getvalue()


def with_xfa() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=pdf.make_stream(b"<xdp/>"))

    return of_pikepdf(change)


def dynamic_form() -> bytes:
    return of_pikepdf(lambda pdf: pdf.Root.update({"/NeedsRendering": True}))


def with_film() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        film = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 100, 100]))
        film["/RichMediaContent"] = Dictionary(Assets=Dictionary())
        pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(film)])

    return of_pikepdf(change)


def with_hidden_layer() -> bytes:
    """DRAFT, on a layer that is not shown."""

    def change(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Draft")))
        page = pdf.pages[0]
        page.obj.Resources["/Properties"] = Dictionary(L=layer)
        text = b"/OC /L BDC BT /F1 90 Tf 80 300 Td (DRAFT) Tj ET EMC"
        page.contents_add(text)
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))

    return of_pikepdf(change)


# --- by hand ----------------------------------------------------------------------------------


def written(objects: dict[int, bytes], *, before: bytes = b"") -> bytes:
    """A PDF of these objects; 1 is its catalog."""
    out = before + b"%PDF-1.7\n"
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    top = max(objects) + 1
    return out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (top, start)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]/Resources<<>>>>"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    head = b"<</Length %d%s>>" % (len(content), entries)
    return head + b"\nstream\n" + content + b"\nendstream"


def on_one_object(pages: int) -> bytes:
    kids = b"3 0 R " * pages
    tree = b"<</Type/Pages/Count %d/MediaBox[0 0 595 842]/Kids[%s]>>" % (pages, kids)
    return written({1: CATALOG, 2: tree, 3: b"<</Type/Page/Parent 2 0 R>>"})


def in_circles() -> bytes:
    tree = b"<</Type/Pages/Count 1/Kids[2 0 R 2 0 R]>>"
    return written({1: CATALOG, 2: tree})


def deep(levels: int) -> bytes:
    content = b"<</A " * levels + b"1" + b">>" * levels
    page = b"<</Type/Page/Parent 2 0 R/Resources " + content + b">>"
    return written({1: CATALOG, 2: PAGES, 3: page})


def bomb(megabytes: int) -> bytes:
    """A page whose content swells to so many megabytes of spaces when it is unpacked."""
    spaces = b" " * MB
    packer = zlib.compressobj(9)
    head = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)  # depends on nothing before
    total = 1
    for _ in range(megabytes):
        total = zlib.adler32(spaces, total)
    content = head + again * (megabytes - 1) + b"\x03\x00" + total.to_bytes(4, "big")
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
    packed = stream(content, b"/Filter/FlateDecode")
    return written({1: CATALOG, 2: PAGES, 3: page, 4: packed})


def incompressible(size_bytes: int) -> bytes:
    """A page with so many random bytes beside it; nothing makes it smaller."""
    content = random.Random(7).randbytes(size_bytes)
    image = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"
    page = b"<</Type/Page/Parent 2 0 R/Resources<</XObject<</I 4 0 R>>>>>>"
    return written({1: CATALOG, 2: PAGES, 3: page, 4: stream(content, image)})


def truncated(keep: float = 0.8) -> bytes:
    content = drawn(60)
    return content[: int(len(content) * keep)]


def with_wrong_places() -> bytes:
    """Its table of objects is wrong by some bytes."""
    head, found, tail = drawn(3).partition(b"obj")
    return head + found + b"\n% a remark that nobody counted\n" + tail


def after_junk() -> bytes:
    return os.linesep.encode() * 20 + b"X-Mailer: something\r\n" * 20 + drawn(2)
