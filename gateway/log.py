"""The log: one event a line on standard error, for machines or for people.

In charge of the form. Not in charge of what is logged: each module says that in past-tense
snake_case names (`document_received`). Never a name, address, amount or content: ids, sizes,
codes and hashes only. `SECRET` keys are masked as a last resort.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

SECRET = frozenset({"authorization", "key", "password", "personal_number", "secret", "token"})


def setup(level: str = "info", form: Literal["auto", "json", "text"] = "auto") -> None:
    """Sets the log up for the process; call it once, before anything is logged."""
    if form == "auto":
        form = "text" if sys.stderr.isatty() else "json"
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if form == "text" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _mask,
            *([] if form == "text" else [structlog.processors.dict_tracebacks]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries that log by the standard library: their warnings, in plain text.
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), force=True)


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in SECRET & event.keys():
        event[name] = "********"
    return event
