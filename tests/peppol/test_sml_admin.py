"""The locator, told by SOAP over mutual TLS: every operation, every fault, every broken answer."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas.identifiers import Participant
from tests.peppol.publishers import ID, OURS, ours
from transports.peppol import tls
from transports.peppol.migration_key import faults, new_key
from transports.peppol.pki.chains import Purpose
from transports.peppol.publishing import Settled, Unsettled
from transports.peppol.sandbox.network import SMP_ID
from transports.peppol.sandbox.sml import PAGE, Behaviour
from transports.peppol.sml_admin import (
    IDS,
    LOCATOR,
    PRODUCTION,
    SOAP,
    TEST,
    Address,
    Answer,
    Fault,
    Faulted,
    SmlAdmin,
)

OTHER = Participant.parse("0192:918130047")
KEY = "aaBB11__"


def fault(said: object) -> Fault:
    assert isinstance(said, Faulted), said
    return said.fault


def test_the_addresses_are_those_of_the_networks() -> None:
    assert PRODUCTION == "https://api.sml.prod.tech.peppol.org/edelivery-sml"
    assert TEST == "https://api.sml.test.tech.peppol.org/edelivery-sml"


# --- participants -----------------------------------------------------------------------------


async def test_what_was_created_is_held_and_in_dns(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        assert await at.admin.holds(OURS) is False
        assert await at.admin.create(OURS) == Settled()
        assert await at.admin.holds(OURS) is True
        found = await at.dns.locate(OURS)
        assert getattr(found, "url", None) == at.url
        assert await at.admin.delete(OURS) == Settled()
        assert await at.admin.holds(OURS) is False
        assert not hasattr(await at.dns.locate(OURS), "url")


async def test_what_is_there_already_is_a_bad_request(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await at.admin.create(OURS)
        said = await at.admin.create(OURS)
        assert fault(said) is Fault.BAD_REQUEST
        assert isinstance(said, Faulted) and "ERR-106" in said.text


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        assert fault(await at.admin.delete(OURS)) is Fault.NOT_FOUND
        assert fault(await at.admin.prepare(OURS, KEY)) is Fault.NOT_FOUND
        assert fault(await at.admin.migrate(OURS, KEY)) is Fault.NOT_FOUND


async def test_another_s_participant_is_not_ours_to_change(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        at.network.locator.enter(OTHER, SMP_ID)
        assert fault(await at.admin.create(OTHER)) is Fault.BAD_REQUEST
        assert fault(await at.admin.delete(OTHER)) is Fault.UNAUTHORIZED
        assert fault(await at.admin.prepare(OTHER, KEY)) is Fault.UNAUTHORIZED
        assert await at.admin.holds(OTHER) is False


async def test_a_participant_moves_with_its_key_and_no_other(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        there = at.stranger(id_="OTHER-SMP")
        await there.create_publisher(Address("http://there.example/smp", "192.0.2.1"))
        await at.admin.create(OURS)
        assert await at.admin.prepare(OURS, KEY) == Settled()
        assert fault(await there.migrate(OURS, "bbCC22--")) is Fault.NOT_FOUND
        assert await at.admin.holds(OURS) is True
        again = new_key()
        assert await at.admin.prepare(OURS, again) == Settled()  # takes the first one's place
        assert fault(await there.migrate(OURS, KEY)) is Fault.NOT_FOUND
        assert await there.migrate(OURS, again) == Settled()
        assert (await at.admin.holds(OURS), await there.holds(OURS)) == (False, True)
        assert fault(await there.migrate(OURS, again)) is Fault.NOT_FOUND  # once


async def test_the_list_is_read_page_by_page(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        for n in range(2 * PAGE + 1):
            at.network.locator.enter(Participant("0088", f"73{n:011}ABC"), ID)
        last = Participant("0088", f"73{2 * PAGE:011}abc")
        before = len(at.network.locator.asked)
        assert await at.admin.holds(last) is True
        assert len(at.network.locator.asked) - before == 3
        assert await at.admin.holds(OURS) is False


# --- the publisher ----------------------------------------------------------------------------


async def test_a_publisher_makes_itself_known_once_and_moves(tmp_path: Path) -> None:
    async with ours(tmp_path, known=False) as at:
        assert fault(await at.admin.create(OURS)) is Fault.NOT_FOUND
        assert fault(await at.admin.read_publisher()) is Fault.NOT_FOUND
        here = Address(at.url, "192.0.2.10")
        assert await at.admin.create_publisher(here) == Settled()
        assert fault(await at.admin.create_publisher(here)) is Fault.BAD_REQUEST
        assert await at.admin.read_publisher() == here
        await at.admin.create(OURS)
        there = Address("http://there.example/smp", "192.0.2.11")
        assert await at.admin.update_publisher(there) == Settled()
        assert await at.admin.read_publisher() == there
        assert getattr(await at.dns.locate(OURS), "url", None) == there.logical


async def test_a_publisher_without_an_address_is_refused(tmp_path: Path) -> None:
    async with ours(tmp_path, known=False) as at:
        assert fault(await at.admin.create_publisher(Address(at.url, ""))) is Fault.BAD_REQUEST


async def test_a_renewed_certificate_counts_once_it_was_announced(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        new = at.network.authority.leaf("PSM000002", Purpose.PUBLISHER, renewed=True)
        renewed = SmlAdmin(at.session, at.network.locator.url, ID, tls.client(new, at.ca_file))
        assert fault(await renewed.create(OURS)) is Fault.UNAUTHORIZED
        assert await at.admin.announce_certificate(new.certificate, None) == Settled()
        assert await at.admin.create(OTHER) == Settled()  # the old one still does
        assert await renewed.create(OURS) == Settled()
        assert fault(await at.admin.create(OURS)) is Fault.UNAUTHORIZED


async def test_who_is_not_the_publisher_is_refused(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        stranger = at.stranger()
        assert fault(await stranger.create(OURS)) is Fault.UNAUTHORIZED
        assert fault(await stranger.holds(OURS)) is Fault.UNAUTHORIZED


# --- TLS --------------------------------------------------------------------------------------


async def test_without_a_publisher_s_certificate_there_is_no_connection(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        nobody = ssl.create_default_context(cafile=str(at.ca_file))
        access_point = tls.client(at.network.authority.leaf("POP000001"), at.ca_file)
        for context in (nobody, access_point):
            said = await SmlAdmin(at.session, at.network.locator.url, ID, context).create(OURS)
            assert isinstance(said, Unsettled) and said.code == "sml_unavailable"
        assert OURS not in at.network.locator.participants


async def test_a_locator_that_nobody_vouches_for_is_told_nothing(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        admin = SmlAdmin(at.session, at.network.locator.url, ID, tls.client(at.key))
        asked = len(at.network.locator.asked)
        said = await admin.create(OURS)
        assert isinstance(said, Unsettled) and said.code == "sml_unavailable"
        assert len(at.network.locator.asked) == asked


# --- what is no answer ------------------------------------------------------------------------


OPERATIONS: list[Callable[[SmlAdmin], Awaitable[object]]] = [
    lambda admin: admin.create(OURS),
    lambda admin: admin.delete(OURS),
    lambda admin: admin.prepare(OURS, KEY),
    lambda admin: admin.migrate(OURS, KEY),
    lambda admin: admin.holds(OURS),
    lambda admin: admin.read_publisher(),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("behaviour", [Behaviour.BROKEN, Behaviour.LOSE_ANSWER])
async def test_what_is_no_answer_is_neither_yes_nor_no(
    tmp_path: Path, operation: Callable[[SmlAdmin], Awaitable[object]], behaviour: Behaviour
) -> None:
    async with ours(tmp_path) as at:
        await at.admin.create(OURS)
        await at.admin.prepare(OURS, KEY)
        at.network.locator.behaviour = behaviour
        assert isinstance(await operation(at.admin), Unsettled)


async def test_an_internal_error_is_told_as_one(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        at.network.locator.behaviour = Behaviour.FAIL
        assert fault(await at.admin.create(OURS)) is Fault.INTERNAL


def soap(inside: str) -> str:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inside}</s:Body></s:Envelope>'


UNREADABLE = {
    "nothing": "",
    "text": "down for maintenance",
    "html": "<html><body>Welcome</body></html>",
    "another SOAP": '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>',
    "no body": f'<s:Envelope xmlns:s="{SOAP}"/>',
    "DOCTYPE": f'<!DOCTYPE a [<!ENTITY b "c">]>{soap("")}',
    "a fault of no kind": soap("<s:Fault><faultstring>what?</faultstring></s:Fault>"),
    "a kind elsewhere": soap(
        f'<s:Fault><detail><a><NotFoundFault xmlns="{LOCATOR}"/></a></detail></s:Fault>'
    ),
}


@asynccontextmanager
async def answering(text: str, status: int = 200) -> AsyncIterator[tuple[SmlAdmin, list[str]]]:
    """A locator over plain HTTP that answers the same to everything."""
    bodies: list[str] = []

    async def post(request: web.Request) -> web.Response:
        bodies.append(f"{request.headers['SOAPAction']}\n{await request.text()}")
        return web.Response(text=text, status=status, content_type="text/xml")

    app = web.Application()
    app.add_routes([web.post("/{service}", post)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with aiohttp.ClientSession() as session:
            yield SmlAdmin(session, url, ID, ssl.create_default_context()), bodies
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("status", [200, 500])
async def test_what_can_not_be_read_is_no_answer(name: str, status: int) -> None:
    async with answering(UNREADABLE[name], status) as (admin, _):
        assert isinstance(await admin.create(OURS), Unsettled)
        assert isinstance(await admin.holds(OURS), Unsettled)


async def test_an_empty_body_is_a_yes_only_with_200() -> None:
    async with answering(soap("")) as (admin, _):
        assert await admin.create(OURS) == Settled()
        assert isinstance(await admin.holds(OURS), Unsettled)  # a list has to be there
    async with answering(soap(""), 503) as (admin, _):
        assert isinstance(await admin.create(OURS), Unsettled)


async def test_a_list_that_goes_round_is_given_up() -> None:
    next_ = "<NextPageIdentifier>1</NextPageIdentifier>"
    page = f'<ParticipantIdentifierPage xmlns="{LOCATOR}">{next_}</ParticipantIdentifierPage>'
    async with answering(soap(page)) as (admin, bodies):
        found = await admin.holds(OURS)
    assert isinstance(found, Unsettled)
    assert len(bodies) == 2


# --- the messages -----------------------------------------------------------------------------

_BUSINESS = "http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/"
_METADATA = "http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/"
_WHO = "ServiceMetadataPublisherID"

# The operation, its action (a line break of the WSDL stands in some), and the elements in order.
MESSAGES: list[tuple[Callable[[SmlAdmin], Awaitable[Answer]], str, list[str]]] = [
    (
        lambda admin: admin.create(OURS),
        f"{_BUSINESS}         :createIn",
        ["CreateParticipantIdentifier", _WHO, "ParticipantIdentifier"],
    ),
    (
        lambda admin: admin.delete(OURS),
        f"{_BUSINESS}         :deleteIn",
        ["DeleteParticipantIdentifier", _WHO, "ParticipantIdentifier"],
    ),
    (
        lambda admin: admin.prepare(OURS, KEY),
        f"{_BUSINESS}         :prepareMigrateIn",
        ["PrepareMigrationRecord", _WHO, "ParticipantIdentifier", "MigrationKey"],
    ),
    (
        lambda admin: admin.migrate(OURS, KEY),
        f"{_BUSINESS}         :migrateIn",
        ["CompleteMigrationRecord", _WHO, "ParticipantIdentifier", "MigrationKey"],
    ),
    (
        lambda admin: admin.create_publisher(Address("https://a", "192.0.2.1")),
        f"{_METADATA}:createIn",
        [
            *("CreateServiceMetadataPublisherService", "PublisherEndpoint", "LogicalAddress"),
            *("PhysicalAddress", _WHO),
        ],
    ),
    (
        lambda admin: admin.update_publisher(Address("https://a", "192.0.2.1")),
        f"{_METADATA}:updateIn",
        [
            *("UpdateServiceMetadataPublisherService", "PublisherEndpoint", "LogicalAddress"),
            *("PhysicalAddress", _WHO),
        ],
    ),
]


@pytest.mark.parametrize(("operation", "action", "elements"), MESSAGES)
async def test_a_message_is_as_the_wsdl_has_it(
    operation: Callable[[SmlAdmin], Awaitable[Answer]], action: str, elements: list[str]
) -> None:
    async with answering(soap("")) as (admin, sent):
        assert await operation(admin) == Settled()
    (one,) = sent
    head, _, text = one.partition("\n")
    assert head == f'"{action}"'
    body = etree.fromstring(text.encode())[0]
    names = [etree.QName(element) for element in body.iter()][1:]
    assert [name.localname for name in names] == elements
    spaces = {name.localname: name.namespace for name in names}
    assert spaces.pop("ParticipantIdentifier", IDS) == IDS
    assert set(spaces.values()) == {LOCATOR}
    for element in body.iter(f"{{{IDS}}}ParticipantIdentifier"):
        assert (element.get("scheme"), element.text) == ("iso6523-actorid-upis", str(OURS))


# --- keys -------------------------------------------------------------------------------------


def test_a_new_key_is_a_right_one_and_no_two_are_the_same() -> None:
    keys = [new_key() for _ in range(2000)]
    assert not [key for key in keys if faults(key)]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {24}
    assert not [key for key in keys if key.startswith(("-", "_"))]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("aaBB11@#", 0),
        ("aaBB11@#$%()[]{}*^_-!~|+", 0),
        ("aaBB11@", 2),
        ("aaBB11@#aaBB11@#aaBB11@#a", 1),
        ("aaBB11 @#", 1),
        ("AABB11@#", 1),
        ("aabb11@#", 1),
        ("aaBBcc@#", 1),
        ("aaBB1122", 1),
        ("aaBB11@#å", 1),
        ("", 5),
    ],
)
def test_a_key_has_two_of_each_and_a_length(key: str, wrong: int) -> None:
    assert len(faults(key)) == wrong, faults(key)


@given(st.text(max_size=40))
def test_whatever_is_given_as_a_key_is_judged(text: str) -> None:
    if not faults(text):
        assert 8 <= len(text) <= 24
        assert text.isascii() and not set(text) & set(" \t\n\"'`<>&;,.:?/\\")


async def test_the_locator_takes_no_wrong_key(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await at.admin.create(OURS)
        assert fault(await at.admin.prepare(OURS, "too short")) is Fault.BAD_REQUEST
