"""What the Swedish internet bank keeps beyond the contract: consumers, batches, the distributor's
files, and its server's own ways."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import NOW, PERSONAL_NUMBER
from tests.contracts.channel_bank_se import (
    COMPANY,
    FUI,
    TERMS,
    consumer,
    invoice,
    settings,
)
from transports.bank_se.batches import Bounds
from transports.bank_se.driver import BankSe, BankSeSettings
from transports.bank_se.identifiers import Fmi, Fui, digest
from transports.bank_se.sandbox import MAGIC, Behaviour, Sandbox
from transports.bank_se.sftp import Server, Session, Trouble
from transports.bank_se.wire.batch import read_batch
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipt,
    Rejection,
    write_batch_receipt,
    write_invoice_receipts,
)
from transports.bank_se.wire.registrations import Registration
from transports.base import (
    Delivered,
    Entry,
    File,
    Inquiry,
    NotCollected,
    NotReachable,
    Outcome,
    Reachability,
    Reachable,
    Recipient,
    Refused,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
)

PERSON = MAGIC[Behaviour.ACCEPT]
FMI = Fmi(PERSON, "NB", "SE")


@dataclass
class House:
    """The channel with all it is made of."""

    distributor: Sandbox
    register: StoredRegister
    clock: MovableClock
    companies: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {COMPANY: TERMS})

    async def issuers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return list(self.companies.items())

    def channel(self, **more: Any) -> BankSe:
        set_up = settings(self.distributor, **more)
        return BankSe(set_up, self.register, self.issuers, now=self.clock.now)

    def driver(self, set_up: BankSeSettings) -> BankSe:
        return BankSe(set_up, self.register, self.issuers, now=self.clock.now)

    def file(self, name: str) -> Path:
        return self.distributor.directory / "out" / name

    def files(self, directory: str = "out") -> list[str]:
        there = self.distributor.directory / directory
        return sorted(each.name for each in there.iterdir() if each.is_file())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(tmp_path)
    async with Sandbox(now=clock.now) as distributor:
        yield House(distributor, StoredRegister(store, clock, "bank_se"), clock)
    await store.close()


@pytest.fixture
async def channel(house: House) -> AsyncIterator[BankSe]:
    channel = house.channel()
    yield channel
    await channel.close()


async def reports(channel: BankSe) -> list[Report]:
    found = [item async for item in channel.collect()]
    assert all(isinstance(item, Report) for item in found)
    return found  # type: ignore[return-value]


async def asked(
    channel: BankSe,
    recipient: Recipient | None = None,
    terms: Mapping[str, Any] = TERMS,
    company_id: str = COMPANY,
    **summary: Any,
) -> Reachability:
    blank = invoice()
    sender = replace(blank.sender, company_id=company_id)
    told = replace(blank.summary, **summary)
    return await channel.resolve(Inquiry(sender, recipient or consumer(), told, terms=terms))


def code(found: Reachability | Outcome) -> str:
    return found.verdict.code


def joins(
    id: str = "R-1", fmi: Fmi = FMI, customer: str = "", after_s: float = 0, fui: Fui = FUI
) -> Registration:
    return Registration(id, fui, fmi, NOW + timedelta(seconds=after_s), customer)


def leaves(id: str, fmi: Fmi = FMI, after_s: float = 1) -> Registration:
    return Registration(id, FUI, fmi, NOW + timedelta(seconds=after_s), leaves=True)


# --- consumers ----------------------------------------------------------------------------------


async def test_a_consumer_registers_and_is_reached(house: House, channel: BankSe) -> None:
    assert code(await asked(channel)) == "bank_se.not_registered"
    name = house.distributor.register(joins())
    assert await reports(channel) == []
    found = await asked(channel)
    assert isinstance(found, Reachable)
    assert found.address == "NB.SE"
    assert code(found) == "bank_se.registered"
    answer = house.distributor.answers["R-1"]
    assert answer.rejection is None
    assert house.files() == []
    assert house.files("out/done") == [name]


async def test_nothing_that_is_kept_holds_the_number(house: House, channel: BankSe) -> None:
    house.distributor.register(joins(customer="10001"))
    await reports(channel)
    entry = await house.register.get(COMPANY, "consumer", digest(FUI, PERSON))
    assert entry is not None
    assert entry.data == {"banks": {"NB.SE": {"at": NOW.isoformat(), "left": False}}}
    assert PERSON[2:] not in str(entry)


async def test_wrong_customer_data_are_answered_with_the_reason(
    house: House, channel: BankSe
) -> None:
    wanted = {"least": 5, "most": 5, "check_digit": True}
    house.companies[COMPANY] = {**TERMS, "customer_number": wanted}
    house.distributor.register(joins("R-1", customer="10001"), joins("R-2", customer="18"))
    await reports(channel)
    first, second = (house.distributor.answers[id].rejection for id in ("R-1", "R-2"))
    assert first == Rejection("customer_data", "The customer number has a wrong check digit.")
    assert second == Rejection("customer_data", "The customer number has 5 digits, not 2.")
    assert code(await asked(channel)) == "bank_se.not_registered"
    house.distributor.register(joins("R-3", customer="10009"))
    await reports(channel)
    assert house.distributor.answers["R-3"].rejection is None
    assert isinstance(await asked(channel), Reachable)


async def test_a_consumer_leaves(house: House, channel: BankSe) -> None:
    house.distributor.register(joins(), leaves("R-2"))
    await reports(channel)
    assert house.distributor.answers.keys() == {"R-1", "R-2"}
    assert code(await asked(channel)) == "bank_se.not_registered"
    house.distributor.register(joins("R-3", after_s=2))
    await reports(channel)
    assert isinstance(await asked(channel), Reachable)


async def test_an_older_line_that_is_read_late_brings_nobody_back(
    house: House, channel: BankSe
) -> None:
    house.distributor.register(leaves("R-2", after_s=5))
    await reports(channel)
    house.distributor.register(joins("R-1"))
    await reports(channel)
    assert code(await asked(channel)) == "bank_se.not_registered"
    assert house.distributor.answers.keys() == {"R-1", "R-2"}


async def test_who_left_is_forgotten_after_a_month(house: House, channel: BankSe) -> None:
    house.distributor.register(joins(), leaves("R-2"))
    await reports(channel)
    place = (COMPANY, "consumer", digest(FUI, PERSON))
    assert await house.register.get(*place) is not None
    house.clock.move(timedelta(days=31))
    await reports(channel)
    assert await house.register.get(*place) is None


async def test_somebody_in_two_banks(house: House, channel: BankSe) -> None:
    other = Fmi(PERSON, "FSPA", "SE")
    house.distributor.register(joins(), joins("R-2", other, after_s=1))
    await reports(channel)
    found = await asked(channel)
    assert isinstance(found, Reachable)
    assert found.address == "FSPA.SE", "the newest"
    chosen = await asked(channel, replace(consumer(), fmi=str(FMI)))
    assert isinstance(chosen, Reachable)
    assert chosen.address == "NB.SE"
    third = await asked(channel, replace(consumer(), fmi=f"{PERSON}.DNB.SE"))
    assert isinstance(third, Reachable)
    assert third.address == "FSPA.SE", "a bank that the consumer has not registered in"
    house.distributor.register(leaves("R-3", other, after_s=2))
    await reports(channel)
    found = await asked(channel)
    assert isinstance(found, Reachable)
    assert found.address == "NB.SE"


async def test_sole_traders_and_companies_register_too(house: House, channel: BankSe) -> None:
    trader, company = (Fmi.parse(f"{who}.NB.SE") for who in ("196505030004", "005560169095"))
    house.distributor.register(joins("R-1", trader), joins("R-2", company))
    await reports(channel)
    for number in ("6505030004", "5560169095"):
        found = await asked(channel, Recipient("A", "SE", organisation_number=number))
        assert isinstance(found, Reachable)


async def test_what_one_company_was_told_is_nothing_to_another(
    house: House, channel: BankSe
) -> None:
    other = {**TERMS, "fui": "005567321707.00003333333.NB.SE"}
    house.companies["cmp_other"] = other
    house.distributor.register(joins())
    await reports(channel)
    assert isinstance(await asked(channel), Reachable)
    for terms in (other, TERMS):
        found = await asked(channel, terms=terms, company_id="cmp_other")
        assert code(found) == "bank_se.not_registered"


async def test_a_fui_that_two_claim_is_nobodys_until_one_does(
    house: House, channel: BankSe
) -> None:
    house.companies["cmp_other"] = TERMS
    house.distributor.register(joins())
    await reports(channel)
    assert house.distributor.answers == {}
    assert code(await asked(channel)) == "bank_se.not_registered"
    del house.companies["cmp_other"]
    await reports(channel)
    assert house.distributor.answers == {}, "it is looked at every hour"
    house.clock.move(timedelta(hours=1))
    await reports(channel)
    assert house.distributor.answers.keys() == {"R-1"}
    assert isinstance(await asked(channel), Reachable)


async def test_registrations_wait_while_none_are_accepted(house: House, channel: BankSe) -> None:
    house.companies[COMPANY] = {**TERMS, "accept_registrations": False}
    house.distributor.register(joins(), leaves("R-2", Fmi(PERSON, "FSPA", "SE")))
    await reports(channel)
    assert house.distributor.answers.keys() == {"R-2"}, "nobody is kept from leaving"
    house.companies[COMPANY] = TERMS
    house.clock.move(timedelta(hours=1))
    await reports(channel)
    assert house.distributor.answers.keys() == {"R-1", "R-2"}


async def test_terms_that_are_wrong_wait_like_none(house: House, channel: BankSe) -> None:
    house.companies = {COMPANY: {"fui": str(FUI)}}
    house.distributor.register(joins())
    await reports(channel)
    assert house.distributor.answers == {}


async def test_more_registrations_than_a_page(house: House, channel: BankSe) -> None:
    people = [f"19000101{n:03}" for n in range(150)]
    fmis = [Fmi(one + "0", "NB", "SE") for one in people]
    good = [one for one in map(_right, fmis) if one is not None]
    house.distributor.register(*(joins(f"R-{n}", fmi) for n, fmi in enumerate(good)))
    await reports(channel)
    assert len(good) == len(house.distributor.answers) == 150


def _right(fmi: Fmi) -> Fmi | None:
    for digit in "0123456789":
        try:
            return Fmi.parse(f"{fmi.person[:-1]}{digit}.{fmi.place}")
        except ValueError:
            continue
    return None


async def test_two_that_collect_at_once_agree(house: House) -> None:
    one, two = house.channel(), house.channel()
    house.distributor.register(*(joins(f"R-{n}", after_s=n) for n in range(10)))
    await asyncio.gather(reports(one), reports(two))
    await reports(one)  # what one of them left to the other
    assert len(house.distributor.answers) == 10
    assert isinstance(await asked(one), Reachable)


async def test_an_answer_that_did_not_go_is_given_later(house: House, channel: BankSe) -> None:
    house.distributor.register(joins())
    house.distributor.writable = False
    with pytest.raises(NotCollected) as told:
        await reports(channel)
    assert told.value.verdict.code == "bank_se.not_collected"
    assert isinstance(await asked(channel), Reachable)
    assert house.distributor.answers == {}
    house.distributor.writable = True
    await reports(house.channel())
    assert house.distributor.answers.keys() == {"R-1"}


# --- who can be reached -------------------------------------------------------------------------


async def test_an_fmi_counts_alone_where_the_terms_trust_it(channel: BankSe) -> None:
    given = replace(consumer(), fmi=str(FMI))
    told = await asked(channel, given)
    assert isinstance(told, NotReachable)
    assert "trust_fmi" in told.verdict.public_text
    trusted = await asked(channel, given, {**TERMS, "trust_fmi": True})
    assert isinstance(trusted, Reachable)
    assert (trusted.address, code(trusted)) == ("NB.SE", "bank_se.given_fmi")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, "bank_se.no_terms"),
        ({"fui": "x"}, "bank_se.bad_terms"),
        ({**TERMS, "fui": "005560169095.00002222222.FSPA.SE"}, "bank_se.other_seller"),
    ],
)
async def test_terms_that_can_not_be_used(
    house: House, channel: BankSe, terms: Mapping[str, Any], expected: str
) -> None:
    found = await asked(channel, terms=terms)
    assert isinstance(found, NotReachable)
    assert code(found) == expected
    refused = await channel.deliver(replace(invoice(), terms=terms))
    assert isinstance(refused, Refused)
    assert code(refused) == expected
    assert house.distributor.batches == {}


async def test_terms_are_checked_for_those_who_set_them(channel: BankSe) -> None:
    assert channel.wrong(TERMS) == ()
    assert len(channel.wrong({})) == 2


async def test_an_invoice_that_can_not_be_paid_is_told_and_never_goes(
    house: House, channel: BankSe
) -> None:
    found = await asked(channel, payment_reference="1001004", due_date=None)
    assert isinstance(found, NotReachable)
    assert code(found) == "bank_se.not_payable"
    assert "no due date" in found.verdict.public_text
    assert "is 4; it has to be 7" in found.verdict.public_text
    wrong = replace(invoice(), summary=replace(invoice().summary, payment_reference="1001004"))
    refused = await channel.deliver(wrong)
    assert isinstance(refused, Refused)
    assert code(refused) == "bank_se.not_payable"
    again = await channel.deliver(replace(wrong, repeated=True))
    assert isinstance(again, Unknown), "the distributor may have it"
    assert house.distributor.batches == {}


async def test_a_soft_control_lets_it_go_and_says_so(house: House, channel: BankSe) -> None:
    house.distributor.register(joins())
    await reports(channel)
    soft = {**TERMS, "bankgiros": [{"number": "5050-1055", "ocr": "soft"}]}
    found = await asked(channel, terms=soft, payment_reference="1001004")
    assert isinstance(found, Reachable)
    assert "it has to be 7" in found.verdict.public_text


async def test_a_credit_note_has_nothing_to_be_paid(house: House, channel: BankSe) -> None:
    house.distributor.register(joins())
    await reports(channel)
    nothing: dict[str, Any] = {"accounts": (), "payment_reference": None, "due_date": None}
    for more in ({"credit_note": True}, {"amount_due": Decimal(0)}):
        assert isinstance(await asked(channel, **nothing, **more), Reachable)


@pytest.mark.parametrize(
    ("document", "expected"),
    [(b"x" * 2000, "bank_se.too_large"), (b"<a/>", "bank_se.bad_document")],
)
async def test_a_document_that_can_not_go(house: House, document: bytes, expected: str) -> None:
    channel = house.channel(most_invoice_bytes=1000)
    given = replace(invoice(), document=File("a.xml", "application/xml", document), attachments=())
    refused = await channel.deliver(given)
    assert isinstance(refused, Refused)
    assert code(refused) == expected


# --- batches ------------------------------------------------------------------------------------


async def test_the_distributor_has_it_as_it_was_given(house: House, channel: BankSe) -> None:
    given = invoice()
    sent = await channel.deliver(given)
    assert isinstance(sent, Sent)
    assert sent.expects == "report"
    assert sent.until == NOW + timedelta(days=14)
    kept = house.distributor.invoices[given.key]
    assert sent.reference == kept.batch
    assert (kept.entry.fui, kept.entry.fmi) == (FUI, FMI)
    assert b">P01<" in kept.entry.document
    assert f">{FMI}<".encode() in kept.entry.document
    assert kept.entry.attachments == given.attachments
    request, answer = sent.evidence
    assert request.content == kept.line
    assert kept.batch.encode() in answer.content
    assert b".tmp to in/batch-" in answer.content
    assert PERSON.encode() not in answer.content


async def test_a_page_of_what_the_distributor_has_masks_people(
    house: House, channel: BankSe
) -> None:
    document = (
        b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" '
        b'xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        b"<c:ID>F-1</c:ID></Invoice>"
    )
    await channel.deliver(
        replace(invoice(Behaviour.REJECT), document=File("a.xml", "application/xml", document))
    )
    (before,) = house.distributor.received()
    house.clock.move(timedelta(seconds=2))
    (after,) = house.distributor.received()
    assert (before["state"], after["state"]) == ("taken", "rejected")
    assert (after["to"], after["number"], after["requests"]) == ("19**********.NB.SE", "F-1", 1)


async def test_those_that_come_together_go_in_one_file(house: House) -> None:
    channel = house.driver(replace(settings(house.distributor), bounds=Bounds(entries=30)))
    given = [invoice(name=str(n)) for n in range(30)]
    outcomes = await asyncio.gather(*map(channel.deliver, given))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    ((name, content),) = house.distributor.batches.items()
    assert {entry.key for entry in read_batch(content)} == {each.key for each in given}
    assert {outcome.reference for outcome in outcomes if isinstance(outcome, Sent)} == {name}
    assert house.files("in") == []


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour.DENY, Behaviour.FULL, Behaviour.BREAK, Behaviour.LOSE, Behaviour.DROP],
)
async def test_after_trouble_the_same_invoice_is_there_once(
    house: House, channel: BankSe, behaviour: Behaviour
) -> None:
    given = invoice(behaviour)
    first = await channel.deliver(given)
    second = await channel.deliver(replace(given, repeated=True))
    assert isinstance(first, TryLater | Unknown)
    assert isinstance(second, Sent), second
    assert list(house.distributor.invoices) == [given.key]
    assert house.distributor.conflicts == []


async def test_a_file_that_is_there_already_is_the_same(house: House, channel: BankSe) -> None:
    """The distributor has not fetched the batch yet, and we were not told that it is up."""
    given = invoice()
    await channel.deliver(given)
    ((name, content),) = house.distributor.batches.items()
    (house.distributor.directory / "in" / name).write_bytes(content)
    again = await channel.deliver(replace(given, repeated=True))
    assert isinstance(again, Sent)
    assert house.files("in") == [name], "and nothing half written beside it"


async def test_another_file_of_that_name_is_an_error(house: House, channel: BankSe) -> None:
    given = invoice()
    await channel.deliver(given)
    ((name, _),) = house.distributor.batches.items()
    (house.distributor.directory / "in" / name).write_bytes(b"other")
    outcome = await channel.deliver(given)
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "bank_se.failed"


async def test_closing_while_it_goes_leaves_it_unknown(house: House) -> None:
    channel = house.channel()
    task = asyncio.create_task(channel.deliver(invoice(Behaviour.HANG)))
    async with asyncio.timeout(60):
        while not house.distributor.open:
            await asyncio.sleep(0.005)
    await channel.close()
    outcome = await task
    assert isinstance(outcome, Unknown)
    assert outcome.evidence[0].kind == "request"


def test_a_distributor_that_knows_no_keys_is_driven_with_care(house: House) -> None:
    assert house.channel().repeat is Repeat.SAFE
    assert house.channel(recognises_key=False).repeat is Repeat.HOLD


# --- logging in ---------------------------------------------------------------------------------


def at(house: House, change: Callable[[Server], Server]) -> BankSe:
    set_up = settings(house.distributor)
    return house.driver(replace(set_up, server=change(set_up.server)))


async def test_a_wrong_password_is_our_own_trouble(house: House) -> None:
    channel = at(house, lambda server: replace(server, password="hunter2"))
    outcome = await channel.deliver(invoice())
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "bank_se.login_refused"
    assert not outcome.answered
    assert "hunter2" not in repr(outcome)


async def test_another_server_is_not_talked_to(house: House) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    channel = at(house, lambda server: replace(server, host_key=other))
    outcome = await channel.deliver(invoice())
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "bank_se.host_key"
    with pytest.raises(NotCollected):
        await reports(channel)
    assert house.distributor.batches == {}


async def test_we_log_in_with_a_key(house: House) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    private = key.export_private_key("pkcs8-pem", passphrase="locked").decode()
    channel = at(
        house,
        lambda server: replace(server, password=None, client_key=private, passphrase="locked"),
    )
    assert code(await channel.deliver(invoice())) == "bank_se.login_refused"
    house.distributor.client_key = key.export_public_key().decode()
    assert isinstance(await channel.deliver(invoice()), Sent)


async def test_a_server_that_lets_nobody_in(house: House, channel: BankSe) -> None:
    house.distributor.available = False
    outcome = await channel.deliver(invoice())
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "bank_se.unreachable"


async def test_a_server_that_never_greets() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        session = Session()
        with pytest.raises(Trouble) as trouble:
            async with session.open(Server("127.0.0.1", port, "us", key, "p"), 3):
                raise AssertionError("nobody is there")
    assert (trouble.value.name, trouble.value.unknown) == ("timeout", False)


# --- what comes back ----------------------------------------------------------------------------


async def test_an_invoice_is_taken_then_delivered(house: House, channel: BankSe) -> None:
    given = invoice()
    await channel.deliver(given)
    assert await reports(channel) == []
    house.clock.move(timedelta(seconds=1))
    (taken,) = await reports(channel)
    assert (taken.key, type(taken.outcome), code(taken.outcome)) == (
        given.key,
        Sent,
        "bank_se.taken",
    )
    house.clock.move(timedelta(seconds=1))
    (delivered,) = await reports(channel)
    assert (delivered.key, type(delivered.outcome)) == (given.key, Delivered)
    assert code(delivered.outcome) == "bank_se.delivered"
    (evidence,) = delivered.outcome.evidence
    assert evidence.kind == "report"
    assert b'state="delivered"' in evidence.content
    assert await reports(channel) == []


@pytest.mark.parametrize(
    ("behaviour", "codes"),
    [
        (Behaviour.REJECT, ["bank_se.taken", "bank_se.rejected"]),
        (Behaviour.OTHER_DISTRIBUTOR, ["bank_se.taken", "bank_se.other_distributor"]),
        (Behaviour.UNREADABLE, ["bank_se.batch_rejected"]),
        (Behaviour.SILENT, []),
    ],
)
async def test_what_becomes_of_it(
    house: House, channel: BankSe, behaviour: Behaviour, codes: list[str]
) -> None:
    given = invoice(behaviour)
    await channel.deliver(given)
    house.clock.move(timedelta(seconds=10))
    found = await reports(channel)
    assert [code(report.outcome) for report in found] == codes
    assert all(report.key == given.key for report in found)
    if codes:
        assert isinstance(found[-1].outcome, Refused)
        assert any(char.isdigit() for char in found[-1].outcome.verdict.public_text)


async def test_a_batch_that_is_rejected_rejects_all_in_it(house: House, channel: BankSe) -> None:
    given = [invoice(Behaviour.UNREADABLE), invoice(name="beside")]
    await asyncio.gather(*map(channel.deliver, given))
    house.clock.move(timedelta(seconds=10))
    found = await reports(channel)
    assert {report.key for report in found} == {each.key for each in given}
    assert len({report.id for report in found}) == 2
    assert all(isinstance(report.outcome, Refused) for report in found)


async def test_a_partners_words_are_masked(house: House, channel: BankSe) -> None:
    given = invoice()
    words = f"Kunden {PERSONAL_NUMBER[:8]}-{PERSONAL_NUMBER[8:]} ({PERSONAL_NUMBER[2:]}) finns inte"
    receipt = InvoiceReceipt(given.key, Rejection("410", words))
    house.file("1.xml").write_bytes(write_invoice_receipts("C-1", [receipt]))
    (report,) = await reports(channel)
    verdict = report.outcome.verdict
    assert "Kunden (a number) ((a number)) finns inte" in verdict.text
    assert verdict.public_text == "The bank rejected the invoice. Its number for that: 410."


async def test_what_was_told_is_told_again_after_a_restart(house: House, channel: BankSe) -> None:
    await channel.deliver(invoice())
    house.clock.move(timedelta(seconds=10))
    before = await reports(channel)
    assert len(before) == 2
    after = await reports(house.channel())
    assert [each.id for each in after] == [each.id for each in before]


async def test_a_round_that_breaks_off_loses_no_report(house: House, channel: BankSe) -> None:
    await channel.deliver(invoice())
    house.clock.move(timedelta(seconds=10))
    source = channel.collect()
    first = await anext(source)
    await source.aclose()  # type: ignore[attr-defined]
    assert isinstance(first, Report)
    assert (await reports(channel))[0].id == first.id


async def test_receipts_are_put_away_by_the_visit_after_they_were_taken(
    house: House, channel: BankSe
) -> None:
    await channel.deliver(invoice())
    house.clock.move(timedelta(seconds=10))
    await reports(channel)
    there = house.files()
    assert len(there) == 2
    house.clock.move(timedelta(minutes=2))
    assert await reports(channel) == []
    assert house.files() == []
    assert house.files("out/done") == there


async def test_a_file_that_is_no_such_file_does_not_keep_others_back(
    house: House, channel: BankSe
) -> None:
    given = invoice()
    house.file("1-bad.xml").write_bytes(b"EFB0001")
    house.file("2-large.xml").write_bytes(b" " * 3000)
    unknown = write_batch_receipt(BatchReceipt("C-9", "batch-nobody.xml"))
    house.file("3-unknown.xml").write_bytes(unknown)
    house.file("4-good.xml").write_bytes(write_invoice_receipts("C-1", [InvoiceReceipt(given.key)]))
    channel = house.channel(most_file_bytes=2000)
    found = []
    with pytest.raises(NotCollected) as told:
        async for item in channel.collect():
            found.append(item)
    assert told.value.verdict.code == "bank_se.not_collected"
    assert [item.key for item in found if isinstance(item, Report)] == [given.key]
    assert house.files("out/failed") == ["1-bad.xml", "2-large.xml", "3-unknown.xml"]
    assert await reports(channel) == []


async def test_a_file_that_is_being_written_is_left_alone(house: House, channel: BankSe) -> None:
    house.file("1.xml.tmp").write_bytes(b"<Invoi")
    assert await reports(channel) == []
    assert house.files() == ["1.xml.tmp"]


async def test_what_can_not_be_a_file_of_ours_is_left_alone(house: House, channel: BankSe) -> None:
    house.file("inner.xml").mkdir()
    (house.distributor.directory / "out" / os.fsdecode(b"\xff.xml")).write_bytes(b"")
    house.file("en fil.xml").write_bytes(b"")
    assert await reports(channel) == []
    assert len(house.files()) == 2


async def test_it_does_not_look_more_often_than_it_should(house: House) -> None:
    set_up = replace(settings(house.distributor), collect_every_s=60)
    channel = house.driver(set_up)
    await reports(channel)
    house.distributor.register(joins())
    await reports(channel)
    assert house.distributor.answers == {}
    house.clock.move(timedelta(seconds=60))
    await reports(channel)
    assert house.distributor.answers.keys() == {"R-1"}


async def test_more_than_a_visit_takes_is_fetched_by_the_next_at_once(house: House) -> None:
    for n in range(5):
        content = write_invoice_receipts(f"C-{n}", [InvoiceReceipt(invoice(name=str(n)).key)])
        house.file(f"{n}.xml").write_bytes(content)
    set_up = replace(settings(house.distributor), collect_every_s=60, most_file_bytes=300)
    channel = house.driver(set_up)
    rounds = [await reports(channel) for _ in range(4)]
    assert [len(found) for found in rounds] == [2, 2, 1, 0]


async def test_what_is_remembered_of_batches_ends(house: House, channel: BankSe) -> None:
    await channel.deliver(invoice(Behaviour.SILENT))
    (name,) = house.distributor.batches
    assert isinstance(await house.register.get("", "batch", name), Entry)
    house.clock.move(timedelta(days=91))
    await reports(channel)
    assert await house.register.get("", "batch", name) is None
