"""A print house as the channel sees it, however it is spoken to.

In charge of what a report of its means, and of the texts that are the same either way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from transports.base import Delivered, Evidence, Outcome, Refused, Report, Sent, Verdict
from transports.letter.wire import JobReport, JobState, Submission


class House(Protocol):
    """How jobs get there, and what became of them."""

    remote: str  # what it is called in texts for operators

    async def hand_over(
        self, key: UUID, submission: Submission, left_out: tuple[str, ...]
    ) -> Outcome:
        """Hands a job over once. `left_out` says which files are not in it, and why."""
        ...

    def reports(self) -> AsyncIterator[Report]:
        """Reports since those that were taken. Raises NotCollected."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


def reported(report: JobReport, remote: str, now: datetime) -> Report:
    """A print house's report as the gateway takes it."""
    return Report(report.job, _late(report, remote, now), id=f"letter/{report.id}")


def _late(report: JobReport, remote: str, now: datetime) -> Delivered | Sent | Refused:
    content = f"{report.id} {report.job} {report.state} {report.at} {report.reason or ''}"
    evidence = (Evidence("report", "text/plain; charset=utf-8", content.encode(), now),)
    because = f": {report.reason.rstrip('.')}" if report.reason else ""

    def verdict(public: str) -> Verdict:
        text = f"{public[:-1]} ({report.at}){because}."
        return Verdict(f"letter.{report.state}", text, public, remote)

    match report.state:
        case JobState.POSTED:
            return Delivered(verdict("The letter has been posted."), evidence)
        case JobState.RETURNED:
            return Refused(verdict("The letter came back."), evidence)
        case JobState.REJECTED:
            return Refused(verdict("The print house will not print the letter."), evidence)
        case JobState.PRODUCED:
            return Sent(verdict("The letter has been printed."), evidence, expects="report")
        case JobState.ACCEPTED:
            return Sent(
                verdict("The print house has taken the letter."), evidence, expects="report"
            )
    public = "The print house has reported something about the letter."
    text = f"{report.state} ({report.at}){because}"
    return Sent(Verdict("letter.reported", text, public, remote), evidence, expects="report")
