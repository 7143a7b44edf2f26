"""Many documents that were handed in long ago: written by the database itself, row by row made of
their number, as handing them in would take hours.

In charge of the rows that searching meets: documents, inboxes, terms, broken rules. What hangs on
a document beside that (parts, events, attempts) is left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg

COMPANIES = 500
RECIPIENTS = 40_000  # beside twenty that get a tenth of everything
_CHUNK = 250_000
_TABLES = ("document", "naming", "term", "broken_rule", "inbox")
_YEAR_US = 365 * 24 * 3600 * 1_000_000

_SYLLABLES = (
    "kalomirusetavonidejabepofugihanyklestranordvikbyfossenlundbergholmsundrosamastenvaldirekommatu"
)
_COUNT = len(_SYLLABLES) // 2

# What differs between the two, and the columns made of a document's number `n`.
_SQLITE = {
    "numbers": "(WITH RECURSIVE numbers (n) AS"
    " (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers)",
    "padded": "printf('%012d', {})",
    "nine": "printf('%09d', {})",
    "at": "{}",
    "text": "CAST({} AS TEXT)",
    "each_token": """json_each('["' || replace(trim(words), ' ', '","') || '"]')""",
}
_POSTGRES = {
    "numbers": "(SELECT n FROM generate_series({first}::bigint, {last}) AS n) AS numbers",
    "padded": "lpad(({})::text, 12, '0')",
    "nine": "lpad(({})::text, 9, '0')",
    "at": "to_timestamp(({}) / 1000000.0)",
    "text": "({})::text",
    "each_token": "LATERAL (SELECT unnest(string_to_array(btrim(words), ' ')) AS value)",
}


def _word(n: str) -> str:
    """A word made of a number: three syllables."""
    return " || ".join(
        f"substr('{_SYLLABLES}', CAST(({n}) / {_COUNT**k} % {_COUNT} * 2 + 1 AS INTEGER), 2)"
        for k in range(3)
    )


def statements(dialect: Mapping[str, str], total: int, now_us: int) -> Iterator[str]:
    """Everything for `total` documents, the newest of which came just now."""

    def padded(n: str) -> str:
        return dialect["padded"].format(n)

    text = dialect["text"].format
    # Some companies send much, most of them little.
    company = f"(n * 7919 % {COMPANIES}) * (n * 104729 % {COMPANIES}) / {COMPANIES}"
    company = f"'com_' || {padded(company)}"
    who = f"CASE WHEN n % 10 = 0 THEN n / 10 % 20 ELSE 20 + n * 15485863 % {RECIPIENTS} END"
    state = (
        "CASE WHEN s < 920 THEN 'delivered' WHEN s < 975 THEN 'sent' WHEN s < 985 THEN 'rejected'"
        " WHEN s < 990 THEN 'waiting' WHEN s < 994 THEN 'failed' WHEN s < 996 THEN 'cancelled'"
        " WHEN s < 997 THEN 'held' WHEN s < 998 THEN 'sending' ELSE 'routing' END"
    )
    channel = (
        "CASE WHEN c < 70 THEN 'peppol' WHEN c < 85 THEN 'email' WHEN c < 91 THEN 'letter'"
        " WHEN c < 97 THEN 'kivra' WHEN c < 99 THEN 'internal' ELSE 'vipps' END"
    )
    at = dialect["at"].format(f"{now_us} - ({total} - n) * {_YEAR_US // total}")
    for first in range(1, total + 1, _CHUNK):
        numbers = dialect["numbers"].format(first=first, last=min(first + _CHUNK - 1, total))
        rows = f"""(
            SELECT n, {company} AS company, {who} AS who, n * 611953 % 1000 AS s,
                n * 37 % 101 AS c, n % 5 = 0 AS inward FROM {numbers}) AS each
        """
        seat = f"""(
            SELECT n, company, who, {state} AS state, {channel} AS channel, inward,
                {_word("who * 2654435")} AS one, {_word("who * 40503 + 77")} AS two,
                '0192:' || {dialect["nine"].format("900000000 + who")} AS party,
                s, c FROM {rows}) AS each
        """
        yield f"""
            INSERT INTO document (id, company_id, direction, state, business, version, media_type,
                number, kind, sender_name, recipient_name, sender, recipient, issue_date, due_date,
                amount_due, currency, reference, delivery, channel, code, text, created_at,
                updated_at {dialect.get("more", "")})
            SELECT 'doc_01930000-0000-7000-8000-' || {padded("n")}, company,
                CASE WHEN inward THEN 'in' ELSE 'out' END,
                CASE WHEN inward THEN 'delivered' ELSE state END, 'none', 5, 'application/xml',
                'F-' || {text("n")}, CASE WHEN n % 19 = 0 THEN 'credit_note' ELSE 'invoice' END,
                CASE WHEN inward THEN one || ' ' || two || ' AB' ELSE 'Firma ' || company END,
                CASE WHEN inward THEN 'Firma ' || company ELSE one || ' ' || two || ' AB' END,
                CASE WHEN inward THEN party ELSE '0192:8' || substr(company, 9) END,
                CASE WHEN inward THEN '0192:8' || substr(company, 9) ELSE party END,
                '2026-11-02', '2026-12-02', '1250.00', 'NOK', {text("n * 7 + 1000000")}, '{{}}',
                channel,
                CASE WHEN inward THEN 'inbox.received' ELSE CASE state
                    WHEN 'delivered' THEN channel || '.delivered'
                    WHEN 'sent' THEN channel || '.sent' WHEN 'rejected' THEN 'document.not_valid'
                    WHEN 'failed' THEN CASE WHEN n % 3 = 0 THEN 'email.bounced'
                        ELSE channel || '.refused' END
                    ELSE 'document.' || state END END,
                'It stands as it stands, and this says why, in a sentence.', {at}, {at}
                {dialect.get("more_values", "")}
            FROM {seat} ORDER BY n
        """
        tokens = [
            ("n=f", text("n")),
            ("p=0192", "substr(party, 6)"),
            ("p=", "substr(party, 6)"),
            ("p=01928", "substr(company, 9)"),
            ("p=8", "substr(company, 9)"),
            ("w=", "one || two || 'ab'"),
            ("w=", "two"),
            ("w=ab", "''"),
            ("w=firmacom", "substr(company, 5)"),
            ("w=com", "''"),
            ("w=", "substr(company, 5)"),
            ("r=", text("n * 7 + 1000000")),
            ("m=", text("n * 982451653 % 1000000007 * 31")),
        ]
        words = " || ".join(f"' {mark}' || {value}" for mark, value in tokens)
        yield f"INSERT INTO naming (seq, words) SELECT n, {words} || ' ' FROM {seat} ORDER BY n"
        yield f"""
            INSERT INTO term (value, seq)
            SELECT DISTINCT substr(token.value, 3), seq
            FROM naming CROSS JOIN {dialect["each_token"]} AS token
            WHERE seq BETWEEN {first} AND {first + _CHUNK - 1} ORDER BY 1, 2
        """
        yield f"""
            INSERT INTO broken_rule (seq, rule, severity, company_id, at)
            SELECT n, 'BR-' || {text("n * 31 % 61")},
                CASE WHEN s >= 975 AND s < 985 THEN 'fatal' ELSE 'warning' END, company, {at}
            FROM {seat} WHERE n % 8 = 0 OR (s >= 975 AND s < 985) ORDER BY n
        """
        yield f"""
            INSERT INTO inbox (document_id, company_id, state, code, text, found
                {dialect.get("place", "")})
            SELECT 'doc_01930000-0000-7000-8000-' || {padded("n")}, company,
                CASE WHEN n % 1000 = 0 THEN 'blocked' WHEN n % 500 = 5 THEN 'new'
                    ELSE 'confirmed' END, 'inbox.received', 'It is in the inbox.', '{{}}'
                {dialect.get("place_value", "")}
            FROM {rows} WHERE inward ORDER BY n
        """


def fill_sqlite(database: Path, total: int, now_us: int) -> None:
    """Writes them into the tables of a store that nobody has open."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    dialect = {
        **_SQLITE,
        "more": ", seq",
        "more_values": ", n",
        "place": ", place",
        "place_value": ", n",
    }
    connection.executemany(
        "INSERT INTO company (id, name, country, settings, created_at)"
        " VALUES (?, ?, 'NO', '{}', 0)",
        [(f"com_{n:012}", f"Firma com_{n:012}") for n in range(COMPANIES)],
    )
    for statement in statements(dialect, total, now_us):
        connection.execute("BEGIN")
        connection.execute(statement)
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def fill_postgres(url: str, total: int, now_us: int) -> None:
    """Writes them into new tables."""
    connection = await asyncpg.connect(url)
    dialect = {
        **_POSTGRES,
        "more": ", seq, born_tx, tx",
        "more_values": ", n, 1, 1",
        "place": ", tx",
        "place_value": ", 1",
    }
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(
        "INSERT INTO company (id, name, country, settings, created_at)"
        " SELECT 'com_' || lpad(n::text, 12, '0'), 'Firma com_' || lpad(n::text, 12, '0'), 'NO',"
        f" '{{}}', now() FROM generate_series(0, {COMPANIES - 1}) AS n"
    )
    # Indexes that are made afterwards are made in a fraction of the time.
    await connection.execute("SET maintenance_work_mem = '512MB'")
    keys = await connection.fetch(
        """
        SELECT conrelid::regclass::text AS owner, conname AS name, pg_get_constraintdef(oid) AS made
        FROM pg_constraint WHERE contype = 'p' AND conrelid = ANY($1::text[]::regclass[])
        """,
        list(_TABLES),
    )
    for key in keys:
        await connection.execute(f"ALTER TABLE {key['owner']} DROP CONSTRAINT {key['name']}")
    indexes = await connection.fetch(
        "SELECT indexname AS name, indexdef AS made FROM pg_indexes"
        " WHERE schemaname = current_schema() AND tablename = ANY($1)",
        list(_TABLES),
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    for statement in statements(dialect, total, now_us):
        await connection.execute(statement, timeout=None)
    for key in keys:
        await connection.execute(
            f"ALTER TABLE {key['owner']} ADD CONSTRAINT {key['name']} {key['made']}", timeout=None
        )
    for index in indexes:
        await connection.execute(index["made"], timeout=None)
    await connection.execute(f"SELECT setval('document_seq', {total + 1})")
    for table in _TABLES:
        await connection.execute(f"VACUUM ANALYZE {table}", timeout=None)
    await connection.close()
