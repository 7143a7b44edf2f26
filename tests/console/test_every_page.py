"""Every page there is, in a real browser: nothing stands in anybody's way, nothing foreign runs.

A visitor follows every link from the start, with documents there whose every text is hostile. A
page that nobody comes to fails the test too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser as Chromium

from gateway.sandbox.people import ANNA, OPERATOR
from tests.console.chromium import NEEDED, Watched
from tests.console.office import Office
from tests.console.world import World, open_world

pytestmark = NEEDED

_EACH = 2  # addresses of one page that are looked at: of the first kind that comes, and another

# Where no link leads from a world like this one; tests/console has each of them.
_BESIDE = re.compile(
    r"/console/("
    r"|style\.css|script\.js|live|find|suggestions"
    r"|sign-in|elsewhere|elsewhere/back|code|forgotten|welcome/.*"  # before one is signed in
    r"|(companies/{company_id}|settings)/[a-z]+/{verb}"  # of forms: they lead back to their tab
    r"|jobs/(dead|lookups/{company_id}|exports/{company_id})/.*"
    r"|documents/.*/inside/{sha256}|upload/.+"
    r"|.*\.json)"
)
# Those of companies' people, and those of operators.
_PEOPLES = re.compile(r"/console/(unsent|sent|received|upload|settings|usage)\b.*")
_OPERATORS = re.compile(r"/console/(now|log|inbox|companies|channels|rules|audit|jobs)\b.*")


@dataclass
class Walk:
    """One visitor's way over the pages."""

    world: World
    page: Watched
    patterns: dict[str, re.Pattern[str]]
    seen: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    async def go(self, start: str) -> None:
        """Follows links until there are no new pages."""
        line = [start]
        known = {start}
        while line:
            address = line.pop(0)
            pattern = self._pattern(address)
            if pattern is None:
                self.faults.append(f"{address}: no page of ours")
                continue
            visited = self.seen.setdefault(pattern, [])
            if len(visited) >= _EACH:
                continue
            visited.append(address)
            for link in await self._look(address):
                if link not in known:
                    known.add(link)
                    line.append(link)

    async def _look(self, address: str) -> list[str]:
        """Looks at a page; answers where it leads."""
        page = self.page.page
        if address.partition("?")[0].endswith(".json"):  # a twin: looked at with its page
            return []
        answer = await page.context.request.get(self.world.url + address, max_redirects=5)
        kind = answer.headers.get("content-type", "")
        if answer.status != 200:
            self.faults.append(f"{address}: {answer.status}")
            return []
        if answer.headers.get("x-content-type-options") != "nosniff":
            self.faults.append(f"{address}: its media type may be guessed at")
        policy = answer.headers.get("content-security-policy", "")
        if not kind.startswith("text/html") or "sandbox" in policy:
            self._file(address, kind, answer.headers)
            return []
        if "default-src 'none'" not in policy:
            self.faults.append(f"{address}: no policy")
        await page.goto(self.world.url + address)
        self.faults += await self.page.violations()
        await page.emulate_media(color_scheme="dark")
        self.faults += await self.page.violations("color-contrast")
        await page.set_viewport_size({"width": 400, "height": 800})
        self.faults += await self.page.sideways()
        await page.emulate_media(color_scheme="light")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await self._twin()
        return await self._links()

    def _file(self, address: str, kind: str, headers: dict[str, str]) -> None:
        """What is no page is taken home, or is data, or can do nothing where it is shown."""
        policy = headers.get("content-security-policy", "")
        if "attachment" in headers.get("content-disposition", ""):
            return
        if kind.startswith("application/json"):
            return
        if "sandbox" not in policy or "script-src" in policy:
            self.faults.append(f"{address}: {kind} is shown with {policy}")

    async def _twin(self) -> None:
        link = self.page.page.locator('link[rel="alternate"][type="application/json"]')
        if not await link.count():
            return
        address = await link.get_attribute("href")
        answer = await self.page.page.context.request.get(f"{self.world.url}{address}")
        kind = answer.headers["content-type"]
        if answer.status != 200 or not kind.startswith("application/json"):
            self.faults.append(f"{address}: {answer.status} {kind}")
        else:
            json.loads(await answer.text())

    async def _links(self) -> list[str]:
        found: list[str] = await self.page.page.evaluate(
            "() => [...document.querySelectorAll('a[href], iframe[src]')]"
            ".map(one => one.getAttribute('href') ?? one.getAttribute('src'))"
        )
        ours = []
        for address in found:
            parts = urlsplit(address)
            if parts.hostname == "127.0.0.1" or address.startswith("#"):
                continue
            if parts.scheme or parts.netloc or not address.startswith(("/console", "?")):
                self.faults.append(f"{self.page.page.url}: leads to {address}")
            elif address.startswith("?"):
                ours.append(urlsplit(self.page.page.url).path + address)
            elif parts.path not in {"/console", "/console/sign-in"}:
                ours.append(address.partition("#")[0])
        return ours

    def _pattern(self, address: str) -> str | None:
        path = urlsplit(address).path
        for name, pattern in self.patterns.items():
            if pattern.fullmatch(path):
                return name
        return None


def patterns_of(office: Office) -> dict[str, re.Pattern[str]]:
    """The pages that can be gone to, twins last, as the router has them."""
    found = {}
    for route in office.app.router.routes():
        resource = route.resource
        if route.method == "GET" and resource is not None:
            name = resource.canonical
            if name.startswith("/console/"):
                found[name] = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", name.replace(".", r"\.")))
    return found


@pytest.mark.parametrize("email", [OPERATOR.email, ANNA.email], ids=("operator", "company"))
async def test_every_page(email: str, office: Office, chromium: Chromium, tmp_path: Path) -> None:
    patterns = patterns_of(office)
    async with open_world(tmp_path / "world") as world:
        await world.populate()
        page = await world.visitor(chromium, email, viewport={"width": 1280, "height": 900})
        walk = Walk(world, page, patterns)
        await walk.go(urlsplit(page.page.url).path)
        # Now: a page that is still open complains when the gateway has gone.
        assert (walk.faults, page.complaints, page.outside) == ([], [], [])
    assert len(walk.seen) > 10
    others = _PEOPLES if email == OPERATOR.email else _OPERATORS
    missed = {
        name
        for name in patterns.keys() - walk.seen.keys()
        if not _BESIDE.fullmatch(name) and not others.fullmatch(name)
    }
    assert missed == set()
