"""These tests need programs that are not ours; `make interop` brings them, and says where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_TRIED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def phase4_classes() -> str:
    """Where the JVM finds the access point of phase4."""
    target = _peer("PHASE4")
    return f"{target / 'classes'}{os.pathsep}{target / 'lib' / '*'}"


@pytest.fixture(scope="session")
def as4_python() -> Path:
    """The Python that has the package `as4`."""
    return _peer("AS4")


def _peer(name: str) -> Path:
    found = os.environ.get(f"INTEROP_{name}")
    if not found:
        pytest.skip("`make interop` brings the other access point and tries it")
    return Path(found)


@pytest.fixture(scope="session")
def tried(pytestconfig: pytest.Config) -> list[str]:
    """Versions of what was tried, told at the end."""
    return pytestconfig.stash.setdefault(_TRIED, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(_TRIED, []):
        terminalreporter.write_line(f"tried against {line}")
