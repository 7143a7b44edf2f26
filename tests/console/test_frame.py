"""What is around every page: its words, its one script, its twin, its news."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from string import Formatter

import pytest

from gateway.console import pages
from tests.console.office import OURS, Browser, Office
from tests.contracts.stores import submission


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["sv", "nb"])
def test_every_language_says_the_same(language: str) -> None:
    texts = pages._texts()
    assert texts[language].keys() == texts["en"].keys()
    for name, text in texts["en"].items():
        assert names(texts[language][name]) == names(text), name


async def test_script_and_style_are_ours_and_kept(office: Office, browser: Browser) -> None:
    for path, media_type in (("script.js", "text/javascript"), ("style.css", "text/css")):
        answer = await browser.get(f"/console/{path}")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(media_type)
        assert "max-age" in answer.headers["Cache-Control"]


async def test_only_who_is_signed_in_hears_that_something_happened(
    office: Office, browser: Browser
) -> None:
    assert (await browser.get("/console/live")).url.path == "/console/sign-in"
    await office.operator(browser)
    async with browser.session.get(f"{browser.url}/console/live") as news:
        assert news.headers["Content-Type"].startswith("text/event-stream")
        assert (await news.content.readline()).startswith(b"retry:")
        await news.content.readline()
        await office.store.accept(submission(OURS.id), office.clock.now())
        assert await asyncio.wait_for(news.content.readline(), 60) == b"event: changed\n"


async def test_what_a_page_asks_for_by_itself_keeps_no_session(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for _ in range(3):
        office.clock.move(timedelta(minutes=15))
        async with browser.session.get(
            f"{browser.url}/console/profile", headers={"Budkavle-Live": "1"}
        ) as page:
            where = page.url.path
    assert where == "/console/sign-in"
