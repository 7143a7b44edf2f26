"""Shows invoices in the recipient's Vipps app and bank: eFaktura by mobile number.

In charge of the channel's contract over the format in `wire`. Not in charge of what answers mean
(`answers`), nor of the document that banks fetch from us (`endpoint`).

The proof that counts as delivered is the state `pending`: the recipient sees the invoice. Repeating
is safe: an invoice's id is made of the envelope's key, and the same content under the same id is
taken once.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from schemas.identifiers import Kind, check, normal
from transports import kid_account
from transports.base import (
    Entry,
    Envelope,
    Evidence,
    File,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    Reachable,
    Recall,
    Recalled,
    Refused,
    Register,
    Repeat,
    Report,
    Sender,
    Sent,
    Summary,
    TryLater,
    Verdict,
    utc_now,
)
from transports.http import NoAnswer
from transports.vipps import answers, recipients, terms, wire
from transports.vipps.api import Api, ApiSettings, NotTaken
from transports.vipps.terms import NAME_LENGTH, Terms
from transports.vipps.wire import Invoice, InvoiceType, State, Status

INVOICE: Final = "invoice"
"""The kind of the register's entries: one for each invoice, named by the envelope's key."""

# Three days after the start of today, by Vipps' description; a year ahead at most.
SOONEST: Final = timedelta(days=3)
LATEST: Final = timedelta(days=365)

# When to look whether an invoice became pending (usually after 5 s), and how much later each time.
FIRST_LOOK: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
# Once it is pending the recipient is next: a look after a day, then after two, four, eight ... days
# tells what was deleted or planned, until a week after the due date.
SEEN_PAUSE: Final = timedelta(days=1)
LAST_LOOK: Final = timedelta(days=7)

# How many are looked at in a round: some thousands, so that no round takes all of a night.
_PAGE: Final = 100
_PAGES: Final = 20

_FINAL: Final = frozenset({State.REJECTED, State.DELETED, State.REVOKED, State.EXPIRED})
_KID_SHORTEST: Final = 4  # of other channels' 2

_SUBJECTS: Final = {
    ("en", False): "Invoice {}",
    ("en", True): "Reminder of invoice {}",
    ("sv", False): "Faktura {}",
    ("sv", True): "Påminnelse om faktura {}",
    ("nb", False): "Faktura {}",
    ("nb", True): "Purring på faktura {}",
}


@dataclass(frozen=True, slots=True)
class VippsSettings:
    """The channel's configuration. `document_url` is the address under which banks reach our outer
    listener."""

    api: ApiSettings
    document_url: str
    merge_bytes: int = 5 * 1024 * 1024  # image and attachments as one PDF; 0: never


class Vipps:
    """The channel `vipps`. Create and use it in a running event loop."""

    name = "vipps"
    needs_image = True
    at_once: int | None = 20  # of the 400 calls a second that all our processes share
    repeat = Repeat.SAFE

    def __init__(self, settings: VippsSettings, register: Register, *, now: Now = utc_now) -> None:
        self.merge_bytes: int | None = settings.merge_bytes or None
        self._document_url = settings.document_url
        self._register = register
        self._now = now
        self._api = Api(settings.api, now)

    def wrong(self, terms_: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms; empty where nothing is."""
        return terms.wrong(terms_)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable as `mobile` (or `person`, by personal number) where Vipps knows the recipient
        and may bring eFaktura; what of the document it would not take is told before the call."""
        agreed = self._agreed(inquiry.terms)
        if isinstance(agreed, Verdict):
            return NotReachable(agreed)
        no = _no_issuer(inquiry.sender)
        if no is None and not inquiry.supposed:
            no = self._unfit(inquiry.summary, agreed)
        if no is not None:
            return NotReachable(no)
        asked = recipients.asked(inquiry.recipient)
        if asked is None:
            text = "There is no Norwegian mobile number, nor a Norwegian personal number."
            return NotReachable(Verdict("vipps.no_number", text, text))
        try:
            # Who took eFaktura ten minutes ago may have ended it.
            await self._api.recipient(*asked, afresh=True)
        except NotTaken as no_token:
            return no_token.as_reachability()
        text = "The recipient takes eFaktura, and is known to Vipps."
        who, _ = asked
        return Reachable(recipients.address(who), self._verdict("found", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Puts the invoice under the envelope's key; what banks may fetch is noted before.

        Sent (a report is expected), Refused or TryLater by the answer; Unknown when the whole
        invoice went out and no clear answer came back.
        """
        if envelope.image is None:
            raise ValueError("the Vipps channel needs the invoice as a PDF: needs_image")
        agreed = self._agreed(envelope.terms)
        if isinstance(agreed, Verdict):
            return Refused(agreed)
        no = _no_issuer(envelope.sender) or self._unfit(envelope.summary, agreed)
        if no is not None:
            return Refused(no)
        asked = recipients.asked_at(envelope.recipient, envelope.address)
        try:
            token = await self._api.recipient(*asked)
            headers = await self._api.headers()
        except NotTaken as no_token:
            return no_token.as_outcome()
        await self._note(envelope, envelope.image)
        content = wire.write_invoice(self._invoice(envelope, agreed), token)
        sent = Evidence("request", wire.JSON, content, self._now())
        try:
            answer = await self._api.put(_id_of(envelope), content, headers, asked)
        except NoAnswer as error:
            return answers.unanswered(error, self._api.base, (sent,))
        evidence = (sent, answer.evidence(self._now()))
        merged = envelope.merged
        left_out = [file.name for file in (merged.apart if merged else envelope.attachments)]
        outcome = answers.put(answer, evidence, self._api.base, self._now(), left_out)
        if not isinstance(outcome, Sent):
            return outcome
        await self._taken(envelope)
        return replace(outcome, reference=_id_of(envelope))

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """What has become of the invoices whose time to be looked at has come."""
        for _ in range(_PAGES):
            page = await self._register.due(INVOICE, self._now(), _PAGE)
            for entry in page:
                report, looked_at = await self._look(entry)
                if report is not None:
                    yield report
                # Where another process has looked too, and written, its word stands.
                await self._register.put([looked_at])
            if len(page) < _PAGE:
                break

    async def _look(self, entry: Entry) -> tuple[Report | None, Entry]:
        """Looks at one invoice: what is to be told, and when to look again."""
        try:
            status = await self._api.status(entry.data["id"])
        except wire.Malformed:  # the others are asked for all the same
            return None, replace(entry, due_at=self._now() + LONGEST_PAUSE)
        looked_at = _looked_at(entry, status, self._now())
        if status is None or status.state in (entry.state, State.CREATED):
            return None, looked_at
        outcome = answers.late(status, self._api.base, self._now())
        # A state may come back (approved, pending, approved): its etag is another then.
        told = hashlib.sha256(f"{status.state}/{status.etag}".encode()).hexdigest()[:16]
        return Report(UUID(entry.name), outcome, id=f"vipps/{entry.name}/{told}"), looked_at

    async def recall(self, company_id: str, key: UUID) -> Recall:
        """Takes an invoice back that is created or pending."""
        entry = await self._register.get(company_id, INVOICE, str(key))
        evidence: tuple[Evidence, ...] = ()
        try:
            status = None if entry is None else await self._api.status(entry.data["id"])
            if entry is None or status is None:
                text = "Vipps has no invoice for this document."
                return Refused(Verdict("vipps.unknown", text, text))
            if status.state != State.REVOKED:
                # After another status has come between, it is another transition.
                transition = str(uuid5(key, f"revoked/{status.etag}"))
                answer = await self._api.revoke(entry.data["id"], status.etag, transition)
                evidence = (answer.evidence(self._now()),)
                if answer.status not in (200, 204):
                    return answers.not_revoked(answer, status.state, evidence, self._api.base)
        except NotCollected as error:  # what it may have done is seen when it is asked once more
            return TryLater(error.verdict, answered=False)
        except wire.Malformed as error:
            public = "Vipps gave an answer that is not in the format."
            return TryLater(self._verdict("not_understood", str(error), public))
        await self._change(
            company_id, key, lambda known: replace(known, state=State.REVOKED, due_at=None)
        )
        text = "The invoice was taken back from Vipps."
        return Recalled(self._verdict("revoked", text, text), evidence)

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._api.close()

    # --- what is settled, and what fits ---------------------------------------------------------

    def _agreed(self, given: Mapping[str, Any]) -> Terms | Verdict:
        if not given:
            text = (
                "The sender has settled nothing for Vipps: set `account` and `kid_algorithm` in "
                "its `channels.vipps`."
            )
            return Verdict("vipps.no_terms", text, text)
        try:
            return terms.read(given)
        except ValueError as error:
            text = f"What the sender has settled for Vipps can not be used: {error}"
            return Verdict("vipps.bad_terms", text, text)

    def _unfit(self, summary: Summary, agreed: Terms) -> Verdict | None:
        faults = [
            *kid_account.unfit(summary, agreed.account),
            *_wrong_due(summary.due_date, wire.today(self._now())),
        ]
        kid = summary.payment_reference
        if kid is not None and len(kid) < _KID_SHORTEST:
            faults.append(("kid", f"A KID has at least {_KID_SHORTEST} characters here."))
        if not faults:
            return None
        # The first gives the code: the others may follow from it.
        text = " ".join((answers.REFUSALS[faults[0][0]], *(text for _, text in faults)))
        return Verdict(f"vipps.{faults[0][0]}", text, text)

    def _invoice(self, envelope: Envelope, agreed: Terms) -> Invoice:
        summary = envelope.summary
        assert summary.due_date is not None, "it fits"
        subject = _SUBJECTS[summary.language, summary.reminder].format(summary.number)
        return Invoice(
            kind=InvoiceType.REMINDER if summary.reminder else InvoiceType.INVOICE,
            account=agreed.account.number,
            kid=summary.payment_reference or "",
            due=summary.due_date,
            amount=kid_account.ore(summary),
            subject=subject,
            issuer_name=(agreed.issuer_name or envelope.sender.name).strip()[:NAME_LENGTH],
            pdf=document_url(self._document_url, envelope.key),
            icon_url=agreed.icon_url,
        )

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return answers.verdict(name, text, public_text, self._api.base)

    # --- what is remembered ---------------------------------------------------------------------

    async def _note(self, envelope: Envelope, image: File) -> None:
        """Notes which bytes a bank may fetch, before it can ask for them."""
        shown = envelope.merged.file if envelope.merged else image
        due = envelope.summary.due_date
        data = {
            "id": _id_of(envelope),
            "document": envelope.document_id,
            "sha256": hashlib.sha256(shown.content).hexdigest(),
            "due": due.isoformat() if due else None,
        }
        await self._change(
            envelope.sender.company_id,
            envelope.key,
            lambda known: replace(known, data={**known.data, **data}),
        )

    async def _taken(self, envelope: Envelope) -> None:
        """Notes that it is to be looked at, once: a repeat finds it so."""
        at = self._now()

        def created(known: Entry) -> Entry:
            if known.state:
                return known
            data = {**known.data, "since": at.isoformat()}
            return replace(known, state=State.CREATED, data=data, due_at=at + FIRST_LOOK)

        await self._change(envelope.sender.company_id, envelope.key, created)

    async def _change(self, company_id: str, key: UUID, change: Callable[[Entry], Entry]) -> None:
        while True:  # each time around somebody else has written
            known = await self._register.get(company_id, INVOICE, str(key))
            made = change(known or Entry(company_id, INVOICE, str(key)))
            if made == known or await self._register.put([made]):
                return


def _looked_at(entry: Entry, status: Status | None, at: datetime) -> Entry:
    """An invoice's entry after a look: when the next one is due."""
    if status is None or status.state in _FINAL:
        return replace(entry, state=status.state if status else entry.state, due_at=None)
    since = at if status.state != entry.state else datetime.fromisoformat(entry.data["since"])
    looked = replace(entry, state=status.state, data={**entry.data, "since": since.isoformat()})
    if status.state == State.CREATED:
        return replace(looked, due_at=at + min(max(at - since, FIRST_LOOK), LONGEST_PAUSE))
    following = at + max(at - since, SEEN_PAUSE)
    last = wire.due_at(date.fromisoformat(entry.data["due"])) + LAST_LOOK
    return replace(looked, due_at=following if at < last else None)


def document_url(base: str, key: UUID) -> str:
    """Where banks fetch the document of an invoice."""
    return f"{base.rstrip('/')}/vipps/{key}.pdf"


def _id_of(envelope: Envelope) -> str:
    number = normal(Kind.NO_ORGNR, envelope.sender.organisation_number or "")
    return wire.invoice_id(number, envelope.key)


def _no_issuer(sender: Sender) -> Verdict | None:
    if check(Kind.NO_ORGNR, sender.organisation_number or ""):
        return None
    text = "The sender has no Norwegian organisation number: Vipps knows issuers by nothing else."
    return Verdict("vipps.no_organisation_number", text, text)


def _wrong_due(due: date | None, today: date) -> Iterator[tuple[str, str]]:
    if due is None:
        return
    soonest, latest = today + SOONEST, today + LATEST
    if not soonest <= due <= latest:
        yield (
            "due_date",
            f"The due date (BT-9) is {due}; {soonest} to {latest} is expected.",
        )
