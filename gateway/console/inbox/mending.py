"""/console/inbox/{company_id}/{document_id}: what is wrong with the files of a document, and doing
something about it: choose, see what it comes to, say why.

In charge of the pages, for operators and for the company's own people. Not in charge of what each
choice does (`broken`, and the verbs that it names).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web
from pydantic import ValidationError

from gateway.api.inbox_verbs import InboxReason
from gateway.api.problems import Problem, Type
from gateway.api.repair import RepairWish
from gateway.api.routes import Service
from gateway.blobs.partial import HEAD_BYTES
from gateway.console.console import Page, Parts
from gateway.console.documents.sentence import Actor, Case, standing
from gateway.console.inbox import broken
from gateway.console.inbox.aside import PATH as ASIDE
from gateway.console.inbox.broken import FileRow, No
from gateway.console.inbox.broken import Way as What
from gateway.console.inbox.lying import PATH
from gateway.console.visit import Visit
from gateway.delivery import fetches, repair
from gateway.delivery.recognised import Mistaken
from gateway.inbound import files as records
from gateway.inbound import verbs
from gateway.inbound.aside import SET_ASIDE
from gateway.inbound.files import Held
from gateway.lifecycle import Business, InboxState, State
from gateway.store.inbox import Item
from gateway.store.port import Company, Direction, Document, Role
from gateway.trust.gate import Way, asked
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class Top:
    """The document, above everything that is done to it. `detail`: the gateway's own text."""

    company_id: str
    company: str
    document_id: str
    direction: Direction
    number: str | None
    party: str | None  # who sent it, or gets it
    state: InboxState | State
    business: Business
    sentence: str
    turn: Actor
    detail: str
    version: int


@dataclass(frozen=True, slots=True)
class Mending:
    """The page. `every`: what can be done about all bad files at once; `verbs`: to the document;
    `closed`: why nothing can be done; `fault`: why what was wanted was not done."""

    top: Top
    files: tuple[FileRow, ...]
    every: tuple[What, ...]
    verbs: tuple[What, ...]
    closed: str
    fault: str
    done: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is about to be done: to which files, what comes of it, and what was wrong with the form
    that was sent. `attachment` None: all that are bad."""

    top: Top
    way: What
    attachment: int | None
    files: tuple[str, ...]
    state: InboxState | State
    with_file: bool
    faults: tuple[str, ...]
    fault: str
    reason: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A document that somebody may act on, with what is recorded of its files."""

    company: Company
    document: Document
    item: Item | None  # of what came in
    held: tuple[Held, ...] = ()
    fetches: fetches.Fetches = ()
    closed: str = ""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was filled in, as the API takes it."""

    reason: str
    url: str | None
    sha256: str | None


class MendingPages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._gate = service.gate

    def pages(self) -> list[Page]:
        """All of them."""
        one = f"{PATH}/{{company_id}}/{{document_id}}"
        scope = Scope.RECEIVE
        return [
            Page("GET", one, self._show, scope=scope, twin=True),
            Page("GET", f"{one}/repair", self._ask, scope=scope, twin=True),
            Page("POST", f"{one}/repair", self._do, scope=scope, with_file=True),
        ]

    async def _found(self, visit: Visit) -> _Found:
        """Raises Problem for what is not there, or not theirs."""
        match = visit.request.match_info
        company = await self._parts.company_of(visit, match["company_id"])
        document = (
            None
            if company is None
            else await self._store.document(company.id, match["document_id"])
        )
        if company is None or document is None or company.id == SET_ASIDE:
            raise Problem(Type.NOT_FOUND)
        outbound = document.direction is Direction.OUT
        if outbound and not visit.may(Scope.SEND):
            raise Problem(Type.FORBIDDEN)
        role = Role.FETCH if outbound else Role.FILES
        stored = await self._store.files(company.id, document.id, (role,))
        record = stored[-1][1] if stored else None
        if outbound:
            known = fetches.newest([record] if record else []) or ()
            return _Found(company, document, None, fetches=known)
        item = await self._store.inbox_item(company.id, document.id)
        if item is None:  # an answer to an invoice lies in no inbox
            raise Problem(Type.NOT_FOUND)
        gate = None if visit.is_operator else await asked(self._gate, Way.RECEIVE, company.id)
        held = records.recorded(record)
        return _Found(company, document, item, held, closed="" if gate is None else gate.text)

    def _top(self, visit: Visit, found: _Found) -> Top:
        document, now = found.document, self._clock.now()
        said = standing(Case(document, now, item=found.item))
        outbound = document.direction is Direction.OUT
        head = document.head
        return Top(
            *(found.company.id, found.company.name, document.id, document.direction, head.number),
            head.recipient_name or head.recipient if outbound else head.sender_name or head.sender,
            document.state if found.item is None else found.item.state,
            *(document.business, said.text(visit.words, now), said.actor),
            *(document.text if found.item is None else found.item.text, document.version),
        )

    # --- what is wrong --------------------------------------------------------------------------

    async def _show(self, visit: Visit) -> web.Response:
        match = visit.request.match_info
        if match["company_id"] == SET_ASIDE and visit.is_operator:
            return visit.go(f"{ASIDE}/{quote(match['document_id'], safe='')}")
        return self._page(visit, await self._found(visit))

    def _page(
        self, visit: Visit, found: _Found, status: int = 200, *, fault: str = ""
    ) -> web.Response:
        item = found.item
        rows = (
            broken.wanted(found.document, found.fetches)
            if item is None
            else broken.came(item, found.held)
        )
        bad = [row for row in rows if row.bad and row.ways]
        every = {way for row in bad for way in row.ways} if len(bad) > 1 else set()
        whole = (What.HOLD, What.RELEASE)
        view = Mending(
            self._top(visit, found),
            rows,
            tuple(way for way in What if way in every - broken.WITH_FILE),
            tuple(w for w in whole if not isinstance(self._foreseen(found, w, None), No)),
            found.closed,
            fault,
            visit.request.query.get("done", "") if visit.request.method == "GET" else "",
        )
        if view.done and view.done not in {*What}:
            view = Mending(*(view.top, rows, view.every, view.verbs, found.closed, fault, ""))
        title = visit.words("inbox_mending", number=view.top.number or view.top.document_id)
        return visit.view("inbox/mending", view, status, title=title)

    # --- what it comes to -----------------------------------------------------------------------

    def _foreseen(self, found: _Found, way: What, attachment: int | None) -> broken.Foreseen | No:
        now = self._clock.now()
        if found.item is None:
            return broken.foreseen_out(found.document, found.fetches, way, attachment, now)
        return broken.foreseen_in(found.item, found.held, way, attachment, now)

    async def _ask(self, visit: Visit) -> web.Response:
        found = await self._found(visit)
        query = visit.request.query
        if found.closed:
            return self._page(visit, found, 403)
        wanted = _wanted(query)
        if wanted is None:
            raise Problem(Type.NOT_FOUND)
        return self._form(visit, found, *wanted)

    def _form(
        self,
        visit: Visit,
        found: _Found,
        way: What,
        attachment: int | None,
        status: int = 200,
        *,
        faults: Sequence[str] = (),
        fault: str = "",
    ) -> web.Response:
        foreseen = self._foreseen(found, way, attachment)
        if isinstance(foreseen, No):
            return self._page(visit, found, 409, fault=foreseen.text)
        form = visit.form
        top = self._top(visit, found)
        view = Asked(
            *(top, way, attachment, foreseen.files, foreseen.state, way in broken.WITH_FILE),
            *(tuple(faults), fault, form["reason"], form["url"], form["sha256"]),
        )
        title = visit.words(f"inbox_way_{way}_{top.direction}")
        return visit.view("inbox/asked", view, status, title=title)

    # --- doing it -------------------------------------------------------------------------------

    async def _do(self, visit: Visit) -> web.Response:
        found = await self._found(visit)
        if found.closed:
            return self._page(visit, found, 403)
        form = visit.form
        wanted = _wanted(form.fields)
        if wanted is None:
            raise Problem(Type.MALFORMED_REQUEST)
        way, attachment = wanted
        wish = _wish(way, form.fields)
        faults = list(wish) if isinstance(wish, list) else []
        if way in broken.WITH_FILE and (form.file is None or not form.file.content):
            faults.append("file")
        if faults or not isinstance(wish, _Wish):
            return self._form(visit, found, way, attachment, 422, faults=faults)
        how = self._how(visit, found, way, attachment, wish)
        if isinstance(how, No):
            return self._form(visit, found, way, attachment, 422, fault=how.text)
        said = await self._done(visit, found, way, how, wish.reason, attachment)
        if isinstance(said, No):
            return self._page(visit, await self._found(visit), 409, fault=said.text)
        company_id, document_id = found.company.id, found.document.id
        return visit.go(f"{PATH}/{company_id}/{document_id}?done={way}")

    def _how(
        self, visit: Visit, found: _Found, way: What, attachment: int | None, wish: _Wish
    ) -> repair.How | verbs.Replacement | verbs.How | No | None:
        """What the verb is given; None for those that are given nothing but a reason."""
        file = visit.form.file
        if way is What.FETCH:
            return repair.FetchAgain(wish.url, wish.sha256)
        if way not in broken.WITH_FILE:
            return repair.LeaveOut() if found.item is None else broken.HOW.get(way)
        assert file is not None, "it was looked for"
        if attachment is None:
            return No(visit.words("inbox_fault_which"))
        if found.item is not None:
            settings = found.company.in_effect
            new = verbs.replacement(attachment, file.name, file.content, settings)
            return No(new.text) if isinstance(new, verbs.Denied) else new
        known = found.fetches
        given = repair.handed_in(
            file.name,
            known[attachment].called if attachment < len(known) else None,
            file.content[:HEAD_BYTES],
            file.content,
            hashlib.sha256(file.content).hexdigest(),
        )
        return No(given.text) if isinstance(given, Mistaken) else given

    async def _done(
        self,
        visit: Visit,
        found: _Found,
        way: What,
        how: repair.How | verbs.Replacement | verbs.How | None,
        reason: str,
        attachment: int | None,
    ) -> No | None:
        version = _number(visit.form["version"])
        more: dict[str, Any] = {
            "actor": name_of(visit.somebody),
            # A form that does not say what was seen has seen nothing that there is.
            "version": -1 if version is None else version,
        }
        at = (self._store, self._clock, found.company.id, found.document.id)
        said: Item | Document | verbs.Denied | repair.NotRepaired | None
        if way is What.HOLD:
            said = await verbs.hold(*at, reason, **more)
        elif way is What.RELEASE:
            said = await verbs.release(*at, reason, **more)
        elif isinstance(how, repair.FetchAgain | repair.HandIn | repair.LeaveOut):
            said = await repair.repair(*at, how, reason, attachment=attachment, **more)
        else:
            assert how is not None, "nothing else is given nothing"
            said = await verbs.repair(*at, how, reason, attachment=attachment, **more)
        if said is None:
            raise Problem(Type.NOT_FOUND)
        denied = isinstance(said, verbs.Denied | repair.NotRepaired)
        return No(said.text) if denied else None


def _wanted(said: Mapping[str, str]) -> tuple[What, int | None] | None:
    """Which way, and for which file; None where it says no such thing."""
    way, place = said.get("way", ""), said.get("attachment", "")
    if way not in {*What} or (place and _number(place) is None):
        return None
    return What(way), _number(place)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _wish(way: What, form: Mapping[str, str]) -> _Wish | list[str]:
    """What is filled in, or the fields that are not as they must be."""
    given = {"reason": form.get("reason", "").strip()}
    if way is What.FETCH:
        given |= {name: form[name].strip() for name in ("url", "sha256") if form.get(name)}
    try:
        if way is not What.FETCH:
            return _Wish(InboxReason.model_validate(given).reason, None, None)
        wish = RepairWish.model_validate(given)
    except ValidationError as error:
        return sorted({str(fault["loc"][0]) for fault in error.errors()})
    return _Wish(wish.reason, wish.url, wish.sha256)
