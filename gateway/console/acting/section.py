"""The section: verbs on one document and on ticked rows, and the receipt."""

from __future__ import annotations

from gateway.api.routes import Service
from gateway.console.acting.many import Many
from gateway.console.acting.one import One
from gateway.console.acting.receipt import Receipts
from gateway.console.console import Page, Parts


class Acting:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._sets = (One(parts, service), Many(parts, service), Receipts(parts, service))

    def pages(self) -> list[Page]:
        """All of them."""
        return [page for one in self._sets for page in one.pages()]
