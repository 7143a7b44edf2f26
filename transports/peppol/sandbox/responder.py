"""An OCSP responder and CRL of the sandbox's CAs; it fails, and lies, when it is told to."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from enum import StrEnum

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from transports.base import Now
from transports.peppol.pki.chains import Purpose
from transports.peppol.sandbox.authority import Authority, Issuer

_VALID = timedelta(hours=1)


class Behaviour(StrEnum):
    """How it answers."""

    ANSWER = "answer"
    FAIL = "fail"  # 500
    TRY_LATER = "try_later"  # an OCSP answer without one
    OUTDATED = "outdated"  # an answer of two days ago
    STRANGER = "stranger"  # signed by somebody whom the CA has not made responder


class Responder:
    """Knows which serial numbers are revoked. Its routes go into the sandbox's server."""

    def __init__(self, authority: Authority, now: Now) -> None:
        self.behaviour = Behaviour.ANSWER
        self.asked = 0
        self._authority = authority
        self._now = now
        self._revoked: dict[int, datetime] = {}
        self._strangers: Authority | None = None
        self._signers = {purpose: authority.responder(purpose) for purpose in Purpose}

    def revoke(self, certificate: x509.Certificate) -> None:
        """From now on the certificate is revoked."""
        self._revoked[certificate.serial_number] = self._now()

    def routes(self) -> list[web.RouteDef]:
        """POST /ocsp, GET /ocsp/{question} (RFC 6960, A.1), and GET /crl/{purpose}."""
        return [
            web.post("/ocsp", self._posted),
            web.get("/ocsp/{question:.+}", self._in_the_address),
            web.get("/crl/{purpose}", self._crl),
        ]

    async def _posted(self, request: web.Request) -> web.Response:
        return self._ocsp(await request.read())

    async def _in_the_address(self, request: web.Request) -> web.Response:
        try:
            question = base64.b64decode(request.match_info["question"], validate=True)
        except ValueError:
            raise web.HTTPBadRequest from None
        return self._ocsp(question)

    def _ocsp(self, question: bytes) -> web.Response:
        self.asked += 1
        if self.behaviour is Behaviour.FAIL:
            raise web.HTTPInternalServerError
        if self.behaviour is Behaviour.TRY_LATER:
            answer = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        else:
            answer = self._answer(ocsp.load_der_ocsp_request(question))
        return web.Response(
            body=answer.public_bytes(Encoding.DER), content_type="application/ocsp-response"
        )

    def _answer(self, question: ocsp.OCSPRequest) -> ocsp.OCSPResponse:
        purpose = self._purpose_of(question)
        signer = self._signers[purpose]
        if self.behaviour is Behaviour.STRANGER:
            signer = self._stranger(purpose)
        at = self._now()
        if self.behaviour is Behaviour.OUTDATED:
            at -= timedelta(days=2)
        revoked_at = self._revoked.get(question.serial_number)
        status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
        return (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                question.issuer_name_hash,
                question.issuer_key_hash,
                question.serial_number,
                question.hash_algorithm,
                status,
                at,
                at + _VALID,
                revoked_at,
                None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
            .certificates([signer.certificate])
            .sign(signer.key, hashes.SHA256())
        )

    def _stranger(self, purpose: Purpose) -> Issuer:
        """A responder of another network's CA."""
        if self._strangers is None:
            self._strangers = Authority(self._now(), name="STRANGER")
        return self._strangers.responder(purpose)

    def _purpose_of(self, question: ocsp.OCSPRequest) -> Purpose:
        for purpose, issuer in self._authority.issuers.items():
            probe = ocsp.OCSPRequestBuilder().add_certificate(
                self._signers[purpose].certificate, issuer.certificate, question.hash_algorithm
            )
            if probe.build().issuer_key_hash == question.issuer_key_hash:
                return purpose
        raise web.HTTPBadRequest

    async def _crl(self, request: web.Request) -> web.Response:
        if self.behaviour is Behaviour.FAIL:
            raise web.HTTPInternalServerError
        issuer = self._authority.issuers[Purpose(request.match_info["purpose"])]
        at = self._now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at)
            .next_update(at + _VALID)
        )
        for serial, revoked_at in self._revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(revoked_at).build())
        content = builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
        return web.Response(body=content, content_type="application/pkix-crl")
