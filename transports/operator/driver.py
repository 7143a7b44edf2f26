"""Carries documents over an operator's HTTP interface, in the wire format of `wire`.

In charge of the channel's contract. What comes in and the reports are read by `feeds`. The proof is
the operator's report that the recipient has the document (`operator.delivered`). Repeating is safe
by the wire format: a submission is known by its key. The other way into the network, straight to
the recipient's own address, is `sfti`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from schemas.forms import Form
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    KIND_OF_SCHEME,
    Kind,
    check,
    is_sole_trader,
)
from transports.base import (
    Candidate,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Refused,
    Register,
    Repeat,
    Report,
    Sent,
    Several,
    TryLater,
    Unknown,
    Verdict,
    utc_now,
)
from transports.http import Answer, Client, NoAnswer
from transports.operator import wire
from transports.operator.feeds import Feeds
from transports.operator.inbox import Inbox
from transports.operator.wire import Format, Found, Query, Submission

NAME: Final = "operator"
ANSWER_TIMEOUT_S: Final = 300.0  # for the whole exchange; 150 MB go out in it at 4 Mbit/s


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """The channel's configuration. `url` is the base address of the operator's interface."""

    url: str
    token: str = field(repr=False)
    connect_timeout_s: float = 30
    answer_timeout_s: float = ANSWER_TIMEOUT_S
    report_days: int = 30  # when to stop expecting a report


class Operator:
    """The channel `operator`. Use it in a running event loop. `tls` is for an operator whose
    certificate the machine itself does not trust."""

    name = NAME
    needs_image = False
    merge_bytes: int | None = None
    repeat = Repeat.SAFE
    at_once: int | None = 8  # as many calls as a partner of this size takes without queueing

    def __init__(
        self,
        settings: OperatorSettings,
        register: Register,
        inbox: Inbox,
        *,
        tls: ssl.SSLContext | None = None,
        now: Now = utc_now,
    ) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._now = now
        self._client = Client(
            headers={"Authorization": f"Bearer {settings.token}"},
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            tls=tls,
        )
        self._feeds = Feeds(self._client, self._base, register, inbox, now)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Whom the network knows by organisation number, else by GLN, else (for companies) by just
        this name; and in which form the invoice is to come."""
        queries = _queries(inquiry.recipient)
        if not queries:
            text = "The recipient has neither an organisation number nor a GLN."
            return NotReachable(self._verdict("no_number", text, text))
        evidence: tuple[Evidence, ...] = ()
        for query in queries:
            answered = await self._lookup(query)
            if isinstance(answered, ReachabilityUnknown):
                return answered
            found, kept = answered
            evidence = (*evidence, kept)
            if found:
                return self._reachability(inquiry, found, evidence)
        text = "The operator network does not know the recipient."
        return NotReachable(self._verdict("not_found", text, text), evidence)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Gives the operator the document under the envelope's key.

        Sent (a report is expected), Refused or TryLater by its answer; Unknown when all of it went
        out and no clear answer came back.
        """
        submission = Submission(
            address=envelope.address,
            format=Format.SVEFAKTURA if envelope.form is Form.SVEFAKTURA else Format.BIS3,
            sender_name=envelope.sender.name,
            sender_organisation_number=envelope.sender.organisation_number,
            number=envelope.summary.number,
            credit_note=envelope.summary.credit_note,
            document=envelope.document.content,
            attachments=envelope.attachments,
        )
        content = wire.write(envelope.key, submission)
        content_type = wire.content_type(envelope.key)
        sent = Evidence("request", content_type, content, self._now())
        try:
            answer = await self._client.call(
                "PUT",
                f"{self._base}/documents/{envelope.key}",
                content,
                headers={"Content-Type": content_type},
            )
        except NoAnswer as broken:
            return self._no_answer(broken, sent)
        return self._outcome(answer, (sent, answer.evidence(self._now())))

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """Reports and documents since the last ones taken; documents come, too, where the reports
        can not be read."""
        unread: NotCollected | None = None
        try:
            async for report in self._feeds.reports():
                yield report
        except NotCollected as error:
            unread = error
        async for inbound in self._feeds.arrivals():
            yield inbound
        if unread is not None:
            raise unread

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._client.close()

    # --- looking for a recipient ----------------------------------------------------------------

    async def _lookup(self, query: Query) -> tuple[list[Found], Evidence] | ReachabilityUnknown:
        public = "The operator network can not be asked at the moment."
        try:
            answer = await self._client.call(
                "POST",
                f"{self._base}/lookup",
                wire.write_query(query),
                headers={"Content-Type": wire.JSON},
            )
        except NoAnswer as broken:
            verdict = self._verdict("lookup_failed", str(broken), public)
            return ReachabilityUnknown(verdict, answered=False)
        kept = answer.evidence(self._now())
        if answer.status != 200:
            text = _said(answer)
            if answer.status in (401, 403):
                public = "The operator does not accept our token at the moment."
                verdict = self._verdict("token_refused", text, public)
            else:
                verdict = self._verdict("lookup_failed", text, public)
            return ReachabilityUnknown(verdict, answer.retry_after, (kept,), answered=False)
        try:
            found = wire.read_found(answer.body)
        except wire.Malformed as error:
            verdict = self._verdict("lookup_failed", str(error), public)
            return ReachabilityUnknown(verdict, None, (kept,))
        if _is_personal(query.organisation_number) and any(
            str(query.organisation_number) in each.address for each in found
        ):
            text = "an address repeats the number that was asked for, which is a personal one"
            return ReachabilityUnknown(self._verdict("lookup_failed", text, public), None, (kept,))
        return [each for each in found if _is_meant(query, each, len(found))], kept

    def _reachability(
        self, inquiry: Inquiry, found: list[Found], evidence: tuple[Evidence, ...]
    ) -> Reachability:
        fitting = [(each, form) for each in found if (form := _form(inquiry, each))]
        if not fitting:
            wanted = ", ".join(sorted({name for each in found for name in each.formats})) or "none"
            text = f"The recipient takes no format that this document can be given in ({wanted})."
            public = "The recipient takes no format that this document can be given in."
            return NotReachable(self._verdict("no_format", text, public), evidence)
        if len(fitting) > 1:
            text = f"{len(fitting)} recipients of the operator network fit what is known."
            candidates = tuple(
                Candidate(each.address, f"{each.name}, with {each.operator}", form)
                for each, form in fitting
            )
            return Several(self._verdict("several", text, text), candidates, evidence)
        ((one, form),) = fitting
        text = f"The operator network knows the recipient, with {one.operator}."
        public = "The operator network knows the recipient."
        return Reachable(one.address, self._verdict("found", text, public), evidence, form)

    # --- handing a document over ----------------------------------------------------------------

    def _no_answer(self, broken: NoAnswer, sent: Evidence) -> Outcome:
        text = str(broken)
        if broken.handed_over:
            public = "The document was handed over, but no answer ever came."
            return Unknown(self._verdict("outcome_unknown", text, public), (sent,), answered=False)
        if broken.timed_out:
            public = "The operator did not take the document in time."
            return TryLater(self._verdict("timeout", text, public), (sent,), answered=False)
        public = "The operator can not be reached at the moment."
        return TryLater(self._verdict("unreachable", text, public), (sent,), answered=False)

    def _outcome(self, answer: Answer, evidence: tuple[Evidence, ...]) -> Outcome:
        text = _said(answer)
        match answer.status:
            case 200 | 201:
                return self._taken(answer, evidence)
            case 409:
                public = "The operator has another document under this key."
                return Unknown(self._verdict("conflict", text, public), evidence)
            case 400 | 413 | 422:
                code, _ = wire.read_refusal(answer.body)
                name = code if code in REFUSALS else "refused"
                return Refused(self._verdict(name, text, REFUSALS[name]), evidence)
            case 401 | 403:
                public = "The operator does not accept our token at the moment."
                verdict = self._verdict("token_refused", text, public)
                return TryLater(verdict, evidence, answered=False)
            case 429 | 503:
                verdict = self._verdict("busy", text, "The operator is busy.")
                return TryLater(verdict, evidence, answer.retry_after, answered=False)
            case status if status >= 500:
                # Whoever stumbled may have done so after taking it.
                public = "The operator failed while it was taking the document."
                verdict = self._verdict("outcome_unknown", text, public)
                return Unknown(verdict, evidence, answered=False)
            case status if 200 <= status < 300:  # a yes of another kind: it may have it
                public = "The operator gave an answer that is not in the format."
                return Unknown(self._verdict("outcome_unknown", text, public), evidence)
        public = "The operator gave an answer that is not in the format."
        return TryLater(self._verdict("not_understood", text, public), evidence)

    def _taken(self, answer: Answer, evidence: tuple[Evidence, ...]) -> Outcome:
        try:
            number = wire.read_number(answer.body)
        except wire.Malformed as error:
            public = "The operator gave an answer that is not in the format."
            return Unknown(self._verdict("outcome_unknown", str(error), public), evidence)
        public = "The operator has taken the document."
        return Sent(
            self._verdict("accepted", f"{public} Its number: {number}.", public),
            evidence,
            reference=number,
            expects="report",
            until=self._now() + timedelta(days=self._settings.report_days),
        )

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"{NAME}.{name}", text, public_text, self._base)


# What refusals are to the ERP, by the format's codes; those of late reports are the same.
REFUSALS: Final = {
    "unknown_recipient": "The operator network does not know the recipient any more.",
    "bad_document": "The operator does not take the document as it is.",
    "too_large": "The document is larger than the operator takes.",
    "refused": "The operator turned the document away.",
}


def _queries(recipient: Recipient) -> list[Query]:
    """What to ask, one after the other until somebody is found."""
    queries = []
    if recipient.organisation_number:
        queries.append(Query(organisation_number=recipient.organisation_number))
    participant = recipient.participant
    if participant is not None and KIND_OF_SCHEME.get(participant.scheme) is Kind.GLN:
        queries.append(Query(gln=participant.value))
    if not queries and not recipient.consumer and recipient.name.strip():
        queries.append(Query(name=recipient.name.strip()))
    return queries


def _is_meant(query: Query, found: Found, others: int) -> bool:
    """A number names one; a name does only where it is the very same, or a person chooses."""
    if query.name is None or others > 1:
        return True
    return found.name.strip().casefold() == query.name.casefold()


def _form(inquiry: Inquiry, found: Found) -> Form | None:
    """The form of document that it likes best of those we have; None where there is none."""
    for name in found.formats:
        if name == Format.SVEFAKTURA:
            return Form.SVEFAKTURA
        if name == Format.BIS3 and inquiry.summary.document_type in _BIS3:
            return Form.BILLING
    return None


_BIS3: Final = (BILLING_INVOICE, BILLING_CREDIT_NOTE)


def _is_personal(number: str | None) -> bool:
    """A Swedish sole trader's organisation number is his personal number."""
    return number is not None and check(Kind.SE_ORGNR, number) and is_sole_trader(number)


def _said(answer: Answer) -> str:
    _, text = wire.read_refusal(answer.body)
    return f"HTTP {answer.status}: {text or answer.reason}"
