"""What Vipps alone must keep, beside the contract."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import NOW, PATIENCE_S, RECIPIENT, envelope
from tests.contracts.channel_vipps import ISSUER, TERMS, consumer, norwegian, settings
from transports.base import (
    Account,
    AccountKind,
    Delivered,
    Envelope,
    Inquiry,
    NotCollected,
    NotReachable,
    ReachabilityUnknown,
    Reachable,
    Recalled,
    Recipient,
    Refused,
    Report,
    Sent,
    TryLater,
    Unknown,
)
from transports.http import Client
from transports.vipps import terms, wire
from transports.vipps.driver import Vipps
from transports.vipps.keys import Keys, Unavailable, opens, read
from transports.vipps.recipients import msisdn
from transports.vipps.sandbox import Sandbox
from transports.vipps.wire import State

A_SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1)
COMPANY = "cmp_sender"
PERSON = "01032300371"


@dataclass
class Norway:
    clock: MovableClock
    vipps: Sandbox
    channel: Vipps
    again: Vipps

    def envelope(self, behaviour: str = "accept", name: str = "one") -> Envelope:
        made = norwegian(envelope(consumer(behaviour), "mobile", f"{behaviour}/{name}"))
        return replace(made, terms=TERMS)

    def inquiry(self, recipient: Recipient, **changes: Any) -> Inquiry:
        made = norwegian(envelope(recipient, "", ""))
        summary = replace(made.summary, **changes)
        return Inquiry(made.sender, recipient, summary, terms=TERMS)

    async def reports(self) -> list[Report]:
        found = [item async for item in self.channel.collect()]
        assert all(isinstance(item, Report) for item in found)
        return found  # type: ignore[return-value]

    async def later(self, by: timedelta) -> list[Report]:
        self.clock.move(by)
        return await self.reports()

    def looks(self) -> int:
        return self.vipps.asked["GET /vipps-isp/v1/invoices/{id}"]

    def id(self, given: Envelope) -> str:
        return f"orgno-no.{ISSUER}.{given.key}"


@pytest.fixture
async def norway(tmp_path: Path) -> AsyncIterator[Norway]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(tmp_path)
    register = StoredRegister(store, clock, "vipps")
    async with Sandbox(now=clock.now) as vipps:
        one, other = (Vipps(settings(vipps), register, now=clock.now) for _ in range(2))
        yield Norway(clock, vipps, one, other)
        await one.close()
        await other.close()
    await store.close()


def codes(reports: list[Report]) -> list[str]:
    return [report.outcome.verdict.code for report in reports]


# --- whom, and what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+47 97 77 77 76", "4797777776"),
        ("004797777776", "4797777776"),
        ("97777776", "4797777776"),
        ("4797777776", "4797777776"),
        ("41234567", "4741234567"),
        ("+4722123456", None),
        ("+46701234567", None),
        ("+479777777", None),
        ("9777777", None),
        ("", None),
        ("+47٩٧٧٧٧٧٧٦", None),
    ],
)
def test_a_mobile_number_as_vipps_takes_it(phone: str, number: str | None) -> None:
    assert msisdn(phone) == number


async def test_by_personal_number_where_there_is_no_mobile_number(norway: Norway) -> None:
    somebody = replace(RECIPIENT, phone=None, personal_number=PERSON, country="NO")
    found = await norway.channel.resolve(norway.inquiry(somebody))
    assert isinstance(found, Reachable)
    assert found.address == "person"
    given = replace(norway.envelope(), recipient=somebody, address="person")
    outcome = await norway.channel.deliver(given)
    assert isinstance(outcome, Sent)
    assert PERSON not in repr((found, outcome.verdict))
    # Whatever else is known of them by now, it is the same person.
    both = replace(given, recipient=replace(somebody, phone="+4797777776"))
    assert isinstance(await norway.channel.deliver(both), Sent)
    (taken,) = norway.vipps.invoices.values()
    assert taken.recipient == PERSON


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credit_note": True}, "vipps.credit_note"),
        ({"currency": "SEK"}, "vipps.currency"),
        ({"amount_due": Decimal(0)}, "vipps.amount"),
        ({"due_date": None}, "vipps.due_date"),
        ({"due_date": date(2026, 11, 23)}, "vipps.due_date"),
        ({"due_date": date(2027, 11, 22)}, "vipps.due_date"),
        ({"payment_reference": None}, "vipps.kid"),
        ({"payment_reference": "123456783"}, "vipps.kid"),
        ({"payment_reference": "18"}, "vipps.kid"),
        ({"accounts": (Account(AccountKind.NORWEGIAN, "86011117947"),)}, "vipps.account"),
    ],
)
async def test_what_vipps_would_not_take_is_told_before_any_call(
    norway: Norway, changes: dict[str, Any], code: str
) -> None:
    found = await norway.channel.resolve(norway.inquiry(consumer("accept"), **changes))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == code
    given = norway.envelope()
    given = replace(given, summary=replace(given.summary, **changes))
    outcome = await norway.channel.deliver(given)
    assert isinstance(outcome, Refused)
    assert outcome.verdict.code == code
    assert not norway.vipps.asked


async def test_before_there_is_a_document_its_faults_do_not_count(norway: Norway) -> None:
    asked = norway.inquiry(
        consumer("accept"), amount_due=Decimal(0), due_date=None, payment_reference=None
    )
    assert isinstance(await norway.channel.resolve(asked), NotReachable)
    assert isinstance(await norway.channel.resolve(replace(asked, supposed=True)), Reachable)


async def test_all_that_is_wrong_is_told_at_once(norway: Norway) -> None:
    found = await norway.channel.resolve(
        norway.inquiry(consumer("accept"), currency="SEK", due_date=None, payment_reference=None)
    )
    for word in ("SEK", "BT-9", "BT-83"):
        assert word in found.verdict.public_text


@pytest.mark.parametrize("due", [date(2026, 11, 24), date(2027, 11, 21)])
async def test_the_first_and_the_last_due_date(norway: Norway, due: date) -> None:
    given = norway.envelope()
    given = replace(given, summary=replace(given.summary, due_date=due))
    assert isinstance(await norway.channel.deliver(given), Sent)


@pytest.mark.parametrize("number", [None, "5560169095", "918130048"])
async def test_a_sender_without_a_norwegian_number(norway: Norway, number: str | None) -> None:
    asked = norway.inquiry(consumer("accept"))
    asked = replace(asked, sender=replace(asked.sender, organisation_number=number))
    found = await norway.channel.resolve(asked)
    assert found.verdict.code == "vipps.no_organisation_number"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"account": "15038366384"}, "`account` is no Norwegian account"),
        ({"account": None}, "`account` is missing"),
        ({"account": 15038366383}, "`account` is no Norwegian account"),
        ({"kid_algorithm": "mod12"}, "`kid_algorithm`"),
        ({"kid_length": 26}, "`kid_length`"),
        ({"kid_length": True}, "`kid_length`"),
        ({"issuer_name": "x" * 41}, "`issuer_name`"),
        ({"icon_url": "http://logo.example/a.png"}, "`icon_url`"),
        ({"icon_url": "https://logo.example/a.png?who=me"}, "`icon_url`"),
        ({"colour": "blue"}, "`colour` is not known"),
    ],
)
async def test_terms_that_are_wrong(norway: Norway, changes: dict[str, Any], says: str) -> None:
    given = {name: value for name, value in {**TERMS, **changes}.items() if value is not None}
    assert norway.channel.wrong(given) == terms.wrong(given)
    assert says in " ".join(terms.wrong(given))
    asked = replace(norway.inquiry(consumer("accept")), terms=given)
    found = await norway.channel.resolve(asked)
    assert found.verdict.code == "vipps.bad_terms"
    assert says in found.verdict.public_text
    missing = await norway.channel.resolve(replace(asked, terms={}))
    assert missing.verdict.code == "vipps.no_terms"


async def test_the_invoice_as_it_goes_out(norway: Norway) -> None:
    given = norway.envelope()
    icon = "https://logo.example/a.svg"
    given = replace(given, terms={**TERMS, "issuer_name": "Havbris", "icon_url": icon})
    outcome = await norway.channel.deliver(given)
    assert isinstance(outcome, Sent)
    assert outcome.reference == norway.id(given)
    (taken,) = norway.vipps.invoices.values()
    assert taken.content == {
        "paymentInformation": {"type": "kid", "value": "100011001235", "account": "15038366383"},
        "invoiceType": "invoice",
        "due": "2026-12-20T00:00:00+01:00",
        "amount": 124950,
        "subject": "Faktura 1001",
        "issuerName": "Havbris",
        "commercialInvoice": [
            {
                "mimeType": "application/pdf",
                "url": f"https://invoices.example/vipps/{given.key}.pdf",
            }
        ],
        "issuerIconUrl": icon,
    }


async def test_a_reminder_is_one_and_a_summer_date_has_its_hour(norway: Norway) -> None:
    given = norway.envelope()
    summary = replace(given.summary, reminder=True, due_date=date(2027, 7, 1), language="en")
    assert isinstance(await norway.channel.deliver(replace(given, summary=summary)), Sent)
    (taken,) = norway.vipps.invoices.values()
    assert taken.content["invoiceType"] == "paymentReminder"
    assert taken.content["due"] == "2027-07-01T00:00:00+02:00"
    assert taken.content["subject"] == "Reminder of invoice 1001"


# --- tokens and repeats ---------------------------------------------------------------------------


async def test_a_recipient_is_asked_for_once_for_several_invoices(norway: Norway) -> None:
    for name in "abc":
        await norway.channel.deliver(norway.envelope(name=name))
    assert norway.vipps.asked["POST /vipps-isp/v1/recipients/tokens"] == 1
    assert norway.vipps.asked["POST /accesstoken/get"] == 1


async def test_a_repeat_after_the_token_ended_is_the_same_invoice(norway: Norway) -> None:
    given = norway.envelope("drop")
    assert isinstance(await norway.channel.deliver(given), Unknown)
    (taken,) = norway.vipps.invoices.values()
    norway.clock.move(timedelta(minutes=40))
    outcome = await norway.channel.deliver(given)
    assert isinstance(outcome, Sent)
    assert outcome.evidence[0].content != taken.body, "the token is another"
    assert taken.came == 2


async def test_our_own_token_is_renewed(norway: Norway) -> None:
    await norway.channel.deliver(norway.envelope(name="a"))
    norway.clock.move(A_DAY)
    assert isinstance(await norway.channel.deliver(norway.envelope(name="b")), Sent)
    assert norway.vipps.asked["POST /accesstoken/get"] == 2


async def test_a_vipps_that_is_down_is_no_no(norway: Norway) -> None:
    norway.vipps.available = False
    found = await norway.channel.resolve(norway.inquiry(consumer("accept")))
    assert isinstance(found, ReachabilityUnknown)
    assert not found.answered


# --- what becomes of it ---------------------------------------------------------------------------


async def test_it_is_asked_after_until_it_is_seen_and_then_seldom(norway: Norway) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    assert await norway.reports() == []
    (seen,) = await norway.later(timedelta(seconds=5))
    assert (seen.key, type(seen.outcome), codes([seen])) == (
        given.key,
        Delivered,
        ["vipps.pending"],
    )
    for _ in range(60):
        assert await norway.later(A_DAY) == []
    assert norway.looks() <= 10, "a day, two, four ... until a week after the due date"


async def test_one_that_is_looked_at_late_is_asked_after_less_and_less(norway: Norway) -> None:
    await norway.channel.deliver(norway.envelope("slow"))
    found: list[Report] = []
    for _ in range(48):
        found += await norway.later(timedelta(minutes=5))
    assert codes(found) == ["vipps.pending"]
    assert norway.looks() < 15


@pytest.mark.parametrize(
    ("behaviour", "expected", "says"),
    [
        ("reject", ["vipps.rejected"], "does not take eFaktura"),
        ("owner", ["vipps.rejected"], "one of the sender's"),
        ("delete", ["vipps.pending", "vipps.deleted"], "deleted"),
        ("approve", ["vipps.pending", "vipps.approved"], "planned the payment"),
    ],
)
async def test_what_becomes_of_it(
    norway: Norway, behaviour: str, expected: list[str], says: str
) -> None:
    await norway.channel.deliver(norway.envelope(behaviour))
    found = await norway.later(timedelta(seconds=5)) + await norway.later(A_DAY + A_SECOND)
    assert codes(found) == expected
    last = found[-1]
    assert says in last.outcome.verdict.public_text
    assert isinstance(last.outcome, Sent if behaviour == "approve" else Refused)
    number = norway.vipps.invoices[norway.id(norway.envelope(behaviour))].recipient
    assert number not in repr(last)
    assert len({report.id for report in found}) == len(found)


async def test_a_round_that_breaks_off_loses_no_report(norway: Norway) -> None:
    await norway.channel.deliver(norway.envelope())
    norway.clock.move(timedelta(seconds=5))
    source = norway.channel.collect()
    first = await anext(source)
    await source.aclose()
    assert await norway.reports() == [first]


async def test_a_service_that_is_away_is_asked_again(norway: Norway) -> None:
    await norway.channel.deliver(norway.envelope())
    norway.clock.move(timedelta(seconds=5))
    norway.vipps.available = False
    with pytest.raises(NotCollected):
        await norway.reports()
    norway.vipps.available = True
    assert codes(await norway.reports()) == ["vipps.pending"]


# --- taken back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=5)])
async def test_it_is_taken_back_once_and_nobody_is_told_of_it(
    norway: Norway, after: timedelta
) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    await norway.later(after)
    for _ in range(2):
        done = await norway.channel.recall(COMPANY, given.key)
        assert isinstance(done, Recalled)
        assert done.verdict.code == "vipps.revoked"
    assert norway.vipps.invoices[norway.id(given)].state == State.REVOKED
    assert await norway.later(A_DAY * 2) == []


async def test_what_is_planned_to_be_paid_is_not_taken_back(norway: Norway) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    await norway.later(timedelta(seconds=5))
    norway.vipps.approve(norway.id(given))
    no = await norway.channel.recall(COMPANY, given.key)
    assert isinstance(no, Refused)
    assert no.verdict.code == "vipps.not_revoked"
    assert "approved" in no.verdict.public_text
    assert norway.vipps.invoices[norway.id(given)].state == State.APPROVED


async def test_while_vipps_is_away_it_is_asked_again(norway: Norway) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    norway.vipps.available = False
    later = await norway.channel.recall(COMPANY, given.key)
    assert isinstance(later, TryLater)
    assert not later.answered
    norway.vipps.available = True
    assert isinstance(await norway.channel.recall(COMPANY, given.key), Recalled)


async def test_what_the_sender_took_back_elsewhere_is_told(norway: Norway) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    norway.vipps.invoices[norway.id(given)].become(State.REVOKED)
    (report,) = await norway.later(timedelta(seconds=5))
    assert isinstance(report.outcome, Recalled)


async def test_another_company_s_is_not_taken_back(norway: Norway) -> None:
    given = norway.envelope()
    await norway.channel.deliver(given)
    for company, key in (("cmp_other", given.key), (COMPANY, UUID(int=1))):
        no = await norway.channel.recall(company, key)
        assert isinstance(no, Refused)
        assert no.verdict.code == "vipps.unknown"
    assert norway.vipps.invoices[norway.id(given)].state != State.REVOKED


# --- the document's token -------------------------------------------------------------------------

URL = "https://invoices.example/vipps/8a6e0804-2bd0-5672-b79d-d97027f9071a.pdf"


@pytest.fixture
async def keys(norway: Norway) -> Keys:
    client = partial(Client, connect_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    return Keys(client, f"{norway.vipps.url}/vipps-invoice/public/jwk", norway.clock.now)


async def is_open(norway: Norway, keys: Keys, token: str, issuer: str | None = None) -> bool:
    return await opens(token, URL, keys, norway.clock.now(), issuer)


async def test_a_token_for_this_very_address_opens(norway: Norway, keys: Keys) -> None:
    token = norway.vipps.token(URL)
    assert await is_open(norway, keys, token)
    assert await is_open(norway, keys, token, "vippsinvoice.sandbox")
    assert not await is_open(norway, keys, token, "somebody else")
    norway.clock.move(timedelta(seconds=20))
    assert not await is_open(norway, keys, token), "it has ended"
    assert norway.vipps.asked["GET /vipps-invoice/public/jwk"] == 1


async def test_tokens_that_do_not_open(norway: Norway, keys: Keys) -> None:
    vipps, now = norway.vipps, norway.clock.now()
    good = vipps.token(URL)
    stranger = rsa.generate_private_key(65537, 2048)
    key_id = jwt.get_unverified_header(good)["kid"]
    said = jwt.decode(good, options={"verify_signature": False})
    public = str((await keys.get(key_id)).public_numbers().n)  # type: ignore[union-attr]
    head = {"kid": key_id}
    for token in [
        "",
        "a.b.c",
        good + "x",
        good[:-4] + "AAAA",
        "x" * 100_000,
        vipps.token(URL + "x"),
        vipps.token(URL[:-4]),
        vipps.token(URL, sub=None),
        vipps.token(URL, sub=[URL]),
        vipps.token(URL, exp=now),
        vipps.token(URL, exp=True),
        vipps.token(URL, nbf=now + timedelta(minutes=2)),
        vipps.token(URL, iat=now + timedelta(minutes=2)),
        jwt.encode(said, stranger, "RS256", headers=head),
        jwt.encode(said, stranger, "RS256"),
        jwt.encode(said, stranger, "RS512", headers=head),
        jwt.encode(said, public, "HS256", headers=head),
        jwt.encode(said, None, "none", headers=head),
        jwt.encode({"sub": URL}, list(vipps._keys.values())[-1], "RS256", headers=head),
    ]:
        assert not await is_open(norway, keys, token), token[:200]
    assert await is_open(norway, keys, vipps.token(URL, nbf=now + timedelta(seconds=30)))


async def test_keys_are_asked_for_again_but_not_for_each_stranger(
    norway: Norway, keys: Keys
) -> None:
    assert await is_open(norway, keys, norway.vipps.token(URL))
    norway.clock.move(timedelta(minutes=2))
    norway.vipps.rotate()
    for _ in range(3):
        assert await is_open(norway, keys, norway.vipps.token(URL)), "by the new key"
    stranger = rsa.generate_private_key(65537, 2048)
    for n in range(20):
        token = jwt.encode({"sub": URL}, stranger, "RS256", headers={"kid": f"stranger-{n}"})
        assert not await is_open(norway, keys, token)
    assert norway.vipps.asked["GET /vipps-invoice/public/jwk"] == 2
    norway.clock.move(A_DAY + A_SECOND)
    assert await is_open(norway, keys, norway.vipps.token(URL))
    assert norway.vipps.asked["GET /vipps-invoice/public/jwk"] == 3


async def test_without_any_key_nothing_can_be_said(norway: Norway, keys: Keys) -> None:
    token = norway.vipps.token(URL)
    norway.vipps.available = False
    with pytest.raises(Unavailable):
        await is_open(norway, keys, token)
    norway.vipps.available = True
    norway.clock.move(timedelta(minutes=1))
    assert await is_open(norway, keys, norway.vipps.token(URL))


# --- a hostile Vipps ------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "state", "etag", "problems", "type", "error", "keys"]), inner
        )
    ),
    max_leaves=8,
)


@given(anything.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_no_answer_is_more_than_malformed(body: bytes) -> None:
    for reading in (wire.read_status, wire.read_access_token, wire.read_recipient_token):
        try:
            reading(body)
        except wire.Malformed as error:
            assert str(error)
    assert isinstance(wire.read_problem(body), str)
    assert read(body) == {}


def test_a_problem_is_told_by_its_name_alone() -> None:
    def named(kind: Any) -> str:
        return wire.read_problem(json.dumps({"error": {"type": kind, "detail": PERSON}}).encode())

    assert named("https://vipps.no/invoice/v1/problems/invoice-conflict") == "invoice-conflict"
    assert named("/invoice-conflict") == "invoice-conflict"
    assert named(f"https://elsewhere.example/{PERSON}") == ""
    assert named(7) == ""
    assert named("x" * 100) == ""
