"""Finding a participant: every vector of the names, every answer and every silence on the way."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.clock import MovableClock
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    INVOICE_NAMESPACE,
    DocumentType,
    Participant,
    Process,
)
from tests.peppol.parties import network as other_network
from tests.peppol.parties import same_key
from transports.peppol import metadata_signature, sml, smp
from transports.peppol.discovery import Discovery, Found, No, Unsure
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.sandbox.dns import Behaviour as Dns
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sandbox.responder import Behaviour as Ocsp
from transports.peppol.service_metadata import (
    WILDCARD_SCHEME,
    Malformed,
    Redirect,
    Service,
    matching,
    parse,
    read_service,
    write_service,
)
from transports.peppol.sml import host_name, publisher

BUYER = Participant.parse("0007:5567321707")
TAKEN = ((BILLING_INVOICE, BILLING_PROCESS),)
AP_URL = "http://127.0.0.1:9/as4"

# docs/explain/peppol.md; the first is written in two ways.
NAMES = {
    "0088:123abc": "y7dzfxaf3d4cjz4kcgrxtec6twvcga4ky7zwa5boif6mswd4tdrq",
    "0088:123ABC": "y7dzfxaf3d4cjz4kcgrxtec6twvcga4ky7zwa5boif6mswd4tdrq",
    "0010:5798000000001": "xukhfqabqziki3ykvr2fhr4snfa3pf5vpq6k4tonv3lmvsy5arvq",
    "0088:1234567890123": "sjsyvccmqyjxk3weuapffq4x3umcrf4qryherj4vovhmonh7gccq",
    "9915:test": "eh5boavaktmbgzyh2a63dz4qov33fvp5nsdvqklucfraayoodw6a",
    "9999:elonia": "hsh3fmc5cyerdv5j6ln6mmqcn2pp2ucyvczrwueahosobvikb6kq",
    "0192:921605900": "edomqmynkzsm3hvpe24uyqzskf6uuuqbqrlvskch7vw2bgtsjwnq",
    "0007:5567212047": "rcsczagm4pzm6pilbkkqmravs5mnw5sjup4cotxn6e4ah3kcmodq",
    "0242:987654": "rjqoifaml53qswwniaewq34rmgi6d3lprdm6frfaug6rcipnuqma",
}


@pytest.mark.parametrize(("participant", "label"), NAMES.items())
def test_names(participant: str, label: str) -> None:
    name = host_name(Participant.parse(participant), sml.TEST)
    assert name == f"{label}.iso6523-actorid-upis.participant.sml.test.tech.peppol.org"


@pytest.mark.parametrize(
    ("records", "url"),
    [
        ([(100, 10, "U", "Meta:SMP", "!.*!https://smp.example/smp!")], "https://smp.example/smp"),
        ([(100, 10, "U", "Meta:SMP", "!^.*$!https://smp.example/!")], "https://smp.example"),
        ([(100, 10, "u", "meta:smp", "!.*!https://smp.example!")], "https://smp.example"),
        (
            [
                (100, 20, "U", "Meta:SMP", "!.*!https://second.example!"),
                (100, 10, "U", "Meta:SMP", "!.*!https://first.example!"),
                (50, 99, "U", "Meta:OTHER", "!.*!https://none.example!"),
            ],
            "https://first.example",
        ),
        ([(1, 1, "U", "Meta:SMP", r"!^(na)(me)$!https://\2.example/\1!")], "https://me.example/na"),
        ([(1, 1, "S", "Meta:SMP", "!.*!https://smp.example!")], None),
        ([(1, 1, "U", "Meta:SMP", "!.*!https://smp.example")], None),
        ([(1, 1, "U", "Meta:SMP", "!(!https://smp.example!")], None),
        ([(1, 1, "U", "Meta:SMP", "!other!https://smp.example!")], None),
        ([], None),
    ],
)
def test_records(records: list[tuple[int, int, str, str, str]], url: str | None) -> None:
    assert publisher(records, "name") == url


def pint(customization: str, scheme: str = WILDCARD_SCHEME) -> DocumentType:
    return DocumentType(f"{INVOICE_NAMESPACE}::Invoice##{customization}::2.1", scheme)


@pytest.mark.parametrize(
    ("registered", "chosen"),
    [
        (["billing-1@jp-1", "billing-1@jp-1*"], "billing-1@jp-1"),
        (["billing-1@jp-1*", "billing-1*"], "billing-1@jp-1*"),
        (["billing-1*"], "billing-1*"),
        (["billing-1@jp*"], None),
        (["billing*"], None),
        ([], None),
    ],
)
def test_wildcards(registered: list[str], chosen: str | None) -> None:
    prefix = "urn:peppol:pint:"
    found = matching(pint(f"{prefix}billing-1@jp-1"), [pint(prefix + one) for one in registered])
    assert found == (None if chosen is None else pint(prefix + chosen))


def test_a_wildcard_needs_its_scheme() -> None:
    exact = pint("urn:peppol:pint:billing-1@jp-1*", "busdox-docid-qns")
    assert matching(pint("urn:peppol:pint:billing-1@jp-1"), [exact]) is None
    assert matching(pint("urn:peppol:pint:a*b"), [pint("urn:peppol:pint:a*b")]) is None


# --- the whole way, against a network on loopback ---------------------------------------------


class House:
    """A network, and discovery in it; the clock can be moved."""

    def __init__(self, session: aiohttp.ClientSession, fail: Fail, timeout_s: float) -> None:
        self.clock = MovableClock()
        self.network = Network(self.clock.now, same_key)
        self._session = session
        self._fail = fail
        self._timeout_s = timeout_s

    async def start(self) -> None:
        await self.network.start()
        anchors = self.network.authority.anchors
        self.revocation = Revocation(self._session, self._fail, self.clock.now)
        port = self.network.name_server.port
        self.key = self.network.authority.leaf("POP000002")
        self.discovery = Discovery(
            sml.Sml(ZONE, ["127.0.0.1"], port, plain_http=True, timeout_s=self._timeout_s),
            smp.Smp(self._session, anchors, self.revocation, self.clock.now, plain_http=True),
            anchors,
            self.revocation,
            self.clock.now,
        )

    def register(self) -> None:
        self.network.register(BUYER, TAKEN, AP_URL, self.key)

    async def find(self, kind: DocumentType = BILLING_INVOICE) -> Found | No | Unsure:
        return await self.discovery.find(BUYER, kind, BILLING_PROCESS)


@asynccontextmanager
async def house(fail: Fail = Fail.HARD, *, timeout_s: float = 60) -> AsyncIterator[House]:
    async with aiohttp.ClientSession() as session:
        made = House(session, fail, timeout_s)
        await made.start()
        try:
            yield made
        finally:
            await made.network.stop()


async def test_a_participant_is_found_with_its_evidence() -> None:
    async with house() as at:
        at.register()
        found = await at.find()
    assert isinstance(found, Found)
    assert found.endpoint.address == AP_URL
    assert (found.seat, found.certificate) == ("POP000002", at.key.certificate)
    assert [one.kind for one in found.evidence] == ["sml", "smp"]
    assert b"SignedServiceMetadata" in found.evidence[1].content


async def test_who_is_not_in_dns_is_not_registered() -> None:
    async with house() as at:
        found = await at.find()
    assert isinstance(found, No) and found.code == "not_registered"


async def test_who_takes_something_else_is_told_apart() -> None:
    async with house() as at:
        at.register()
        found = await at.find(BILLING_CREDIT_NOTE)
        other = await at.discovery.find(BUYER, BILLING_INVOICE, Process("urn:other"))
    assert isinstance(found, No) and found.code == "document_type_not_registered"
    assert isinstance(other, No) and other.code == "process_not_registered"


@pytest.mark.parametrize("behaviour", [Dns.FAIL, Dns.SILENT])
async def test_silence_of_dns_is_no_no(behaviour: Dns) -> None:
    async with house(timeout_s=1) as at:
        at.network.name_server.behaviour = behaviour
        found = await at.find()
        assert isinstance(found, Unsure) and found.code == "sml_unavailable"
        assert not found.answered, "nobody could be looked up: that counts against the channel"
        at.network.name_server.behaviour = Dns.ANSWER
        at.register()
        assert isinstance(await at.find(), Found)  # what nobody could say is not remembered


async def test_a_name_without_a_record_is_not_registered() -> None:
    async with house() as at:
        at.register()
        at.network.name_server.behaviour = Dns.EMPTY
        found = await at.find()
    assert isinstance(found, No) and found.code == "not_registered"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://smp.example"])
async def test_a_publisher_that_is_not_there_is_no_no(url: str) -> None:
    async with house() as at:
        at.register()
        at.network.point(BUYER, url)
        assert isinstance(await at.find(), Unsure)


async def test_answers_are_remembered_for_a_while() -> None:
    async with house() as at:
        assert isinstance(await at.find(), No)
        at.register()
        assert isinstance(await at.find(), No)
        at.clock.move(timedelta(minutes=3))
        assert isinstance(await at.find(), Found)
        asked = len(at.network.name_server.asked)
        assert isinstance(await at.find(), Found)
        assert len(at.network.name_server.asked) == asked
        at.discovery.forget(BUYER)
        assert isinstance(await at.find(), Found)
        assert len(at.network.name_server.asked) == asked + 1


async def test_an_endpoint_that_is_not_active_yet_is_not_chosen() -> None:
    async with house() as at:
        at.register()
        (service,) = at.network.members.entries[BUYER]
        assert isinstance(service, Service)
        ((process, (endpoint,)),) = service.processes
        later = replace(endpoint, activated_at=at.clock.now() + timedelta(hours=1))
        at.network.members.entries[BUYER] = [replace(service, processes=((process, (later,)),))]
        found = await at.find()
    assert isinstance(found, No) and found.code == "process_not_registered"


async def test_an_answer_about_another_participant_is_not_taken() -> None:
    async with house() as at:
        at.register()
        (service,) = at.network.members.entries[BUYER]
        assert isinstance(service, Service)
        stranger = Participant.parse("0007:5560360793")
        at.network.members.entries[BUYER] = [replace(service, participant=stranger)]
        assert isinstance(await at.find(), Unsure)


# --- redirects --------------------------------------------------------------------------------


async def redirected(at: House, uid: str, *, twice: bool = False) -> Found | No | Unsure:
    """The participant's publisher sends on to one below /old, which is the same server."""
    at.register()
    moved = Participant.parse("0007:5560360793")
    members = at.network.members.entries
    (service,) = members[BUYER]
    url = f"{at.network.publisher.base_url}/iso6523-actorid-upis%3A%3A{moved}/services/{_quoted()}"
    members[moved] = [Redirect(url, uid)] if twice else [service]
    members[BUYER] = [Redirect(url, uid)]
    return await at.find()


def _quoted() -> str:
    return str(BILLING_INVOICE).replace(":", "%3A").replace("#", "%23")


async def test_one_redirect_is_followed() -> None:
    async with house() as at:
        assert isinstance(await redirected(at, "PSM000001"), Found)


async def test_a_redirect_names_the_whole_subject() -> None:
    async with house() as at:
        subject = at.network.smp_key.certificate.subject.rfc4514_string()
        assert isinstance(await redirected(at, subject), Found)


async def test_a_redirect_to_somebody_else_is_not_trusted() -> None:
    async with house() as at:
        assert isinstance(await redirected(at, "PSM000009"), Unsure)


async def test_a_second_redirect_is_not_followed() -> None:
    async with house() as at:
        assert isinstance(await redirected(at, "PSM000001", twice=True), Unsure)


# --- signatures and certificates ----------------------------------------------------------------


def signed(at: House, **how: object) -> bytes:
    (service,) = at.network.members.entries[BUYER]
    key = how.get("key", at.network.smp_key)
    return metadata_signature.sign(
        write_service(service),
        key.private,  # type: ignore[attr-defined]
        key.certificate,  # type: ignore[attr-defined]
    )


async def test_a_changed_answer_does_not_hold() -> None:
    async with house() as at:
        at.register()
        good = signed(at)
        metadata_signature.signer(parse(good), at.clock.now())
        for changed in (
            good.replace(b"127.0.0.1:9/as4", b"127.0.0.1:8/as4"),
            good.replace(b"rsa-sha256", b"rsa-sha1"),
            good.replace(b"xmlenc#sha256", b"xmldsig#sha1"),
            good.replace(b'URI=""', b'URI="#x"'),
            good.replace(b"enveloped-signature", b"enveloped"),
        ):
            assert changed != good
            with pytest.raises(Malformed):
                metadata_signature.signer(parse(changed), at.clock.now())


async def test_an_unsigned_answer_does_not_hold() -> None:
    async with house() as at:
        at.register()
        (service,) = at.network.members.entries[BUYER]
        with pytest.raises(Malformed, match="not signed"):
            metadata_signature.signer(write_service(service), at.clock.now())


async def test_a_subtree_in_a_default_namespace_holds() -> None:
    """libxml2 writes a wrong xmlns="" there, which is not what the publisher has signed."""
    async with house() as at:
        at.register()
        (service,) = at.network.members.entries[BUYER]
        text = etree.tostring(write_service(service)).replace(b"smp:", b"")
        text = text.replace(b"xmlns:smp=", b"xmlns=")
        key = at.network.smp_key
        content = metadata_signature.sign(parse(text), key.private, key.certificate)
        assert metadata_signature.signer(parse(content), at.clock.now()) == key.certificate


async def test_a_publisher_of_another_network_is_not_trusted() -> None:
    async with house() as at:
        at.register()
        stranger = other_network().leaf("PSM000001", Purpose.PUBLISHER)
        at.network.publisher._key = stranger.private
        at.network.publisher._certificate = stranger.certificate
        found = await at.find()
    assert isinstance(found, Unsure) and "not trusted" in found.text


async def test_an_access_point_is_no_publisher() -> None:
    async with house() as at:
        at.register()
        at.network.publisher._key = at.key.private
        at.network.publisher._certificate = at.key.certificate
        found = await at.find()
    assert isinstance(found, Unsure) and "access point" in found.text


async def test_an_endpoint_s_certificate_has_to_be_an_access_point_s() -> None:
    async with house() as at:
        at.key = at.network.smp_key
        at.register()
        found = await at.find()
    assert isinstance(found, Unsure) and found.code == "certificate"


async def test_a_certificate_with_markers_of_pem_is_read() -> None:
    async with house() as at:
        at.register()
        (service,) = at.network.members.entries[BUYER]
        content = signed(at)
        der = at.key.certificate.public_bytes(Encoding.DER)
        plain = b64encode(der)
        pem = at.key.certificate.public_bytes(Encoding.PEM).strip()
        again = read_service(parse(content.replace(plain, pem)))
        assert again == service


# --- revocation -----------------------------------------------------------------------------


async def test_a_revoked_access_point_is_not_sent_to() -> None:
    async with house() as at:
        at.register()
        assert isinstance(await at.find(), Found)
        at.network.responder.revoke(at.key.certificate)
        assert isinstance(await at.find(), Found)  # remembered for 15 minutes
        at.clock.move(timedelta(minutes=31))
        found = await at.find()
    assert isinstance(found, Unsure) and found.code == "certificate"
    assert "revoked" in found.text


async def test_the_responder_is_asked_once_for_a_while() -> None:
    async with house() as at:
        at.register()
        for _ in range(5):
            at.discovery.forget(BUYER)
            await at.find()
        assert at.network.responder.asked == 2  # the publisher's, and the access point's


@pytest.mark.parametrize("behaviour", [Ocsp.OUTDATED, Ocsp.STRANGER, Ocsp.TRY_LATER])
async def test_without_a_good_answer_the_list_is_read(behaviour: Ocsp) -> None:
    async with house() as at:
        at.register()
        at.network.responder.behaviour = behaviour
        assert isinstance(await at.find(), Found)
        at.network.responder.revoke(at.key.certificate)
        at.clock.move(timedelta(hours=1))
        found = await at.find()
    assert isinstance(found, Unsure) and "revoked" in found.text


@pytest.mark.parametrize(("fail", "kind"), [(Fail.HARD, Unsure), (Fail.SOFT, Found)])
async def test_what_silence_means_is_a_setting(fail: Fail, kind: type) -> None:
    async with house(fail) as at:
        at.register()
        at.network.responder.behaviour = Ocsp.FAIL
        assert isinstance(await at.find(), kind)


async def test_what_a_participant_takes_can_be_looked_up() -> None:
    async with house() as at:
        at.register()
        seen = await at.discovery.capabilities(BUYER)
        nobody = await at.discovery.capabilities(Participant.parse("0007:5560360793"))
    ((one,),) = [seen.found]
    assert (one.document_type, one.process) == (BILLING_INVOICE, BILLING_PROCESS)
    assert isinstance(one.answer, Found) and one.endpoint == one.answer.endpoint
    assert seen.publisher == at.network.publisher.base_url and seen.trouble is None
    assert isinstance(nobody.trouble, No) and nobody.trouble.code == "not_registered"


async def test_what_was_looked_up_is_remembered_and_silence_is_not() -> None:
    async with house() as at:
        at.network.name_server.behaviour = Dns.FAIL
        silence = await at.discovery.capabilities(BUYER)
        assert isinstance(silence.trouble, Unsure)
        at.network.name_server.behaviour = Dns.ANSWER
        at.register()
        seen = await at.discovery.capabilities(BUYER)
        at.network.name_server.behaviour = Dns.FAIL
        assert await at.discovery.capabilities(BUYER) == seen
        at.discovery.forget(BUYER)
        assert isinstance((await at.discovery.capabilities(BUYER)).trouble, Unsure)


async def test_a_publisher_whom_nobody_vouches_for_leaves_it_unknown() -> None:
    async with house() as at:
        at.register()
        at.network.responder.behaviour = Ocsp.FAIL
        seen = await at.discovery.capabilities(BUYER)
        (one,) = seen.found
        assert isinstance(one.answer, Unsure) and seen.trouble is None
        at.network.responder.behaviour = Ocsp.ANSWER
        assert isinstance((await at.discovery.capabilities(BUYER)).found[0].answer, Found)
