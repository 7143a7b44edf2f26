"""The sandbox's partners who are spoken to over SFTP: there with the extra `sftp` only."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from gateway.clock import Clock
from gateway.sandbox.partner import Partner
from gateway.sandbox.seeds import TERMS
from schemas.identifiers import make_kid
from transports import kid_account
from transports.avtalegiro.agreements import Agreements, Overtaken
from transports.avtalegiro.files import Agreement, Registration
from transports.avtalegiro.sandbox import MAGIC
from transports.avtalegiro.sandbox import Sandbox as Central
from transports.bank_se.identifiers import Fui
from transports.bank_se.sandbox import Sandbox as Distributor
from transports.base import Entry, Register
from transports.letter.sandbox_sftp import Sandbox as PrintHouse
from transports.sftp_server import SftpServer

# The Norwegian seed's account, and a KID of each of its magic payers.
ACCOUNT: Final = kid_account.read(TERMS["sender_no"]["avtalegiro"])
KIDS: Final = tuple(make_kid(f"{payer}000000", "mod10") for payer in MAGIC.values())


def partners(clock: Clock, patience_s: float) -> tuple[Partner, ...]:
    """Both of them."""
    return bank_se(clock, patience_s), avtalegiro(clock, patience_s)


def bank_se(clock: Clock, patience_s: float) -> Partner:
    """The Swedish banks' distributor. Its magic consumers register with the Swedish seed."""
    server = _Registering(now=clock.now)

    def section() -> Mapping[str, Any]:
        return {**_way_to(server), "batch_wait_s": 0.1, **_pace(patience_s)}

    return Partner("bank_se", "bank", "Swedish banks", server, section, server.received)


def avtalegiro(clock: Clock, patience_s: float) -> Partner:
    """The Norwegian banks' central. Its magic payers have agreed already."""
    server = _Agreeing(now=clock.now)

    def section() -> Mapping[str, Any]:
        return {**_way_to(server), "sender": server.sender, **_pace(patience_s)}

    return Partner("avtalegiro", "avtalegiro", "AvtaleGiro", server, section, server.received)


def print_house(clock: Clock, patience_s: float) -> Partner:
    """A print house that takes files."""
    server = PrintHouse(now=clock.now)

    def section() -> Mapping[str, Any]:
        return {
            **{f"sftp_{name}": value for name, value in _way_to(server).items()},
            "answer_timeout_s": patience_s,
        }

    return Partner("letter", "letters", "Print house", server, section, server.received)


def _way_to(server: SftpServer) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "host_key": server.host_key,
        "username": server.username,
        "password": server.password,
    }


def _pace(patience_s: float) -> dict[str, Any]:
    return {"exchange_timeout_s": patience_s, "collect_every_s": 1}


class _Registering(Distributor):
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await super().start(host, port)
        self.register_magic(Fui.parse(TERMS["sender"]["bank_se"]["fui"]))


class _Agreeing(Central):
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await super().start(host, port)
        self.agree(ACCOUNT.number, *KIDS)


async def agree(company_id: str, register: Register) -> None:
    """Lets a company know what the magic payers have agreed to, before the central's list comes."""
    agreements = Agreements(register)
    await agreements.claim(company_id, ACCOUNT)
    known = await agreements.find(company_id, ACCOUNT, KIDS[0])
    if known is None:
        items = [Agreement(kid, Registration.NEW, notice=False) for kid in KIDS]
        with suppress(Overtaken):  # by the channel itself, which has the central's list already
            await agreements.take(ACCOUNT.number, items, Entry("", "sandbox", "agreements"))
