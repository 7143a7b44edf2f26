"""Documents that really went their way, in the store of the console's office."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.console.office import ACCOUNT, Browser, Office, Shown, open_office
from tests.flows.house import SENDER, House
from transports.email.sandbox import Sandbox as MailServer
from transports.letter.sandbox import Sandbox as PrintHouse


class FileRoom:
    """The office, and a house that carries its documents. SENDER is of the office's account."""

    def __init__(self, office: Office, house: House) -> None:
        self.office = office
        self.house = house

    def path(self, document_id: str, tab: str = "", company_id: str = SENDER.id) -> str:
        return f"/console/documents/{company_id}/{document_id}{tab}"

    async def show(self, browser: Browser, document_id: str, tab: str = "") -> Shown:
        """A tab of a document of SENDER's, which must be there."""
        page = await browser.get(self.path(document_id, tab))
        assert page.status == 200, (page.status, page.url)
        return page


@asynccontextmanager
async def open_file_room(data: Path, **how: Any) -> AsyncIterator[FileRoom]:
    """`how`: as `open_office` takes it."""
    async with open_office(data, **how) as office:
        now = office.clock.now
        async with MailServer() as mail, PrintHouse(now=now) as prints:
            house = House(office.store, office.clock, mail, prints)
            await office.store.add_company(replace(SENDER, account_id=ACCOUNT.id), now())
            try:
                yield FileRoom(office, house)
            finally:
                for transport in house.transports.values():
                    await transport.close()
                await house.outside.close()
