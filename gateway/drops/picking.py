"""Which files in a folder are whole, and which of them belong together.

A file is whole when it has looked the same for a while, by our clock and whatever the file says of
its own time: whoever still writes to it changes its size or its time. What is named as something
that is being written (`.tmp`, `.part`) is not looked at, and neither is what it will belong to.

Files with the same stem are one document: `4711.xml` and, beside it, `4711.pdf`. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.drops.place import Kind, Seen

# So many are kept an eye on at a time, those that came first; the next when these are taken.
WINDOW: Final = 500

# What programs call a file that they are still writing.
UNFINISHED: Final = (".tmp", ".part", ".partial", ".filepart", ".crdownload")

# What is a document beside other files. A PDF is one where nothing else of its stem is.
_DOCUMENTS: Final = (".xml", ".json", ".zip", ".eml")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A document and the files beside it. `several`: nobody can tell whose these are, since there
    is more than one document of the stem."""

    document: Seen
    attachments: tuple[Seen, ...] = ()
    several: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the folder says. `known` is to be handed in with the next: since when what
    is there has looked as it does. `waiting` are the files that are there, whole or not."""

    ready: tuple[Bundle, ...]
    known: Mapping[str, str] = field(default_factory=dict)
    waiting: int = 0
    oldest: datetime | None = None  # of those that are kept an eye on


def look(there: Sequence[Seen], known: Mapping[str, str], now: datetime, settle: timedelta) -> Look:
    """What is ready to be taken, the longest there first."""
    stems: dict[str, list[Seen]] = defaultdict(list)
    unfinished: set[str] = set()
    for seen in there:
        ending = next((each for each in UNFINISHED if seen.name.lower().endswith(each)), None)
        if ending is not None:
            unfinished.add(_stem(seen.name[: -len(ending)]))
        elif not seen.name.startswith("~$"):  # what Office leaves beside an open file
            stems[_stem(seen.name)].append(seen)
    finished = [seen for group in stems.values() for seen in group]
    window = sorted(finished, key=_age)[:WINDOW]
    since: dict[str, datetime] = {}
    ready: list[Bundle] = []
    for stem in dict.fromkeys(_stem(seen.name) for seen in window):
        group = sorted(stems[stem], key=_age)
        for seen in group:
            since[seen.fingerprint] = _since(known.get(seen.fingerprint), now)
        whole = all(now - since[seen.fingerprint] >= settle for seen in group)
        if whole and stem not in unfinished:
            ready += _bundles(group)
    return Look(
        tuple(ready),
        {fingerprint: at.isoformat() for fingerprint, at in since.items()},
        len(finished),
        min(since.values(), default=None),
    )


def _since(known: str | None, now: datetime) -> datetime:
    """A time to come is of a clock that was set back."""
    return now if known is None else min(datetime.fromisoformat(known), now)


def _age(seen: Seen) -> tuple[int, str]:
    return seen.modified, seen.name


def _stem(name: str) -> str:
    """Without its ending, and as Windows compares names."""
    stem, dot, _ = name.rpartition(".")
    return (stem if dot and stem else name).casefold()


def _bundles(group: Sequence[Seen]) -> Iterable[Bundle]:
    files = [seen for seen in group if seen.kind is Kind.FILE]
    alone = [Bundle(seen) for seen in group if seen.kind is not Kind.FILE]
    documents = [seen for seen in files if seen.name.lower().endswith(_DOCUMENTS)]
    if not documents:
        pdfs = [seen for seen in files if seen.name.lower().endswith(".pdf")]
        documents = pdfs if len(pdfs) == 1 else files
    beside = tuple(seen for seen in files if seen not in documents)
    if len(documents) > 1 and beside:
        return [*alone, *(Bundle(seen, several=True) for seen in files)]
    if len(documents) == 1:
        return [*alone, Bundle(documents[0], tuple(sorted(beside, key=lambda each: each.name)))]
    return [*alone, *map(Bundle, documents)]
