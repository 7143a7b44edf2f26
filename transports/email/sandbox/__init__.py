"""A real mail server on loopback that takes messages, keeps them, and misbehaves when told to.

Speaks SMTP in the running event loop. The recipient's local part, up to a `+`, tells what happens
(`refuse@kund.example`, `later+7@kund.example`); `behave` tells it for any other address. What is
said about a message later comes into the server's `mailbox`, over IMAP (`imap`).
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum
from types import TracebackType
from typing import Any, Final

import dkim
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from transports.base import Now, utc_now
from transports.email.sandbox.imap import Mailbox
from transports.email.sandbox.notices import Said, absence, notice

# The name that the server writes its findings under.
AUTHSERV_ID: Final = "mx.sandbox.example"


class Behaviour(StrEnum):
    """What the server does with a recipient; each is a magic local part too."""

    ACCEPT = "accept"  # takes the message
    REFUSE = "refuse"  # no such mailbox, for good
    FULL = "full"  # mailbox full, for good
    LARGE = "large"  # the message is too large, said after it was sent
    POLICY = "policy"  # turned away by policy, said after it was sent
    LATER = "later"  # refuses for now a number of times, then takes the message
    HANG = "hang"  # never answers RCPT TO
    SILENT = "silent"  # takes the message and never says so
    DROP = "drop"  # takes the message and breaks the connection
    BOUNCE = "bounce"  # takes it, and says later that there is no such mailbox
    OVERQUOTA = "overquota"  # takes it, and says later that the mailbox is full
    DELAYED = "delayed"  # takes it, says that it is delayed, and gives it up a day later
    STUCK = "stuck"  # takes it, says that it is delayed, and nothing more
    CONFIRM = "confirm"  # takes it, and says later that it is in the mailbox
    AWAY = "away"  # takes it, and answers by itself
    FORGE = (
        "forge"  # takes it; somebody else says that it failed, who does not know the return path
    )


_MAGIC = {behaviour.value: behaviour for behaviour in Behaviour}

_NO_MAILBOX = Said("failed", "5.1.1", "550 5.1.1 No such mailbox here")
_NOT_YET = Said("delayed", "4.4.1", "451 4.4.1 No answer from the next server")

# What is said later, and how much later.
_LATER: Mapping[Behaviour, Sequence[tuple[timedelta, Said]]] = {
    Behaviour.BOUNCE: [(timedelta(), _NO_MAILBOX)],
    Behaviour.OVERQUOTA: [(timedelta(), Said("failed", "5.2.2", "552 5.2.2 Mailbox full"))],
    Behaviour.DELAYED: [
        (timedelta(), _NOT_YET),
        (timedelta(days=1), Said("failed", "4.4.7", "Delivery time expired")),
    ],
    Behaviour.STUCK: [(timedelta(), _NOT_YET)],
    Behaviour.CONFIRM: [(timedelta(), Said("delivered", "2.1.5", "250 2.1.5 OK"))],
    Behaviour.FORGE: [(timedelta(), _NO_MAILBOX)],
}


@dataclass(frozen=True, slots=True)
class Received:
    """A message the server took. `content` is what went over the wire, dots unstuffed; `options`
    are the parameters of MAIL and RCPT about notices (DSN). `signatures` tells of each DKIM
    signature, by domain and algorithm, whether it is right."""

    sender: str
    recipient: str
    content: bytes
    options: tuple[str, ...] = ()
    signatures: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class Sandbox:
    """The server; `async with Sandbox() as server: ... server.port`.

    `later_times` is how often LATER refuses each message before it takes it. With `tls` it offers
    STARTTLS, with `login` (name, password) it demands a login. `most_bytes` is the largest message
    that it takes (SIZE). `txt` answers the TXT record of a DNS name, where DKIM keys are. It offers
    DSN where `dsn` says so.
    """

    def __init__(
        self,
        *,
        later_times: int = 1,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        most_bytes: int = 32 * 1024 * 1024,
        dsn: bool = True,
        txt: Callable[[str], str | None] = lambda name: None,
        now: Now = utc_now,
    ) -> None:
        self.received: list[Received] = []
        self.mailbox = Mailbox("bounces", "sandbox")
        self.mailboxes: dict[str, Mailbox] = {}  # of domains whose mail is delivered here
        self.most_bytes = most_bytes
        self.dsn = dsn
        self.open: set[SMTP] = set()  # connections
        self.port = 0  # the one it listens on, once started
        self._later_times = later_times
        self._tls = tls
        self._login = login
        self._txt = txt
        self._now = now
        self._due: list[tuple[datetime, bytes]] = []  # notices that come by then
        self._behaviours: dict[str, Behaviour] = {}
        self._refused_for_now: Counter[tuple[str, str]] = Counter()
        self._closing = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.mailbox.before_reading = self._come
        await self.mailbox.start(host)

    def behave(self, recipient: str, behaviour: Behaviour) -> None:
        """From now on, does `behaviour` with messages to `recipient`, whatever its local part."""
        self._behaviours[recipient.lower()] = behaviour

    async def close(self) -> None:
        """Stops listening, and lets go of those that hang."""
        self._closing.set()
        if self._server is not None:
            self._server.close()
            for connection in tuple(self.open):
                if isinstance(connection.transport, asyncio.WriteTransport):
                    connection.transport.abort()
            await self._server.wait_closed()
            await self.mailbox.close()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _protocol(self) -> SMTP:
        return _Connection(
            self,
            hostname="sandbox.example",
            ident="Budkavle sandbox",
            data_size_limit=self.most_bytes,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            auth_require_tls=self._tls is not None,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
        name, password = self._login or ("", "")
        right = given == LoginPassword(name.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    def _behaviour(self, recipient: str) -> Behaviour:
        told = self._behaviours.get(recipient.lower())
        if told is not None:
            return told
        word = recipient.partition("@")[0].partition("+")[0].lower()
        return _MAGIC.get(word, Behaviour.ACCEPT)

    def _say_later(self, message: Received, behaviour: Behaviour) -> None:
        """Has the notices about a message come in due time."""
        at, to = self._now(), message.sender
        if behaviour is Behaviour.AWAY:
            self._due.append((at, absence(to=to, recipient=message.recipient, at=at)))
        if behaviour is Behaviour.FORGE:
            known, _, domain = to.partition("@")
            to = f"{known[:-4]}{'aaaa' if known[-4:] != 'aaaa' else 'bbbb'}@{domain}"
        for after, said in _LATER.get(behaviour, ()):
            come = at + after
            content = notice(
                said, to=to, recipient=message.recipient, original=message.content, at=come
            )
            self._due.append((come, content))

    def _hand_out(self, message: Received) -> None:
        """Puts a message to a domain that is delivered here into its mailbox, with what a mail
        server has found out about it; a domain that begins with `forged` has not sent it."""
        mailbox = self.mailboxes.get(message.recipient.rpartition("@")[2].lower())
        if mailbox is None:
            return
        sender = parseaddr(str(message.message["From"] or ""))[1].rpartition("@")[2]
        verdict = "fail" if sender.startswith("forged") else "pass"
        found = (
            f"Delivered-To: {message.recipient}\r\n"
            f"Authentication-Results: {AUTHSERV_ID}; dmarc={verdict} header.from={sender}\r\n"
        )
        mailbox.inbox.add(found.encode("ascii", "replace") + message.content)

    def _come(self) -> None:
        """Puts the notices whose time has come into the mailbox."""
        now = self._now()
        for at, content in self._due:
            if at <= now:
                self.mailbox.inbox.add(content)
        self._due = [each for each in self._due if each[0] > now]

    def _signatures(self, content: bytes) -> Mapping[tuple[str, str], bool]:
        def record(name: bytes, timeout: float = 0) -> bytes | None:
            found = self._txt(name.decode().rstrip("."))
            return None if found is None else found.encode()

        if b"\ndkim-signature:" not in b"\n" + content.partition(b"\r\n\r\n")[0].lower():
            return {}
        signed = dkim.DKIM(content)
        found: dict[tuple[str, str], bool] = {}
        for n in range(sum(name.lower() == b"dkim-signature" for name, _ in signed.headers)):
            try:
                right = bool(signed.verify(n, dnsfunc=record))
            except dkim.DKIMException:
                right = False
            told = signed.signature_fields
            found[told[b"d"].decode(), told[b"a"].decode()] = right
        return found

    # aiosmtpd calls these by their names

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Answers EHLO with what the server can."""
        session.host_name = hostname
        return [responses[0], *(["250-DSN"] if self.dsn else []), *responses[1:]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answers RCPT TO."""
        match self._behaviour(address):
            case Behaviour.REFUSE:
                return "550 5.1.1 No such mailbox here"
            case Behaviour.FULL:
                return "552 5.2.2 Mailbox full"
            case Behaviour.HANG:
                await self._closing.wait()
                return "421 4.3.2 Closing"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answers the closing dot."""
        content = envelope.content
        assert isinstance(content, bytes), "decode_data is off"
        recipient = envelope.rcpt_tos[0]
        assert isinstance(server, _Connection)
        sender, options = envelope.mail_from or "", tuple(server.about_notices)
        message = Received(sender, recipient, content, options, self._signatures(content))
        behaviour = self._behaviour(recipient)
        match behaviour:
            case Behaviour.LARGE:
                return "552 5.3.4 Message too big for system"
            case Behaviour.POLICY:
                return "554 5.7.1 Looks like spam to us"
            case Behaviour.LATER:
                times = (recipient, str(message.message["Message-ID"]))
                self._refused_for_now[times] += 1
                if self._refused_for_now[times] <= self._later_times:
                    return "451 4.7.1 Greylisted, come back later"
            case Behaviour.SILENT:
                self.received.append(message)
                await self._closing.wait()
                return "421 4.3.2 Closing"
            case Behaviour.DROP:
                self.received.append(message)
                assert isinstance(server.transport, asyncio.WriteTransport)
                server.transport.abort()
                return "421 4.3.2 Gone"
        self.received.append(message)
        self._say_later(message, behaviour)
        self._hand_out(message)
        return f"250 2.0.0 OK, kept as number {len(self.received)}"


# RFC 3461 4
_ABOUT_NOTICES = re.compile(r"(?:RET|ENVID|NOTIFY|ORCPT)=", re.IGNORECASE)


class _Connection(SMTP):
    """A connection that the sandbox knows of while it is open."""

    def __init__(self, sandbox: Sandbox, **options: Any) -> None:
        super().__init__(sandbox, **options)
        self.about_notices: list[str] = []
        self._sandbox = sandbox

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """MAIL FROM, with the parameters that aiosmtpd does not know."""
        self.about_notices = []
        await super().smtp_MAIL(self._without_options(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """RCPT TO, likewise."""
        await super().smtp_RCPT(self._without_options(arg))

    def _without_options(self, arg: str | None) -> str | None:
        if arg is None or not self._sandbox.dsn:
            return arg
        words = arg.split(" ")
        told = [word for word in words if _ABOUT_NOTICES.match(word)]
        self.about_notices += told
        return " ".join(word for word in words if word not in told)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sandbox.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sandbox.open.discard(self)
        super().connection_lost(error)
