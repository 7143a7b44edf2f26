"""The channel orders against every partner of the sandbox, each falling through to the letter.

Seven recipients in Sweden and six in Norway. The first can be reached at the first step, the second
at none but the second, and so on: everything is known of each of them that any channel needs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, SENDER_NO, Sandbox, Seed
from schemas.identifiers import make_ocr
from tests.mixed.fates import Fate
from transports.bank_se.sandbox import MAGIC as BANK
from transports.bank_se.sandbox import Behaviour as Bank
from transports.kivra.sandbox import MAGIC as KIVRA
from transports.kivra.sandbox import NOT_USERS
from transports.kivra.sandbox import Behaviour as Kivra
from transports.operator.sandbox import MAGIC as OPERATOR
from transports.operator.sandbox import Behaviour as Operator
from transports.vipps.sandbox import MAGIC as VIPPS
from transports.vipps.sandbox import NOBODY
from transports.vipps.sandbox import Behaviour as Vipps

HERE, IN_PEPPOL, NOWHERE = RECEIVER.company.participants[0], "0007:5567890123", "0007:5592034846"
(NO_USER,) = (number for number in NOT_USERS if number.isdigit())
UNKNOWN = OPERATOR[Operator.NOT_FOUND]


def swede(
    participant: str = NOWHERE,
    number: str = UNKNOWN,
    person: str = NO_USER,
    mailbox: str = "refuse",
    *,
    in_bank: bool = False,
) -> Fate:
    scheme, _, value = participant.partition(":")
    fmi = {"fmi": f"{person}.FSPA.SE"} if in_bank else {}
    return Fate(
        "",
        "",
        None,
        buyer={
            "endpoint": {"scheme": scheme, "value": value},
            "legal_id": {"scheme": "0007", "value": number},
            "contact": {"name": "Kim Berg", "email": f"{mailbox}@customer.example"},
        },
        delivery={"personal_number": person, **fmi},
        reference=make_ocr("426523"),
    )


def norwegian(who: str = "sandbox-none", phone: str = NOBODY, mailbox: str = "refuse") -> Fate:
    return Fate(
        "",
        "",
        None,
        sender=SENDER_NO,
        buyer={"contact": {"name": "Kim Berg", "email": f"{mailbox}@customer.example"}},
        delivery={"consumer": True, "efaktura_id": who, "phone": phone},
    )


SWEDISH = (
    (swede(HERE), ["internal"]),
    (swede(IN_PEPPOL), ["internal", "peppol"]),
    (swede(number=OPERATOR[Operator.ACCEPT]), ["internal", "peppol", "operator"]),
    (
        swede(person=BANK[Bank.ACCEPT], in_bank=True),
        ["internal", "peppol", "operator", "bank_se"],
    ),
    (
        swede(person=KIVRA[Kivra.ACCEPT]),
        ["internal", "peppol", "operator", "bank_se", "kivra"],
    ),
    (
        swede(mailbox="accept"),
        ["internal", "peppol", "operator", "bank_se", "kivra", "email"],
    ),
    (
        swede(),
        ["internal", "peppol", "operator", "bank_se", "kivra", "email", "letter"],
    ),
)

# The consumer is asked for an agreement, and the three before are asked once more three days later.
ASKED = ["efaktura_no", "efaktura_no", "vipps", "efaktura_no"]
AGAIN = ["efaktura_no", "efaktura_no", "vipps"]
NORWEGIAN = (
    (norwegian("sandbox-agreement"), ["efaktura_no"]),
    (norwegian("sandbox-accept"), ["efaktura_no", "efaktura_no"]),
    (norwegian(phone=VIPPS[Vipps.ACCEPT]), ["efaktura_no", "efaktura_no", "vipps"]),
    (norwegian("sandbox-asked"), [*ASKED, "efaktura_no"]),
    (norwegian(mailbox="accept"), [*ASKED, *AGAIN, "email"]),
    (norwegian(), [*ASKED, *AGAIN, "email", "letter"]),
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("sender", "fixture"),
    [(SENDER, SWEDISH), (SENDER_NO, NORWEGIAN)],
    ids=("Sweden", "Norway"),
)
async def test_each_falls_through_step_by_step(
    sender: Seed, fixture: Sequence[tuple[Fate, Sequence[str]]], tmp_path: Path
) -> None:
    async with (
        Sandbox(tmp_path, patience_s=60) as sandbox,
        Client(sandbox.gateway.url, sender.key) as client,
        asyncio.timeout(500),
    ):
        ids = [
            (await client.submit(fate.body(f"M-{n:05}"))).id for n, (fate, _) in enumerate(fixture)
        ]
        for (_, channels), id_ in zip(fixture, ids, strict=True):
            document = await carried(client, sandbox, id_)
            timeline = await client.get(f"/v1/documents/{id_}/timeline")
            attempts = timeline["attempts"]
            assert [attempt["channel"] for attempt in attempts] == channels, told(attempts)
            assert document["channel"] == channels[-1], told(attempts)
            assert all(attempt["text"].endswith(".") for attempt in attempts), told(attempts)


async def carried(client: Client, sandbox: Sandbox, id_: str) -> Mapping[str, Any]:
    """The document once a channel has it; the clock is put forward where it waits."""
    while True:
        document: Mapping[str, Any] = await client.document(id_)
        if document["state"] in ("sent", "delivered", "failed", "held", "rejected"):
            return document
        if document["state"] == "waiting":
            due = datetime.fromisoformat(document["next_at"])
            sandbox.put_forward(max(due - sandbox.clock.now(), timedelta(0)))
        await asyncio.sleep(0.1)


def told(attempts: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(
        [[one["channel"], one["outcome"], one["code"], one["text"]] for one in attempts], indent=1
    )
