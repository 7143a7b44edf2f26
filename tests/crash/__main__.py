"""`make crash`: kills gateways, workers and databases under load, and counts what is lost."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.crash.series import LEASE_S, ON_SQLITE, Found, Kind, run

_PER_SERIES = 10
_STORES: Mapping[str, Sequence[Kind]] = {
    "sqlite": [kind for kind in Kind if kind in ON_SQLITE],
    "postgres": [kind for kind in Kind if kind not in ON_SQLITE],
    "both": list(Kind),
}


@click.command()
@click.option("--kills", default=20, show_default=True, help="How many of each kind.")
@click.option("--seconds", default=1e9, help="Kill for so long at most, each kind.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same dice.")
@click.option("--store", type=click.Choice([*_STORES]), default="both", show_default=True)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in Kind]),
    multiple=True,
    help="Only these.",
)
def main(kills: int, seconds: float, seed: int, store: str, kinds: Sequence[str]) -> None:
    """Prints a line for each series of kills, and a table of all. Fails when anything is lost."""
    found = [
        _kind(kind, kills, seconds, seed)
        for kind in _STORES[store]
        if not kinds or kind.value in kinds
    ]
    Console(width=160).print(_table(found))
    for one in found:
        for what, names in one.wrong.items():
            click.echo(f"{one.kind}: {what}: {', '.join(names[:20])}")
    sys.exit(any(one.wrong for one in found))


def _kind(kind: Kind, kills: int, seconds: float, seed: int) -> Found:
    found = Found(kind)
    series = 0
    loop = asyncio.new_event_loop()
    until = loop.time() + seconds
    while found.kills < kills and loop.time() < until:
        with tempfile.TemporaryDirectory() as home:
            number = min(_PER_SERIES, kills - found.kills)
            given = f"{seed}/{kind}/{series}"
            one = loop.run_until_complete(run(kind, number, given, Path(home), until - loop.time()))
        click.echo(f"{given}: {_line(one)}")
        found.add(one)
        series += 1
    loop.close()
    return found


def _line(found: Found) -> str:
    wrong = {name: len(values) for name, values in found.wrong.items()} or "nothing wrong"
    return (
        f"{found.kills} kills, {found.acknowledged} acknowledged, {dict(found.states)}, "
        f"{found.repeated} calls repeated, recovery {_seconds(found)}, {wrong}"
    )


def _seconds(found: Found) -> str:
    if not found.recoveries:
        return "-"
    return f"{statistics.median(found.recoveries):.1f} s, at most {max(found.recoveries):.1f} s"


def _table(found: Sequence[Found]) -> Table:
    table = Table(title=f"Lease {LEASE_S} s", title_justify="left", box=None)
    for head in (
        *("killed", "kills", "acknowledged", "lost", "doubled", "stuck", "events", "twice"),
        *("missed", "calls", "repeated", "otherwise", "damage", "faults", "recovery"),
    ):
        table.add_column(head, justify="left" if head in {"killed", "recovery"} else "right")
    for one in found:
        lists = (one.lost, one.doubled, one.stuck)
        table.add_row(
            *map(str, (one.kind, one.kills, one.acknowledged, *map(len, lists), one.events)),
            *map(str, (len(one.double_events), len(one.missed_events), one.calls, one.repeated)),
            *map(str, (len(one.other_calls), len(one.damage), len(one.faults))),
            _seconds(one),
        )
    return table


if __name__ == "__main__":
    main()
