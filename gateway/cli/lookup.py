"""`budkavle lookup`: what participants can receive in Peppol, asked of the network just now; and
the channels of a whole file of customers, asked of a running gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import Impossible, load_settings, settings_options
from gateway.cli.output import on_terminal, progress, records, say
from gateway.client import Client

if TYPE_CHECKING:
    from gateway.lookup import Answer


@click.command()
@click.argument("participants", nargs=-1)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of customers, CSV or JSON, whose channels a running gateway finds.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was found for the customers of --file there, as CSV.",
)
@click.option(
    "--url",
    envvar="BUDKAVLE_URL",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Address of the gateway, for --file. Environment: BUDKAVLE_URL.",
)
@click.option(
    "--key",
    envvar="BUDKAVLE_API_KEY",
    help="API key, for --file. Better in the environment, BUDKAVLE_API_KEY.",
)
@settings_options
def lookup(
    participants: Sequence[str],
    file: Path | None,
    out: Path | None,
    url: str,
    key: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Shows what PARTICIPANTS (0192:918130047) can receive in Peppol, and where.

    It asks DNS and each participant's publisher with the settings of [peppol]; certificates are
    shown with the days they are still valid. Exit code 1: one takes nothing, or could not be asked.

    With --file it shows which channel an invoice to each customer would take, in the order of the
    file. It may be cut off: the gateway goes on, and the same command follows the same job. Exit
    code 1: something in the file is wrong, and nothing was asked.
    """
    if file is not None:
        if participants or key is None:
            raise click.UsageError("--file goes with --key, and without PARTICIPANTS")
        return over_http(_of_file(file.read_bytes(), out, url, key))
    if not participants or out is not None:
        raise click.UsageError("give PARTICIPANTS, or --file and with it --out")
    return _of_participants(participants, config_file, data)


async def _of_file(content: bytes, out: Path | None, url: str, key: str) -> bool:
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    async with Client(url, key) as client:
        job = await client.find_ways(content, "application/json" if is_json else "text/csv")
        with progress("asking", job["rows"]) as advance:
            told = 0
            while True:
                job = await client.get(job["links"]["self"])
                while told < job["done"]:
                    advance()
                    told += 1
                if not job["running"]:
                    break
                await asyncio.sleep(_POLL_S)
        if out is not None:
            _write(out, await client.ways_found(job["id"]))
        else:
            found = await client.get(job["links"]["result"])
            columns = ("row", "customer", "name", "channel", "certain", "text")
            records(columns, found["customers"], empty="")
    counts = ", ".join(f"{channel} {number}" for channel, number in sorted(job["counts"].items()))
    say(f"{job['done']} customers: {counts}")
    return True


_POLL_S = 1.0


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Impossible(f"{out}: {error.strerror}") from error


def _of_participants(
    participants: Sequence[str], config_file: Path | None, data: Path | None
) -> None:
    from gateway.clock import SystemClock
    from gateway.lookup import Verdict
    from gateway.peppol import look_up
    from gateway.section import ConfigError
    from schemas.identifiers import Participant

    try:
        wanted = [Participant.parse(one) for one in participants]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="PARTICIPANTS") from None
    section = load_settings(config_file, data).settings.peppol
    if section is None:
        raise Impossible("Peppol is not set up: [peppol] says which network to ask.")
    try:
        found = asyncio.run(look_up(section, SystemClock(), wanted))
    except ConfigError as error:
        raise Impossible(str(error)) from None
    for answer in found:
        if answer.answer is not Verdict.YES or on_terminal():
            where = f" Its publisher is {answer.publisher}." if answer.publisher else ""
            say(f"{answer.participant}: {answer.answer}. {answer.text}{where}")
    columns = (
        *("participant", "document", "process", "answer", "access_point", "address"),
        *("certificate_days", "text"),
    )
    records(columns, _rows(found), empty="Nothing is taken.")
    well = all(
        answer.answer is Verdict.YES
        and not any(service.answer is Verdict.UNKNOWN for service in answer.services)
        for answer in found
    )
    raise SystemExit(0 if well else 1)


def _rows(found: Sequence[Answer]) -> Iterator[Mapping[str, Any]]:
    for answer in found:
        for service in answer.services:
            yield {"participant": str(answer.participant), **asdict(service)}
