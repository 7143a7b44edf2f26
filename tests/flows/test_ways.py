"""Which way a document to a recipient would take, asked without sending anything."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway, Role
from gateway.channels.email import Email
from gateway.client import Client, Problem
from gateway.clock import MovableClock
from gateway.config import Http, Settings
from gateway.store.port import Company
from gateway.ways import (
    Answer,
    Asked,
    DocumentKind,
    Found,
    Question,
    TooOften,
    Ways,
    own,
    usual,
)
from tests.flows.channel import Scripted, channels, here, nobody, said
from transports.base import (
    Candidate,
    Inquiry,
    Reachability,
    ReachabilityUnknown,
    Recipient,
    Several,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
US = Company("com_us", "Norrsken Papper AB", "SE", ("0007:5560000019",), {})
KARI = Recipient(
    name="Kari Nordmann",
    country="NO",
    consumer=True,
    personal_number="15076500565",
    phone="+4799999999",
    email="kari@customer.example",
)
QUESTION = Question(KARI, usual(DocumentKind.INVOICE, "NO", date(2026, 11, 22)))


def unsure(name: str) -> ReachabilityUnknown:
    return ReachabilityUnknown(said(name, "down", "could not say."))


async def explained(ways: Ways, question: Question = QUESTION) -> Found:
    found = await ways.explain(US, question)
    assert isinstance(found, Found)
    return found


def by_step(found: Found) -> dict[str, Asked]:
    return {one.step.step: one for one in found.asked}


async def test_every_step_is_told_with_its_reason_and_its_answer() -> None:
    efaktura = Scripted(
        "efaktura_no", {"agreement": [nobody("efaktura_no")], "yes_to_all": [here("efaktura_no")]}
    )
    ways = Ways(channels(efaktura, Scripted("vipps"), Scripted("email")), MovableClock(NOW))
    found = await explained(ways)
    steps = by_step(found)
    assert list(steps) == [
        *("efaktura_no/agreement", "efaktura_no/yes_to_all", "vipps", "efaktura_no/ask"),
        *("email", "letter"),
    ]
    assert sorted(filter(None, efaktura.asked)) == ["agreement", "ask", "yes_to_all"]
    assert steps["efaktura_no/agreement"].answer is Answer.NO
    assert steps["letter"].answer is None and steps["letter"].step.reason
    assert (found.proposal.step, found.proposal.certain) == ("efaktura_no/yes_to_all", True)
    assert found.proposal.address == "there"


async def test_unknown_is_no_no() -> None:
    ways = Ways(
        channels(
            Scripted("vipps", {None: [unsure("vipps"), here("vipps")]}),
            Scripted("email", {None: [here("email")]}),
        ),
        MovableClock(NOW),
    )
    found = await explained(ways)
    assert (found.proposal.channel, found.proposal.certain) == ("email", False)
    assert "vipps could not say" in found.proposal.text
    again = await explained(ways)
    assert (again.proposal.channel, again.proposal.certain) == ("vipps", True), "asked at once anew"


async def test_where_nobody_could_say_nothing_is_proposed_and_nothing_is_certain() -> None:
    found = await explained(Ways(channels(Scripted("vipps", {None: [unsure("vipps")]})), _clock()))
    assert (found.proposal.channel, found.proposal.certain) == (None, False)
    found = await explained(Ways(channels(Scripted("vipps")), _clock()))
    assert (found.proposal.channel, found.proposal.certain) == (None, True)


def _clock() -> MovableClock:
    return MovableClock(NOW)


async def test_several_are_shown_and_none_is_chosen() -> None:
    two = (Candidate("a", "Kari, Oslo"), Candidate("b", "Kari, Bergen"))
    several = Several(said("vipps", "several", "knows two."), two)
    ways = Ways(
        channels(Scripted("vipps", {None: [several]}), Scripted("email", {None: [here("email")]})),
        _clock(),
    )
    found = await explained(ways)
    assert by_step(found)["vipps"].candidates == two
    assert (found.proposal.channel, found.proposal.certain) == ("vipps", False)


async def test_answers_are_kept_for_minutes_for_the_same_question_of_the_same_company() -> None:
    clock, vipps = _clock(), Scripted("vipps", {None: [here("vipps")]})
    ways = Ways(channels(vipps), clock)
    first = by_step(await explained(ways))["vipps"]
    clock.move(timedelta(minutes=4))
    assert by_step(await explained(ways))["vipps"] == first and len(vipps.asked) == 1
    await ways.explain(replace(US, id="com_other"), QUESTION)
    assert len(vipps.asked) == 2
    other = Question(replace(KARI, phone="+4799999998"), QUESTION.summary)
    await ways.explain(US, other)
    assert len(vipps.asked) == 3
    settled = replace(US, settings={"channels": {"vipps": {"issuer": "x"}}})
    await ways.explain(settled, QUESTION)
    assert len(vipps.asked) == 4, "other terms, another answer"
    clock.move(timedelta(minutes=2))
    assert by_step(await explained(ways))["vipps"].at == clock.now()


class Hanging(Scripted):
    """Never answers, and counts who waits."""

    waiting = most = 0

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await asyncio.Event().wait()
        finally:
            self.waiting -= 1
        raise AssertionError("never")


class Failing(Scripted):
    async def resolve(self, inquiry: Inquiry) -> Reachability:
        raise RuntimeError("a bug")


async def test_a_channel_that_hangs_or_fails_keeps_nobody_from_the_others() -> None:
    hanging = Hanging("efaktura_no")
    ways = Ways(
        channels(hanging, Failing("vipps"), Scripted("email", {None: [here("email")]})),
        _clock(),
        limit_s=0.2,
    )
    found = await explained(ways)
    steps = by_step(found)
    assert steps["efaktura_no/ask"].code == "lookup.timed_out"
    assert steps["vipps"].code == "lookup.failed"
    assert {steps[name].answer for name in ("efaktura_no/ask", "vipps")} == {Answer.UNKNOWN}
    assert steps["email"].answer is Answer.YES
    assert hanging.waiting == 0
    others = [Question(replace(KARI, name=f"K{n}"), QUESTION.summary) for n in range(20)]
    await asyncio.gather(*(ways.explain(US, other) for other in others))
    assert hanging.most <= 8


class Timed(Scripted):
    """Writes down when it was asked, by the loop's clock."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.at: list[float] = []

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        self.at.append(asyncio.get_running_loop().time())
        return await super().resolve(inquiry)


async def test_a_channel_is_asked_no_more_often_than_it_may_be() -> None:
    vipps, email = Timed("vipps"), Timed("email")
    ways = Ways(channels(vipps, email), _clock(), rates={"vipps": 20})
    others = [Question(replace(KARI, name=f"K{n}"), QUESTION.summary) for n in range(6)]
    await asyncio.gather(*(ways.explain(US, other) for other in others))
    assert len(vipps.at) == len(email.at) == 6
    assert vipps.at[-1] - vipps.at[0] >= 0.9 * 5 / 20


async def test_nobody_who_asks_for_one_waits_long_for_a_channels_turn() -> None:
    vipps = Scripted("vipps", {None: [here("vipps")]})
    ways = Ways(channels(vipps), _clock(), rates={"vipps": 0.001})
    first = by_step(await explained(ways))["vipps"]
    other = Question(replace(KARI, name="Other"), QUESTION.summary)
    second = by_step(await explained(ways, other))["vipps"]
    assert (first.answer, second.answer, second.code) == (
        *(Answer.YES, Answer.UNKNOWN),
        "lookup.busy",
    )


async def test_a_company_may_ask_so_often() -> None:
    ways = Ways({}, clock := _clock(), per_minute=2)
    for _ in range(2):
        assert isinstance(await ways.explain(US, QUESTION), Found)
    refused = await ways.explain(US, QUESTION)
    assert isinstance(refused, TooOften) and refused.after_s == 30
    assert isinstance(await ways.explain(replace(US, id="com_other"), QUESTION), Found)
    clock.move(timedelta(seconds=30))
    assert isinstance(await ways.explain(US, QUESTION), Found)


async def test_a_proposal_asks_no_further_than_it_must() -> None:
    vipps, email = Scripted("vipps", {None: [here("vipps")]}), Scripted("email")
    proposal = await Ways(channels(vipps, email), _clock()).propose(US, QUESTION)
    assert proposal.channel == "vipps" and email.asked == []


def test_a_company_is_known_by_its_organisation_number() -> None:
    assert own(US).organisation_number == "5560000019"
    assert own(replace(US, country="FI")).organisation_number is None
    assert own(replace(US, participants=())).participant is None


async def test_a_document_that_is_only_supposed_is_told_to_be_so() -> None:
    class Recording(Scripted):
        supposed: tuple[bool, ...] = ()

        async def resolve(self, inquiry: Inquiry) -> Reachability:
            self.supposed = (*self.supposed, inquiry.supposed)
            return await super().resolve(inquiry)

    vipps = Recording("vipps")
    ways = Ways(channels(vipps), _clock())
    await ways.explain(US, QUESTION)
    await ways.explain(US, replace(QUESTION, supposed=True))
    assert vipps.supposed == (False, True), "and one answer is not taken for the other"


# --- over HTTP ----------------------------------------------------------------------------------

KEY = "bk_the_key_of_this_test"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A gateway that does no work, as behind a balancer: role api."""
    settings = Settings(
        data=tmp_path,
        http=Http(listen="127.0.0.1:0"),
        email=Email(host="127.0.0.1", port=9, tls="none", sender="a@b.example"),
    )
    async with Gateway(settings, _clock(), role=Role.API) as gateway:
        await gateway.store.add_company(US, NOW)
        await gateway.store.add_key(US.id, hashlib.sha256(KEY.encode()).hexdigest(), "test", NOW)
        async with Client(gateway.url, KEY) as client:
            yield client


async def asked(client: Client, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/lookup", body)
    assert answer["participants"] == []
    return dict(answer["ways"])


async def test_a_gateway_that_only_answers_knows_the_ways_too(client: Client) -> None:
    whom = {
        "name": "Kari",
        "country": "NO",
        "personal_number": "15076500565",
        "email": "kari@customer.example",
    }
    ways = await asked(client, recipient=whom)
    assert ways["order"] == "NO consumers"
    steps = {step["step"]: step for step in ways["steps"]}
    assert (steps["vipps"]["included"], steps["vipps"]["answer"]) == (False, None)
    assert steps["vipps"]["reason_code"] == "route.not_configured"
    assert (steps["email"]["answer"], steps["email"]["address"]) == ("yes", whom["email"])
    assert ways["proposal"]["channel"] == "email" and ways["proposal"]["certain"]
    assert "15076500565" not in str(ways)
    off = await asked(client, recipient=whom, disabled_channels=["email"])
    assert off["proposal"]["channel"] is None


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/participants"]),
        (
            {"participants": ["0192:918130047"], "recipient": {"name": "x", "country": "SE"}},
            ["/participants"],
        ),
        ({"recipient": {}}, ["/recipient/name", "/recipient/country"]),
        (
            {
                "recipient": {
                    "name": "x",
                    "country": "XX",
                    "organisation_number": "1",
                    "participant": "x",
                }
            },
            ["/recipient/country", "/recipient/organisation_number", "/recipient/participant"],
        ),
        (
            {"recipient": {"name": "x", "country": "SE", "organisation_number": "5560000018"}},
            ["/recipient/organisation_number"],
        ),
        (
            {"recipient": {"name": "x", "country": "SE", "personal_number": "1", "pager": "1"}},
            ["/recipient/personal_number", "/recipient/pager"],
        ),
        (
            {"recipient": {"name": "x", "country": "SE"}, "document": {"kind": "letter"}},
            ["/document/kind"],
        ),
        ({"recipient": {"name": "x", "country": "SE"}, "channels": ["pigeon"]}, ["/channels/0"]),
    ],
    ids=str,
)
async def test_all_that_is_wrong_with_a_question_is_told_by_its_place(
    client: Client, body: dict[str, Any], pointers: list[str]
) -> None:
    with pytest.raises(Problem) as refused:
        await client.post("/v1/lookup", body)
    assert refused.value.status == 422
    assert [error["pointer"] for error in refused.value.errors] == pointers
