"""The system's Chromium, and pages of it that are watched: what they complain about, and where they
ask."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    async_playwright,
)

PATIENCE_MS = 60_000


def _found() -> str | None:
    """Where a Chromium is that starts at all: in some systems the name alone is there."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is None:
            continue
        try:
            subprocess.run([path, "--version"], capture_output=True, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError):
            continue
        return path
    return None


CHROMIUM = _found()
NEEDED = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium on this machine to look at pages with"
)


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        yield browser
        await browser.close()


@dataclass
class Watched:
    """A page, what its console complained of, and the addresses it asked that are not ours."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _on_error(self, error: Error) -> None:
        self.complaints.append(f"{self.page.url}: {error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and parts.hostname != "127.0.0.1":
            self.outside.append(request.url)

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"{self.page.url}: a dialog: {dialog.message}")
        await dialog.dismiss()

    async def violations(self, *rules: str) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its best practices; `rules`: these alone."""
        await self.page.evaluate(AXE_SCRIPT)
        options: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False}
        if rules:
            options["runOnly"] = {"type": "rule", "values": list(rules)}
        found = await self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{self.page.url}: {violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    async def sideways(self) -> list[str]:
        """What stands out at the side, where it is not a part that moves sideways by itself."""
        found: list[str] = await self.page.evaluate(_SIDEWAYS)
        return [f"{self.page.url}: {what}" for what in found]


_SIDEWAYS = """() => {
  const wide = document.documentElement.clientWidth + 0.5;
  const moves = (one) => one.closest(".table, pre, svg, dialog, .tabs");
  return [...document.querySelectorAll("body *")]
    .filter((one) => !moves(one) && one.getClientRects().length)
    .filter((one) => one.getBoundingClientRect().right > wide)
    .map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 60)}`);
}"""


async def watched(chromium: Browser, **how: Any) -> Watched:
    """A new page in a context of its own."""
    context = await chromium.new_context(**how)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    one = Watched(page)
    page.on("console", one._on_console)
    page.on("pageerror", one._on_error)
    page.on("request", one._on_request)
    page.on("dialog", one._on_dialog)
    return one
