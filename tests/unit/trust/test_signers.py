"""Every signing service, against its sandbox: the people there sign, decline, or do nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import MovableClock
from gateway.trust.signing import bankid_wire, hints, visma_wire
from gateway.trust.signing.bankid import BankId
from gateway.trust.signing.port import (
    Declined,
    Expired,
    NotNow,
    Order,
    Pending,
    Refused,
    Signatory,
    Signed,
    Signer,
    Started,
    State,
    Wish,
)
from gateway.trust.signing.sandbox import BankIdServer, VismaSignServer
from gateway.trust.signing.sandbox.people import ASTRID, BY_NUMBER, Conduct
from gateway.trust.signing.visma_sign import BadSecret, VismaSign
from transports.base import File

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DOCUMENT = File("confirmation.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n")
NUMBER = {conduct: number for number, conduct in BY_NUMBER.items()}
# The beginning of an address, for people who are told by that.
NAME = {
    Conduct.SIGNS: "astrid",
    Conduct.SLOW: "slow",
    Conduct.PENDING: "pending",
    Conduct.DECLINES: "declined",
    Conduct.LETS_EXPIRE: "expired",
    Conduct.DOWN: "down",
    Conduct.REFUSED: "refused",
}


def wish(conduct: Conduct) -> Wish:
    who = Signatory("Åsa Öst", f"{NAME[conduct]}@fjarden.example", "sv", NUMBER.get(conduct, ""))
    title, text = "Bekräftelse av vem Fjärden AB är", "Företag: Fjärden AB\n"
    return Wish("sgn_1", "Fjärden AB", "5560001116", who, title, text, DOCUMENT)


class Desk:
    """A signer, the server at its other end, and the clock of both."""

    def __init__(self, signer: Signer, server: VismaSignServer | BankIdServer) -> None:
        self.signer = signer
        self.server = server

    async def started(self, asked: Wish) -> Order | Refused | NotNow:
        """Has it begun, by the person too where they begin it themselves."""
        begun = await self.signer.start(asked)
        if isinstance(begun, Started) and isinstance(self.signer, BankId):
            begun = await self.signer.begin(asked, begun.order, "192.0.2.7", NOW)
        return begun.order if isinstance(begun, Started) else begun

    async def settled(self, order: Order, times: int = 6) -> State:
        """What came of it, asked so often at most."""
        state: State = Pending(order)
        for _ in range(times):
            state = await self.signer.collect(order)
            if not isinstance(state, Pending):
                break
            order = state.order
        return state


@asynccontextmanager
async def desk_of(name: str, clock: MovableClock) -> AsyncIterator[Desk]:
    server: VismaSignServer | BankIdServer
    if name == "visma_sign":
        server = VismaSignServer(now=clock.now)
        await server.start()
        signer: Signer = VismaSign(server.url, server.identifier, server.secret, clock)
    else:
        server = BankIdServer(now=clock.now)
        await server.start()
        signer = BankId(server.url, None, clock)
    try:
        yield Desk(signer, server)
    finally:
        await signer.close()
        await server.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture(params=["visma_sign", "bankid"])
async def desk(request: pytest.FixtureRequest, clock: MovableClock) -> AsyncIterator[Desk]:
    async with desk_of(request.param, clock) as made:
        yield made


@pytest.mark.parametrize("conduct", [Conduct.SIGNS, Conduct.SLOW])
async def test_who_signs_leaves_a_proof(desk: Desk, conduct: Conduct) -> None:
    order = await desk.started(wish(conduct))
    assert not isinstance(order, Refused | NotNow)
    signed = await desk.settled(order)
    assert isinstance(signed, Signed)
    assert signed.at == NOW and signed.proof.content
    if isinstance(desk.server, VismaSignServer):
        assert (signed.name, signed.personal_number) == ("Åsa Öst", "")
        assert signed.proof.content.startswith(DOCUMENT.content)
    else:
        proof = json.loads(signed.proof.content)
        assert base64.b64decode(proof["signature"]).decode() == wish(conduct).text
        assert signed.personal_number in (ASTRID, NUMBER[Conduct.SLOW])


async def test_who_does_nothing_is_waited_for(desk: Desk) -> None:
    order = await desk.started(wish(Conduct.PENDING))
    assert not isinstance(order, Refused | NotNow)
    state = await desk.settled(order)
    assert isinstance(state, Pending)
    assert hints.words(state.hint, "sv") != hints.words("no such word", "sv")


async def test_who_declines_has_declined(desk: Desk) -> None:
    order = await desk.started(wish(Conduct.DECLINES))
    assert not isinstance(order, Refused | NotNow)
    assert isinstance(await desk.settled(order), Declined)


async def test_what_runs_out_at_the_service(desk: Desk) -> None:
    order = await desk.started(wish(Conduct.LETS_EXPIRE))
    assert not isinstance(order, Refused | NotNow)
    state = await desk.settled(order)
    if isinstance(desk.server, VismaSignServer):
        assert isinstance(state, Expired)
    else:  # an order lives for minutes: the person may begin again
        assert state == Pending({"hint": "startFailed"}, "startFailed")


async def test_a_service_that_does_not_take_it(desk: Desk) -> None:
    refused = await desk.started(wish(Conduct.REFUSED))
    assert isinstance(refused, Refused)
    assert "127.0.0.1" not in refused.public_text


async def test_a_service_that_is_away_is_asked_again(desk: Desk) -> None:
    assert isinstance(await desk.started(wish(Conduct.DOWN)), NotNow)
    order = await desk.started(wish(Conduct.SIGNS))
    assert not isinstance(order, Refused | NotNow)
    desk.server.available = False
    assert isinstance(await desk.signer.collect(order), NotNow)
    assert isinstance(await desk.signer.cancel(order), NotNow)
    desk.server.available = True
    assert isinstance(await desk.settled(order), Signed)
    await desk.server.close()
    assert isinstance(await desk.signer.collect(order), NotNow)


async def test_what_was_taken_back_is_over(desk: Desk) -> None:
    order = await desk.started(wish(Conduct.SIGNS))
    assert not isinstance(order, Refused | NotNow)
    assert await desk.signer.cancel(order) is None
    state = await desk.signer.collect(order)
    assert isinstance(state, Expired) or state == Pending({"hint": "cancelled"}, "cancelled")
    assert await desk.signer.cancel(order) is None  # once more does no harm


async def test_requests_to_visma_are_signed_with_the_secret(clock: MovableClock) -> None:
    async with VismaSignServer(now=clock.now) as server:
        other = base64.b64encode(b"another secret").decode()
        signer = VismaSign(server.url, server.identifier, other, clock)
        begun = await signer.start(wish(Conduct.SIGNS))
        assert isinstance(begun, NotNow) and begun.code == "visma_sign.not_let_in"
        assert not server.documents
        await signer.close()
    with pytest.raises(BadSecret):
        VismaSign("http://127.0.0.1", "x", "not base64!", clock)


def test_a_signature_covers_method_body_type_date_and_path() -> None:
    given = ("POST", b"{}", "application/json", NOW)
    whole = visma_wire.headers("id", b"secret", given[0], "/api/v1/document/", *given[1:])
    assert whole["Date"] == "Sun, 22 Nov 2026 09:00:00 +0000"
    assert whole["Content-MD5"] == "mZFLkyvTelC5g8XnyQrpOw=="
    others = [
        visma_wire.headers("id", b"secret", "GET", "/api/v1/document/", *given[1:]),
        visma_wire.headers("id", b"secret", "POST", "/api/v1/document/?x", *given[1:]),
        visma_wire.headers("id", b"secret", "POST", "/api/v1/document/", b"[]", *given[2:]),
        visma_wire.headers("id", b"other", "POST", "/api/v1/document/", *given[1:]),
    ]
    assert len({one["Authorization"] for one in (whole, *others)}) == 5


async def test_visma_matches_a_number_only_where_that_is_set_up(clock: MovableClock) -> None:
    asked = wish(Conduct.SIGNS)
    asked = replace(asked, signatory=replace(asked.signatory, personal_number=ASTRID))
    async with VismaSignServer(now=clock.now) as server:
        plain = VismaSign(server.url, server.identifier, server.secret, clock)
        matching = VismaSign(
            server.url, server.identifier, server.secret, clock, identifier_type="ssn"
        )
        for signer in (plain, matching):
            assert isinstance(await signer.start(asked), Started)
            await signer.close()
        first, second = (one.invited for one in server.documents.values())
        assert "identifier" not in first
        assert (second["identifier_type"], second["identifier"]) == ("ssn", ASTRID)


async def test_visma_reminds_the_person(clock: MovableClock) -> None:
    async with VismaSignServer(now=clock.now) as server:
        signer = VismaSign(server.url, server.identifier, server.secret, clock)
        begun = await signer.start(wish(Conduct.PENDING))
        assert isinstance(begun, Started)
        assert await signer.remind(begun.order) is None
        (document,) = server.documents.values()
        assert document.reminded == 1
        await signer.close()


def test_the_qr_code_is_as_the_guide_has_it() -> None:
    token, secret = "67df3917-fa0d-44e5-b327-edcc928297f8", "d28db9a7-4cde-429e-a983-359be676944c"
    code = "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8"
    assert bankid_wire.qr(token, secret, timedelta()) == f"bankid.{token}.0.{code}"
    assert bankid_wire.qr(token, secret, timedelta(seconds=1.9)).split(".")[2] == "1"
    assert bankid_wire.qr(token, secret, timedelta(seconds=-3)).split(".")[2] == "0"


async def test_the_qr_code_changes_with_the_second(clock: MovableClock) -> None:
    async with BankIdServer(now=clock.now) as server:
        signer = BankId(server.url, None, clock)
        begun = await signer.begin(wish(Conduct.PENDING), {}, "192.0.2.7", NOW)
        assert isinstance(begun, Started)
        first = signer.qr(begun.order, clock.now())
        clock.move(timedelta(seconds=1))
        second = signer.qr(begun.order, clock.now())
        assert first and second and first != second
        assert signer.qr({}, clock.now()) is None
        assert signer.every(begun.order) == timedelta(seconds=2)
        (order,) = server.orders.values()
        assert (order.text, order.ip) == (wish(Conduct.PENDING).text, "192.0.2.7")
        assert order.person == NUMBER[Conduct.PENDING]
        # Begun again, it is the same order; after its time it is none.
        again = await signer.begin(wish(Conduct.PENDING), begun.order, "192.0.2.7", NOW)
        assert again == begun
        clock.move(timedelta(minutes=3))
        late = await signer.collect(begun.order)
        assert late == Pending({"hint": "expiredTransaction"}, "expiredTransaction")
        await signer.close()


async def test_a_second_order_of_the_same_person_ends_both(clock: MovableClock) -> None:
    async with BankIdServer(now=clock.now) as server:
        signer = BankId(server.url, None, clock)
        first = await signer.begin(wish(Conduct.PENDING), {}, "192.0.2.7", NOW)
        assert isinstance(first, Started)
        second = await signer.begin(wish(Conduct.PENDING), {}, "192.0.2.7", NOW)
        assert isinstance(second, NotNow) and second.code == "bankid.already_in_progress"
        assert await signer.collect(first.order) == Pending({"hint": "cancelled"}, "cancelled")
        await signer.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"status":"complete"}', b'{"status":"complete","completionData":[]}'],
)
def test_an_answer_that_is_none_is_not_taken_for_a_signature(content: bytes) -> None:
    with pytest.raises(bankid_wire.Malformed):
        bankid_wire.collected(content)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"document":{"status":7}}'])
def test_an_answer_without_a_status_is_none(content: bytes) -> None:
    with pytest.raises(visma_wire.Malformed):
        visma_wire.status(content)


@pytest.mark.parametrize("location", [None, "", "https://x/document/", "https://x/document/a%2Fb"])
def test_a_document_without_a_name_was_not_made(location: str | None) -> None:
    with pytest.raises(visma_wire.Malformed):
        visma_wire.made(location)


def test_a_text_that_bankid_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 40000"):
        bankid_wire.sign("x" * 30_001, "192.0.2.7", "")


@pytest.mark.parametrize("language", ["en", "sv", "nb"])
def test_each_hint_has_words_of_its_own(language: str) -> None:
    texts = hints._texts()
    assert texts[language].keys() == texts["en"].keys()
    assert hints.words("made up", language) == texts[language]["unknown"]
    assert hints.words("", language) == texts[language]["start"]
    assert hints.words("userSign", "fi") == texts["en"]["userSign"]


def test_personal_numbers_are_shown_nowhere() -> None:
    who = Signatory("Åsa", "a@b.example", "sv", ASTRID)
    signed = Signed("Åsa", ASTRID, NOW, DOCUMENT)
    assert ASTRID not in repr(who) and ASTRID not in repr(signed)
