"""Suppliers' invoices that come to a company's own address.

In charge of which documents are in a mail. Not in charge of what is in them, nor of the inbox
(`gateway.inbound`): whatever can be an invoice goes there, also a PDF that only people can read.
Nobody is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from gateway.clock import Clock
from gateway.delivery.unpacking import Unpacking
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming
from gateway.intake.kind import MAIL, is_document, is_pdf
from gateway.mail_in.mails import Mail
from gateway.store.port import Company
from transports.base import Evidence, File

CHANNEL: Final = "mail"

_Documents = Sequence[tuple[File, tuple[File, ...]]]


class Suppliers:
    """Takes mails of suppliers."""

    def __init__(self, inboxes: Inboxes, unpacking: Unpacking, clock: Clock) -> None:
        self._inboxes = inboxes
        self._unpacking = unpacking
        self._clock = clock

    async def take(self, company: Company, mail: Mail) -> bool:
        """Puts what is in it into the company's inbox, each document once however often the mail
        comes; False: there is no file in it."""
        contents = await self._unpacking.mailed(mail.content)
        whole = File("mail.eml", MAIL, mail.content)
        found = [(whole, ())] if contents.faults else documents(contents.files)
        evidence = Evidence("mail", MAIL, mail.content, self._clock.now())
        for n, (document, attachments) in enumerate(found):
            await self._inboxes.take(
                Incoming(
                    CHANNEL,
                    f"{company.id}:{mail.id}:{n}",
                    company.id,
                    document,
                    attachments,
                    (evidence,),
                )
            )
        return bool(found)


def documents(files: Sequence[File]) -> _Documents:
    """The documents among the files of a mail, each with the files beside it.

    XML that can be an invoice is one; where there is none, every PDF is; where there is none
    either, the first file. A file goes with the document of its stem, else with all of them: one
    that is there twice is better than one that is lost.
    """
    mains = (
        [file for file in files if is_document(file.content)]
        or [file for file in files if is_pdf(file.content)]
        or list(files[:1])
    )
    others = [file for file in files if file not in mains]
    stems = {_stem(main) for main in mains}
    return [
        (main, tuple(file for file in others if _stem(file) not in stems - {_stem(main)}))
        for main in mains
    ]


def _stem(file: File) -> str:
    return PurePath(file.name).stem.casefold()
