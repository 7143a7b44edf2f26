"""A process that does the work it is sent, one piece after the other: run by `processes`.

It reads from its standard input and answers on its standard output. Each message is its length (8
bytes, big-endian) and a pickle: of a `Task`, of an `Answer`; an answer without a task says that it
has begun. It ends when the input does, whatever signals are sent to the gateway's group meanwhile:
what is under way is the gateway's to decide.

Sealed, it can open nothing, so it can import nothing either: what the work needs has to be loaded
before. A library that fails to import something it needs may say that the file is broken; so such a
piece of work fails as a whole, whatever it answers, and tells which module was wanted.
"""

from __future__ import annotations

import encodings
import importlib
import os
import pickle
import pkgutil
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

LENGTH: Final = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work, and how many seconds of processor it may take."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    limit_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the work answered; with a `fault`, the trace of what it raised instead. `missing` are
    modules that a sealed process should have had."""

    value: Any = None
    fault: str | None = None
    missing: tuple[str, ...] = ()


class LateImport(BaseException):
    """What a sealed process wants to import; no handler of a library may take it for a fault of the
    file."""


def message(content: object) -> bytes:
    """The bytes of a message."""
    body = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def main(memory_bytes: int, *, sealed: bool = False) -> None:
    """Works until there is no more. `memory_bytes` bounds the whole address space. A `sealed` one
    can open nothing any more, neither a file nor a connection."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tasks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed goes to the log, not among the answers
    missing = _seal() if sealed else []
    try:
        answers.write(message(Answer()))  # it has begun
        answers.flush()
        while head := tasks.read(LENGTH.size):
            body = tasks.read(LENGTH.unpack(head)[0])
            answers.write(_answer(body, missing))
            answers.flush()
    except BrokenPipeError:  # nobody is there any more to hear it
        os._exit(0)


def _seal() -> list[str]:
    """Nothing can be opened any more; what is open stays usable. The list will have the modules
    that somebody tries to import in spite of that."""
    missing: list[str] = []
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        # The bytes of a file decide which is tried on its texts, even on its id. Not Windows' own.
        if module.name not in ("encodings.mbcs", "encodings.oem"):
            importlib.import_module(module.name)
    try:  # telling of a fault loads modules too, in some versions of Python
        (0).imga  # type: ignore[attr-defined]  # noqa: B018
    except AttributeError:
        traceback.format_exc()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import":  # of what is not loaded
            name = arguments[0]
            if name.startswith("encodings."):  # there is none of that name
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            missing.append(name)
            raise LateImport(name)

    sys.addaudithook(watch)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return missing


def _answer(body: bytes, missing: list[str]) -> bytes:
    missing.clear()
    try:
        task: Task = pickle.loads(body)  # noqa: S301  (from our own parent)
        _limit_processor(task.limit_s)
        answer = message(Answer(task.work(*task.arguments)))
    except (Exception, LateImport):  # noqa: BLE001 - whatever it is, the parent must hear it
        answer = message(Answer(fault=traceback.format_exc()))
    return message(Answer(missing=tuple(missing))) if missing else answer


def _limit_processor(seconds: float) -> None:
    """Should the parent be gone and nobody stop the work, the kernel does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    at = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (at, resource.RLIM_INFINITY))
