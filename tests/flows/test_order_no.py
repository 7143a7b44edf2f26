"""The Norwegian consumers' order: six recipients, each of whom only one step reaches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.lifecycle import State
from tests.flows.channel import Scripted, channels, here, nobody, said
from tests.flows.house import START, House, invoice
from transports.base import Envelope, Outcome, Reachability, Refused, Sent, Waiting

DAYS = timedelta(days=3)

# The recipient by the step that reaches it, the channel that then has it, and what is asked before.
AGREED, CONSENTED, VIPPS, ASKED, MAIL, LETTER = (
    "efaktura_no/agreement",
    "efaktura_no/yes_to_all",
    "vipps",
    "efaktura_no/ask",
    "email",
    "letter",
)
ORDER = (AGREED, CONSENTED, VIPPS, ASKED, MAIL, LETTER)
FIRST_THREE = (AGREED, CONSENTED, VIPPS)


class Norway:
    """The channels of a Norwegian consumer whom one step reaches."""

    def __init__(self, house: House, reached_by: str) -> None:
        self.house = house
        self.asked: list[str] = []
        channel, _, question = reached_by.partition("/")
        efaktura: dict[str | None, list[Reachability]] = {
            ASKED.partition("/")[2]: [here("efaktura_no")]
        }
        if reached_by == ASKED:  # who agrees when asked has an agreement three days later
            efaktura["agreement"] = [nobody("efaktura_no"), here("efaktura_no")]
        elif channel == "efaktura_no":
            efaktura[question] = [here("efaktura_no")]
        made = [self.scripted("efaktura_no", efaktura)]
        for name in ("vipps", "email", "letter"):
            reaches: dict[str | None, list[Reachability]] = {}
            if name == channel:
                reaches[None] = [here(name)]
            made.append(self.scripted(name, reaches))
        house.transports.clear()
        house.transports.update(channels(*made))
        house.worker = house.new_worker(house.store)

    def scripted(self, name: str, reaches: dict[str | None, list[Reachability]]) -> Scripted:
        channel = Scripted(name, reaches, self.deliver)
        resolve = channel.resolve

        async def noted(inquiry: Any) -> Reachability:
            self.asked.append(f"{name}/{inquiry.question}" if inquiry.question else name)
            return await resolve(inquiry)

        channel.resolve = noted  # type: ignore[method-assign]
        return channel

    async def deliver(self, envelope: Envelope) -> Outcome:
        if envelope.question == "ask":
            verdict = said("efaktura_no", "asked", "has asked the consumer for an agreement.")
            return Waiting(verdict, START + DAYS)
        return Sent(said("channel", "taken", "has taken it."))

    async def send(self) -> str:
        body = invoice(email="kari@kunde.example", phone="+4791234567", consumer=True)
        address = {"country": "NO", "post_code": "0155", "city": "Oslo"}
        body["invoice"]["buyer"]["address"] |= address
        del body["invoice"]["buyer"]["endpoint"]
        document_id = await self.house.submit(body)
        await self.house.work()
        return document_id


async def told(house: House, document_id: str) -> list[str]:
    """The sentences of the timeline: what was asked, answered and decided."""
    kinds = ("document.attempted", "document.rechecked")
    events = await house.events(document_id)
    return [event.data["text"] for event in events if event.type in kinds]


NOT_KNOWN = [f"{step.partition('/')[0]} does not know the recipient." for step in FIRST_THREE]
TAKEN = "channel has taken it."
WAITS = (
    "efaktura_no has asked the consumer for an agreement. The channels before are asked once more"
    " on 2026-11-24; then the next one is taken."
)
OVER = (
    "The time that the recipient had to agree (efaktura_no/ask) is over. efaktura_no/agreement,"
    " efaktura_no/yes_to_all, vipps: asked once more, then the next channel is taken."
)

# By the step that reaches the recipient: the channel that has it in the end, the steps that were
# asked, and the sentences.
FIXTURE = {
    AGREED: ("efaktura_no", [AGREED], [TAKEN]),
    CONSENTED: ("efaktura_no", [AGREED, CONSENTED], [NOT_KNOWN[0], TAKEN]),
    VIPPS: ("vipps", [AGREED, CONSENTED, VIPPS], [*NOT_KNOWN[:2], TAKEN]),
    ASKED: (
        "efaktura_no",
        [*FIRST_THREE, ASKED, AGREED],
        [*NOT_KNOWN, WAITS, OVER, TAKEN],
    ),
    MAIL: (
        "email",
        [*FIRST_THREE, ASKED, *FIRST_THREE, MAIL],
        [*NOT_KNOWN, WAITS, OVER, *NOT_KNOWN, TAKEN],
    ),
    LETTER: (
        "letter",
        [*FIRST_THREE, ASKED, *FIRST_THREE, MAIL, LETTER],
        [*NOT_KNOWN, WAITS, OVER, *NOT_KNOWN, "email does not know the recipient.", TAKEN],
    ),
}


@pytest.mark.parametrize("step", ORDER)
async def test_each_recipient_is_found_on_the_one_step_that_reaches_it(
    house: House, step: str
) -> None:
    channel, asked, sentences = FIXTURE[step]
    norway = Norway(house, step)
    document_id = await norway.send()
    if step not in FIRST_THREE:
        document = await house.is_in(document_id, State.WAITING)
        assert document.next_at == START + DAYS
        await house.later(DAYS)
    assert (await house.is_in(document_id, State.SENT)).channel == channel
    assert norway.asked == asked
    assert await told(house, document_id) == sentences


async def test_the_plan_has_the_six_steps_in_their_order(house: House) -> None:
    norway = Norway(house, AGREED)
    document_id = await norway.send()
    (routed,) = [e for e in await house.events(document_id) if e.type == "document.routed"]
    assert [step["step"] for step in routed.data["steps"]] == list(ORDER)
    assert {step["step"]: step["reason"] for step in routed.data["steps"]} == {
        AGREED: "In line.",
        CONSENTED: "In line.",
        VIPPS: "In line: the recipient has a mobile number (delivery.phone).",
        ASKED: "In line.",
        MAIL: "In line: the recipient has an e-mail address (delivery.email or BT-58).",
        LETTER: "In line: the recipient has a complete postal address (BG-8).",
    }
    (asking,) = [step for step in routed.data["steps"] if step["recheck_after_days"]]
    assert (asking["step"], asking["recheck_after_days"]) == (ASKED, 3)


async def test_who_declines_when_asked_need_not_be_waited_for(house: House) -> None:
    """The channel tells that the consumer does not want it: the next way is taken at once."""
    norway = Norway(house, MAIL)
    document_id = await norway.send()
    efaktura = house.transports["efaktura_no"]
    assert isinstance(efaktura, Scripted)
    await house.later(timedelta(days=1))
    efaktura.report(Refused(said("efaktura_no", "declined", "tells that the consumer declined.")))
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "email"
    assert norway.asked == [*FIRST_THREE, ASKED, MAIL]
