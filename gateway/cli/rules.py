"""`budkavle rules`: our rules beside those of an official release."""

from __future__ import annotations

import gzip
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.output import records, say


@click.group()
def rules() -> None:
    """Works with the rules themselves."""


@rules.command()
@click.option(
    "--verdicts",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verdicts of the official engine, a line of JSON for each document.",
)
@click.option(
    "--documents",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that the file names in the verdicts begin in.",
)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day whose rules are compared. Default: today.",
)
@click.option("--profile", help="Rule set to use. Default: the one each document names.")
@click.option("--kinds", help="Compare only these kinds, for example invoice,creditnote.")
def compare(
    verdicts: Path, documents: Path, at: datetime | None, profile: str | None, kinds: str | None
) -> None:
    """Compares our findings with the verdicts of an official release, rule by rule.

    Shows each rule that differs: missing, extra, flag or count, in how many documents, and the
    first of them. Ends with 0 when nothing differs, 1 when something does.
    """
    from validators.pipeline import validate
    from validators.profiles import NAMES
    from validators.verdicts import Comparison, read

    if profile is not None and profile not in NAMES:
        raise click.BadParameter(f"known ones: {', '.join(NAMES)}", param_hint="--profile")
    day = at.date() if at else datetime.now(UTC).date()
    wanted = kinds.split(",") if kinds else None
    done = Comparison()
    with verdicts.open(encoding="utf-8") as lines:
        try:
            for verdict in read(lines):
                if wanted is None or verdict.kind in wanted:
                    data = _content(documents / verdict.file)
                    done.add(verdict, validate(data, at=day, profile=profile))
        except ValueError as error:
            raise click.UsageError(f"{verdicts}: {error}") from error
        except OSError as error:
            raise click.UsageError(f"{error.filename}: {error.strerror}") from error
    rows = [
        {"rule": rule, "difference": str(how), "documents": len(files), "first": files[0]}
        for (rule, how), files in sorted(done.differences.items())
    ]
    records(("rule", "difference", "documents", "first"), rows, empty="Nothing differs.")
    told = ", ".join(f"{count} of class {name}" for name, count in sorted(done.classes.items()))
    say(f"{done.classes.total()} documents ({told}), {len(rows)} differences")
    sys.exit(1 if rows else 0)


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
