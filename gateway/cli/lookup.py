"""`budkavle lookup`: what participants can receive in Peppol, asked of the network just now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, load_settings, settings_options
from gateway.cli.output import on_terminal, records, say

if TYPE_CHECKING:
    from gateway.lookup import Answer


@click.command()
@click.argument("participants", nargs=-1, required=True)
@settings_options
def lookup(participants: Sequence[str], config_file: Path | None, data: Path | None) -> None:
    """Shows what PARTICIPANTS (0192:918130047) can receive in Peppol, and where.

    It asks DNS and each participant's publisher with the settings of [peppol]; certificates are
    shown with the days they are still valid. Exit code 1: one takes nothing, or could not be asked.
    """
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
