"""The files of a document that came in: what is wrong with each, and what was done about it.

In charge of the record (`Role.FILES`) and of what is handed out by it. Not in charge of judging a
file (`gateway.inbound.looking`), nor of the verbs (`gateway.inbound.repair`). Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

from gateway.intake.attachment import distinct, safe_name
from gateway.store.port import NewPart, Role
from transports.base import File
from validators.findings import Finding

EMBEDDED: Final = "embedded"
BESIDE: Final = "beside"

Done = Literal["replaced", "stripped", "left_out"]
# The code of a file that is named so: `attachment.virus`, `attachment.forbidden` ...
NOT_OPENED: Final = "attachment.not_opened"


@dataclass(frozen=True, slots=True)
class Held:
    """A file. `place`: inside the document, or beside it. `code` and `text` say what is wrong with
    it, `done` what a person did about that; `by` is the hash of the file that took its place."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    place: str
    code: str | None = None
    text: str | None = None
    done: Done | None = None
    by: str | None = None

    @classmethod
    def of(cls, file: File, place: str, fault: Finding | None) -> Held:
        """The record of a file, with what is wrong with it."""
        code = None if fault is None else _code(fault.rule)
        return cls(
            safe_name(file.name) or "attachment",
            file.media_type,
            hashlib.sha256(file.content).hexdigest(),
            len(file.content),
            place,
            code,
            None if fault is None else fault.text,
        )

    @property
    def bad(self) -> bool:
        """Whether something is wrong with it that nobody has seen to."""
        return self.code is not None and self.done is None

    def with_fault(self, code: str, text: str) -> Held:
        """The same, with something wrong."""
        return self if self.code is not None else replace(self, code=code, text=text)


def _code(rule: str) -> str:
    return "attachment." + rule.removeprefix("GUARD-ATTACHMENT-").lower()


def part(files: Sequence[Held]) -> NewPart:
    """The record, to be stored."""
    content = json.dumps([asdict(file) for file in files], ensure_ascii=False).encode()
    return NewPart(Role.FILES, "files.json", "application/json", content)


def recorded(content: bytes | None) -> tuple[Held, ...]:
    """The record as it was stored; nothing where none was."""
    return tuple(Held(**file) for file in json.loads(content or b"[]"))


def kept(before: Sequence[Held], now: Sequence[Held]) -> tuple[Held, ...]:
    """What is seen now, with what was done about the same files before."""
    done = {(file.sha256, file.place): file for file in before if file.done is not None}
    return tuple(
        replace(file, done=was.done, by=was.by, name=was.name)
        if (was := done.get((file.sha256, file.place))) is not None and file.code is not None
        else file
        for file in now
    )


def named(files: Sequence[Held]) -> tuple[str, ...]:
    """A name for each that no other has."""
    names: list[str] = []
    for file in files:
        names.append(distinct(file.name, names))
    return tuple(names)
