"""What documents are found by, in PostgreSQL: written beside them, and taken away with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from gateway.store import terms
from gateway.store.port import Head
from gateway.store.postgres.rows import HEAD_COLUMNS
from gateway.store.postgres.transactions import Transaction
from gateway.store.search import Broken

_OF_DOCUMENTS = "FROM {asked} JOIN document ON document.id = asked.id"
_ADD_WORDS = (
    "ON CONFLICT (seq) DO UPDATE SET words = naming.words || excluded.words"
    " WHERE strpos(naming.words, excluded.words) = 0"
)


def name(transaction: Transaction, tokens: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Writes the tokens of documents, by id; those that they have stay. The documents are there
    before this transaction's last `flush`."""
    each = terms.together(tokens)
    transaction.later(
        f"INSERT INTO naming (seq, words) SELECT document.seq, words {_OF_DOCUMENTS} {_ADD_WORDS}",
        "id text, words text",
        [(id_, terms.line(written)) for id_, written in each.items()],
    )
    transaction.later(
        f"""
        INSERT INTO term (value, seq) SELECT value, document.seq {_OF_DOCUMENTS}
        ORDER BY value ON CONFLICT DO NOTHING
        """,
        "id text, value text",
        [(id_, value) for id_, written in each.items() for value in terms.values(written)],
    )


def blame(
    transaction: Transaction, found: Sequence[tuple[str, str, datetime, Sequence[Broken]]]
) -> None:
    """Writes the rules that documents were found to break: (id, company id, time, rules)."""
    transaction.later(
        f"""
        INSERT INTO broken_rule (seq, rule, severity, company_id, at)
        SELECT document.seq, rule, severity, asked.company_id, at {_OF_DOCUMENTS}
        ORDER BY document.seq, rule ON CONFLICT DO NOTHING
        """,
        "id text, company_id text, at timestamptz, rule text, severity text",
        [
            (id_, company_id, at, one.rule, one.severity)
            for id_, company_id, at, broken in found
            for one in broken
        ],
    )


async def forget(transaction: Transaction, documents: Collection[str]) -> None:
    """Takes all of it away."""
    gone = "SELECT seq FROM document WHERE id = ANY($1)"
    found = await transaction.fetch(
        f"DELETE FROM naming WHERE seq IN ({gone}) RETURNING seq, words", list(documents)
    )
    await transaction.each(
        "DELETE FROM term USING {asked} WHERE term.value = asked.value AND term.seq = asked.seq",
        "value text, seq bigint",
        [(value, seq) for seq, words in found for value in terms.values(words.split())],
    )
    await transaction.run(f"DELETE FROM broken_rule WHERE seq IN ({gone})", list(documents))


async def name_older(transaction: Transaction, units: Sequence[int]) -> list[bool]:
    """Gives the next so many documents from before there were terms theirs."""
    return [await _name_older(transaction, limit) for limit in units]


async def _name_older(transaction: Transaction, limit: int) -> bool:
    left = await transaction.fetch("SELECT seq FROM naming_left FOR UPDATE")
    if not left:
        return False
    found = await transaction.fetch(
        f"""
        SELECT seq, ARRAY(
            SELECT reference FROM route_leg WHERE document_id = document.id
                AND reference IS NOT NULL) AS references_, {HEAD_COLUMNS}
        FROM document WHERE seq <= $1 ORDER BY seq DESC LIMIT $2
        """,
        left[0]["seq"],
        limit,
    )
    each = [
        (
            row["seq"],
            (
                *terms.tokens(
                    Head(
                        number=row["number"],
                        sender=row["sender"],
                        recipient=row["recipient"],
                        sender_name=row["sender_name"],
                        recipient_name=row["recipient_name"],
                        reference=row["reference"],
                    )
                ),
                *(terms.MESSAGE + terms.folded(one) for one in row["references_"]),
            ),
        )
        for row in found
    ]
    await transaction.each(
        f"INSERT INTO naming (seq, words) SELECT seq, words FROM {{asked}} {_ADD_WORDS}",
        "seq bigint, words text",
        [(seq, terms.line(tokens)) for seq, tokens in each if tokens],
    )
    await transaction.each(
        "INSERT INTO term (value, seq) SELECT value, seq FROM {asked} ORDER BY value, seq"
        " ON CONFLICT DO NOTHING",
        "seq bigint, value text",
        [(seq, value) for seq, tokens in each for value in terms.values(tokens)],
    )
    await transaction.run("DELETE FROM naming_left")
    if len(found) < limit:
        return False
    await transaction.run("INSERT INTO naming_left (seq) VALUES ($1)", found[-1]["seq"] - 1)
    return True
