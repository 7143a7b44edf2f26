"""The pages of verbs that only a form leads to, in a real browser: anybody can use them."""

from __future__ import annotations

from playwright.async_api import Browser as Chromium

from gateway.lifecycle import State
from tests.console.acting.desk import failed, reached, script, takes
from tests.console.chromium import NEEDED, Watched, watched
from tests.console.file_room import FileRoom

pytestmark = NEEDED


async def looked_at(page: Watched) -> None:
    """It is usable, light and dark, and on a small screen."""
    assert await page.violations() == []
    await page.page.emulate_media(color_scheme="dark")
    assert await page.violations("color-contrast") == []
    await page.page.set_viewport_size({"width": 400, "height": 800})
    assert await page.sideways() == []
    await page.page.emulate_media(color_scheme="light")
    await page.page.set_viewport_size({"width": 1280, "height": 800})


async def test_another_address_and_ticked_rows(room: FileRoom, chromium: Chromium) -> None:
    one, other = await failed(room), await failed(room)
    script(room, reached(takes))
    page = await watched(chromium)
    async with room.office.browser() as signed_in:
        await room.office.operator(signed_in)
        cookie = {"name": "budkavle", "value": signed_in.cookie("budkavle")}
    await page.page.context.add_cookies([{**cookie, "url": room.office.url}])

    await page.page.goto(room.office.url + room.path(one))
    await page.page.locator('a[href$="/do/reroute"]').first.click()
    await page.page.locator("#email").fill("ny@customer.example")
    await page.page.locator('button[value="show"]').click()
    await page.page.locator(".acting-will").wait_for()
    await looked_at(page)
    await page.page.locator("#reason").fill("De ringde")
    await page.page.locator('button[value="do"]').click()
    await page.page.locator('.box.good[role="status"]').wait_for()
    await room.house.work()
    assert (await room.house.is_in(one, State.SENT)).channel == "email"

    await page.page.goto(f"{room.office.url}/console/log?q=state:failed")
    await page.page.locator("[data-tick-all]").check()
    await page.page.locator('button[value="retry"]').click()
    await page.page.locator(".acting-rows").wait_for()
    await looked_at(page)
    await page.page.locator("#reason").fill("De ringde")
    await page.page.locator('button[value="do"]').click()
    await page.page.locator('.box.good[role="status"]').wait_for()
    await looked_at(page)
    await room.house.is_in(other, State.ROUTING)
    assert (page.complaints, page.outside) == ([], [])
