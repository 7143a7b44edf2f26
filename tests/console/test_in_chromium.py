"""The console in a real browser, scripts switched off: invited, signed in, a document handed in."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
from playwright.async_api import Browser, Locator, Page

from gateway.trust.people.directory import Newcomer
from gateway.trust.people.roles import Role
from tests.console.chromium import NEEDED, PATIENCE_MS
from tests.console.office import ACCOUNT, PASSWORD, Office

EXAMPLE = Path(__file__).parents[2] / "examples" / "broken-many-mistakes.json"

pytestmark = NEEDED


async def opened(chromium: Browser, **how: object) -> Page:
    context = await chromium.new_context(java_script_enabled=False, **how)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


async def follow(what: Locator) -> None:
    """Clicks on what leads to another page, and is there."""
    async with what.page.expect_navigation():
        await what.click()


async def fits(page: Page) -> None:
    """Nothing stands out at the side, and everything that is asked for has a name."""
    assert await page.locator("h1").count() == 1
    wide = await page.locator("html").bounding_box()
    assert wide is not None and page.viewport_size is not None
    for element in await page.locator("input:visible, select, button, a, code, li, p").all():
        box = await element.bounding_box()
        if box is not None and box["x"] >= 0:  # what is left of it is for screen readers
            assert box["x"] + box["width"] <= page.viewport_size["width"] + 0.5
    for control in await page.locator("input:visible, select").all():
        name = await control.get_attribute("id")
        assert await page.locator(f'label[for="{name}"]').count() == 1


async def test_from_the_invitation_to_a_document(
    office: Office, chromium: Browser, tmp_path: Path
) -> None:
    newcomer = Newcomer("kim@byran.example", "Kim Öst", "sv", Role.SENDER, ACCOUNT.id)
    person, link = await office.directory.admit(newcomer, "operator:test")
    page = await opened(chromium, viewport={"width": 400, "height": 800}, color_scheme="dark")

    await page.goto(link)
    await fits(page)
    await page.get_by_label("Lösenord", exact=True).fill(PASSWORD)
    await page.get_by_label("Lösenordet igen").fill(PASSWORD)
    await follow(page.get_by_role("button", name="Spara lösenordet"))

    await page.get_by_label(re.compile("E-postadress|E-mail")).fill("kim@byran.example")
    await fits(page)
    await page.get_by_label(re.compile("Lösenord|Password")).fill(PASSWORD)
    await follow(page.locator("main button").first)
    await page.get_by_role("heading", name="Ej skickade").wait_for()
    await fits(page)
    await follow(page.get_by_role("link", name="Lämna in", exact=True))
    await page.get_by_role("heading", name="Lämna in ett dokument").wait_for()
    await fits(page)

    await follow(page.get_by_role("link", name="Din profil"))
    await fits(page)
    await follow(page.get_by_role("link", name="Slå på andra faktorn"))
    await fits(page)
    secret = (await page.locator("code.secret").inner_text()).replace(" ", "")
    await page.locator("#code").fill(pyotp.TOTP(secret).at(office.clock.now()))
    await follow(page.get_by_role("button", name="Slå på andra faktorn"))
    assert await page.locator("ol.codes li").count() == 10
    await fits(page)
    recovery = await page.locator("ol.codes code").first.inner_text()
    await follow(page.get_by_role("button", name="Logga ut"))

    await page.locator("#email").fill("kim@byran.example")
    await page.locator("#password").fill(PASSWORD)
    await follow(page.locator("main button").first)
    await page.locator("#code").fill(recovery)
    await fits(page)
    await follow(page.get_by_role("button", name="Fortsätt"))

    await follow(page.get_by_role("link", name="Lämna in", exact=True))
    await page.get_by_label("Fil").set_input_files(EXAMPLE)
    await follow(page.get_by_role("button", name="Lämna in"))
    await page.get_by_role("heading", name="Inlämnat").wait_for()
    await fits(page)
    document_id = await page.locator("dl.facts code").inner_text()
    assert document_id.startswith("doc_")

    nothing = tmp_path / "brev.txt"
    nothing.write_text("Hej!")
    await follow(page.get_by_role("link", name="Lämna in ett till"))
    assert await page.get_by_role("link", name=EXAMPLE.name).count() == 1
    await page.get_by_label("Fil").set_input_files(nothing)
    await follow(page.get_by_role("button", name="Lämna in"))
    assert "brev.txt" in await page.get_by_role("alert").inner_text()
    await fits(page)
    assert (await office.fresh(person)).accepted_at is not None
