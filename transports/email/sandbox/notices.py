"""What mail servers and mailboxes say about a message later, as messages of their own.

In charge of their bytes. Not in charge of who says what when (the sandbox).
Source: RFC 3464 (delivery status), RFC 3834 (automatic replies).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

_REPORTER = "mx.sandbox.example"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a message."""

    action: str
    status: str
    diagnostic: str


def notice(said: Said, *, to: str, recipient: str, original: bytes, at: datetime) -> bytes:
    """A notice of delivery, to the return path of a message, with the message's headers."""
    headers = original.partition(b"\r\n\r\n")[0]
    boundary = f"=_{at:%Y%m%d%H%M%S}"
    text = "\r\n".join(
        [
            *_headers(to, "Mail Delivery System <mailer-daemon@sandbox.example>", at),
            f"Subject: Your message ({said.action})",
            "Auto-Submitted: auto-replied",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
            "",
            f"--{boundary}",
            "Content-Type: text/plain; charset=utf-8",
            "",
            f"This is about your message to {recipient}: {said.action}.",
            f"--{boundary}",
            "Content-Type: message/delivery-status",
            "",
            f"Reporting-MTA: dns; {_REPORTER}",
            f"Arrival-Date: {format_datetime(at)}",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            f"Action: {said.action}",
            f"Status: {said.status}",
            f"Diagnostic-Code: smtp; {said.diagnostic}",
            "",
            f"--{boundary}",
            "Content-Type: text/rfc822-headers",
            "",
            "",
        ]
    )
    return text.encode() + headers + f"\r\n\r\n--{boundary}--\r\n".encode()


def absence(*, to: str, recipient: str, at: datetime) -> bytes:
    """What a mailbox answers while its owner is away."""
    return "\r\n".join(
        [
            *_headers(to, recipient, at),
            "Subject: Away",
            "Auto-Submitted: auto-replied (vacation)",
            "Precedence: bulk",
            "Content-Type: text/plain; charset=utf-8",
            "",
            "I am back in three weeks.",
            "",
        ]
    ).encode()


def _headers(to: str, sender: str, at: datetime) -> list[str]:
    return [
        "Return-Path: <>",
        f"Delivered-To: {to}",
        f"Date: {format_datetime(at)}",
        f"From: {sender}",
        f"To: <{to}>",
    ]
