"""Ten tasks of an operator, in a real browser, each in at most four clicks from the first page."""

from __future__ import annotations

import asyncio
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, Page

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, UNVERIFIED
from tests.console.chromium import NEEDED, Watched
from tests.console.world import World, open_world
from tests.e2e.invoices import submission
from transports.base import File

pytestmark = NEEDED

MOST_CLICKS = 4


@dataclass
class Hand:
    """An operator's hand on a page, which counts its clicks; Enter in a field is one too."""

    watched: Watched
    start: str
    clicks: int = 0

    @property
    def page(self) -> Page:
        return self.watched.page

    async def begin(self) -> None:
        """A new task, from the first page."""
        await self.page.goto(self.start)
        assert self.page.url.endswith("/console/now")
        self.clicks = 0

    async def click(self, what: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS, "that is one click too many"
        await what.click()

    async def go(self, what: Locator) -> None:
        """Clicks on what leads to another page, and is there: the last one may say the same."""
        async with self.page.expect_navigation():
            await self.click(what)

    async def follow(self, name: str) -> None:
        """Clicks a link."""
        await self.go(self.link(name))

    async def press(self, name: str) -> None:
        """Clicks a button."""
        await self.go(self.page.locator("main").get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True).first

    async def find(self, text: str) -> None:
        """Writes into the box at the head of the page: the key `/` leads there."""
        await self.page.keyboard.press("/")
        await self.page.keyboard.type(text)
        self.clicks += 1
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def says(self, text: str) -> None:
        """Waits for a text on the page."""
        await self.page.locator("main").get_by_text(text).first.wait_for()


async def hand(world: World, chromium: Chromium) -> Hand:
    page = await world.visitor(chromium, viewport={"width": 1280, "height": 900})
    return Hand(page, f"{world.url}/console")


def well(one: Hand) -> None:
    """Nothing was complained of, and nothing left the machine."""
    assert one.watched.complaints == []
    assert one.watched.outside == []


async def test_what_became_of_one_document(chromium: Chromium, tmp_path: Path) -> None:
    async with open_world(tmp_path / "world") as world:
        await asyncio.gather(
            world.send(
                submission("T-1", email="bounce@customer.example", post_code=None), {"failed"}
            ),
            world.send(submission("T-2", to=RECEIVER), {"delivered"}),
            world.send(submission("T-3", email="later@customer.example"), {"waiting"}),
        )
        operator = await hand(world, chromium)

        # Find why an invoice has not arrived.
        await operator.begin()
        await operator.find("T-1")
        await operator.says("Could not be delivered")
        await operator.says("There is no mailbox")

        # Resend a bounced one to a new address.
        await operator.begin()
        await operator.find("T-1")
        await operator.follow("Send another way or to another address")
        await operator.page.get_by_label("E-mail address").fill("ekonomi@customer.example")
        await operator.press("Show the way it would take")
        await operator.says("ekonomi@customer.example")
        await operator.page.get_by_label("Why?").fill("They gave a new address by telephone")
        await operator.press("Send it this way")
        (mail,) = await world.partners_have("emails", 1, to="ekonomi@customer.example")
        assert "T-1" in mail["subject"]

        # Show the receipt to a customer.
        await operator.begin()
        await operator.find("T-2 direction:out")
        await operator.follow("Receipt to show")
        await operator.says("T-2")
        await operator.says(RECEIVER.company.name)

        # Cancel a document in waiting.
        await operator.begin()
        await operator.find("T-3")
        await operator.follow("Cancel")
        await operator.page.get_by_label("Why?").fill("It was for somebody else")
        await operator.press("Cancel it")
        await operator.says("Cancelled")

        # Export the evidence.
        await operator.begin()
        await operator.find("T-2 direction:out")
        async with operator.page.expect_download() as started:
            await operator.click(operator.link("All evidence, signed (ZIP)"))
        bundle = Path(await (await started.value).path()).read_bytes()
        assert "manifest.json" in zipfile.ZipFile(io.BytesIO(bundle)).namelist()
        well(operator)


async def test_many_at_once_and_a_channel_that_is_down(chromium: Chromium, tmp_path: Path) -> None:
    async with open_world(tmp_path / "world") as world:
        numbers = [f"M-{n}" for n in range(30)]
        await asyncio.gather(
            *(
                world.send(
                    submission(number, email=f"later+{number}@customer.example"), {"waiting"}
                )
                for n, number in enumerate(numbers)
            )
        )
        async with Client(world.url, SENDER.key) as client:
            for number in numbers:
                await client.hold_document(world.documents[number], "Wrong address")
        operator = await hand(world, chromium)

        # Reroute thirty held ones to letter.
        await operator.begin()
        await operator.follow("See them")
        await operator.click(operator.page.locator("[data-tick-all]"))
        await operator.press("Send as letters")
        assert await operator.page.locator("tr[data-row]").count() == 30
        await operator.page.get_by_label("Why?").fill("Their mail server is away")
        await operator.press("Do it to 30")
        await world.partners_have("letters", 30)

        # See which channel is down, and pause it.
        await world.send(submission("M-31", email="drop@customer.example"), {"held"})
        await operator.begin()
        row = operator.page.locator("tr", has_text="failing")
        await operator.go(row.get_by_role("link").first)
        await operator.follow("Pause E-mail")
        await operator.page.get_by_label("Why?").fill("The mail server takes it and breaks off")
        await operator.press("Pause")
        await operator.says("Paused")
        assert "email" in await world.sandbox.gateway.store.paused()
        well(operator)


async def test_what_came_in_who_sends_and_what_is_rejected(
    chromium: Chromium, tmp_path: Path
) -> None:
    wrong = submission("R-1")
    wrong["invoice"]["currency"] = "ZZZ"
    async with open_world(tmp_path / "world") as world:
        await world.send(wrong, {"rejected"})
        page = File("ritning.html", "text/html", b"<!doctype html><script>1</script>")
        received = await world.come_in("I-1", RECEIVER.company.id, page)
        operator = await hand(world, chromium)

        # Repair an attachment.
        await operator.begin()
        await operator.follow("Repair")
        await operator.follow("Repair I-1")
        await operator.go(operator.page.get_by_role("link", name="Go on without it"))
        await operator.page.get_by_label("Why").fill("The sender says that it is not needed")
        await operator.press("Hand it out without")
        await operator.says("To be taken over")
        async with Client(world.url, RECEIVER.key) as client:
            assert received in {document["id"] for document in await client.inbox()}

        # Verify a company.
        await operator.begin()
        await operator.follow("Companies")
        await operator.follow(UNVERIFIED.company.name)
        await operator.page.get_by_label("Who acts for it").fill("Karin Björk")
        await operator.page.get_by_label("What you have seen").fill("Extract of the register")
        await operator.page.get_by_label("Why you believe it").fill("Named as managing director")
        await operator.press("Verify by hand")
        await operator.says("Verified")

        # Find every rejection by a rule last week.
        await operator.begin()
        await operator.find("rule:BR-CL-03 state:rejected since:7d")
        await operator.says("R-1")
        well(operator)
