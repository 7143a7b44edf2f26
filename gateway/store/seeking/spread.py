"""How what is found is spread, what could be sought, and which rules are broken most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from gateway.store import terms
from gateway.store.search import Facets, Question
from gateway.store.seeking.documents import EFFORT, Look, seek
from gateway.store.seeking.sources import BEYOND, MOST_ARMS, NOWHERE, beginning, bounds, condition
from gateway.store.seeking.statements import Asking, Dialect, Row, Sql, one_of

_MOST_COUNTED = 1_000  # documents that facets count
_MOST_BROKEN = 100_000  # rows of rules that are counted
_MOST_SUGGESTING = 100  # documents that suggestions are taken from

_FACETS = {
    "state": "d.state",
    "channel": "d.channel",
    "company": "d.company_id",
    "code": "d.code",
    "kind": "d.kind",
    "direction": "d.direction",
}


def facets(question: Question, values: int, dialect: Dialect) -> Asking[Facets]:
    """How what is found is spread."""
    columns = ", ".join(_FACETS.values())
    sought = yield from seek(question, None, _MOST_COUNTED, columns, dialect)
    spread = {
        name: Counter(row[n] for row in sought.rows if row[n] is not None)
        for n, name in enumerate(_FACETS, 1)
    }
    return Facets(
        len(sought.rows),
        sought.next is None,
        {
            name: sorted(count.items(), key=lambda one: (-one[1], one[0]))[:values]
            for name, count in spread.items()
        },
    )


def suggested(
    companies: Collection[str] | None, begin: str, limit: int, dialect: Dialect
) -> Asking[list[tuple[str, str]]]:
    """What the newest documents with it have that begins like this."""
    value = terms.folded(begin)
    if not value or limit < 1:
        return []
    question = Question(companies=companies, words=(begin,))
    columns = "d.number, d.sender, d.recipient, d.sender_name, d.recipient_name"
    if companies is None:  # of so many terms that begin so, the first will do
        look = Look(condition(question, dialect), columns, _MOST_SUGGESTING, dialect, EFFORT)
        arms = yield from beginning(value)
        sought = yield from look.along(arms[:MOST_ARMS] or [NOWHERE.arms[0]], 0, BEYOND)
    else:
        sought = yield from seek(question, None, _MOST_SUGGESTING, columns, dialect)
    found: dict[tuple[str, str], None] = {}
    for _, number, sender, recipient, *names in sought.rows:
        if number and terms.folded(number).startswith(value):
            found[("numbers", number)] = None
        for party in (sender, recipient):
            if party and any(term.startswith(value) for term in terms.of_party(party)):
                found[("parties", party)] = None
        for name in names:
            if name and any(term.startswith(value) for term in terms.of_name(name)):
                found[("words", name)] = None
    return list(found)[:limit]


def failing_rules(
    companies: Collection[str] | None, since: datetime, limit: int, dialect: Dialect
) -> Asking[Sequence[Row]]:
    """Rule, severity, how many documents, and when the first and the last one was found."""
    low, _ = yield from bounds(Question(companies=None, since=since), dialect)
    mine = Sql("1 = 1") if companies is None else one_of("company_id", sorted(companies))
    return (
        yield Sql(
            f"""
            SELECT rule, min(severity), count(*), min(at), max(at) FROM (
                SELECT rule, severity, company_id, at FROM broken_rule WHERE seq >= ?
                ORDER BY seq DESC LIMIT {_MOST_BROKEN}) AS newest
            WHERE at >= ? AND {mine.text}
            GROUP BY rule ORDER BY count(*) DESC, rule LIMIT ?
            """,
            (low, dialect.at(since), *mine.values, limit),
        )
    )
