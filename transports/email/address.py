"""What an e-mail address may look like. Pure.

Source: RFC 5321 4.1.2 (dot-string and domain), 4.5.3.1 (lengths); IDNA for the domain. Quoted local
parts and domain literals are left out: nobody has them on a customer card.
"""

from __future__ import annotations

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)


def fault(text: str) -> str | None:
    """What is wrong with an address, as a sentence; None when it can be written to."""
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        return "An e-mail address is written name@domain."
    if not local.isascii():
        return "The part before the @ has letters outside a-z, which few mail servers take."
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        return "The part before the @ is not one that a mail server can have."
    ascii_domain = _to_ascii(domain)
    if ascii_domain is None or not _is_domain(ascii_domain):
        return "The part after the @ is not a domain name."
    if len(local) + 1 + len(ascii_domain) > 254:
        return "The address is longer than 254 characters."
    return None


def normal(text: str) -> str:
    """The address as it goes over the wire: trimmed, the domain in ASCII and lower case.

    Only for an address without `fault`.
    """
    local, _, domain = text.strip().rpartition("@")
    ascii_domain = _to_ascii(domain)
    assert ascii_domain is not None, "an address with a fault has no normal form"
    return f"{local}@{ascii_domain.lower()}"


def _to_ascii(domain: str) -> str | None:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return (
        len(domain) <= 253
        and len(labels) > 1
        and all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels)
    )
