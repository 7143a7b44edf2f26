"""One message over one SMTP connection: what was said, what was answered, how far it came.

In charge of the order of commands and of never saying anything twice. Not in charge of what an
answer means (`replies`) or of whom to connect to (`connections`).
Source: RFC 5321 (SMTP), RFC 1870 (SIZE), RFC 3461 (DSN).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from enum import StrEnum

import aiosmtplib


class Stage(StrEnum):
    """How far a dialogue came. Only after END may the server have taken the message."""

    CONNECT = "connect"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"  # MAIL FROM
    RECIPIENT = "recipient"  # RCPT TO
    DATA = "data"  # asked to send the content
    CONTENT = "content"  # sending it; the closing dot has not gone out
    END = "end"  # the closing dot has gone out


@dataclass(frozen=True, slots=True)
class Answer:
    """How a dialogue ended: the server's last reply, or (`code` None) why there was none."""

    stage: Stage
    code: int | None
    text: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed over. `content` has CRLF line endings and ends with one. `id` (letters and
    digits) is what the server says it again by in a notice of where the message went."""

    sender: str
    recipient: str
    content: bytes
    id: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, in seconds: to each command, and to the closing dot."""

    reply_s: float
    end_s: float


@dataclass(slots=True)
class Transcript:
    """Commands and replies, a line each, in the order they crossed the wire.

    Without content (kept by itself) and without logins.
    """

    lines: list[str] = field(default_factory=list)

    def said(self, command: bytes) -> None:
        """Notes a command."""
        self.lines.append(f"> {command.decode('ascii', 'backslashreplace')}")

    def heard(self, code: int, text: str) -> None:
        """Notes a reply; its lines as the server divided them."""
        parts = text.split("\n")
        self.lines += [f"< {code}-{part}" for part in parts[:-1]]
        self.lines.append(f"< {code} {parts[-1]}")

    def noted(self, text: str) -> None:
        """Notes what happened to the connection."""
        self.lines.append(f"* {text}")

    def encoded(self) -> bytes:
        """The transcript as UTF-8 text; bytes the server sent that are not, escaped."""
        return ("\n".join(self.lines) + "\n").encode("utf-8", "backslashreplace")


async def hand_over(
    smtp: aiosmtplib.SMTP, letter: Letter, patience: Patience, transcript: Transcript
) -> Answer:
    """Hands one message over on a connection that has been greeted. Returns whatever happens.

    The closing dot is sent only when all else has left this process, so that every end before
    it is certain: the server does not have the message.
    """
    stage = Stage.SENDER
    try:
        for stage, command, wanted in _commands(smtp, letter):
            transcript.said(command)
            code, text = await smtp.execute_command(command, timeout=patience.reply_s)
            transcript.heard(code, text)
            if code // 100 != wanted // 100:
                return Answer(stage, code, text)
        stage = Stage.CONTENT
        await _write(smtp, re.sub(rb"(?m)^\.", b"..", letter.content), patience.reply_s)
        stage = Stage.END
        transcript.noted(f"sent {len(letter.content)} bytes and the closing dot")
        code, text = await _close_content(smtp, patience.end_s)
        transcript.heard(code, text)
        return Answer(stage, code, text)
    except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError is an OSError
        abort(smtp)
        transcript.noted(str(error) or type(error).__name__)
        return Answer(stage, None, str(error), timed_out=isinstance(error, TimeoutError))


def abort(smtp: aiosmtplib.SMTP) -> None:
    """Drops a connection at once, with whatever is still unsent."""
    if isinstance(smtp.transport, asyncio.WriteTransport):
        smtp.transport.abort()
    smtp.close()


def _commands(smtp: aiosmtplib.SMTP, letter: Letter) -> list[tuple[Stage, bytes, int]]:
    about_it, about_them = "", ""
    if smtp.supports_extension("size"):
        about_it = f" SIZE={len(letter.content)}"
    if smtp.supports_extension("dsn"):
        # Of success a relay that knows no DSN says nothing, so that its silence would mean nothing.
        about_it += f" RET=HDRS ENVID={letter.id}"
        about_them = " NOTIFY=FAILURE,DELAY"
    return [
        (Stage.SENDER, f"MAIL FROM:<{letter.sender}>{about_it}".encode("ascii"), 250),
        (Stage.RECIPIENT, f"RCPT TO:<{letter.recipient}>{about_them}".encode("ascii"), 250),
        (Stage.DATA, b"DATA", 354),
    ]


async def _write(smtp: aiosmtplib.SMTP, content: bytes, timeout_s: float) -> None:
    """Writes and waits until the operating system has taken every byte."""
    transport, protocol = smtp.transport, smtp.protocol
    if not isinstance(transport, asyncio.WriteTransport) or protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
    transport.set_write_buffer_limits(high=0)  # "drained" shall mean empty
    for start in range(0, len(content), _CHUNK_BYTES):
        protocol.write(content[start : start + _CHUNK_BYTES])
        async with asyncio.timeout(timeout_s):  # RFC 5321 4.5.3.2.5: for each block, not in all
            # What asyncio.StreamWriter.drain() calls; a StreamWriter of our own would close the
            # connection when it is collected (Python 3.13).
            await protocol._drain_helper()


async def _close_content(smtp: aiosmtplib.SMTP, timeout_s: float) -> aiosmtplib.SMTPResponse:
    if smtp.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
    smtp.protocol.write(b".\r\n")
    return await smtp.protocol.read_response(timeout=timeout_s)


_CHUNK_BYTES = 64 * 1024
