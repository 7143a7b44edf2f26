"""Bad files, what can be done about them, and what comes of that: of what came in and what goes
out. Pure.

In charge of the choices and of saying beforehand what each does, by the functions that do it
(`gateway.inbound.verbs`, `gateway.delivery.repair`). Not in charge of doing it (`mending`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.delivery import repair
from gateway.delivery.fetches import Fetch, Fetches, shown_url
from gateway.inbound import verbs
from gateway.inbound.files import Held, named
from gateway.lifecycle import InboxState, State
from gateway.store.inbox import Item
from gateway.store.port import Document
from transports.base import File


class Way(StrEnum):
    """What can be done about a bad file."""

    REPLACE = "replace"  # in: another is handed out in its place
    STRIP = "strip"  # in: it is taken out of the document
    LEAVE_OUT = "leave_out"  # in: the document goes without it; out: it is sent without it
    AGAIN = "again"  # in: it is looked at once more
    HAND_IN = "hand_in"  # out: here it is
    FETCH = "fetch"  # out: it is asked for again, at another address where one is given
    HOLD = "hold"  # in: the document is kept back
    RELEASE = "release"  # in: it is looked at once more, and handed out


IN: Final = (Way.REPLACE, Way.STRIP, Way.LEAVE_OUT, Way.AGAIN)
OUT: Final = (Way.HAND_IN, Way.FETCH, Way.LEAVE_OUT)
HOW: Final[Mapping[Way, verbs.How]] = {
    Way.STRIP: "strip",
    Way.LEAVE_OUT: "leave_out",
    Way.AGAIN: "again",
}
WITH_FILE: Final = frozenset({Way.REPLACE, Way.HAND_IN})


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file. `address`: where it was to be fetched, without what may be a secret; `bad`: something
    is wrong with it that nobody has seen to; `ways`: what can be done about that."""

    n: int
    name: str
    media_type: str | None
    size_bytes: int | None
    place: str  # embedded, beside, fetched
    address: str | None
    sha256: str | None
    code: str | None
    text: str | None
    done: str | None
    bad: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What something comes to: what is touched, and the state that the document is in then."""

    files: tuple[str, ...]
    state: InboxState | State
    text: str


@dataclass(frozen=True, slots=True)
class No:
    """It can not be done; the text says why."""

    text: str


def came(item: Item, held: Sequence[Held]) -> tuple[FileRow, ...]:
    """The files of a document that came in."""
    ways = IN if item.state is InboxState.ATTACHMENT_ERROR else ()
    return tuple(
        FileRow(
            *(n, name, file.media_type, file.size_bytes, file.place, None, file.sha256),
            *(file.code, file.text, file.done, file.bad, ways if file.bad else ()),
        )
        for n, (file, name) in enumerate(zip(held, named(held), strict=True))
    )


def wanted(document: Document, fetches: Fetches) -> tuple[FileRow, ...]:
    """The files that a document that goes out names by address."""
    ways = OUT if document.state in (State.WAITING, State.HELD) else ()
    return tuple(_fetch_row(n, fetch, ways) for n, fetch in enumerate(fetches))


def _fetch_row(n: int, fetch: Fetch, ways: tuple[Way, ...]) -> FileRow:
    file = fetch.file
    return FileRow(
        n,
        file.name if file else fetch.called,
        file.media_type if file else fetch.media_type,
        None,
        "fetched",
        shown_url(fetch.url),
        file.sha256 if file else fetch.sha256,
        fetch.code,
        fetch.text,
        None if fetch.missing else fetch.status.value,
        fetch.missing,
        ways if fetch.missing else (),
    )


def foreseen_in(
    item: Item, held: Sequence[Held], way: Way, attachment: int | None, now: datetime
) -> Foreseen | No:
    """What doing this to a document that came in comes to."""
    match way:
        case Way.HOLD:
            decided = verbs.held(item, "", now)
        case Way.RELEASE:
            decided = verbs.released(item, "", now)
        case Way.REPLACE if attachment is not None and attachment < len(held):
            nothing = verbs.Replacement(attachment, File("", "", b""))
            decided = verbs.repaired(item, held, nothing, "", None, now)
        case Way.STRIP | Way.LEAVE_OUT | Way.AGAIN:
            decided = verbs.repaired(item, held, HOW[way], "", attachment, now)
        case _:
            return No("There is no such file to do this to.")
    if isinstance(decided, verbs.Denied):
        return No(decided.text)
    touched = decided.events[0].data.get("attachments", ())
    names = named(held)
    text = "" if way is Way.HOLD else decided.change.text
    return Foreseen(tuple(names[n] for n in touched), decided.change.after, text)


def foreseen_out(
    document: Document, fetches: Fetches, way: Way, attachment: int | None, now: datetime
) -> Foreseen | No:
    """What doing this to a document that goes out comes to."""
    how: repair.How
    match way:
        case Way.HAND_IN:
            how = repair.HandIn(None, "", b"", "")
        case Way.FETCH:
            how = repair.FetchAgain()
        case Way.LEAVE_OUT:
            how = repair.LeaveOut()
        case _:
            return No("This can not be done to a document that goes out.")
    decided = repair.decide(document, fetches, how, "", attachment, now)
    if isinstance(decided, repair.NotRepaired):
        return No(decided.text)
    touched = [fetches[n].called for n in decided.events[0].data["attachments"]]
    return Foreseen(tuple(touched), decided.change.after, decided.change.text)
