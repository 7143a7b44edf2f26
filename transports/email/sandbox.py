"""A real mail server on loopback that takes messages, keeps them, and misbehaves when told to.

Speaks SMTP in the running event loop. The recipient's local part, up to a `+`, tells what happens
(`refuse@kund.example`, `later+7@kund.example`); `behave` tells it for any other address.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections import Counter
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


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


_MAGIC = {behaviour.value: behaviour for behaviour in Behaviour}


@dataclass(frozen=True, slots=True)
class Received:
    """A message the server took. `content` is what went over the wire, dots unstuffed."""

    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class Sandbox:
    """The server; `async with Sandbox() as server: ... server.port`.

    `later_times` is how often LATER refuses each message before it takes it. With `tls` it offers
    STARTTLS, with `login` (name, password) it demands a login.
    """

    def __init__(
        self,
        *,
        later_times: int = 1,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.open: set[SMTP] = set()  # connections
        self.port = 0  # the one it listens on, once started
        self._later_times = later_times
        self._tls = tls
        self._login = login
        self._behaviours: dict[str, Behaviour] = {}
        self._refused_for_now: Counter[tuple[str, str]] = Counter()
        self._closing = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

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

    # aiosmtpd calls these by their names

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
        message = Received(envelope.mail_from or "", recipient, content)
        match self._behaviour(recipient):
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
        return f"250 2.0.0 OK, kept as number {len(self.received)}"


class _Connection(SMTP):
    """A connection that the sandbox knows of while it is open."""

    def __init__(self, sandbox: Sandbox, **options: Any) -> None:
        super().__init__(sandbox, **options)
        self._sandbox = sandbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sandbox.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sandbox.open.discard(self)
        super().connection_lost(error)
