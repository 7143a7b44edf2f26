"""/console/received/{company_id}/{document_id}/answer: say of an invoice what the company does with
it, by an Invoice Response to its seller: fill in, read what the seller will hear, say it.

In charge of the form. Not in charge of what may be said (`gateway.inbound.replies`), nor of the
response's form (`schemas.response`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from gateway.api.problems import Problem, Type
from gateway.api.responses import ResponseWish, word
from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.inbox.received import PATH
from gateway.console.inbox.rows import Row, row
from gateway.console.visit import Visit
from gateway.inbound.answers import MEANS
from gateway.inbound.aside import SET_ASIDE
from gateway.inbound.replies import Denied, Draft, Given, Wrong, draft, reply
from gateway.lifecycle import Business, may_answer
from gateway.store.inbox import Item
from gateway.store.port import Company
from gateway.trust.gate import Way, asked
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope
from schemas.codelists import codes

_FIELDS: Final = (
    *("status", "reason", "reason_text", "term", "value"),
    *("action", "action_text", "effective_date"),
)
# The fields of the form, by where the API says what is wrong.
_WHERE: Final[Mapping[tuple[str, str], str]] = {
    ("reasons", "code"): "reason",
    ("reasons", "text"): "reason_text",
    ("reasons", "term"): "term",
    ("reasons", "value"): "value",
    ("actions", "code"): "action",
    ("actions", "text"): "action_text",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the seller will hear: from whom, to whom, and the very bytes. `in_part`: a part was
    paid; `again`: it was said before, and is not said twice."""

    seller: str | None
    seller_id: str
    company: str | None
    company_id: str
    number: str
    status: str
    in_part: bool
    reason: str
    reason_text: str | None
    detail: tuple[str, str] | None
    action: str
    action_text: str | None
    effective_on: date | None
    business: Business
    xml: str
    again: bool


@dataclass(frozen=True, slots=True)
class Answering:
    """The page. `statuses`: what may be said now; `heard` is there once the form was filled in;
    `said`: the document that carries what was said just now."""

    row: Row
    statuses: tuple[str, ...]
    reasons: tuple[str, ...]
    actions: tuple[str, ...]
    filled: Mapping[str, str]
    heard: Heard | None
    faults: tuple[str, ...]
    fault: str
    findings: tuple[str, ...]
    closed: str
    said: str


class AnsweringPages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._gate = service.gate

    def pages(self) -> list[Page]:
        """Both."""
        path = f"{PATH}/{{company_id}}/{{document_id}}/answer"
        return [
            Page("GET", path, self._ask, scope=Scope.RECEIVE, twin=True),
            Page("POST", path, self._say, scope=Scope.RECEIVE),
        ]

    async def _found(self, visit: Visit) -> tuple[Company, Item]:
        """Raises Problem for what is not there, or not theirs."""
        match = visit.request.match_info
        company = await self._parts.company_of(visit, match["company_id"])
        item = (
            None
            if company is None
            else await self._store.inbox_item(company.id, match["document_id"])
        )
        if company is None or item is None or company.id == SET_ASIDE:
            raise Problem(Type.NOT_FOUND)
        return company, item

    async def _ask(self, visit: Visit) -> web.Response:
        company, item = await self._found(visit)
        said = visit.request.query.get("said", "")
        carried = await self._store.document(company.id, said) if said else None
        return await self._form(visit, company, item, said=carried.id if carried else "")

    async def _form(
        self,
        visit: Visit,
        company: Company,
        item: Item,
        status: int = 200,
        *,
        heard: Heard | None = None,
        faults: Sequence[str] = (),
        fault: str = "",
        findings: Sequence[str] = (),
        said: str = "",
    ) -> web.Response:
        now = self._clock.now()
        closed = await asked(self._gate, Way.SEND, company.id)
        view = Answering(
            row(item, company.name, visit.words, now),
            statuses(item.document.business),
            tuple(sorted(codes("OPStatusReason", now.date()))),
            tuple(sorted(codes("OPStatusAction", now.date()))),
            {name: visit.form[name] for name in _FIELDS},
            *(heard, tuple(faults), fault, tuple(findings)),
            *("" if closed is None else closed.text, said),
        )
        number = item.document.head.number or item.document.id
        title = visit.words("inbox_answer", number=number)
        return visit.view("inbox/answering", view, status, title=title)

    async def _say(self, visit: Visit) -> web.Response:
        company, item = await self._found(visit)
        if await asked(self._gate, Way.SEND, company.id) is not None:
            return await self._form(visit, company, item, 403)
        wish = wished(visit.form.fields)
        if not isinstance(wish, ResponseWish):
            return await self._form(visit, company, item, 422, faults=wish)
        given = (self._store, self._clock, company, item.document.id, word(wish))
        sure = visit.form["sure"] == "yes"
        made: Draft | Given | Denied | Wrong | None
        if sure:
            made = await reply(*given, actor=name_of(visit.somebody))
        else:
            made = await draft(*given)
        match made:
            case None:
                raise Problem(Type.NOT_FOUND)
            case Denied(text):
                return await self._form(visit, company, item, 409, fault=text)
            case Wrong(findings):
                texts = [f"{one.rule}: {one.text}" for one in findings]
                return await self._form(visit, company, item, 422, findings=texts)
            case Given(response_id):
                here = f"{PATH}/{company.id}/{item.document.id}/answer"
                return visit.go(f"{here}?said={response_id}")
            case Draft():
                return await self._form(visit, company, item, heard=heard(made, wish))


def statuses(before: Business) -> tuple[str, ...]:
    """The words that may be said of an invoice of which this was said. Pure."""
    return tuple(code for code, (after, _) in MEANS.items() if may_answer(before, after))


def wished(form: Mapping[str, str]) -> ResponseWish | list[str]:
    """What was filled in, as the API takes it; or the fields that are not as they must be. Pure."""
    said = {name: form.get(name, "").strip() for name in _FIELDS}
    reasons, actions, faults = [], [], []
    if said["reason"] or said["reason_text"] or said["term"] or said["value"]:
        reason: dict[str, Any] = {"code": said["reason"]}
        if said["reason_text"]:
            reason["text"] = said["reason_text"]
        if said["term"] or said["value"]:
            reason["details"] = [{"term": said["term"], "value": said["value"]}]
        reasons.append(reason)
    if said["action"] or said["action_text"]:
        action = {"code": said["action"]}
        if said["action_text"]:
            action["text"] = said["action_text"]
        actions.append(action)
    wish: dict[str, Any] = {"status": said["status"], "reasons": reasons, "actions": actions}
    if said["effective_date"]:
        wish["effective_date"] = said["effective_date"]
    try:
        return ResponseWish.model_validate(wish)
    except ValidationError as error:
        for fault in error.errors():
            where = fault["loc"]
            pair = (str(where[0]), str(where[-1]))
            faults.append(_WHERE.get(pair, str(where[0])))
    return sorted(set(faults))


def heard(made: Draft, wish: ResponseWish) -> Heard:
    """What the seller will hear. Pure."""
    response = made.response
    reason = wish.reasons[0] if wish.reasons else None
    action = wish.actions[0] if wish.actions else None
    detail = reason.details[0] if reason and reason.details else None
    return Heard(
        *(response.receiver.name, str(response.receiver.endpoint)),
        *(response.sender.name, str(response.sender.endpoint)),
        *(response.refers_to, wish.status),
        wish.status == "PD" and made.business is not Business.PAID,
        *(reason.code if reason else "", reason.text if reason else None),
        (detail.term, detail.value) if detail else None,
        *(action.code if action else "", action.text if action else None),
        response.effective_on,
        made.business,
        made.content.decode(),
        made.earlier is not None,
    )
