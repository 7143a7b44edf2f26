"""What every store must keep of people, their links and sessions (`gateway.store.people`)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.store.accounts import Account
from gateway.store.ids import new_id
from gateway.store.people import AddressTaken, LastAdministrator, Link, Person, Session
from gateway.store.port import Contradiction, Store
from gateway.trust.people.roles import Role
from gateway.trust.reach import Reach
from tests.contracts.stores import DAY, MINUTE, NOW, OURS, THEIRS

ACCOUNT = Account("acc_1", "Byrån", NOW)


def somebody(email: str = "anna@byra.example", **more: Any) -> Person:
    """Who administers the account."""
    fields = {
        "id": new_id("per"),
        "account_id": ACCOUNT.id,
        "companies": (),
        "email": email,
        "name": "Anna Ö",
        "language": "sv",
        "role": Role.ADMINISTRATOR,
        "proof": b"{}",
        "created_at": NOW,
        "updated_at": NOW,
        "accepted_at": NOW,
    }
    return Person(**{**fields, **more})


async def added(store: Store, *args: Any, **more: Any) -> Person:
    person = somebody(*args, **more)
    assert await store.put_person(person, NOW)
    return replace(person, version=1)


def a_session(person: Person, sha256: str = "a" * 64, **more: Any) -> Session:
    fields = {
        "sha256": sha256,
        "id": new_id("ses"),
        "person_id": person.id,
        "created_at": NOW,
        "seen_at": NOW,
        "until": NOW + DAY,
        "complete": True,
        "agent": "Firefox",
    }
    return Session(**{**fields, **more})


async def test_a_person_comes_back_as_written(store: Store) -> None:
    person = await added(
        store, companies=(OURS.id, THEIRS.id), subject="https://idp.example 42", proof=b"12:sealed"
    )
    assert await store.person(person.id) == person
    assert await store.person_of_email("anna@byra.example") == person
    assert await store.person_of_subject("https://idp.example 42") == person
    later = replace(person, name="Anna Ås", companies=(OURS.id,), accepted_at=NOW + DAY)
    assert await store.put_person(later, NOW)
    assert await store.person(person.id) == replace(later, version=2)


async def test_only_the_version_that_was_read_is_changed(store: Store) -> None:
    person = await added(store)
    assert await store.put_person(replace(person, name="First"), NOW)
    assert not await store.put_person(replace(person, name="Second"), NOW)
    assert not await store.drop_person(person)
    found = await store.person(person.id)
    assert found is not None and found.name == "First"
    assert not await store.put_person(replace(person, id="per_nobody"), NOW)


async def test_of_two_at_once_one_is_overtaken(store: Store) -> None:
    person = await added(store)
    both = [store.put_person(replace(person, name=name), NOW) for name in ("A", "B")]
    assert sorted(await asyncio.gather(*both)) == [False, True]


async def test_what_is_told_is_in_the_audit_with_it_or_not_at_all(store: Store) -> None:
    person = somebody()
    told = Told(NewEntry("key:x", "person.invited", person.id), NOW)
    assert await store.put_person(person, NOW, told=told)
    assert not await store.put_person(replace(person, version=7), NOW, told=told)
    assert [one.subject for one in await store.audit_entries(0, 10)] == [person.id]


async def test_an_address_signs_in_to_one_and_may_be_invited_by_several(store: Store) -> None:
    first = await added(store, accepted_at=None)
    second = await added(store, account_id="acc_2", accepted_at=None)
    assert await store.person_of_email(first.email) is None
    assert await store.put_person(replace(first, accepted_at=NOW), NOW)
    with pytest.raises(AddressTaken):
        await store.put_person(replace(second, accepted_at=NOW), NOW)
    assert await store.put_person(replace(second, name="Still invited"), NOW)
    found = await store.person_of_email(first.email)
    assert found is not None and found.id == first.id


async def test_a_subject_is_one_person(store: Store) -> None:
    await added(store, subject="https://idp.example 1")
    with pytest.raises(AddressTaken):
        await added(store, "bo@byra.example", subject="https://idp.example 1")


async def test_a_company_must_be_there(store: Store) -> None:
    with pytest.raises(Contradiction):
        await added(store, companies=("com_nobody",))
    assert await store.everybody("", 10) == []


async def test_the_last_administrator_of_an_account_stays(store: Store) -> None:
    last = await added(store)
    await added(store, "invited@byra.example", accepted_at=None)
    await added(store, "other@byra.example", account_id="acc_2")
    await added(store, "partly@byra.example", companies=(OURS.id,))
    await added(store, "reads@byra.example", role=Role.READER)
    with pytest.raises(LastAdministrator):
        await store.drop_person(last)
    for less in (replace(last, role=Role.SENDER), replace(last, companies=(OURS.id,))):
        with pytest.raises(LastAdministrator):
            await store.put_person(less, NOW)
    assert await store.person(last.id) == last
    await added(store, "second@byra.example")
    assert await store.drop_person(last)
    assert await store.person(last.id) is None


async def test_nor_is_a_company_without_an_account_left_alone(store: Store) -> None:
    own = {"account_id": "", "companies": (OURS.id,)}
    last = await added(store, **own)
    await added(store, "b@vart.example", account_id="", companies=(THEIRS.id,))
    with pytest.raises(LastAdministrator):
        await store.drop_person(last)
    await added(store, "c@vart.example", **own)
    assert await store.drop_person(last)


async def test_two_administrators_do_not_both_go(store: Store) -> None:
    pair = [await added(store), await added(store, "bo@byra.example")]
    gone = await asyncio.gather(*map(store.drop_person, pair), return_exceptions=True)
    assert sorted(map(repr, gone)) == ["LastAdministrator()", "True"]


async def test_who_is_within_reach(store: Store) -> None:
    ours = replace(OURS, account_id=ACCOUNT.id)
    await store.add_account(ACCOUNT)
    await store.add_company(ours, NOW)
    unit = replace(OURS, id="unit", participants=(), account_id=ACCOUNT.id, parent_id=OURS.id)
    await store.add_company(unit, NOW)
    all_of_it = await added(store)
    partly = await added(store, "b@x.example", companies=(unit.id,))
    both = await added(store, "c@x.example", account_id="", companies=(OURS.id, THEIRS.id))
    operator = await added(store, "d@x.example", account_id="", role=Role.OPERATOR)

    async def within(reach: Reach) -> list[Person]:
        found = list(await store.people_within(reach, "", 10))
        for person in (all_of_it, partly, both, operator):
            one = await store.person_within(reach, person.id)
            assert one == (person if person in found else None)
        return found

    assert await within(Reach(ACCOUNT.id)) == [all_of_it, partly]
    assert await within(Reach("", (OURS.id,))) == [partly]
    assert await within(Reach("", (OURS.id, THEIRS.id))) == [partly, both]
    assert await within(Reach("", (THEIRS.id,))) == []
    assert await within(Reach()) == []
    assert await store.everybody("", 10) == [all_of_it, partly, both, operator]
    assert await store.everybody(all_of_it.id, 1) == [partly]
    assert await store.people_within(Reach(ACCOUNT.id), all_of_it.id, 9) == [partly]


async def test_a_link_is_good_once_and_for_its_time(store: Store) -> None:
    person = somebody(accepted_at=None)
    assert await store.put_person(person, NOW, link=Link("b" * 64, NOW + DAY))
    person = replace(person, version=1)
    assert await store.person_of_link("b" * 64, NOW) == person
    assert await store.person_of_link("b" * 64, NOW + DAY) is None
    assert await store.person_of_link("c" * 64, NOW) is None
    accepted = replace(person, accepted_at=NOW)
    assert not await store.put_person(accepted, NOW, used="c" * 64)
    assert not await store.put_person(accepted, NOW + DAY, used="b" * 64)
    assert await store.put_person(accepted, NOW, used="b" * 64)
    assert await store.person_of_link("b" * 64, NOW) is None
    again = replace(accepted, version=2)
    assert not await store.put_person(again, NOW, used="b" * 64)


async def test_another_s_link_is_not_good(store: Store) -> None:
    first, second = somebody(), somebody("bo@byra.example")
    assert await store.put_person(first, NOW, link=Link("b" * 64, NOW + DAY))
    assert await store.put_person(second, NOW)
    assert not await store.put_person(replace(second, version=1), NOW, used="b" * 64)


async def test_a_new_link_takes_the_place_of_the_old_one(store: Store) -> None:
    person = somebody()
    assert await store.put_person(person, NOW, link=Link("b" * 64, NOW + DAY))
    person = replace(person, version=1)
    assert await store.put_person(person, NOW, link=Link("c" * 64, NOW + DAY))
    assert await store.person_of_link("b" * 64, NOW) is None
    assert await store.person_of_link("c" * 64, NOW) is not None


async def test_a_session_is_found_and_seen(store: Store) -> None:
    person = await added(store, companies=(OURS.id,))
    session = a_session(person, complete=False)
    await store.open_session(session, NOW)
    assert await store.session(session.sha256) == (session, person)
    await store.see_session(session.sha256, NOW + MINUTE)
    seen = replace(session, seen_at=NOW + MINUTE)
    assert await store.sessions(person.id) == [seen]
    assert await store.session("d" * 64) is None


async def test_a_session_takes_the_place_of_another_and_sweeps_old_ones(store: Store) -> None:
    person = await added(store)
    old, first = a_session(person, "a" * 64, until=NOW - MINUTE), a_session(person, "b" * 64)
    await store.open_session(old, NOW - DAY)
    await store.open_session(first, NOW)
    second = a_session(person, "c" * 64)
    await store.open_session(second, NOW, instead=first.sha256)
    assert await store.sessions(person.id) == [second]


async def test_sessions_end_by_their_person_alone(store: Store) -> None:
    anna, bo = await added(store), await added(store, "bo@byra.example")
    session = a_session(anna)
    await store.open_session(session, NOW)
    assert not await store.end_session(bo.id, session.id)
    assert await store.end_session(anna.id, session.id)
    assert not await store.end_session(anna.id, session.id)


async def test_sessions_end_with_what_they_were_for(store: Store) -> None:
    anna, bo = await added(store), await added(store, "bo@byra.example")
    for person, sha256 in ((anna, "a" * 64), (bo, "b" * 64)):
        await store.open_session(a_session(person, sha256), NOW)
    assert await store.put_person(replace(anna, name="Goes on"), NOW)
    assert await store.session("a" * 64) is not None
    assert await store.put_person(replace(anna, version=2), NOW, ends=True)
    assert await store.session("a" * 64) is None
    assert await store.session("b" * 64) is not None
    assert await store.drop_person(bo)
    assert await store.session("b" * 64) is None


async def test_links_of_who_was_removed_open_nothing(store: Store) -> None:
    person = somebody(role=Role.READER)
    assert await store.put_person(person, NOW, link=Link("b" * 64, NOW + timedelta(hours=72)))
    assert await store.drop_person(replace(person, version=1))
    assert await store.person_of_link("b" * 64, NOW) is None


async def test_the_gateway_has_keys_of_its_own(store: Store) -> None:
    theirs = await store.add_company_key(OURS.id, "master", b"theirs", NOW)
    first = await store.add_company_key("", "master", b"first", NOW)
    (key,) = await store.company_keys("")
    assert (key.id, key.company_id, key.wrapped) == (first, "", b"first")
    assert [one.id for one in await store.company_keys()] == [theirs, first]
    assert [one.id for one in await store.company_keys(OURS.id)] == [theirs]
    await store.rewrap_company_key(first, "second", b"again")
    (key,) = await store.company_keys("")
    assert (key.master, key.wrapped) == ("second", b"again")
    assert await store.drop_company_keys("") == 1
    assert [one.id for one in await store.company_keys()] == [theirs]
    assert await store.add_company_key("", "master", b"later", NOW) > first
