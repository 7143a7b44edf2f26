"""A company proves who it is: asked, signed, verified, shown again in time, and revoked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.store.port import Document
from gateway.trust.signing.sandbox.people import ASTRID, BY_NUMBER, Conduct
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.states import Asking, Standing
from gateway.trust.verification.verbs import (
    MOST_INVITATIONS,
    BadInput,
    NotNow,
    NotThere,
    Seen,
)
from tests.flows.office import COMPANY, OTHER, Office, open_office, person

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NUMBER = {conduct: number for number, conduct in BY_NUMBER.items()}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


async def ask(office: Office, name: str = "astrid", **more: Any) -> Seen:
    done = await office.verbs.ask(COMPANY.id, person(name), actor="key:ledger", **more)
    assert isinstance(done, Seen), done
    return done


async def verified(office: Office) -> None:
    """The company is, by a signature at Visma Sign."""
    await ask(office)
    await office.work()
    assert (await office.row()).standing is Standing.VERIFIED


async def test_nobody_knows_a_company_at_first(office: Office) -> None:
    closed = await office.gate.may_submit(COMPANY.id)
    assert closed is not None and closed.code == "company.unverified"
    assert "POST /v1/companies/{id}/verification" in closed.text
    assert "verif" not in closed.public, "the other side is not told why"
    assert (await office.row()).standing is Standing.UNVERIFIED


async def test_a_signature_opens_the_gate(office: Office) -> None:
    await ask(office)
    assert (await office.row()).asking is Asking.WANTED
    assert not await office.open()
    await office.work()
    row = await office.row()
    assert (row.standing, row.asking) == (Standing.VERIFIED, Asking.SIGNED)
    assert await office.open()
    assert row.recheck_at == office.clock.now() + 365 * DAY
    assert row.closes_at == row.recheck_at + 30 * DAY
    assert await office.told() == ["asked", "signed", "verified"]


async def test_the_record_says_who_when_and_how_and_keeps_the_proof(office: Office) -> None:
    await verified(office)
    (bare,) = await office.store.identity_records(COMPANY.id)
    record = await office.store.identity_record(COMPANY.id, bare.id)
    assert record is not None and bare.how == "visma_sign"
    for kept in (record.data, record.proof):
        assert "Öst".encode() not in kept and not kept.startswith(b"%PDF"), "it is sealed"
    data, proof = await office.sealed.read(record)
    assert data["company"]["numbers"] == ["0007:5560360793"]
    assert data["signatory"]["name"] == "Åsa Öst"
    assert data["signed_at"] == office.clock.now().isoformat()
    assert data["request"]["asked_by"] == "key:ledger"
    assert data["agreement"]["language"] == "sv" and data["register"] is None
    assert proof.startswith(b"%PDF-")


async def test_what_is_signed_names_the_company_and_the_person(office: Office) -> None:
    await ask(office)
    wish = await office.wishes.wish(await office.request())
    for said in ("Fjärden AB", "5560360793", "Åsa Öst", "2026-11-21", "Budkavle"):
        assert said in wish.text
    assert wish.document.content.startswith(b"%PDF-")
    again = await office.wishes.wish(await office.request())
    assert again.document.content == wish.document.content


async def test_a_company_that_is_renamed_while_it_signs_is_checked_anew(office: Office) -> None:
    await ask(office, "slow")
    await office.work()
    await office.store.add_company(replace(COMPANY, name="Havet AB"), office.clock.now())
    await office.later(6 * MINUTE)
    await office.later(6 * MINUTE)
    (record,) = await office.store.identity_records(COMPANY.id)
    data, _ = await office.sealed.read(record)
    assert data["company"]["name"] == "Fjärden AB", "what was signed"
    row = await office.row()
    assert (row.standing, row.code) == (Standing.RECHECK_DUE, "company.recheck_changed")
    assert row.text == "It has changed its name: it has to be verified anew."


async def test_who_declines_leaves_the_gate_closed(office: Office) -> None:
    await ask(office, "declined")
    await office.work()
    closed = await office.gate.may_send(COMPANY.id)
    assert closed is not None and "has declined" in closed.text
    assert await office.told() == ["asked", "not_signed"]
    await verified(office)  # somebody else may be asked


async def test_nobody_signs_in_time(office: Office) -> None:
    await ask(office, "pending")
    await office.work()
    await office.later(13 * DAY)
    assert (await office.row()).asking is Asking.ASKED
    await office.later(DAY)
    assert (await office.row()).asking is Asking.EXPIRED
    (document,) = office.visma.documents.values()
    assert document.status == "cancelled", "nobody can sign there any more"
    assert await office.told() == ["asked", "not_signed"]


async def test_the_service_gives_up(office: Office) -> None:
    await ask(office, "expired")
    await office.work()
    assert (await office.row()).asking is Asking.EXPIRED


async def test_a_service_that_is_away_is_tried_until_it_is_back(office: Office) -> None:
    office.visma.available = False
    await ask(office)
    await office.work()
    row = await office.row()
    assert (row.asking, row.tries) == (Asking.WANTED, 1) and row.next_at is not None
    await office.later(timedelta(hours=1))
    assert (await office.row()).tries > 1
    office.visma.available = True
    await office.later(timedelta(hours=3))
    assert await office.open()


async def test_a_service_that_refuses_says_so(office: Office) -> None:
    await ask(office, "refused")
    await office.work()
    row = await office.row()
    assert (row.asking, row.code) == (Asking.REFUSED, "visma_sign.refused")
    assert "127.0.0.1" not in row.text


async def test_the_invitation_is_sent_again(office: Office) -> None:
    await ask(office, "pending")
    await office.work()
    assert isinstance(await office.verbs.resend(COMPANY.id, actor="key:ledger"), Seen)
    await office.work()
    (document,) = office.visma.documents.values()
    assert document.reminded == 1
    for _ in range(MOST_INVITATIONS):
        last = await office.verbs.resend(COMPANY.id, actor="key:ledger")
    assert isinstance(last, NotNow) and "Ask somebody else" in last.text


async def test_somebody_else_is_asked(office: Office) -> None:
    await ask(office, "pending")
    await office.work()
    done = await office.verbs.forward(COMPANY.id, person("nils"), actor="key:ledger")
    assert isinstance(done, Seen)
    await office.work()
    first, second = office.visma.documents.values()
    assert (first.status, second.invited["email"]) == ("cancelled", "nils@fjarden.example")
    assert await office.open()


async def test_the_request_is_taken_back(office: Office) -> None:
    await ask(office, "pending")
    await office.work()
    assert isinstance(await office.verbs.cancel(COMPANY.id, actor="key:ledger"), Seen)
    await office.work()
    (document,) = office.visma.documents.values()
    assert document.status == "cancelled"
    row = await office.row()
    assert (row.standing, row.asking) == (Standing.UNVERIFIED, Asking.CANCELLED)
    for verb in (office.verbs.cancel, office.verbs.resend):
        assert isinstance(await verb(COMPANY.id, actor="x"), NotNow)


async def test_what_is_asked_for_wrongly_is_all_told_at_once(office: Office) -> None:
    wrong = replace(person(), name=" ", email="no address")
    done = await office.verbs.ask(COMPANY.id, wrong, signer="fax", actor="x")
    assert isinstance(done, BadInput)
    assert [name for name, _ in done.faults] == ["name", "email", "signer"]
    assert isinstance(await office.verbs.ask("nobody", person(), actor="x"), NotThere)
    assert (await office.row()).version == 0, "nothing was written"


async def test_the_operator_looks_at_it_first_where_that_is_set(tmp_path: Path) -> None:
    async with open_office(tmp_path, Terms(by_operator=True)) as office:
        await ask(office)
        await office.work()
        row = await office.row()
        assert (row.standing, row.asking) == (Standing.UNVERIFIED, Asking.SIGNED)
        closed = await office.gate.may_send(COMPANY.id)
        assert closed is not None and "waits for the operator" in closed.text
        done = await office.verbs.by_hand(
            COMPANY.id, who="Åsa Öst", why="in the register", seen="extract", actor="operator:bo"
        )
        assert isinstance(done, Seen) and await office.open()


async def test_the_operator_verifies_by_hand(office: Office) -> None:
    missing = await office.verbs.by_hand(COMPANY.id, who=" ", why="", seen="x", actor="operator:bo")
    assert isinstance(missing, BadInput) and [n for n, _ in missing.faults] == ["who", "why"]
    await ask(office, "pending")
    await office.work()
    done = await office.verbs.by_hand(
        COMPANY.id, who="Åsa Öst", why="known for years", seen="passport", actor="operator:bo"
    )
    assert isinstance(done, Seen) and await office.open()
    await office.work()
    (document,) = office.visma.documents.values()
    assert document.status == "cancelled", "nobody needs to sign any more"
    (record,) = await office.store.identity_records(COMPANY.id)
    data, proof = await office.sealed.read(record)
    assert (data["who"], data["why"], data["seen"], data["operator"], proof) == (
        *("Åsa Öst", "known for years", "passport", "operator:bo", b""),
    )


async def test_the_operator_closes_the_gate_and_only_he_opens_it(office: Office) -> None:
    await verified(office)
    done = await office.verbs.revoke(COMPANY.id, "The invoices are forged.", actor="operator:bo")
    assert isinstance(done, Seen)
    closed = await office.gate.may_receive(COMPANY.id)
    assert closed is not None and closed.code == "company.revoked"
    assert closed.text.endswith("The invoices are forged.") and "forged" not in closed.public
    assert isinstance(await office.verbs.ask(COMPANY.id, person(), actor="x"), NotNow)
    assert isinstance(await office.verbs.revoke(COMPANY.id, "again", actor="x"), NotNow)
    await office.later(400 * DAY)
    assert (await office.row()).standing is Standing.REVOKED
    await office.verbs.by_hand(COMPANY.id, who="a", why="b", seen="c", actor="operator:bo")
    assert await office.open()


async def test_what_was_signed_before_he_closed_it_does_not_open_it(office: Office) -> None:
    await ask(office, "slow")
    await office.work()
    await office.verbs.revoke(COMPANY.id, "Wait.", actor="operator:bo")
    await office.work()
    await office.later(6 * MINUTE)
    row = await office.row()
    assert (row.standing, row.asking) == (Standing.REVOKED, Asking.SIGNED)
    assert not await office.open()


async def test_after_a_year_it_has_to_be_shown_again(office: Office) -> None:
    await ask(office, "pending")
    await office.work()
    await office.verbs.by_hand(COMPANY.id, who="a", why="b", seen="c", actor="operator:bo")
    await office.work()
    await office.later(365 * DAY)
    row = await office.row()
    assert (row.standing, row.asking) == (Standing.RECHECK_DUE, Asking.ASKED)
    assert await office.open(), "the time of grace"
    await office.later(16 * DAY)  # the request has run out by then; the warning comes
    assert await office.open()
    assert [to for to, _, _ in await office.mails()] == ["pending@fjarden.example"]
    await office.later(14 * DAY)
    row = await office.row()
    assert row.standing is Standing.LAPSED
    closed = await office.gate.may_send(COMPANY.id)
    assert closed is not None and closed.code == "company.lapsed"
    told = await office.told()
    assert told.count("recheck_due") >= 2 and told[-1] == "lapsed"
    await verified(office)
    assert await office.open()


async def test_the_gate_closes_on_time_though_nobody_writes_it_down(office: Office) -> None:
    await verified(office)
    office.clock.move(395 * DAY)  # no worker runs
    closed = await office.gate.may_send(COMPANY.id)
    assert closed is not None and closed.code == "company.lapsed"
    assert (await office.row()).standing is Standing.LAPSED
    again = await office.verbs.ask(COMPANY.id, person(), actor="x")
    assert isinstance(again, Seen)
    await office.work()
    assert await office.open()


CHANGES = {
    "name": {"name": "Havet AB"},
    "numbers": {"participants": ("0007:5567321707",)},
    "administrator": {"settings": {"administrator": "nils@fjarden.example"}},
    "accounts": {"settings": {"channels": {"vipps": {"account": "97100000028"}}}},
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_of_who_it_is_has_to_be_shown(office: Office, what: str) -> None:
    await verified(office)
    others: Any = {"settings": {"duplicate_days": 0}}
    await office.store.add_company(replace(COMPANY, **others), office.clock.now())
    await office.later(timedelta(hours=1))
    assert (await office.row()).standing is Standing.VERIFIED, "nothing that was verified"
    changed: Any = CHANGES[what]
    await office.store.add_company(replace(COMPANY, **changed), office.clock.now())
    await office.later(timedelta(hours=1))
    (due,) = [one for one in await office.events() if one.type == "company.recheck_due"]
    assert due.data["changed"] == [what]
    assert await office.open()
    # Who signed last is asked again, and here signs: it is the company as it is now.
    assert (await office.row()).standing is Standing.VERIFIED
    await office.later(timedelta(hours=2))
    assert (await office.told()).count("recheck_due") == 1


async def test_of_two_who_act_at_once_each_is_heard(office: Office) -> None:
    done = await asyncio.gather(
        *(office.verbs.ask(COMPANY.id, person(f"p{n}"), actor="x") for n in range(4))
    )
    assert all(isinstance(one, Seen | NotNow) for one in done)
    await office.work()
    assert len(await office.store.identity_records(COMPANY.id)) == 1
    statuses = [one.status for one in office.visma.documents.values()]
    assert statuses.count("signed") == 1


async def test_a_sub_unit_is_verified_by_itself(office: Office) -> None:
    await verified(office)
    unit = replace(OTHER, parent_id=COMPANY.id)
    await office.store.add_company(unit, office.clock.now())
    assert await office.gate.may_send(COMPANY.id) is None
    assert await office.gate.may_send(unit.id) is not None


async def test_another_person_than_who_was_asked_does_not_count(office: Office) -> None:
    who = person(number="198001011234")
    await office.verbs.ask(COMPANY.id, who, signer="bankid", actor="x")
    await office.work()
    request = await office.request()
    signer: Any = office.signers["bankid"]
    begun = await signer.begin(
        replace(await office.wishes.wish(request), signatory=person(number=ASTRID)),
        {},
        "192.0.2.7",
        office.clock.now(),
    )
    sealed = await office.sealed.request(COMPANY.id, replace(request, order=begun.order))
    from gateway.store.verifications import Verified
    from gateway.trust.verification.verbs import job

    row = replace(await office.row(), request=sealed)
    now = office.clock.now()
    assert await office.store.put_verification(Verified(row, jobs=[job(COMPANY.id, now)]), now)
    for _ in range(4):
        await office.later(timedelta(seconds=2))
    row = await office.row()
    assert (row.asking, row.code) == (Asking.REFUSED, "verification.another_person")
    assert not await office.open()


async def test_nobodys_name_or_number_is_logged_or_told(
    office: Office, logged: list[MutableMapping[str, Any]]
) -> None:
    number = NUMBER[Conduct.SLOW]
    await office.verbs.ask(COMPANY.id, person("declined", number), actor="key:ledger")
    await office.work()
    await office.verbs.ask(COMPANY.id, person("astrid", number), actor="key:ledger")
    await office.work()
    told = [str(event) for event in await office.events()]
    entries = [str(entry) for entry in await office.store.audit_entries(0, 1000)]
    row = str(await office.store.verification(COMPANY.id))
    for text in (*map(str, logged), *told, *entries, row):
        assert number not in text and "Öst" not in text and "fjarden.example" not in text
    assert any("company.asked" in text for text in entries)
    assert any('"standing":"verified"' in text for text in entries)


async def test_the_standing_of_nobody(office: Office) -> None:
    assert isinstance(await office.verbs.seen("nobody"), NotThere)
    assert not isinstance(await office.verbs.seen(COMPANY.id), Document)
