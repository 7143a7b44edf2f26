"""Retry-After (RFC 9110, 10.2.3): how long a server wants to be left alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The time that the header asks for: seconds, or until a date; None when it is neither."""
    value = next((v for name, v in headers.items() if name.lower() == "retry-after"), "")
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        at = parsedate_to_datetime(value)
        return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())
    except (ValueError, TypeError, OverflowError):
        return None
