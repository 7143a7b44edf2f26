"""What must be done before a gateway goes on from an earlier state of itself.

A backup is older than what happened. A document that was under way in it may have been sent since,
and nobody here knows: sent once more, it would be a second letter. So all that was under way is
held for a person, who lets it go or cancels it (docs/howto/backup.md). What channels report late on
documents that were sent is taken in as ever.
"""

from __future__ import annotations

from datetime import datetime

from gateway.audit.chain import NewEntry
from gateway.events import Type
from gateway.lifecycle import NotAllowed, State, change
from gateway.store.port import Direction, Document, NewEvent, Store

CODE = "held.restored"
UNDER_WAY = (State.RECEIVED, State.ROUTING, State.SENDING, State.WAITING)
_PAGE = 200


async def go_on(
    store: Store, made_at: datetime, now: datetime, actor: str, *, nothing_sent: bool
) -> int:
    """Makes a store ready that is in its state of `made_at` again; answers how many are held.

    `nothing_sent`: the gateway has not run since then, so nothing need be held.
    """
    held = 0
    if not nothing_sent:
        held = await hold_all(store, made_at, now, actor)
        await store.leap()
    data = {"state_of": made_at.isoformat(), "held": held, "nothing_sent": nothing_sent}
    await store.audit(NewEntry(actor, "store.restored", "store", "", data), now)
    return held


async def hold_all(store: Store, made_at: datetime, now: datetime, actor: str) -> int:
    """Holds every document under way; answers how many. Doing it again goes on.

    For a store that nobody works on.
    """
    text = (
        f"This gateway was put back to its state of {made_at:%Y-%m-%d %H:%M} UTC. Whether the"
        " document was sent after that is not known here."
    )
    held = 0
    for company in await store.companies():
        of_company = 0
        for state in UNDER_WAY:
            while page := await store.documents(
                company.id, direction=Direction.OUT, state=state, limit=_PAGE
            ):
                moved = [await _hold(store, document, text, now) for document in page.documents]
                of_company += sum(moved)
                if not any(moved):
                    break
        if of_company:
            data = {"held": of_company, "state_of": made_at.isoformat()}
            entry = NewEntry(actor, "documents.held", company.id, company.id, data)
            await store.audit(entry, now)
        held += of_company
    return held


async def _hold(store: Store, document: Document, text: str, now: datetime) -> bool:
    try:
        move = change(document.state, State.HELD, code=CODE, text=text)
        event = NewEvent(Type.HELD, {"code": CODE, "text": text})
        return await store.act(
            document.company_id,
            document.id,
            move,
            now,
            version=document.version,
            job=None,
            events=(event,),
        )
    except NotAllowed:
        return False
