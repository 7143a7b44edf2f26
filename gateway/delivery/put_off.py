"""Reports that had to be put off, because their document was in somebody's hands when they came.

In charge of keeping them until they are taken up: the channel may have let go of them once they
were told. Not in charge of taking them up (`reports`), nor of when (`collect`).

They lie in the channel's register, as entries of the document's company (so that a key ring seals
what they bring): of kind KIND, named `<envelope's key>/<place in line>/<digest of the report's
id>/<piece>`. A report is JSON, cut into pieces that fit an entry.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from gateway.clock import Clock
from gateway.store.port import Store
from gateway.store.register import StoredRegister
from transports.base import (
    Delivered,
    Entry,
    Evidence,
    Paid,
    Recalled,
    Refused,
    Report,
    Sent,
    Verdict,
)

KIND: Final = "put_off"
RETRY: Final = timedelta(seconds=5)  # a document is in somebody's hands for as long as a call takes
PIECE_CHARACTERS: Final = 30_000  # ASCII, each at most two bytes when it is JSON once more: 64 KB
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that waits; None where a piece of it is damaged, which the register has logged."""

    report: Report | None
    pieces: tuple[Entry, ...]  # of which the first says when it is due


class PutOffs:
    """The reports of one channel that wait, those on a delivery in the order they came."""

    def __init__(self, store: Store, clock: Clock, channel: str) -> None:
        self._register = StoredRegister(store, clock, channel)
        self._clock = clock

    async def add(self, company_id: str, report: Report) -> None:
        """Keeps a report, durably; one that is kept already is not kept twice."""
        digest = hashlib.sha256(report.id.encode()).hexdigest()[:32]
        text, now = _written(report), self._clock.now()
        pieces = [text[n : n + PIECE_CHARACTERS] for n in range(0, len(text), PIECE_CHARACTERS)]
        while True:  # each time around another process was quicker
            waiting = await self.of(company_id, report.key)
            names = [each.pieces[0].name.split("/") for each in waiting]
            if any(name[2] == digest for name in names):
                return
            place = int(names[-1][1]) + 1 if names else 0
            entries = [
                Entry(
                    company_id,
                    KIND,
                    f"{report.key}/{place:06}/{digest}/{n:06}",
                    data={"text": piece, "of": len(pieces)},
                    due_at=None if n else now,
                )
                for n, piece in enumerate(pieces)
            ]
            if await self._register.put(entries):
                return

    async def any(self, company_id: str, key: UUID) -> bool:
        """Whether reports on a delivery wait: later ones stay behind them."""
        entries = await self._register.entries(company_id, KIND, after=f"{key}/", limit=1)
        return bool(entries) and entries[0].name.startswith(f"{key}/")

    async def due(self) -> list[tuple[str, UUID]]:
        """Company and key of deliveries whose reports are to be tried now."""
        entries = await self._register.due(KIND, self._clock.now(), _PAGE)
        found = ((entry.company_id, UUID(entry.name.partition("/")[0])) for entry in entries)
        return list(dict.fromkeys(found))

    async def of(self, company_id: str, key: UUID) -> list[Waiting]:
        """All that wait on a delivery."""
        found: dict[str, list[Entry]] = {}
        after = first = f"{key}/"
        while after.startswith(first):
            page = await self._register.entries(company_id, KIND, after=after, limit=_PAGE)
            for entry in page:
                if entry.name.startswith(first):
                    found.setdefault(entry.name.rpartition("/")[0], []).append(entry)
            after = page[-1].name if page else ""
        return [Waiting(_read(pieces), tuple(pieces)) for pieces in found.values()]

    async def drop(self, taken: Waiting) -> None:
        """Lets go of one that was taken up, or that another process has let go of."""
        await self._register.drop(taken.pieces)

    async def postpone(self, waiting: Sequence[Waiting]) -> None:
        """Has them tried again in a while."""
        at = self._clock.now() + RETRY
        await self._register.put([replace(each.pieces[0], due_at=at) for each in waiting])


# --- a report as JSON ---------------------------------------------------------------------------

_OUTCOMES: Final = {kind.__name__: kind for kind in (Delivered, Sent, Refused, Paid, Recalled)}


def _written(report: Report) -> str:
    outcome = report.outcome
    data: dict[str, Any] = {
        "key": str(report.key),
        "id": report.id,
        "outcome": type(outcome).__name__,
        "verdict": asdict(outcome.verdict),
        "evidence": [
            {
                **asdict(each),
                "content": base64.b64encode(each.content).decode(),
                "at": each.at.isoformat(),
            }
            for each in outcome.evidence
        ],
    }
    if isinstance(outcome, Delivered | Sent):
        data["more"] = {"reference": outcome.reference}
    if isinstance(outcome, Sent):
        until = outcome.until and outcome.until.isoformat()
        data["more"] |= {"expects": outcome.expects, "until": until}
    return json.dumps(data)


def _read(pieces: Sequence[Entry]) -> Report | None:
    """The report; None where a piece of it is missing."""
    if len(pieces) < pieces[0].data["of"] or not pieces[0].name.endswith("/000000"):
        return None
    data = json.loads("".join(piece.data["text"] for piece in pieces))
    more = dict(data.get("more", {}))
    if more.get("until"):
        more["until"] = datetime.fromisoformat(more["until"])
    evidence = tuple(
        Evidence(
            each["kind"],
            each["media_type"],
            base64.b64decode(each["content"]),
            datetime.fromisoformat(each["at"]),
        )
        for each in data["evidence"]
    )
    outcome = _OUTCOMES[data["outcome"]](Verdict(**data["verdict"]), evidence, **more)
    return Report(UUID(data["key"]), outcome, data["id"])
