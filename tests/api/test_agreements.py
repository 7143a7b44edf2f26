"""Agreements with channels over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.agreements import Agreements
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import COMPANY, OTHER, OTHER_KEY, Api, serving
from tests.flows.channel import Scripted
from transports.base import AGREEMENT, Entry, Register, Sender, Transport, Verdict

PLACE = "/v1/agreements"
PERSON = "15076500565"


class Granting(Scripted):
    """Grants an agreement to who has said who signs."""

    register: Register

    async def request(self, sender: Sender, terms: Mapping[str, Any]) -> Entry | Verdict:
        if "signer" not in terms:
            return Verdict("efaktura_no.bad_terms", "internal", "Say who signs.")
        number = sender.organisation_number
        assert number is not None
        data = {"text": f"Signed by {PERSON}.", "asked_at": "2026-11-21T09:30:00+00:00", "x": 1}
        entry = Entry(sender.company_id, AGREEMENT, number, "email_sent", data)
        await self.register.put([entry])
        return entry

    async def end(self, company_id: str, organisation_number: str) -> Entry | Verdict:
        found = await self.register.get(company_id, AGREEMENT, organisation_number)
        return found or Verdict("efaktura_no.no_agreement", "internal", "There is none.")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    store = await SqliteStore.open(tmp_path)
    channel = Granting("efaktura_no")

    def made(api_clock: Any) -> Agreements:
        channel.register = StoredRegister(store, api_clock, channel.name)
        channels: dict[str, Transport] = {"efaktura_no": channel, "bank_se": Scripted("bank_se")}
        return Agreements(store, channels, api_clock)

    async with serving(store, agreements=made) as api:
        yield api


async def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    return list((await api.get(PLACE, params=query)).json["agreements"])


async def test_an_agreement_is_asked_for_listed_and_ended(api: Api) -> None:
    assert await listed(api) == []
    refused = await api.post(PLACE, json={"channel": "efaktura_no"})
    assert refused.status == 409 and "Say who signs" in refused.json["detail"]
    company = {"channels": {"efaktura_no": {"signer": "Kari"}}}
    await api.store.add_company(
        COMPANY.__class__(COMPANY.id, COMPANY.name, "SE", COMPANY.participants, company),
        api.clock.now(),
    )
    asked = await api.post(PLACE, json={"channel": "efaktura_no"})
    assert (asked.status, asked.json["state"], asked.json["name"]) == (
        *(202, "email_sent"),
        "5560000019",
    )
    assert PERSON not in str(asked.json)
    (row,) = await listed(api)
    assert row == asked.json
    assert (await api.get(PLACE, key=OTHER_KEY)).json["agreements"] == []
    place = f"{PLACE}/efaktura_no/5560000019"
    assert (await api.call("DELETE", place, key=OTHER_KEY)).status == 409
    assert (await api.call("DELETE", place)).status == 200
    told = [entry.action for entry in await api.store.audit_entries(0, 100)]
    assert [action for action in told if action.startswith("agreement")] == [
        *("agreement.requested", "agreement.ended")
    ]


@pytest.mark.parametrize("channel", ["bank_se", "letter", "pigeon"])
async def test_a_channel_that_grants_none_says_so(api: Api, channel: str) -> None:
    assert (await api.post(PLACE, json={"channel": channel})).status == 409
    assert (await api.call("DELETE", f"{PLACE}/{channel}/1")).status == 409


async def test_pages_go_through_all_channels_and_kinds(api: Api) -> None:
    for channel in ("bank_se", "efaktura_no", "letter"):
        register = StoredRegister(api.store, api.clock, channel)
        for company in (COMPANY, OTHER):
            names = (f"{channel}{n}" for n in range(3))
            entries = [Entry(company.id, "consumer", name, "registered") for name in names]
            assert await register.put([*entries, Entry(company.id, "other", "x")])
    found: list[str] = []
    after = ""
    for _ in range(10):
        page = (await api.get(PLACE, params={"kind": "consumer", "limit": 2, "after": after})).json
        found += [row["name"] for row in page["agreements"]]
        after = page["next"]
        if after is None:
            break
    assert found == [f"{c}{n}" for c in ("bank_se", "efaktura_no") for n in range(3)]


@pytest.mark.parametrize("after", ["x", "WzFd", "WyJhIiwgIlx1MDAwMCJd", "WyJhIiwgIlx1ZDgwMCJd"])
async def test_what_is_no_place_is_refused(api: Api, after: str) -> None:
    refused = await api.get(PLACE, params={"after": after})
    assert refused.status == 400 and refused.json["errors"][0]["parameter"] == "after"


async def test_whatever_name_is_asked_for_is_only_not_there(api: Api) -> None:
    for name in ("%00", "%ED%A0%80", "x" * 3000):
        answered = await api.call("DELETE", f"{PLACE}/efaktura_no/{name}")
        assert answered.status in (400, 404, 409)
