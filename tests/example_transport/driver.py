"""Has the invoice read out by a town crier.

Proof: he answers when he has read it out, so what he has taken is delivered. He knows an invoice by
its key and reads it out once, so repeating is safe.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.example_transport import wire
from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    Reachable,
    Refused,
    Repeat,
    Report,
    TryLater,
    Unknown,
    Verdict,
    nothing_late,
    utc_now,
)
from transports.http import Answer, Client, NoAnswer


@dataclass(frozen=True, slots=True)
class CrierSettings:
    """The channel's configuration. `url` is the crier's base address."""

    url: str
    token: str = field(repr=False)
    answer_timeout_s: float = 60


class Crier:
    """The channel `crier`."""

    name = "crier"
    needs_image = False
    merge_bytes: int | None = None
    at_once: int | None = None
    repeat = Repeat.SAFE

    def __init__(self, settings: CrierSettings, *, now: Now = utc_now) -> None:
        self._base = settings.url.rstrip("/")
        self._now = now
        self._client = Client(
            headers={"Authorization": f"Bearer {settings.token}"},
            connect_timeout_s=30,
            answer_timeout_s=settings.answer_timeout_s,
        )

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """He shouts in towns: reachable is who lives in one."""
        address = inquiry.recipient.postal_address
        if address is None or not address.city:
            text = "The recipient's town is not known."
            return NotReachable(Verdict("crier.no_town", text, text))
        text = "The recipient lives in a town."
        return Reachable(address.city, Verdict("crier.town", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands it over once, under its key."""
        content = envelope.document.content
        request = Evidence("request", wire.CONTENT_TYPE, content, self._now())
        url = self._base + wire.path(str(envelope.key))
        headers = {"Content-Type": wire.CONTENT_TYPE, "Town": envelope.address.encode().hex()}
        try:
            answer = await self._client.call("PUT", url, content, headers=headers)
        except NoAnswer as error:
            return self._broken_off(error, request)
        return self._outcome(answer, (request, answer.evidence(self._now())))

    def _broken_off(self, error: NoAnswer, request: Evidence) -> Outcome:
        if error.handed_over:
            text = "The invoice was handed over, but no answer ever came."
            return Unknown(self._said("no_answer", text, str(error)), (request,), answered=False)
        text = "The crier can not be reached at the moment."
        return TryLater(self._said("unreachable", text, str(error)), (request,), answered=False)

    def _outcome(self, answer: Answer, evidence: tuple[Evidence, ...]) -> Outcome:
        match answer.status:
            case 200 | 201:
                try:
                    number = wire.read_number(answer.body)
                except wire.Malformed as error:
                    text = "The crier gave an answer that is not in the format."
                    return Unknown(self._said("no_answer", text, str(error)), evidence)
                verdict = self._said("read_out", "The invoice has been read out.")
                return Delivered(verdict, evidence, reference=number)
            case 422:
                return Refused(self._said("refused", "The crier will not read it out."), evidence)
            case 503:
                verdict = self._said("hoarse", "The crier has lost his voice for now.")
                return TryLater(verdict, evidence, answer.retry_after, answered=False)
        text = "The crier failed while he was taking the invoice."
        return Unknown(self._said("no_answer", text, f"HTTP {answer.status}"), evidence)

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """He never comes back."""
        return nothing_late()

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.close()

    def _said(self, name: str, public_text: str, text: str = "") -> Verdict:
        return Verdict(f"crier.{name}", text or public_text, public_text, self._base)
