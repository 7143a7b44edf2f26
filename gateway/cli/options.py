"""Options that several commands share, and what they become."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.layers import Loaded
    from gateway.store.keeping import Keeping
    from gateway.store.port import Store

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def settings_options(function: F) -> F:
    """Adds `--config` and `--data`."""
    function = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data directory. Setting: data.",
    )(function)
    return click.option(
        "--config",
        "config_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Settings file (TOML). Default: BUDKAVLE_CONFIG, else budkavle.toml in the data dir.",
    )(function)


def client_options(function: F) -> F:
    """Adds `--url` and `--key`, which reach a running gateway."""
    function = click.option(
        "--key",
        envvar="BUDKAVLE_API_KEY",
        required=True,
        help="API key. Better in the environment, BUDKAVLE_API_KEY: a command line can be seen.",
    )(function)
    return click.option(
        "--url",
        envvar="BUDKAVLE_URL",
        default="http://127.0.0.1:8080",
        show_default=True,
        help="Address of the gateway. Environment: BUDKAVLE_URL.",
    )(function)


def load_settings(config_file: Path | None, data: Path | None, **flags: Any) -> Loaded:
    """Loads the settings; a fault in them ends the command with code 2 and every reason."""
    from gateway.layers import load
    from gateway.section import ConfigError

    if data is not None:
        flags["data"] = data
    try:
        return load(flags, file=config_file)
    except ConfigError as error:
        raise Impossible(f"The settings can not be used.\n{error}") from error


def operator() -> str:
    """Who types the command, for the audit."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):  # a user without a name, as in some containers
        return f"operator:{os.getuid()}"


def in_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Runs `work` on the store of the settings; an embedded one is made when it is not there."""
    from gateway.store.opening import open_store

    async def run() -> T:
        with starting():
            store = await open_store(settings)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def beside_gateway(settings: Settings, work: Callable[[Keeping], Awaitable[T]]) -> T:
    """Runs `work`, which only reads what is kept, whether or not the gateway runs."""
    from gateway.archive.backup import DATABASE
    from gateway.store.opening import open_store
    from gateway.store.sqlite import DirectoryInUse
    from gateway.store.sqlite.keeping import SqliteArchive

    async def run() -> T:
        with starting():
            try:
                store = await open_store(settings)
            except DirectoryInUse:
                archive = SqliteArchive(settings.data / DATABASE)
                try:
                    return await work(archive)
                finally:
                    archive.close()
            try:
                return await work(store)
            finally:
                await store.close()

    return asyncio.run(run())


def operate(settings: Settings, work: Callable[[Any], Awaitable[T]]) -> T:
    """Runs `work`, which does what `gateway.store.sqlite.operating` can do beside a gateway that
    runs, on whatever store the settings name."""
    from gateway.archive.backup import DATABASE
    from gateway.store.opening import open_store
    from gateway.store.sqlite import DirectoryInUse
    from gateway.store.sqlite.operating import Operating

    async def run() -> T:
        with starting():
            try:
                store = await open_store(settings)
            except DirectoryInUse:
                beside = Operating(settings.data / DATABASE)
                try:
                    return await work(beside)
                finally:
                    beside.close()
            try:
                return await work(store)
            finally:
                await store.close()

    return asyncio.run(run())


@contextmanager
def starting() -> Iterator[None]:
    """What can not be opened or listened on ends the command with code 2 and the reason."""
    from gateway.section import ConfigError
    from gateway.store.migrations import MigrationNeeded, SchemaTooNew
    from gateway.store.port import StorageUnavailable
    from gateway.store.sqlite import DirectoryInUse

    refused = (
        *(OSError, ValueError, ConfigError),
        *(DirectoryInUse, MigrationNeeded, SchemaTooNew, StorageUnavailable),
    )
    try:
        yield
    except refused as error:
        raise Impossible(f"It can not start: {error}") from error


class Impossible(click.ClickException):
    """The command could not do its work: exit code 2."""

    exit_code = 2
