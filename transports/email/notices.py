"""What a message in the bounce mailbox says of one that we sent.

In charge of notices of delivery (DSN) and of telling them from automatic replies. Not in charge of
which of our messages it is about (`return_path`), nor of what comes of it (`replies`). Pure.
Source: RFC 3464 (delivery status), RFC 6533 (the same in UTF-8), RFC 3834 (automatic replies).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transports.base import storable
from transports.email.parts import Headers, Malformed, Part, headers, read

_MOST_RECIPIENTS: Final = 100
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
# Where mail servers note whom a message was for, the surest first.
_FOR: Final = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "To",
)


class Action(StrEnum):
    """What became of a message (RFC 3464 2.3.3), the best for the recipient first."""

    DELIVERED = "delivered"  # it is in the mailbox
    EXPANDED = "expanded"  # it went on to several
    RELAYED = "relayed"  # it went on to a server that tells no more
    DELAYED = "delayed"  # not yet, and it is tried again
    FAILED = "failed"  # not, and it is given up


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail server says of a message; of several recipients it came to, the best.

    `status` is x.y.z (RFC 3463), `diagnostic` the other server's own words, "" where there are
    none. `message_id` (without its brackets) and `envelope_id` are those of our message.
    """

    action: Action
    status: str
    diagnostic: str
    reporter: str
    message_id: str | None
    envelope_id: str | None


@dataclass(frozen=True, slots=True)
class AutomaticReply:
    """Somebody's mailbox answered by itself, such as with a notice of absence."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message of the bounce mailbox. `addresses` are header values that may say whom it was for;
    `says` is None where it is neither a notice nor an automatic reply."""

    addresses: Sequence[str]
    says: Notice | AutomaticReply | None


def understand(content: bytes) -> Mail:
    """The message, of which the end may be cut off. Raises Malformed."""
    whole = read(content)
    addresses = tuple(value for name in _FOR for value in whole.headers.all(name))
    return Mail(addresses, _notice(whole) or _automatic(whole.headers))


def _notice(whole: Part) -> Notice | None:
    if whole.headers.content_type != "multipart/report":
        return None
    parts = whole.parts()
    status = next((part for part in parts if part.headers.content_type in _STATUSES), None)
    if status is None:
        if whole.headers.parameter("report-type").lower() == "delivery-status":
            raise Malformed("a notice without its status")
        return None  # a report of another kind: of reading, of abuse
    blocks = list(_blocks(status.decoded()))
    recipients = [block for block in blocks if block.get("action")]
    if not recipients or len(recipients) > _MOST_RECIPIENTS:
        raise Malformed(f"a notice about {len(recipients)} recipients")
    about = blocks[0]
    best = min(recipients, key=lambda block: _ORDER.index(_action(block)))
    return Notice(
        action=_action(best),
        status=_status(best),
        diagnostic=_after_type(best.get("diagnostic-code")),
        reporter=_after_type(about.get("reporting-mta"))[:200],
        message_id=_message_id(parts),
        envelope_id=about.get("original-envelope-id") or None,
    )


_ORDER: Final = tuple(Action)


def _blocks(content: bytes) -> Iterator[Headers]:
    """The groups of fields, which an empty line divides."""
    for block in re.split(rb"\n[ \t]*\r?\n", content.strip()):
        found = headers(block.strip(b"\r\n"))
        if found.fields:
            yield found


def _action(block: Headers) -> Action:
    # A comment may follow it (RFC 5322 3.2.2).
    stated = block.get("action").partition("(")[0].strip().lower()
    try:
        return Action(stated)
    except ValueError as error:
        raise Malformed("a notice of an unknown action") from error


def _status(block: Headers) -> str:
    found = _STATUS.match(block.get("status"))
    return found[0] if found else ""


def _after_type(value: str) -> str:
    """`smtp; 550 no such user` without the type in front of it."""
    kind, semicolon, rest = value.partition(";")
    told = rest if semicolon and re.fullmatch(r"\s*[\w.-]+\s*", kind) else value
    return storable(" ".join(told.split()), 500)


def _message_id(parts: Sequence[Part]) -> str | None:
    for part in parts:
        if part.headers.content_type not in _RETURNED:
            continue
        try:
            original = read(part.decoded())
        except Malformed:
            continue  # cut off, or spoilt on its way back; the notice stands by itself
        found = _MESSAGE_ID.search(original.headers.get("message-id"))
        if found:
            return found[1]
    return None


def _automatic(found: Headers) -> AutomaticReply | None:
    stated = found.get("auto-submitted").partition(";")[0].strip().lower()
    old = found.get("precedence").strip().lower() == "auto_reply"
    others = any(found.get(name) for name in ("x-autoreply", "x-autorespond"))
    nobody = any(value.replace(" ", "") == "<>" for value in found.all("return-path"))
    if (stated and stated != "no") or old or others or nobody:
        return AutomaticReply()
    return None
