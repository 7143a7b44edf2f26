"""`budkavle check`: is this document right? Streams; says everything at once."""

from __future__ import annotations

import gzip
import shutil
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click

from gateway.cli.output import on_terminal

# A file is read no further than this: larger than any document the guard lets through.
MOST_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A file that could not be read, and why."""

    reason: str


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "text", "html"]),
    help="Default: text on a terminal, jsonl in a pipe. html is a page to keep or to print.",
)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day whose rules apply. Default: today.",
)
@click.option("--profile", help="Rule set to use. Default: the one the document names.")
@click.option(
    "--language",
    type=click.Choice(["en", "sv", "nb"]),
    default="en",
    show_default=True,
    help="Language of texts and hints.",
)
def check(
    files: Sequence[str],
    form: str | None,
    at: datetime | None,
    profile: str | None,
    language: str,
) -> None:
    """Validates each FILE, plain or .gz; `-` is standard input.

    Takes invoices and credit notes (UBL, Svefaktura), responses (MLS, MLR, Invoice Response) and
    Peppol's reports. Ends with 0 when all are right, 1 when some are not, 2 when a file could not
    be read.
    """
    from validators import page
    from validators.messages import texts
    from validators.pipeline import validate
    from validators.profiles import NAMES
    from validators.report import to_jsonl, to_text

    if profile is not None and profile not in NAMES:
        raise click.BadParameter(f"known ones: {', '.join(NAMES)}", param_hint="--profile")

    form = form or ("text" if on_terminal() else "jsonl")
    width = shutil.get_terminal_size().columns
    day = at.date() if at else _today()
    worst = 0
    ended: Counter[int] = Counter()
    if form == "html":
        sys.stdout.write(page.head(language))
    for number, name in enumerate(files, 1):
        data = _read(name)
        if isinstance(data, _Unreadable):
            click.echo(f"{name}: {data.reason}", err=True)
            worst = 2
            ended[2] += 1
            continue
        report = validate(data, at=day, profile=profile, language=language)
        if form == "html":
            shown = page.section(name, report, data, number=number, language=language)
        elif form == "text":
            shown = to_text(
                name, report, source=data, width=width, colour=on_terminal(), language=language
            )
        else:
            shown = to_jsonl(name, report) + "\n"
        # Written at once, so that a reader sees each document as it is done.
        sys.stdout.write(shown)
        sys.stdout.flush()
        worst = max(worst, 0 if report.ok else 1)
        ended[0 if report.ok else 1] += 1
        if not report.ok and data.lstrip().startswith(b"{"):
            click.echo(f"{name}: JSON is checked by building it: budkavle build {name}", err=True)
    if form == "html":
        sys.stdout.write(page.FOOT)
    elif form == "text" and len(files) > 1:
        words = texts(language).words
        told = [words[f"ended_{end}"].format(count=ended[end]) for end in sorted(ended)]
        click.echo(f"{len(files)} {words['files']}: {', '.join(told)}")
    sys.exit(worst)


def _today() -> date:
    return datetime.now(UTC).date()


def _read(name: str) -> bytes | _Unreadable:
    if name == "-":
        return sys.stdin.buffer.read(MOST_BYTES)
    path = Path(name)
    if path.is_dir():
        return _Unreadable(f"is a directory; name the files, for example {path}/*.xml")
    try:
        with path.open("rb") as file:
            if path.suffix != ".gz":
                return file.read(MOST_BYTES)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return unpacked.read(MOST_BYTES)
    except OSError as error:
        return _Unreadable(error.strerror or str(error))
    except (EOFError, zlib.error) as error:
        return _Unreadable(f"not a whole gzip file: {error}")
