"""Webhooks: every event reaches every endpoint, in order, signed, whatever the endpoint does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from gateway.api import answers
from gateway.blobs.ring import Ring, add_master
from gateway.clock import MovableClock
from gateway.delivery.backoff import JITTER
from gateway.outside.client import Outside, Rules
from gateway.store.endpoints import Endpoint, Push
from gateway.store.ids import new_id
from gateway.store.port import Company, Event, NewPart, Role, StorageUnavailable, Store, Submission
from gateway.store.sqlite import SqliteStore
from gateway.webhooks.courier import Courier
from gateway.webhooks.endpoints import BadUrl, Made, Webhooks
from gateway.webhooks.judging import DELAYS
from gateway.webhooks.pushing import AT_ONCE_PER_COMPANY, TURN, Pushing
from gateway.webhooks.sealing import Sealing
from gateway.webhooks.waking import Waking
from tests.contracts.stores import OPENERS
from tests.servers.sink import Cut, Endless, Hang, Reply, Sink, Taken, Wait

OURS = Company("com_ours", "Vårt AB", "SE", ("0007:5560360793",), {})
THEIRS = Company("com_theirs", "Deres AS", "NO", ("0192:918130047",), {})
OTHER_WORK = {"prepare": 0}  # documents are only handed in here
LIMIT_S = 60  # what hangs is given up sooner in its own test


class Hooks:
    """A store, a sink, and the work on webhooks in between, by a clock that is moved."""

    def __init__(self, store: Store, sink: Sink, outside: Outside) -> None:
        self.store = store
        self.sink = sink
        self.clock = MovableClock(datetime.now(UTC))
        courier = Courier(outside, Sealing(store.blobs.keys, self.clock), self.clock)
        self.webhooks = Webhooks(store, courier, self.clock)
        self.pushing = Pushing(store, courier, self.clock)
        self.waking = Waking(store, self.clock, every_s=3600)

    async def add(
        self, path: str = "/a", *types: str, company: Company = OURS, active: bool = True
    ) -> Made:
        made = await self.webhooks.add(company.id, self.sink.url + path, types, "", active)
        assert isinstance(made, Made)
        return made

    async def happen(self, times: int = 1, company: Company = OURS) -> list[Event]:
        """Lets documents come in; answers the events of that."""
        before = await self.store.newest(company.id)
        for _ in range(times):
            part = NewPart(Role.ORIGINAL, "a.xml", "application/xml", b"<Invoice/>")
            document = Submission(new_id("doc"), company.id, "application/xml", [part], {})
            await self.store.accept(document, self.clock.now())
        return list(await self.store.feed(company.id, before, 1000))

    async def work(self) -> int:
        """Does what is due by now; answers how many jobs that were."""
        await self.waking.once()
        done = 0
        while jobs := await self.store.claim("w", self.clock.now(), 600, 100, OTHER_WORK):
            await asyncio.gather(*map(self.pushing, jobs))
            done += len(jobs)
        return done

    async def pass_on(self, time: timedelta) -> None:
        self.clock.move(time)
        await self.work()

    async def now(self, made: Made) -> Endpoint:
        endpoint = await self.store.endpoint(made.endpoint.company_id, made.endpoint.id)
        assert endpoint is not None
        return endpoint

    async def pushes(self, made: Made) -> list[Push]:
        """Oldest first."""
        found = await self.store.pushes(OURS.id, made.endpoint.id, None, 1000)
        return list(reversed(found))


@pytest.fixture(params=OPENERS)
async def hooks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hooks]:
    store = await OPENERS[request.param](tmp_path)
    outside = Outside(Rules(allow_http=True, allow_private=True, limit_s=LIMIT_S))
    async with Sink() as sink:
        made = Hooks(store, sink, outside)
        for company in (OURS, THEIRS):
            await store.add_company(company, made.clock.now())
        yield made
        await outside.close()
        await store.close()


def ids(taken: list[Taken]) -> list[str]:
    return [one.id for one in taken]


def event_ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


# --- what is sent ---------------------------------------------------------------------------------


async def test_events_are_brought_in_order_signed_and_as_the_feed_has_them(hooks: Hooks) -> None:
    made = await hooks.add()
    events = await hooks.happen(3)
    await hooks.work()
    taken = hooks.sink.at("/a")
    assert ids(taken) == event_ids(events)
    for one, event in zip(taken, events, strict=True):
        body = Webhook(made.secret).verify(one.body, dict(one.headers))
        assert body == {
            "type": event.type,
            "timestamp": event.at.isoformat().replace("+00:00", "Z"),
            "data": json.loads(answers.event(event).model_dump_json()),
        }
        assert one.headers["content-type"] == "application/json"
    endpoint = await hooks.now(made)
    assert endpoint.cursor == events[-1].cursor
    assert (endpoint.tries, endpoint.code) == (0, "")
    assert [(push.event_id, push.status, push.code) for push in await hooks.pushes(made)] == [
        (event.id, 204, "webhook.taken") for event in events
    ]
    assert await hooks.work() == 0  # it rests


async def test_a_new_one_gets_what_happens_from_then_on(hooks: Hooks) -> None:
    await hooks.happen(3)
    await hooks.add()
    await hooks.work()
    assert not hooks.sink.taken
    events = await hooks.happen(2)
    await hooks.work()
    assert ids(hooks.sink.taken) == event_ids(events)


async def test_only_the_types_that_were_asked_for(hooks: Hooks) -> None:
    made = await hooks.add("/sent", "document.sent")
    await hooks.add("/received", "document.sent", "document.received")
    events = await hooks.happen(3)
    await hooks.work()
    assert not hooks.sink.at("/sent")
    assert ids(hooks.sink.at("/received")) == event_ids(events)
    assert (await hooks.now(made)).cursor == events[-1].cursor  # it is not looked at again
    assert await hooks.work() == 0


async def test_each_company_gets_its_own(hooks: Hooks) -> None:
    await hooks.add("/ours")
    await hooks.add("/theirs", company=THEIRS)
    ours, theirs = await hooks.happen(2), await hooks.happen(2, THEIRS)
    await hooks.work()
    assert ids(hooks.sink.at("/ours")) == event_ids(ours)
    assert ids(hooks.sink.at("/theirs")) == event_ids(theirs)


async def test_long_lines_are_brought_turn_by_turn(hooks: Hooks) -> None:
    await hooks.add()
    events = await hooks.happen(2 * TURN + 5)
    assert await hooks.work() == 3
    assert ids(hooks.sink.taken) == event_ids(events)


# --- endpoints that do not take it ----------------------------------------------------------------


async def test_the_next_event_waits_for_the_one_before_and_nobody_else_waits(
    hooks: Hooks,
) -> None:
    made = await hooks.add("/bad")
    await hooks.add("/good")
    hooks.sink.plan("/bad", Reply(), Reply(500, body=b"Oh no\n"), Reply(503))
    events = await hooks.happen(3)
    await hooks.work()
    assert ids(hooks.sink.at("/good")) == event_ids(events)
    assert ids(hooks.sink.at("/bad")) == event_ids(events[:2])
    endpoint = await hooks.now(made)
    assert (endpoint.cursor, endpoint.tries, endpoint.code, endpoint.text, endpoint.active) == (
        events[0].cursor,
        1,
        "webhook.refused",
        "It answered 500.",
        True,
    )
    assert endpoint.next_at is not None
    wait = (endpoint.next_at - hooks.clock.now()).total_seconds()
    assert 4 <= wait <= 6
    await hooks.pass_on(timedelta(seconds=wait - 0.001))
    assert len(hooks.sink.at("/bad")) == 2
    await hooks.pass_on(timedelta(seconds=0.001))
    assert len(hooks.sink.at("/bad")) == 3
    await hooks.pass_on(timedelta(minutes=6))
    second = events[1].id
    assert ids(hooks.sink.at("/bad")) == [events[0].id, second, second, second, events[2].id]
    endpoint = await hooks.now(made)
    assert (endpoint.cursor, endpoint.tries, endpoint.code, endpoint.next_at) == (
        events[2].cursor,
        0,
        "",
        None,
    )
    assert [(push.status, push.text) for push in await hooks.pushes(made)][1:3] == [
        (500, "Oh no"),
        (503, ""),
    ]


async def test_after_75_hours_it_is_given_up_and_nothing_is_lost(hooks: Hooks) -> None:
    made = await hooks.add()
    hooks.sink.plan("/a", *[Reply(500)] * 10)
    events = await hooks.happen(2)
    started = hooks.clock.now()
    await hooks.work()
    while (next_at := (await hooks.now(made)).next_at) is not None:
        await hooks.pass_on(next_at - hooks.clock.now())
    assert ids(hooks.sink.taken) == [events[0].id] * 10
    took, planned = hooks.clock.now() - started, sum(DELAYS, timedelta())
    assert planned * (1 - JITTER) <= took <= planned * (1 + JITTER)
    assert planned == timedelta(hours=75, minutes=35, seconds=5)
    endpoint = await hooks.now(made)
    assert not endpoint.active
    assert endpoint.code == "webhook.gave_up"
    assert "10 tries" in endpoint.text and "It answered 500." in endpoint.text
    await hooks.happen()
    await hooks.pass_on(timedelta(days=30))
    assert len(hooks.sink.taken) == 10

    later = await hooks.webhooks.change(OURS.id, endpoint.id, {"active": True})
    assert isinstance(later, Endpoint) and later.active and later.code == ""
    await hooks.work()
    assert len(hooks.sink.taken) == 14, "missed, switched off, and after"
    assert ids(hooks.sink.taken)[10:12] == event_ids(events)


async def test_410_ends_it_at_once(hooks: Hooks) -> None:
    made, other = await hooks.add(), await hooks.add("/b")
    hooks.sink.plan("/a", Reply(410))
    await hooks.happen(2)
    with capture_logs() as logged:
        await hooks.work()
        await hooks.work()
    endpoint = await hooks.now(made)
    assert (endpoint.active, endpoint.code, endpoint.next_at) == (False, "webhook.gone", None)
    await hooks.pass_on(timedelta(days=9))
    assert len(hooks.sink.at("/a")) == 1
    told = [event for event in await hooks.store.feed(OURS.id, None, 100) if not event.document_id]
    assert [(event.type, event.data) for event in told] == [
        (
            "webhook.switched_off",
            {"endpoint_id": endpoint.id, "code": "webhook.gone", "text": endpoint.text},
        )
    ]
    assert ids(hooks.sink.at("/b"))[-1] == told[0].id, "the others are told"
    assert (await hooks.now(other)).active
    assert [line["endpoint_id"] for line in logged if line["event"] == "webhook_disabled"] == [
        endpoint.id
    ]


async def test_who_asks_for_patience_gets_it(hooks: Hooks) -> None:
    made = await hooks.add()
    hooks.sink.plan("/a", Reply(429, {"Retry-After": "7200"}), Reply(503, {"Retry-After": "1e9"}))
    await hooks.happen()
    await hooks.work()
    next_at = (await hooks.now(made)).next_at
    assert next_at is not None
    assert timedelta(hours=2) <= next_at - hooks.clock.now() < timedelta(hours=2, minutes=1)
    await hooks.pass_on(timedelta(hours=2, minutes=1))
    assert len(hooks.sink.taken) == 2


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Reply(302, {"Location": "/elsewhere"}), "webhook.redirected"),
        (Reply(307, {"Location": "/elsewhere"}), "webhook.redirected"),
        (Cut(), "outside.cut_off"),
        (Cut(b"not HTTP\r\n\r\n"), "outside.bad_answer"),
    ],
)
async def test_whatever_it_does_it_is_tried_again(hooks: Hooks, behaviour: Any, code: str) -> None:
    made = await hooks.add()
    hooks.sink.plan("/a", behaviour)
    (event,) = await hooks.happen()
    await hooks.work()
    assert (await hooks.now(made)).code == code
    await hooks.pass_on(timedelta(minutes=1))
    assert ids(hooks.sink.taken) == [event.id] * 2
    assert not hooks.sink.at("/elsewhere")
    assert (await hooks.now(made)).code == ""


async def test_one_that_hangs_has_its_time(hooks: Hooks) -> None:
    made = await hooks.add()
    hooks.sink.plan("/a", Hang())
    (event,) = await hooks.happen()
    patient, hasty = hooks.pushing, Outside(Rules(True, True, limit_s=0.2))
    courier = Courier(hasty, Sealing(None, hooks.clock), hooks.clock)
    hooks.pushing = Pushing(hooks.store, courier, hooks.clock)
    await hooks.work()
    await hasty.close()
    assert (await hooks.now(made)).code == "outside.timeout"
    hooks.pushing = patient
    await hooks.pass_on(timedelta(minutes=1))
    # On a busy machine its time may be over before the first request has come.
    assert set(ids(hooks.sink.taken)) == {event.id}
    codes = [push.code for push in await hooks.pushes(made)]
    assert codes == ["outside.timeout", "webhook.taken"]


async def test_an_endless_answer_is_a_yes_when_it_begins_so(hooks: Hooks) -> None:
    made = await hooks.add()
    hooks.sink.plan("/a", Endless())
    await hooks.happen()
    await hooks.work()
    (push,) = await hooks.pushes(made)
    assert (push.status, push.code, len(push.text)) == (200, "webhook.taken", 300)


async def test_slow_endpoints_delay_nobody(hooks: Hooks, tmp_path: Path) -> None:
    answer = asyncio.Event()
    for n in range(AT_ONCE_PER_COMPANY + 1):
        await hooks.add(f"/slow{n}")
        hooks.sink.plan(f"/slow{n}", Wait(answer))
    await hooks.add("/fast", company=THEIRS)
    await hooks.happen()
    await hooks.waking.once()
    slow = await hooks.store.claim("w", hooks.clock.now(), 600, 100, OTHER_WORK)
    working = [asyncio.create_task(hooks.pushing(job)) for job in slow]
    await hooks.sink.until(lambda: len(hooks.sink.taken) == AT_ONCE_PER_COMPANY)
    aside, pending = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    assert (len(aside), len(pending)) == (1, AT_ONCE_PER_COMPANY)  # one steps aside at once

    events = await hooks.happen(2, THEIRS)
    await hooks.waking.once()
    (fast,) = await hooks.store.claim("w", hooks.clock.now(), 600, 100, OTHER_WORK)
    await hooks.pushing(fast)
    assert ids(hooks.sink.at("/fast")) == event_ids(events)
    answer.set()
    await asyncio.wait(pending)
    await hooks.pass_on(timedelta(seconds=10))
    assert len({one.path for one in hooks.sink.taken}) == AT_ONCE_PER_COMPANY + 2


async def test_no_endpoint_leads_into_our_own_network(hooks: Hooks) -> None:
    made = await hooks.add()  # as long as the operator allowed it
    strict = Outside(Rules(allow_http=True))
    courier = Courier(strict, Sealing(None, hooks.clock), hooks.clock)
    webhooks = Webhooks(hooks.store, courier, hooks.clock)
    for url in ("https://localhost:8443/", "http://127.0.0.1:8080/", "https://[::1]:9000/a"):
        refused = await webhooks.add(OURS.id, url, (), "", active=True)
        assert isinstance(refused, BadUrl)
        assert "leads to the machine itself" in refused.faults[0]
        changed = await webhooks.change(OURS.id, made.endpoint.id, {"url": url})
        assert isinstance(changed, BadUrl)
    hooks.pushing = Pushing(hooks.store, courier, hooks.clock)
    await hooks.happen()
    await hooks.work()
    assert not hooks.sink.taken
    endpoint = await hooks.now(made)
    assert (endpoint.code, endpoint.tries) == ("outside.forbidden", 1)
    await strict.close()


# --- crashes and races ----------------------------------------------------------------------------


async def test_a_worker_that_dies_in_the_middle_sends_the_same_again(hooks: Hooks) -> None:
    made = await hooks.add()
    never = asyncio.Event()
    hooks.sink.plan("/a", Reply(), Wait(never))
    events = await hooks.happen(3)
    await hooks.waking.once()
    (job,) = await hooks.store.claim("dies", hooks.clock.now(), 600, 100, OTHER_WORK)
    dying = asyncio.create_task(hooks.pushing(job))
    await hooks.sink.until(lambda: len(hooks.sink.taken) == 2)
    dying.cancel()
    await asyncio.wait({dying})
    assert await hooks.work() == 0  # its lease has not run out
    hooks.clock.move(timedelta(seconds=601))
    await hooks.store.reap(hooks.clock.now())
    await hooks.work()
    first, second, third = event_ids(events)
    assert ids(hooks.sink.taken) == [first, second, second, third]
    assert hooks.sink.taken[1].body == hooks.sink.taken[2].body
    assert (await hooks.now(made)).cursor == events[-1].cursor


async def test_a_worker_that_lost_its_lease_sends_nothing_more(hooks: Hooks) -> None:
    await hooks.add()
    events = await hooks.happen(2)
    await hooks.waking.once()
    (slept,) = await hooks.store.claim("slept", hooks.clock.now(), 600, 100, OTHER_WORK)
    hooks.clock.move(timedelta(seconds=601))
    await hooks.store.reap(hooks.clock.now())
    await hooks.pushing(slept)
    assert not hooks.sink.taken
    await hooks.work()
    assert ids(hooks.sink.taken) == event_ids(events)


async def test_events_that_come_while_it_works_are_brought_too(hooks: Hooks) -> None:
    """Nobody looks at the clock here: each event must be heard of."""
    await hooks.add()
    waking = asyncio.create_task(hooks.waking.run())

    async def work() -> None:
        while True:
            news = asyncio.ensure_future(hooks.store.wait("jobs", 3600))
            while jobs := await hooks.store.claim("w", hooks.clock.now(), 600, 100, OTHER_WORK):
                await asyncio.gather(*map(hooks.pushing, jobs))
            await news

    working = asyncio.create_task(work())
    events: list[Event] = []

    def all_there() -> bool:
        return len(hooks.sink.taken) == len(events)

    for n in range(40):
        events += await hooks.happen()
        if n % 4 == 0:  # let it come to rest now and then
            await hooks.sink.until(all_there)
    await hooks.sink.until(all_there)
    assert ids(hooks.sink.taken) == event_ids(events)
    for task in (waking, working):
        task.cancel()
    await asyncio.wait({waking, working})


async def test_a_new_address_counts_from_the_event_that_is_under_way(hooks: Hooks) -> None:
    made = await hooks.add("/old")
    answer = asyncio.Event()
    hooks.sink.plan("/old", Wait(answer))
    events = await hooks.happen(2)
    working = asyncio.create_task(hooks.work())
    await hooks.sink.until(lambda: len(hooks.sink.taken) == 1)
    await hooks.webhooks.change(OURS.id, made.endpoint.id, {"url": f"{hooks.sink.url}/new"})
    answer.set()
    await working
    assert ids(hooks.sink.at("/old")) == [events[0].id]
    assert ids(hooks.sink.at("/new")) == event_ids(events)


async def test_one_that_is_removed_in_the_middle_gets_no_more(hooks: Hooks) -> None:
    made = await hooks.add()
    answer = asyncio.Event()
    hooks.sink.plan("/a", Wait(answer))
    await hooks.happen(2)
    working = asyncio.create_task(hooks.work())
    await hooks.sink.until(lambda: len(hooks.sink.taken) == 1)
    assert await hooks.webhooks.remove(OURS.id, made.endpoint.id)
    answer.set()
    await asyncio.wait({working})  # its job is gone: it lost the lease
    await hooks.pass_on(timedelta(days=1))
    assert len(hooks.sink.taken) == 1


# --- what people do -------------------------------------------------------------------------------


async def test_for_a_day_both_secrets_sign(hooks: Hooks) -> None:
    made = await hooks.add()
    rotated = await hooks.webhooks.rotate(OURS.id, made.endpoint.id)
    assert rotated is not None and rotated.secret != made.secret
    hooks.clock.move(timedelta(hours=23, minutes=59))
    (event,) = await hooks.happen()
    await hooks.work()
    (taken,) = hooks.sink.taken
    signed_at = datetime.fromtimestamp(int(taken.headers["webhook-timestamp"]), UTC)
    text = taken.body.decode()
    assert taken.headers["webhook-signature"].split() == [
        Webhook(secret).sign(event.id, signed_at, text) for secret in (rotated.secret, made.secret)
    ]
    hooks.clock.move(timedelta(minutes=1))
    await hooks.happen()
    await hooks.work()
    assert len(hooks.sink.taken[1].headers["webhook-signature"].split()) == 1


async def test_one_that_is_off_rests_and_goes_on_where_it_stopped(hooks: Hooks) -> None:
    made = await hooks.add()
    await hooks.webhooks.change(OURS.id, made.endpoint.id, {"active": False})
    assert (await hooks.now(made)).code == "webhook.switched_off"
    events = await hooks.happen(2)
    await hooks.work()
    assert not hooks.sink.taken
    await hooks.webhooks.change(OURS.id, made.endpoint.id, {"active": True})
    await hooks.work()
    assert ids(hooks.sink.taken) == event_ids(events)


async def test_everything_after_a_place_is_sent_again(hooks: Hooks) -> None:
    made = await hooks.add()
    events = await hooks.happen(4)
    await hooks.work()
    await hooks.webhooks.go_back(OURS.id, made.endpoint.id, events[1].cursor)
    events += await hooks.happen()
    await hooks.work()
    assert ids(hooks.sink.taken) == event_ids(events[:4]) + event_ids(events[2:])
    await hooks.webhooks.go_back(OURS.id, made.endpoint.id, None)
    await hooks.work()
    assert ids(hooks.sink.taken)[7:] == event_ids(events)


async def test_one_event_is_sent_again_beside_the_line(hooks: Hooks) -> None:
    made = await hooks.add()
    events = await hooks.happen(2)
    await hooks.work()
    hooks.sink.plan("/a", Reply(500))
    await hooks.happen()
    await hooks.work()  # the line waits for five seconds
    hooks.sink.plan("/a", Reply(500))
    await hooks.webhooks.once_more(OURS.id, made.endpoint.id, events[0].cursor)
    await hooks.work()
    assert ids(hooks.sink.taken)[3:] == [events[0].id]
    await hooks.pass_on(timedelta(seconds=10))
    assert sorted(ids(hooks.sink.taken)[4:]) == sorted([events[0].id, hooks.sink.taken[2].id])
    assert (await hooks.now(made)).cursor == (await hooks.store.newest(OURS.id))
    assert await hooks.work() == 0


async def test_a_try_tells_what_came_of_it(hooks: Hooks) -> None:
    made = await hooks.add(active=False)
    push = await hooks.webhooks.test(OURS.id, made.endpoint.id)
    assert push is not None and (push.status, push.type) == (204, "webhook.test")
    (taken,) = hooks.sink.taken
    body = Webhook(made.secret).verify(taken.body, dict(taken.headers))
    assert (body["type"], body["data"]) == ("webhook.test", {"webhook_id": made.endpoint.id})
    hooks.sink.plan("/a", Reply(404, body=b"no such page"))
    push = await hooks.webhooks.test(OURS.id, made.endpoint.id)
    assert push is not None and (push.code, push.text) == ("webhook.refused", "no such page")
    assert [push.status for push in await hooks.pushes(made)] == [204, 404]
    assert (await hooks.now(made)).tries == 0  # a try counts for nothing


async def test_no_secret_and_no_content_is_logged(hooks: Hooks) -> None:
    with capture_logs() as logged:
        made = await hooks.add()
        hooks.sink.plan("/a", Reply(500, body=b"personal"), Cut())
        await hooks.happen(2)
        await hooks.work()
        await hooks.pass_on(timedelta(days=1))
        await hooks.webhooks.rotate(OURS.id, made.endpoint.id)
    text = repr(logged)
    assert "webhook_pushed" in text
    for secret in (made.secret, made.secret[6:], "personal", hooks.sink.url):
        assert secret not in text


async def test_where_there_is_a_key_ring_secrets_are_sealed(tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    add_master(ring, "first")
    store = await SqliteStore.open(tmp_path / "data", ring=Ring.read(ring))
    outside = Outside(Rules(allow_http=True, allow_private=True, limit_s=LIMIT_S))
    async with Sink() as sink:
        hooks = Hooks(store, sink, outside)
        await store.add_company(OURS, hooks.clock.now())
        made = await hooks.add()
        await hooks.happen()
        await hooks.work()
        (taken,) = sink.taken
        Webhook(made.secret).verify(taken.body, dict(taken.headers))
        await outside.close()
        await store.close()
    secret = base64.b64decode(made.secret.removeprefix("whsec_"))
    for file in (tmp_path / "data").rglob("*.sqlite*"):
        content = file.read_bytes()
        assert made.secret.encode() not in content and secret not in content
    # Without the ring nothing is signed with something else instead.
    store = await SqliteStore.open(tmp_path / "data")
    (endpoint,) = await store.endpoints(OURS.id)
    with pytest.raises(StorageUnavailable):
        await Sealing(None, hooks.clock).opened(OURS.id, endpoint.secrets[0].sealed)
    await store.close()
