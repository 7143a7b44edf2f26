"""Has the invoice printed and posted by a print house.

In charge of the channel's contract: whether the address can be printed, and what makes up a job.
How the job gets to the print house is `over_http`'s or `over_sftp`'s; what goes along is chosen in
`enclosures`, how it is printed by the channel's settings and the sender's `terms`. The strongest
proof a print house gives is that it handed the letter to the postal company (`letter.posted`); a
letter that comes back says so weeks later (`letter.returned`). Repeating is safe by the wire
format: docs/decisions/0001-letters-are-repeated-by-key.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from transports.base import (
    Envelope,
    File,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    PostalAddress,
    Reachability,
    Reachable,
    Refused,
    Repeat,
    Report,
    Sender,
    TryLater,
    Verdict,
    utc_now,
)
from transports.letter import address, terms
from transports.letter.address import Window
from transports.letter.cover import Draw, cover, is_wanted
from transports.letter.enclosures import (
    Count,
    CountFailed,
    Enclosures,
    Limits,
    count_here,
    enclose,
)
from transports.letter.house import House
from transports.letter.over_http import OverHttp
from transports.letter.over_sftp import Directories, OverSftp
from transports.letter.terms import CoverPage, Terms
from transports.letter.wire import PDF, Job, LetterClass, Submission
from transports.sftp import Server


@dataclass(frozen=True, slots=True)
class LetterSettings:
    """The channel's configuration. `url` is the print house's base address; with `server` it is
    spoken to by SFTP, and `url` and `token` are not used.

    `recognises_key` False says that the print house would print a repeated job twice: then an
    attempt without an outcome is held for a person.
    """

    url: str
    token: str = field(repr=False)
    colour: bool = False
    duplex: bool = True
    letter_class: LetterClass = LetterClass.STANDARD
    cover_page: CoverPage = CoverPage.OWN_PDF
    window: Window = field(default_factory=Window)
    recognises_key: bool = True
    limits: Limits = field(default_factory=Limits)
    merge_bytes: int = 20 * 1024 * 1024  # image and attachments as one PDF; 0: never
    connect_timeout_s: float = 30
    answer_timeout_s: float = 300  # the whole exchange; 150 MB go out in it at 4 Mbit/s
    report_days: int = 30  # when to stop expecting a report
    server: Server | None = None  # over SFTP instead of HTTP
    last_step_s: float = 60  # over SFTP: for the answer to the rename that hands a job over
    directories: Directories = field(default_factory=Directories)


class Letter:
    """The channel `letter`. Create and use it in a running event loop. `count` says how many pages
    a PDF has, which others made; `draw` makes a page with the address, None where nobody can."""

    name = "letter"
    needs_image = True
    at_once: int | None = 4  # a print house is no fast partner, and letters are large

    def __init__(
        self,
        settings: LetterSettings,
        *,
        now: Now = utc_now,
        count: Count = count_here,
        draw: Draw | None = None,
    ) -> None:
        self.merge_bytes: int | None = settings.merge_bytes or None
        self.repeat = Repeat.SAFE if settings.recognises_key else Repeat.HOLD
        self._count = count
        self._draw = draw
        self._settings = settings
        self._house = _house(settings, now)

    def wrong(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms."""
        return terms.wrong(given)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable at a postal address that is complete and can be printed; otherwise says what is
        missing or wrong."""
        to = inquiry.recipient.postal_address
        missing = address.missing(to)
        if to is None or missing:
            text = f"The postal address lacks {', '.join(missing)}."
            return NotReachable(Verdict("letter.address_incomplete", text, text))
        faults = address.faults(to, _home(inquiry.sender), self._settings.window)
        if faults:
            text = f"The postal address can not be printed: {'; '.join(faults)}."
            return NotReachable(Verdict("letter.address_not_printable", text, text))
        wrong = terms.wrong(inquiry.terms)
        if wrong:
            return NotReachable(_bad_terms(wrong))
        text = "The recipient has a complete postal address."
        return Reachable(_on_one_line(address.normal(to)), Verdict("letter.address", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Gives the print house the job under the envelope's key.

        Sent (a report is expected), Refused or TryLater by its answer; Unknown when the whole job
        went out and no clear answer came back.
        """
        if envelope.image is None:
            raise ValueError("the letter channel needs the invoice as a PDF: needs_image")
        wrong = terms.wrong(envelope.terms)
        if wrong:
            return Refused(_bad_terms(wrong))
        settled = terms.read(envelope.terms)
        covered = self._is_covered(envelope, settled)
        most = self._settings.limits
        limits = replace(most, pages=most.pages - 1) if covered else most
        envelope, unwanted = _without_unwanted(envelope, settled)
        try:
            enclosed = await enclose(envelope, limits, self._count)
        except CountFailed:
            text = "The pages of the invoice's PDF could not be counted this time."
            return TryLater(Verdict("letter.not_counted", text, text))
        if enclosed is None:
            text = "The invoice's PDF can not be read."
            return Refused(Verdict("letter.bad_pdf", text, text))
        if enclosed.pages > limits.pages:
            text = f"The invoice has {enclosed.pages} pages; a letter takes {limits.pages}."
            return Refused(Verdict("letter.too_many_pages", text, text))
        submission = await self._submission(envelope, settled, enclosed, covered)
        left_out = (*unwanted, *enclosed.left_out)
        return await self._house.hand_over(envelope.key, submission, left_out)

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """Reports since the last one taken."""
        async for report in self._house.reports():
            yield report

    async def close(self) -> None:
        """Lets go of the print house."""
        await self._house.close()

    def _is_covered(self, envelope: Envelope, settled: Terms) -> bool:
        wish = settled.cover_page or self._settings.cover_page
        return self._draw is not None and is_wanted(envelope, wish, self._settings.window)

    async def _submission(
        self, envelope: Envelope, settled: Terms, enclosed: Enclosures, covered: bool
    ) -> Submission:
        assert envelope.recipient.postal_address is not None, "resolve said yes"
        settings, back = self._settings, envelope.sender.postal_address
        to = address.normal(envelope.recipient.postal_address)
        page: File | None = None
        if covered and self._draw is not None:
            sheet = cover(envelope, to, _home(envelope.sender), settings.window)
            page = File("cover.pdf", PDF, await asyncio.to_thread(self._draw, sheet))
        job = Job(
            recipient=to,
            return_address=back,
            colour=settings.colour if settled.colour is None else settled.colour,
            duplex=settings.duplex if settled.duplex is None else settled.duplex,
            letter_class=settled.letter_class or settings.letter_class,
            pages=enclosed.pages + (page is not None),
            reference=envelope.summary.number,
        )
        return Submission(job, enclosed.letter, enclosed.files, page)


def _house(settings: LetterSettings, now: Now) -> House:
    if settings.server is not None:
        return OverSftp(
            settings.server,
            settings.directories,
            answer_timeout_s=settings.answer_timeout_s,
            last_step_s=settings.last_step_s,
            report_days=settings.report_days,
            now=now,
        )
    return OverHttp(
        settings.url,
        settings.token,
        connect_timeout_s=settings.connect_timeout_s,
        answer_timeout_s=settings.answer_timeout_s,
        report_days=settings.report_days,
        now=now,
    )


def _without_unwanted(envelope: Envelope, settled: Terms) -> tuple[Envelope, tuple[str, ...]]:
    """The envelope without attachments, where the sender wants none printed."""
    if settled.attachments is not False or not envelope.attachments:
        return envelope, ()
    text = "No attachment is printed: the sender's terms say so."
    return replace(envelope, attachments=(), merged=None), (text,)


def _bad_terms(wrong: tuple[str, ...]) -> Verdict:
    text = f"The sender's terms with the print house (channels.letter) are wrong: {' '.join(wrong)}"
    return Verdict("letter.bad_terms", text, text)


def _home(sender: Sender) -> str:
    return sender.postal_address.country if sender.postal_address else sender.country


def _on_one_line(address: PostalAddress) -> str:
    town = f"{address.post_code} {address.city}"
    return ", ".join((address.name, *address.lines, town, address.country))
