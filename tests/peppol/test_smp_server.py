"""Our own publisher over HTTP: what it shows, what it keeps quiet about, and whoever asks oddly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from lxml import etree
from yarl import URL

from gateway.registration.offers import Elsewhere, Entry, Offer, Takes, publication
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Participant,
    Process,
)
from tests.peppol.publishers import ID, OURS, Ours, ours
from transports.peppol.business_card import CARD, Card, Contact, read_card, write_card
from transports.peppol.discovery import Found, No, Unsure
from transports.peppol.publishing import Publication
from transports.peppol.service_metadata import (
    Malformed,
    Redirect,
    card_path,
    group_path,
    parse,
    read_group,
    service_path,
)
from transports.peppol.smp import NotThere, Said, Smp

ENTRY = Entry("Åäö & <Söner> AB", "SE", "Umeå", "https://aao.example", "a@aao.example", "+46 90 1")


async def shown(at: Ours, offer: Offer | None = None) -> Publication:
    """Our participant, published and registered."""
    made = publication(offer or Offer(entry=ENTRY), OURS, at.at)
    await at.shelf.publish(made)
    at.network.locator.enter(OURS, ID)
    return made


async def fetched(at: Ours, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers; the path goes out as it is."""
    url = URL(f"{at.url}{path}", encoded=True)
    async with at.session.get(url, headers=headers, allow_redirects=False) as response:
        return response.status, await response.read(), response.headers


# --- what is shown ----------------------------------------------------------------------------


async def test_what_is_published_is_found_with_a_signature_that_is_trusted(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        found = await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS)
        other = await at.discovery.find(OURS, BILLING_INVOICE, Process("urn:other"))
    assert isinstance(found, Found)
    assert (found.endpoint.address, found.certificate) == (at.at.url, at.at.certificate)
    assert isinstance(other, No)


async def test_the_group_lists_what_is_taken(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at, Offer(takes=(Takes.INVOICE, Takes.CREDIT_NOTE)))
        status, content, headers = await fetched(at, group_path(OURS))
    assert status == 200
    assert headers["Content-Type"] == "application/xml; charset=utf-8"
    assert read_group(parse(content)) == [BILLING_INVOICE, BILLING_CREDIT_NOTE]
    (first, _) = parse(content)[1]
    assert first.get("href") == f"{at.url}{service_path(OURS, BILLING_INVOICE)}"


@pytest.mark.parametrize("written", [str.upper, str.lower])
async def test_a_participant_is_found_whatever_its_case(tmp_path: Path, written: object) -> None:
    assert callable(written)
    async with ours(tmp_path) as at:
        one = Participant.parse("0088:123AbC")
        await at.shelf.publish(publication(Offer(), one, at.at))
        path = f"/{quote(written(one.uri), safe='')}"
        status, _, _ = await fetched(at, path)
    assert status == 200


async def test_a_document_type_is_found_by_its_case_alone(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        path = service_path(OURS, DocumentType(BILLING_INVOICE.value.replace("billing", "Billing")))
        assert (await fetched(at, path))[0] == 404


async def test_activation_and_expiry_are_said_and_kept(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        now = at.clock.now()
        first, last = now + timedelta(days=1), now + timedelta(days=3)
        await shown(at, Offer(activates_at=first, expires_at=last))
        for days, kind in ((0, No), (2, Found), (4, No)):
            at.clock.move(now + timedelta(days=days) - at.clock.now())
            at.discovery.forget(OURS)
            found = await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS)
            assert isinstance(found, kind), (days, found)


async def test_the_card_is_shown_to_the_directory(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        made = await shown(at)
        status, content, _ = await fetched(at, card_path(OURS))
        root = parse(content)
    assert status == 200
    assert root.tag == f"{{{CARD}}}BusinessCard"
    assert read_card(root) == made.card
    (entity,) = root.findall(f"{{{CARD}}}BusinessEntity")
    assert [etree.QName(one).localname for one in entity] == [
        *("Name", "CountryCode", "GeographicalInformation", "WebsiteURI", "Contact")
    ]


def test_a_card_with_less_is_read_and_one_that_is_none_is_not() -> None:
    bare = Card(OURS, "A", "SE")
    assert read_card(write_card(bare)) == bare
    full = replace(bare, contacts=(Contact("sales", "B", "1", "b@c"), Contact(name="D")))
    assert read_card(write_card(full)) == full
    for text in (b"<a/>", b'<BusinessCard xmlns="%b"/>' % CARD.encode()):
        with pytest.raises(Malformed):
            read_card(parse(text))


async def test_who_is_in_no_directory_has_no_card(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at, Offer())
        assert (await fetched(at, card_path(OURS)))[0] == 404
        assert (await fetched(at, group_path(OURS)))[0] == 200


async def test_another_publisher_is_pointed_to_for_each_document_type(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        network = at.network
        network.register(OURS, [(BILLING_INVOICE, BILLING_PROCESS)], at.at.url, at_key(at))
        there = Elsewhere(f"{network.publisher.base_url}/", "PSM000001")
        await shown(at, Offer(redirect=there))
        found = await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS)
        assert isinstance(found, Found)
        assert found.endpoint.description == "Sandbox access point"
        _, content, _ = await fetched(at, group_path(OURS))
        assert len(read_group(parse(content))) == 3
        # One that is not the publisher it is said to be is not believed.
        await shown(at, Offer(redirect=replace(there, certificate_uid="PSM000009")))
        at.discovery.forget(OURS)
        assert isinstance(await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS), Unsure)


def at_key(at: Ours):  # type: ignore[no-untyped-def]
    return at.network.authority.leaf("POP000002")


async def test_a_redirect_for_all_is_answered_for_each(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        to = Redirect("http://there.example/x", "PSM000001")
        await at.shelf.publish(Publication(OURS, (to,)))
        status, content, _ = await fetched(at, service_path(OURS, BILLING_INVOICE))
        assert status == 200 and b"http://there.example/x" in content
        _, group, _ = await fetched(at, group_path(OURS))
        assert read_group(parse(group)) == []


# --- keeping ----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["group", "service", "card"])
async def test_what_has_not_changed_is_not_sent_again(tmp_path: Path, which: str) -> None:
    paths = {
        "group": group_path(OURS),
        "service": service_path(OURS, BILLING_INVOICE),
        "card": card_path(OURS),
    }
    async with ours(tmp_path) as at:
        await shown(at)
        status, content, headers = await fetched(at, paths[which])
        assert (status, headers["Cache-Control"]) == (200, "public, max-age=60")
        tag = headers["ETag"]
        status, nothing, again = await fetched(at, paths[which], **{"If-None-Match": tag})
        assert (status, nothing, again["ETag"]) == (304, b"", tag)
        assert (await fetched(at, paths[which], **{"If-None-Match": '"other"'}))[1] == content
        await shown(at, Offer(takes=(Takes.INVOICE,), expires_at=at.clock.now(), entry=None))
        changed = await fetched(at, paths[which], **{"If-None-Match": tag})
        assert changed[0] == (404 if which == "card" else 200)


async def test_a_head_is_answered_as_a_get_without_its_body(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        url = URL(f"{at.url}{service_path(OURS, BILLING_INVOICE)}", encoded=True)
        async with at.session.head(url) as response:
            assert (response.status, await response.read()) == (200, b"")


# --- what is not there ------------------------------------------------------------------------


async def test_nobody_and_nothing_are_not_found(tmp_path: Path) -> None:
    stranger = Participant.parse("0192:918130047")
    async with ours(tmp_path) as at:
        await shown(at, Offer(takes=(Takes.INVOICE,)))
        for path in (
            group_path(stranger),
            service_path(stranger, BILLING_INVOICE),
            service_path(OURS, BILLING_CREDIT_NOTE),
            card_path(stranger),
        ):
            assert (await fetched(at, path))[0] == 404, path
        smp = Smp(
            at.session,
            at.network.authority.anchors,
            at.discovery._revocation,
            at.clock.now,
            plain_http=True,
        )
        assert isinstance(await smp.group(at.url, stranger), NotThere)
        assert isinstance(await smp.service(at.url, OURS, BILLING_CREDIT_NOTE), NotThere)
        assert isinstance(await smp.service(at.url, OURS, BILLING_INVOICE), Said)


async def test_a_store_that_can_not_be_read_is_no_no(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        at.shelf.broken = True
        for path in (group_path(OURS), service_path(OURS, BILLING_INVOICE), card_path(OURS)):
            status, _, headers = await fetched(at, path)
            assert (status, headers["Retry-After"]) == (503, "30")
        assert isinstance(await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS), Unsure)
        at.shelf.broken = False
        assert isinstance(await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS), Found)


HERE = quote(OURS.uri, safe="")
INVOICE = quote(str(BILLING_INVOICE), safe="")

HOSTILE = [
    "",
    "/",
    "//",
    "/..",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%00",
    "/%",
    "/%zz",
    "/%ff%fe",
    "/" + "a" * 7000,
    "/0007:5567321707",  # without the scheme of participants
    "/other-scheme%3A%3A0007%3A5567321707",
    "/iso6523-actorid-upis%3A%3A",
    "/iso6523-actorid-upis%3A%3A0007",
    "/iso6523-actorid-upis%3A%3A0007%3A" + "5" * 400,
    "/iso6523-actorid-upis%3A%3A0007%3A5567321707%0d%0aSet-Cookie:a",
    "/iso6523-actorid-upis%3A%3A0007%3A5567321707%20",
    "/iso6523-actorid-upis%3A%3A0007%3A5567321707%2F..%2F",
    "/" + quote(HERE, safe=""),  # encoded twice
    f"/{HERE}/",
    f"/{HERE}/services",
    f"/{HERE}/services/",
    f"/{HERE}/services/%00",
    f"/{HERE}/services/a%3A%3Ab",
    f"/{HERE}/services/{'a' * 6000}",
    f"/{HERE}/services/{INVOICE}/..",
    f"/{HERE}/services/{INVOICE}/more",
    f"/{HERE}/services/{quote(INVOICE, safe='')}",
    f"/{HERE}/complete",
    "/businesscard",
    "/businesscard/",
    f"/businesscard/{HERE}/more",
    "/businesscard/%27%3B%20DROP%20TABLE%20publication%3B--",
]


async def test_odd_paths_are_not_found_and_nothing_else(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        for path in HOSTILE:
            status, content, headers = await fetched(at, path)
            assert status == 404, (path, status)
            assert b"Traceback" not in content and "Set-Cookie" not in headers
        assert (await fetched(at, f"/{HERE}/services/{INVOICE}?a=b&a=c"))[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE"])
async def test_nothing_is_written_over_it(tmp_path: Path, method: str) -> None:
    async with ours(tmp_path) as at:
        before = await shown(at)
        for path in (group_path(OURS), service_path(OURS, BILLING_INVOICE), card_path(OURS)):
            url = URL(f"{at.url}{path}", encoded=True)
            async with at.session.request(method, url, data=b"<a/>") as response:
                assert response.status == 405
        assert at.shelf.shown == {OURS: before}


async def test_bytes_that_are_no_request_harm_nobody(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        parts = urlsplit(at.url)
        for line in (
            b"GET \xff\xfe HTTP/1.1\r\n\r\n",
            b"\x00" * 64,
            b"GET /smp/%ff HTTP/9.9\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(line)
            writer.write_eof()
            assert b" 200 " not in (await reader.read()).partition(b"\r\n")[0]
            writer.close()
        assert (await fetched(at, group_path(OURS)))[0] == 200


async def test_a_publisher_that_is_down_is_no_no(tmp_path: Path) -> None:
    async with ours(tmp_path) as at:
        await shown(at)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            at.network.point(OURS, "http://127.0.0.1:{1}/smp".format(*closed.getsockname()))
            found = await at.discovery.find(OURS, BILLING_INVOICE, BILLING_PROCESS)
        assert isinstance(found, Unsure)
