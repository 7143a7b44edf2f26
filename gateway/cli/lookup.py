"""`budkavle lookup`: what a participant can receive in Peppol, asked of the network just now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, load_settings, settings_options
from gateway.cli.output import on_terminal, records, say

if TYPE_CHECKING:
    from transports.peppol.discovery import Capabilities, Capability


@click.command()
@click.argument("participant")
@settings_options
def lookup(participant: str, config_file: Path | None, data: Path | None) -> None:
    """Shows what PARTICIPANT (0192:918130047) can receive in Peppol, and where.

    It asks DNS and the participant's publisher with the settings of [peppol]; certificates are
    shown with the days they are still valid. Exit code 1: it is not there, or could not be asked.
    """
    from gateway.clock import SystemClock
    from gateway.config import ConfigError
    from gateway.peppol import capabilities
    from schemas.identifiers import Participant

    try:
        wanted = Participant.parse(participant)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="PARTICIPANT") from None
    section = load_settings(config_file, data).settings.peppol
    if section is None:
        raise Impossible("Peppol is not set up: [peppol] says which network to ask.")
    try:
        found = asyncio.run(capabilities(section, SystemClock(), wanted))
    except ConfigError as error:
        raise Impossible(str(error)) from None
    if on_terminal() and found.publisher:
        say(f"{found.participant} is with the publisher {found.publisher}")
    if found.trouble:
        say(found.trouble)
    columns = ("document", "process", "access_point", "address", "certificate_days", "trouble")
    records(columns, _rows(found, datetime.now(UTC)), empty="It takes nothing.")
    raise SystemExit(0 if found.found and not found.trouble else 1)


def _rows(found: Capabilities, now: datetime) -> Iterator[Mapping[str, Any]]:
    for capability in found.found:
        yield from _services(capability, now)


def _services(capability: Capability, now: datetime) -> Iterator[Mapping[str, Any]]:
    from transports.peppol.pki.keys import common_name, read_certificate

    kind = capability.document_type
    name = f"{kind.root} {kind.customization}"
    if capability.service is None:
        yield {"document": name, "document_type": str(kind), "trouble": capability.trouble}
        return
    for process, endpoints in capability.service.processes:
        for endpoint in endpoints:
            row = {
                "document": name,
                "document_type": str(kind),
                "process": process.value,
                "transport_profile": endpoint.transport_profile,
                "address": endpoint.address,
                "active": endpoint.is_active(now),
            }
            try:
                certificate = read_certificate(endpoint.certificate)
            except ValueError:
                yield {**row, "trouble": "the certificate can not be read"}
                continue
            days = (certificate.not_valid_after_utc - now).days
            trouble = "" if row["active"] else "not active now"
            yield {
                **row,
                "access_point": common_name(certificate),
                "certificate_days": days,
                "trouble": "the certificate has expired" if days < 0 else trouble,
            }
