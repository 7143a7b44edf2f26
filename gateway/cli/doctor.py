"""`budkavle doctor`: is everything in place? Each line ok, warn or fail, with what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from gateway.cli.options import Impossible, load_settings, settings_options
from gateway.cli.output import line, on_terminal

if TYPE_CHECKING:
    from gateway.blobs.port import Place
    from gateway.config import Settings, Store

# Evidence and documents grow; with less the next busy day may fill the disk.
SCARCE_BYTES = 1024**3
FULL_BYTES = 100 * 1024**2
REACH_S = 5.0
_MOST_SHOWN = 20  # of participants with the same trouble


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what to do when it is not well."""

    level: Literal["ok", "warn", "fail"]
    what: str
    text: str
    do: str = ""


@click.command()
@settings_options
def doctor(config_file: Path | None, data: Path | None) -> None:
    """Looks at settings, disk, clock, database and channels; ends with 1 when something fails."""
    try:
        settings = load_settings(config_file, data).settings
    except Impossible as error:
        _show(Check("fail", "settings", error.message, "Correct the settings named."))
        sys.exit(1)
    failed = False
    for found in examine(settings):
        _show(found)
        failed |= found.level == "fail"
    sys.exit(1 if failed else 0)


def examine(settings: Settings) -> Iterator[Check]:
    """Yields every check, one after the other."""
    from gateway.cli import channel_checks, trust_checks, ways_in

    yield Check("ok", "settings", "The settings can be used.")
    yield from _disk(settings.data)
    yield from _database(settings.data) if settings.store is None else _postgres(settings.store)
    yield from _blobs(settings)
    yield from _encryption(settings)
    yield from _scan(settings)
    yield from channel_checks.every(settings)
    yield from _peppol(settings)
    yield from _publisher(settings)
    yield from ways_in.drops(settings)
    yield from ways_in.mail_in(settings)
    yield from trust_checks.trust(settings)


def _disk(data: Path) -> Iterator[Check]:
    if not data.is_dir():
        yield Check(
            "warn", "data", f"{data} is not there yet.", "`budkavle serve` or `migrate` makes it."
        )
        return
    try:
        with tempfile.TemporaryFile(dir=data):
            yield Check("ok", "data", f"{data} can be written.")
    except OSError as error:
        yield Check(
            "fail",
            "data",
            f"{data} can not be written: {error.strerror}.",
            f"Give user {os.getuid()} the right to write there.",
        )
    free = shutil.disk_usage(data).free
    text = f"{free / 1024**3:.1f} GiB free."
    if free < FULL_BYTES:
        yield Check("fail", "disk", text, "Free some space: nothing can be accepted without it.")
    elif free < SCARCE_BYTES:
        yield Check("warn", "disk", text, "Free some space soon.")
    else:
        yield Check("ok", "disk", text)


def _database(data: Path) -> Iterator[Check]:
    from gateway.store import migrations
    from gateway.store.sqlite import schema

    file = data / "budkavle.sqlite"
    if not file.exists():
        yield Check("warn", "database", "None yet.", "`budkavle serve` or `migrate` makes it.")
        return
    try:
        connection = schema.connect_for_reading(file)
        try:
            found = schema.version(connection)
            # The last one written, by the key: the latest would take a scan of millions.
            last = connection.execute("SELECT at FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        yield Check("fail", "database", f"{file}: {error}.", "Restore it from a backup.")
        return
    yield _schema(found, (schema.BEFORE, *migrations.VERSIONS))
    (last_us,) = last or (0,)
    yield _clock(datetime.fromtimestamp(last_us / 1e6, UTC))


def _schema(found: str | None, known: Sequence[str]) -> Check:
    newest = known[-1]
    if found == newest:
        return Check("ok", "database", f"Schema {found}, the newest.")
    if found in known:
        text = f"Schema {found}, the newest is {newest}."
        return Check("warn", "database", text, "Run `budkavle migrate`.")
    return Check(
        "fail",
        "database",
        f"Schema {found}, this version knows {newest}.",
        "Use the version that wrote it, or a newer one.",
    )


def _postgres(section: Store) -> Iterator[Check]:
    from gateway.store import migrations
    from gateway.store.port import StorageUnavailable
    from gateway.store.postgres.health import look

    try:
        found = asyncio.run(look(section.address))
    except StorageUnavailable as error:
        yield Check("fail", "database", f"{error}.", "Check [store] and the network.")
        return
    yield Check("ok", "server", f"PostgreSQL {found.server_version}.")
    for fault in found.faults:
        yield Check("fail", "server", fault.text, fault.do)
    if found.schema is None:
        yield Check("fail", "database", "It has no tables.", "Run `budkavle migrate`.")
        return
    yield _schema(found.schema, migrations.VERSIONS)
    if found.last_event_at is not None:
        yield _clock(found.last_event_at)


def _clock(last_event: datetime) -> Check:
    now = datetime.now(UTC)
    if now < last_event:
        return Check(
            "fail",
            "clock",
            f"It says {now:%Y-%m-%d %H:%M:%S} UTC, and the last event is of {last_event}.",
            "Set the clock: due times and rule dates depend on it.",
        )
    return Check("ok", "clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, later than the last event.")


def _blobs(settings: Settings) -> Iterator[Check]:
    from gateway.blobs.opening import place
    from gateway.store.port import StorageUnavailable

    if settings.blobs is None:
        return
    quick = settings.blobs.model_copy(update={"connect_timeout_s": REACH_S, "give_up_s": REACH_S})
    bucket = place(settings.model_copy(update={"blobs": quick}))
    assert bucket is not None
    try:
        asyncio.run(_probe(bucket))
    except StorageUnavailable as error:
        todo = "Check [blobs] and the network; large files are refused meanwhile."
        yield Check("fail", "blobs", f"{error}.", todo)
    else:
        yield Check("ok", "blobs", f"The bucket {settings.blobs.bucket} can be written.")


async def _probe(place: Place) -> None:
    await place.probe()


def _encryption(settings: Settings) -> Iterator[Check]:
    from gateway.blobs.opening import ring
    from gateway.section import ConfigError

    if settings.encryption is None:
        return
    path = settings.encryption.ring_file
    try:
        found = ring(settings)
    except ConfigError as error:
        yield Check(
            "fail", "encryption", f"{error}.", "Put the key ring back; without it no start."
        )
        return
    assert found is not None
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IRWXO):
        text = f"Others than its owner and group can read {path}, or more than its owner write it."
        yield Check("warn", "encryption", text, f"chmod 600 {path}")
    yield Check(
        "ok", "encryption", f"{len(found.masters)} in the key ring; {found.current} is current."
    )


def _scan(settings: Settings) -> Iterator[Check]:
    from gateway.app import scanner

    if settings.scan is None:
        return
    section = settings.scan.model_copy(update={"limit_s": REACH_S})
    wrong = asyncio.run(scanner(section).ping())
    if wrong is None:
        yield Check("ok", "scan", f"The virus scanner at {section.address} answers.")
        return
    after = "documents wait" if section.when_down == "wait" else "documents are sent unseen"
    text = f"The virus scanner at {section.address}: {wrong.why}."
    yield Check("fail", "scan", text, f"Check [scan] and clamd; {after} meanwhile.")


def _peppol(settings: Settings) -> Iterator[Check]:
    from gateway.certificates import SOON_DAYS
    from gateway.clock import SystemClock
    from gateway.peppol import standing
    from gateway.section import ConfigError

    if settings.peppol is None:
        yield Check("warn", "peppol", "Not configured.", "Add a section [peppol] to use it.")
        return
    try:
        found = asyncio.run(standing(settings.peppol, SystemClock()))
    except ConfigError as error:
        yield Check("fail", "peppol", f"{error}.", "Correct the setting named.")
        return
    certificate = f"The certificate of {found.seat} is valid for {found.days} more days."
    if found.flaw is not None:
        text = f"Others will not trust our certificate: {found.flaw}."
        yield Check("fail", "peppol", text, "Renew it, or correct the CAs in [peppol].")
    elif found.days < SOON_DAYS:
        yield Check("warn", "peppol", certificate, "Ask OpenPeppol for a new one now.")
    else:
        yield Check("ok", "peppol", certificate)
    if found.registered is None:
        yield Check("fail", "peppol", found.trouble, "Check the network; documents wait meanwhile.")
    elif not found.registered:
        text = "We are not registered for Message Level Statuses: none can come."
        todo = f"`budkavle participant register 0242:{found.seat[-6:]}`"
        if settings.publisher is None:
            todo = f"Have 0242:{found.seat[-6:]} registered at an SMP."
        yield Check("warn", "peppol", text, todo)
    else:
        yield Check("ok", "peppol", "DNS and our publisher answer; statuses can come.")


def _publisher(settings: Settings) -> Iterator[Check]:
    from gateway.cli.options import operate
    from gateway.registration.health import look

    if settings.publisher is None or settings.peppol is None or not _is_current(settings):
        return
    try:
        found = operate(settings, lambda store: look(store, settings))
    except Impossible as error:
        yield Check("fail", "publisher", error.message, "Correct it; participants wait meanwhile.")
        return
    for one in found.lost[:_MOST_SHOWN]:
        text = f"{one.participant} is registered here, and {one.text}."
        todo = f"`budkavle participant register {one.participant}`, or ask who has it now."
        yield Check("fail", "publisher", text, todo)
    for one in found.stuck[:_MOST_SHOWN]:
        text = f"{one.participant} is {one.state}: {one.text}"
        yield Check("warn", "publisher", text, "It is tried again by itself; mend what is named.")
    if found.unknown:
        text = f"Nobody could say whether {found.unknown} participants are registered."
        yield Check("warn", "publisher", text, "Check the network and [peppol].")
    if not found.lost:
        text = f"The network confirms {found.confirmed} participants."
        yield Check("ok", "publisher", text)


def _is_current(settings: Settings) -> bool:
    """Whether the database can be read as it is: looking must not make or change one."""
    from gateway.store import migrations
    from gateway.store.sqlite import schema

    if settings.store is not None:
        return True
    file = settings.data / "budkavle.sqlite"
    if not file.exists():
        return False
    try:
        connection = schema.connect_for_reading(file)
        try:
            return schema.version(connection) == migrations.NEWEST
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _show(check: Check) -> None:
    if not on_terminal():
        line({"level": check.level, "what": check.what, "text": check.text, "do": check.do})
        return
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}[check.level]
    todo = f" {check.do}" if check.do else ""
    click.echo(f"{click.style(f'{check.level:4}', fg=colour)}  {check.what:8}  {check.text}{todo}")
