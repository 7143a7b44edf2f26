"""Invoices to be sent, handed in by mail: who may, and the answer.

In charge of the order of things: the document is accepted, under a key that the same mail has
again, then the answer is put in line, then the mail counts as taken. The answer waits until the
document has been checked, and says its id or every finding. Whoever is not proved to be somebody
who may is not answered: the mail may be forged, and whose name it bears has asked nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.unpacking import Unpacking
from gateway.handing_in import Handed, HandingIn, language
from gateway.intake.kind import MAIL
from gateway.intake.submission import Refused
from gateway.lifecycle import State
from gateway.mail_in.addresses import is_one_of, senders
from gateway.mail_in.mails import Mail
from gateway.mail_in.proof import Unproved, Wanted, proved
from gateway.refusals import stored, taken, text
from gateway.store.port import (
    Accepted,
    Again,
    Checkpoint,
    Company,
    Document,
    Done,
    Job,
    KeyReused,
    NewJob,
    Role,
    Store,
)
from gateway.trust.gate import Closed
from gateway.trust.post import Post
from transports.base import File

log = structlog.get_logger()

KIND: Final = "mail_answer"  # of the job, and its lane

# A document that is not checked by then is answered as it is: files may be fetched for it for days.
_PATIENCE: Final = timedelta(minutes=10)
_AGAIN: Final = timedelta(seconds=5)


class ByMail:
    """Takes mails that hand in. `authserv_id` and `wanted` as in `proof`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        handing_in: HandingIn,
        post: Post,
        unpacking: Unpacking,
        *,
        authserv_id: str | None,
        wanted: Wanted,
    ) -> None:
        self._store = store
        self._clock = clock
        self._handing_in = handing_in
        self._post = post
        self._unpacking = unpacking
        self._authserv_id = authserv_id
        self._wanted = wanted

    async def take(self, company: Company, mail: Mail) -> bool:
        """Takes a mail; False: it is nothing that this company's people have handed in."""
        sender = proved(mail.headers, self._authserv_id, self._wanted)
        if isinstance(sender, Unproved):
            return _left(company, sender.code)
        if not is_one_of(sender, senders(company.settings)):
            return _left(company, "mail_in.not_allowed")
        contents = await self._unpacking.mailed(mail.content)
        if not contents.files and not contents.faults:
            return _left(company, "mail_in.no_file")  # a program answering ours would go on so
        original = File("mail.eml", MAIL, mail.content)
        answer = await self._handing_in.hand_in(company, Handed(original, (), f"mail {mail.id}"))
        match answer:
            case Accepted(document_id) | KeyReused(document_id):
                await self._in_line(company, document_id, sender, mail.subject)
            case Refused(findings):
                told = text(mail.subject, findings, language(company))
                await self._answer(company, sender, mail, told)
            case Closed() as closed:
                told = text(mail.subject, (), language(company), why=closed.text)
                await self._answer(company, sender, mail, told)
            case _:
                assert_never(answer)
        return True

    async def _in_line(self, company: Company, document_id: str, to: str, subject: str) -> None:
        now = self._clock.now()
        data = {"document": document_id, "to": to, "subject": subject}
        job = NewJob(f"{KIND}:{document_id}", KIND, now, company.id, data=data)
        await self._store.put([job], now, replace=False)

    async def _answer(self, company: Company, to: str, mail: Mail, told: str) -> None:
        key = f"{KIND}:{company.id}:{mail.id}"
        await self._post.send(to, f"Re: {mail.subject}", told, key)


class Answering:
    """The handler of the kind `mail_answer`."""

    def __init__(self, store: Store, clock: Clock, post: Post) -> None:
        self._store = store
        self._clock = clock
        self._post = post

    async def __call__(self, job: Job) -> None:
        """Answers, once the document has been checked."""
        now = self._clock.now()
        document = await self._store.document(job.company_id, job.data["document"])
        company = await self._store.company(job.company_id)
        if document is not None and company is not None:
            if document.state is State.RECEIVED and now < document.created_at + _PATIENCE:
                return await self._store.checkpoint(job, Checkpoint(Again(now + _AGAIN)), now)
            told = await self._told(company, document, job.data["subject"])
            key = f"{KIND}:{document.id}"
            await self._post.send(job.data["to"], f"Re: {job.data['subject']}", told, key)
        return await self._store.checkpoint(job, Checkpoint(Done()), self._clock.now())

    async def _told(self, company: Company, document: Document, subject: str) -> str:
        told_in = language(company)
        found = await self._store.files(company.id, document.id, (Role.FINDINGS,))
        findings = stored(found[-1][1]) if found else ()
        if document.state is State.REJECTED:
            return text(subject, findings, told_in, document.id, document.text)
        return f"{taken(subject, document.id, told_in)} {document.text}\n"


def _left(company: Company, code: str) -> bool:
    log.warning("mail_not_handed_in", company=company.id, code=code)
    return False
