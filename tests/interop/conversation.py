"""A program that we drive by lines: one line to it, one line back, and an end to every wait.

Fields are `name=value`, parted by tabs; what is large goes through files.
"""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

# A JVM on a machine that is busy with something else has been seen to take half a minute.
START_S = 180.0
ANSWER_S = 120.0
_END_S = 20.0


class Silent(Exception):
    """It does not answer, or has ended; the text has the end of what it logged."""


class Conversation:
    """`start` it, `ask` it, `stop` it: all of them block. `says` is its first line."""

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._command = [str(part) for part in command]
        self._log = log
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.says: dict[str, str] = {}

    def start(self) -> None:
        """Raises Silent."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.says = self._answer(START_S)
        except Silent:
            self.stop()
            raise

    def ask(self, command: str, **fields: object) -> dict[str, str]:
        """The answer to a command. Raises Silent; `failed` in it is the program's own word."""
        assert self._process.stdin is not None
        said = {"command": command, **fields}
        line = "\t".join(f"{name}={value}" for name, value in said.items())
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._silent(f"it can not be told anything ({error})") from None
        return self._answer(ANSWER_S)

    def _answer(self, within_s: float) -> dict[str, str]:
        try:
            line = self._lines.get(timeout=within_s)
        except queue.Empty:
            raise self._silent(f"no answer in {within_s:.0f} s") from None
        if line is None:
            raise self._silent("it has ended")
        return dict(field.split("=", 1) for field in line.rstrip("\n").split("\t"))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _silent(self, what: str) -> Silent:
        logged = self._log.read_text(errors="replace")[-4000:]
        return Silent(f"{Path(self._command[0]).name}: {what}; its log ends:\n{logged}")

    def stop(self) -> None:
        """It ends when it hears no more; what does not is killed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass  # it has ended, and took no last line
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
