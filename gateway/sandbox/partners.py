"""The partners in the sandbox: for each channel, who is at its other end, and how to get there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.clock import Clock
from gateway.console.setup import Mailbox
from gateway.sandbox.partner import Partner, Row
from gateway.sandbox.peppol import PeppolNetwork
from gateway.sandbox.seeds import ISSUER
from gateway.scanning.sandbox import EICAR
from gateway.scanning.sandbox import Sandbox as Scanner
from gateway.trust.signing.sandbox import BankIdServer, VismaSignServer
from transports.efaktura_no.sandbox import Sandbox as PaymentServices
from transports.efaktura_no.sandbox import Signing
from transports.efaktura_no.wire.issuers import IssuerState
from transports.email.sandbox import Sandbox as MailServer
from transports.email.signing import Key
from transports.kivra.sandbox import Sandbox as KivraServer
from transports.kivra.sandbox.server import SECRET
from transports.letter.sandbox import Sandbox as PrintHouse
from transports.operator.sandbox import Sandbox as OperatorServer
from transports.operator.sfti_sandbox import Sandbox as SftiPartner
from transports.vipps.sandbox import Sandbox as VippsServer

# Partners of a channel that has two ways to be spoken to, instead of the usual ones.
Other = Literal["sfti", "letters_over_sftp"]


class Partners:
    """All of them; `async with Partners(data, clock) as partners: ... partners.settings()`.

    `data` holds our keys. One that says nothing is given up after `patience_s`; a real one gets
    minutes. `outer_url` is where they find us: the port is kept for a gateway with these settings.
    `others` are there instead of the usual ones of their channels.
    """

    def __init__(
        self,
        data: Path,
        clock: Clock,
        *,
        patience_s: float = 5,
        others: Collection[Other] = (),
    ) -> None:
        signing = Key("gateway.example", "sandbox", Ed25519PrivateKey.generate())
        self.mail = MailServer(txt={signing.name: signing.record}.get, now=clock.now)
        self.print_house = PrintHouse(now=clock.now)
        self.operator = OperatorServer(now=clock.now)
        self.kivra = KivraServer(now=clock.now)
        self.vipps = VippsServer(now=clock.now)
        self.efaktura = PaymentServices(now=clock.now)
        signed = Signing(ISSUER, IssuerState.ACTIVE)
        self.efaktura.issuers.known[ISSUER.organisation_number] = signed
        self.visma_sign = VismaSignServer(now=clock.now)
        self.bankid = BankIdServer(now=clock.now)
        self.scanner = Scanner()
        self.peppol = PeppolNetwork(data, clock, patience_s)
        self.outer_url = ""
        letters = print_house(self.print_house, patience_s)
        if "letters_over_sftp" in others:
            from gateway.sandbox import over_sftp

            letters = over_sftp.print_house(clock, patience_s)
        operators = operator(self.operator, patience_s)
        if "sfti" in others:
            operators = sfti(SftiPartner(now=clock.now), data, patience_s)
        self.all: tuple[Partner, ...] = (
            mail_server(self.mail, signing, data, patience_s),
            letters,
            operators,
            kivra(self.kivra, patience_s),
            efaktura_no(self.efaktura, patience_s),
            vipps(self.vipps, patience_s, lambda: self.outer_url),
            *_over_sftp(clock, patience_s),
            scanner(self.scanner),
            visma_sign(self.visma_sign, patience_s),
            bankid(self.bankid, patience_s),
        )
        self._up = AsyncExitStack()

    def settings(self) -> dict[str, Any]:
        """The sections of a gateway's settings that lead to them."""
        return {
            "outer": {"listen": self.outer_url.removeprefix("http://")},
            "trust": {"verification": "required", "url": self.outer_url},
            **{partner.channel: dict(partner.section()) for partner in self.all},
            **self.peppol.settings(),
        }

    def received(self) -> dict[str, list[Row]]:
        """What they have taken, by their names."""
        others = {partner.name: list(partner.received()) for partner in self.all}
        return {**self.peppol.received(), **others}

    def mailboxes(self) -> list[Mailbox]:
        """The same by channel, for people."""
        peppol = self.peppol.received()
        return [
            Mailbox("peppol", "Peppol: the other access point", peppol["messages"]),
            Mailbox("peppol", "Peppol: answers to its companies", peppol["responses"]),
            *(Mailbox(one.channel, one.title, one.received()) for one in self.all),
        ]

    async def __aenter__(self) -> Partners:
        async with AsyncExitStack() as up:
            outer = up.enter_context(socket.socket())
            outer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            outer.bind(("127.0.0.1", 0))
            self.outer_url = f"http://127.0.0.1:{outer.getsockname()[1]}"
            for partner in self.all:
                await up.enter_async_context(partner.server)
            await self.peppol.start(up, self.outer_url)
            self.kivra.post_to(f"{self.outer_url}/kivra/webhooks")
            self._up = up.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._up.aclose()


def _over_sftp(clock: Clock, patience_s: float) -> tuple[Partner, ...]:
    """Those who need the extra `sftp`, where it is installed."""
    if find_spec("asyncssh") is None:
        return ()
    from gateway.sandbox import over_sftp

    return over_sftp.partners(clock, patience_s)


def mail_server(server: MailServer, key: Key, data: Path, patience_s: float) -> Partner:
    """The mail server, and the mailbox behind it. It knows the key that messages are signed with;
    the gateway finds it under `data`."""

    def section() -> Mapping[str, Any]:
        folder = data / "dkim"
        (folder / key.domain).mkdir(parents=True, exist_ok=True)
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / key.domain / f"{key.selector}.pem").write_bytes(pem)
        return {
            "host": "127.0.0.1",
            "port": server.port,
            "tls": "none",
            "sender": "invoices@gateway.example",
            "dkim_folder": folder,
            "bounce_domain": "bounce.gateway.example",
            "bounce_host": "127.0.0.1",
            "bounce_port": server.mailbox.port,
            "bounce_tls": "none",
            "bounce_username": server.mailbox.username,
            "bounce_password": server.mailbox.password,
            "bounce_done_folder": "Taken",
            "bounce_every_s": 1,
            "reply_timeout_s": patience_s,
            "end_timeout_s": patience_s,
        }

    def received() -> Sequence[Row]:
        return [
            {
                "to": mail.recipient,
                "subject": str(mail.message["Subject"]),
                "signed": [domain for (domain, _), right in mail.signatures.items() if right],
                "files": [part.get_filename() for part in mail.message.iter_attachments()],
            }
            for mail in server.received
        ]

    return Partner("email", "emails", "Mail server", server, section, received)


def print_house(server: PrintHouse, patience_s: float) -> Partner:
    """The print house."""

    def section() -> Mapping[str, Any]:
        return {"url": server.url, "token": server.token, "answer_timeout_s": patience_s}

    def received() -> Sequence[Row]:
        return [
            {
                "number": job.number,
                "to": job.submission.job.recipient.name,
                "reference": job.submission.job.reference,
                "pages": job.submission.job.pages,
                "reported": [str(state) for state in job.reported],
            }
            for job in server.jobs.values()
        ]

    return Partner("letter", "letters", "Print house", server, section, received)


def operator(server: OperatorServer, patience_s: float) -> Partner:
    """An operator of e-invoices."""

    def section() -> Mapping[str, Any]:
        return {"url": server.url, "token": server.token, "answer_timeout_s": patience_s}

    return Partner("operator", "operator", "E-invoice operator", server, section, server.received)


def sfti(server: SftiPartner, data: Path, patience_s: float) -> Partner:
    """Recipients who take messages by SFTI's transport profile. Who they are is a file under
    `data`."""

    def section() -> Mapping[str, Any]:
        partners_file = data / "partners.toml"
        partners_file.write_text(server.directory, "utf-8")
        return {
            "kind": "sfti",
            "host": "gateway.example",
            "partners_file": partners_file,
            "answer_timeout_s": patience_s,
        }

    return Partner("operator", "sfti", "SFTI's profile", server, section, server.received)


def kivra(server: KivraServer, patience_s: float) -> Partner:
    """Kivra."""

    def section() -> Mapping[str, Any]:
        return {
            "url": server.url,
            "client_id": "sandbox",
            "client_secret": "sandbox",
            "webhook_secret": SECRET,
            "answer_timeout_s": patience_s,
        }

    return Partner("kivra", "kivra", "Kivra", server, section, server.received)


def efaktura_no(server: PaymentServices, patience_s: float) -> Partner:
    """Norwegian eFaktura."""

    def section() -> Mapping[str, Any]:
        return {"url": server.url, "answer_timeout_s": patience_s, "poll_s": 1}

    return Partner(
        "efaktura_no", "efaktura", "Norwegian eFaktura", server, section, server.received
    )


def vipps(server: VippsServer, patience_s: float, outer_url: Callable[[], str]) -> Partner:
    """Vipps, and the banks that fetch documents from us."""

    def section() -> Mapping[str, Any]:
        return {
            "url": server.url,
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "subscription_key": server.subscription_key,
            "document_url": outer_url(),
            "answer_timeout_s": patience_s,
        }

    return Partner("vipps", "vipps", "Vipps", server, section, server.received)


def scanner(server: Scanner) -> Partner:
    """A virus scanner: no channel, but what every document is shown to."""

    def section() -> Mapping[str, Any]:
        return {"address": server.address}

    def received() -> Sequence[Row]:
        return [
            {"bytes": len(content), "found": "Eicar" if EICAR in content else ""}
            for content in server.seen
        ]

    return Partner("scan", "scanned", "Virus scanner", server, section, received)


def visma_sign(server: VismaSignServer, patience_s: float) -> Partner:
    """Visma Sign, whose people do as their addresses say."""

    def section() -> Mapping[str, Any]:
        return {
            "url": server.url,
            "identifier": server.identifier,
            "secret": server.secret,
            "poll_s": 1,
            "answer_timeout_s": patience_s,
        }

    return Partner("visma_sign", "visma_sign", "Visma Sign", server, section, server.received)


def bankid(server: BankIdServer, patience_s: float) -> Partner:
    """BankID, whose people do as their numbers say."""

    def section() -> Mapping[str, Any]:
        return {"url": server.url, "answer_timeout_s": patience_s}

    return Partner("bankid", "bankid", "BankID", server, section, server.received)
