"""Where a company's events are brought to, and how that goes: switched on and off, tried, again.

In charge of the view and of the verbs, as `gateway.api.webhooks` has them. An address is shown
without what stands behind its `?`: that may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yarl import URL

from gateway.audit.chain import NewEntry, reasoned
from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Once, Outcome, Verb, Wrong, wrong
from gateway.intake.shape import TEXT
from gateway.outside.address import LONGEST_URL
from gateway.store.endpoints import Endpoint, Push
from gateway.store.port import BadCursor
from gateway.trust.scopes import Scope
from gateway.webhooks.endpoints import BadUrl, TooMany

_LOOKED_AT: Final = 50  # of the newest tries, for how it goes
_TRIES: Final = 10  # that are shown
_TEXT: Final = re.compile(TEXT)


@dataclass(frozen=True, slots=True)
class TryView:
    """One try to bring one event. `cursor`: what to ask with for it once more; a test has none."""

    at: datetime
    type: str
    document_id: str
    cursor: str
    status: int | None
    ms: int
    ok: bool
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class WebhookView:
    """An endpoint, and how it goes: of its newest tries the last that was taken, and how many have
    failed since."""

    id: str
    address: str
    description: str
    types: tuple[str, ...]
    active: bool
    code: str
    text: str
    tries: int
    next_at: datetime | None
    last_ok_at: datetime | None
    failed_since: int
    newest: tuple[TryView, ...]


@dataclass(frozen=True, slots=True)
class WebhooksView:
    """All of them, oldest first."""

    webhooks: tuple[WebhookView, ...]


class WebhooksTab:
    """The tab."""

    name = "webhooks"
    scope = Scope.READ
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {
            "add": _add,
            "on": _on,
            "off": _off,
            "remove": _remove,
            "rotate": _rotate,
            "test": _test,
            "again": _again,
        }

    async def view(self, desk: Desk) -> WebhooksView:
        """What is to be seen."""
        views = [
            _view(one, await desk.store.pushes(desk.company.id, one.id, None, _LOOKED_AT))
            for one in await desk.store.endpoints(desk.company.id)
        ]
        return WebhooksView(tuple(views))


def shown_address(url: str) -> str:
    """An address as it is shown: without a name and password in it, and without its query."""
    parsed = URL(url)
    query = "?…" if parsed.raw_query_string else ""
    return f"{parsed.with_user(None).with_query(None).with_fragment(None)}{query}"


def taken(push: Push) -> bool:
    """Whether the endpoint took it."""
    return push.status is not None and 200 <= push.status < 300


def _view(row: Endpoint, pushes: Sequence[Push]) -> WebhookView:
    ok = next((n for n, push in enumerate(pushes) if taken(push)), None)
    return WebhookView(
        id=row.id,
        address=shown_address(row.url),
        description=row.description,
        types=row.types,
        active=row.active,
        code=row.code,
        text=row.text,
        tries=row.tries,
        next_at=row.next_at,
        last_ok_at=None if ok is None else pushes[ok].at,
        failed_since=len(pushes) if ok is None else ok,
        newest=tuple(_try(push) for push in pushes[:_TRIES]),
    )


def _try(push: Push) -> TryView:
    return TryView(
        at=push.at,
        type=push.type,
        document_id=push.document_id or "",
        cursor=push.cursor or "",
        status=push.status,
        ms=push.ms,
        ok=taken(push),
        code=push.code,
        text=push.text,
    )


async def _add(desk: Desk) -> Outcome:
    url, description = desk.form["url"].strip(), desk.form["description"].strip()
    if not url or len(url) > LONGEST_URL:
        return wrong("companies_wrong_url")
    if len(description) > 200 or (description and not _TEXT.search(description)):
        return wrong("companies_wrong_description")
    if any(one.url == url for one in await desk.store.endpoints(desk.company.id)):
        return wrong("companies_webhook_there")  # the form was sent twice
    webhooks = desk.service.webhooks
    made = await webhooks.add(
        *(desk.company.id, url, (), description, True), actor=desk.actor, reason=desk.reason
    )
    match made:
        case BadUrl(faults):
            return Wrong((("companies_wrong_url", {}),), tuple(f"It {why}." for why in faults))
        case TooMany(most):
            return wrong("companies_webhooks_most", most=most)
    return Once("webhook", shown_address(made.endpoint.url), made.secret)


async def _on(desk: Desk) -> Outcome:
    return await _switched(desk, active=True)


async def _off(desk: Desk) -> Outcome:
    return await _switched(desk, active=False)


async def _switched(desk: Desk, *, active: bool) -> Outcome:
    changed = await desk.service.webhooks.change(
        *(desk.company.id, desk.form["of"], {"active": active}),
        actor=desk.actor,
        reason=desk.reason,
    )
    if changed is None or isinstance(changed, BadUrl):
        return NotThere()
    return Done("webhook_on" if active else "webhook_off")


async def _remove(desk: Desk) -> Outcome:
    done = await desk.service.webhooks.remove(
        desk.company.id, desk.form["of"], actor=desk.actor, reason=desk.reason
    )
    return Done("webhook_removed") if done else NotThere()


async def _rotate(desk: Desk) -> Outcome:
    made = await desk.service.webhooks.rotate(
        desk.company.id, desk.form["of"], actor=desk.actor, reason=desk.reason
    )
    if made is None:
        return NotThere()
    return Once("webhook", shown_address(made.endpoint.url), made.secret)


async def _test(desk: Desk) -> Outcome:
    push = await desk.service.webhooks.test(desk.company.id, desk.form["of"])
    if push is None:
        return NotThere()
    await _told(desk, "webhook.tested", {"code": push.code})
    if taken(push):
        return Done("webhook_tested")
    return wrong("companies_webhook_test_failed", code=push.code, text=push.text[:200])


async def _again(desk: Desk) -> Outcome:
    """One event once more, or, without one, all that are kept."""
    company_id, id_, cursor = desk.company.id, desk.form["of"], desk.form["cursor"]
    webhooks, how = desk.service.webhooks, {"actor": desk.actor, "reason": desk.reason}
    if not cursor:
        found = await webhooks.go_back(company_id, id_, None, **how)
        return NotThere() if found is None else Done("webhook_again")
    try:
        found = await webhooks.once_more(company_id, id_, cursor)
    except BadCursor:
        return NotThere()
    if found is None:
        return NotThere()
    await _told(desk, "webhook.sent_again", {"cursor": cursor})
    return Done("webhook_again")


async def _told(desk: Desk, action: str, data: Mapping[str, object]) -> None:
    """Writes down what the gateway's own verb does not."""
    kept = reasoned(data, desk.reason)
    entry = NewEntry(desk.actor, action, desk.form["of"], desk.company.id, kept)
    await desk.store.audit(entry, desk.now)
