"""What the pages of jobs share: their address, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from gateway.console.console import Parts
from gateway.console.forms import HOME
from gateway.console.visit import Visit

PATH: Final = f"{HOME}/jobs"

_DONE: Final = frozenset({"revive", "drop", "already", "export", "lookup", "removed"})


def done(visit: Visit) -> str:
    """What was done just now, as the address says."""
    said = visit.request.query.get("done", "")
    return said if said in _DONE else ""


async def names(parts: Parts, visit: Visit) -> Mapping[str, str]:
    """The companies' names by id."""
    return {one.id: one.name for one in await parts.companies_of(visit)}


def not_there(visit: Visit) -> web.Response:
    """What is not there, and what is nobody's business."""
    return visit.show("notice", 404, title=visit.words("not_found_title"), what="not_found")
