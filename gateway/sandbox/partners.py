"""The partners in the sandbox: for each channel, who is at its other end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from transports.email.sandbox import Sandbox as MailServer
from transports.letter.sandbox import Sandbox as PrintHouse

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Partner:
    """A server on loopback at the other end of a channel.

    `section` are the settings that lead there, once it is up. `received` is what it has taken, a
    row for each, the oldest first, without personal numbers. It has `name` in `/received`.
    """

    channel: str
    name: str
    title: str
    server: AbstractAsyncContextManager[Any]
    section: Callable[[], Mapping[str, Any]]
    received: Callable[[], Sequence[Row]]


def mail_server(server: MailServer, patience_s: float) -> Partner:
    """The mail server."""

    def section() -> Mapping[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": server.port,
            "tls": "none",
            "sender": "invoices@gateway.example",
            "reply_timeout_s": patience_s,
            "end_timeout_s": patience_s,
        }

    def received() -> Sequence[Row]:
        return [
            {
                "to": mail.recipient,
                "subject": str(mail.message["Subject"]),
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
