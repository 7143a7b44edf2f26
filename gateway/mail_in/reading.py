"""Reading the mailbox that documents come to.

A mail is moved out of the folder once what is in it is on disk: what lies there is what is still to
be done, whoever reads it next and however the server numbers its mails. A crash in between takes a
mail twice, under the same key. What nobody takes is moved aside for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from gateway.delivery.schedules import Schedule
from gateway.mail_in.addresses import Addressed, Addresses, Use, tokens
from gateway.mail_in.hand_in import ByMail
from gateway.mail_in.mails import Mail, understood
from gateway.mail_in.proof import is_answer
from gateway.mail_in.section import MailIn
from gateway.mail_in.suppliers import Suppliers
from gateway.store.port import StorageUnavailable, Store
from transports.email.mailbox import Mailbox, NoMailbox
from transports.email.parts import Malformed

log = structlog.get_logger()

AT_ONCE: Final = 20  # mails in one piece of work


class Reading:
    """Reads the mailbox, a piece at a time."""

    def __init__(
        self,
        store: Store,
        section: MailIn,
        by_mail: ByMail,
        suppliers: Suppliers,
        registry: CollectorRegistry,
    ) -> None:
        self._store = store
        self._section = section
        self._by_mail = by_mail
        self._suppliers = suppliers
        self._waiting = Gauge(
            "budkavle_mail_waiting", "Mails in the folder that is read", registry=registry
        )
        self._trouble = Gauge(
            "budkavle_mail_trouble", "1 while the mailbox can not be read", registry=registry
        )

    @property
    def schedule(self) -> Schedule:
        """When it is read."""
        return Schedule("mail_in", timedelta(seconds=self._section.every_s), self.once)

    async def once(self, now: datetime) -> bool:
        """Takes some mails; whether there are more."""
        box = Mailbox(self._section.mailbox())
        taken = 0
        try:
            addresses = await self._addresses()
            await box.open()
            numbers = await box.after(0)
            self._waiting.set(len(numbers))
            for number in numbers:
                taken += await self._one(box, number, addresses)
                if taken == AT_ONCE:
                    break
            await box.close()
        except NoMailbox as error:
            log.warning("mailbox_unavailable", reason=str(error))
            self._trouble.set(1)
            return False
        finally:
            box.drop()
        self._waiting.set(len(numbers) - taken)
        self._trouble.set(0)
        return taken == AT_ONCE

    async def _one(self, box: Mailbox, number: int, addresses: Addresses) -> bool:
        """Takes one, and moves it; whether it has gone from the folder."""
        most = self._section.max_bytes
        content = await box.whole(number, most)
        if content is None:
            return False
        try:
            taken = len(content) <= most and await self.take(content, addresses)
        except StorageUnavailable:
            raise
        except Exception:  # the others must not wait for it, nor for it again and again
            log.exception("mail_failed", uid=number)
            taken = False
        section = self._section
        await box.move(number, section.done_folder if taken else section.aside_folder)
        return True

    async def take(self, content: bytes, addresses: Addresses) -> bool:
        """Takes a mail; False: nobody has, and a person should look at it."""
        try:
            mail = understood(content)
        except Malformed as error:
            log.warning("mail_set_aside", code="mail_in.malformed", why=str(error))
            return False
        if is_answer(mail.headers):
            log.info("mail_ignored", code="mail_in.automatic")
            return True
        to = addresses.of(mail.headers)
        if not to:
            log.warning("mail_set_aside", code="mail_in.unknown_address")
        taken = [await self._for(each, mail) for each in to]
        return bool(taken) and all(taken)

    async def _for(self, to: Addressed, mail: Mail) -> bool:
        company = await self._store.company(to.company_id)
        if company is None:
            log.warning("mail_set_aside", code="mail_in.no_company", company=to.company_id)
            return False
        if to.use is Use.HAND_IN:
            return await self._by_mail.take(company, mail)
        return await self._suppliers.take(company, mail)

    async def _addresses(self) -> Addresses:
        section = self._section
        names: Mapping[Use, str] = {
            Use.INBOX: section.inbox_name,
            Use.HAND_IN: section.hand_in_name,
        }
        others = {address.lower(): company for address, company in section.addresses.items()}
        known = tokens(await self._store.companies())
        return Addresses(section.domain, names, known, others)
