"""The console over a real store, its people, and a browser without a screen or scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
from aiohttp import web
from argon2 import PasswordHasher
from yarl import URL

from gateway.api.app import make_app, make_runner
from gateway.api.routes import Limits
from gateway.clock import MovableClock
from gateway.console.opening import open_console
from gateway.console.section import Console, Oidc
from gateway.console.setup import Setup
from gateway.delivery.unpacking import Unpacking
from gateway.delivery.workshop import HERE
from gateway.handing_in import HandingIn
from gateway.outside.client import Outside, Rules
from gateway.store.accounts import Account
from gateway.store.people import Person
from gateway.store.port import Company
from gateway.store.sqlite import SqliteStore
from gateway.trust.gate import OPEN, Gate
from gateway.trust.people.directory import Directory, Newcomer
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.roles import Role
from gateway.webhooks.courier import Courier
from gateway.webhooks.endpoints import Webhooks
from gateway.webhooks.sealing import Sealing
from tests.api.conftest import AT

ACCOUNT = Account("acc_byran", "Byrån", AT)
OURS = Company("com_ours", "Norrsken Papper AB", "SE", ("0007:5560000019",), {}, ACCOUNT.id)
THEIRS = Company("com_theirs", "Fjordstrøm AS", "NO", ("0192:918130047",), {})
PASSWORD = "paraply hammock kvitto"
LIMITS = Limits(body_bytes=1024 * 1024, idle_body_s=60, long_poll_s=20)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Shown:
    """A page, as it came."""

    status: int
    url: URL
    headers: Mapping[str, str]
    text: str

    @property
    def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', self.text)
        return found[1] if found else ""

    def value(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, name
        return unescape(found[1])

    @property
    def faults(self) -> str:
        found = re.search(r'<div class="box bad" role="alert">(.*?)</form>', self.text, re.S)
        return found[1] if found else ""


@dataclass
class Browser:
    """Keeps cookies, and follows to where it is sent."""

    url: str
    session: aiohttp.ClientSession
    language: str = "en"
    last: Shown | None = field(default=None, repr=False)

    async def get(self, path: str, *, follow: bool = True) -> Shown:
        return await self._ask("GET", path, allow_redirects=follow)

    async def post(
        self, path: str, token: str | None = None, *, follow: bool = True, **fields: Any
    ) -> Shown:
        """Sends a form: with the token of the page that was shown last, unless another is given."""
        given = self.last.form_token if token is None and self.last else token or ""
        data = {"form_token": given, **fields}
        return await self._ask("POST", path, data=data, allow_redirects=follow)

    async def upload(self, content: bytes, name: str = "faktura.json", **fields: str) -> Shown:
        """Hands a file in, by the form that was shown last, or by a new one."""
        if self.last is None or 'name="once"' not in self.last.text:
            await self.get("/console/upload")
        assert self.last is not None
        form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
        own = {"form_token": self.last.form_token, "once": self.last.value("once")}
        for field_name, value in {**own, "company": OURS.id, **fields}.items():
            form.add_field(field_name, value)
        form.add_field(
            "file", BytesIO(content), filename=name, content_type="application/octet-stream"
        )
        return await self._ask("POST", "/console/upload", data=form)

    async def sign_in(self, email: str, password: str = PASSWORD, next: str = "") -> Shown:
        await self.get("/console/sign-in")
        return await self.post("/console/sign-in", email=email, password=password, next=next)

    def cookie(self, name: str) -> str:
        cookies = self.session.cookie_jar.filter_cookies(URL(self.url))
        return cookies[name].value if name in cookies else ""

    async def _ask(self, method: str, path: str, **how: Any) -> Shown:
        headers = {"Accept-Language": self.language, "User-Agent": "Test browser"}
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, headers=headers, **how) as answer:
            page = Shown(answer.status, answer.url, answer.headers, await answer.text())
        self.last = page
        return page


@dataclass
class Office:
    """The console, and who works there."""

    url: str
    store: SqliteStore
    clock: MovableClock
    directory: Directory
    passwords: Passwords
    console: Any
    app: web.Application

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        jar = aiohttp.CookieJar(unsafe=True)  # "unsafe": also of an address that is a number
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            yield Browser(self.url, session)

    async def person(
        self,
        email: str = "anna@byran.example",
        role: Role = Role.SENDER,
        *,
        password: str | None = PASSWORD,
        **more: Any,
    ) -> Person:
        """Somebody who has chosen a password."""
        account = "" if role is Role.OPERATOR else ACCOUNT.id
        newcomer = Newcomer(email, "Anna Ek", "en", role, **{"account_id": account, **more})
        person, link = await self.directory.admit(newcomer, "operator:test")
        if password is None:
            return person
        used = link.rpartition("/")[2]
        assert await self.console.signing_in.set_password(person, password, used)
        return await self.fresh(person)

    async def fresh(self, person: Person) -> Person:
        found = await self.store.person(person.id)
        assert found is not None
        return found

    async def secret(self, person: Person) -> str:
        """Gives a person a second factor; what their app knows of it."""
        proofs = self.console.signing_in
        fresh = await self.fresh(person)
        secret = await proofs.enrol(fresh)
        found = await proofs.by_password(fresh.email, PASSWORD, "app")
        assert found is not None
        code = pyotp.TOTP(secret).at(self.clock.now())
        assert await proofs.confirm(found.session, fresh, code, "app") is not None
        return secret

    async def operator(self, browser: Browser, email: str = "op@gateway.example") -> Person:
        """An operator, signed in with both factors."""
        person = await self.person(email, Role.OPERATOR)
        secret = await self.secret(person)
        await browser.sign_in(email)
        self.clock.move(timedelta(minutes=1))  # no code counts twice
        await browser.post("/console/code", code=pyotp.TOTP(secret).at(self.clock.now()))
        return await self.fresh(person)

    async def told(self) -> list[str]:
        return [entry.action for entry in await self.store.audit_entries(0, 1000)]


@asynccontextmanager
async def open_office(
    data: Path,
    *,
    section: Console | None = None,
    oidc: Oidc | None = None,
    gate: Gate = OPEN,
    setup: Setup | None = None,
    channels: Collection[str] = (),
    recalling: Collection[str] = (),
    service: Callable[[SqliteStore, MovableClock], Mapping[str, Any]] = lambda store, clock: {},
) -> AsyncIterator[Office]:
    """`service` makes what the operations work with beside these (`make_app`)."""
    store = await SqliteStore.open(data)
    clock = MovableClock(AT)
    await store.add_account(ACCOUNT)
    for company in (OURS, THEIRS):
        await store.add_company(company, AT)
    outside = Outside(Rules(allow_http=True, allow_private=True, limit_s=10))
    webhooks = Webhooks(store, Courier(outside, Sealing(None, clock), clock), clock, most=1)
    directory, passwords = Directory(store, clock), Passwords(CHEAP)
    handing_in = HandingIn(store, clock, Unpacking(HERE), gate)
    section = section or Console(per_minute=1000)
    parts, pages = await open_console(
        section, oidc, store, clock, directory, handing_in, LIMITS, passwords, setup
    )
    app = make_app(
        *(store, webhooks, clock),
        limits=LIMITS,
        channels=channels,
        recalling=recalling,
        gate=gate,
        directory=directory,
        pages=pages,
        **service(store, clock),
    )
    runner = make_runner(app, drain_s=5, lingering_s=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    directory.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield Office(directory.url, store, clock, directory, passwords, parts, app)
    finally:
        await runner.cleanup()
        await parts.close()
        await outside.close()
        await store.close()
