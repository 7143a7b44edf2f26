"""What every store must keep of participants in the network."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.registration.line import job
from gateway.registration.states import ParticipantState
from gateway.store.port import Again, Contradiction, Done, Job, LeaseLost, Store
from gateway.store.registrations import Registration
from tests.contracts.stores import DAY, MINUTE, NOW, OURS, THEIRS

(NAME,) = OURS.participants
WANTED = Registration(
    participant=NAME,
    company_id=OURS.id,
    state=ParticipantState.WANTED,
    offer={"takes": ["invoice"], "entry": {"name": "Vårt AB"}},
    created_at=NOW,
    updated_at=NOW,
    migration_key="aaBB11__",
    code="peppol.sml_unavailable",
    text="Den svarar inte.",
    tries=3,
    next_at=NOW + MINUTE,
    published="f" * 64,
    confirmed_at=NOW - DAY,
)
TOLD = Told(NewEntry("operator", "participant.wanted", NAME, OURS.id), NOW)


async def put(store: Store, row: Registration = WANTED, told: Told | None = None) -> bool:
    due = job(row.company_id, row.participant, NOW)
    return await store.put_registration(row, due, told=told)


async def work(store: Store) -> Job:
    (claimed,) = await store.claim("w", NOW, 60, 10)
    return claimed


async def test_what_is_wanted_is_found_as_it_was_written(store: Store) -> None:
    assert await put(store)
    kept = replace(WANTED, version=1)
    assert await store.registration(OURS.id, NAME) == kept
    assert await store.registrations(OURS.id, "", 10) == [kept]
    assert await store.registrations(None, "", 10) == [kept]
    assert await store.registrations(None, NAME, 10) == []
    due = await work(store)
    assert (due.key, due.company_id) == (f"participant/{NAME}", OURS.id)
    assert due.data == {"participant": NAME}


async def test_only_who_knows_the_version_changes_it(store: Store) -> None:
    assert await put(store)
    assert not await put(store)
    changed = replace(WANTED, state=ParticipantState.WITHDRAWING, version=1)
    assert await put(store, changed)
    assert not await put(store, changed)
    row = await store.registration(OURS.id, NAME)
    assert row is not None and (row.state, row.version) == (ParticipantState.WITHDRAWING, 2)


async def test_of_two_at_once_one_is_first(store: Store) -> None:
    assert sorted(await asyncio.gather(*(put(store) for _ in range(8)))) == [False] * 7 + [True]
    assert len(await store.claim("w", NOW, 60, 10)) == 1


async def test_it_is_told_of_when_it_was_done(store: Store) -> None:
    await put(store, told=TOLD)
    await put(store, told=TOLD)
    (entry,) = [one for one in await store.audit_entries(0, 100) if one.subject == NAME]
    assert (entry.action, entry.company_id) == ("participant.wanted", OURS.id)


async def test_only_its_company_may_have_it_registered(store: Store) -> None:
    with pytest.raises(Contradiction, match="no participant of this company"):
        await put(store, replace(WANTED, company_id=THEIRS.id))
    assert await store.registrations(None, "", 10) == []
    own = replace(WANTED, company_id="", participant="0242:000001")
    assert await put(store, own)
    assert await store.registration("", "0242:000001") == replace(own, version=1)
    assert await store.registration(OURS.id, "0242:000001") is None


@pytest.mark.parametrize("state", [ParticipantState.WITHDRAWN, ParticipantState.MOVED])
async def test_what_is_out_of_the_network_may_go_to_another_company(
    store: Store, state: ParticipantState
) -> None:
    await put(store, replace(WANTED, state=state))
    await store.add_company(replace(OURS, participants=()), NOW)
    await store.add_company(replace(THEIRS, participants=(*THEIRS.participants, NAME)), NOW)
    theirs = replace(WANTED, company_id=THEIRS.id)
    assert await put(store, theirs)
    assert await store.registration(OURS.id, NAME) is None
    found = await store.registration(THEIRS.id, NAME)
    assert found is not None and found.state is ParticipantState.WANTED


async def test_a_company_keeps_what_is_in_the_network(store: Store) -> None:
    await put(store)
    with pytest.raises(Contradiction, match="withdrawn from the network first"):
        await store.add_company(replace(OURS, participants=("0007:5567321707",)), NOW)
    assert await store.company(OURS.id) == OURS
    more = replace(OURS, participants=("0007:5567321707", NAME))
    await store.add_company(more, NOW)
    assert await store.company(OURS.id) == more


async def test_a_step_moves_row_and_job_together(store: Store) -> None:
    await put(store)
    due = await work(store)
    row = await store.registration(OURS.id, NAME)
    assert row is not None
    after = replace(row, state=ParticipantState.PUBLISHED, code="", text="", tries=0, next_at=None)
    assert await store.move_registration(due, after, Again(NOW + MINUTE), NOW, told=TOLD)
    assert await store.registration(OURS.id, NAME) == replace(after, version=2)
    assert await store.claim("w", NOW, 60, 10) == []
    (again,) = await store.claim("w", NOW + MINUTE, 60, 10)
    last = replace(after, state=ParticipantState.REFUSED, version=2)
    assert await store.move_registration(again, last, Done(), NOW)
    assert await store.claim("w", NOW + DAY, 60, 10) == []


async def test_a_step_of_a_row_that_changed_meanwhile_is_not_written(store: Store) -> None:
    await put(store)
    due = await work(store)
    row = await store.registration(OURS.id, NAME)
    assert row is not None
    stale = replace(row, version=7, state=ParticipantState.PUBLISHED)
    assert not await store.move_registration(due, stale, Done(), NOW)
    assert await store.holds(due, NOW)
    assert await store.registration(OURS.id, NAME) == row


async def test_who_lost_the_job_writes_nothing(store: Store) -> None:
    await put(store)
    due = await work(store)
    row = await store.registration(OURS.id, NAME)
    assert row is not None
    await put(store, replace(row, state=ParticipantState.WITHDRAWING))  # puts the job anew
    await work(store)
    stale = replace(row, state=ParticipantState.PUBLISHED)
    with pytest.raises(LeaseLost):
        await store.move_registration(due, stale, Done(), NOW)
    now = await store.registration(OURS.id, NAME)
    assert now is not None and now.state is ParticipantState.WITHDRAWING


async def test_pages_follow_one_another(store: Store) -> None:
    names = [f"0007:55{n:08d}" for n in range(7)]
    await store.add_company(replace(OURS, participants=tuple(names)), NOW)
    for name in reversed(names):
        assert await put(store, replace(WANTED, participant=name))
    found: list[str] = []
    while page := await store.registrations(OURS.id, found[-1] if found else "", 3):
        found += [row.participant for row in page]
    assert found == names


async def test_what_is_shown_is_public_and_of_one_moment(store: Store) -> None:
    assert await store.shown("0088:123abc") is None
    await store.show("0088:123ABC", {"services": [{"type": ["a", "b"]}], "card": {"name": "Å"}})
    assert await store.shown("0088:123abc") == {
        "services": [{"type": ["a", "b"]}],
        "card": {"name": "Å"},
    }
    await store.show("0088:123abc", {"services": []})
    assert await store.shown("0088:123ABC") == {"services": []}
    await store.hide("0088:123ABC")
    await store.hide("0088:123ABC")
    assert await store.shown("0088:123abc") is None


async def test_they_are_counted_by_state_and_by_trouble(store: Store) -> None:
    assert (await store.counts(NOW))["participants"] == {}
    await put(store)
    await put(store, replace(WANTED, company_id="", participant="0242:000001", code=""))
    counts = await store.counts(NOW)
    assert counts["participants"] == {"wanted": 2}
    assert counts["participants_in_trouble"] == {"wanted": 1}
