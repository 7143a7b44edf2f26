"""`budkavle participant` and `publisher`, beside a sandbox that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.sandbox import RECEIVER, SMP_ID, SMP_SEAT, Sandbox
from schemas.identifiers import Participant
from tests.e2e.command import budkavle
from tests.e2e.test_cli_lookup import settings
from transports.peppol.migration_key import faults, new_key
from transports.peppol.pki.chains import Purpose

NEW = Participant.parse("0088:7300010000001")
(SEED,) = RECEIVER.company.participants
OWN = "0242:000001"
SOON_S = 60.0


@pytest.fixture
async def environment(sandbox: Sandbox) -> Mapping[str, str]:
    """Of a command on the same machine; the receiver has another participant."""
    store, company = sandbox.gateway.store, RECEIVER.company
    more = replace(company, participants=(*company.participants, str(NEW)))
    await store.add_company(more, sandbox.clock.now())
    publisher = sandbox.gateway.settings.publisher
    assert publisher is not None
    named = {
        name: str(getattr(publisher, name))
        for name in ("url", "access_point", "id", "ip", "key_store", "sml", "ca_file")
    }
    data = sandbox.gateway.settings.data
    return {
        **settings(sandbox, data),
        **{f"BUDKAVLE_PUBLISHER__{name.upper()}": value for name, value in named.items()},
    }


async def until(environment: Mapping[str, str], participant: str, state: str) -> dict[str, Any]:
    """Waits for a participant to be in a state, as `list` shows it."""
    async with asyncio.timeout(SOON_S):
        while True:
            rows = (await budkavle("participant", "list", environment=environment)).lines
            for row in rows:
                if (row["participant"], row["state"]) == (participant, state):
                    return row


async def test_a_participant_is_registered_found_and_withdrawn(
    environment: Mapping[str, str],
) -> None:
    done = await budkavle(
        *("participant", "register", str(NEW), "--takes", "invoice", "--directory"),
        environment=environment,
    )
    assert done.code == 0, done.err
    (row,) = done.lines
    assert (row["state"], row["takes"], row["company"]) == (
        *("wanted", ["invoice"], RECEIVER.company.id),
    )
    await until(environment, str(NEW), "registered")
    looked = await budkavle("lookup", str(NEW), environment=environment)
    assert looked.code == 0, looked.err
    assert [row["access_point"] for row in looked.lines] == ["POP000001"]
    left = await budkavle("participant", "withdraw", str(NEW), environment=environment)
    assert left.code == 0, left.err
    await until(environment, str(NEW), "withdrawn")
    again = await budkavle("participant", "withdraw", str(NEW), environment=environment)
    assert again.code == 2 and "withdrawn already" in again.err
    looked = await budkavle("lookup", str(NEW), environment=environment)
    assert looked.code == 1


async def test_one_of_another_publisher_comes_with_its_key_and_goes_with_one(
    sandbox: Sandbox, environment: Mapping[str, str]
) -> None:
    await budkavle("participant", "register", SEED, environment=environment)
    row = await until(environment, SEED, "refused")
    assert row["reason"].startswith("peppol.registered_elsewhere: ")
    wrong = await budkavle(
        *("participant", "migrate-in", SEED, "--key", "short"), environment=environment
    )
    assert wrong.code == 2 and "8 to 24" in wrong.err
    key = new_key()
    sandbox.network.locator.keys[Participant.parse(SEED)] = key
    come = await budkavle(
        *("participant", "migrate-in", SEED, "--key", key), environment=environment
    )
    assert come.code == 0 and key not in come.out
    await until(environment, SEED, "registered")
    (gone,) = (await budkavle("participant", "migrate-out", SEED, environment=environment)).lines
    assert gone["participant"] == SEED and not faults(gone["key"])
    await until(environment, SEED, "leaving")
    assert sandbox.network.locator.keys[Participant.parse(SEED)] == gone["key"]


async def test_doctor_tells_what_the_network_does_not_confirm(
    sandbox: Sandbox, environment: Mapping[str, str]
) -> None:
    for participant in (str(NEW), SEED):
        await budkavle("participant", "register", participant, environment=environment)
    await until(environment, str(NEW), "registered")
    await until(environment, SEED, "refused")
    told = await budkavle("doctor", environment=environment)
    rows = [row for row in told.lines if row["what"] == "publisher"]
    assert [row["level"] for row in rows] == ["warn", "ok"], rows
    assert SEED in rows[0]["text"] and "refused" in rows[0]["text"]
    sandbox.network.point(NEW, None)
    told = await budkavle("doctor", environment=environment)
    rows = [row for row in told.lines if row["what"] == "publisher"]
    assert [row["level"] for row in rows] == ["fail", "warn"], rows
    assert str(NEW) in rows[0]["text"] and "register" in rows[0]["do"]


async def test_our_own_identifier_needs_no_company(
    sandbox: Sandbox, environment: Mapping[str, str]
) -> None:
    own = Participant.parse(OWN)
    sandbox.network.locator.participants.pop(own)
    sandbox.network.members.entries.pop(own)
    done = await budkavle("participant", "register", OWN, environment=environment)
    assert done.code == 0, done.err
    await until(environment, OWN, "registered")
    (row,) = (await budkavle("lookup", OWN, environment=environment)).lines
    assert "urn:peppol:edec:mls:1.0" in row["document"]


async def test_the_publisher_is_made_known_shown_and_renewed(
    sandbox: Sandbox, environment: Mapping[str, str]
) -> None:
    del sandbox.network.locator.publishers[SMP_ID]
    unknown = await budkavle("publisher", "show", environment=environment)
    assert unknown.code == 2 and SMP_ID in unknown.err
    for _ in range(2):  # made known, then told again
        made = await budkavle("publisher", "register", environment=environment)
        assert made.code == 0, made.err
    (row,) = (await budkavle("publisher", "show", environment=environment)).lines
    assert row == {
        "id": SMP_ID,
        "url": environment["BUDKAVLE_PUBLISHER__URL"],
        "ip": "127.0.0.1",
    }
    renewed = sandbox.network.authority.leaf(SMP_SEAT, Purpose.PUBLISHER, renewed=True)
    file = Path(environment["BUDKAVLE_DATA"]) / "next.pem"
    file.write_bytes(renewed.certificate.public_bytes(Encoding.PEM))
    told = await budkavle("publisher", "renew", file, environment=environment)
    assert told.code == 0, told.err
    assert sandbox.network.locator.publishers[SMP_ID].next_certificate is not None


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("register", "918130047"), "0192:918130047"),
        (("register", "0088:7300010000002"), "belongs to no company here"),
        (("register", str(NEW), "--until", "2020-01-01"), "later than"),
        (("register", str(NEW), "--redirect", "https://there"), "go together"),
        (("withdraw", str(NEW)), "never to be registered"),
        (("migrate-out", str(NEW)), "never to be registered"),
    ],
)
async def test_what_can_not_be_is_told(
    environment: Mapping[str, str], words: tuple[str, ...], what: str
) -> None:
    result = await budkavle("participant", *words, environment=environment)
    assert result.code == 2
    assert what in result.err and "Traceback" not in result.err


async def test_without_a_publisher_it_says_what_to_set(tmp_path: Path) -> None:
    bare = {"BUDKAVLE_DATA": str(tmp_path)}
    for words in (("participant", "register", str(NEW)), ("publisher", "show")):
        result = await budkavle(*words, environment=bare)
        assert result.code == 2 and "[publisher]" in result.err


async def test_a_company_gets_another_participant(tmp_path: Path) -> None:
    bare = {"BUDKAVLE_DATA": str(tmp_path)}
    made = await budkavle(
        *("company", "add", "Vårt AB", "--country", "SE", "--participant", "0007:5560360793"),
        environment=bare,
    )
    (row,) = made.lines
    for _ in range(2):
        changed = await budkavle(
            *("company", "change", row["id"], "--participant", "0192:918130047"), environment=bare
        )
        assert changed.code == 0, changed.err
    (listed,) = (await budkavle("company", "list", environment=bare)).lines
    assert listed["participants"] == "0007:5560360793 0192:918130047"
