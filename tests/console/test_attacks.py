"""The console under attack: other sites' forms, files that want to be scripts, headers, noise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.console.section import Console
from tests.console.office import OURS, PASSWORD, Browser, Office, open_office
from tests.console.test_pages import INVOICE

XSS = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

FORMS: dict[str, dict[str, str]] = {
    "/console/sign-in": {"email": "anna@byran.example", "password": PASSWORD},
    "/console/sign-out": {},
    "/console/forgotten": {"email": "anna@byran.example"},
    "/console/profile/language": {"language": "nb"},
    "/console/profile/password": {"current": PASSWORD, "password": "x", "again": "x"},
    "/console/profile/sessions": {"session": "ses_1"},
    "/console/profile/second-factor/off": {"current": PASSWORD},
    "/console/second-factor": {"code": "000000"},
}


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_another_site_does_nothing(
    office: Office, browser: Browser, path: str
) -> None:
    person = await office.person()
    await browser.sign_in("anna@byran.example")
    before = await office.fresh(person), await office.store.sessions(person.id)
    async with office.browser() as stranger:
        await stranger.get("/console/sign-in")
        theirs = stranger.last.form_token if stranger.last else ""
    assert theirs
    for token in ("", "0" * 64, theirs):
        page = await browser.post(path, token, **FORMS[path])
        assert page.status == 403 and "too old" in page.text
    after = await office.fresh(person), await office.store.sessions(person.id)
    assert after == before


async def test_nor_does_an_upload(office: Office, browser: Browser) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    assert (await browser.upload(INVOICE, form_token="0" * 64)).status == 403
    assert (await office.store.documents(OURS.id)).documents == ()


async def test_a_name_of_a_file_is_no_markup(office: Office, browser: Browser) -> None:
    await office.person()
    form = await browser.sign_in("anna@byran.example")
    for content in (INVOICE, b"nothing"):
        browser.last = form
        page = await browser.upload(content, XSS.replace('"', "'"))
        listed = await browser.get("/console/upload")
        assert "<script>alert" not in page.text + listed.text
        assert "<img src=x" not in page.text + listed.text


async def test_what_stands_in_a_document_is_no_markup(office: Office, browser: Browser) -> None:
    await office.person()
    form = await browser.sign_in("anna@byran.example")
    for content in (
        b'{"invoice": {"number": "x", "<script>alert(1)</script>": 1}}',
        b"<Invoice><script>alert(1)</script>",
    ):
        browser.last = form
        page = await browser.upload(content, "a.json")
        assert page.status == 422 and "<script>alert" not in page.text


async def test_what_is_typed_is_no_markup(office: Office, browser: Browser) -> None:
    page = await browser.sign_in(XSS, "x", next=XSS)
    assert "<script>" not in page.text and "&lt;script&gt;" in page.text
    page = await browser.get("/console/sign-in?next=%22%3E%3Cscript%3E")
    assert "<script>" not in page.text


async def test_pages_say_what_a_browser_may_do(office: Office, browser: Browser) -> None:
    await office.person()
    for page in (
        await browser.get("/console/sign-in"),
        await browser.sign_in("anna@byran.example"),
        await browser.get("/console/profile"),
        await browser.get("/console/welcome/x"),
    ):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.S)
        assert scripts == [""] and '<script src="/console/script.js?' in page.text
        assert " style=" not in page.text and not re.search(r"<[^>]* on[a-z]+=", page.text)
        assert "http://" not in page.text and "https://" not in page.text


async def test_cookies_are_kept_from_scripts_and_behind_tls(tmp_path: Path) -> None:
    section = Console(url="https://gateway.example", per_minute=1000)
    async with (
        open_office(tmp_path / "data", section=section) as office,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(f"{office.url}/console/sign-in") as answer,
    ):
        (cookie,) = answer.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-budkavle-visitor=")
    said = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= said
    assert not any(part.lower().startswith("domain") for part in said)


@pytest.mark.parametrize(
    "how",
    [
        {"data": b"\xff\xfe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": b"a=1&" * 60, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": b"{}", "headers": {"Content-Type": "application/json"}},
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"a" * 70_000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": b"", "headers": {"Content-Type": "text/plain"}},
        {
            "data": b"reason=a%00b",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {
            "data": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\na\0b\r\n--x--\r\n",
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
    ],
)
async def test_noise_is_answered_with_a_page(
    office: Office, browser: Browser, how: dict[str, Any]
) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    for path in ("/console/sign-in", "/console/upload", "/console/profile/password"):
        async with browser.session.post(office.url + path, **how) as answer:
            assert 400 <= answer.status < 500, path
            assert answer.content_type == "text/html"
            assert "Traceback" not in await answer.text()


async def test_a_file_that_is_too_large_is_refused(office: Office, browser: Browser) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    page = await browser.upload(b"x" * (1024 * 1024 + 1))
    assert page.status == 413 and "too large" in page.text


async def test_cookies_that_are_made_up_open_nothing(office: Office, browser: Browser) -> None:
    await office.person()
    for value in ("", "bks_", "x" * 5000, "'; DROP TABLE session; --", "å"):
        headers = {"Cookie": f"budkavle={value}".encode().decode("latin-1")}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(
                f"{office.url}/console/profile", headers=headers, allow_redirects=False
            ) as answer,
        ):
            assert answer.status in (303, 400), value


async def test_a_nul_in_an_address_names_nothing(office: Office, browser: Browser) -> None:
    """PostgreSQL refuses it in any text: it must not come so far."""
    await office.operator(browser)
    for address in (
        "/console/documents/com_ours/doc_%00",
        "/console/companies/%00",
        "/console/log?q=%00",
        "/console/audit?actor=a%00",
    ):
        assert (await browser.get(address)).status == 404, address
