"""The log: one event a line on standard error, for machines or for people.

In charge of the form. Not in charge of what is logged: each module says that in past-tense
snake_case names (`document_received`). Never a name, address, amount or content: ids, sizes,
codes and hashes only. As a last resort `SECRET` keys are masked, and an exception is logged with
the places it went through but without the values there, and with its digits taken out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from pydantic_core import PydanticSerializationError, to_json

SECRET = frozenset(
    {"authorization", "key", "password", "personal_number", "fmi", "secret", "token"}
)


def setup(level: str = "info", form: Literal["auto", "json", "text"] = "auto") -> None:
    """Sets the log up for the process; call it once, before anything is logged."""
    if form == "auto":
        form = "text" if sys.stderr.isatty() else "json"
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    render: Sequence[structlog.types.Processor] = (
        (stamp, structlog.dev.ConsoleRenderer()) if form == "text" else (_as_json,)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _mask,
            _trace,
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    # Libraries that log by the standard library: their warnings, in plain text.
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), force=True)


class _Stderr:
    """Standard error, which writes out each line by itself. A line that it can not take is lost: a
    full disk below the log, or a reader that has gone, must not end the work."""

    def __init__(self, *_: object) -> None:
        """As structlog makes a logger."""

    def msg(self, line: str) -> None:
        try:
            sys.stderr.write(line + "\n")
        except OSError:
            pass

    debug = info = warning = error = critical = msg


def _as_json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """The line with its time; every request makes one, and this takes a fifth of what `json` and a
    text of the time take."""
    event["timestamp"] = now = datetime.now(UTC)
    try:
        return to_json(event, ensure_ascii=True, fallback=repr).decode()
    except PydanticSerializationError:  # bytes that are no text, half of a surrogate pair
        return json.dumps({**event, "timestamp": now.isoformat()}, default=repr)


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


# Any number long enough to tell a person, an account or an amount by.
_TELLING = re.compile(r"\d(?:[\d .,+-]*\d){3,}")
_LONGEST_TEXT = 300


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Puts an exception as text: type, message without numbers, and places from the outside in.

    Never the values at those places: they are invoices.
    """
    given = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else sys.exc_info()[1]
    if error is not None:
        message = _TELLING.sub("…", str(error))[:_LONGEST_TEXT]
        event["error"] = f"{type(error).__name__}: {message}"
        event["trace"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in SECRET & event.keys():
        event[name] = "********"
    return event
