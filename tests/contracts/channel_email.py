"""E-mail in the contract suite: signed, with a return path of its own and a mailbox behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import (
    NOBODY,
    NOW,
    PATIENCE_S,
    RECIPIENT,
    SHORT_PATIENCE_S,
    Case,
    Channel,
)
from transports.base import Refused, Sent, Transport, TryLater, Unknown
from transports.email.bounces import BounceSettings
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings
from transports.email.mailbox import MailboxSettings
from transports.email.sandbox import Sandbox
from transports.email.signing import Key, Keys

KEY = Key("gateway.example", "s1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SECRET = b"return paths of tests"


async def secret() -> bytes:
    return SECRET


def settings(server: Sandbox, patience_s: float = PATIENCE_S) -> EmailSettings:
    """A channel with all that there is, whose other side is a sandbox."""
    mailbox = MailboxSettings(
        "127.0.0.1",
        server.mailbox.username,
        server.mailbox.password,
        port=server.mailbox.port,
        tls=Tls.NONE,
        done_folder="Taken",
        timeout_s=patience_s,
    )
    return EmailSettings(
        Relay("127.0.0.1", server.port, Tls.NONE, connect_timeout_s=PATIENCE_S),
        "faktura@gateway.example",
        keys=Keys({KEY.domain: [KEY]}),
        bounces=BounceSettings("bounce.gateway.example", mailbox),
        reply_timeout_s=patience_s,
        end_timeout_s=patience_s,
    )


async def open_email(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "email")
    async with Sandbox(txt={KEY.name: KEY.record}.get, now=clock.now) as server:
        own = settings(server, SHORT_PATIENCE_S if hangs else PATIENCE_S)

        async def taken(key: UUID) -> list[bytes]:
            mine = f"<{key}@gateway.example>"
            found = [one for one in server.received if one.message["Message-ID"] == mine]
            assert all(one.signatures == SIGNED for one in found)
            return [one.content for one in found]

        def driver() -> Transport:
            return Email(own, now=clock.now, secret=secret, register=register)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=lambda behaviour: replace(
                RECIPIENT, email=f"{behaviour}+1@bageri.example"
            ),
            taken=taken,
            connections=lambda: len(server.open) + len(server.mailbox.open),
            shut=server.close,
            secrets=(
                "127.0.0.1",
                str(server.port),
                str(server.mailbox.port),
                "bageri.example",
                "gateway.example",
            ),
        )
    await store.close()


SIGNED = {("gateway.example", "ed25519-sha256"): True}
_TAKEN = (Sent, "email.sent")

CASE = Case(
    open=open_email,
    outcomes={
        "accept": _TAKEN,
        "refuse": (Refused, "email.mailbox_unavailable"),
        "full": (Refused, "email.mailbox_full"),
        "large": (Refused, "email.too_large"),
        "policy": (Refused, "email.policy"),
        "later": (TryLater, "email.deferred"),
        "hang": (TryLater, "email.timeout"),
        "silent": (Unknown, "email.outcome_unknown"),
        "drop": (Unknown, "email.outcome_unknown"),
        "bounce": _TAKEN,
        "overquota": _TAKEN,
        "delayed": _TAKEN,
        "stuck": _TAKEN,
        "confirm": _TAKEN,
        "away": _TAKEN,
        "forge": _TAKEN,
    },
    unreachable={
        "nobody": (NOBODY, "email.no_address"),
        "nonsense": (replace(NOBODY, email="inte en adress"), "email.bad_address"),
        "two": (replace(NOBODY, email="a@b.example, c@d.example"), "email.bad_address"),
    },
    hangs=("hang", "silent"),
)
