"""What an operator has for us: reports on documents, and documents for our companies.

In charge of asking, and of how far each feed was read. A document is settled with the operator once
it was taken; until then it comes again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from transports.base import (
    Delivered,
    Entry,
    Evidence,
    Inbound,
    NotCollected,
    Now,
    Refused,
    Register,
    Report,
    Sent,
    Verdict,
)
from transports.http import Answer, Client, NoAnswer
from transports.operator import wire
from transports.operator.inbox import Inbox, NotKept
from transports.operator.wire import Arrived, Reported, State

# An invoice with 20 MB of files, as base64 twice where they come in an object envelope.
MOST_ARRIVED_BYTES: Final = 64 * 1024 * 1024

_CURSOR: Final = "cursor"


class Feeds:
    """The feeds of one operator. Raises NotCollected while they can not be read."""

    def __init__(
        self, client: Client, base: str, register: Register, inbox: Inbox, now: Now
    ) -> None:
        self._client = client
        self._base = base
        self._register = register
        self._inbox = inbox
        self._now = now

    async def reports(self) -> AsyncIterator[Report]:
        """Reports since the last page that was taken."""
        while True:
            entry = await self._entry("reports")
            after = str(entry.data["read"])
            answer = await self._ask("GET", "reports", {"after": after})
            try:
                reports, following = wire.read_reports(answer.body)
            except wire.Malformed as error:
                raise self._not_collected(str(error)) from error
            for report in reports:
                yield Report(report.document, self._late(report), id=f"operator/{report.id}")
            if not reports or following == after:  # the same page would come for ever
                return
            # Where another worker was faster, its page was this one.
            await self._register.put([replace(entry, data={"read": following})])

    async def arrivals(self) -> AsyncIterator[Inbound]:
        """Documents that wait; each is settled when the next one is asked for."""
        while True:
            entry = await self._entry("inbox")
            after = str(entry.data["read"])
            answer = await self._ask("GET", "inbox", {"after": after})
            try:
                ids, following = wire.read_inbox(answer.body)
            except wire.Malformed as error:
                raise self._not_collected(str(error)) from error
            for id_ in ids:
                came = await self._arrived(id_)
                if isinstance(came, Inbound):
                    yield came
                    await self._settle(id_, taken=True)
                elif came is not None:
                    await self._settle(id_, taken=False, reason=came)
            if not ids or following == after:
                return
            await self._register.put([replace(entry, data={"read": following})])

    async def _arrived(self, id_: str) -> Inbound | str | None:
        """A document; why it is not taken; None where it was settled meanwhile."""
        answer = await self._ask("GET", f"inbox/{id_}", most_bytes=MOST_ARRIVED_BYTES)
        if answer.status == 404:
            return None
        if not answer.whole:
            return f"It is larger than {MOST_ARRIVED_BYTES} bytes."
        try:
            arrived = wire.read_arrived(answer.body)
        except wire.Malformed as error:
            return f"It can not be read: {error}."
        try:
            if not await self._inbox.serves(arrived.recipient):
                return "The recipient is not one of our companies."
        except NotKept as error:
            raise self._not_collected(str(error)) from error
        return self._inbound(id_, arrived, answer)

    def _inbound(self, id_: str, arrived: Arrived, answer: Answer) -> Inbound:
        return Inbound(
            id=id_,
            recipient=arrived.recipient,
            sender=arrived.sender,
            document=arrived.document,
            attachments=arrived.attachments,
            evidence=(Evidence("message", wire.JSON, answer.body, self._now()),),
        )

    async def _settle(self, id_: str, *, taken: bool, reason: str = "") -> None:
        body = wire.write_settled(taken=taken, reason=reason)
        await self._ask("PUT", f"inbox/{id_}/settled", content=body)

    async def _ask(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        *,
        content: bytes | None = None,
        most_bytes: int = 1024 * 1024,
    ) -> Answer:
        try:
            answer = await self._client.call(
                method,
                f"{self._base}/{path}",
                content,
                headers=None if content is None else {"Content-Type": wire.JSON},
                params=params,
                most_bytes=most_bytes,
            )
        except NoAnswer as broken:
            raise self._not_collected(str(broken)) from broken
        gone = answer.status == 404 and path.startswith("inbox/")
        if not (200 <= answer.status < 300 or gone):
            raise self._not_collected(f"HTTP {answer.status}")
        return answer

    # --- how far they were read -----------------------------------------------------------------

    async def _entry(self, feed: str) -> Entry:
        entry = await self._register.get("", _CURSOR, feed)
        return entry or Entry("", _CURSOR, feed, data={"read": ""})

    # --- what a report says ---------------------------------------------------------------------

    def _late(self, report: Reported) -> Delivered | Sent | Refused:
        told = (report.id, report.document, report.state, report.at, report.code, report.reason)
        content = " ".join(map(str, told))
        evidence = (Evidence("report", "text/plain; charset=utf-8", content.encode(), self._now()),)
        because = f": {report.reason.rstrip('.')}" if report.reason else ""

        def verdict(public: str) -> Verdict:
            text = f"{public[:-1]} ({report.at}){because}."
            return self._verdict(report.state, text, public)

        match report.state:
            case State.DELIVERED:
                return Delivered(verdict("The recipient has the document."), evidence)
            case State.REJECTED:
                return Refused(verdict(_REJECTIONS.get(report.code, _REJECTED)), evidence)
            case State.FORWARDED:
                public = "The recipient's operator has the document."
                return Sent(verdict(public), evidence, expects="report")
        public = "The operator has reported something about the document."
        text = f"{report.state} ({report.at}){because}"
        return Sent(self._verdict("reported", text, public), evidence, expects="report")

    def _not_collected(self, text: str) -> NotCollected:
        public = "The operator's reports and documents can not be read at the moment."
        return NotCollected(self._verdict("feeds_unavailable", text, public))

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"operator.{name}", text, public_text, self._base)


_REJECTED: Final = "The document was rejected on its way to the recipient."

# By the format's codes.
_REJECTIONS: Final = {
    "unknown_recipient": "The recipient's operator does not know the recipient.",
    "bad_document": "The recipient's operator does not take the document as it is.",
    "too_large": "The document is larger than the recipient's operator takes.",
}
