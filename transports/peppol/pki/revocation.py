"""What was revoked since: OCSP where the certificate names a responder, else its CRL.

In charge of asking, of checking who answers, and of remembering answers for a while. What happens
when nobody answers is a setting: `hard` refuses, `soft` goes on and says so in the log.
Source: RFC 6960 (OCSP), RFC 5280 section 6.3 (CRL); Oxalis keeps answers 30 minutes, we do too.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import aiohttp
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from transports.base import Now
from transports.peppol.pki.chains import Flaw, Untrusted

log = structlog.get_logger()

KEPT: Final = timedelta(minutes=30)
MOST_KEPT: Final = 10_000
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_MOST_OCSP_BYTES: Final = 64 * 1024
_MOST_CRL_BYTES: Final = 8 * 1024 * 1024
# A responder's clock may be a little ahead of ours.
_SKEW: Final = timedelta(minutes=5)


class Fail(StrEnum):
    """What an answer that can not be had means."""

    HARD = "hard"
    SOFT = "soft"
    OFF = "off"  # never asked: for the sandbox, and networks without responders


class _Unanswered(Exception):
    """Nobody could say; the text says why."""


@dataclass(frozen=True, slots=True)
class _Known:
    revoked_at: datetime | None
    until: datetime


class Revocation:
    """Asks, and remembers. One for the whole process; `session` stays its maker's to close."""

    def __init__(self, session: aiohttp.ClientSession, fail: Fail, now: Now) -> None:
        self._session = session
        self._fail = fail
        self._now = now
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._asking: dict[bytes, asyncio.Future[_Known]] = {}

    async def check(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        """Raises Untrusted when the certificate was revoked, or when nobody says and that counts.

        `issuer` is the CA that issued it, which the chain's check has answered.
        """
        if self._fail is Fail.OFF:
            return
        name = certificate.fingerprint(hashes.SHA256())
        known = self._known.get(name)
        if known is None or known.until <= self._now():
            try:
                known = await self._asked_once(name, certificate, issuer)
            except _Unanswered as error:
                log.warning("revocation_unanswered", reason=str(error), fail=self._fail)
                if self._fail is Fail.HARD:
                    raise Untrusted(
                        Flaw.REVOCATION_UNKNOWN, f"whether it is revoked is not known: {error}"
                    ) from None
                return
        if known.revoked_at is not None:
            raise Untrusted(Flaw.REVOKED, f"it was revoked on {known.revoked_at.date()}")

    async def _asked_once(
        self, name: bytes, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> _Known:
        """Asks; those who want to know the same meanwhile wait for the one answer."""
        asking = self._asking.get(name)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(certificate, issuer))
            self._asking[name] = asking
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        known = await asyncio.shield(asking)
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return known

    async def _ask(self, certificate: x509.Certificate, issuer: x509.Certificate) -> _Known:
        reasons = []
        for urls, ask in ((_responders(certificate), self._ocsp), (_lists(certificate), self._crl)):
            for url in urls:
                try:
                    return await ask(url, certificate, issuer)
                except _Unanswered as error:
                    reasons.append(f"{url}: {error}")
        raise _Unanswered("; ".join(reasons) or "it names neither a responder nor a list")

    # --- OCSP ---

    async def _ocsp(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> _Known:
        # SHA-1 only names the issuer here (RFC 6960), and is what every responder understands.
        question = ocsp.OCSPRequestBuilder().add_certificate(
            certificate,
            issuer,
            hashes.SHA1(),  # noqa: S303
        )
        content = await self._fetched(
            url, _MOST_OCSP_BYTES, question.build().public_bytes(Encoding.DER)
        )
        try:
            answer = ocsp.load_der_ocsp_response(content)
        except ValueError:
            raise _Unanswered("the answer is no OCSP response") from None
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _Unanswered(f"the responder says {answer.response_status.name.lower()}")
        if answer.serial_number != certificate.serial_number:
            raise _Unanswered("the answer is about another certificate")
        _check_responder(answer, issuer, self._now())
        if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            raise _Unanswered("the responder does not know the certificate")
        until = self._until(answer.this_update_utc, answer.next_update_utc)
        return _Known(answer.revocation_time_utc, until)

    # --- CRL ---

    async def _crl(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> _Known:
        content = await self._fetched(url, _MOST_CRL_BYTES, None)
        try:
            read = x509.load_pem_x509_crl if content[:5] == b"-----" else x509.load_der_x509_crl
            found = await asyncio.to_thread(read, content)
        except ValueError:
            raise _Unanswered("the answer is no CRL") from None
        public = issuer.public_key()
        signed = isinstance(public, RSAPublicKey) and found.is_signature_valid(public)
        if found.issuer != issuer.subject or not signed:
            raise _Unanswered("the CRL is not the issuing CA's")
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
        until = self._until(found.last_update_utc, found.next_update_utc)
        return _Known(None if entry is None else entry.revocation_date_utc, until)

    def _until(self, since: datetime, until: datetime | None) -> datetime:
        """How long an answer counts; raises _Unanswered for an outdated one."""
        now = self._now()
        if since > now + _SKEW or (until is not None and until < now - _SKEW):
            raise _Unanswered("the answer is not of this time")
        return min(now + KEPT, until or now + KEPT)

    async def _fetched(self, url: str, limit: int, body: bytes | None) -> bytes:
        how = (
            self._session.get(url, timeout=_TIMEOUT)
            if body is None
            else self._session.post(
                url,
                data=body,
                headers={"Content-Type": "application/ocsp-request"},
                timeout=_TIMEOUT,
            )
        )
        try:
            async with how as response:
                if response.status != 200:
                    raise _Unanswered(f"status {response.status}")
                content = bytearray()
                async for piece in response.content.iter_chunked(65536):
                    content += piece
                    if len(content) > limit:
                        raise _Unanswered("the answer is too large")
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _Unanswered(f"{type(error).__name__}") from None


def _check_responder(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """The CA signed the answer, or somebody whom it has made responder (RFC 6960, 4.2.2.2)."""
    signer = issuer
    if answer.certificates and answer.certificates[0] != issuer:
        signer = answer.certificates[0]
        try:
            signer.verify_directly_issued_by(issuer)
            usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            raise _Unanswered("the responder is not the issuing CA's") from None
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            raise _Unanswered("the responder's certificate is not for OCSP")
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            raise _Unanswered("the responder's certificate is not valid now")
    public, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if not isinstance(public, RSAPublicKey) or algorithm is None:
        raise _Unanswered("the answer's signature is of a kind that is not taken")
    try:
        public.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise _Unanswered("the answer's signature does not hold") from None


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return []
    return [
        one.access_location.value
        for one in access.value
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]


def _lists(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [
        name.value
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]
