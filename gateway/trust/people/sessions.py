"""Sessions: when one counts, and what a browser holds of it. Pure.

A session ends when nobody used it for a while, and at the latest at a fixed time. One that is not
complete (the second factor is still asked for) lives for minutes. A browser holds 256 random bits;
a new sign-in gives new ones, so that nobody can be made to use bits that somebody else knows.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.store.ids import new_id
from gateway.store.people import Person, Session
from gateway.trust.keys import digest, new_secret
from gateway.trust.people.roles import Role

TOKEN: Final = "bks_"  # noqa: S105 - what secrets of sessions begin with

_UNFINISHED: Final = timedelta(minutes=10)
_SEEN_EVERY: Final = timedelta(minutes=1)  # not with each request: that would be a write for each
_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """How long sessions last, and of whom a second factor is demanded."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    second_factor: frozenset[Role] = frozenset({Role.OPERATOR})


def begun(
    person: Person, rules: Rules, now: datetime, *, complete: bool, agent: str
) -> tuple[str, Session]:
    """A new session, and what the browser gets."""
    token = new_secret(TOKEN)
    until = now + (rules.longest if complete else _UNFINISHED)
    shown = "".join(c for c in agent if c.isprintable())[:_AGENT]
    session = Session(
        *(digest(token), new_id("ses"), person.id, now, now, until, complete, shown),
    )
    return token, session


def counts(session: Session, rules: Rules, now: datetime) -> bool:
    """Whether it has not ended by itself."""
    return now < session.until and now < session.seen_at + rules.idle


def is_news(session: Session, now: datetime) -> bool:
    """Whether its use is worth writing down."""
    return now >= session.seen_at + _SEEN_EVERY


def form_token(secret: bytes, browser: str) -> str:
    """What the forms of a browser carry: another site can make it send its cookie, but not this.
    `browser` is what is in the cookie."""
    return hmac.new(secret, browser.encode(), hashlib.sha256).hexdigest()


def is_form_token(secret: bytes, browser: str, given: str) -> bool:
    """Whether a form is ours."""
    wanted = form_token(secret, browser)
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))
