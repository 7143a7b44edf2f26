"""The invoice and its attachments as one PDF. Pure: bytes in, bytes and an account out.

In charge of the order, of the limits and of leaving out what can not be merged. The files
themselves are never changed. Work for a process of its own (`bounds`): these are strangers' files.
Source: docs/explain/pdf.md.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum

import pikepdf

from gateway.pdf import leaf
from gateway.pdf.bounds import INPUT_BYTES, PAGES
from gateway.pdf.layers import Layers
from gateway.pdf.shrink import shrink
from gateway.pdf.source import REFUSALS, Apart, Source, Why, read


class Unmerged(StrEnum):
    """Why there is no merged PDF."""

    NOTHING_TO_MERGE = "nothing_to_merge"  # no attachment could be
    TOO_LARGE = "too_large"
    BAD_INVOICE = "bad_invoice"  # the invoice's own image
    TOO_MUCH_WORK = "too_much_work"


@dataclass(frozen=True, slots=True)
class Merged:
    """One PDF. Files go by their place in what was given, from 0: the invoice's image.

    `apart` stay by themselves; `repaired` were broken, and what could be saved of them is merged.
    `shrunk`: the steps it took to fit.
    """

    content: bytes = field(repr=False)
    pages: int
    taken: tuple[int, ...]
    apart: tuple[tuple[int, Why], ...] = ()
    repaired: tuple[int, ...] = ()
    shrunk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotMerged:
    """Every file stays by itself. `size_bytes` is how small it could be made, when too large."""

    why: Unmerged
    apart: tuple[tuple[int, Why], ...] = ()
    size_bytes: int = 0


def merge(files: Sequence[bytes], limit_bytes: int) -> Merged | NotMerged:
    """The first file (the invoice's image), then the others in their order, in at most
    `limit_bytes` and PAGES pages."""
    size = sum(map(len, files))
    if size > INPUT_BYTES:
        return NotMerged(Unmerged.TOO_LARGE, size_bytes=size)
    with pikepdf.new() as into, ExitStack() as opened:
        return _merged(files, limit_bytes, into, opened)


def _merged(
    files: Sequence[bytes], limit_bytes: int, into: pikepdf.Pdf, opened: ExitStack
) -> Merged | NotMerged:
    layers = Layers(into)
    apart: list[tuple[int, Why]] = []
    taken: dict[int, Source] = {}
    for n, content in enumerate(files):
        before = len(into.pages)
        try:
            source = read(content)
            opened.enter_context(source.pdf)
            if before + len(source.pages) > PAGES:
                raise Apart(Why.TOO_MANY_PAGES)
            _append(into, source, layers)
        except Apart as reason:
            del into.pages[before:]
            if n == 0:
                return NotMerged(Unmerged.BAD_INVOICE)
            apart.append((n, reason.why))
        else:
            taken[n] = source
    if len(taken) < 2:
        return NotMerged(Unmerged.NOTHING_TO_MERGE, tuple(apart))
    layers.write()
    small = shrink(_written(into), limit_bytes)
    if len(small.content) > limit_bytes:
        return NotMerged(Unmerged.TOO_LARGE, tuple(apart), len(small.content))
    repaired = tuple(n for n, source in taken.items() if source.repaired())
    return Merged(
        *(small.content, len(into.pages), tuple(taken)),
        *(tuple(apart), repaired, small.steps),
    )


def _append(into: pikepdf.Pdf, source: Source, layers: Layers) -> None:
    try:
        for page in source.pages:
            leaf.strip(page)
        into.pages.extend(source.pages)
        layers.take(source.pdf)
    except REFUSALS:
        raise Apart(Why.BROKEN) from None


def _written(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(
        out,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,  # no bomb goes off
    )
    return out.getvalue()
