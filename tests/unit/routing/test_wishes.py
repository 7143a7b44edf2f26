"""Whose wish a plan follows: the document's, then the customer's, then that for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.customers import NotSettled, Settled, settled
from gateway.routing.orders import channel_names, shipped
from gateway.routing.plan import INCLUDED, Plan, plan
from gateway.routing.rules import settle
from gateway.routing.wishes import against, order_of, wishes
from tests.unit.routing.test_plan import EVERY, INVOICE, KNOWN, TODAY, why

CUSTOMER = "SE:5560169095"


def make(settings: dict[str, Any], **delivery: Any) -> Plan:
    return plan(
        KNOWN,
        INVOICE,
        delivery,
        configured=EVERY,
        orders=shipped(),
        at=TODAY,
        settled=settled(settings, KNOWN),
    )


def reason(result: Plan, step: str) -> str:
    return next(item.reason for item in result.steps if item.step == step)


def taken(result: Plan) -> list[str]:
    return [step.step for step in result.included]


def of_customer(**own: Any) -> dict[str, Any]:
    return {"customers": {CUSTOMER: own}}


@pytest.mark.parametrize(
    ("settings", "delivery", "steps", "order"),
    [
        ({"route_order": ["letter", "email"]}, {}, ["letter", "email"], "all customers"),
        (
            {"route_order": ["letter"], **of_customer(route_order=["email", "peppol"])},
            {},
            ["email", "peppol"],
            "this customer",
        ),
        ({"forced_route": "kivra"}, {}, ["kivra"], "all customers"),
        (
            {"forced_route": "kivra", **of_customer(route_order=["email"])},
            {},
            ["email"],
            "this customer",
        ),
        (
            {"forced_route": "kivra", **of_customer(forced_route="email")},
            {"channels": ["letter", "peppol"]},
            ["letter", "peppol"],
            "SE, your order",
        ),
    ],
)
def test_the_nearest_order_is_taken(
    settings: dict[str, Any], delivery: dict[str, Any], steps: list[str], order: str
) -> None:
    result = make(settings, **delivery)
    assert taken(result) == steps
    assert result.order.endswith(order)


def test_each_reason_names_whose_wish_it_was() -> None:
    company = make({"disabled_routes": ["letter"]})
    assert reason(company, "letter") == "Switched off by your rule for all customers."
    customer = make(of_customer(disabled_routes=["letter"]))
    assert reason(customer, "letter") == "Switched off by your rule for this customer."
    document = make({"disabled_routes": ["letter"]}, disabled_channels=["letter"])
    assert reason(document, "letter") == "Switched off for this document by you."
    ordered = make(of_customer(route_order=["email"]))
    assert reason(ordered, "peppol") == "Not among the channels of your rule for this customer."
    assert reason(ordered, "email").endswith(" Its place is by your rule for this customer.")
    forced = make({"forced_route": "email"})
    assert why(forced, "peppol") == "route.not_forced"
    assert "this goes by email and nothing else" in reason(forced, "peppol")


def test_of_two_wishes_for_a_channel_the_nearer_counts() -> None:
    off = {"disabled_routes": ["letter", "email"]}
    assert "letter" in taken(make(off, channels=["letter"]))
    assert why(make(off, channels=["letter"]), "email") == "route.switched_off"
    assert taken(make({**off, **of_customer(route_order=["email"])})) == ["email"]
    own = {"route_order": ["email", "letter"], **of_customer(disabled_routes=["email"])}
    assert taken(make(own)) == ["letter"]
    assert taken(make(own, disabled_channels=["letter"])) == []


def test_of_two_names_of_a_customer_the_surer_counts() -> None:
    customers = {"kund@example.test": {"forced_route": "email"}, CUSTOMER: {"recheck": True}}
    assert taken(make({"customers": customers})) == ["email"]
    both = {**customers, "0007:5560169095": {"forced_route": "peppol"}}
    assert taken(make({"customers": both})) == ["peppol"]


def test_a_rule_brings_no_channel_that_can_not_be() -> None:
    result = make({"route_order": ["vipps", "email"]})
    assert (why(result, "vipps"), taken(result)) == ("route.consumers_only", ["email"])


@pytest.mark.parametrize("number", ["2021002114", "2120000142"])
def test_a_public_body_gets_people_s_channels_only_where_they_are_asked_for(number: str) -> None:
    body = replace(KNOWN, organisation_number=number, personal_number=None)

    def planned(settings: dict[str, Any], **delivery: Any) -> Plan:
        return plan(
            *(body, INVOICE, delivery),
            configured=EVERY,
            orders=shipped(),
            at=TODAY,
            settled=settled(settings, body),
        )

    result = planned({})
    assert (result.order, taken(result)) == ("SE public sector", ["internal", "peppol", "operator"])
    assert why(result, "letter") == why(result, "email") == "route.public_sector"
    assert taken(planned({}, channels=["letter"])) == ["letter"]
    assert taken(planned({"forced_route": "email"})) == ["email"]


def test_a_sole_trader_s_number_is_no_public_body_s() -> None:
    trader = replace(KNOWN, organisation_number="2506119806", personal_number=None)
    result = plan(trader, INVOICE, {}, configured=EVERY, orders=shipped(), at=TODAY)
    assert result.order == "SE"


def test_avtalegiro_is_there_for_who_asks_for_it() -> None:
    assert all("avtalegiro" not in [q.channel for q in o.questions] for o in shipped().orders)
    consumer = replace(KNOWN, country="NO", consumer=True)
    asked = {"channels": ["avtalegiro"]}
    how: dict[str, Any] = {"configured": EVERY, "orders": shipped(), "at": TODAY}
    assert taken(plan(consumer, INVOICE, asked, **how)) == ["avtalegiro"]
    credit = replace(INVOICE, credit_note=True)
    assert why(plan(consumer, credit, asked, **how), "avtalegiro") == "route.no_credit_notes"
    company = replace(consumer, consumer=False)
    assert why(plan(company, INVOICE, asked, **how), "avtalegiro") == "route.consumers_only"


@pytest.mark.parametrize(
    ("given", "why_not"),
    [
        ({"forced_route": "email", "route_order": ["letter"]}, "no route_order too"),
        ({"forced_route": "email", "disabled_routes": ["email"]}, "email is to be taken"),
        ({"route_order": ["email"], "disabled_routes": ["email"]}, "email is to be taken"),
    ],
)
@pytest.mark.parametrize("customer", [None, CUSTOMER])
def test_what_does_not_go_together_is_not_settled(
    given: dict[str, Any], why_not: str, customer: str | None
) -> None:
    with pytest.raises(NotSettled, match=why_not):
        settle({}, customer, given)


def test_one_layer_may_say_otherwise_than_the_other() -> None:
    first = settle({"reply_to": "a@b.example"}, None, {"disabled_routes": ["email"]})
    second = settle(first, CUSTOMER, {"forced_route": "email", "route_order": []})
    assert second == {
        "reply_to": "a@b.example",
        "disabled_routes": ["email"],
        "customers": {CUSTOMER: {"forced_route": "email"}},
    }
    assert taken(make(second)) == ["email"]


some = st.lists(st.sampled_from(channel_names()), unique=True, max_size=4)
layers = st.fixed_dictionaries({"route_order": some, "disabled_routes": some})


@given(some, some, st.lists(layers, max_size=3))
def test_a_plan_takes_what_the_nearest_wish_lets(
    channels: list[str], disabled: list[str], all_layers: list[dict[str, list[str]]]
) -> None:
    delivery = {"channels": channels, "disabled_channels": disabled}
    held = Settled(tuple(all_layers))
    wished = wishes(delivery, held)
    result = plan(
        *(KNOWN, INVOICE, delivery), configured=EVERY, orders=shipped(), at=TODAY, settled=held
    )
    lead = order_of(wished)
    for step in result.steps:
        if step.code == INCLUDED:
            assert against(wished, step.channel) is None
            assert lead is None or step.channel in lead.order
        assert step.channel not in disabled or step.code == "route.switched_off"
    assert all(step.reason.endswith(".") for step in result.steps)
