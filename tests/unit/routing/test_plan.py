"""The plan: each country's order, and why each step is in or out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.orders import Orders, channel_names, read, shipped
from gateway.routing.plan import INCLUDED, NEEDS, Plan, from_data, plan
from schemas.identifiers import Participant
from schemas.marks import MARKS
from transports.base import PostalAddress, Recipient, Summary
from validators.profiles import PEPPOL_BILLING, PEPPOL_BILLING_PRINT

TODAY = date(2026, 11, 21)
EVERY = frozenset(channel_names())
NOW_HERE = frozenset({"internal", "email", "letter"})

ADDRESS = PostalAddress("Kund", ("Storgatan 1",), "111 22", "Stockholm", "SE")
KNOWN = Recipient(
    name="Kund",
    country="SE",
    participant=Participant("0007", "5560169095"),
    organisation_number="5560169095",
    personal_number="196505030004",
    email="kund@example.test",
    phone="+46701234567",
    postal_address=ADDRESS,
)
INVOICE = Summary("1", False, TODAY, TODAY, Decimal("100.00"), "SEK", "sv")


def make(
    recipient: Recipient = KNOWN,
    *,
    summary: Summary = INVOICE,
    configured: frozenset[str] = EVERY,
    orders: Orders | None = None,
    at: date = TODAY,
    profile: str = PEPPOL_BILLING,
    **delivery: object,
) -> Plan:
    return plan(
        recipient,
        summary,
        delivery,
        configured=configured,
        orders=orders or shipped(),
        at=at,
        profile=profile,
    )


def steps(result: Plan) -> list[str]:
    return [step.step for step in result.steps]


def why(result: Plan, step: str) -> str:
    return next(item.code for item in result.steps if item.step == step)


def test_sweden_asks_the_networks_then_the_bank_then_kivra_then_people() -> None:
    result = make()
    assert steps(result) == [
        "internal",
        "peppol",
        "operator",
        "bank_se",
        "kivra",
        "email",
        "letter",
    ]
    assert all(step.included for step in result.steps)


def test_what_has_no_addresses_never_goes_over_peppol() -> None:
    result = make(profile=PEPPOL_BILLING_PRINT)
    assert why(result, "peppol") == "route.no_addresses"
    assert [step for step in steps(result) if why(result, step) != INCLUDED] == ["peppol"]
    assert from_data(result.data()).profile == PEPPOL_BILLING_PRINT


@pytest.mark.parametrize("code", MARKS)
def test_a_mark_leaves_one_way(code: str) -> None:
    mark = MARKS[code]
    result = plan(KNOWN, INVOICE, {}, configured=EVERY, orders=shipped(), at=TODAY, mark=mark)
    assert [step.channel for step in result.included] == [mark.channel]
    others = {step.code for step in result.steps if not step.included}
    assert others == {"route.marked_for_bank" if code == "P01" else "route.marked_for_print"}
    assert all(code in step.reason for step in result.steps if not step.included)


def test_a_norwegian_consumer_is_asked_for_an_agreement_before_e_mail() -> None:
    result = make(replace(KNOWN, country="NO", consumer=True))
    assert steps(result) == [
        "efaktura_no/agreement",
        "efaktura_no/yes_to_all",
        "vipps",
        "efaktura_no/ask",
        "email",
        "letter",
    ]
    ask = result.steps[3]
    assert (ask.channel, ask.recheck_after_days) == ("efaktura_no", 3)


@pytest.mark.parametrize("country", ["NO", "DK", "DE"])
def test_companies_elsewhere_get_peppol_then_e_mail_then_paper(country: str) -> None:
    assert steps(make(replace(KNOWN, country=country))) == [
        "internal",
        "peppol",
        "email",
        "letter",
    ]


def test_a_channel_that_is_not_set_up_is_named_as_such() -> None:
    result = make(configured=NOW_HERE)
    assert [step.step for step in result.included] == ["internal", "email", "letter"]
    for step in ("peppol", "operator", "bank_se", "kivra"):
        assert why(result, step) == "route.not_configured"


@pytest.mark.parametrize(
    ("missing", "step", "code"),
    [
        ("participant", "internal", "route.no_participant"),
        ("participant", "peppol", "route.no_participant"),
        ("organisation_number", "operator", "route.no_company_number"),
        ("personal_number", "bank_se", "route.no_personal_number"),
        ("email", "email", "route.no_email"),
        ("postal_address", "letter", "route.no_postal_address"),
    ],
)
def test_a_channel_says_what_it_misses(missing: str, step: str, code: str) -> None:
    result = make(replace(KNOWN, **{missing: None}))
    assert why(result, step) == code
    reason = next(item.reason for item in result.steps if item.step == step)
    assert NEEDS[missing] in reason


def test_a_sole_trader_is_reached_by_the_organisation_number() -> None:
    trader = replace(KNOWN, organisation_number="6505030004", personal_number=None)
    assert why(make(trader), "kivra") == "route.included"


def test_a_number_that_is_none_is_no_sole_trader_s() -> None:
    unknown = replace(KNOWN, organisation_number="nonsense", personal_number=None)
    assert why(make(unknown), "bank_se") == "route.no_personal_number"
    assert why(make(unknown), "kivra") == "route.no_national_number"


def test_kivra_knows_companies_too() -> None:
    company = replace(KNOWN, personal_number=None)
    assert why(make(company), "kivra") == "route.included"
    nobody = make(replace(company, organisation_number=None))
    assert why(nobody, "kivra") == "route.no_national_number"
    assert NEEDS["national_number"] in next(s.reason for s in nobody.steps if s.step == "kivra")


def test_operators_know_companies_by_gln_too() -> None:
    company = replace(KNOWN, organisation_number=None)
    known = make(replace(company, participant=Participant("0088", "7300010000001")))
    assert why(known, "operator") == "route.included"
    reason = next(item.reason for item in known.steps if item.step == "operator")
    assert reason == "In line: the recipient has a GLN (BT-49)."


def test_a_company_has_no_consumer_channel_even_when_it_is_asked_for() -> None:
    result = make(replace(KNOWN, country="NO"), channels=["vipps", "email"])
    assert why(result, "vipps") == "route.consumers_only"


def test_vipps_carries_no_credit_notes() -> None:
    consumer = replace(KNOWN, country="NO", consumer=True)
    result = make(consumer, summary=replace(INVOICE, credit_note=True))
    assert why(result, "vipps") == "route.no_credit_notes"


def test_what_the_sender_switched_off_is_out_whatever_else_holds() -> None:
    result = make(disabled_channels=["email", "peppol"], configured=NOW_HERE)
    assert why(result, "email") == "route.switched_off"
    assert why(result, "peppol") == "route.switched_off"
    assert [step.step for step in result.included] == ["internal", "letter"]


def test_the_sender_s_own_order_is_taken_and_the_rest_is_explained() -> None:
    result = make(channels=["letter", "email"])
    assert [step.step for step in result.included] == ["letter", "email"]
    assert why(result, "internal") == "route.not_in_your_order"
    assert result.order == "SE, your order"


def test_a_channel_of_another_country_can_be_asked_for() -> None:
    result = make(replace(KNOWN, country="DK"), channels=["kivra"])
    assert [step.step for step in result.included] == ["kivra"]


def test_the_newest_order_that_has_begun_counts() -> None:
    orders = read("""
[[orders]]
name = "old"
from = 2020-01-01
steps = ["email"]
[[orders]]
name = "new"
from = 2026-12-01
steps = ["letter", "email"]
[channels.email]
title = "e-mail"
needs = ["email"]
[channels.letter]
title = "letter"
needs = ["postal_address"]
""")
    assert make(orders=orders, at=date(2026, 11, 30)).order == "old"
    assert make(orders=orders, at=date(2026, 12, 1)).order == "new"
    assert make(orders=orders, at=date(2019, 1, 1)).order == "old"


def test_a_question_that_has_ended_is_out() -> None:
    orders = read("""
[[orders]]
name = "NO"
from = 2020-01-01
steps = ["efaktura_no/ask", "email"]
[channels.efaktura_no]
title = "eFaktura"
needs = []
[channels.email]
title = "e-mail"
needs = ["email"]
[questions."efaktura_no/ask"]
asks = "?"
until = 2026-11-20
""")
    assert why(make(orders=orders, at=date(2026, 11, 20)), "efaktura_no/ask") == "route.included"
    assert why(make(orders=orders, at=date(2026, 11, 21)), "efaktura_no/ask") == "route.ended"


@pytest.mark.parametrize(
    ("steps", "wrong"), [('["pigeon"]', "no channel pigeon"), ('["email/x"]', "no such question")]
)
def test_an_order_that_names_what_is_not_there_is_refused(steps: str, wrong: str) -> None:
    text = f"""
orders = [{{ name = "X", from = 2020-01-01, steps = {steps} }}]
[channels.email]
title = "e-mail"
needs = ["email"]
"""
    with pytest.raises(ValueError, match=wrong):
        read(text)


def test_every_need_of_the_shipped_channels_has_words() -> None:
    assert {need for channel in shipped().channels.values() for need in channel.needs} <= set(NEEDS)


recipients = st.builds(
    Recipient,
    name=st.just("Kund"),
    country=st.sampled_from(["SE", "NO", "DK", "XX"]),
    consumer=st.booleans(),
    participant=st.sampled_from([None, KNOWN.participant]),
    organisation_number=st.sampled_from([None, "5560169095", "6505030004", "nonsense"]),
    personal_number=st.sampled_from([None, "196505030004"]),
    email=st.sampled_from([None, "kund@example.test"]),
    phone=st.sampled_from([None, "+4670"]),
    postal_address=st.sampled_from([None, ADDRESS]),
)
some_channels = st.lists(st.sampled_from(sorted(EVERY)), unique=True)


@given(recipients, some_channels, some_channels, st.frozensets(st.sampled_from(sorted(EVERY))))
def test_a_plan_takes_only_what_is_here_and_wanted(
    recipient: Recipient, channels: list[str], disabled: list[str], configured: frozenset[str]
) -> None:
    result = make(recipient, configured=configured, channels=channels, disabled_channels=disabled)
    for step in result.included:
        assert step.channel in configured
        assert step.channel not in disabled
        assert not channels or step.channel in channels
    assert len(set(steps(result))) == len(result.steps)
    assert all(step.reason.endswith(".") for step in result.steps)
    assert from_data(json.loads(json.dumps(result.data()))) == result
    assert "196505030004" not in json.dumps(result.data())
