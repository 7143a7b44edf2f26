"""Where the page Now leads to. Pure."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from gateway.console.forms import HOME
from gateway.console.log.query import Query, Term


def log(*terms: tuple[str, str]) -> str:
    """The log, asked for this: (word, value) each."""
    query = Query(tuple(Term(word, value) for word, value in terms))
    return f"{HOME}/log?q={quote(str(query), safe=':,')}"


def moment(at: datetime) -> str:
    """A time as the log's box takes it: to the minute."""
    return at.strftime("%Y-%m-%dT%H:%M")


def channel(name: str) -> str:
    """The page of a channel or lane."""
    return f"{HOME}/channels/{quote(name, safe='')}"


def company(company_id: str, tab: str = "") -> str:
    """A company, or the list of them where it is nobody's."""
    tabbed = f"/{tab}" if tab else ""
    return f"{HOME}/companies/{quote(company_id, safe='')}{tabbed}" if company_id else COMPANIES


def document(company_id: str, document_id: str) -> str:
    """A document."""
    return f"{HOME}/documents/{quote(company_id, safe='')}/{quote(document_id, safe='')}"


COMPANIES = f"{HOME}/companies"
CHANNELS = f"{HOME}/channels"
JOBS = f"{HOME}/jobs"
INBOX = f"{HOME}/inbox"
ASIDE = f"{HOME}/inbox/aside"
