"""A mail that came in: what tells it from others, and what is read of it at once.

In charge of the headers and of what a repeat is: the same Message-ID and the same body, whatever
servers have written above it on the way. Pure.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final

from gateway.intake.contents import shown
from transports.email.parts import Headers, read

_NO_SUBJECT: Final = "(-)"
_BODY: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail. `content` is as it came."""

    content: bytes
    headers: Headers

    @property
    def id(self) -> str:
        """The same for a repeat, and for a copy that another server brought."""
        body = _BODY.split(self.content, maxsplit=1)[-1]
        stated = self.headers.get("message-id").encode("utf-8", "backslashreplace")
        return hashlib.sha256(stated + b"\0" + hashlib.sha256(body).digest()).hexdigest()

    @property
    def subject(self) -> str:
        """Its subject as one line that can be shown."""
        stated = self.headers.get("subject")
        try:
            stated = str(make_header(decode_header(stated)))
        except (HeaderParseError, LookupError, UnicodeError, ValueError):
            pass
        told = " ".join(stated.encode("utf-8", "replace").decode().split())
        return shown(told) or _NO_SUBJECT


def understood(content: bytes) -> Mail:
    """The mail. Raises transports.email.parts.Malformed."""
    return Mail(content, read(content).headers)
