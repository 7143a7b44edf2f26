"""Names and bytes that are on disk, not merely on their way there. Blocking."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Writes a new file and brings its bytes to disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make(directory: Path) -> None:
    """mkdir -p, for us alone, with each new name on disk: a file is no safer than its folder."""
    if not directory.exists():
        make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
        sync(directory.parent)


def sync(path: Path) -> None:
    """Brings the names in a directory, or the bytes of a file, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
