"""Signing in and out: by password, by a code, and what stays the same for who can not."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pyotp
import pytest
from argon2 import PasswordHasher

from gateway.console.section import Console
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.roles import Role
from tests.console.office import PASSWORD, Browser, Office, open_office
from tests.servers.disk import full_disk

MINUTE = timedelta(minutes=1)


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(
    office: Office, browser: Browser
) -> None:
    await office.person()
    page = await browser.get("/console/profile")
    assert page.url.path == "/console/sign-in" and page.value("next") == "/console/profile"
    page = await browser.post(
        "/console/sign-in", email="anna@byran.example", password=PASSWORD, next=page.value("next")
    )
    assert page.status == 200 and page.url.path == "/console/profile"
    assert "anna@byran.example" in page.text
    assert (await office.told())[-1] == "person.signed_in"


async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    office: Office, browser: Browser
) -> None:
    await office.person()
    await office.person("invited@byran.example", password=None)
    answers = set()
    for email, password in (
        ("anna@byran.example", "wrong password here"),
        ("nobody@byran.example", PASSWORD),
        ("invited@byran.example", ""),
    ):
        page = await browser.sign_in(email, password)
        text = page.text.replace(email, "").replace(page.form_token, "")
        answers.add((page.status, text))
        assert browser.cookie("budkavle") == ""
    assert len(answers) == 1


async def test_it_asks_the_hash_for_nobody_too() -> None:
    # In time a wrong name is told apart from a wrong password by the one thing that takes time.
    asked: list[str | bytes] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            asked.append(hash)
            return super().verify(hash, password)

    passwords = Passwords(Counting())
    for _ in range(2):
        assert not await passwords.match(None, "nobody has this password")
    assert len(asked) == 2 and len(set(asked)) == 1


async def test_signing_in_gives_a_new_session_and_ends_the_one_before(
    office: Office, browser: Browser
) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    first = browser.cookie("budkavle")
    browser.session.cookie_jar.update_cookies({"budkavle": first})
    await browser.post("/console/sign-out")
    assert (await browser.get("/console/profile")).url.path == "/console/sign-in"
    await browser.sign_in("anna@byran.example")
    assert browser.cookie("budkavle") not in ("", first)


async def test_a_session_that_somebody_else_has_fixed_is_not_taken_over(
    office: Office, browser: Browser
) -> None:
    person = await office.person()
    async with office.browser() as attacker:
        await attacker.sign_in("anna@byran.example")
        planted = attacker.cookie("budkavle")
        browser.session.cookie_jar.update_cookies({"budkavle": "bks_made_up_by_somebody_else"})
        await browser.sign_in("anna@byran.example")
        assert browser.cookie("budkavle") not in (planted, "bks_made_up_by_somebody_else")
    assert len(await office.store.sessions(person.id)) == 2


async def test_a_session_ends_by_idleness_and_at_the_latest(
    office: Office, browser: Browser
) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    for _ in range(3):  # busy: it goes on
        office.clock.move(timedelta(minutes=25))
        assert (await browser.get("/console/profile")).url.path == "/console/profile"
    office.clock.move(timedelta(minutes=30))
    assert (await browser.get("/console/profile")).url.path == "/console/sign-in"
    await browser.sign_in("anna@byran.example")
    for _ in range(28):
        office.clock.move(timedelta(minutes=25))
        await browser.get("/console/profile")
    office.clock.move(timedelta(minutes=25))
    assert (await browser.get("/console/profile")).url.path == "/console/sign-in"


async def test_on_a_full_disk_an_operator_still_sees(
    office: Office, browser: Browser, tmp_path: Path
) -> None:
    await office.operator(browser)
    office.clock.move(10 * MINUTE)  # that somebody is there would be written down
    with full_disk(tmp_path / "data" / "budkavle.sqlite-wal"):
        page = await browser.get("/console/now")
        assert (page.status, page.url.path) == (200, "/console/now")


async def test_a_change_of_role_ends_sessions(office: Office, browser: Browser) -> None:
    person = await office.person()
    await browser.sign_in("anna@byran.example")
    await office.directory.change(await office.fresh(person), "key:x", role=Role.READER)
    assert (await browser.get("/console/upload")).url.path == "/console/sign-in"
    page = await browser.sign_in("anna@byran.example")
    assert (await browser.get("/console/upload")).status == 403
    assert 'href="/console/upload"' not in page.text


# --- the second factor --------------------------------------------------------------------------


async def test_an_operator_sets_up_the_second_factor_before_anything(
    office: Office, browser: Browser
) -> None:
    await office.person("op@gateway.example", Role.OPERATOR)
    page = await browser.sign_in("op@gateway.example")
    assert page.url.path == "/console/second-factor"
    assert (await browser.get("/console/profile")).url.path == "/console/second-factor"
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)
    assert found is not None
    half = browser.cookie("budkavle")
    page = await browser.get("/console/second-factor")
    wrong = await browser.post("/console/second-factor", code="000000")
    assert wrong.status == 403
    code = pyotp.TOTP(found[1].replace(" ", "")).at(office.clock.now())
    page = await browser.post("/console/second-factor", code=code)
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code>", page.text)
    assert len(codes) == 10 and browser.cookie("budkavle") != half
    assert (await browser.get("/console/profile")).url.path == "/console/profile"
    await browser.post("/console/sign-out")
    await browser.sign_in("op@gateway.example")
    page = await browser.post("/console/code", code=f"  {codes[0].upper()} ", next="")
    assert page.status == 200 and "/console/sign-out" in page.text  # on their first page
    await browser.post("/console/sign-out")
    await browser.sign_in("op@gateway.example")
    assert (await browser.post("/console/code", code=codes[0])).status == 403  # each once
    assert "person.second_factor_on" in await office.told()


async def test_a_code_works_once_within_one_step(office: Office, browser: Browser) -> None:
    person = await office.person()
    secret = await office.secret(person)
    totp = pyotp.TOTP(secret)
    office.clock.move(2 * MINUTE)
    for code in (
        lambda: totp.at(office.clock.now() - MINUTE),
        lambda: totp.at(office.clock.now() + MINUTE),
        lambda: "",
        lambda: "12345",
        lambda: "１２３４５６",
    ):
        page = await browser.sign_in("anna@byran.example")
        assert page.url.path == "/console/code"
        assert (await browser.post("/console/code", code=code())).status == 403
        office.clock.move(MINUTE)
    await browser.sign_in("anna@byran.example")
    office.clock.move(timedelta(hours=1))  # what was wrong rests
    page = await browser.sign_in("anna@byran.example")
    good = totp.at(office.clock.now() - MINUTE / 2)  # a phone whose clock is half a minute late
    assert (await browser.post("/console/code", code=good)).url.path == "/console/unsent"
    async with office.browser() as thief:
        await thief.sign_in("anna@byran.example")
        assert (await thief.post("/console/code", code=good)).status == 403
        fresh = totp.at(office.clock.now())
        assert (await thief.post("/console/code", code=fresh)).status == 200


async def test_codes_can_not_be_tried_through(office: Office, browser: Browser) -> None:
    person = await office.person()
    secret = await office.secret(person)
    office.clock.move(MINUTE)
    await browser.sign_in("anna@byran.example")
    answers = [(await browser.post("/console/code", code=f"00000{n}")).status for n in range(7)]
    assert answers == [403] * 5 + [429] * 2
    good = pyotp.TOTP(secret).at(office.clock.now())
    assert (await browser.post("/console/code", code=good)).status == 429
    office.clock.move(MINUTE)
    good = pyotp.TOTP(secret).at(office.clock.now())
    assert (await browser.post("/console/code", code=good)).url.path == "/console/unsent"


async def test_nothing_but_the_code_is_shown_in_between(office: Office, browser: Browser) -> None:
    person = await office.person()
    await office.secret(person)
    office.clock.move(MINUTE)
    page = await browser.sign_in("anna@byran.example")
    assert "Anna Ek" not in page.text
    for path in ("/console", "/console/profile", "/console/upload", "/console/second-factor"):
        assert "Anna Ek" not in (await browser.get(path)).text
    await browser.get("/console/code")
    page = await browser.post("/console/profile/password", current=PASSWORD, password="x")
    assert page.url.path == "/console/code"


async def test_who_knows_only_the_password_gives_themselves_no_new_factor(
    office: Office, browser: Browser
) -> None:
    person = await office.person()
    secret = await office.secret(person)
    office.clock.move(MINUTE)
    await browser.sign_in("anna@byran.example")
    await browser.get("/console/code")
    page = await browser.post("/console/second-factor", code="000000")
    assert page.url.path == "/console/code"
    proof = await office.console.signing_in.proof(await office.fresh(person))
    assert proof.secret == secret


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/",
        "//evil.example/console",
        "/console//evil.example",
        "/\\evil.example",
        "/console/../../evil",
        "/console\r\nSet-Cookie: a=b",
        "/console/profile\r\nX: y",
        "javascript:alert(1)",
        "/consoleevil",
        "/v1/documents",
        "/console/profile#x",
    ],
)
async def test_it_leads_nowhere_but_to_our_own_pages(
    office: Office, browser: Browser, next: str
) -> None:
    await office.person()
    await browser.get("/console/sign-in")
    page = await browser.post(
        "/console/sign-in",
        email="anna@byran.example",
        password=PASSWORD,
        next=next,
        follow=False,
    )
    assert page.status == 303 and page.headers["Location"] == "/console"
    assert "X" not in page.headers and "evil" not in str(page.headers)


async def test_who_fails_too_often_is_not_looked_at_for_a_minute(tmp_path: Path) -> None:
    async with open_office(tmp_path / "data", section=Console(per_minute=4)) as office:
        await office.person()
        async with office.browser() as browser:
            tries = [(await browser.sign_in("anna@byran.example", "x")).status for _ in range(3)]
            assert tries == [403, 403, 429]
            assert (await browser.sign_in("anna@byran.example")).status == 429
            assert (await browser.sign_in("bo@byran.example", "x")).status == 403
            office.clock.move(MINUTE)
            assert (await browser.sign_in("anna@byran.example")).status == 200


async def test_a_forgotten_password_is_answered_alike_and_written_to_who_is_there(
    office: Office, browser: Browser
) -> None:
    person = await office.person()
    answers = set()
    for email in ("anna@byran.example", "nobody@byran.example"):
        await browser.get("/console/forgotten")
        page = await browser.post("/console/forgotten", email=email)
        answers.add((page.status, page.text.replace(page.form_token, "")))
    assert len(answers) == 1
    await office.console.close()
    rows = await office.store.register_entries("post", "", "mail", "", 10)
    (mail,) = [row.data.decode() for row in rows]
    assert person.email in mail and "/console/welcome/bkl_" in mail
