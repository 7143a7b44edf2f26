"""Visma Sign's API v1 on the wire: what is sent, how it is signed, what comes back. Pure.

Every request carries an HMAC-SHA512, by the organisation's secret (base64), of five lines: method,
base64 of the MD5 of the body, content type, date (RFC 5322), path with its query. MD5 is the
interface's own; what protects the body is the HMAC around it.

What is public of the interface is what its client libraries do: making a document, adding a file,
inviting, asking for the status and for the signed file. **Assumed** here, and nowhere else: that
`remind` and `cancel` are POSTs without a body, that a refusal to sign shows as the status
`rejected`, and that the invitation of the answer has the name of who signed, where there is one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from gateway.trust.signing.port import Wish

PREFIX: Final = "/api/v1"
JSON: Final = "application/json"
PDF: Final = "application/pdf"

# Longest name that documents get; the interface tells no limit.
_NAME: Final = 100
_LOCATION: Final = re.compile(r"/document/([0-9A-Za-z-]+)/?$")
_LANGUAGES: Final = {"en": "en", "sv": "sv", "nb": "nb"}

# What a status says.
SIGNED: Final = frozenset({"signed"})
REJECTED: Final = frozenset({"rejected"})
OVER: Final = frozenset({"cancelled", "deleted", "expired"})


@dataclass(frozen=True, slots=True)
class Status:
    """How far a document is. `opened`: the person has looked at the invitation."""

    status: str
    opened: bool
    name: str


class Malformed(ValueError):
    """An answer that is none of the interface's."""


def headers(
    identifier: str,
    secret: bytes,
    method: str,
    path: str,
    content: bytes,
    content_type: str,
    at: datetime,
) -> dict[str, str]:
    """The headers of a signed request."""
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    date = format_datetime(at)
    signature = sign(secret, method, md5, content_type, date, path)
    return {
        "Content-MD5": md5,
        "Content-Type": content_type,
        "Date": date,
        "Authorization": f"Onnistuu {identifier}:{signature}",
    }


def sign(secret: bytes, method: str, md5: str, content_type: str, date: str, path: str) -> str:
    """The signature."""
    lines = "\n".join((method, md5, content_type, date, path))
    return base64.b64encode(hmac.new(secret, lines.encode(), hashlib.sha512).digest()).decode()


def new_document(wish: Wish) -> bytes:
    """The body that makes a document. Its name has our id, by which people find it there."""
    name = f"{wish.title[: _NAME - len(wish.id) - 3]} ({wish.id})"
    return json.dumps({"document": {"name": name}}).encode()


def files_path(document: str, name: str) -> str:
    """Where its file goes."""
    return f"{PREFIX}/document/{document}/files?filename={quote(name, safe='')}"


def invitations(wish: Wish, identifier_type: str | None) -> bytes:
    """The body that invites the person; the personal number only where it is to be matched."""
    who = wish.signatory
    invitation: dict[str, Any] = {
        "email": who.email,
        "name": who.name,
        "language": _LANGUAGES.get(who.language, "en"),
        "sign_as_organization": False,
        "messages": {"send_invitation_email": True},
    }
    if identifier_type and who.personal_number:
        invitation["identifier_type"] = identifier_type
        invitation["identifier"] = who.personal_number
    return json.dumps([invitation]).encode()


def made(location: str | None) -> str:
    """The id of a document that was made, from the Location of the answer."""
    found = _LOCATION.search(location or "")
    if found is None:
        raise Malformed("no Location that names the document")
    return found[1]


def status(content: bytes) -> Status:
    """What an answer says of a document."""
    try:
        data = json.loads(content)
    except ValueError:
        raise Malformed("it is not JSON") from None
    document = data.get("document", data) if isinstance(data, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(document.get("status"), str):
        raise Malformed("it has no status")
    found = document.get("invitations")
    invited = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    names = [str(one["name"]) for one in invited if one.get("name")]
    opened = any(one.get("status") == "opened" for one in invited)
    return Status(document["status"].lower(), opened, names[0] if names else "")
