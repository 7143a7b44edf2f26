"""`budkavle build`: a JSON invoice becomes what would be sent; nothing is sent."""

from __future__ import annotations

import json
import mimetypes
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import Impossible, load_settings, settings_options
from gateway.cli.output import say


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for all of it: invoice.xml, .pdf, .html and preview.json.",
)
@click.option(
    "--attach",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that goes with the invoice; may be given more than once.",
)
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Day whose rules apply.")
@click.option(
    "--language",
    type=click.Choice(["en", "sv", "nb"]),
    help="Language of findings and reasons. Default: the one FILE asks for, else en.",
)
@settings_options
def build(
    file: Path,
    output: Path | None,
    out: Path | None,
    attach: Sequence[Path],
    at: datetime | None,
    language: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Writes the invoice in FILE (whatever the API takes) as UBL, and its findings.

    With --out also as PDF and HTML, and preview.json: findings, what was filled in, and the plan by
    the channels that the settings name. Ends with 0 when it may be sent, 1 when it may not: then
    only findings and preview.json are written; 2 when FILE can not be read or the output not
    written.
    """
    from gateway.channels import configured
    from gateway.client import media_type_of
    from gateway.delivery.preview import Ready, preview, told
    from gateway.intake.submission import Refused, check
    from transports.base import File

    content = file.read_bytes()
    original = File(file.name, media_type_of(content), content)
    stated = check(original)
    wishes = {} if isinstance(stated, Refused) else dict(stated)
    if language is not None:
        wishes["findings_language"] = language
    channels = configured(load_settings(config_file, data).settings) if out else frozenset()
    seen = preview(
        original,
        [File(path.name, _media_type(path), path.read_bytes()) for path in attach],
        wishes,
        configured=channels,
        at=(at or datetime.now(UTC)).date(),
    )
    result = seen.prepared if isinstance(seen, Ready) else seen
    for finding in result.findings:
        say(f"{finding.severity.value} {finding.rule} {finding.where}: {finding.text}")
        if finding.hint:
            say(f"  {finding.hint}")
    if out is not None:
        _write_all(out, told(seen), seen if isinstance(seen, Ready) else None)
    if not isinstance(seen, Ready):
        sys.exit(1)
    if output is not None:
        _write(output, seen.prepared.document)
    elif out is None:
        sys.stdout.buffer.write(seen.prepared.document)


def _write_all(out: Path, told: Mapping[str, Any], ready: Any) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Impossible(f"{out}: {error.strerror}") from error
    told = {name: value for name, value in told.items() if name != "document"}
    text = json.dumps(told, ensure_ascii=False, indent=2, default=str)
    _write(out / "preview.json", f"{text}\n".encode())
    if ready is not None:
        _write(out / "invoice.xml", ready.prepared.document)
        _write(out / "invoice.pdf", ready.pdf())
        _write(out / "invoice.html", ready.html().encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Impossible(f"{path}: {error.strerror}") from error


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
