"""The data directory: where things lie in it, and that only one process has it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from gateway.blobs.disk import make


class DirectoryInUse(Exception):
    """Another process has the data directory."""

    def __init__(self, path: Path, pid: str) -> None:
        super().__init__(
            f"the data directory {path} is in use by process {pid}: stop it first, "
            "or give another directory"
        )


class DataDirectory:
    """A data directory that is ours until `release`.

    The lock is flock on the file `lock`: the kernel drops it when the process dies, however it
    dies, so that nothing has to be cleaned up after a crash.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.database = path / "budkavle.sqlite"
        self.blobs = path / "blobs"
        self.spool = path / "spool"
        self._lock = lock

    @classmethod
    def take(cls, path: Path) -> Self:
        """Makes the directory when it is not there, and locks it. Raises DirectoryInUse."""
        make(path)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise DirectoryInUse(path, pid) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return cls(path, lock)

    def release(self) -> None:
        """Lets another process have it."""
        os.close(self._lock)
