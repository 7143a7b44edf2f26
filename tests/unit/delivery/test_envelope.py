"""The ENVELOPE part says the same when it is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from traceback import format_exception

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.envelope import Enclosed, Particulars, particulars, sender
from gateway.store.port import Company
from schemas.identifiers import Participant
from schemas.invoice import (
    Address,
    Buyer,
    Contact,
    Identifier,
    Invoice,
    Seller,
)
from transports.base import PostalAddress, Recipient, Sender, Summary

text = st.text(max_size=20)
maybe = st.none() | text
participants = st.none() | st.just(Participant("0007", "5560169095"))
addresses = st.none() | st.builds(
    PostalAddress, text, st.lists(text).map(tuple), text, text, st.just("SE")
)

KNOWN = st.builds(
    Particulars,
    sender=st.builds(Sender, text, text, text, participants, maybe, maybe, maybe, addresses),
    recipient=st.builds(
        Recipient,
        text,
        text,
        st.booleans(),
        participants,
        maybe,
        maybe,
        maybe,
        maybe,
        addresses,
    ),
    summary=st.builds(
        Summary,
        text,
        st.booleans(),
        st.dates(),
        st.none() | st.dates(),
        st.decimals(allow_nan=False, allow_infinity=False),
        text,
        text,
        maybe,
    ),
    attachments=st.lists(st.builds(Enclosed, text, text, text)).map(tuple),
    embedded=st.integers(0, 9),
    hold_several=st.booleans(),
)


@given(KNOWN)
def test_it_is_read_as_it_was_written(known: Particulars) -> None:
    assert particulars(known.part().content) == known


def test_a_part_that_can_not_be_read_says_where_and_no_value() -> None:
    number = "198001019876"
    known = Particulars(
        Sender("com_1", "Snickeri AB", "SE"),
        Recipient("Kim", "SE", personal_number=number),
        Summary("1", False, date(2026, 11, 2), None, Decimal(1), "SEK", "sv"),
        (),
        0,
    )
    content = known.part().content
    assert isinstance(content, bytes)
    content = content.replace(f'"{number}"'.encode(), number.encode())
    with pytest.raises(ValueError, match=r"recipient\.personal_number") as raised:
        particulars(content)
    assert number not in "".join(format_exception(raised.value))


SELLER = Seller(
    name="Snickeri AB",
    address=Address("SE", line1="Varvsvägen 4", city="Visby", post_code="621 55"),
    endpoint=Identifier("5560001116", "0007"),
    contact=Contact("Kim", "0498-1", "kim@snickeri.example"),
)
INVOICE = Invoice(
    number="1",
    issue_date=date(2026, 11, 2),
    currency="SEK",
    seller=SELLER,
    buyer=Buyer("Kund", Address("SE")),
    lines=(),
)


def test_answers_go_to_the_contact_on_the_invoice() -> None:
    made = sender(Company("com_1", "A", "SE", (), {}), INVOICE)
    assert made.reply_to == "kim@snickeri.example"
    assert made.contact == "Kim, kim@snickeri.example, 0498-1"
    assert made.participant == Participant("0007", "5560001116")
    assert made.postal_address is not None


def test_the_company_s_settings_say_otherwise() -> None:
    company = Company("com_1", "A", "SE", (), {"reply_to": "faktura@snickeri.example"})
    assert sender(company, INVOICE).reply_to == "faktura@snickeri.example"


def test_a_seller_of_whom_little_is_known() -> None:
    bare = replace(INVOICE, seller=Seller("A", Address("SE")))
    made = sender(Company("com_1", "A", "SE", (), {}), bare)
    assert (made.reply_to, made.contact, made.participant, made.postal_address) == (None,) * 4


def test_amounts_keep_their_digits() -> None:
    summary = Summary("1", False, INVOICE.issue_date, None, Decimal("100.00"), "SEK", "sv")
    recipient = Recipient("Kund", "SE")
    known = Particulars(Sender("com_1", "A", "SE"), recipient, summary, (), 0)
    assert str(particulars(known.part().content).summary.amount_due) == "100.00"
