"""Makes a PDF smaller without changing a pixel, one step after the other until it fits.

In charge of the steps and their order: the cheapest first. Pure. Images are never made coarser:
what does not fit without that goes another way.
"""

from __future__ import annotations

import binascii
import io
from base64 import a85decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pikepdf
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

# What pypdf and pikepdf raise when something in a file is not what it should be.
_STUMBLES: Final = (
    PyPdfError,
    pikepdf.PdfError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The last result, and the steps that were taken."""

    content: bytes
    steps: tuple[str, ...]


def shrink(content: bytes, limit_bytes: int) -> Shrunk:
    """The same pages in at most `limit_bytes`, or as few as there is a way to."""
    taken: list[str] = []
    for name, step in STEPS.items():
        if len(content) <= limit_bytes:
            break
        try:
            smaller = step(content)
        except _STUMBLES:  # over what stands where nothing needs it: the other steps may not
            continue
        if len(smaller) < len(content):
            content = smaller
            taken.append(name)
    return Shrunk(content, tuple(taken))


def _without_text_filters(content: bytes) -> bytes:
    """ASCII85 and hexadecimal make five bytes of four and two of one, for wires of the past."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                _bare(thing)
        return _saved(pdf, pikepdf.ObjectStreamMode.preserve)


def _bare(stream: pikepdf.Stream) -> None:
    names = stream.get("/Filter")
    filters = [] if names is None else [names] if isinstance(names, pikepdf.Name) else list(names)
    settings = stream.get("/DecodeParms")
    after = list(settings) if isinstance(settings, pikepdf.Array) else []
    raw, bared = stream.read_raw_bytes(), 0
    for name in filters:
        decode = _TEXT_FILTERS.get(str(name))
        if decode is None:
            break
        try:
            raw = decode(raw)
        except ValueError:  # a reader may still make something of it
            return
        bared += 1
    if not bared:
        return
    kept, kept_settings = filters[bared:], after[bared:]
    if not after and settings is not None and kept:
        kept_settings = [settings]
    stream.write(
        raw,
        filter=pikepdf.Array(kept) if kept else None,
        decode_parms=pikepdf.Array(kept_settings) if kept_settings else None,
    )


def _ascii85(raw: bytes) -> bytes:
    text = raw.strip().removeprefix(b"<~")
    return a85decode(text.partition(b"~")[0])


def _hexadecimal(raw: bytes) -> bytes:
    digits = b"".join(raw.partition(b">")[0].split())
    return binascii.unhexlify(digits + b"0" * (len(digits) % 2))


_TEXT_FILTERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "/ASCII85Decode": _ascii85,
    "/A85": _ascii85,
    "/ASCIIHexDecode": _hexadecimal,
    "/AHx": _hexadecimal,
}


def _without_duplicates(content: bytes) -> bytes:
    """Fonts and logos that every file brings along, kept once: those that look like others once
    what they refer to is kept once."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    for _ in range(3):  # the streams, their dictionaries, what holds these
        writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _in_object_streams(content: bytes) -> bytes:
    """Small objects packed together (PDF 1.5), and streams that were not packed at all."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return _saved(pdf, pikepdf.ObjectStreamMode.generate)


def _packed_again(content: bytes) -> bytes:
    """All that can be unpacked without loss, packed as tightly as it goes."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return _saved(pdf, pikepdf.ObjectStreamMode.generate, again=True)


def _saved(pdf: pikepdf.Pdf, mode: pikepdf.ObjectStreamMode, *, again: bool = False) -> bytes:
    levels = pikepdf.StreamDecodeLevel
    out = io.BytesIO()
    pdf.save(
        out,
        object_stream_mode=mode,
        compress_streams=True,
        recompress_flate=again,
        stream_decode_level=levels.generalized if again else levels.none,
    )
    return out.getvalue()


STEPS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "text_filters": _without_text_filters,
    "duplicates": _without_duplicates,
    "object_streams": _in_object_streams,
    "recompressed": _packed_again,
}
