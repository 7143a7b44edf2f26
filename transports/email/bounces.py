"""What comes back by e-mail, and the deliveries that it is about.

In charge of the order of things: a message counts as taken once its report is kept, then the place
in the mailbox is noted, then the message is put aside. A crash between any two repeats what is told
by the same id. Several processes may collect: the one that writes the place is the one that looks.
Not in charge of IMAP (`mailbox`), of what messages say (`notices`) or of what it means (`replies`).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from transports.base import (
    Entry,
    Evidence,
    NotCollected,
    Now,
    Register,
    Report,
    Verdict,
)
from transports.email import return_path
from transports.email.mailbox import Mailbox, MailboxSettings, NoMailbox
from transports.email.notices import Action, Mail, Notice, understand
from transports.email.parts import Malformed
from transports.email.replies import given_up, late

log = structlog.get_logger()

# What return paths are made with, kept by the gateway.
Secret = Callable[[], Awaitable[bytes]]

_PLACE: Final = "place"  # how far the mailbox was read
_DELAYED: Final = "delayed"  # a delivery that was delayed, due when it counts as failed
_AT_ONCE: Final = 200  # messages in one look; the rest has to wait for the next


@dataclass(frozen=True, slots=True)
class BounceSettings:
    """Where notices of delivery go. `domain` is that of the return paths, `mailbox` where they are
    read; `given_up_days` is how long a message may be delayed before it counts as failed."""

    domain: str
    mailbox: MailboxSettings
    every_s: float = 60
    given_up_days: int = 3


class Bounces:
    """The mailbox of a channel. `message_host` is the right side of its messages' ids."""

    def __init__(
        self,
        settings: BounceSettings,
        message_host: str,
        secret: Secret,
        register: Register,
        now: Now,
    ) -> None:
        self._settings = settings
        self._message_host = message_host.lower()
        self._secret = secret
        self._register = register
        self._now = now

    async def reports(self) -> AsyncGenerator[Report, None]:
        """What came since the last look, and the deliveries that were delayed for too long."""
        place = await self._turn()
        if place is not None:
            async with aclosing(self._read(place)) as read:
                async for report in read:
                    yield report
        for entry in await self._register.due(_DELAYED, self._now()):
            outcome = given_up(self._settings.given_up_days)
            yield Report(UUID(entry.name), outcome, id=f"email/given_up/{entry.name}")
            await self._register.drop([entry])

    async def _turn(self) -> Entry | None:
        """The place in the mailbox, when it is time to look and no other process does."""
        now, mailbox = self._now(), self._settings.mailbox
        # Two mailboxes that were set one after the other have places of their own.
        name = hashlib.sha256(
            f"{mailbox.address}\n{mailbox.username}\n{mailbox.folder}".encode()
        ).hexdigest()
        place = await self._register.get("", _PLACE, name) or Entry("", _PLACE, name)
        if place.due_at is not None and place.due_at > now:
            return None
        return await self._noted(place)

    async def _noted(self, place: Entry, **data: int) -> Entry | None:
        """The place as it is written now; None where another process has written it."""
        due_at = self._now() + timedelta(seconds=self._settings.every_s)
        place = replace(place, data={**place.data, **data}, due_at=due_at)
        if not await self._register.put([place]):
            return None
        return replace(place, version=place.version + 1)

    async def _read(self, place: Entry) -> AsyncGenerator[Report, None]:
        settings = self._settings.mailbox
        box = Mailbox(settings)
        try:
            validity = await box.open()
            last = int(place.data.get("number", 0))
            if place.data.get("validity") != validity:
                last = 0  # the numbers were given out anew
            for number in (await box.after(last))[:_AT_ONCE]:
                content = await box.head(number)
                report = None if content is None else await self._report(content, number)
                if report is not None:
                    yield report
                noted = await self._noted(place, validity=validity, number=number)
                if noted is None:
                    return  # another process goes on from here
                place = noted
                if report is not None:
                    await box.done(number)
            await box.close()
        except NoMailbox as error:
            public = "The mailbox that notices of delivery come to can not be read at the moment."
            text = f"{settings.address}: {error}"
            raise NotCollected(
                Verdict("email.bounces_unavailable", text, public, settings.address)
            ) from error
        finally:
            box.drop()

    async def _report(self, content: bytes, number: int) -> Report | None:
        """What a message says of one of our deliveries; None, and that it stays, is logged."""
        digest = hashlib.sha256(content).hexdigest()
        try:
            mail = understand(content)
        except Malformed as error:
            return _left(number, "email_notice_not_understood", why=str(error))
        found = return_path.find(await self._secret(), mail.addresses, self._settings.domain)
        if found.forged:
            return _left(number, "email_notice_forged")
        if mail.says is None:
            return _left(number, "email_notice_not_understood", why="no notice of delivery")
        key = found.key or named(mail, self._message_host)
        if key is None:
            return _left(number, "email_notice_of_nothing_known")
        evidence = (Evidence("report", "message/rfc822", content, self._now()),)
        outcome = late(mail.says, evidence, proven=found.key is not None)
        if isinstance(mail.says, Notice):
            await self._watch(key, delayed=mail.says.action is Action.DELAYED)
        return Report(key, outcome, id=f"email/{digest}")

    async def _watch(self, key: UUID, *, delayed: bool) -> None:
        """Remembers that a delivery is delayed, from the first time that it is said; forgets it
        when anything else is."""
        known = await self._register.get("", _DELAYED, str(key))
        if delayed and known is None:
            due_at = self._now() + timedelta(days=self._settings.given_up_days)
            await self._register.put([Entry("", _DELAYED, str(key), due_at=due_at)])
        elif not delayed and known is not None:
            await self._register.drop([known])


def named(mail: Mail, message_host: str) -> UUID | None:
    """The key that a notice names without our return path: some servers write elsewhere."""
    if not isinstance(mail.says, Notice):
        return None
    left, _, right = (mail.says.message_id or "").rpartition("@")
    ours = left if right.lower() == message_host else ""
    for text in (ours, mail.says.envelope_id or ""):
        try:
            return UUID(text)
        except ValueError:
            continue
    return None


def _left(number: int, event: str, **told: str) -> Report | None:
    """Says that a message stays in the mailbox, for a person to look at."""
    log.warning(event, uid=number, **told)
    return None
