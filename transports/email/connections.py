"""Connections to the mail relay: how many, how long, how safe.

In charge of greeting, TLS and login, and of lending a connection to one message at a time. Not in
charge of what is said on it (`dialogue`).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import aiosmtplib

from transports.email.dialogue import Answer, Stage, Transcript, abort


class Tls(StrEnum):
    """How the connection to the relay is made safe."""

    NONE = "none"  # loopback and trusted networks only
    STARTTLS = "starttls"  # demanded, not merely tried: port 587
    IMPLICIT = "implicit"  # from the first byte: port 465


@dataclass(frozen=True, slots=True)
class Relay:
    """The mail server that takes our messages. Times in seconds."""

    host: str
    port: int | None = None  # None: 25, 587 or 465, by `tls`
    tls: Tls = Tls.STARTTLS
    ca_file: Path | None = None  # None: the system's authorities
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    hello_name: str | None = None  # EHLO; None: this machine's name
    connect_timeout_s: float = 30
    max_connections: int = 4
    messages_per_connection: int = 100  # some relays count, and cut off

    @property
    def address(self) -> str:
        """host:port, as operators write it."""
        default = {Tls.NONE: 25, Tls.STARTTLS: 587, Tls.IMPLICIT: 465}[self.tls]
        return f"{self.host}:{self.port or default}"


class NoConnection(Exception):
    """The relay could not be reached or would not have us; `answer` says how far it came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.text)


class Connections:
    """Lends connections, at most `max_connections` at once, and keeps the good ones."""

    def __init__(self, relay: Relay) -> None:
        self.most_bytes: int | None = None  # the largest message that the relay said it takes
        self._relay = relay
        self._free = asyncio.Semaphore(relay.max_connections)
        self._idle: list[tuple[aiosmtplib.SMTP, int]] = []  # connection, messages so far
        self._closed = False

    @asynccontextmanager
    async def lend(self, transcript: Transcript) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection ready for MAIL FROM, for one message. Raises NoConnection.

        It is kept for the next message only if this one left it in order.
        """
        async with self._free:
            smtp, used = await self._kept(transcript) or (await self._open(transcript), 0)
            try:
                yield smtp
            except BaseException:
                abort(smtp)  # not closed politely: nothing more may leave this process
                raise
            in_order = smtp.is_connected and not self._closed
            if in_order and used + 1 < self._relay.messages_per_connection:
                self._idle.append((smtp, used + 1))
            else:
                abort(smtp)

    async def close(self) -> None:
        """Says goodbye on every connection; one that is in use is dropped after its message."""
        self._closed = True
        while self._idle:
            smtp, _ = self._idle.pop()
            try:
                await smtp.quit(timeout=1)
            except (aiosmtplib.SMTPException, OSError):
                pass
            finally:
                abort(smtp)

    async def _kept(self, transcript: Transcript) -> tuple[aiosmtplib.SMTP, int] | None:
        """A kept connection that still answers; RSET asks it, and forgets what went before."""
        while self._idle:
            smtp, used = self._idle.pop()
            try:
                await smtp.rset(timeout=self._relay.connect_timeout_s)
            except (aiosmtplib.SMTPException, OSError):
                abort(smtp)
            except BaseException:
                abort(smtp)
                raise
            else:
                transcript.noted(f"connected to {self._relay.address} before")
                return smtp, used
        return None

    async def _open(self, transcript: Transcript) -> aiosmtplib.SMTP:
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            local_hostname=relay.hello_name,
            timeout=relay.connect_timeout_s,
            use_tls=relay.tls is Tls.IMPLICIT,
            start_tls=relay.tls is Tls.STARTTLS,
            cert_bundle=str(relay.ca_file) if relay.ca_file else None,
        )
        transcript.noted(f"connecting to {relay.address}, TLS {relay.tls}")
        try:
            async with asyncio.timeout(relay.connect_timeout_s):
                greeting = await smtp.connect()
                transcript.heard(*greeting)
                if smtp.is_ehlo_or_helo_needed:
                    await smtp.ehlo()
                self.most_bytes = _size(smtp)
        except (aiosmtplib.SMTPException, OSError) as error:
            abort(smtp)
            answer = _failure(error)
            transcript.noted(f"{answer.stage}: {answer.code or ''} {answer.text}")
            raise NoConnection(answer) from error
        except BaseException:
            abort(smtp)
            raise
        return smtp


def _size(smtp: aiosmtplib.SMTP) -> int | None:
    """What SIZE says (RFC 1870 4); None where there is no limit, or it tells none."""
    said = smtp.esmtp_extensions.get("size", "")
    return int(said) or None if re.fullmatch("[0-9]{1,20}", said) else None


def _failure(error: Exception) -> Answer:
    text, timed_out = str(error) or type(error).__name__, isinstance(error, TimeoutError)
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return Answer(Stage.LOGIN, error.code, error.message)
        case aiosmtplib.SMTPResponseException() if error.code > 0:
            return Answer(Stage.CONNECT, error.code, error.message)
        case _ if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return Answer(Stage.TLS, None, text)
        case aiosmtplib.SMTPConnectError() | TimeoutError():
            return Answer(Stage.CONNECT, None, text, timed_out)
        case aiosmtplib.SMTPServerDisconnected() | aiosmtplib.SMTPResponseException() | OSError():
            return Answer(Stage.CONNECT, None, text)
    # What is left: the relay offers neither STARTTLS nor a way of logging in that we know.
    return Answer(Stage.TLS if "TLS" in text.upper() else Stage.LOGIN, None, text)
