"""Attackers at the access point: all refused with a signed error, nothing kept.

An attacker has seen a good message, knows every certificate, can encrypt for us, and may even have
an access point's certificate of another network, an old one, or a publisher's. Nobody has the key
of somebody else.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from lxml import etree

from schemas import envelope
from tests.peppol.parties import (
    DOCUMENT,
    NOW,
    RECEIVING,
    SENDING,
    Shelf,
    header,
    key,
    message,
    network,
    packed,
    receiver,
    same_key,
)
from transports.peppol.as4 import gzip as as4_gzip
from transports.peppol.as4 import mime, names, packing, signals
from transports.peppol.as4.message import Errors, UserMessage
from transports.peppol.as4.packing import Packed
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.pki.revocation import Fail
from transports.peppol.sandbox.authority import Authority
from transports.peppol.sandbox.responder import Behaviour, Responder

Root = etree._Element

EB, DS, WSSE, WSU = (f"{{{one}}}" for one in (names.EB, names.DS, names.WSSE, names.WSU))
SOAP, XENC, XENC11 = (f"{{{one}}}" for one in (names.SOAP, names.XENC, names.XENC11))


async def refused(content_type: str, body: bytes, code: str, **how: object) -> Errors:
    """The signed error that a body is answered with; it is noted, and nothing of it is kept."""
    shelf = Shelf()
    async with receiver(shelf, **how) as at:  # type: ignore[arg-type]
        reply = await at.receive(content_type, body)
    answer = signals.read(reply.content_type, reply.content)
    assert answer.certificate == key(RECEIVING).certificate
    assert isinstance(answer.signal, Errors)
    (fault,) = answer.signal.faults
    assert fault.code in code.split(), fault
    assert not shelf.kept
    (noted,) = shelf.noted
    assert (noted.code, noted.detail, noted.message_id) == (
        fault.code,
        fault.detail,
        answer.signal.ref_to,
    )
    assert (noted.size, noted.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    return answer.signal


def with_soap(sent: Packed, change: Callable[[Root], None]) -> bytes:
    """The body with its SOAP part changed after it was signed."""
    root = etree.fromstring(sent.chunks[1])
    change(root)
    return b"".join((sent.chunks[0], etree.tostring(root), *sent.chunks[2:]))


def found(root: Root, tag: str) -> Root:
    element = next(root.iter(tag), None)
    assert element is not None, tag
    return element


def forged(root: Root) -> Root:
    """A copy of the messaging header that says another receiver."""
    fake = copy.deepcopy(found(root, f"{EB}Messaging"))
    found(fake, f"{EB}MessageId").text = "forged@attacker.example"
    return fake


# --- the signature is wrapped -----------------------------------------------------------------


def _second_header(root: Root) -> None:
    fake = forged(root)
    fake.set(f"{WSU}Id", "_other")
    found(root, f"{SOAP}Header").append(fake)


def _second_header_of_the_same_id(root: Root) -> None:
    found(root, f"{SOAP}Header").insert(0, forged(root))


def _moved_into(path: str) -> Callable[[Root], None]:
    """The signed header moves to where nobody looks, and a forged one takes its place."""

    def change(root: Root) -> None:
        header_ = found(root, f"{SOAP}Header")
        real = found(root, f"{EB}Messaging")
        fake = forged(root)
        fake.set(f"{WSU}Id", "_other")
        header_.replace(real, fake)
        if path == "Object":
            holder = etree.SubElement(found(root, f"{DS}Signature"), f"{DS}Object")
        elif path == "Wrapper":
            holder = etree.SubElement(header_, "{urn:attacker}Wrapper")
        else:
            holder = found(root, path)
        holder.append(real)

    return change


def _moved_into_the_forged_one(root: Root) -> None:
    header_ = found(root, f"{SOAP}Header")
    real = found(root, f"{EB}Messaging")
    fake = forged(root)
    fake.set(f"{WSU}Id", "_other")
    header_.replace(real, fake)
    fake.append(real)


def _wrapped_body(root: Root) -> None:
    body = found(root, f"{SOAP}Body")
    wrapper = etree.SubElement(found(root, f"{SOAP}Header"), "{urn:attacker}Wrapper")
    root.replace(body, fake := etree.Element(f"{SOAP}Body"))
    fake.set(f"{WSU}Id", "_other")
    wrapper.append(body)


def _second_body(root: Root) -> None:
    root.append(copy.deepcopy(found(root, f"{SOAP}Body")))


def _same_id_elsewhere(root: Root) -> None:
    holder = etree.SubElement(found(root, f"{SOAP}Header"), "{urn:attacker}Thing")
    holder.set("Id", "_messaging")


def _xml_id_elsewhere(root: Root) -> None:
    holder = etree.SubElement(found(root, f"{SOAP}Header"), "{urn:attacker}Thing")
    holder.set("{http://www.w3.org/XML/1998/namespace}id", "_body")


def _second_security(root: Root) -> None:
    security = found(root, f"{WSSE}Security")
    found(root, f"{SOAP}Header").append(copy.deepcopy(security))


def _security_below(root: Root) -> None:
    security = found(root, f"{WSSE}Security")
    holder = etree.SubElement(found(root, f"{SOAP}Header"), "{urn:attacker}Wrapper")
    holder.append(security)


def _two_signatures(root: Root) -> None:
    security = found(root, f"{WSSE}Security")
    security.append(copy.deepcopy(found(root, f"{DS}Signature")))


def _two_user_messages(root: Root) -> None:
    messaging = found(root, f"{EB}Messaging")
    messaging.append(copy.deepcopy(messaging[0]))


def _reference_points_at_the_fake(root: Root) -> None:
    _second_header(root)
    for reference in root.iter(f"{DS}Reference"):
        if reference.get("URI") == "#_messaging":
            reference.set("URI", "#_other")


def _whole_document_reference(root: Root) -> None:
    found(root, f"{DS}Reference").set("URI", "")


def _xpointer(root: Root) -> None:
    found(root, f"{DS}Reference").set("URI", "#xpointer(id('_body'))")


@pytest.mark.parametrize(
    "change",
    [
        _second_header,
        _second_header_of_the_same_id,
        _moved_into("Object"),
        _moved_into("Wrapper"),
        _moved_into(f"{WSSE}Security"),
        _moved_into(f"{SOAP}Body"),
        _moved_into_the_forged_one,
        _wrapped_body,
        _second_body,
        _same_id_elsewhere,
        _xml_id_elsewhere,
        _second_security,
        _security_below,
        _two_signatures,
        _two_user_messages,
        _reference_points_at_the_fake,
        _whole_document_reference,
        _xpointer,
    ],
)
async def test_wrapping_is_refused(change: Callable[[Root], None]) -> None:
    sent = packed()
    await refused(sent.content_type, with_soap(sent, change), "EBMS:0009 EBMS:0101 EBMS:0103")


# --- comments, entities, namespaces -------------------------------------------------------------


@pytest.mark.parametrize("inside", [b"<!-- c -->", b"<?p i?>", b"<![CDATA[]]><!--c-->"])
async def test_what_splits_a_text_is_refused(inside: bytes) -> None:
    """A signature passes over a comment; who reads a text may stop at it."""
    sent = packed()
    soap = sent.chunks[1].replace(b"message-1@", b"message-" + inside + b"1@")
    body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0009")


async def test_another_namespace_under_the_same_prefix_is_refused() -> None:
    sent = packed()
    soap = sent.chunks[1].replace(names.EB.encode(), b"urn:not-ebms", 1)
    body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0009")


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE e SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE e [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ],
)
async def test_a_doctype_is_refused(doctype: bytes) -> None:
    sent = packed()
    soap = sent.chunks[1].replace(b"?><S12", b"?>" + doctype + b"<S12", 1)
    assert doctype in soap
    body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0009")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "utf-7", "cp037"])
async def test_a_doctype_in_another_encoding_is_refused(encoding: str) -> None:
    sent = packed()
    soap = sent.chunks[1].decode().replace('"UTF-8"', f'"{encoding.upper()}"')
    soap = soap.replace("?><S12", "?><!DOCTYPE e []><S12", 1)
    body = b"".join((sent.chunks[0], soap.encode(encoding), *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0009")


@pytest.mark.parametrize(
    "before", [b"\xef\xbb\xbf", b"<!-- c -->", b"<?p i?>", b"x", b"<!DOCTYPE e>", b"\x00"]
)
async def test_what_stands_before_the_root_is_refused(before: bytes) -> None:
    sent = packed()
    declaration, root = sent.chunks[1].split(b"?>", 1)
    for soap in (declaration + b"?>" + before + root, before + root):
        body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
        await refused(sent.content_type, body, "EBMS:0009")


async def test_a_declaration_may_be_written_in_any_way_or_left_out() -> None:
    sent = packed()
    root = sent.chunks[1].split(b"?>", 1)[1]
    for before in (b"", b" ", b"<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>\r\n"):
        shelf = Shelf()
        async with receiver(shelf) as at:
            body = b"".join((sent.chunks[0], before + root, *sent.chunks[2:]))
            await at.receive(sent.content_type, body)
        assert len(shelf.kept) == 1


async def test_a_deep_header_is_refused() -> None:
    sent = packed()
    soap = sent.chunks[1].replace(
        b"</S12:Header>", b"<a>" * 5000 + b"</a>" * 5000 + b"</S12:Header>", 1
    )
    body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0009")


async def test_a_huge_header_is_refused() -> None:
    sent = packed()
    filler = b"<a>" + b"x" * mime.MOST_SOAP_BYTES + b"</a></S12:Header>"
    soap = sent.chunks[1].replace(b"</S12:Header>", filler, 1)
    body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
    await refused(sent.content_type, body, "EBMS:0007")


# --- protection is taken away or weakened ---------------------------------------------------------


def _without(tag: str) -> Callable[[Root], None]:
    def change(root: Root) -> None:
        element = found(root, tag)
        element.getparent().remove(element)  # type: ignore[union-attr]

    return change


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        (f"{WSSE}Security", "EBMS:0103"),
        (f"{DS}Signature", "EBMS:0103"),
        (f"{XENC}EncryptedKey", "EBMS:0103"),
        (f"{XENC}EncryptedData", "EBMS:0103"),
        (f"{XENC11}MGF", "EBMS:0103"),  # that would be MGF1 with SHA-1
        (f"{WSSE}BinarySecurityToken", "EBMS:0103"),
    ],
)
async def test_stripped_protection_is_refused(tag: str, code: str) -> None:
    sent = packed()
    await refused(sent.content_type, with_soap(sent, _without(tag)), code)


_SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"


@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        (names.RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (names.RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (names.RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        (names.SHA256, _SHA1),
        (names.EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        (names.EXCLUSIVE, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (names.AES128_GCM, "http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
        (names.AES128_GCM, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        (names.RSA_OAEP, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        (names.RSA_OAEP, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"),
        (names.MGF1_SHA256, "http://www.w3.org/2009/xmlenc11#mgf1sha1"),
        (
            names.ATTACHMENT_CONTENT_SIGNATURE,
            f"{names._SWA}Attachment-Complete-Signature-Transform",
        ),
        (names.ATTACHMENT_CONTENT_ONLY, f"{names._SWA}Attachment-Complete"),
        (names.X509V3, f"{names.X509V3}PKIPathv1"),
    ],
)
async def test_weak_algorithms_are_refused(strong: str, weak: str) -> None:
    sent = packed()
    for place in range(sent.chunks[1].count(f'"{strong}"'.encode())):
        parts = sent.chunks[1].split(f'"{strong}"'.encode())
        soap = f'"{strong}"'.encode().join(parts[: place + 1])
        soap += f'"{weak}"'.encode() + f'"{strong}"'.encode().join(parts[place + 1 :])
        body = b"".join((sent.chunks[0], soap, *sent.chunks[2:]))
        await refused(sent.content_type, body, "EBMS:0103")


async def test_a_transform_more_is_refused() -> None:
    sent = packed()

    def change(root: Root) -> None:
        transforms = found(root, f"{DS}Transforms")
        xslt = etree.SubElement(transforms, f"{DS}Transform")
        xslt.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")

    await refused(sent.content_type, with_soap(sent, change), "EBMS:0103")


async def test_a_payload_that_is_not_signed_is_refused() -> None:
    """Signed by the real sender, but only header and body."""
    payload = packing.gzip.pack(b"<x/>")
    content_id = "payload@message-1"
    messaging = packing._messaging(message(), content_id)
    encryption, ciphertext = packing._encrypted(payload, content_id, key(RECEIVING).certificate)
    signature = packing.signature(packing.signed_body_and(messaging), key(SENDING))
    soap = packing.envelope((encryption, signature), messaging)
    body = b"".join(mime.parts("b", soap, content_id, ciphertext))
    await refused(mime.content_type("b"), body, "EBMS:0103")


# --- the payload is swapped -----------------------------------------------------------------------


async def test_a_payload_of_another_message_is_refused() -> None:
    """Header and key of one message, payload of another: it can not be decrypted."""
    one, other = packed(), packed(document=DOCUMENT.replace(b"1", b"2"))
    body = b"".join((*one.chunks[:3], other.chunks[3], one.chunks[4]))
    await refused(one.content_type, body, "EBMS:0102")


async def test_a_payload_encrypted_anew_is_refused() -> None:
    """Anybody can encrypt for us; what was signed is the payload inside."""
    sent = packed()
    content_id = "payload@message-1"
    encryption, ciphertext = packing._encrypted(
        as4_gzip.pack(b"<forged/>"), content_id, key(RECEIVING).certificate
    )
    fragment = b'<r xmlns:wsse="%s" xmlns:wsu="%s">%s</r>' % (
        names.WSSE.encode(),
        names.WSU.encode(),
        encryption,
    )
    new = {child.tag: child for child in etree.fromstring(fragment)}

    def change(root: Root) -> None:
        security = found(root, f"{WSSE}Security")
        for tag in (f"{XENC}EncryptedKey", f"{XENC}EncryptedData"):
            security.replace(found(root, tag), new[tag])

    changed = with_soap(sent, change)
    body = changed.replace(sent.chunks[3], ciphertext)
    assert ciphertext in body
    await refused(sent.content_type, body, "EBMS:0101")


# --- who signs ------------------------------------------------------------------------------------


def _leaf(**how: object) -> KeyInMemory:
    return network().leaf(SENDING, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signer", "says"),
    [
        (lambda: network("OTHER").leaf(SENDING), "not issued by"),
        (lambda: _leaf(purpose=Purpose.PUBLISHER), "not of an access point"),
        (lambda: _leaf(not_after=NOW - timedelta(hours=1)), "expired"),
        (lambda: _leaf(not_before=NOW + timedelta(hours=1)), "not valid yet"),
        (lambda: network().leaf("POP000003"), "seat"),
    ],
)
async def test_a_signer_who_may_not_is_refused(
    signer: Callable[[], KeyInMemory], says: str
) -> None:
    sent = packed(signer=signer())
    told = await refused(sent.content_type, sent.body, "EBMS:0101")
    assert says in told.faults[0].detail


@asynccontextmanager
async def responding() -> AsyncIterator[tuple[Authority, Responder]]:
    """A network of the same keys, whose certificates say where they can be asked about."""
    authority = Authority(NOW, make_key=same_key)
    responder = Responder(authority, lambda: NOW)
    app = web.Application()
    app.add_routes(responder.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    authority.ocsp_url = f"http://127.0.0.1:{runner.addresses[0][1]}/ocsp"
    try:
        yield authority, responder
    finally:
        await runner.cleanup()


async def test_a_revoked_signer_is_refused() -> None:
    async with responding() as (authority, responder):
        signer = authority.leaf(SENDING)
        responder.revoke(signer.certificate)
        sent = packed(signer=signer)
        how = {"anchors": authority.anchors, "fail": Fail.HARD}
        told = await refused(sent.content_type, sent.body, "EBMS:0101", **how)
    assert "revoked" in told.faults[0].detail


async def test_a_signer_of_whom_nobody_says_may_come_again() -> None:
    async with responding() as (authority, responder):
        responder.behaviour = Behaviour.FAIL
        sent = packed(signer=authority.leaf(SENDING))
        how = {"anchors": authority.anchors, "fail": Fail.HARD}
        await refused(sent.content_type, sent.body, "EBMS:0004", **how)
        responder.behaviour, shelf = Behaviour.ANSWER, Shelf()
        async with receiver(shelf, anchors=authority.anchors, fail=Fail.HARD) as at:
            await at.receive(sent.content_type, sent.body)
        assert len(shelf.kept) == 1


@pytest.mark.parametrize("message_id", ["two words", "new\rline", "x" * 256, "å@sender.example"])
async def test_a_message_id_that_is_none_is_refused_and_not_repeated(message_id: str) -> None:
    sent = packed(message(id=message_id))
    told = await refused(sent.content_type, sent.body, "EBMS:0009 EBMS:0101")
    assert told.ref_to is None


async def test_a_certificate_far_too_large_is_refused() -> None:
    sent = packed()

    def change(root: Root) -> None:
        for token in root.iter(f"{WSSE}BinarySecurityToken"):
            token.text = (token.text or "") + "A" * 40_000

    await refused(sent.content_type, with_soap(sent, change), "EBMS:0101")


async def test_a_weak_key_is_refused() -> None:
    sent = packed(signer=_leaf(bits=1024))
    await refused(sent.content_type, sent.body, "EBMS:0103")


async def test_a_ca_s_own_certificate_is_refused() -> None:
    issuer = network().issuers[Purpose.ACCESS_POINT]
    name = "SANDBOX ACCESS POINT CA"
    signer = KeyInMemory(issuer.key, issuer.certificate)
    sent = packed(message(from_seat=name), signer=signer)
    await refused(sent.content_type, sent.body, "EBMS:0101")


async def test_a_message_to_somebody_else_is_refused() -> None:
    sent = packed(message(to_seat="POP000009"))
    await refused(sent.content_type, sent.body, "EBMS:0010")


# --- it is played again -----------------------------------------------------------------------


@pytest.mark.parametrize("new", ["message-2@sender.example", "message-1@sender.exampl"])
async def test_an_old_message_under_a_new_id_is_refused(new: str) -> None:
    sent = packed()

    def change(root: Root) -> None:
        found(root, f"{EB}MessageId").text = new

    await refused(sent.content_type, with_soap(sent, change), "EBMS:0101")


# --- bombs ------------------------------------------------------------------------------------


def _around(compressed: bytes, says: UserMessage | None = None) -> Packed:
    """A message of the real sender around compressed bytes of any kind."""
    made = says or message()
    content_id = f"payload@{made.id.partition('@')[0]}"
    messaging = packing._messaging(made, content_id)
    references = (
        *packing.signed_body_and(messaging),
        packing.reference(
            f"cid:{content_id}",
            packing.hashlib.sha256(compressed).digest(),
            names.ATTACHMENT_CONTENT_SIGNATURE,
        ),
    )
    encryption, ciphertext = packing._encrypted(compressed, content_id, key(RECEIVING).certificate)
    soap = packing.envelope((encryption, packing.signature(references, key(SENDING))), messaging)
    chunks = tuple(mime.parts("bomb", soap, content_id, ciphertext))
    return Packed(mime.content_type("bomb"), chunks, references)


@pytest.mark.parametrize(
    "compressed",
    [
        gzip.compress(bytes(60_000_000)),
        gzip.compress(b"<a/>") + gzip.compress(bytes(60_000_000)),
        gzip.compress(b"<a/>")[:-4],
        gzip.compress(b""),
        zlib.compress(b"<a/>"),
        b"not gzip at all",
        b"",
    ],
    ids=["bomb", "second member", "cut off", "empty", "zlib", "none", "nothing"],
)
async def test_gzip_that_is_none_or_too_much_is_refused(compressed: bytes) -> None:
    sent = _around(compressed)
    await refused(sent.content_type, sent.body, "EBMS:0303")


async def test_a_small_bomb_is_refused_by_its_ratio() -> None:
    sent = _around(gzip.compress(bytes(3_000_000)))
    await refused(sent.content_type, sent.body, "EBMS:0303")


@pytest.mark.parametrize(
    "payload",
    [
        b"<a/>",
        b"not xml",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" * 100_000,
        b"<a " + b"b='c' " * 20_000 + b"/>",
    ],
)
async def test_a_payload_that_is_no_envelope_is_refused(payload: bytes) -> None:
    sent = _around(as4_gzip.pack(payload))
    await refused(sent.content_type, sent.body, "EBMS:0004")


async def test_an_attachment_of_20_mb_is_taken() -> None:
    inside = base64.b64encode(random.Random(1).randbytes(20_000_000))
    document = DOCUMENT.replace(b"<ID>1</ID>", b"<ID>" + inside + b"</ID>")
    sent = packed(document=document)
    shelf = Shelf()
    async with receiver(shelf) as at:
        reply = await at.receive(sent.content_type, sent.body)
    answer = signals.read(reply.content_type, reply.content)
    assert not isinstance(answer.signal, Errors)
    assert [taken.document == document for taken in shelf.kept.values()] == [True]


# --- MIME -------------------------------------------------------------------------------------

_SENT_TYPE = 'multipart/related; boundary="b"; type="application/soap+xml"'


def _parts(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


_SOAP_PART = b"Content-Type: application/soap+xml\r\n\r\n<a/>"
_FILE_PART = b"Content-ID: <c>\r\n\r\nx"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", _parts(_SOAP_PART, _FILE_PART)),
        ("multipart/related", _parts(_SOAP_PART, _FILE_PART)),
        ('multipart/related; boundary=""', _parts(_SOAP_PART, _FILE_PART)),
        ('multipart/related; boundary="' + "b" * 71 + '"', b"--" + b"b" * 71),
        ('multipart/related; boundary="b"; boundary="c"', _parts(_SOAP_PART, _FILE_PART)),
        ('multipart/mixed; boundary="b"', _parts(_SOAP_PART, _FILE_PART)),
        (_SENT_TYPE, b""),
        (_SENT_TYPE, _parts()),
        (_SENT_TYPE, _parts(_SOAP_PART, _FILE_PART, end=b"")),
        (_SENT_TYPE, _parts(_SOAP_PART, *[_FILE_PART] * 2)),
        (_SENT_TYPE, _parts(_SOAP_PART, *[_FILE_PART] * 10_000)),
        (_SENT_TYPE, b"preamble\r\n" + _parts(_SOAP_PART, _FILE_PART)),
        (_SENT_TYPE, _parts(_SOAP_PART, _FILE_PART) + b"epilogue"),
        (_SENT_TYPE, _parts(_SOAP_PART, b"no headers")),
        (_SENT_TYPE, _parts(_SOAP_PART, b"Content-ID: <c>\r\nContent-ID: <d>\r\n\r\nx")),
        (_SENT_TYPE, _parts(_SOAP_PART, b"X: " + b"y" * 10_000 + b"\r\n\r\nx")),
        (_SENT_TYPE, _parts(_SOAP_PART, b"Content-Transfer-Encoding: base64\r\n\r\neA==")),
        (_SENT_TYPE, _parts(_SOAP_PART, b"Content-Type: text/plain\r\n\r\nx")),
        (_SENT_TYPE, _parts(_FILE_PART, _SOAP_PART)),
        (_SENT_TYPE + '; start="<other>"', _parts(_SOAP_PART, _FILE_PART)),
        (_SENT_TYPE, _parts(_SOAP_PART, _FILE_PART).replace(b"--b\r\n", b"--b x\r\n")),
        (_SENT_TYPE, _parts(_SOAP_PART, _FILE_PART).replace(b"\r\n", b"\n")),
    ],
)
async def test_mime_that_could_be_read_two_ways_is_refused(content_type: str, body: bytes) -> None:
    await refused(content_type, body, "EBMS:0007")


async def test_a_message_of_one_part_is_refused() -> None:
    sent = packed()
    body = b"".join((*sent.chunks[:2], sent.chunks[4]))
    await refused(sent.content_type, body, "EBMS:0011")


async def test_a_payload_of_another_name_is_refused() -> None:
    sent = packed()
    body = sent.body.replace(b"Content-ID: <payload@", b"Content-ID: <another@")
    await refused(sent.content_type, body, "EBMS:0103")


async def test_a_message_that_is_only_written_anew_is_taken() -> None:
    """What is changed above is refused for the change, not because nothing would be taken."""
    sent, shelf = packed(), Shelf()
    async with receiver(shelf) as at:
        await at.receive(sent.content_type, with_soap(sent, lambda _: None))
    assert len(shelf.kept) == 1


async def test_the_envelope_of_these_attacks_is_taken_with_a_good_payload() -> None:
    sent, shelf = _around(as4_gzip.pack(envelope.write(header(), DOCUMENT))), Shelf()
    async with receiver(shelf) as at:
        await at.receive(sent.content_type, sent.body)
    assert len(shelf.kept) == 1
