"""Has the amount debited by the payer's bank, where the payer has agreed to AvtaleGiro.

In charge of the channel's contract: who has agreed, what goes into a claim, and what the files of
the banks' central mean. Not in charge of the files' form (`writing`, `reading`), of the steps of
handing over (`handing`), nor of agreements (`agreements`).

One document is one claim in one file. The proof that counts as delivered is the central's receipt:
it has matched the claim with an agreement, and the payer's bank notifies and debits.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from transports import kid_account
from transports.avtalegiro import claims, numbers, terms, writing
from transports.avtalegiro.agreements import Agreements
from transports.avtalegiro.collecting import CANCELLATION, Collecting
from transports.avtalegiro.files import (
    CENTRAL,
    Assignment,
    Cancellation,
    Cancellations,
    Claims,
    Transmission,
)
from transports.avtalegiro.handing import Handed, Handing, Phase
from transports.avtalegiro.receipts import Fate
from transports.avtalegiro.terms import NotifiedBy, Terms
from transports.avtalegiro.verdicts import FAULTS, TROUBLES
from transports.base import (
    Entry,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
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
    Sent,
    Summary,
    TryLater,
    Unknown,
    Verdict,
    Waiting,
    utc_now,
)
from transports.sftp import Server

CLAIM: Final = "claim"
TRANSMISSION: Final = "transmission"
"""Kinds of the register's entries: a claim, named by the envelope's key; whose a transmission was,
named by its number."""

KID: Final = "kid"
"""The claim that a KID was used for last, named `<account>/<KID>`: payments name nothing else."""

MEDIA_TYPE: Final = "text/plain; charset=iso-8859-1"

# Payments may come late, and numbers are unique for a year and a day.
KEPT: Final = timedelta(days=400)

# The answer to a deletion is in a file that `collect` takes in: looking for it costs nothing.
ANSWER_LOOKED_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AvtaleGiroSettings:
    """The channel's configuration. `sender` is what the central knows us by, eight digits."""

    server: Server
    sender: str
    upload_directory: str = "in"
    download_directory: str = "out"
    exchange_timeout_s: float = 120
    collect_every_s: float = 60
    most_file_bytes: int = 20_000_000
    report_days: int = 14  # when to stop expecting a receipt


class AvtaleGiro:
    """The channel `avtalegiro`. Create and use it in a running event loop."""

    name = "avtalegiro"
    needs_image = False
    merge_bytes: int | None = None
    at_once: int | None = 4
    repeat = Repeat.SAFE  # the server is asked first: `handing`

    def __init__(
        self, settings: AvtaleGiroSettings, register: Register, *, now: Now = utc_now
    ) -> None:
        self._settings = settings
        self._register = register
        self._now = now
        self._agreements = Agreements(register)
        self._handing = Handing(
            settings.server, settings.upload_directory, settings.exchange_timeout_s, register
        )
        self._collecting = Collecting(
            settings.server,
            settings.download_directory,
            settings.exchange_timeout_s,
            settings.most_file_bytes,
            register,
            now,
        )
        self._collect_at: datetime | None = None

    def wrong(self, terms_: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms; empty where nothing is."""
        return terms.wrong(terms_)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable where the payer whom the KID names has an active agreement with the company."""
        # Before there is a document its KID alone matters: it says who the payer is.
        only = frozenset({"kid"}) if inquiry.supposed else None
        agreed = self._fitting(inquiry.terms, inquiry.summary, only)
        if isinstance(agreed, Verdict):
            return NotReachable(agreed)
        company = inquiry.sender.company_id
        if not await self._agreements.claim(company, agreed.account):
            text = "The account of the sender's terms is another company's on this gateway."
            return NotReachable(Verdict("avtalegiro.account_taken", text, text))
        kid = inquiry.summary.payment_reference or ""
        if await self._agreements.find(company, agreed.account, kid) is None:
            text = "The payer has no AvtaleGiro agreement with the sender for this KID."
            return NotReachable(Verdict("avtalegiro.no_agreement", text, text))
        text = "The payer has agreed to AvtaleGiro."
        return Reachable("agreement", Verdict("avtalegiro.agreement", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the claim over in a file of its own, under numbers that are on disk before.

        Sent when the server has the file (a report is expected), TryLater when it certainly has
        not; Unknown when it gave no answer to the handing over, until it could be asked.
        """
        entry = await self._register.get(envelope.sender.company_id, CLAIM, str(envelope.key))
        # What may have been taken is not refused for what has changed since.
        if entry is None or entry.state == Phase.NUMBERED:
            agreed = self._fitting(envelope.terms, envelope.summary)
            if isinstance(agreed, Verdict):
                return Refused(agreed)
            try:
                entry = entry or await self._numbered(envelope, agreed)
            except numbers.Exhausted:
                text = TROUBLES["numbers"]
                return TryLater(self._verdict("numbers", text, text))
        claim = claims.claim(envelope, by_bank=entry.data["by_bank"])
        account = str(entry.data["account"])
        content = self._file(entry, Claims(entry.data["assignment"], account, (claim,)))
        handed = await self._handing.hand_over(entry, _name(CLAIM, entry), content)
        return self._outcome(handed, entry, content)

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """Takes agreements, receipts and payments in, at most every `collect_every_s`."""
        now = self._now()
        if self._collect_at is not None and now < self._collect_at:
            return
        self._collect_at = now + timedelta(seconds=self._settings.collect_every_s)
        async for report in self._collecting.reports():
            yield report

    async def recall(self, company_id: str, key: UUID) -> Recall:
        """Asks for a claim to be deleted, by a file of its own; the central's receipt for it is
        the proof. Not asked any more on the due date: the banks debit then."""
        claim = await self._register.get(company_id, CLAIM, str(key))
        if claim is None:
            text = "There is no claim for this document."
            return Refused(Verdict("avtalegiro.unknown", text, text))
        account, due = str(claim.data["account"]), date.fromisoformat(claim.data["due"])
        known = await self._register.get(company_id, CANCELLATION, str(key))
        if known is not None and known.state == Phase.ANSWERED:
            return self._answered(known)
        if self._now().date() >= due:
            text = f"The claim is due on {due}: it can not be deleted any more."
            return Refused(Verdict("avtalegiro.too_late", text, text))
        entry = Entry(company_id, CANCELLATION, str(key), Phase.NUMBERED, due_at=claim.due_at)
        whose = {"company": company_id, "key": str(key)}
        back = Entry("", TRANSMISSION, "{transmission}", CANCELLATION, whose, claim.due_at)
        try:
            entry = await numbers.give(self._register, entry, account, self._now, (back,))
        except numbers.Exhausted:
            return TryLater(self._verdict("numbers", TROUBLES["numbers"], TROUBLES["numbers"]))
        item = Cancellation(due, claim.data["amount"], claim.data["kid"])
        content = self._file(entry, Cancellations(entry.data["assignment"], account, (item,)))
        handed = await self._handing.hand_over(entry, _name(CANCELLATION, entry), content)
        question = Evidence("question", MEDIA_TYPE, content, self._now())
        evidence = () if entry.state == Phase.HANDED else (question,)
        if handed.trouble is not None and not handed.unsure:
            public = "The banks' central could not be asked to delete the claim."
            verdict = self._verdict("not_asked", str(handed.trouble), public)
            return TryLater(verdict, evidence, answered=False)
        text = "The banks' central has been asked to delete the claim."
        until = self._now() + ANSWER_LOOKED_FOR
        return Waiting(self._verdict("deletion_asked", text, text), until, evidence)

    def _answered(self, cancellation: Entry) -> Recalled | Refused:
        told = str(cancellation.data["receipt"]).encode()
        evidence = (Evidence("told", "application/json", told, self._now()),)
        if cancellation.data["fate"] == Fate.ACCEPTED:
            text = "The banks' central has deleted the claim."
            return Recalled(self._verdict("deleted", text, text), evidence)
        text = "The banks' central has not deleted the claim."
        return Refused(self._verdict("not_deleted", text, text), evidence)

    async def close(self) -> None:
        """Nothing is kept open between calls."""

    # --- what is settled, and what fits ---------------------------------------------------------

    def _fitting(
        self, given: Mapping[str, Any], summary: Summary, only: frozenset[str] | None = None
    ) -> Terms | Verdict:
        """The sender's terms, where the document goes with them; else what is wrong, of `only`
        these names where not all count."""
        if not given:
            text = (
                "The sender has settled nothing for AvtaleGiro: set `account` and `kid_algorithm` "
                "in its `channels.avtalegiro`."
            )
            return Verdict("avtalegiro.no_terms", text, text)
        try:
            agreed = terms.read(given)
        except ValueError as error:
            text = f"What the sender has settled for AvtaleGiro can not be used: {error}"
            return Verdict("avtalegiro.bad_terms", text, text)
        found = claims.unfit(summary, agreed, self._now().date())
        faults = [fault for fault in found if only is None or fault[0] in only]
        if not faults:
            return agreed
        # The first gives the code: the others may follow from it.
        text = " ".join((FAULTS[faults[0][0]], *(text for _, text in faults)))
        return Verdict(f"avtalegiro.{faults[0][0]}", text, text)

    # --- a claim's file -------------------------------------------------------------------------

    async def _numbered(self, envelope: Envelope, agreed: Terms) -> Entry:
        """The claim's own entry, with its numbers; what leads back to it is written with it."""
        company, key, account = envelope.sender.company_id, str(envelope.key), agreed.account.number
        summary, due_at = envelope.summary, self._now() + KEPT
        assert summary.due_date is not None, "it fits"
        data = {
            "account": account,
            "kid": summary.payment_reference,
            "due": summary.due_date.isoformat(),
            "amount": kid_account.ore(summary),
            "by_bank": agreed.notified_by is NotifiedBy.BANK,
        }
        whose = {"company": company, "key": key}
        return await numbers.give(
            self._register,
            Entry(company, CLAIM, key, Phase.NUMBERED, data, due_at),
            account,
            self._now,
            beside=(
                Entry("", TRANSMISSION, "{transmission}", "", whose, due_at),
                Entry("", KID, f"{account}/{summary.payment_reference}", "", whose, due_at),
            ),
        )

    def _file(self, entry: Entry, assignment: Assignment) -> bytes:
        number = str(entry.data["transmission"])
        return writing.write(Transmission(self._settings.sender, number, CENTRAL, (assignment,)))

    def _outcome(self, handed: Handed, entry: Entry, content: bytes) -> Outcome:
        at = self._now()
        digest = hashlib.sha256(content).hexdigest()
        told = f"{_name(CLAIM, entry)} SHA-256 {digest}\n{handed.told}\n"
        evidence = (
            Evidence("request", MEDIA_TYPE, content, at),
            Evidence("answer", "text/plain; charset=utf-8", told.encode(), at),
        )
        trouble = handed.trouble
        if trouble is None:
            public = "The banks' central has the claim."
            number = str(entry.data["transmission"])
            return Sent(
                self._verdict("handed_over", f"{public} Its transmission: {number}.", public),
                evidence,
                reference=number,
                expects="report",
                until=at + timedelta(days=self._settings.report_days),
            )
        if handed.unsure:
            public = "The claim may have reached the banks' central: no answer came."
            unknown = self._verdict("outcome_unknown", str(trouble), public)
            return Unknown(unknown, evidence, answered=trouble.name == "gone")
        verdict = self._verdict(trouble.name, str(trouble), TROUBLES[trouble.name])
        return TryLater(verdict, evidence, answered=False)

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"avtalegiro.{name}", text, public_text, self._settings.server.name)


def _name(kind: str, entry: Entry) -> str:
    """The name of a file: no other has its key."""
    return f"{kind}-{entry.data['transmission']}-{entry.name}.txt"
