"""The log in a real browser: what it does beyond links and forms."""

from __future__ import annotations

from datetime import timedelta

import pyotp
from playwright.async_api import Browser as Chromium

from gateway.lifecycle import State
from gateway.trust.people.roles import Role
from tests.console.chromium import NEEDED, watched
from tests.console.office import PASSWORD, Office
from tests.console.paperwork import sent_in

pytestmark = NEEDED


async def test_it_suggests_looks_again_and_ticks(office: Office, chromium: Chromium) -> None:
    person = await office.person("op@gateway.example", Role.OPERATOR)
    secret = await office.secret(person)
    office.clock.move(timedelta(minutes=1))
    await sent_in(office, State.FAILED, number="A-1001")
    await sent_in(office, State.SENT, number="A-1002")
    one = await watched(chromium, viewport={"width": 1280, "height": 900})
    page = one.page
    await page.goto(f"{office.url}/console/sign-in")
    await page.locator("#email").fill("op@gateway.example")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await page.locator("#code").fill(pyotp.TOTP(secret).at(office.clock.now()))
    await page.locator("main form button").first.click()
    await page.locator("header nav").wait_for()

    await page.goto(f"{office.url}/console/log")
    await page.keyboard.press("/")
    await page.keyboard.type("a-100")
    offered = page.locator("#q-suggestions option[value='number:A-1001']")
    await offered.wait_for(state="attached")
    await page.locator("#q").fill("state:failed")
    async with page.expect_response("**/console/live"):
        await page.keyboard.press("Enter")
    assert await page.locator("tr[data-row]").count() == 1

    await sent_in(office, State.FAILED, number="A-1003")
    await page.get_by_role("link", name="A-1003").wait_for()
    assert await page.locator("tr[data-row]").count() == 2

    await page.get_by_label("Tick all rows of this page").check()
    assert await page.locator("tbody input:checked").count() == 2
    await page.get_by_role("button", name="Try now").click()
    await page.wait_for_url("**/console/act")
    for number in ("A-1001", "A-1003"):
        assert await page.get_by_text(number).count()
    assert one.complaints == [] and one.outside == []
