"""The pages of rules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from aiohttp import web

from gateway.api.body import apart
from gateway.api.routes import Service
from gateway.console.console import Page
from gateway.console.forms import HOME, Upload
from gateway.console.rules.releases import Known, RuleSet, found, rule_sets, text_of
from gateway.console.rules.tried import Tried, tried
from gateway.console.visit import Visit
from gateway.handing_in import document
from gateway.intake.kind import ZIP
from gateway.intake.prepare import verdict
from gateway.intake.submission import JSON
from validators.explain import Explanation, explain, similar

_PATH: Final = f"{HOME}/rules"
_PERIODS: Final = (7, 30)  # days
_MOST_FAILING: Final = 30
_MOST_SOUGHT: Final = 100  # characters
_FIRST_DAY, _LAST_DAY = date(2015, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule that documents were found to break."""

    id: str
    severity: str
    text: str
    documents: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """The page. `days`: the period that `failing` is of; `found` fits `sought`."""

    day: date
    days: int
    periods: tuple[int, ...]
    failing: tuple[Failing, ...]
    sets: tuple[RuleSet, ...]
    sought: str
    found: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class One:
    """A rule. `counts`: it does on the day; `documents` were found to break it in the last days."""

    explanation: Explanation
    day: date
    counts: bool
    documents: int
    days: int


@dataclass(frozen=True, slots=True)
class Trying:
    """The form, and what was found in a document that was handed in with it."""

    day: str
    text: str
    fault: str
    tried: Tried | None


class RulePages:
    """The pages."""

    def __init__(self, service: Service) -> None:
        self._store = service.store
        self._clock = service.clock

    def pages(self) -> list[Page]:
        """All of them."""
        attempt = f"{_PATH}/try"
        return [
            Page("GET", _PATH, self._list, operators=True, twin=True),
            Page("GET", attempt, self._ask, operators=True, twin=True),
            Page("POST", attempt, self._try, operators=True, with_file=True),
            Page("GET", f"{_PATH}/{{rule}}", self._one, operators=True, twin=True),
        ]

    async def _list(self, visit: Visit) -> web.Response:
        asked = visit.request.query.get("days", "")
        days = next((one for one in _PERIODS if str(one) == asked), _PERIODS[0])
        sought = visit.request.query.get("q", "").strip()[:_MOST_SOUGHT]
        language, day = visit.words.language, self._clock.now().date()
        sets = await asyncio.to_thread(rule_sets, day)  # the first time reads every rule
        view = Rules(
            day=day,
            days=days,
            periods=_PERIODS,
            failing=await self._failing(days, _MOST_FAILING, language),
            sets=sets,
            sought=sought,
            found=found(sought, language) if sought else (),
        )
        return visit.view("rules/list", view, title=visit.words("menu_rules"))

    async def _failing(self, days: int, most: int, language: str) -> tuple[Failing, ...]:
        since = self._clock.now() - timedelta(days=days)
        rows = await self._store.failing_rules(None, since, most)
        return tuple(
            Failing(row.rule, row.severity, text_of(row.rule, language), row.documents, row.last_at)
            for row in rows
        )

    async def _one(self, visit: Visit) -> web.Response:
        rule = visit.request.match_info["rule"]
        day, language = self._clock.now().date(), visit.words.language
        try:
            explained = await asyncio.to_thread(
                partial(explain, rule, at=day, language=language)
            )  # it checks a whole document or two
        except KeyError:
            near = similar(rule[:_MOST_SOUGHT])
            return visit.show(
                "rules/none", 404, title=visit.words("not_found_title"), rule=rule[:200], near=near
            )
        since = self._clock.now() - timedelta(days=_PERIODS[-1])
        failing = await self._store.failing_rules(None, since, 1000)
        documents = next((row.documents for row in failing if row.rule == rule), 0)
        begun = explained.since is None or explained.since <= day
        counts = begun and (explained.until is None or day < explained.until)
        view = One(explained, day, counts, documents, _PERIODS[-1])
        return visit.view("rules/one", view, title=rule)

    async def _ask(self, visit: Visit) -> web.Response:
        return self._asked(visit, Trying(self._today(), "", "", None))

    async def _try(self, visit: Visit) -> web.Response:
        """Checks a document. Nothing of it is kept."""
        form = visit.form
        day, text = form["day"].strip()[:20] or self._today(), form["document"]
        at = _day(day)
        if at is None:
            return self._asked(visit, Trying(day, text, "day", None))
        upload = form.file if form.file is not None and form.file.content else None
        if upload is None and text.strip():
            upload = Upload(visit.words("rules_pasted"), text.strip().encode("utf-8", "replace"))
        if upload is None:
            return self._asked(visit, Trying(day, text, "nothing", None))
        given = document(upload.name, upload.content)
        if given.media_type not in (JSON, ZIP):  # what is none is told so as XML
            given = replace(given, media_type="application/xml")
        language = {"findings_language": visit.words.language}
        report = await apart(len(given.content), verdict, given, [], language, at=at)
        shown = tried(upload.name, given.content, report, at)
        return self._asked(visit, Trying(day, text, "", shown))

    def _asked(self, visit: Visit, view: Trying) -> web.Response:
        title = visit.words("rules_try")
        return visit.view("rules/try", view, 422 if view.fault else 200, title=title)

    def _today(self) -> str:
        return self._clock.now().date().isoformat()


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None
