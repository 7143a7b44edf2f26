"""`budkavle build`: a JSON invoice becomes the UBL that would be sent; nothing is sent."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.options import Impossible
from gateway.cli.output import say


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout."
)
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Day whose rules apply.")
def build(file: Path, output: Path | None, at: datetime | None) -> None:
    """Writes the invoice in FILE (JSON as the API takes it, or UBL) as UBL, and its findings.

    Ends with 0 when it may be sent, 1 when it may not: then only the findings are written; 2 when
    FILE can not be read or the output not written.
    """
    from gateway.client import media_type_of
    from gateway.intake.prepare import Rejected, prepare
    from transports.base import File

    content = file.read_bytes()
    original = File(file.name, media_type_of(content), content)
    day = (at or datetime.now(UTC)).date()
    made = prepare(original, (), {}, at=day)
    for finding in made.findings:
        say(f"{finding.severity.value} {finding.rule} {finding.where}: {finding.text}")
    if isinstance(made, Rejected):
        sys.exit(1)
    if output is not None:
        try:
            output.write_bytes(made.document)
        except OSError as error:
            raise Impossible(f"{output}: {error.strerror}") from error
    else:
        sys.stdout.buffer.write(made.document)
