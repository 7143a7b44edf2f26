"""A participant's way into the network, out of it and to another publisher, step by step.

Against a real locator, name server and store. Every step is cut off before it was written down, and
every answer of the locator is lost once; what is so in the end is the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.inbound.peppol import DOCUMENTS, RESPONSES
from gateway.registration import line
from gateway.registration.offers import (
    OF_COMPANIES,
    OWN,
    TYPES,
    AccessPointAddress,
    Elsewhere,
    Entry,
    Offer,
    Takes,
    from_data,
    to_data,
)
from gateway.registration.own import OwnPublisher
from gateway.registration.reasons import public
from gateway.registration.states import MEANINGS, OVER, ParticipantState, allowed, table
from gateway.registration.steps import Steps
from gateway.registration.telling import subject
from gateway.registration.verbs import BadInput, NotNow, NotYours, Verbs
from gateway.store.port import Company, StorageUnavailable
from gateway.store.registrations import Registration
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import Participant
from schemas.response import Kind, document_type, process
from tests.peppol.publishers import ID, OURS, Ours, ours
from transports.peppol.migration_key import faults, new_key
from transports.peppol.pki.chains import Purpose
from transports.peppol.publishing import Refused, Settled, Unsettled
from transports.peppol.registrar import Registrar
from transports.peppol.sandbox.dns import Behaviour as Dns
from transports.peppol.sandbox.network import SMP_ID
from transports.peppol.sandbox.sml import Behaviour
from transports.peppol.sandbox.smp_writing import PASSWORD, USER
from transports.peppol.sml_admin import Address
from transports.peppol.smp_admin import SmpAdmin, basic

COMPANY = Company("ours", "Vårt AB", "SE", (str(OURS),), {})
OWN_ID = Participant.parse("0242:000001")


class Died(BaseException):
    """The process ended here."""


@dataclass
class Desk:
    """A gateway's registration, as far as it needs no gateway."""

    ours: Ours
    store: SqliteStore
    registrar: Registrar
    steps: Steps
    verbs: Verbs
    folder: Path

    async def row(self, company_id: str = COMPANY.id) -> Registration:
        participant = OURS if company_id else OWN_ID
        found = await self.store.registration(company_id, str(participant))
        assert found is not None
        return found

    async def step(self) -> bool:
        """Does one job that is due; False when there is none."""
        for job in await self.store.claim("w", self.ours.clock.now(), 60, 1):
            await self.steps(job)
            return True
        return False

    async def settle(self) -> Registration:
        """Does all that is due now."""
        for _ in range(20):
            if not await self.step():
                return await self.row()
        raise AssertionError("it does not come to rest")

    async def later(self, by: timedelta) -> Registration:
        self.ours.clock.move(by)
        return await self.settle()

    async def die_after(self, times: int) -> None:
        """Works until the step with this number has been done, and dies before it is written."""
        dying = Steps(
            _Dying(self.store, times),  # type: ignore[arg-type]
            self.ours.clock,
            self.registrar,
            self.ours.at,
        )
        while True:
            (job,) = await self.store.claim("w", self.ours.clock.now(), 60, 1)
            try:
                await dying(job)
            except Died:
                break
        await self.restart()

    async def restart(self) -> None:
        """Opens the store again, as after kill -9: what was leased is free."""
        await self.store.close()
        again = await desk_of(self.ours, self.folder)
        self.store, self.steps = again.store, again.steps
        self.registrar, self.verbs = again.registrar, again.verbs

    async def is_shown(self) -> bool:
        return await self.store.shown(str(OURS)) is not None

    @property
    def is_ours(self) -> bool:
        """Whether the locator has it as ours."""
        return self.ours.network.locator.participants.get(OURS) == ID

    async def reg(self, offer: Offer | None = None, **more: Any) -> Registration:
        """Wants it registered, and does all that is due."""
        asked = await self.verbs.register(COMPANY.id, OURS, offer or Offer(), **more)
        assert isinstance(asked, Registration), asked
        return await self.settle()


class _Dying:
    """A store whose process ends when a step is to be written for the last of `times`."""

    def __init__(self, store: SqliteStore, times: int) -> None:
        self._store = store
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def move_registration(self, *given: Any, **more: Any) -> bool:
        self._times -= 1
        if self._times == 0:
            raise Died
        return await self._store.move_registration(*given, **more)


async def desk_of(at: Ours, folder: Path) -> Desk:
    store = await SqliteStore.open(folder / "data")
    publisher = OwnPublisher(store, at.url, at.at)
    at.server._registry = publisher
    registrar = Registrar(publisher, at.admin, at.dns)
    steps = Steps(store, at.clock, registrar, at.at)
    return Desk(at, store, registrar, steps, Verbs(store, at.clock, OWN_ID), folder)


@asynccontextmanager
async def opened(folder: Path, *, known: bool = True) -> AsyncIterator[Desk]:
    async with ours(folder, known=known) as at:
        made = await desk_of(at, folder)
        await made.store.add_company(COMPANY, at.clock.now())
        try:
            yield made
        finally:
            await made.store.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as made:
        yield made


# --- the usual way ----------------------------------------------------------------------------


async def test_it_is_published_then_registered_then_confirmed(desk: Desk) -> None:
    asked = await desk.verbs.register(COMPANY.id, OURS, Offer())
    assert isinstance(asked, Registration) and asked.state is ParticipantState.WANTED
    await desk.step()
    assert ((await desk.row()).state, await desk.is_shown(), desk.is_ours) == (
        *(ParticipantState.PUBLISHED, True, False),
    )
    row = await desk.settle()
    assert (row.state, row.code, desk.is_ours) == (ParticipantState.REGISTERED, "", True)
    assert row.confirmed_at is None
    row = await desk.later(timedelta(minutes=3))
    assert row.confirmed_at == desk.ours.clock.now()
    row = await desk.later(timedelta(days=1))
    assert row.confirmed_at == desk.ours.clock.now()
    actions = [one.action for one in await desk.store.audit_entries(0, 100)]
    assert actions == ["participant.wanted", "participant.stepped", "participant.stepped"]


async def test_it_is_withdrawn_in_reverse(desk: Desk) -> None:
    await desk.reg()
    await desk.verbs.withdraw(COMPANY.id, OURS)
    await desk.step()
    row = await desk.row()
    assert (row.state, await desk.is_shown(), desk.is_ours) == (
        ParticipantState.UNLISTED,
        True,
        False,
    )
    row = await desk.settle()
    assert (row.state, await desk.is_shown()) == (ParticipantState.WITHDRAWN, False)
    desk.ours.network.locator.enter(OURS, ID)  # a late answer to an earlier wish
    row = await desk.later(timedelta(minutes=6))
    assert (row.state, desk.is_ours) == (ParticipantState.WITHDRAWN, False)
    assert not await desk.store.claim("w", desk.ours.clock.now() + timedelta(days=99), 60, 1)
    row = await desk.reg()  # and in again
    assert (row.state, await desk.is_shown(), desk.is_ours) == (
        ParticipantState.REGISTERED,
        True,
        True,
    )


async def test_what_it_takes_can_be_changed(desk: Desk) -> None:
    await desk.reg()
    before = await desk.store.shown(str(OURS))
    row = await desk.reg(Offer(takes=(Takes.INVOICE,), entry=Entry("Vårt AB", "SE")))
    assert row.state is ParticipantState.REGISTERED
    after = await desk.store.shown(str(OURS))
    assert before is not None and after is not None
    assert (len(before["services"]), len(after["services"])) == (3, 1)
    assert "card" in after


async def test_our_own_identifier_is_registered_for_statuses(desk: Desk) -> None:
    asked = await desk.verbs.register("", OWN_ID, Offer(takes=OWN))
    assert isinstance(asked, Registration)
    for _ in range(2):
        await desk.step()
    assert (await desk.row("")).state is ParticipantState.REGISTERED
    assert desk.ours.network.locator.participants[OWN_ID] == ID
    found = await desk.ours.discovery.find(OWN_ID, document_type(Kind.MLS), process(Kind.MLS))
    assert getattr(found, "seat", None) == "POP000002", found


# --- cut off, lost, silent ----------------------------------------------------------------------


async def to_register(desk: Desk) -> None:
    await desk.verbs.register(COMPANY.id, OURS, Offer())


async def to_withdraw(desk: Desk) -> None:
    await desk.reg()
    await desk.verbs.withdraw(COMPANY.id, OURS)


async def to_leave(desk: Desk) -> None:
    await desk.reg()
    await desk.verbs.migrate_out(COMPANY.id, OURS)


async def to_take_over(desk: Desk) -> None:
    there = desk.ours.stranger(id_="OTHER-SMP")
    await there.create_publisher(Address("http://there.example/smp", "192.0.2.1"))
    await there.create(OURS)
    key = new_key()
    await there.prepare(OURS, key)
    await desk.verbs.register(COMPANY.id, OURS, Offer(), key=key)


Wish = Callable[[Desk], Awaitable[None]]
WISHES: dict[str, tuple[Wish, int, ParticipantState, bool, bool]] = {
    # the wish, its steps, and how it ends: state, shown, ours
    "register": (to_register, 2, ParticipantState.REGISTERED, True, True),
    "withdraw": (to_withdraw, 2, ParticipantState.WITHDRAWN, False, False),
    "leave": (to_leave, 1, ParticipantState.LEAVING, True, True),
    "take over": (to_take_over, 2, ParticipantState.REGISTERED, True, True),
}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("wish", WISHES)
async def test_killed_between_a_step_and_its_writing_it_ends_the_same(
    desk: Desk, wish: str, times: int
) -> None:
    begin, steps, state, shown, held = WISHES[wish]
    if times > steps:
        times = steps
    await begin(desk)
    await desk.die_after(times)
    row = await desk.settle()
    assert (row.state, row.code) == (state, "")
    assert (await desk.is_shown(), desk.is_ours) == (shown, held)


@pytest.mark.parametrize("wish", WISHES)
async def test_an_answer_that_was_lost_is_asked_for(desk: Desk, wish: str) -> None:
    begin, _, state, shown, held = WISHES[wish]
    await begin(desk)
    desk.ours.network.locator.behaviour = Behaviour.LOSE_ANSWER
    row = await desk.settle()
    assert row.state is not state
    assert (row.code, row.tries) == ("peppol.sml_unavailable", 1)
    assert row.next_at is not None and row.next_at > desk.ours.clock.now()
    desk.ours.network.locator.behaviour = Behaviour.ANSWER
    row = await desk.later(timedelta(hours=1))
    assert (row.state, row.code) == (state, "")
    assert (await desk.is_shown(), desk.is_ours) == (shown, held)


@pytest.mark.parametrize("behaviour", [Behaviour.FAIL, Behaviour.BROKEN])
@pytest.mark.parametrize("wish", WISHES)
async def test_a_locator_that_is_ill_is_tried_again_later_each_time(
    desk: Desk, wish: str, behaviour: Behaviour
) -> None:
    begin, _, state, shown, held = WISHES[wish]
    await begin(desk)
    desk.ours.network.locator.behaviour = behaviour
    waits = []
    row = await desk.settle()
    for n in range(1, 9):
        assert row.state is not state and row.tries == n
        assert row.next_at is not None
        waits.append((row.next_at - desk.ours.clock.now()).total_seconds())
        row = await desk.later(row.next_at - desk.ours.clock.now())
    assert waits[0] < 60 and 3 * 3600 < waits[-1] < 5 * 3600 and waits[0] < waits[3] < waits[-1]
    desk.ours.network.locator.behaviour = Behaviour.ANSWER
    row = await desk.later(timedelta(hours=5))
    assert (row.state, row.tries) == (state, 0)
    assert (await desk.is_shown(), desk.is_ours) == (shown, held)


async def test_a_person_who_wants_something_else_meanwhile_gets_it(desk: Desk) -> None:
    await to_register(desk)
    (job,) = await desk.store.claim("w", desk.ours.clock.now(), 60, 1)
    slow = Steps(
        _Interrupted(desk),  # type: ignore[arg-type]
        desk.ours.clock,
        desk.registrar,
        desk.ours.at,
    )
    with pytest.raises(BaseException, match="no longer held"):
        await slow(job)
    row = await desk.settle()
    assert (row.state, desk.is_ours, await desk.is_shown()) == (
        ParticipantState.WITHDRAWN,
        False,
        False,
    )


class _Interrupted:
    """A store where somebody withdraws while a step is under way."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk.store, name)

    async def move_registration(self, *given: Any, **more: Any) -> bool:
        await self._desk.verbs.withdraw(COMPANY.id, OURS)
        return await self._desk.store.move_registration(*given, **more)


async def test_a_store_that_can_not_write_ends_nothing(desk: Desk) -> None:
    await to_register(desk)
    (job,) = await desk.store.claim("w", desk.ours.clock.now(), 60, 1)
    await desk.store.close()
    with pytest.raises(StorageUnavailable):
        await desk.steps(job)
    await desk.restart()
    assert (await desk.settle()).state is ParticipantState.REGISTERED


# --- what the network refuses -------------------------------------------------------------------


async def test_registered_elsewhere_is_told_and_not_tried_again(desk: Desk) -> None:
    desk.ours.network.locator.enter(OURS, SMP_ID)
    row = await desk.reg()
    assert (row.state, row.code) == (ParticipantState.REFUSED, "peppol.registered_elsewhere")
    assert desk.ours.network.publisher.base_url in row.text
    assert "127.0.0.1" not in public(row.code) and "migrate-in" in public(row.code)
    assert not await desk.store.claim("w", desk.ours.clock.now() + timedelta(days=99), 60, 1)
    # Withdrawn there, it is only asked for again.
    desk.ours.network.locator.participants.clear()
    assert (await desk.reg()).state is ParticipantState.REGISTERED


async def test_a_wrong_key_is_told_and_a_right_one_taken(desk: Desk) -> None:
    await to_take_over(desk)
    wrong = new_key()
    row = await desk.reg(key=wrong)
    assert (row.state, row.code) == (ParticipantState.REFUSED, "peppol.migration_refused")
    right = desk.ours.network.locator.keys[OURS]
    row = await desk.reg(key=right)
    assert (row.state, row.migration_key, desk.is_ours) == (ParticipantState.REGISTERED, "", True)


async def test_a_publisher_that_is_not_known_waits_for_being_made_known(tmp_path: Path) -> None:
    async with opened(tmp_path, known=False) as desk:
        row = await desk.reg()
        assert (row.state, row.code) == (ParticipantState.PUBLISHED, "peppol.publisher_unknown")
        assert "budkavle publisher register" in row.text
        await desk.ours.admin.create_publisher(Address(desk.ours.url, "127.0.0.1"))
        assert (await desk.later(timedelta(hours=1))).state is ParticipantState.REGISTERED


async def test_a_certificate_that_was_not_announced_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        stranger = desk.ours.network.authority.leaf("PSM000009", Purpose.PUBLISHER)
        desk.ours.network.locator.settle(ID, desk.ours.url, stranger.certificate)
        row = await desk.reg()
        assert (row.state, row.code) == (
            ParticipantState.PUBLISHED,
            "peppol.publisher_unauthorized",
        )
        desk.ours.network.locator.settle(ID, desk.ours.url, desk.ours.key.certificate)
        assert (await desk.later(timedelta(hours=1))).state is ParticipantState.REGISTERED


# --- to another publisher -----------------------------------------------------------------------


async def test_it_leaves_with_a_key_and_is_shown_until_it_is_forgotten(desk: Desk) -> None:
    await desk.reg()
    asked = await desk.verbs.migrate_out(COMPANY.id, OURS)
    assert isinstance(asked, Registration) and not faults(asked.migration_key)
    row = await desk.settle()
    assert (row.state, desk.ours.network.locator.keys[OURS]) == (
        ParticipantState.LEAVING,
        asked.migration_key,
    )
    again = await desk.verbs.migrate_out(COMPANY.id, OURS)
    assert isinstance(again, Registration) and again.migration_key == asked.migration_key
    row = await desk.later(timedelta(hours=1))
    assert row.state is ParticipantState.LEAVING and await desk.is_shown()

    there = desk.ours.stranger(id_="OTHER-SMP")
    await there.create_publisher(Address("http://there.example/smp", "192.0.2.1"))
    assert await there.migrate(OURS, asked.migration_key) == Settled()
    row = await desk.later(timedelta(minutes=11))
    assert (row.state, row.migration_key) == (ParticipantState.MOVED, "")
    assert await desk.is_shown()  # senders remember for a while
    row = await desk.later(timedelta(days=2, minutes=1))
    assert row.state is ParticipantState.MOVED and not await desk.is_shown()
    assert desk.ours.network.locator.participants[OURS] == "OTHER-SMP"
    assert isinstance(await desk.verbs.withdraw(COMPANY.id, OURS), NotNow)


async def test_a_name_server_that_is_behind_does_not_make_it_gone(desk: Desk) -> None:
    await to_leave(desk)
    await desk.settle()
    desk.ours.network.point(OURS, "http://there.example/smp")  # the locator says otherwise
    row = await desk.later(timedelta(minutes=11))
    assert row.state is ParticipantState.LEAVING
    desk.ours.network.name_server.behaviour = Dns.FAIL
    row = await desk.later(timedelta(minutes=11))
    assert (row.state, row.code) == (ParticipantState.LEAVING, "peppol.sml_unavailable")


async def test_whoever_stays_after_all_is_asked_for_again(desk: Desk) -> None:
    await to_leave(desk)
    assert (await desk.settle()).state is ParticipantState.LEAVING
    row = await desk.reg()
    assert (row.state, row.migration_key) == (ParticipantState.REGISTERED, "")


async def test_a_locator_that_lets_nobody_go_keeps_it_registered(desk: Desk) -> None:
    await desk.reg()
    del desk.ours.network.locator.participants[OURS]
    await desk.verbs.migrate_out(COMPANY.id, OURS)
    row = await desk.settle()
    assert (row.state, row.code) == (ParticipantState.REGISTERED, "peppol.sml_refused")
    assert row.migration_key == ""


# --- is it still there? -------------------------------------------------------------------------


async def test_what_the_network_does_not_confirm_is_told_and_not_repaired(desk: Desk) -> None:
    await desk.reg()
    await desk.later(timedelta(minutes=3))
    confirmed = (await desk.row()).confirmed_at
    asked = len(desk.ours.network.locator.asked)
    for url, word in ((None, "does not know it"), ("http://there.example/smp", "there.example")):
        desk.ours.network.point(OURS, url)
        row = await desk.later(timedelta(days=1))
        assert (row.state, row.code) == (ParticipantState.REGISTERED, "peppol.not_confirmed")
        assert word in row.text and row.confirmed_at == confirmed
    assert len(desk.ours.network.locator.asked) == asked
    desk.ours.network.point(OURS, desk.ours.url)
    row = await desk.later(timedelta(days=1))
    assert (row.code, row.confirmed_at) == ("", desk.ours.clock.now())


async def test_silence_of_dns_is_not_taken_for_a_no(desk: Desk) -> None:
    await desk.reg()
    desk.ours.network.name_server.behaviour = Dns.FAIL
    row = await desk.later(timedelta(minutes=3))
    assert (row.state, row.code) == (ParticipantState.REGISTERED, "peppol.sml_unavailable")


# --- another's publisher ------------------------------------------------------------------------


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Desk]:
    """A gateway whose publisher is the sandbox's, over REST."""
    async with opened(tmp_path) as made:
        use_another_s(made, basic(USER, PASSWORD))
        yield made


def use_another_s(desk: Desk, login: str, at: AccessPointAddress | None = None) -> None:
    smp = SmpAdmin(desk.ours.session, desk.ours.network.publisher.base_url, login)
    desk.registrar = Registrar(smp, None, desk.ours.dns)
    desk.steps = Steps(desk.store, desk.ours.clock, desk.registrar, at or desk.ours.at)


async def test_another_s_publisher_enters_it_and_dns_confirms(guest: Desk) -> None:
    network = guest.ours.network
    row = await guest.reg()
    assert row.state is ParticipantState.REGISTERED
    assert network.locator.participants[OURS] == SMP_ID
    row = await guest.later(timedelta(minutes=3))
    assert row.confirmed_at is not None
    await guest.verbs.withdraw(COMPANY.id, OURS)
    row = await guest.settle()
    assert (row.state, OURS in network.locator.participants) == (ParticipantState.WITHDRAWN, False)


async def test_what_another_s_publisher_has_not_entered_yet_is_looked_for_again(
    guest: Desk,
) -> None:
    await to_register(guest)
    await guest.step()
    guest.ours.network.point(OURS, None)
    row = await guest.settle()
    assert (row.state, row.code) == (ParticipantState.PUBLISHED, "peppol.not_in_dns")
    guest.ours.network.point(OURS, guest.ours.network.publisher.base_url)
    assert (await guest.later(timedelta(minutes=5))).state is ParticipantState.REGISTERED


async def test_another_s_publisher_does_not_move_participants_for_us(guest: Desk) -> None:
    await guest.reg()
    await guest.verbs.migrate_out(COMPANY.id, OURS)
    row = await guest.settle()
    assert (row.state, row.code) == (ParticipantState.REGISTERED, "peppol.not_our_publisher")
    row = await guest.reg(key=new_key())
    assert (row.state, row.code) == (ParticipantState.REFUSED, "peppol.not_our_publisher")


async def test_a_renewed_certificate_is_told_to_another_s_publisher(guest: Desk) -> None:
    await guest.reg()
    key = guest.ours.network.authority.leaf("POP000002", renewed=True)
    renewed = AccessPointAddress(guest.ours.at.url, key.certificate)
    use_another_s(guest, basic(USER, "wrong"), renewed)
    row = await guest.later(timedelta(minutes=3))
    assert (row.state, row.code) == (ParticipantState.REGISTERED, "peppol.smp_unauthorized")
    use_another_s(guest, basic(USER, PASSWORD), renewed)
    row = await guest.later(timedelta(days=1))
    assert (row.state, row.code) == (ParticipantState.REGISTERED, "")
    (service, *_) = guest.ours.network.members.entries[OURS]
    ((_, (endpoint,)),) = service.processes  # type: ignore[union-attr]
    assert endpoint.certificate == key.certificate.public_bytes(Encoding.DER)


# --- what people may want -----------------------------------------------------------------------


async def test_only_their_own_participants_are_companies_business(desk: Desk) -> None:
    other = Company("theirs", "Deres AS", "NO", ("0192:918130047",), {})
    await desk.store.add_company(other, desk.ours.clock.now())
    await desk.reg()
    for who in (other.id, "nobody", ""):
        assert isinstance(
            await desk.verbs.register(who, OURS, Offer(takes=OWN)), BadInput | NotYours
        )
        assert isinstance(await desk.verbs.register(who, OURS, Offer()), BadInput | NotYours)
        assert isinstance(await desk.verbs.withdraw(who, OURS), NotYours)
        assert isinstance(await desk.verbs.migrate_out(who, OURS), NotYours)
    assert isinstance(await desk.verbs.register(COMPANY.id, OWN_ID, Offer()), NotYours)
    assert (await desk.row()).state is ParticipantState.REGISTERED


async def test_what_was_never_registered_can_not_be_withdrawn(desk: Desk) -> None:
    assert isinstance(await desk.verbs.withdraw(COMPANY.id, OURS), NotYours)
    assert isinstance(await desk.verbs.migrate_out(COMPANY.id, OURS), NotYours)


async def test_only_what_is_registered_can_leave(desk: Desk) -> None:
    await to_register(desk)
    said = await desk.verbs.migrate_out(COMPANY.id, OURS)
    assert isinstance(said, NotNow) and "wanted" in said.text


async def test_everything_wrong_with_a_wish_is_told_at_once(desk: Desk) -> None:
    now = desk.ours.clock.now()
    offer = Offer(
        takes=(Takes.INVOICE, Takes.MESSAGE_LEVEL_STATUS),
        expires_at=now - timedelta(days=1),
        redirect=Elsewhere("ftp://there", "A"),
    )
    said = await desk.verbs.register(COMPANY.id, OURS, offer, key="short")
    assert isinstance(said, BadInput)
    assert [name for name, _ in said.faults] == [
        *("takes", "expires_at", "redirect", *["migration_key"] * 4)
    ]
    empty = await desk.verbs.register(COMPANY.id, OURS, Offer(takes=()))
    assert isinstance(empty, BadInput)


async def test_no_key_and_nobody_s_address_is_written_into_the_audit(desk: Desk) -> None:
    await to_take_over(desk)
    await desk.settle()
    await desk.reg(Offer(entry=Entry("Vårt AB", "SE", email="anna@vart.example")))
    assert "anna" not in repr(await desk.store.audit_entries(0, 100))
    asked = await desk.verbs.migrate_out(COMPANY.id, OURS, actor="key:ledger")
    assert isinstance(asked, Registration)
    await desk.settle()
    entries = await desk.store.audit_entries(0, 100)
    assert asked.migration_key not in repr(entries)
    assert "key:ledger" in {entry.actor for entry in entries}
    assert {"participant.taken_over", "participant.leaving"} <= {one.action for one in entries}


async def test_a_job_of_a_row_that_is_not_there_goes_away(desk: Desk) -> None:
    now = desk.ours.clock.now()
    await desk.store.put([line.job("ours", "0088:1", now)], now)
    assert await desk.step()
    assert not await desk.store.claim("w", now + timedelta(days=99), 60, 1)


def test_the_audit_names_nobody_by_a_personal_number() -> None:
    assert subject("0007:5567321707") == "0007:5567321707"
    assert subject("0007:8112289874") == "0007:******9874"
    assert subject("0088:7300010000001") == "0088:7300010000001"


# --- tables -----------------------------------------------------------------------------------


def test_what_companies_can_be_registered_for_is_what_we_take_in() -> None:
    assert {TYPES[one] for one in OF_COMPANIES} == DOCUMENTS | RESPONSES
    assert {TYPES[one] for one in OWN} == {(document_type(Kind.MLS), process(Kind.MLS))}
    assert set(OF_COMPANIES) | set(OWN) == set(Takes)


def test_every_state_has_a_meaning_and_a_way_back() -> None:
    assert set(MEANINGS) == set(ParticipantState)
    for state in ParticipantState:
        assert allowed(state, ParticipantState.WANTED), state
        assert f"`{state}`" in table()
        assert (
            state in OVER
            or state is ParticipantState.UNLISTED
            or allowed(state, ParticipantState.WITHDRAWING)
            or (state is ParticipantState.WITHDRAWING)
        )


def test_an_offer_is_the_same_after_being_kept() -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    for offer in (
        Offer(),
        Offer(tuple(Takes), at, at + timedelta(days=1), Entry("A", "SE", "B", "C", "D", "E")),
        Offer(redirect=Elsewhere("https://there", "PSM000001")),
    ):
        assert from_data(to_data(offer)) == offer


async def test_the_registrar_asks_what_is_so(desk: Desk) -> None:
    registrar, locator = desk.registrar, desk.ours.network.locator
    assert await registrar.leave(OURS) == Settled()  # it was not there
    assert await registrar.enter(OURS) == Settled()
    assert await registrar.enter(OURS) == Settled()
    assert isinstance(await registrar.take_over(OURS, new_key()), Settled)  # it is ours
    locator.enter(OURS, SMP_ID)
    assert await registrar.leave(OURS) == Settled()  # another's is not ours to take out
    assert locator.participants[OURS] == SMP_ID
    assert isinstance(await registrar.enter(OURS), Refused)
    assert isinstance(await registrar.hand_over(OURS, new_key()), Unsettled)
