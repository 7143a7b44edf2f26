"""What AvtaleGiro alone must keep, beside the contract: above all, no claim twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from schemas.references import KidLayout
from tests.contracts.case import NOW, RECIPIENT, envelope
from tests.contracts.channel_avtalegiro import ACCOUNT, TERMS, consumer, norwegian, settings
from transports.avtalegiro import numbers, reading, terms, writing
from transports.avtalegiro.driver import AvtaleGiro
from transports.avtalegiro.files import (
    CENTRAL,
    Agreement,
    Agreements,
    Claims,
    Payment,
    Registration,
    Transmission,
)
from transports.avtalegiro.handing import Phase
from transports.avtalegiro.receipts import Fate, Receipt, read, write
from transports.avtalegiro.records import Malformed
from transports.avtalegiro.sandbox import MAGIC, Behaviour, Sandbox, kid
from transports.base import (
    AGREEMENT,
    Account,
    AccountKind,
    Delivered,
    Envelope,
    Inquiry,
    NotCollected,
    NotReachable,
    Outcome,
    Paid,
    Reachable,
    Recalled,
    Refused,
    Report,
    Sent,
    TryLater,
    Unknown,
    Waiting,
)

COMPANY = "cmp_sender"
OTHER_ACCOUNT = "86011117947"


@dataclass
class Norway:
    clock: MovableClock
    register: StoredRegister
    central: Sandbox
    channel: AvtaleGiro

    def again(self) -> AvtaleGiro:
        """One more driver, as after a restart."""
        return AvtaleGiro(settings(self.central), self.register, now=self.clock.now)

    def envelope(self, behaviour: str = "accept", name: str = "one", **changes: Any) -> Envelope:
        made = norwegian(envelope(consumer(behaviour), "agreement", f"{behaviour}/{name}"))
        return replace(made, terms=TERMS, summary=replace(made.summary, **changes))

    def inquiry(self, **changes: Any) -> Inquiry:
        made = self.envelope(**changes)
        return Inquiry(made.sender, made.recipient, made.summary, terms=TERMS)

    async def deliver(self, given: Envelope) -> Outcome:
        return await self.again().deliver(given)

    async def reports(self, after: timedelta = timedelta(minutes=2)) -> list[Report]:
        self.central.go_on()  # it takes up what it has been given before the time passes
        self.clock.move(after)
        found = [item async for item in self.again().collect()]
        assert all(isinstance(item, Report) for item in found)
        return found  # type: ignore[return-value]

    def files(self, directory: str) -> list[str]:
        return sorted(path.name for path in (self.central.directory / directory).iterdir())


@pytest.fixture
async def norway(tmp_path: Path) -> AsyncIterator[Norway]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(tmp_path)
    register = StoredRegister(store, clock, "avtalegiro")
    async with Sandbox(now=clock.now) as central:
        central.agree(ACCOUNT, *map(kid, MAGIC))
        made = Norway(clock, register, central, AvtaleGiro(settings(central), register))
        made.channel = made.again()
        assert [item async for item in made.channel.collect()] == []
        yield made
    await store.close()


def codes(reports: list[Report]) -> list[str]:
    return [report.outcome.verdict.code for report in reports]


# --- the file, and never twice ------------------------------------------------------------------


async def test_the_claim_as_it_goes_out(norway: Norway) -> None:
    given = norway.envelope()
    outcome = await norway.deliver(given)
    assert isinstance(outcome, Sent)
    assert outcome.reference == "0000001"
    (request, answer) = outcome.evidence
    assert request.content == (
        "NY000010000123450000001000080800000000000000000000000000000000000000000000000000\r\n"
        "NY210020000000000000000115038366383000000000000000000000000000000000000000000000\r\n"
        "NY2121300000001201226           00000000000124950             900000010011000000\r\n"
        "NY21213100000019000000100                         Faktura 1001 fra Havbris 00000\r\n"
        "NY212149000000140011Faktura 1001 fra Havbris Regnskap AS    00000000000000000000\r\n"
        "NY212149000000140021Fakturadato: 20.11.2026                 00000000000000000000\r\n"
        "NY212149000000140031Spørsmål: Åsa Öberg, 08-123 45 67       00000000000000000000\r\n"
        "NY210088000000010000000700000000000124950201226201226000000000000000000000000000\r\n"
        "NY000089000000010000000900000000000124950201226000000000000000000000000000000000\r\n"
    ).replace("900000010011", kid(Behaviour.ACCEPT)).encode("iso-8859-1")
    assert b"renamed in/claim-0000001-" in answer.content
    assert norway.files("in") == [f"claim-0000001-{given.key}.txt"]


async def test_where_an_efaktura_goes_too_the_bank_tells_nothing(norway: Norway) -> None:
    given = replace(norway.envelope(), terms={**TERMS, "notified_by": "efaktura"})
    assert isinstance(await norway.deliver(given), Sent)
    norway.central.go_on()
    (taken,) = norway.central.claims.values()
    assert not taken.claim.notified
    assert b"NY210230" in taken.content and b"NY212149" not in taken.content


@pytest.mark.parametrize("behaviour", ["lose", "drop"])
async def test_one_that_broke_off_is_settled_by_asking_the_server(
    norway: Norway, behaviour: str
) -> None:
    given = norway.envelope(behaviour)
    assert isinstance(await norway.deliver(given), Unknown)
    there = norway.files("in")
    assert there == [f"claim-0000001-{given.key}.txt{'.tmp' if behaviour == 'lose' else ''}"]
    assert isinstance(await norway.deliver(given), Sent)
    assert norway.files("in") == [f"claim-0000001-{given.key}.txt"]
    assert isinstance(await norway.deliver(given), Sent)
    norway.central.go_on()
    assert isinstance(await norway.deliver(given), Sent), "it is known to be handed over"
    assert len(norway.central.claims) == 1


async def test_one_that_is_gone_is_never_written_again_and_settled_by_its_receipt(
    norway: Norway,
) -> None:
    given = norway.envelope("vanish")
    for _ in range(3):
        outcome = await norway.deliver(given)
        assert isinstance(outcome, Unknown)
        assert norway.files("in") == []
    (report,) = await norway.reports()
    assert (report.key, codes([report])) == (given.key, ["avtalegiro.accepted"])
    assert isinstance(await norway.deliver(given), Sent)
    assert len(norway.central.claims) == 1


async def test_a_kill_at_any_step_makes_no_second_claim(norway: Norway) -> None:
    """The states in which a kill leaves a claim: numbers alone, a part of the temporary file, the
    whole of it, the rename asked for and done or not."""
    given = norway.envelope()
    path = norway.central.directory / "in" / f"claim-0000001-{given.key}.txt"
    whole = (await norway.deliver(given)).evidence[0].content
    entry = await norway.register.get(COMPANY, "claim", str(given.key))
    assert entry is not None and entry.state == Phase.HANDED
    for state, renamed, temporary in [
        (Phase.NUMBERED, False, None),
        (Phase.NUMBERED, False, whole[:100]),
        (Phase.NUMBERED, False, whole),
        (Phase.RENAMING, False, whole),
        (Phase.RENAMING, True, None),
    ]:
        entry = await norway.register.get(COMPANY, "claim", str(given.key))
        assert entry is not None
        await norway.register.put([replace(entry, state=state)])
        path.unlink(missing_ok=True)
        if renamed:
            path.write_bytes(whole)
        if temporary is not None:
            path.with_name(f"{path.name}.tmp").write_bytes(temporary)
        outcome = await norway.deliver(given)
        assert isinstance(outcome, Sent), (state, outcome)
        assert outcome.evidence[0].content == whole
        assert norway.files("in") == [path.name]
        assert path.read_bytes() == whole


async def test_what_may_have_been_taken_is_not_refused_for_what_changed_since(
    norway: Norway,
) -> None:
    given = norway.envelope("drop")
    assert isinstance(await norway.deliver(given), Unknown)
    norway.clock.move(timedelta(days=60))
    later = replace(given, terms={})
    assert isinstance(await norway.deliver(later), Sent)
    fresh = norway.envelope(name="other")
    assert isinstance(await norway.deliver(fresh), Refused), "the due date has passed"


async def test_a_server_with_another_key_is_not_talked_to(norway: Norway) -> None:
    async with Sandbox() as other:
        given = settings(norway.central)
        server = replace(given.server, host_key=other.server.host_key)
        channel = AvtaleGiro(replace(given, server=server), norway.register, now=norway.clock.now)
        outcome = await channel.deliver(norway.envelope())
    assert isinstance(outcome, TryLater)
    assert outcome.verdict.code == "avtalegiro.host_key"
    assert norway.files("in") == []


async def test_a_wrong_password(norway: Norway) -> None:
    given = settings(norway.central)
    server = replace(given.server, password="guess")
    channel = AvtaleGiro(replace(given, server=server), norway.register, now=norway.clock.now)
    outcome = await channel.deliver(norway.envelope())
    assert isinstance(outcome, TryLater)
    assert outcome.verdict.code == "avtalegiro.login_refused"


# --- numbers ------------------------------------------------------------------------------------


async def test_no_number_is_given_twice_however_many_ask(norway: Norway) -> None:
    given = [norway.envelope(name=str(n)) for n in range(12)]
    await asyncio.gather(*(norway.deliver(each) for each in given + given[:6]))
    norway.central.go_on()
    taken = list(norway.central.claims.values())
    assert sorted(one.transmission for one in taken) == [f"{n:07d}" for n in range(1, 13)]
    assert {one.state for one in taken} == {"taken"}, "none was rejected as a duplicate"


def test_numbers_begin_anew_when_a_year_and_a_day_have_passed() -> None:
    today = date(2026, 11, 21)
    assert numbers.following({}, today) == {"last": 1, "used": {"0": "2026-11-21"}}
    last = {"last": 9_999_999, "used": {"0": "2026-11-21", "99": "2026-11-21"}}
    for early in (today, date(2027, 11, 21), date(2027, 11, 22)):
        with pytest.raises(numbers.Exhausted):
            numbers.following(last, early)
    assert numbers.following(last, date(2027, 11, 23))["last"] == 1
    # The next hundred thousand may have been used later than the first.
    entering = {"last": 99_999, "used": {"0": "2027-11-23", "1": "2027-03-01"}}
    with pytest.raises(numbers.Exhausted):
        numbers.following(entering, date(2027, 12, 24))
    assert numbers.following(entering, date(2028, 3, 3))["last"] == 100_000


# --- agreements ---------------------------------------------------------------------------------


async def test_an_agreement_begins_and_ends(norway: Norway) -> None:
    new = KidLayout("mod10", 12).make("12345001001")
    asked = norway.inquiry(payment_reference=new)
    assert isinstance(await norway.channel.resolve(asked), NotReachable)
    norway.central.agree(ACCOUNT, new, notice=True)
    assert await norway.reports() == []
    found = await norway.channel.resolve(asked)
    assert isinstance(found, Reachable)
    assert found.address == "agreement"
    other = KidLayout("mod10", 12).make("12345009999")
    again = await norway.channel.resolve(norway.inquiry(payment_reference=other))
    assert isinstance(again, Reachable), "the same customer, another invoice"
    entry = await norway.register.get(COMPANY, AGREEMENT, f"{ACCOUNT}/12345")
    assert entry is not None and entry.data["notice"] is True
    norway.central.agree(ACCOUNT, new, ends=True)
    await norway.reports()
    assert isinstance(await norway.channel.resolve(asked), NotReachable)
    assert norway.files("out") == [], "what was taken in is taken away"


async def test_before_there_is_a_document_the_kid_alone_counts(norway: Norway) -> None:
    asked = replace(norway.inquiry(amount_due=Decimal(0), due_date=None), supposed=True)
    assert isinstance(await norway.channel.resolve(asked), Reachable)
    nobody = replace(asked, summary=replace(asked.summary, payment_reference=None))
    assert (await norway.channel.resolve(nobody)).verdict.code == "avtalegiro.kid"


async def test_an_account_is_one_company_s(norway: Norway) -> None:
    asked = norway.inquiry()
    assert isinstance(await norway.channel.resolve(asked), Reachable)
    other = replace(asked, sender=replace(asked.sender, company_id="cmp_other"))
    found = await norway.channel.resolve(other)
    assert found.verdict.code == "avtalegiro.account_taken"
    theirs = await norway.register.entries("cmp_other", AGREEMENT)
    assert theirs == []


async def test_agreements_are_found_by_the_part_of_the_kid_that_the_terms_name(
    norway: Norway,
) -> None:
    first = norway.inquiry()
    assert isinstance(await norway.channel.resolve(first), Reachable)
    whole = {name: value for name, value in TERMS.items() if name != "reference_position"}
    other = KidLayout("mod10", 12).make(MAGIC[Behaviour.ACCEPT] + "009999")
    elsewhere = norway.inquiry(payment_reference=other)
    assert isinstance(await norway.channel.resolve(elsewhere), Reachable)
    # By the whole KID it is another agreement; and back again.
    no = await norway.channel.resolve(replace(elsewhere, terms=whole))
    assert no.verdict.code == "avtalegiro.no_agreement"
    assert isinstance(await norway.channel.resolve(replace(first, terms=whole)), Reachable)
    assert isinstance(await norway.channel.resolve(elsewhere), Reachable)


async def test_a_long_list_is_taken_in_once_by_two_at_the_same_time(norway: Norway) -> None:
    layout = KidLayout("mod10", 12)
    kids = [layout.make(f"{n:05d}000000") for n in range(1, 251)]
    norway.central.agree(ACCOUNT, *kids)
    norway.clock.move(timedelta(minutes=2))

    async def collect(channel: AvtaleGiro) -> None:
        try:
            assert [item async for item in channel.collect()] == []
        except NotCollected:
            pass  # the other one took the file away

    assert isinstance(await norway.channel.resolve(norway.inquiry()), Reachable)
    await asyncio.gather(collect(norway.again()), collect(norway.again()))
    await norway.reports()
    known = await norway.register.entries(COMPANY, AGREEMENT, limit=1000)
    assert len(known) == 250 + len(MAGIC)
    assert norway.files("out") == []


# --- receipts and payments ----------------------------------------------------------------------


async def test_it_is_accepted_and_paid(norway: Norway) -> None:
    given = norway.envelope()
    await norway.deliver(given)
    (accepted,) = await norway.reports()
    assert isinstance(accepted.outcome, Delivered)
    (paid,) = await norway.reports(timedelta(days=30))
    assert isinstance(paid.outcome, Paid)
    assert "1249.50 NOK on 2026-12-20" in paid.outcome.verdict.public_text
    assert {accepted.key, paid.key} == {given.key}
    assert given.summary.payment_reference not in repr(paid)
    assert await norway.reports() == []


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("reject", ["avtalegiro.rejected"]),
        ("unpaid", ["avtalegiro.accepted"]),
        ("part", ["avtalegiro.accepted", "avtalegiro.paid_in_part"]),
    ],
)
async def test_what_else_becomes_of_it(norway: Norway, behaviour: str, expected: list[str]) -> None:
    await norway.deliver(norway.envelope(behaviour))
    found = await norway.reports() + await norway.reports(timedelta(days=30))
    assert codes(found) == expected
    if behaviour == "reject":
        assert isinstance(found[0].outcome, Refused)
        assert "no agreement" in found[0].outcome.verdict.public_text


async def test_money_that_goes_back_and_money_of_others(norway: Norway) -> None:
    given = norway.envelope()
    await norway.deliver(given)
    await norway.reports()
    known, day = str(given.summary.payment_reference), date(2026, 12, 1)
    norway.central.pay(
        ACCOUNT,
        Payment("17", day, 124950, known),
        Payment("18", day, -124950, known),
        Payment("15", day, 5, KidLayout("mod10").make("777")),
        Payment("21", day, 5, ""),
    )
    norway.central.pay(OTHER_ACCOUNT, Payment("15", day, 124950, known))
    assert codes(await norway.reports()) == ["avtalegiro.paid", "avtalegiro.paid_back"]


async def test_a_round_that_breaks_off_tells_the_same_again(norway: Norway) -> None:
    await norway.deliver(norway.envelope())
    norway.central.go_on()
    norway.clock.move(timedelta(minutes=2))
    source = norway.again().collect()
    first = await anext(source)
    await source.aclose()
    assert await norway.reports() == [replace(first, outcome=replace_at(first, norway))]


def replace_at(report: Report, norway: Norway) -> Any:
    """The same outcome, its evidence stamped now."""
    stamped = tuple(replace(one, at=norway.clock.now()) for one in report.outcome.evidence)
    return replace(report.outcome, evidence=stamped)


@pytest.mark.parametrize("content", [b"", b"NY", b"{}", b"\xff\x00", b'{"transmission": "1"}'])
async def test_a_file_that_is_not_in_the_format_stays_and_keeps_nothing_else(
    norway: Norway, content: bytes
) -> None:
    (norway.central.directory / "out" / "0-first.txt").write_bytes(content)
    await norway.deliver(norway.envelope())
    norway.central.go_on()
    norway.clock.move(timedelta(minutes=2))
    found = []
    with pytest.raises(NotCollected) as caught:
        async for item in norway.again().collect():
            found.append(item)
    assert codes(found) == ["avtalegiro.accepted"]
    assert caught.value.verdict.code == "avtalegiro.not_collected"
    assert "0-first.txt" in caught.value.verdict.text
    assert norway.files("out") == ["0-first.txt"]
    assert await norway.reports() == [], "it is told once"


async def test_a_file_that_is_too_large_is_not_read(norway: Norway) -> None:
    given = replace(settings(norway.central), most_file_bytes=1000)
    channel = AvtaleGiro(given, norway.register, now=norway.clock.now)
    (norway.central.directory / "out" / "0.txt").write_bytes(b"NY" * 1000)
    norway.clock.move(timedelta(minutes=2))
    with pytest.raises(NotCollected):
        assert [item async for item in channel.collect()] == []


def test_receipts_there_and_back() -> None:
    for receipt in (
        Receipt("0000001", Fate.ACCEPTED),
        Receipt("0000001", Fate.REJECTED, "no_agreement"),
    ):
        assert read(write(receipt)) == receipt
    for bad in (b"[]", b"[" * 10_000, b'{"transmission": 1, "state": "accepted"}', b"\xff"):
        with pytest.raises(Malformed):
            read(bad)


# --- deleted ------------------------------------------------------------------------------------


async def test_a_claim_is_deleted_by_a_file_of_its_own(norway: Norway) -> None:
    given = norway.envelope()
    await norway.deliver(given)
    await norway.reports()
    for _ in range(2):
        asked = await norway.again().recall(COMPANY, given.key)
        assert isinstance(asked, Waiting)
        assert asked.verdict.code == "avtalegiro.deletion_asked"
    (name,) = norway.files("in")
    content = (norway.central.directory / "in" / name).read_bytes()
    assert name == f"cancellation-0000002-{given.key}.txt"
    (assignment,) = reading.read(content).assignments
    assert (assignment.number, assignment.account) == ("0000002", ACCOUNT)
    assert content.splitlines()[1].startswith(b"NY213620")
    norway.central.go_on()
    (taken,) = norway.central.claims.values()
    assert taken.state == "cancelled"
    assert await norway.reports() == []
    for _ in range(2):
        done = await norway.again().recall(COMPANY, given.key)
        assert isinstance(done, Recalled)
        assert done.verdict.code == "avtalegiro.deleted"
    assert await norway.reports(timedelta(days=40)) == []
    no = await norway.again().recall("cmp_other", given.key)
    assert isinstance(no, Refused)
    assert no.verdict.code == "avtalegiro.unknown"


async def test_a_deletion_that_the_central_rejects_is_none(norway: Norway) -> None:
    given = norway.envelope()
    await norway.deliver(given)
    await norway.reports()
    await norway.again().recall(COMPANY, given.key)
    (name,) = norway.files("in")
    (norway.central.directory / "in" / name).unlink()
    rejected = Receipt("0000002", Fate.REJECTED, "too_late")
    (norway.central.directory / "out" / "r.json").write_bytes(write(rejected))
    assert await norway.reports() == []
    no = await norway.again().recall(COMPANY, given.key)
    assert isinstance(no, Refused)
    assert no.verdict.code == "avtalegiro.not_deleted"
    assert b"too_late" in no.evidence[0].content


async def test_on_its_due_date_a_claim_is_not_deleted_any_more(norway: Norway) -> None:
    given = norway.envelope()
    await norway.deliver(given)
    await norway.reports(timedelta(days=40))
    no = await norway.again().recall(COMPANY, given.key)
    assert isinstance(no, Refused)
    assert no.verdict.code == "avtalegiro.too_late"
    assert norway.files("in") == []


# --- what does not fit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credit_note": True}, "avtalegiro.credit_note"),
        ({"currency": "EUR"}, "avtalegiro.currency"),
        ({"amount_due": Decimal("-1")}, "avtalegiro.amount"),
        ({"amount_due": Decimal(10) ** 16}, "avtalegiro.amount"),
        ({"due_date": None}, "avtalegiro.due_date"),
        ({"due_date": date(2026, 11, 21)}, "avtalegiro.due_date"),
        ({"due_date": date(2027, 11, 22)}, "avtalegiro.due_date"),
        ({"payment_reference": "12345678901234567890123456"}, "avtalegiro.kid"),
        ({"accounts": (Account(AccountKind.NORWEGIAN, OTHER_ACCOUNT),)}, "avtalegiro.account"),
    ],
)
async def test_what_can_not_be_claimed_is_told_before_any_number_is_given(
    norway: Norway, changes: dict[str, Any], code: str
) -> None:
    found = await norway.channel.resolve(norway.inquiry(**changes))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == code
    outcome = await norway.deliver(norway.envelope(**changes))
    assert isinstance(outcome, Refused)
    assert outcome.verdict.code == code
    assert await norway.register.entries("", numbers.KIND) == []


@pytest.mark.parametrize("due", [date(2026, 11, 22), date(2027, 11, 21)])
async def test_the_first_and_the_last_due_date(norway: Norway, due: date) -> None:
    assert isinstance(await norway.deliver(norway.envelope(due_date=due)), Sent)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"account": "1"}, "`account` is no Norwegian account"),
        ({"reference_position": "5-1"}, "`reference_position`"),
        ({"reference_position": "8-12"}, "`reference_position`"),
        ({"notified_by": "post"}, "`notified_by`"),
        ({"issuer_name": "x"}, "`issuer_name` is not known"),
    ],
)
async def test_terms_that_are_wrong(norway: Norway, changes: dict[str, Any], says: str) -> None:
    given = {**TERMS, **changes}
    assert says in " ".join(terms.wrong(given))
    found = await norway.channel.resolve(replace(norway.inquiry(), terms=given))
    assert found.verdict.code == "avtalegiro.bad_terms"
    assert (await norway.channel.resolve(replace(norway.inquiry(), terms={}))).verdict.code == (
        "avtalegiro.no_terms"
    )


async def test_a_name_in_other_letters_becomes_one_that_the_files_have(norway: Norway) -> None:
    given = norway.envelope(number="1001 – 王")
    given = replace(given, recipient=replace(RECIPIENT, name="Dvořák\r\nNY000089"))
    outcome = await norway.deliver(given)
    assert isinstance(outcome, Sent)
    (assignment,) = reading.read(outcome.evidence[0].content).assignments
    assert isinstance(assignment, Claims)
    (claim,) = assignment.items
    assert claim.short_name == "Dvorák NY0"
    assert claim.reference == "Faktura 1001 - ? fra Havb"


def test_the_sandbox_s_files_are_in_the_format() -> None:
    items = (Agreement("26", Registration.ALL, notice=False),)
    made = Transmission(CENTRAL, "0000001", "00012345", (Agreements("0000001", ACCOUNT, items),))
    assert reading.read(writing.write(made)) == made
