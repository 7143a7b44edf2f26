"""`budkavle audit`: what operators and people did, and whether anybody changed it afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import beside_gateway, load_settings, settings_options
from gateway.cli.output import on_terminal, records

if TYPE_CHECKING:
    from gateway.audit.chain import Broken, Entry, Head, Whole
    from gateway.store.keeping import Keeping

_PAGE = 500


@click.group()
def audit() -> None:
    """Lists and checks the audit chain. It works while the gateway runs."""


@audit.command("list")
@click.option("--after", default=0, help="Only entries after this number.")
@click.option("--limit", default=100, show_default=True, help="How many at most.")
@settings_options
def list_entries(after: int, limit: int, config_file: Path | None, data: Path | None) -> None:
    """Lists audit entries, oldest first."""

    async def read(store: Keeping) -> Sequence[Entry]:
        return await store.audit_entries(after, limit)

    found = beside_gateway(load_settings(config_file, data).settings, read)
    columns = ("seq", "at", "actor", "action", "subject", "company", "data")
    records(columns, map(_row, found), empty="There is no entry.")


def _row(entry: Entry) -> dict[str, object]:
    row = entry.as_data()
    return {**row, "data": entry.data} if on_terminal() else row  # it is one cell there


@audit.command("verify")
@click.option("--from", "from_seq", default=1, help="Begin at this entry, and trust it.")
@click.option(
    "--noted",
    multiple=True,
    metavar="HEAD",
    help="A head that was noted before, as this command prints it; repeat for more.",
)
@settings_options
def verify_chain(
    from_seq: int, noted: Sequence[str], config_file: Path | None, data: Path | None
) -> None:
    """Checks that no entry was changed, added in between or taken away, and prints the head.

    Note the head elsewhere: it fixes all entries before it. Ends with 0 when the chain is whole,
    with 1 when it is not, and names the first entry that is wrong.
    """
    heads = [_head(text) for text in noted]

    async def read(store: Keeping) -> Whole | Broken:
        from gateway.archive.signing import SECRET, SigningKey
        from gateway.audit.chain import verify

        key = SigningKey(await store.secret(SECRET, SigningKey.fresh())).public
        return await verify(
            _pages(store, from_seq - 1), sealed_by=key.signed, noted=heads, from_seq=from_seq
        )

    from gateway.audit.chain import Broken

    found = beside_gateway(load_settings(config_file, data).settings, read)
    if isinstance(found, Broken):
        records(("seq", "why"), [{"whole": False, "seq": found.seq, "why": found.why}], empty="")
        raise SystemExit(1)
    row = {"whole": True, "entries": found.entries, "first": found.first, "head": str(found.head)}
    records(("whole", "entries", "first", "head"), [row], empty="")


async def _pages(store: Keeping, after: int) -> AsyncIterator[Sequence[Entry]]:
    while page := await store.audit_entries(after, _PAGE):
        yield page
        after = page[-1].seq


def _head(text: str) -> Head:
    from gateway.audit.chain import Head

    seq, _, hash_ = text.partition(":")
    if not (seq.isdecimal() and len(hash_) == 64):
        raise click.BadParameter(f"{text!r} is not NUMBER:HASH", param_hint="--noted")
    return Head(int(seq), hash_)
