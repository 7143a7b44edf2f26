"""A resend that is asked for again, because no answer came, is done once."""

from __future__ import annotations

import asyncio

from gateway.delivery.verbs import Denied, Reused, Seen, Verb, act
from gateway.lifecycle import State
from gateway.store.port import Document
from tests.flows.house import SENDER, House, invoice


async def resent(
    house: House, document_id: str, key: str | None, reason: str = "it is lost"
) -> Document | Denied:
    given = (house.store, house.clock, SENDER.id, document_id, Verb.RESEND, reason)
    done = await act(*given, seen=Seen(key=key))
    assert done is not None
    return done


async def sent(house: House) -> str:
    document_id = await house.submit(invoice(email="kund@customer.example"))
    await house.work()
    await house.is_in(document_id, State.SENT)
    return document_id


async def test_the_same_key_sends_it_once_however_often(house: House) -> None:
    document_id = await sent(house)
    first = await asyncio.gather(*(resent(house, document_id, "k-1") for _ in range(5)))
    assert all(isinstance(each, Document) for each in first)
    await house.work()
    again = await resent(house, document_id, "k-1")
    assert isinstance(again, Document)
    assert again.state is State.SENT
    await house.work()
    assert len(house.mail.received) == 2
    assert (await house.told(document_id)).count("document.resent") == 1


async def test_another_key_or_none_sends_it_once_more(house: House) -> None:
    document_id = await sent(house)
    for key in ("k-1", "k-2", None, None):
        assert isinstance(await resent(house, document_id, key), Document)
        await house.work()
    assert len(house.mail.received) == 5


async def test_a_key_with_another_reason_is_another_request(house: House) -> None:
    document_id = await sent(house)
    await resent(house, document_id, "k-1")
    await house.work()
    assert isinstance(await resent(house, document_id, "k-1", "they want two"), Reused)
    assert len(house.mail.received) == 2
