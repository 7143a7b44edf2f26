"""What documents are found by, in SQLite: written beside them, and taken away with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.store import terms
from gateway.store.port import Head
from gateway.store.search import Broken
from gateway.store.sqlite import rows
from gateway.store.sqlite.writer import Transaction

_HEADS = ", ".join(f"document.{name}" for name in rows.HEAD_COLUMNS.split(", "))


def name(transaction: Transaction, tokens: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Writes the tokens of documents, by id; those that they have stay."""
    each = terms.together(tokens)
    place = _places(transaction, list(each))
    _write(transaction, [(place[id_], written) for id_, written in each.items() if id_ in place])


def _write(transaction: Transaction, tokens: Sequence[tuple[int, Sequence[str]]]) -> None:
    transaction.insert(
        "naming (seq, words)",
        [(seq, terms.line(written)) for seq, written in tokens],
        "ON CONFLICT (seq) DO UPDATE SET words = words || excluded.words"
        " WHERE instr(words, excluded.words) = 0",
    )
    transaction.each(
        "INSERT OR IGNORE INTO term (value, seq)",
        [(value, seq) for seq, written in tokens for value in terms.values(written)],
        "",
    )


def blame(
    transaction: Transaction, found: Sequence[tuple[str, str, int, Sequence[Broken]]]
) -> None:
    """Writes the rules that documents were found to break: (id, company id, time, rules)."""
    each = [one for one in found if one[3]]
    place = _places(transaction, [id_ for id_, _, _, _ in each])
    transaction.each(
        "INSERT OR IGNORE INTO broken_rule (seq, rule, severity, company_id, at)",
        [
            (place[id_], one.rule, one.severity, company_id, at)
            for id_, company_id, at, broken in each
            for one in broken
        ],
        "",
    )


def forget(transaction: Transaction, documents: Collection[str]) -> None:
    """Takes all of it away."""
    gone = [(seq,) for seq in _places(transaction, list(documents)).values()]
    found = transaction.asked(
        "seq", gone, "SELECT seq, words FROM naming WHERE seq IN (SELECT seq FROM asked)"
    )
    transaction.asked(
        "value, seq",
        [(value, seq) for seq, words in found for value in terms.values(words.split())],
        "DELETE FROM term WHERE (value, seq) IN (SELECT value, seq FROM asked)",
    )
    for table in ("naming", "broken_rule"):
        transaction.asked("seq", gone, f"DELETE FROM {table} WHERE seq IN (SELECT seq FROM asked)")


def name_older(transaction: Transaction, units: Sequence[int]) -> list[bool]:
    """Gives the next so many documents from before there were terms theirs."""
    return [_name_older(transaction, limit) for limit in units]


def _name_older(transaction: Transaction, limit: int) -> bool:
    left = transaction.run("SELECT seq FROM naming_left").fetchone()
    if left is None:
        return False
    found = transaction.run(
        f"SELECT seq, id, {_HEADS} FROM document WHERE seq <= ? ORDER BY seq DESC LIMIT ?",
        (left[0], limit),
    ).fetchall()
    references: dict[str, list[str]] = {id_: [] for _, id_, *_ in found}
    for id_, reference in transaction.asked(
        "id",
        [(id_,) for id_ in references],
        "SELECT document_id, reference FROM asked CROSS JOIN route_leg"
        " ON document_id = asked.id WHERE reference IS NOT NULL",
    ):
        references[id_].append(terms.MESSAGE + terms.folded(reference))
    each = [(seq, (*terms.tokens(_head(head)), *references[id_])) for seq, id_, *head in found]
    _write(transaction, [(seq, tokens) for seq, tokens in each if tokens])
    transaction.run("DELETE FROM naming_left")
    if len(found) < limit:
        return False
    transaction.insert("naming_left (seq)", [(found[-1][0] - 1,)])
    return True


def _head(row: Sequence[str | None]) -> Head:
    named = dict(zip(rows.HEAD_COLUMNS.split(", "), row, strict=True))
    return Head(
        number=named["number"],
        sender=named["sender"],
        recipient=named["recipient"],
        sender_name=named["sender_name"],
        recipient_name=named["recipient_name"],
        reference=named["reference"],
    )


def _places(transaction: Transaction, ids: Sequence[str]) -> dict[str, int]:
    found = transaction.asked(
        "id",
        [(id_,) for id_ in ids],
        "SELECT document.id, seq FROM asked CROSS JOIN document ON document.id = asked.id",
    )
    return dict(found)
