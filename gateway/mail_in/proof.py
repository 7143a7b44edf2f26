"""Who sent a mail, as far as that is proved.

`From` alone proves nothing: anybody may write anything there. What counts is what the mail server
that received the mail has found, in its own `Authentication-Results`: that the domain of `From`
answers for the mail, by DMARC or by a signature of its own (DKIM). That proves the domain, and not
which of its people it was: a domain that lets anybody send under any name of it proves no more.

In charge of reading those headers. Headers under another name than our server's are not looked at,
and of several only the topmost: those below came with the mail. Pure.
Source: RFC 8601 (Authentication-Results), RFC 7489 3.1 (identifier alignment).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Final, Literal

from transports.email.address import fault
from transports.email.parts import Headers

Wanted = Literal["dmarc", "dkim", "any"]

_RESULT: Final = re.compile(r"\s*([A-Za-z][\w-]*)(?:/\d+)?\s*=\s*([A-Za-z]+)(.*)", re.DOTALL)
_PROPERTY: Final = re.compile(r"\b([a-z]+\.[a-z0-9-]+)\s*=\s*(\"[^\"]*\"|[^\s;\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unproved:
    """Nobody knows who sent it; `code` is stable, the text is for operators."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    result: str
    properties: Mapping[str, str]


def proved(headers: Headers, authserv_id: str | None, wanted: Wanted) -> str | Unproved:
    """The address of who sent a mail, in small letters; or why that is not known."""
    if authserv_id is None:
        return Unproved("mail_in.no_authserv_id", "mail_in.authserv_id is not set")
    stated = headers.all("from")
    written = getaddresses(list(stated)[:2])[:2]
    if len(stated) != 1 or len(written) != 1 or fault(written[0][1]):
        return Unproved("mail_in.no_sender", "it has not one From with one address")
    address = written[0][1].lower()
    domain = address.rpartition("@")[2]
    for header in headers.all("authentication-results"):
        name, _, results = _plain(header).partition(";")
        if name.lower().split()[:1] != [authserv_id.lower()]:  # a version may follow it
            continue
        if any(_answers_for(each, domain, wanted) for each in _results(results)):
            return address
        return Unproved("mail_in.not_proved", f"{domain} does not answer for it")
    return Unproved("mail_in.not_looked_at", f"{authserv_id} has written no findings on it")


def _answers_for(found: _Result, domain: str, wanted: Wanted) -> bool:
    if found.result != "pass" or wanted not in ("any", found.method):
        return False
    if found.method == "dmarc":
        # Named by the server, or it may have read another From than we do.
        return found.properties.get("header.from", "").rpartition("@")[2] == domain
    if found.method == "dkim":
        identity = found.properties.get("header.i", "").rpartition("@")[2]
        signer = found.properties.get("header.d") or identity
        # A domain may sign for those below it: nobody publishes keys of a whole country.
        return "." in signer and (domain == signer or domain.endswith(f".{signer}"))
    return False


def _results(text: str) -> Iterator[_Result]:
    for one in text.split(";"):
        found = _RESULT.fullmatch(one)
        if found is not None:
            method, result, rest = found.groups()
            properties = {
                name.lower(): value.strip('"').lower() for name, value in _PROPERTY.findall(rest)
            }
            yield _Result(method.lower(), result.lower(), properties)


def _plain(header: str) -> str:
    """Without comments, and without what would divide results within quotes."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in header:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
            kept.append(character)
        elif quoted:
            kept.append(" " if character == ";" else character)
        elif character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(character)
    return "".join(kept)


def is_answer(headers: Headers) -> bool:
    """Whether a mail is no document but an answer to a mail: a bounce, a notice of absence. Mail
    that a program has made by itself is none: many invoices are."""
    stated = headers.get("auto-submitted").partition(";")[0].strip().lower()
    return (
        stated in ("auto-replied", "auto-notified")
        or headers.get("precedence").strip().lower() == "auto_reply"
        or any(headers.get(name) for name in ("x-autoreply", "x-autorespond"))
        or any(value.replace(" ", "") == "<>" for value in headers.all("return-path"))
        or headers.content_type == "multipart/report"
    )
