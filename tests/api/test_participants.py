"""/v1/participants over HTTP: wanted, withdrawn, let go, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.api import examples
from gateway.registration.states import ParticipantState
from gateway.store.port import Again
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import COMPANY, OTHER, OTHER_KEY, Api, serving
from transports.peppol.migration_key import faults

(OURS,), (THEIRS,) = COMPANY.participants, OTHER.participants
HERE = f"/v1/participants/{OURS}"
VERBS = {
    "register": {},
    "migrate-in": examples.TAKING_OVER,
    "withdraw": None,
    "migrate-out": None,
}


async def verb(api: Api, name: str, body: Any = None, path: str = HERE, **how: Any) -> Any:
    return await api.post(f"{path}/{name}", **({} if body is None else {"json": body}), **how)


async def put(api: Api, state: ParticipantState, **fields: Any) -> None:
    """As if the worker had come so far."""
    row = await api.store.registration(COMPANY.id, OURS)
    assert row is not None
    (job,) = await api.store.claim("w", api.clock.now(), 60, 10)
    row = replace(row, state=state, **fields)
    assert await api.store.move_registration(job, row, Again(api.clock.now()), api.clock.now())


async def test_all_of_a_company_s_are_listed_registered_or_not(api: Api) -> None:
    (row,) = (await api.get("/v1/participants")).json["participants"]
    assert (row["participant"], row["state"], row["takes"]) == (OURS, None, [])
    assert (await api.get(HERE)).json == row
    assert (await api.get(HERE.upper().replace("/V1/PARTICIPANTS", "/v1/participants"))).json == row


async def test_a_wish_is_written_down_and_shown(api: Api) -> None:
    reply = await verb(api, "register", examples.REGISTRATION)
    assert reply.status == 202, reply.content
    row = reply.json
    assert (row["state"], row["takes"]) == ("wanted", examples.REGISTRATION["takes"])
    assert row["entry"]["name"] == "Nordlys Drift AS"
    assert row["migration_key"] is None
    assert (await api.get(row["links"]["self"])).json == row
    (job,) = await api.store.claim("w", api.clock.now(), 60, 10)
    assert job.key == f"participant/{OURS}"


async def test_it_is_done_and_refused_in_words_without_addresses(api: Api) -> None:
    await verb(api, "register", {})
    text = "It is registered with https://smp.example.com; ask there."
    await put(api, ParticipantState.REFUSED, code="peppol.registered_elsewhere", text=text)
    row = (await api.get(HERE)).json
    assert (row["state"], row["code"]) == ("refused", "peppol.registered_elsewhere")
    assert "migrate-in" in row["text"] and "example.com" not in json.dumps(row)


async def test_a_key_is_shown_to_its_company_while_it_counts(api: Api) -> None:
    await verb(api, "register", {})
    await put(api, ParticipantState.REGISTERED)
    row = (await verb(api, "migrate-out")).json
    assert row["state"] == "handing_over" and not faults(row["migration_key"])
    assert (await verb(api, "migrate-out")).json["migration_key"] == row["migration_key"]
    await put(api, ParticipantState.MOVED)
    assert (await api.get(HERE)).json["migration_key"] is None
    assert (await verb(api, "withdraw")).status == 409


async def test_a_key_that_came_is_not_shown(api: Api) -> None:
    reply = await verb(api, "migrate-in", examples.TAKING_OVER)
    assert reply.status == 202
    key = examples.TAKING_OVER["migration_key"]
    assert key.encode() not in reply.content
    kept = await api.store.registration(COMPANY.id, OURS)
    assert kept is not None and kept.migration_key == key


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"takes": []}, ["/takes"]),
        ({"takes": ["invoice", "order"]}, ["/takes/1"]),
        ({"takes": ["message_level_status"]}, ["/takes"]),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ["/expires_at"]),
        ({"expires_at": "2027-01-01T00:00:00", "activates_at": "now"}, None),
        ({"entry": {"country": "Sweden"}}, None),
        ({"migration_key": "aaBB11__"}, ["/migration_key"]),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(
    api: Api, body: Any, pointers: list[str] | None
) -> None:
    reply = await verb(api, "register", body)
    assert reply.status == 422, reply.content
    found = [one["pointer"] for one in reply.json["errors"]]
    assert found == pointers if pointers is not None else len(found) == 2
    assert await api.store.registrations(None, "", 10) == []


async def test_a_key_that_can_be_none_is_told_as_such(api: Api) -> None:
    reply = await verb(api, "migrate-in", {"migration_key": "abcdefgh"})
    assert reply.status == 422
    assert {one["pointer"] for one in reply.json["errors"]} == {"/migration_key"}
    assert len(reply.json["errors"]) == 3


@pytest.mark.parametrize("name", VERBS)
async def test_another_company_s_is_as_one_that_never_was(api: Api, name: str) -> None:
    await verb(api, "register", {})
    before = await api.store.registration(COMPANY.id, OURS)
    never = "/v1/participants/0088:7300010000001"
    for path in (HERE, never, "/v1/participants/0242:000001", "/v1/participants/%00"):
        reply = await verb(api, name, VERBS[name], path, key=OTHER_KEY)
        assert reply.status == 404, (path, reply.content)
        assert (await api.get(path, key=OTHER_KEY)).status == 404
    assert await api.store.registration(COMPANY.id, OURS) == before
    assert len(await api.store.registrations(None, "", 10)) == 1
    (theirs,) = (await api.get("/v1/participants", key=OTHER_KEY)).json["participants"]
    assert theirs["participant"] == THEIRS


@pytest.mark.parametrize("name", VERBS)
async def test_without_a_publisher_it_says_so(tmp_path: Path, name: str) -> None:
    async with serving(await SqliteStore.open(tmp_path), publisher=False) as api:
        reply = await verb(api, name, VERBS[name])
        assert reply.status == 409
        assert "No publisher is set up" in reply.json["detail"]
        assert (await api.get("/v1/participants")).status == 200


async def test_who_did_it_stands_in_the_audit(api: Api) -> None:
    await verb(api, "register", {})
    await verb(api, "withdraw")
    told = [one for one in await api.store.audit_entries(0, 100) if one.subject == OURS]
    assert [(one.actor, one.action) for one in told] == [
        ("key:test", "participant.wanted"),
        ("key:test", "participant.withdrawn"),
    ]


async def test_operators_see_how_many_do_not_stand_as_they_should(api: Api) -> None:
    await verb(api, "register", {})
    await put(api, ParticipantState.REFUSED, code="peppol.sml_refused")
    text = (await api.get("/metrics")).content.decode().splitlines()
    assert 'budkavle_participants{state="refused"} 1.0' in text
    assert 'budkavle_participants_in_trouble{state="refused"} 1.0' in text
    assert 'budkavle_participants{state="registered"} 0.0' in text
