"""The contract of publishers, kept by both: our own, in a store, and another's, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gateway.registration.offers import (
    AccessPointAddress,
    Elsewhere,
    Entry,
    Offer,
    Takes,
    fingerprint,
    publication,
)
from gateway.registration.own import OwnPublisher
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from tests.peppol.publishers import ID, OURS, Ours, ours
from transports.peppol import tls
from transports.peppol.business_card import read_card
from transports.peppol.discovery import Found
from transports.peppol.publishing import Publication, Publisher, Refused, Settled, Unsettled
from transports.peppol.sandbox.network import SMP_ID
from transports.peppol.sandbox.smp_writing import PASSWORD, USER
from transports.peppol.service_metadata import card_path, group_path, parse, read_group
from transports.peppol.smp_admin import SmpAdmin, basic
from transports.peppol.smp_server import SmpServer

OTHER = Participant.parse("0088:123AbC")
ENTRY = Entry("Åäö & <Söner> AB", "SE", "Umeå", "https://aao.example", "a@aao.example", "+46 90 1")


@dataclass
class At:
    """A publisher, and the network around it."""

    ours: Ours
    publisher: Publisher

    def made(self, offer: Offer, participant: Participant = OURS) -> Publication:
        return publication(offer, participant, self.ours.at)

    async def kinds(self, participant: Participant = OURS) -> set[str] | None:
        """What the publisher lists, None when it knows no such participant."""
        async with self.ours.session.get(self.publisher.url + group_path(participant)) as response:
            if response.status == 404:
                return None
            return {one.root for one in read_group(parse(await response.read()))}

    async def card(self) -> object:
        async with self.ours.session.get(self.publisher.url + card_path(OURS)) as response:
            if response.status == 404:
                return None
            return read_card(parse(await response.read()))


@asynccontextmanager
async def own(folder: Path) -> AsyncIterator[At]:
    async with AsyncExitStack() as up:
        at = await up.enter_async_context(ours(folder))
        store = await SqliteStore.open(folder / "data")
        up.push_async_callback(store.close)
        publisher = OwnPublisher(store, at.url, at.at)
        server = SmpServer(publisher, at.key.private, at.key.certificate, at.url)
        app = web.Application()
        app.add_routes(server.routes("/smp"))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        up.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        publisher.url = server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/smp"
        at.network.locator.settle(ID, publisher.url, at.key.certificate)
        yield At(at, publisher)


@asynccontextmanager
async def foreign(folder: Path) -> AsyncIterator[At]:
    async with ours(folder) as at:
        login = basic(USER, PASSWORD)
        yield At(at, SmpAdmin(at.session, f"{at.network.publisher.base_url}/", login))


MAKERS = {"own": own, "foreign": foreign}


@pytest.fixture(params=MAKERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[At]:
    async with MAKERS[request.param](tmp_path) as made:
        yield made


# --- the contract -----------------------------------------------------------------------------


async def test_what_is_published_is_found(at: At) -> None:
    assert await at.publisher.publish(at.made(Offer())) == Settled()
    if not at.publisher.enters:
        at.ours.network.locator.enter(OURS, ID)
    assert await at.kinds() == {"Invoice", "CreditNote", "ApplicationResponse"}
    found = await at.ours.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS)
    assert isinstance(found, Found)
    assert (found.endpoint.address, found.certificate) == (
        *(at.ours.at.url, at.ours.at.certificate),
    )


async def test_published_again_it_is_exactly_what_was_said_last(at: At) -> None:
    await at.publisher.publish(at.made(Offer(entry=ENTRY)))
    for offer in (
        Offer(takes=(Takes.INVOICE,)),
        Offer(takes=(Takes.INVOICE, Takes.CREDIT_NOTE), entry=ENTRY),
        Offer(takes=(Takes.CREDIT_NOTE,)),
    ):
        for _ in range(2):  # a repeat changes nothing
            assert await at.publisher.publish(at.made(offer)) == Settled()
        wanted = {Takes.INVOICE: "Invoice", Takes.CREDIT_NOTE: "CreditNote"}
        assert await at.kinds() == {wanted[one] for one in offer.takes}
        made = at.made(offer)
        assert await at.card() == made.card


async def test_withdrawn_it_is_gone_and_again_is_no_fault(at: At) -> None:
    assert await at.publisher.withdraw(OURS) == Settled()
    await at.publisher.publish(at.made(Offer(entry=ENTRY)))
    await at.publisher.publish(at.made(Offer(), OTHER))
    for _ in range(2):
        assert await at.publisher.withdraw(OURS) == Settled()
        assert await at.kinds() is None
        assert await at.card() is None
    assert await at.kinds(OTHER) is not None


async def test_case_is_nothing_in_a_participant(at: At) -> None:
    await at.publisher.publish(at.made(Offer(), OTHER))
    shouted = Participant.parse(str(OTHER).upper())
    assert await at.publisher.publish(at.made(Offer(takes=(Takes.INVOICE,)), shouted)) == Settled()
    assert await at.kinds(OTHER) == {"Invoice"}
    assert await at.publisher.withdraw(Participant.parse(str(OTHER).lower())) == Settled()
    assert await at.kinds(OTHER) is None


async def test_another_publisher_can_have_its_documents(at: At) -> None:
    offer = Offer(takes=(Takes.INVOICE,), redirect=Elsewhere("http://there.example", "PSM000001"))
    assert await at.publisher.publish(at.made(offer)) == Settled()
    assert await at.kinds() == {"Invoice"}
    assert await at.publisher.publish(at.made(Offer(takes=(Takes.INVOICE,)))) == Settled()


# --- our own ----------------------------------------------------------------------------------


async def test_a_renewed_certificate_is_shown_at_once(tmp_path: Path) -> None:
    async with own(tmp_path) as at:
        assert isinstance(at.publisher, OwnPublisher)
        first = at.made(Offer(activates_at=at.ours.clock.now(), entry=ENTRY))
        await at.publisher.publish(first)
        assert await at.publisher.publication(OURS) == first
        leaf = at.ours.network.authority.leaf("POP000002", renewed=True)
        renewed = AccessPointAddress("http://127.0.0.1:10/as4", leaf.certificate)
        store = at.publisher._store
        shown = await OwnPublisher(store, at.publisher.url, renewed).publication(OURS)
        wanted = publication(Offer(activates_at=at.ours.clock.now(), entry=ENTRY), OURS, renewed)
        assert shown is not None
        assert [one.document_type for one in shown.services] == [
            one.document_type for one in wanted.services
        ]
        (service, *_) = shown.services
        assert not hasattr(service, "certificate_uid")
        ((_, (endpoint,)),) = service.processes  # type: ignore[union-attr]
        assert endpoint.address == "http://127.0.0.1:10/as4"
        assert fingerprint(wanted) != fingerprint(first)


async def test_a_store_that_is_closed_is_asked_again(tmp_path: Path) -> None:
    async with own(tmp_path) as at:
        assert isinstance(at.publisher, OwnPublisher)
        await at.publisher._store.close()  # type: ignore[attr-defined]
        for said in (
            await at.publisher.publish(at.made(Offer())),
            await at.publisher.withdraw(OURS),
        ):
            assert isinstance(said, Unsettled) and said.code == "store_unavailable"
        async with at.ours.session.get(at.publisher.url + group_path(OURS)) as response:
            assert response.status == 503


# --- another's --------------------------------------------------------------------------------


async def test_another_s_publisher_tells_the_locator_itself(tmp_path: Path) -> None:
    async with foreign(tmp_path) as at:
        await at.publisher.publish(at.made(Offer()))
        assert at.ours.network.locator.participants[OURS] == SMP_ID
        await at.publisher.withdraw(OURS)
        assert OURS not in at.ours.network.locator.participants


async def test_a_wrong_password_is_ours_to_mend(tmp_path: Path) -> None:
    async with foreign(tmp_path) as at:
        url = at.ours.network.publisher.base_url
        for login in (None, basic(USER, "wrong")):
            publisher = SmpAdmin(at.ours.session, url, login)
            said = await publisher.publish(at.made(Offer()))
            assert isinstance(said, Unsettled) and said.code == "smp_unauthorized"
        assert await at.kinds() is None


def _answers(status: int, text: str = "") -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            raise web.HTTPNotFound
        return web.Response(status=status, text=text)

    return answer


async def _answer_a_page(request: web.Request) -> web.Response:
    return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")


async def _answer_no_end(request: web.Request) -> web.Response:
    return web.Response(body=b"<a>" + b" " * 2**21)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (_answers(400, "This participant is registered elsewhere."), Refused, "smp_refused"),
        (_answers(409), Refused, "smp_refused"),
        (_answers(404), Refused, "smp_refused"),
        (_answers(405), Refused, "smp_not_supported"),
        (_answers(429), Unsettled, "smp_unavailable"),
        (_answers(500), Unsettled, "smp_unavailable"),
        (_answers(502, "<html>Bad gateway"), Unsettled, "smp_unavailable"),
        (_answers(302), Unsettled, "smp_unavailable"),
        (_answer_a_page, Unsettled, "smp_unreadable"),
        (_answer_no_end, Unsettled, "smp_unreadable"),
    ],
)
async def test_a_no_and_a_silence_are_different_things(
    tmp_path: Path,
    answer: Callable[[web.Request], Awaitable[web.Response]],
    kind: type[Refused] | type[Unsettled],
    code: str,
) -> None:
    async with foreign(tmp_path) as at, AsyncExitStack() as up:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        up.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        publisher = SmpAdmin(at.ours.session, f"http://127.0.0.1:{runner.addresses[0][1]}")
        said = await publisher.publish(at.made(Offer()))
    assert isinstance(said, kind), said
    assert said.code == code
    if code == "smp_refused" and "elsewhere" in said.text:
        assert "400" in said.text


async def test_a_publisher_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    async with foreign(tmp_path) as at:
        publisher = SmpAdmin(at.ours.session, "http://127.0.0.1:9")
        assert isinstance(await publisher.publish(at.made(Offer())), Unsettled)
        assert isinstance(await publisher.withdraw(OURS), Unsettled)


async def test_our_certificate_is_shown_to_a_publisher_that_asks_for_one(tmp_path: Path) -> None:
    """The locator is a server that asks for a publisher's certificate: it serves as one here."""
    async with foreign(tmp_path) as at:
        url = at.ours.network.locator.url
        context = tls.client(at.ours.key, at.ours.ca_file)
        said = await SmpAdmin(at.ours.session, url, None, context).withdraw(OURS)
        assert isinstance(said, Refused) and said.code == "smp_not_supported"  # it was heard
        said = await SmpAdmin(at.ours.session, url, None, None).withdraw(OURS)
        assert isinstance(said, Unsettled) and said.code == "smp_unavailable"


# --- offers -----------------------------------------------------------------------------------


async def test_a_publication_changes_when_what_senders_see_does(tmp_path: Path) -> None:
    async with foreign(tmp_path) as at:
        now = at.ours.clock.now()
        offers = [
            Offer(),
            Offer(takes=(Takes.INVOICE,)),
            Offer(activates_at=now),
            Offer(expires_at=now + timedelta(days=1)),
            Offer(entry=ENTRY),
            Offer(entry=replace(ENTRY, phone="")),
            Offer(redirect=Elsewhere("http://there.example", "A")),
            Offer(redirect=Elsewhere("http://there.example", "B")),
        ]
        prints = [fingerprint(at.made(offer)) for offer in offers]
        assert len(set(prints)) == len(offers)
        assert prints == [fingerprint(at.made(offer)) for offer in offers]
