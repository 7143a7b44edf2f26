"""The one PDF that a channel wants instead of many files: made once, the same on every attempt.

In charge of what is written down of it: the PDF, a record for the next attempt, and an event for
people. Not in charge of merging itself (`bindery`) nor of where it is stored (`papers`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import assert_never

from gateway.delivery.bindery import Bindery
from gateway.events import Type
from gateway.pdf.bounds import PAGES
from gateway.pdf.merge import Merged, NotMerged, Unmerged
from gateway.pdf.source import Why
from gateway.store.port import NewEvent, NewPart, Role
from transports import base
from transports.base import File

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of the files for a channel: the MERGER part. `sha256` None: nothing was merged.

    `taken`, `apart` and `repaired` are places among the attachments, from 0.
    """

    channel: str
    code: str
    text: str
    sha256: str | None
    pages: int
    taken: tuple[int, ...]
    apart: tuple[int, ...]
    repaired: tuple[int, ...]
    shrunk: tuple[str, ...]

    def part(self) -> NewPart:
        """The part to be stored."""
        content = json.dumps(asdict(self), ensure_ascii=False).encode()
        return NewPart(Role.MERGER, f"merged-{self.channel}.json", "application/json", content)

    @classmethod
    def read(cls, content: bytes) -> Record:
        """The record back from its part."""
        lists = ("taken", "apart", "repaired", "shrunk")
        data = json.loads(content)
        return cls(**data | {name: tuple(data[name]) for name in lists})

    def enclosed(self, content: bytes, name: str, attachments: Sequence[File]) -> base.Merged:
        """What the channel gets."""
        apart = tuple(attachments[n] for n in self.apart)
        return base.Merged(File(name, PDF, content), self.pages, apart)


@dataclass(frozen=True, slots=True)
class Made:
    """What was merged just now and still has to be stored."""

    parts: tuple[NewPart, ...]
    event: NewEvent


@dataclass(frozen=True, slots=True)
class Merging:
    """How a channel wants it: one PDF of at most `limit_bytes`."""

    channel: str
    limit_bytes: int
    bindery: Bindery

    async def make(
        self, image: File, attachments: Sequence[File]
    ) -> tuple[Record, bytes | None, Made]:
        """Merges them, or says why not."""
        files = [image.content, *(file.content for file in attachments)]
        made = await self.bindery.bind(files, self.limit_bytes)
        record = recorded(made, self.channel, self.limit_bytes, attachments)
        parts, content = [record.part()], None
        if isinstance(made, Merged):
            content = made.content
            parts.append(NewPart(Role.MERGED, image.name, PDF, content))
        return record, content, Made(tuple(parts), _event(record, made, attachments))


def recorded(
    made: Merged | NotMerged, channel: str, limit_bytes: int, attachments: Sequence[File]
) -> Record:
    """The record of what became of the files."""
    apart = tuple(n - 1 for n, _ in made.apart)
    told = [f"{attachments[n - 1].name} stays by itself: {_BECAUSE[why]}." for n, why in made.apart]
    match made:
        case Merged():
            taken = tuple(n - 1 for n in made.taken if n)
            repaired = tuple(n - 1 for n in made.repaired if n)
            what = f"The invoice and {_files(len(taken))} are one PDF of {_pages(made.pages)}."
            told += [
                f"{attachments[n].name} was damaged, and what could be saved of it was merged."
                for n in repaired
            ]
            if made.shrunk:
                told.append("It was made smaller to fit; what it shows is the same.")
            code = "merge.partly" if apart else "merge.merged"
            text = " ".join((what, *told))
            digest = sha256(made.content).hexdigest()
            return Record(
                *(channel, code, text, digest, made.pages, taken, apart, repaired, made.shrunk)
            )
        case NotMerged():
            text = " ".join((_not_merged(made, limit_bytes), *told))
            return Record(channel, f"merge.{made.why}", text, None, 0, (), apart, (), ())
        case _:
            assert_never(made)


def _event(record: Record, made: Merged | NotMerged, attachments: Sequence[File]) -> NewEvent:
    data = {
        "channel": record.channel,
        "code": record.code,
        "text": record.text,
        "pages": record.pages,
        "merged": [attachments[n].name for n in record.taken],
        "apart": [
            {"name": attachments[n - 1].name, "code": f"merge.{why}"} for n, why in made.apart
        ],
        "shrunk": list(record.shrunk),
    }
    return NewEvent(Type.MERGED, data)


def _not_merged(made: NotMerged, limit_bytes: int) -> str:
    match made.why:
        case Unmerged.NOTHING_TO_MERGE:
            return "Nothing was merged: no attachment can be."
        case Unmerged.TOO_LARGE:
            return (
                f"Nothing was merged: all together take {made.size_bytes:,} bytes, and at most"
                f" {limit_bytes:,} may go."
            )
        case Unmerged.BAD_INVOICE:
            return "Nothing was merged: the invoice's own PDF can not be read."
        case Unmerged.TOO_MUCH_WORK:
            return "Nothing was merged: it took more time or memory than such a thing may."
        case _:
            assert_never(made.why)


_BECAUSE = {
    Why.NOT_A_PDF: "it is neither a PDF nor an image",
    Why.PASSWORD: "it opens only with a password",
    Why.BROKEN: "it is broken",
    Why.DYNAMIC_FORM: "it is a form that only one program shows",
    Why.TOO_MANY_PAGES: f"with it there would be more than {PAGES} pages",
    Why.TOO_MUCH_WORK: "to read it takes more time or memory than it may",
}


def _files(count: int) -> str:
    return "1 attachment" if count == 1 else f"{count} attachments"


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
