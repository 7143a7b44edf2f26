"""What of a document's journey is charged: the rules.

In charge of which events make a charge and which take one back. Not in charge of what it costs
(`prices`) nor of writing it down (`charging`). Pure.

One charge for each leg that has carried the document, whatever it took: a leg is one channel in one
round of the plan, so tries and repeats of a try are one, and what a person had sent once more
(`resend`, `reroute`, `retry` after a failure) is another, because it is carried once more. A leg is
charged

- when there is proof of delivery, at once or in a later report; or
- when its channel has taken responsibility and owes nothing more (`expects` is null): no proof will
  ever come (an e-mail that the recipient's server has taken, a message over a network that promises
  no status), and the work is done. A person who counts an unknown outcome as sent says the same.

A channel that owes a report and never brings it is not charged: nobody knows that it did its work.
What comes back after it was charged is taken back by a row of its own; what its sender has recalled
had been delivered, and stays charged. A document that came in is charged when it lies in the inbox.
What was refused before it was carried costs nothing, then or later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.delivery.outcome import Result
from gateway.events import Type
from gateway.store.port import Event

IN: Final = "in"
BACK: Final = "/back"

# A leg that ended so was never carried.
_CLOSED: Final = (Result.REFUSED, Result.UNREACHABLE)

# A document with none of these has nothing new to charge or to take back.
COUNTING: Final = frozenset({Type.REPORTED, Type.SENT, Type.DELIVERED, Type.ARRIVED})


@dataclass(frozen=True, slots=True)
class Counted:
    """A leg that is charged (or `back`: taken back), or what came in. `id` is the same whenever it
    is counted."""

    id: str
    channel: str
    at: datetime
    back: bool = False

    @property
    def of(self) -> str:
        """The id of the charge that it takes back."""
        return self.id.removesuffix(BACK)


def counted(
    document_id: str, events: Iterable[Event], charged: Collection[str] = ()
) -> tuple[Counted, ...]:
    """What is charged by a document's events, in their order. `charged` are ids that were charged
    by events that may be kept no longer."""
    found: dict[str, Counted] = {}
    closed: set[int] = set()
    last: dict[str, int] = {}  # by channel, the leg that was spoken of last
    for event in events:
        data = event.data
        if event.type == Type.ARRIVED:
            id_ = f"{document_id}/{IN}"
            found.setdefault(id_, Counted(id_, data["channel"], event.at))
        elif event.type in (Type.ATTEMPTED, Type.REPORTED):
            channel = data["channel"]
            leg = last[channel] = int(data["leg"])
            id_ = f"{document_id}/{leg}"
            if data["outcome"] == Result.DELIVERED and leg not in closed:
                found.setdefault(id_, Counted(id_, channel, event.at))
            elif data["outcome"] in _CLOSED:
                closed.add(leg)
                if id_ in found or id_ in charged:
                    back = f"{id_}{BACK}"
                    found.setdefault(back, Counted(back, channel, event.at, back=True))
        elif event.type == Type.SENT and data.get("expects") is None:
            channel = data["channel"]
            if channel in last and last[channel] not in closed:
                id_ = f"{document_id}/{last[channel]}"
                found.setdefault(id_, Counted(id_, channel, event.at))
    return tuple(found.values())
