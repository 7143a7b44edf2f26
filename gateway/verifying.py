"""Verification of companies, put together out of its settings.

In charge of reading keys and of joining the parts. Not in charge of any of them
(`gateway.trust.verification`, `gateway.trust.signing`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiohttp import web

from gateway import config
from gateway.clock import Clock
from gateway.delivery.schedules import Handler
from gateway.peppol import key_of
from gateway.section import ConfigError, revealed
from gateway.store.port import Store
from gateway.trust.gate import OPEN, Gate
from gateway.trust.post import Post
from gateway.trust.settings import BankId as BankIdSection
from gateway.trust.settings import Trust
from gateway.trust.settings import VismaSign as VismaSignSection
from gateway.trust.signing import bankid_wire
from gateway.trust.signing.bankid import BankId
from gateway.trust.signing.page import PATH, SigningPage
from gateway.trust.signing.port import Signer
from gateway.trust.signing.visma_sign import BadSecret, VismaSign
from gateway.trust.verification.gate import Rows, VerifiedOnly
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.steps import Steps, Wishes
from gateway.trust.verification.verbs import KIND, Verbs
from transports.peppol import tls

_BANKID: Final = {"production": bankid_wire.PRODUCTION, "test": bankid_wire.TEST}


@dataclass(frozen=True, slots=True)
class Verifying:
    """The parts that the gateway works with."""

    gate: Gate
    verbs: Verbs
    sealed: Sealed
    handlers: Mapping[str, Handler]
    routes: Sequence[web.AbstractRouteDef]
    signers: Mapping[str, Signer]

    async def close(self) -> None:
        """Lets go of the signers' connections."""
        for signer in self.signers.values():
            await signer.close()


def gate_of(section: Trust, store: Rows, clock: Clock) -> Gate:
    """The gate."""
    if section.verification == "none":
        return OPEN
    return VerifiedOnly(
        store,
        clock,
        hold_outgoing=section.outgoing == "hold",
        hold_incoming=section.incoming == "hold",
    )


def terms_of(section: Trust) -> Terms:
    """How long what counts."""
    return Terms(
        request=timedelta(days=section.request_days),
        recheck=timedelta(days=section.recheck_days),
        grace=timedelta(days=section.grace_days),
        warn=tuple(timedelta(days=day) for day in section.warn_days if section.grace_days),
        by_operator=section.approve == "operator",
    )


def signer_names(settings: config.Settings) -> tuple[str, ...]:
    """The signing services that are set up, the usual one first. Raises ConfigError."""
    there = {"visma_sign": settings.visma_sign, "bankid": settings.bankid}
    names = [name for name, section in there.items() if section is not None]
    usual = settings.trust.signer
    if usual is not None and usual not in names:
        raise ConfigError(f"trust.signer: {usual} is not set up; it needs [{usual}]")
    if settings.bankid is not None and settings.trust.url is None:
        raise ConfigError("trust.url: people sign with BankID on a page of ours; say where it is")
    return tuple(sorted(names, key=lambda name: name != usual))


async def verifying(settings: config.Settings, store: Store, clock: Clock) -> Verifying:
    """Opens it. Raises ConfigError."""
    section = settings.trust
    signers = {
        name: await asyncio.to_thread(_signer, name, settings, clock)
        for name in signer_names(settings)
    }
    sealed = Sealed(store.blobs.keys, clock)
    terms, wishes = terms_of(section), Wishes(section.provider)
    verbs = Verbs(store, clock, sealed, tuple(signers), terms)
    where = f"{(section.url or '').rstrip('/')}{PATH}"
    steps = Steps(store, clock, sealed, signers, Post(store, clock), terms, wishes, where)
    page = SigningPage(store, clock, sealed, verbs, wishes, signers, proxies=section.proxies)
    return Verifying(
        gate_of(section, store, clock),
        verbs,
        sealed,
        {KIND: steps},
        page.routes() if settings.bankid is not None else (),
        signers,
    )


def _signer(name: str, settings: config.Settings, clock: Clock) -> Signer:
    """A signing service. Blocking."""
    if name == "visma_sign":
        assert settings.visma_sign is not None
        return _visma_sign(settings.visma_sign, clock)
    assert settings.bankid is not None
    return _bankid(settings.bankid, clock)


def _visma_sign(section: VismaSignSection, clock: Clock) -> VismaSign:
    try:
        return VismaSign(
            section.url,
            section.identifier,
            revealed(section.secret) or "",
            clock,
            identifier_type=section.identifier_type,
            every=timedelta(seconds=section.poll_s),
            connect_timeout_s=section.connect_timeout_s,
            answer_timeout_s=section.answer_timeout_s,
        )
    except BadSecret as error:
        raise ConfigError(f"visma_sign.secret: {error}") from None


def _bankid(section: BankIdSection, clock: Clock) -> BankId:
    return BankId(
        section.url or _BANKID[section.network],
        bankid_tls(section),
        clock,
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
    )


def bankid_tls(section: BankIdSection) -> ssl.SSLContext | None:
    """TLS that shows our certificate; None where the section names none. Blocking. Raises
    ConfigError."""
    if section.key_store is None:
        return None
    key = key_of("bankid", section.key_store, section.key_password)
    try:
        return tls.client(key, section.ca_file)
    except OSError as error:
        raise ConfigError(f"bankid.ca_file: {error}") from None
