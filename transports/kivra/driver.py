"""Sends the invoice to a person's or a company's mailbox in Kivra.

In charge of the channel's contract over the JSON in `wire`. A 201 is Kivra's last word on where a
content is: it is in the recipient's mailbox (`kivra.delivered`); of a payment it tells later
(`webhooks`). Repeating is safe: Kivra leaves out what it has, bytes for bytes, already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    File,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Refused,
    Register,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    utc_now,
)
from transports.http import Answer, Client, NoAnswer
from transports.kivra import answers, content, payments, terms, wire
from transports.kivra.addressing import number
from transports.kivra.answers import Kind, Meaning
from transports.kivra.content import Chosen
from transports.kivra.declined import Declined
from transports.kivra.matching import Matching
from transports.kivra.terms import Terms
from transports.kivra.tokens import NoToken, Tokens
from transports.kivra.wire import Who

# 50 contents a minute go to the same recipient: after a minute there is room again.
_ROOM_AFTER: Final = timedelta(minutes=1)

# What `Reachable.address` says: it is shown, and a personal number is nobody's to see.
_SHOWN: Final = {Who.PERSON: "person", Who.COMPANY: "company"}


@dataclass(frozen=True, slots=True)
class KivraSettings:
    """The channel's configuration. `url` is Kivra's base address, the client is the gateway's.

    `shrink`: attachments that do not fit stay behind; otherwise such an invoice takes the next
    channel.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    shrink: bool = True
    connect_timeout_s: float = 30
    answer_timeout_s: float = 60  # a megabyte at 0.2 Mbit/s
    ask_timeout_s: float = 60  # for a token or a match


class Kivra:
    """The channel `kivra`. Create and use it in a running event loop. `register` keeps which
    content is which envelope's, and what Kivra told of payments."""

    name = "kivra"
    needs_image = True
    merge_bytes: int | None = content.PDF_BYTES
    repeat = Repeat.SAFE
    at_once: int | None = 16

    def __init__(self, settings: KivraSettings, register: Register, *, now: Now = utc_now) -> None:
        self._settings = settings
        self._register = register
        self._now = now
        self._base = settings.url.rstrip("/")
        self._client = Client(
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        )
        self._asking = Client(
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.ask_timeout_s,
        )
        self._tokens = Tokens(
            self._asking, self._base, settings.client_id, settings.client_secret, now
        )
        self._matching = Matching(self._match)

    def wrong(self, terms_: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms."""
        return terms.wrong(terms_)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable where Kivra has the recipient and the recipient takes what the sender sends."""
        try:
            settled = _settled(inquiry.terms)
            who, of = number(inquiry.recipient, self._now().date())
            if not inquiry.supposed:
                content.payment(inquiry.summary, settled)
        except Declined as no:
            return NotReachable(self._verdict(no.code, str(no), str(no)))
        return await self._asked(settled, who, of)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Gives Kivra the content.

        Delivered, Refused or TryLater by its answer; Unknown when all of it went out and no clear
        answer came back.
        """
        if envelope.image is None:
            raise ValueError("the channel kivra needs the invoice as a PDF: needs_image")
        try:
            settled = _settled(envelope.terms)
            chosen = content.choose(envelope, settled, shrink=self._settings.shrink)
        except Declined as no:
            return Refused(self._verdict(no.code, str(no), str(no)))
        return await self._post(envelope, settled, chosen)

    def too_large(self, envelope: Envelope) -> tuple[File, ...]:
        """The files that a link has to stand for: all, where not even the invoice's PDF fits."""
        return content.too_large(envelope) if self._settings.shrink else ()

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """What Kivra told of payments since."""
        async for report in payments.reports(self._register, self._base, self._now):
            yield report

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._matching.close()
        await self._client.close()
        await self._asking.close()

    # --- the match ------------------------------------------------------------------------------

    async def _asked(self, settled: Terms, who: Who, of: str) -> Reachability:
        try:
            there = await self._matching.reachable(settled.tenant, who, of)
        except NoAnswer as broken:
            public = "Kivra can not be asked at the moment."
            verdict = self._verdict("kivra.unreachable", str(broken), public)
            return ReachabilityUnknown(verdict, answered=False)
        except NoToken as refused:
            return self._not_said(answers.of_token(refused.answer), refused.answer)
        except _NoMatch as failed:
            return self._not_said(answers.of_match(failed.answer), failed.answer)
        if there:
            text = f"The recipient, a {_SHOWN[who]}, is in Kivra and takes the sender's mail."
            return Reachable(_SHOWN[who], self._verdict("kivra.reachable", text, text))
        text = "The recipient is not in Kivra, or does not take the sender's mail there."
        return NotReachable(self._verdict("kivra.not_a_user", text, text))

    def _not_said(self, means: Meaning, answer: Answer) -> Reachability:
        verdict = self._verdict(means.code, means.text, means.public_text)
        if means.kind is Kind.REFUSED:
            return NotReachable(verdict)
        return ReachabilityUnknown(verdict, answer.retry_after, answered=means.answered)

    async def _match(self, tenant: str, who: Who, numbers: Collection[str]) -> frozenset[str]:
        url = f"{self._base}/v2/tenant/{tenant}/{wire.MATCH[who]}"
        body = wire.match_request(sorted(numbers))
        answer = await self._tokens.call(
            tenant, lambda token: _call(self._asking, url, body, token)
        )
        if answer.status != 200:
            raise _NoMatch(answer)
        try:
            return wire.read_match(answer.body)
        except wire.Malformed:
            raise _NoMatch(answer) from None

    # --- the content ----------------------------------------------------------------------------

    async def _post(self, envelope: Envelope, settled: Terms, chosen: Chosen) -> Outcome:
        body = wire.write(chosen.content)
        sent = Evidence("request", wire.JSON, body, self._now())
        url = f"{self._base}/v2/tenant/{settled.tenant}/content"
        try:
            answer = await self._tokens.call(
                settled.tenant, lambda token: _call(self._client, url, body, token)
            )
        except NoAnswer as broken:
            return self._no_answer(broken, sent)
        except NoToken as refused:
            evidence = (sent, refused.answer.evidence(self._now()))
            return self._outcome(answers.of_token(refused.answer), refused.answer, evidence)
        evidence = (sent, answer.evidence(self._now()))
        if answer.status == 201:
            return await self._taken(envelope, chosen, answer, evidence)
        return self._outcome(answers.of_content(answer), answer, evidence)

    def _no_answer(self, broken: NoAnswer, sent: Evidence) -> Outcome:
        text = str(broken)
        if broken.handed_over:
            public = "The invoice was handed over, but no answer ever came."
            return Unknown(
                self._verdict("kivra.outcome_unknown", text, public), (sent,), answered=False
            )
        if broken.timed_out:
            public = "Kivra did not take the invoice in time."
            return TryLater(self._verdict("kivra.timeout", text, public), (sent,), answered=False)
        public = "Kivra can not be reached at the moment."
        return TryLater(self._verdict("kivra.unreachable", text, public), (sent,), answered=False)

    def _outcome(self, means: Meaning, answer: Answer, evidence: tuple[Evidence, ...]) -> Outcome:
        verdict = self._verdict(means.code, means.text, means.public_text)
        match means.kind:
            case Kind.REFUSED:
                return Refused(verdict, evidence)
            case Kind.UNKNOWN:
                return Unknown(verdict, evidence, answered=means.answered)
            case Kind.LATER:
                after = answer.retry_after
                if after is None and answer.status == 429:
                    after = _ROOM_AFTER
                return TryLater(verdict, evidence, after, answered=means.answered)

    async def _taken(
        self,
        envelope: Envelope,
        chosen: Chosen,
        answer: Answer,
        evidence: tuple[Evidence, ...],
    ) -> Outcome:
        key = payments.content_key(answer.headers)
        text = " ".join(("It is in the recipient's mailbox in Kivra.", *chosen.left_out))
        code = "kivra.delivered_without_attachments" if chosen.left_out else "kivra.delivered"
        if envelope.link is not None:
            code, text = (
                "kivra.delivered_as_link",
                "A link to it is in the recipient's mailbox in Kivra.",
            )
        if answer.headers.get("kivra-retained", "").lower() == "true":
            text = "Kivra keeps it until the recipient comes to Kivra."
            return Sent(self._verdict("kivra.retained", text, text), evidence, reference=key)
        if key is not None:
            await self._register.put([payments.entry(key, envelope.key, self._now())])
        return Delivered(self._verdict(code, text, text), evidence, reference=key)

    def _verdict(self, code: str, text: str, public_text: str) -> Verdict:
        return Verdict(code, text, public_text, self._base)


async def _call(client: Client, url: str, body: bytes, token: str) -> Answer:
    headers = {"Content-Type": wire.JSON, "Authorization": f"Bearer {token}"}
    return await client.call("POST", url, body, headers=headers)


def _settled(given: Mapping[str, Any]) -> Terms:
    """A sender's terms. Raises Declined."""
    if not given:
        text = "The sender has no terms with Kivra: its settings lack channels.kivra.tenant."
        raise Declined("kivra.no_terms", text)
    try:
        return terms.read(given)
    except ValueError as error:
        text = f"The sender's terms with Kivra (channels.kivra) are wrong: {error}"
        raise Declined("kivra.bad_terms", text) from None


class _NoMatch(Exception):
    """Kivra answered a match with something else."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"HTTP {answer.status}")
