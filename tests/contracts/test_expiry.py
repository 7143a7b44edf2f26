"""A certificate that runs out is told in time and once, whichever store remembers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from gateway.audit.chain import NewEntry
from gateway.expiry import EXPIRES, TOLD_AT, Expiry
from gateway.store.port import Store

END = datetime(2028, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@cache
def certificate(serial: int = 1) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "POP000001")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(serial)
    made = made.not_valid_before(END - 800 * DAY).not_valid_after(END)
    return made.public_key(key.public_key()).sign(key, SHA256())


async def told(store: Store) -> list[Any]:
    entries = await store.audit_entries(0, 1000)
    mine = [json.loads(entry.data) for entry in entries if entry.action == EXPIRES]
    return [data["days"] for data in mine]


async def test_each_day_is_told_once_however_often_it_is_looked_at(store: Store) -> None:
    expiry = Expiry(store, "POP000001", certificate())
    now = END - 62 * DAY
    while now < END + 2 * DAY:
        assert not await expiry(now)
        now += timedelta(hours=6)
    assert await told(store) == list(TOLD_AT)
    last = (await store.audit_entries(0, 1000))[-1]
    assert (last.actor, last.subject, last.company_id) == ("gateway", "POP000001", "")
    assert json.loads(last.data)["ends"] == END.isoformat()


async def test_a_restart_tells_nothing_twice(store: Store) -> None:
    for hours in range(5):
        now = END - 29 * DAY + timedelta(hours=hours)
        await Expiry(store, "POP000001", certificate())(now)
        for n in range(3):  # what others do meanwhile
            await store.audit(NewEntry("operator:x", "key.added", f"k{n}"), now)
    assert await told(store) == [30]


async def test_a_late_start_tells_where_it_stands(store: Store) -> None:
    await Expiry(store, "POP000001", certificate())(END - 10 * DAY)
    assert await told(store) == [14]


async def test_a_new_certificate_is_told_of_for_itself(store: Store) -> None:
    await Expiry(store, "POP000001", certificate())(END - DAY)
    await Expiry(store, "POP000001", certificate(2))(END - DAY)
    await Expiry(store, "POP000002", certificate())(END - DAY)
    assert await told(store) == [1, 1, 1]
    await Expiry(store, "POP000001", certificate(2))(END - 90 * DAY)
    assert await told(store) == [1, 1, 1]
