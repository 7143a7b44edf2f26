"""The chain of audit entries: how an entry is written as bytes, hashed, and checked.

In charge of the form alone, so that anybody can check a chain without this program
(docs/reference/audit.md). Not in charge of storing (`gateway.store`).

The canonical form of an entry is the JSON object of its members `action`, `actor`, `at`, `company`,
`data`, `previous`, `seq` and `subject`, by RFC 8785: UTF-8, members sorted, no white space. `data`
has text, whole numbers, booleans, null, lists and objects with ASCII names only, which keeps the
hard parts of RFC 8785 (floating point, sorting by UTF-16) out of it.
`hash` is the SHA-256 of that, in hex; `previous` is the `hash` of the entry before, and 64 zeros in
the first one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64
MOST_BYTES = 64 * 1024  # of one entry's data: an entry tells what was done, it does not keep files

# The entry that says that older ones were taken away, and seals what they had been.
CUT = "audit.cut"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something that was done. `actor`: who, `key:<label>` or `operator:<login>` or `gateway`;
    `action`: what, a dotted name; `subject`: to what, an id or a name; `company_id`: whose, empty
    when it is nobody's. `data` holds no secret and no personal number."""

    actor: str
    action: str
    subject: str
    company_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def reasoned(data: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """An entry's data with the reason that was given for it, if there was one."""
    return {**data, "reason": reason} if reason else dict(data)


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with its time, to be written in the transaction of what it tells."""

    entry: NewEntry
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the chain. `data` is the canonical JSON of its data, as it was hashed."""

    seq: int  # from 1, without gaps
    at: datetime
    actor: str
    action: str
    subject: str
    company_id: str
    data: str
    previous: str
    hash: str

    def as_data(self) -> dict[str, Any]:
        """All that its hash is made of, and the hash: as lists of entries print it."""
        return {
            "seq": self.seq,
            "at": instant(self.at),
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "company": self.company_id,
            "data": json.loads(self.data),
            "previous": self.previous,
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: what to write down elsewhere, since it fixes all before it."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


EMPTY = Head(0, FIRST)


def canonical(value: Any) -> bytes:
    """The one way a value is written as bytes. Raises ValueError for what has no such form."""
    _check(value)
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    )
    return text.encode("utf-8")


def _check(value: Any) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) >= 2**53:
                raise ValueError(f"{value} is larger than what every JSON reader keeps exactly")
        case Mapping():
            for name, inner in value.items():
                if not (isinstance(name, str) and name.isascii()):
                    raise ValueError(f"{name!r} is no ASCII name")
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")


def follow(head: Head, new: NewEntry, at: datetime) -> Entry:
    """The entry that comes after `head`. Raises ValueError when its data has no canonical form."""
    data = canonical(dict(new.data)).decode()
    if len(data) > MOST_BYTES:
        raise ValueError(f"an audit entry has at most {MOST_BYTES} bytes of data, not {len(data)}")
    entry = Entry(
        head.seq + 1,
        at.astimezone(UTC),
        new.actor,
        new.action,
        new.subject,
        new.company_id,
        data,
        head.hash,
        "",
    )
    return replace(entry, hash=digest(entry))


def digest(entry: Entry) -> str:
    """What the hash of an entry must be."""
    return hashlib.sha256(
        canonical(
            {
                "action": entry.action,
                "actor": entry.actor,
                "at": instant(entry.at),
                "company": entry.company_id,
                "data": json.loads(entry.data),
                "previous": entry.previous,
                "seq": entry.seq,
                "subject": entry.subject,
            }
        )
    ).hexdigest()


def instant(at: datetime) -> str:
    """A time as it stands in the canonical form: UTC, always six digits of the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- checking -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not what it should be, and why."""

    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Every entry read is as it was written: how many, from which on, and the newest."""

    entries: int
    first: int
    head: Head


def sealed(through: int, hash_: str) -> bytes:
    """The bytes that are signed when entries up to `through` are taken away."""
    return f"budkavle audit cut\n{through}\n{hash_}\n".encode()


async def verify(
    entries: AsyncIterable[Sequence[Entry]],
    *,
    sealed_by: Callable[[bytes, bytes], bool],
    noted: Sequence[Head] = (),
    from_seq: int = 1,
) -> Whole | Broken:
    """Reads a chain in pages, oldest first, and checks it; memory does not grow with it.

    A chain that begins later than `from_seq` must have a later entry CUT that seals what was taken
    away; `sealed_by` says whether a signature over given bytes is the gateway's. `noted` are heads
    that were written down elsewhere: each must be met, unless it was cut.
    """
    head: Head | None = None
    first: Head | None = None  # what came before the first entry read
    seal_found = False
    wanted = {note.seq: note.hash for note in noted}
    count = 0
    async for page in entries:
        for entry in page:
            if head is None:
                first = head = Head(entry.seq - 1, entry.previous)
                if entry.seq < from_seq or (entry.seq == 1 and entry.previous != FIRST):
                    return Broken(entry.seq, "it does not begin as the first entry of a chain does")
            assert first is not None
            why = _fault(head, entry)
            if why is None and wanted.get(entry.seq, entry.hash) != entry.hash:
                why = "it is not the entry that was noted: the chain was written anew"
            if why is None and entry.action == CUT:
                sealing = _seals(entry, first, sealed_by)
                if sealing is False:
                    why = "the seal of the entries that were cut off is not the gateway's"
                seal_found = seal_found or sealing is True
            if why is not None:
                return Broken(entry.seq, why)
            wanted.pop(entry.seq, None)
            head = Head(entry.seq, entry.hash)
            count += 1
    if head is None or first is None:
        missing = min(wanted, default=0)
        if missing or from_seq > 1:
            return Broken(missing or from_seq, "it is not there: the chain is empty")
        return Whole(0, 1, EMPTY)
    if first.seq >= from_seq and not seal_found:
        return Broken(from_seq, "it is not there, and no entry says that it was cut off")
    late = [seq for seq in wanted if seq > head.seq]
    if late:
        return Broken(min(late), "it was noted and is not there: the newest entries were removed")
    return Whole(count, first.seq + 1, head)


def _fault(head: Head, entry: Entry) -> str | None:
    if entry.seq != head.seq + 1:
        return f"entry {head.seq + 1} should stand there: entries are missing"
    if entry.previous != head.hash:
        return "its `previous` is not the hash of the entry before"
    try:
        data = canonical(json.loads(entry.data)).decode()
    except ValueError:
        return "its data is not JSON of the kind that is hashed"
    if data != entry.data or digest(entry) != entry.hash:
        return "its hash is not that of what it says: it was changed"
    return None


def seals_before(cut: Entry, oldest: Entry, sealed_by: Callable[[bytes, bytes], bool]) -> bool:
    """Whether a CUT entry seals all that stood before the oldest entry that is there."""
    return _seals(cut, Head(oldest.seq - 1, oldest.previous), sealed_by) is True


def _seals(entry: Entry, first: Head, sealed_by: Callable[[bytes, bytes], bool]) -> bool | None:
    """Whether a CUT entry seals what stood before the first entry; None: it is about older ones.

    False: its signature is wrong, or it says another hash.
    """
    data = json.loads(entry.data)
    try:
        through, hash_ = int(data["through"]), str(data["hash"])
        signature = bytes.fromhex(data["signature"])
    except (KeyError, TypeError, ValueError):
        return False
    if not sealed_by(sealed(through, hash_), signature):
        return False
    if through != first.seq:
        return None
    return hash_ == first.hash
