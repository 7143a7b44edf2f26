"""A print house over HTTP: `PUT jobs/{key}`, and reports by cursor.

In charge of what each answer means. The wire format: `wire`, docs/reference/channels/letter.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from transports.base import (
    Evidence,
    NotCollected,
    Now,
    Outcome,
    Refused,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
)
from transports.http import Answer, Client, NoAnswer
from transports.letter import wire
from transports.letter.house import reported
from transports.letter.wire import JobReport, Submission


class OverHttp:
    """The print house at a base address; `report_days` is how long reports are expected."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        connect_timeout_s: float,
        answer_timeout_s: float,
        report_days: int,
        now: Now,
    ) -> None:
        self.remote = url.rstrip("/")
        self._report_days = report_days
        self._now = now
        self._cursor = ""
        self._client = Client(
            headers={"Authorization": f"Bearer {token}"},
            connect_timeout_s=connect_timeout_s,
            answer_timeout_s=answer_timeout_s,
        )

    async def hand_over(
        self, key: UUID, submission: Submission, left_out: tuple[str, ...]
    ) -> Outcome:
        """Sent (a report is expected), Refused or TryLater by its answer; Unknown when the whole
        job went out and no clear answer came back."""
        content = wire.write(key, submission)
        sent = Evidence("request", wire.content_type(key), content, self._now())
        try:
            answer = await self._client.call(
                "PUT",
                f"{self.remote}/jobs/{key}",
                content,
                headers={"Content-Type": wire.content_type(key)},
            )
        except NoAnswer as broken:
            return self._no_answer(broken, sent)
        return self._outcome(answer, (sent, answer.evidence(self._now())), left_out)

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
        self, answer: Answer, evidence: tuple[Evidence, ...], left_out: tuple[str, ...]
    ) -> Outcome:
        code, said = wire.read_refusal(answer.body)
        text = f"HTTP {answer.status}: {said or answer.reason}"
        match answer.status:
            case 200 | 201:
                return self._taken(answer.body, evidence, left_out)
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
        self, answer: bytes, evidence: tuple[Evidence, ...], left_out: tuple[str, ...]
    ) -> Outcome:
        try:
            number = wire.read_number(answer)
        except wire.Malformed as error:
            public = "The print house gave an answer that is not in the format."
            return Unknown(self._verdict("outcome_unknown", str(error), public), evidence)
        name = "accepted_without_attachments" if left_out else "accepted"
        text = " ".join(("The print house has taken the letter.", *left_out))
        return Sent(
            self._verdict(name, f"{text} Its number: {number}.", text),
            evidence,
            reference=number,
            expects="report",
            until=self._now() + timedelta(days=self._report_days),
        )

    async def reports(self) -> AsyncIterator[Report]:
        """Reports since the last one taken; from the oldest the print house keeps after a start."""
        while True:
            reports, following = await self._page()
            for report in reports:
                yield reported(report, self.remote, self._now())
            if not reports or following == self._cursor:  # the same page would come for ever
                return
            self._cursor = following

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._client.close()

    async def _page(self) -> tuple[tuple[JobReport, ...], str]:
        try:
            answer = await self._client.call(
                "GET", f"{self.remote}/reports", params={"after": self._cursor}
            )
            if answer.status != 200:
                raise wire.Malformed(f"HTTP {answer.status}")
            return wire.read_reports(answer.body)
        except (NoAnswer, wire.Malformed) as error:
            public = "The print house's reports can not be read at the moment."
            verdict = self._verdict("reports_unavailable", str(error), public)
            raise NotCollected(verdict) from error

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"letter.{name}", text, public_text, self.remote)


# What the print house's refusals are to the ERP, by the format's codes.
_REFUSALS = {
    "bad_address": "The print house can not post to this address.",
    "too_many_pages": "The print house does not take that many pages.",
    "too_large": "The letter is larger than the print house takes.",
    "bad_pdf": "The print house can not print the PDF.",
    "refused": "The print house turned the letter away.",
}
