"""Signing in at an identity provider: whom it vouches for, and everything that is not believed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from gateway.console.section import Oidc
from gateway.trust.people.roles import Role
from tests.console.office import Office, open_office
from tests.servers.identity import CLIENT, SECRET, IdentityProvider


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with IdentityProvider() as running:
        yield running


@pytest.fixture
async def office(tmp_path: Path, provider: IdentityProvider) -> AsyncIterator[Office]:
    section = Oidc(
        issuer=provider.url,
        client_id=CLIENT,
        client_secret=SecretStr(SECRET),
        name="Example",
        allow_http=True,
    )
    async with open_office(tmp_path / "data", oidc=section) as opened:
        yield opened


async def test_it_finds_them_by_their_address_once_and_by_their_subject_then(
    office: Office, provider: IdentityProvider
) -> None:
    person = await office.person()
    for email in ("Anna@Byran.example", "another@byran.example"):
        provider.claims["email"] = email
        async with office.browser() as browser:
            page = await browser.get("/console/sign-in")
            assert "Sign in with Example" in page.text
            page = await browser.get("/console/elsewhere?next=/console/profile")
            assert page.status == 200 and page.url.path == "/console/profile"
    assert (await office.fresh(person)).subject == f"{provider.url} 42"
    assert "person.subject_linked" in await office.told()
    assert len({asked["state"] for asked in provider.asked}) == 2


async def test_nobody_is_created_by_it(office: Office) -> None:
    async with office.browser() as browser:
        page = await browser.get("/console/elsewhere")
        assert page.status == 403 and "Nobody here is known" in page.text
    assert await office.store.everybody("", 10) == []


async def test_our_second_factor_is_asked_for_all_the_same(office: Office) -> None:
    await office.person(role=Role.OPERATOR)
    async with office.browser() as browser:
        page = await browser.get("/console/elsewhere")
        assert page.url.path == "/console/second-factor"


async def test_another_subject_does_not_take_a_linked_address_over(
    office: Office, provider: IdentityProvider
) -> None:
    await office.person()
    async with office.browser() as browser:
        assert (await browser.get("/console/elsewhere")).status == 200
    provider.claims["sub"] = "43"
    async with office.browser() as browser:
        assert (await browser.get("/console/elsewhere")).status == 403


async def test_a_provider_that_changes_its_key_is_asked_again(
    office: Office, provider: IdentityProvider
) -> None:
    await office.person()
    for _ in range(2):
        async with office.browser() as browser:
            assert (await browser.get("/console/elsewhere")).status == 200
        provider.renew_key()


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "for another client": lambda claims: claims.update(aud="another"),
    "for several, not for us": lambda claims: claims.update(aud=[CLIENT, "x"], azp="x"),
    "too late": lambda claims: claims.update(exp=int(time.time()) - 3600),
    "another nonce": lambda claims: claims.update(nonce="another"),
    "without a nonce": lambda claims: claims.pop("nonce"),
    "without a subject": lambda claims: claims.pop("sub"),
    "without an end": lambda claims: claims.pop("exp"),
    "an address that is not verified": lambda claims: claims.update(email_verified=False),
    "verified as a word": lambda claims: claims.update(email_verified="true"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_not_right_is_not_believed(
    office: Office, provider: IdentityProvider, name: str
) -> None:
    await office.person()
    provider.change = CHANGES[name]
    async with office.browser() as browser:
        assert (await browser.get("/console/elsewhere")).status == 403
        assert browser.cookie("budkavle") == ""


SIGNATURES: dict[str, Callable[[dict[str, Any]], str]] = {
    "none at all": lambda claims: jwt.encode(claims, None, algorithm="none"),
    "with our own secret": lambda claims: jwt.encode(claims, SECRET * 3, algorithm="HS256"),
    "noise": lambda claims: "not a token",
}


@pytest.mark.parametrize("name", SIGNATURES)
async def test_what_is_not_signed_is_not_believed(
    office: Office, provider: IdentityProvider, name: str
) -> None:
    await office.person()
    provider.signs = SIGNATURES[name]
    async with office.browser() as browser:
        assert (await browser.get("/console/elsewhere")).status == 403


async def test_another_browser_can_not_finish_it(office: Office) -> None:
    await office.person()
    async with office.browser() as victim, office.browser() as attacker:
        begun = await attacker.get("/console/elsewhere", follow=False)
        async with attacker.session.get(begun.headers["Location"], allow_redirects=False) as answer:
            back = answer.headers["Location"]
        assert (await victim.get(back)).status == 403
        assert victim.cookie("budkavle") == ""
        changed = back.replace("state=", "state=x")
        assert (await attacker.get(changed)).status == 403
