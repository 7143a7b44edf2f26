"""A verb on the ticked rows of a list: what will happen to each, and then what became of each.

In charge of the page. Nothing but the rows that were ticked is touched; of these, none that has
moved on since it was shown, nor one that was shown as not to be touched.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.acting.allowed import Act
from gateway.console.acting.doing import Wish, do
from gateway.console.acting.one import done_word, seen
from gateway.console.acting.previews import Preview, Previews
from gateway.console.acting.wish import Route
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME, onward, reason_of
from gateway.console.visit import Visit
from gateway.delivery.rerouting import NewRoute
from gateway.store.port import Company, ContentLost, Document, StorageUnavailable
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope

MOST_ROWS: Final = 200

ACTS: Final = (Act.HOLD, Act.RELEASE, Act.RETRY, Act.REROUTE, Act.RESEND, Act.CANCEL)

# Another route that is asked for so often that it has a word of its own.
LETTER: Final = "letter"

_UNREADABLE: Final = 422


@dataclass(frozen=True, slots=True)
class Ticked:
    """A row: its document, and, once it was shown what would happen, the version and the digest of
    the new plan. Without a version it was shown as not to be touched."""

    company_id: str
    document_id: str
    version: str = ""
    digest: str = ""

    @classmethod
    def of(cls, text: str) -> Ticked:
        """As a form has it: `com_1/doc_1` or `com_1/doc_1/version/digest`."""
        return cls(*(text.split("/") + [""] * 4)[:4])


@dataclass(frozen=True, slots=True)
class Row:
    """A ticked row on the page. `value` is what the form has of it then; `code` says why it is not
    touched (`acting_why_...`), or, once it is `done`, what was done (`acting_done_...`)."""

    value: str
    company_id: str
    document_id: str
    company: str = ""
    number: str | None = None
    recipient: str | None = None
    state: str = ""
    sentences: tuple[str, ...] = ()
    code: str = ""
    text: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """The page: `will` are those that something happens to, or has happened to; `others` those that
    are not touched."""

    verb: str
    will: tuple[Row, ...]
    others: tuple[Row, ...]
    channels: tuple[str, ...]  # that can be asked for
    chosen: tuple[str, ...]  # that were
    finished: bool
    back: str


class Many:
    """The page."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service
        self._previews = Previews(service)

    def pages(self) -> list[Page]:
        """The one there is."""
        return [Page("POST", f"{HOME}/act", self._take, scope=Scope.SEND)]

    async def _take(self, visit: Visit) -> web.Response:
        form = visit.form
        ticked = [Ticked.of(text) for text in form.every("row")]
        as_letter = form["verb"] == LETTER
        verb = Act.REROUTE if as_letter else form["verb"]
        fault = _fault(verb, ticked)
        if fault:
            title = visit.words("acting_title_many")
            back = _back(visit)
            return visit.show(
                "acting/nothing", _UNREADABLE, title=title, fault=fault, most=MOST_ROWS, back=back
            )
        chosen = (LETTER,) if as_letter else tuple(filter(None, form.every("channels")))
        act, route = Act(verb), Route(chosen)
        read = route.read()
        if isinstance(read, tuple):
            read, route = NewRoute(), Route()
        if form["step"] != "do":
            return await self._show(visit, act, ticked, route, read)
        reason = reason_of(form)
        if not reason:
            return await self._show(visit, act, ticked, route, read, ("reason",))
        rows = [await self._done(visit, act, one, read, reason) for one in ticked]
        return self._page(visit, act, rows, route, finished=True)

    async def _show(
        self,
        visit: Visit,
        act: Act,
        ticked: Sequence[Ticked],
        route: Route,
        read: NewRoute,
        faults: tuple[str, ...] = (),
    ) -> web.Response:
        rows = [await self._foreseen(visit, act, one, read) for one in ticked]
        return self._page(visit, act, rows, route, faults=faults)

    async def _foreseen(self, visit: Visit, act: Act, one: Ticked, read: NewRoute) -> Row:
        """What would happen to a row."""
        found = await self._found(visit, one)
        if found is None:
            return _not_there(one)
        company, document = found
        return _row(await self._previews.of(visit.words, company, document, act, read, short=True))

    async def _done(self, visit: Visit, act: Act, one: Ticked, read: NewRoute, reason: str) -> Row:
        """Does it to a row that was shown, and says what became of it."""
        try:
            found = await self._found(visit, one)
            if found is None:
                return _not_there(one)
            company, document = found
            if not one.version:
                row = await self._foreseen(visit, act, one, read)
                return _left(row, row.code or "moved_on", row.text)
            wish = Wish(
                *(act, reason, seen(one.version, act, visit.form["once"])),
                route=read,
                expected=one.digest if act is Act.REROUTE else None,
            )
            done = await do(self._service, name_of(visit.somebody), document, wish)
            if not isinstance(done, Document):
                now = await self._service.store.document(company.id, document.id)
                return _left(_of(company, now or document), done.code, done.text)
        except (StorageUnavailable, ContentLost) as error:  # of this row; the others are not lost
            return _left(Row("", one.company_id, one.document_id), "unavailable", str(error))
        row = _of(company, done)
        return Row(
            *("", row.company_id, row.document_id, row.company, row.number, row.recipient),
            row.state,
            code=done_word(act, done),
            done=True,
        )

    async def _found(self, visit: Visit, one: Ticked) -> tuple[Company, Document] | None:
        company = await self._parts.company_of(visit, one.company_id)
        if company is None:
            return None
        document = await self._service.store.document(company.id, one.document_id)
        return None if document is None else (company, document)

    def _page(
        self,
        visit: Visit,
        act: Act,
        rows: Sequence[Row],
        route: Route,
        *,
        faults: tuple[str, ...] = (),
        finished: bool = False,
    ) -> web.Response:
        touched = tuple(row for row in rows if (row.done if finished else not row.code))
        view = Rows(
            act,
            touched,
            tuple(row for row in rows if row not in touched),
            self._previews.channels,
            route.channels,
            finished,
            _back(visit),
        )
        return visit.show(
            "acting/rows",
            _UNREADABLE if faults else 200,
            title=visit.words(f"acting_many_{act}"),
            view=view,
            faults=faults,
            reason=visit.form["reason"],
            once=visit.form["once"] or secrets.token_urlsafe(16),
        )


def _fault(verb: str, ticked: Sequence[Ticked]) -> str:
    """Why nothing at all is done; empty where something can be."""
    if verb not in ACTS:
        return "unknown_verb"
    if not ticked:
        return "no_rows"
    return "too_many" if len(ticked) > MOST_ROWS else ""


def _row(preview: Preview) -> Row:
    about, possible = preview.document, preview.possible
    value = f"{about.company_id}/{about.document_id}"
    no_way = bool(preview.steps) and not any(step.included for step in preview.steps)
    if not possible.why_not and not no_way:
        value += f"/{about.version}/{preview.digest}"
    return Row(
        *(value, about.company_id, about.document_id, about.company),
        *(about.number, about.recipient, about.state, preview.sentences),
        "no_way" if no_way else possible.why_not,
        possible.text,
    )


def _of(company: Company, document: Document) -> Row:
    head = document.head
    return Row(
        *("", company.id, document.id, company.name, head.number, head.recipient_name),
        document.state.value,
    )


def _left(row: Row, code: str, text: str) -> Row:
    return Row(
        *("", row.company_id, row.document_id, row.company, row.number, row.recipient, row.state),
        code=code,
        text=text,
    )


def _not_there(one: Ticked) -> Row:
    value = f"{one.company_id}/{one.document_id}"
    return Row(value, one.company_id, one.document_id, code="not_there")


def _back(visit: Visit) -> str:
    """The list that the rows were ticked in."""
    asked = visit.form["back"]
    found = onward(asked) if asked else HOME
    return found if found != HOME else f"{HOME}/{'log' if visit.is_operator else 'sent'}"
