"""What every channel must keep, with its sandbox behaving and misbehaving."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contracts.transports import (
    CASES,
    PERSONAL_NUMBER,
    Case,
    Channel,
    opened,
    until,
)
from transports.base import (
    Delivered,
    Evidence,
    NotCollected,
    NotReachable,
    Packed,
    Packer,
    Reachable,
    Refused,
    Repeat,
    Report,
    Sent,
    Transport,
    TryLater,
    Unknown,
    Verdict,
)

EVERY_OUTCOME = [
    pytest.param(name, behaviour, id=f"{name}-{behaviour}")
    for name, case in CASES.items()
    for behaviour in case.outcomes
]
EVERY_HANG = [
    pytest.param(name, behaviour, id=f"{name}-{behaviour}")
    for name, case in CASES.items()
    for behaviour in case.hangs
]
EVERY_UNREACHABLE = [
    pytest.param(name, who, id=f"{name}-{who}")
    for name, case in CASES.items()
    for who in case.unreachable
]

# Those whose other side can be away while it hands over.
AWAY = [
    "avtalegiro",
    "bank_se",
    "efaktura_no",
    "email",
    "kivra",
    "letter",
    "operator",
    "operator_sfti",
    "vipps",
]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(name: str) -> Case:
    return CASES[name]


@pytest.fixture
async def channel(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Channel]:
    behaviour = request.node.callspec.params.get("behaviour")
    async with opened(case, tmp_path, hangs=behaviour in case.hangs) as channel:
        yield channel


each_channel = pytest.mark.parametrize("name", CASES, indirect=True)


def is_well_said(verdict: Verdict, channel: Channel) -> None:
    """The rules for what is said: to operators and to the ERP."""
    assert re.fullmatch(rf"{channel.transport.name}(\.[a-z_]+)+", verdict.code)
    assert verdict.text
    assert verdict.public_text.endswith("."), "a sentence"
    for secret in channel.secrets:
        assert secret not in verdict.public_text
    for text in (verdict.text, verdict.public_text, verdict.remote or ""):
        assert PERSONAL_NUMBER not in text


def of_kind(evidence: tuple[Evidence, ...], kind: str) -> list[bytes]:
    return [item.content for item in evidence if item.kind == kind]


async def deliver(channel: Channel, behaviour: str, name: str = "first"):
    envelope = await channel.envelope(behaviour, name)
    return envelope, await channel.transport.deliver(envelope)


# --- shape ------------------------------------------------------------------------------------


@each_channel
async def test_it_is_a_transport(name: str, case: Case, channel: Channel) -> None:
    transport = channel.transport
    assert transport.name == (case.channel or name)
    assert isinstance(transport.needs_image, bool)
    assert transport.at_once is None or transport.at_once >= 1
    assert isinstance(transport.repeat, Repeat)
    for method in ("resolve", "deliver", "collect", "close"):
        ours, theirs = getattr(type(transport), method), getattr(Transport, method)
        assert list(inspect.signature(ours).parameters) == list(
            inspect.signature(theirs).parameters
        )


@each_channel
async def test_every_behaviour_of_its_sandbox_is_in_the_contract(name: str, case: Case) -> None:
    modules = {
        "email": "transports.email.sandbox",
        "letter": "transports.letter.sandbox",
        "peppol": "transports.peppol.sandbox.access_point",
    }
    module = case.sandbox or modules.get(name)
    if module is None:
        assert set(case.outcomes) == {"accept"}, "its other side is the gateway itself"
        return
    behaviours = __import__(module, fromlist=["Behaviour"]).Behaviour
    assert {behaviour.value for behaviour in behaviours} == {*case.outcomes, *case.apart}


# --- resolve ----------------------------------------------------------------------------------


@each_channel
async def test_a_good_recipient_is_reachable(channel: Channel, case: Case) -> None:
    recipient = channel.recipient_for(case.accepts)
    found = await channel.transport.resolve(channel.inquiry(recipient))
    assert isinstance(found, Reachable)
    assert found.address
    is_well_said(found.verdict, channel)
    after_restart = channel.again()
    again = await after_restart.resolve(channel.inquiry(recipient))
    await after_restart.close()
    assert isinstance(again, Reachable)
    assert again.address == found.address, "the address is the same for every attempt"


@pytest.mark.parametrize(("name", "who"), EVERY_UNREACHABLE, indirect=["name"])
async def test_a_recipient_it_can_not_reach_is_told_why(
    channel: Channel, case: Case, who: str
) -> None:
    recipient, code = case.unreachable[who]
    found = await channel.transport.resolve(channel.inquiry(recipient))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == code
    is_well_said(found.verdict, channel)


# Its payers are known by the KID of the invoice alone.
BY_DOCUMENT = frozenset({"avtalegiro"})


@each_channel
async def test_before_there_is_a_document_the_recipient_alone_counts(
    channel: Channel, case: Case
) -> None:
    """As when the channels of a whole register of customers are looked for."""
    asked = channel.inquiry(channel.recipient_for(case.accepts))
    nothing = replace(
        asked.summary,
        number="",
        due_date=None,
        amount_due=Decimal(0),
        payment_reference=None,
        accounts=(),
    )
    found = await channel.transport.resolve(replace(asked, summary=nothing, supposed=True))
    by_document = channel.transport.name in BY_DOCUMENT
    assert isinstance(found, NotReachable if by_document else Reachable)


@each_channel
async def test_resolving_hands_nothing_over(channel: Channel) -> None:
    envelope = await channel.envelope("accept")
    assert await channel.taken(envelope.key) == []


# --- deliver ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_each_behaviour_has_its_outcome(channel: Channel, case: Case, behaviour: str) -> None:
    kind, code = case.outcomes[behaviour]
    _, outcome = await deliver(channel, behaviour)
    assert type(outcome) is kind, outcome
    assert outcome.verdict.code == code
    assert outcome.verdict.remote
    is_well_said(outcome.verdict, channel)
    assert all(item.content and item.at.utcoffset() == timedelta() for item in outcome.evidence)


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_what_the_other_side_has_is_told_truly(channel: Channel, behaviour: str) -> None:
    """Refused and TryLater promise that it does not have it; Sent and Delivered that it does."""
    envelope, outcome = await deliver(channel, behaviour)
    taken = await channel.taken(envelope.key)
    match outcome:
        case Sent() | Delivered():
            assert len(taken) == 1
        case Refused() | TryLater():
            assert taken == []
        case _:
            assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_the_evidence_is_what_went_over_the_wire(channel: Channel, behaviour: str) -> None:
    envelope, outcome = await deliver(channel, behaviour)
    (request,) = of_kind(outcome.evidence, "request")
    for taken in await channel.taken(envelope.key):
        assert request == taken
    if not isinstance(outcome, Unknown):
        assert of_kind(outcome.evidence, "answer") or of_kind(outcome.evidence, "receipt")


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_a_repeat_has_the_same_bytes(channel: Channel, behaviour: str) -> None:
    envelope, first = await deliver(channel, behaviour)
    after_restart = channel.again()
    second = await after_restart.deliver(envelope)
    await after_restart.close()
    (one,), (two,) = (of_kind(each.evidence, "request") for each in (first, second))
    assert channel.lasting(one) == channel.lasting(two)


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_bytes_that_would_be_others_are_made_ahead_and_go_out_again(
    channel: Channel, behaviour: str
) -> None:
    if channel.lasting is bytes:
        assert not isinstance(channel.transport, Packer), "its bytes are the same each time"
        return
    envelope = await channel.envelope(behaviour)
    before: Evidence | None = None
    for transport in (channel.transport, channel.again()):
        assert isinstance(transport, Packer)
        packed = await transport.pack(envelope, before, bound=before is not None)
        assert isinstance(packed, Packed)
        assert before is None or packed.request.content == before.content
        made = packed.request
        before = Evidence(made.kind, made.media_type, made.content, made.at)  # as it is kept
        around = replace(envelope, address=packed.address, request=before, repeated=True)
        outcome = await transport.deliver(around)
        assert of_kind(outcome.evidence, "request") == [], "it is kept already"
    await transport.close()
    assert all(taken == before.content for taken in await channel.taken(envelope.key))


@pytest.mark.parametrize(("name", "behaviour"), EVERY_OUTCOME, indirect=["name"])
async def test_where_repeating_is_safe_the_other_side_has_it_once(
    channel: Channel, behaviour: str
) -> None:
    if channel.transport.repeat is Repeat.HOLD:
        assert channel.transport.name == "email", "the only channel that knows no key"
        return
    envelope = await channel.envelope(behaviour)
    for _ in range(3):
        await channel.transport.deliver(envelope)
    assert len(await channel.taken(envelope.key)) <= 1


@each_channel
async def test_two_envelopes_are_two(channel: Channel) -> None:
    one, _ = await deliver(channel, "accept", "one")
    other, _ = await deliver(channel, "accept", "other")
    if channel.transport.name != "internal":  # an inbox has the documents, without their keys
        assert len(await channel.taken(one.key)) == len(await channel.taken(other.key)) == 1
    else:
        assert len(await channel.taken(one.key)) == 2


@each_channel
async def test_many_at_once(channel: Channel) -> None:
    envelopes = [await channel.envelope("accept", str(n)) for n in range(20)]
    outcomes = await asyncio.gather(*(channel.transport.deliver(each) for each in envelopes))
    assert all(isinstance(outcome, (Sent, Delivered)) for outcome in outcomes)


@pytest.mark.parametrize(("name", "behaviour"), EVERY_HANG, indirect=["name"])
async def test_a_hang_ends_by_itself(channel: Channel, behaviour: str) -> None:
    envelope = await channel.envelope(behaviour)
    async with asyncio.timeout(60):  # far above the patience of the drivers here
        outcome = await channel.transport.deliver(envelope)
    assert isinstance(outcome, (TryLater, Unknown))


@pytest.mark.parametrize(("name", "behaviour"), EVERY_HANG, indirect=["name"])
async def test_cancelling_leaves_no_connection_and_no_harm(
    channel: Channel, behaviour: str
) -> None:
    envelope = await channel.envelope(behaviour)
    under_way = [asyncio.create_task(channel.transport.deliver(envelope)) for _ in range(6)]
    await until(lambda: channel.connections() > 0)
    for task in under_way:
        task.cancel()
    # Python 3.11's wait_for may swallow a cancellation that comes together with an answer; then
    # the attempt ends by its own patience.
    ends = await asyncio.gather(*under_way, return_exceptions=True)
    assert all(isinstance(end, (asyncio.CancelledError, TryLater, Unknown)) for end in ends), ends
    assert any(isinstance(end, asyncio.CancelledError) for end in ends)
    await until(lambda: channel.connections() == 0)
    _, outcome = await deliver(channel, "accept")
    assert isinstance(outcome, (Sent, Delivered))


@pytest.mark.parametrize("name", AWAY, indirect=True)
async def test_a_channel_that_is_away_is_tried_later(channel: Channel) -> None:
    envelope = await channel.envelope("accept")
    await channel.shut()
    outcome = await channel.transport.deliver(envelope)
    assert isinstance(outcome, TryLater)
    assert outcome.verdict.code == f"{channel.transport.name}.unreachable"
    assert not outcome.answered, "it counts towards leaving the channel in peace"
    is_well_said(outcome.verdict, channel)


# --- collect and close ------------------------------------------------------------------------


@each_channel
async def test_collecting_ends(channel: Channel) -> None:
    await deliver(channel, "accept")
    items = [item async for item in channel.transport.collect()]
    assert len({item.id for item in items}) == len(items)
    assert all(isinstance(item, Report) for item in items)


@pytest.mark.parametrize("name", AWAY, indirect=True)
async def test_collecting_from_a_channel_that_is_away_says_so(channel: Channel) -> None:
    await channel.shut()
    try:
        assert [item async for item in channel.transport.collect()] == []
    except NotCollected as error:
        is_well_said(error.verdict, channel)


@each_channel
async def test_closing_leaves_no_connection(channel: Channel) -> None:
    await deliver(channel, "accept")
    await channel.transport.close()
    await until(lambda: channel.connections() == 0)
    await channel.transport.close()


@each_channel
async def test_an_image_that_is_needed_is_demanded(channel: Channel) -> None:
    if not channel.transport.needs_image:
        outcome = await channel.transport.deliver(
            replace(await channel.envelope("accept"), image=None)
        )
        assert isinstance(outcome, (Delivered, Sent))
        return
    with pytest.raises(ValueError, match="needs_image"):
        await channel.transport.deliver(replace(await channel.envelope("accept"), image=None))
