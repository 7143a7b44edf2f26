"""Service mail to people: invitations, reminders to sign, notices. Queued durably, sent by SMTP.

In charge of what waits, what is tried again and when it is given up. Not in charge of the words
(`letters`), nor of SMTP (`transports.email.service`).

A crash between handing a mail over and writing that down sends it once more, and so does a mail
server that never says whether it has it: a person who reads the same notice twice is not harmed,
one who never gets the invitation is. (An invoice is held instead: it may be paid twice.) It is the
same message by its id, so that many mailboxes show it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import NAMESPACE_URL, uuid5

import structlog

from gateway.clock import Clock
from gateway.delivery.backoff import Backoff
from gateway.store.port import Again, Checkpoint, Done, Job, NewJob, Store
from gateway.store.register import StoredRegister
from transports.base import Entry, Outcome, Refused, Sent
from transports.email.address import fault
from transports.email.service import Note

log = structlog.get_logger()

KIND: Final = "post"  # of the job, and its lane

KEPT: Final = timedelta(days=30)  # so long a key is known
# As long as mail servers try. A one-time link has ended by then too.
GIVEN_UP: Final = timedelta(days=3)
# Where no mail server is set up yet: it is looked again, so that what waits goes soon after.
_NOT_SET_UP: Final = timedelta(minutes=10)
_GRACE: Final = timedelta(minutes=1)

_MAIL: Final = "mail"
_WAITING: Final = "waiting"
_AT_ONCE: Final = 100  # entries swept in a piece


class Mailing(Protocol):
    """What hands a note over."""

    async def hand_over(self, note: Note) -> Outcome:
        """Hands it over once."""
        ...


class Post:
    """Where other parts hand mail in. It needs no mail server: what can not go yet waits."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._register = StoredRegister(store, clock, KIND)

    async def send(
        self, to: str, subject: str, text: str, key: str, *, stop: str | None = None
    ) -> None:
        """Queues a mail; when it returns, the mail is on disk.

        `key` says which mail it is: handed in again with the same one within 30 days, it is not
        sent a second time, whatever it says by then. Subject and text are plain; what a stranger
        has written may stand in them. `stop` is an address that ends mails of this kind without a
        login: mailboxes show it as a button. Raises ValueError when `to` is no address.
        """
        wrong = fault(to)
        if wrong:
            raise ValueError(f"{to!r}: {wrong}")
        now = self._clock.now()
        name = sha256(key.encode()).hexdigest()
        if await self._register.get("", _MAIL, name) is not None:
            return
        data = {"to": to, "subject": subject, "text": text, "at": now.isoformat()}
        if stop is not None:
            data["stop"] = stop
        # In line before the mail is there, and once more after: a kill in between loses neither.
        await self._store.put([_in_line(name, now + _GRACE)], now, replace=False)
        if await self._register.put([Entry("", _MAIL, name, _WAITING, data, now + KEPT)]):
            await self._store.put([_in_line(name, now)], now)


class Posting:
    """Sends what waits: the handler of the kind `post`. `mail` is None where no mail server is set
    up (`[email]`): nothing is lost and nothing is blocked, mails wait until they are given up."""

    def __init__(self, store: Store, mail: Mailing | None, clock: Clock) -> None:
        self._store = store
        self._mail = mail
        self._clock = clock
        self._register = StoredRegister(store, clock, KIND)
        self._backoff = Backoff()

    async def __call__(self, job: Job) -> None:
        """Tries one mail once."""
        entry = await self._register.get("", _MAIL, str(job.data["mail"]))
        if entry is None or entry.state != _WAITING:
            return await self._write(job, None)
        at = datetime.fromisoformat(entry.data["at"])
        if self._clock.now() >= at + GIVEN_UP:
            return await self._end(job, entry, "given_up", str(entry.data.get("why", "")))
        if self._mail is None:
            log.warning("post_not_set_up", mail=entry.name[:12], set_up="[email]")
            return await self._write(job, self._clock.now() + _NOT_SET_UP)
        outcome = await self._mail.hand_over(_note(entry.name, entry.data, at))
        if isinstance(outcome, Sent):
            return await self._end(job, entry, "sent", outcome.verdict.code)
        if isinstance(outcome, Refused):
            return await self._end(job, entry, "refused", outcome.verdict.code)
        log.info("post_later", mail=entry.name[:12], code=outcome.verdict.code)
        await self._register.put([replace(entry, data={**entry.data, "why": outcome.verdict.code})])
        rest = self._backoff.delay(uuid5(NAMESPACE_URL, job.key), job.tries)
        return await self._write(job, self._clock.now() + rest)

    async def sweep(self, now: datetime) -> bool:
        """Forgets mails of long ago; answers whether there may be more."""
        due = await self._register.due(_MAIL, now, _AT_ONCE)
        if due:
            await self._register.drop(due)
        return len(due) == _AT_ONCE

    async def _end(self, job: Job, entry: Entry, state: str, code: str) -> None:
        """Remembers that it was sent, and nothing of what it said: links in it are secrets."""
        level = log.info if state == "sent" else log.warning
        level("post_ended", mail=entry.name[:12], state=state, code=code)
        kept = {"at": entry.data["at"], "code": code}
        await self._register.put([replace(entry, state=state, data=kept)])
        await self._write(job, None)

    async def _write(self, job: Job, due: datetime | None) -> None:
        work = Checkpoint(next=Done() if due is None else Again(due))
        await self._store.checkpoint(job, work, self._clock.now())


def _in_line(name: str, due: datetime) -> NewJob:
    return NewJob(f"{KIND}:{name}", KIND, due, data={"mail": name})


def _note(name: str, data: Mapping[str, Any], at: datetime) -> Note:
    return Note(name[:32], data["to"], data["subject"], data["text"], at, data.get("stop"))
