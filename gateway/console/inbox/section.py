"""The section: its pages together."""

from __future__ import annotations

from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.inbox.answering import AnsweringPages
from gateway.console.inbox.aside import AsidePages
from gateway.console.inbox.lying import LyingPages
from gateway.console.inbox.mending import MendingPages
from gateway.console.inbox.received import ReceivedPages


class Inbox:
    """Inbox, what was set aside, repair, and what a company's people received."""

    def __init__(self, parts: Parts, service: Service) -> None:
        sets = (LyingPages, AsidePages, MendingPages, ReceivedPages, AnsweringPages)
        self._pages = [page for each in sets for page in each(parts, service).pages()]

    def pages(self) -> list[Page]:
        """All of them; what was set aside before the page of any document."""
        return self._pages
