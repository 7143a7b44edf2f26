"""Has the invoice printed and posted by a print house.

In charge of the channel's contract over the wire format in `wire`. What goes along is chosen in
`enclosures`. The strongest proof a print house gives is that it handed the letter to the postal
company (`letter.posted`); a letter that comes back says so weeks later (`letter.returned`).
Repeating is safe by the wire format: docs/decisions/0001-letters-are-repeated-by-key.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Now,
    Outcome,
    PostalAddress,
    Reachability,
    Reachable,
    Refused,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    utc_now,
)
from transports.http import Answer, Client, NoAnswer
from transports.letter import wire
from transports.letter.enclosures import (
    Count,
    CountFailed,
    Enclosures,
    Limits,
    count_here,
    enclose,
)
from transports.letter.wire import Job, JobReport, JobState, LetterClass, Submission


@dataclass(frozen=True, slots=True)
class LetterSettings:
    """The channel's configuration. `url` is the print house's base address.

    `recognises_key` False says that the print house would print a repeated job twice: then an
    attempt without an outcome is held for a person.
    """

    url: str
    token: str = field(repr=False)
    colour: bool = False
    duplex: bool = True
    letter_class: LetterClass = LetterClass.STANDARD
    recognises_key: bool = True
    limits: Limits = field(default_factory=Limits)
    merge_bytes: int = 20 * 1024 * 1024  # image and attachments as one PDF; 0: never
    connect_timeout_s: float = 30
    answer_timeout_s: float = 300  # the whole exchange; 150 MB go out in it at 4 Mbit/s
    report_days: int = 30  # when to stop expecting a report


class Letter:
    """The channel `letter`. Create and use it in a running event loop. `count` says how many pages
    a PDF has, which others made."""

    name = "letter"
    needs_image = True
    at_once: int | None = 4  # a print house is no fast partner, and letters are large

    def __init__(
        self, settings: LetterSettings, *, now: Now = utc_now, count: Count = count_here
    ) -> None:
        self.merge_bytes: int | None = settings.merge_bytes or None
        self._count = count
        self.repeat = Repeat.SAFE if settings.recognises_key else Repeat.HOLD
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._now = now
        self._cursor = ""
        self._client = Client(
            headers={"Authorization": f"Bearer {settings.token}"},
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        )

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable at a complete postal address; otherwise says what is missing."""
        address = inquiry.recipient.postal_address
        missing = _missing(address)
        if address is None or missing:
            text = f"The postal address lacks {', '.join(missing)}."
            return NotReachable(Verdict("letter.address_incomplete", text, text))
        text = "The recipient has a complete postal address."
        return Reachable(_on_one_line(address), Verdict("letter.address", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Gives the print house the job under the envelope's key.

        Sent (a report is expected), Refused or TryLater by its answer; Unknown when the whole job
        went out and no clear answer came back.
        """
        if envelope.image is None:
            raise ValueError("the letter channel needs the invoice as a PDF: needs_image")
        limits = self._settings.limits
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
        return await self._put(envelope, self._job(envelope, enclosed), enclosed)

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """Reports since the last one taken; from the oldest the print house keeps after a start."""
        while True:
            reports, following = await self._reports()
            for report in reports:
                yield Report(report.job, self._late(report), id=f"letter/{report.id}")
            if not reports or following == self._cursor:  # the same page would come for ever
                return
            self._cursor = following

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._client.close()

    def _job(self, envelope: Envelope, enclosed: Enclosures) -> Submission:
        assert envelope.recipient.postal_address is not None, "resolve said yes"
        settings = self._settings
        job = Job(
            recipient=envelope.recipient.postal_address,
            return_address=envelope.sender.postal_address,
            colour=settings.colour,
            duplex=settings.duplex,
            letter_class=settings.letter_class,
            pages=enclosed.pages,
            reference=envelope.summary.number,
        )
        return Submission(job, enclosed.letter, enclosed.files)

    async def _put(
        self, envelope: Envelope, submission: Submission, enclosed: Enclosures
    ) -> Outcome:
        key = envelope.key
        content = wire.write(key, submission)
        sent = Evidence("request", wire.content_type(key), content, self._now())
        try:
            answer = await self._client.call(
                "PUT",
                f"{self._base}/jobs/{key}",
                content,
                headers={"Content-Type": wire.content_type(key)},
            )
        except NoAnswer as broken:
            return self._no_answer(broken, sent)
        return self._outcome(answer, (sent, answer.evidence(self._now())), enclosed)

    def _no_answer(self, broken: NoAnswer, sent: Evidence) -> Outcome:
        text = str(broken)
        if broken.handed_over:
            public = "The letter was handed over, but no answer ever came."
            return Unknown(self._verdict("outcome_unknown", text, public), (sent,), answered=False)
        if broken.timed_out:
            public = "The print house did not take the letter in time."
            return TryLater(self._verdict("timeout", text, public), (sent,), answered=False)
        public = "The print house can not be reached at the moment."
        return TryLater(self._verdict("unreachable", text, public), (sent,), answered=False)

    def _outcome(
        self, answer: Answer, evidence: tuple[Evidence, ...], enclosed: Enclosures
    ) -> Outcome:
        code, said = wire.read_refusal(answer.body)
        text = f"HTTP {answer.status}: {said or answer.reason}"
        match answer.status:
            case 200 | 201:
                return self._taken(answer.body, evidence, enclosed)
            case 409:
                # Of ours: with other attachments, or printed otherwise, as it was set up then.
                public = "The print house has another letter under this job's key."
                return Unknown(self._verdict("conflict", text, public), evidence)
            case 400 | 413 | 422:
                name = code if code in _REFUSALS else "refused"
                return Refused(self._verdict(name, text, _REFUSALS[name]), evidence)
            case 401 | 403:
                public = "The print house does not accept our token at the moment."
                verdict = self._verdict("token_refused", text, public)
                return TryLater(verdict, evidence, answered=False)
            case 429 | 503:
                public = "The print house is busy."
                verdict = self._verdict("busy", text, public)
                return TryLater(verdict, evidence, answer.retry_after, answered=False)
            case status if status >= 500:
                # Whoever stumbled may have done so after taking the job.
                public = "The print house failed while it was taking the letter."
                verdict = self._verdict("outcome_unknown", text, public)
                return Unknown(verdict, evidence, answered=False)
            case status if 200 <= status < 300:  # a yes of another kind: it may have the job
                public = "The print house gave an answer that is not in the format."
                return Unknown(self._verdict("outcome_unknown", text, public), evidence)
        public = "The print house gave an answer that is not in the format."
        return TryLater(self._verdict("not_understood", text, public), evidence)

    def _taken(
        self, answer: bytes, evidence: tuple[Evidence, ...], enclosed: Enclosures
    ) -> Outcome:
        try:
            number = wire.read_number(answer)
        except wire.Malformed as error:
            public = "The print house gave an answer that is not in the format."
            return Unknown(self._verdict("outcome_unknown", str(error), public), evidence)
        name = "accepted_without_attachments" if enclosed.left_out else "accepted"
        text = " ".join(("The print house has taken the letter.", *enclosed.left_out))
        return Sent(
            self._verdict(name, f"{text} Its number: {number}.", text),
            evidence,
            reference=number,
            expects="report",
            until=self._now() + timedelta(days=self._settings.report_days),
        )

    def _late(self, report: JobReport) -> Delivered | Sent | Refused:
        content = f"{report.id} {report.job} {report.state} {report.at} {report.reason or ''}"
        evidence = (Evidence("report", "text/plain; charset=utf-8", content.encode(), self._now()),)
        because = f": {report.reason.rstrip('.')}" if report.reason else ""

        def verdict(public: str) -> Verdict:
            return self._verdict(report.state, f"{public[:-1]} ({report.at}){because}.", public)

        match report.state:
            case JobState.POSTED:
                return Delivered(verdict("The letter has been posted."), evidence)
            case JobState.RETURNED:
                return Refused(verdict("The letter came back."), evidence)
            case JobState.REJECTED:
                return Refused(verdict("The print house will not print the letter."), evidence)
            case JobState.PRODUCED:
                return Sent(verdict("The letter has been printed."), evidence, expects="report")
        public = "The print house has reported something about the letter."
        text = f"{report.state} ({report.at}){because}"
        return Sent(self._verdict("reported", text, public), evidence, expects="report")

    async def _reports(self) -> tuple[tuple[JobReport, ...], str]:
        try:
            answer = await self._client.call(
                "GET", f"{self._base}/reports", params={"after": self._cursor}
            )
            if answer.status != 200:
                raise wire.Malformed(f"HTTP {answer.status}")
            return wire.read_reports(answer.body)
        except (NoAnswer, wire.Malformed) as error:
            public = "The print house's reports can not be read at the moment."
            verdict = self._verdict("reports_unavailable", str(error), public)
            raise NotCollected(verdict) from error

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"letter.{name}", text, public_text, self._base)


# What the print house's refusals are to the ERP, by the format's codes.
_REFUSALS = {
    "bad_address": "The print house can not post to this address.",
    "too_many_pages": "The print house does not take that many pages.",
    "too_large": "The letter is larger than the print house takes.",
    "bad_pdf": "The print house can not print the PDF.",
    "refused": "The print house turned the letter away.",
}


def _missing(address: PostalAddress | None) -> list[str]:
    wanted = {
        "a name": address and address.name,
        "a street or box": address and "".join(address.lines),
        "a post code": address and address.post_code,
        "a city": address and address.city,
        "a country": address and address.country,
    }
    return [name for name, value in wanted.items() if not (value or "").strip()]


def _on_one_line(address: PostalAddress) -> str:
    town = f"{address.post_code} {address.city}"
    return ", ".join((address.name, *address.lines, town, address.country))
