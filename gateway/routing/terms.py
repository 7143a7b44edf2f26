"""What a company has settled with a channel: `channels` in its settings, by channel.

In charge of finding and changing it, and of where in it something is wrong. Not in charge of what
it may say: each channel knows its own (`transports.base.Contracted`). Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

CHANNELS: Final = "channels"

# All of a company's are read with every document of it.
MOST_BYTES: Final = 16 * 1024

# What is wrong with terms, all of it: `transports.base.Contracted.wrong`.
Wrong = Callable[[Mapping[str, Any]], tuple[str, ...]]

_PATH: Final = re.compile(r"(?:[^\s:]{1,50}: )+")
_WORD: Final = re.compile(r"`?([a-z][a-z0-9_]*)")


def terms(settings: Mapping[str, Any], channel: str) -> Mapping[str, Any]:
    """A company's terms with a channel; empty where it has none."""
    found: Mapping[str, Any] = settings.get(CHANNELS, {}).get(channel, {})
    return found


def with_terms(
    settings: Mapping[str, Any], channel: str, terms: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings with these terms in the place of those there were; empty ones: with none."""
    others = {name: own for name, own in settings.get(CHANNELS, {}).items() if name != channel}
    channels = {**others, channel: dict(terms)} if terms else others
    rest = {name: value for name, value in settings.items() if name != CHANNELS}
    return {**rest, CHANNELS: channels} if channels else rest


def faults(wrong: Wrong, terms: Mapping[str, Any]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What is wrong with terms: where, as the path of names to it, and the sentence."""
    size = len(json.dumps(dict(terms)).encode())
    if size > MOST_BYTES:
        return (((), f"These are {size} bytes of terms; {MOST_BYTES} fit."),)
    return tuple((_place(text), text) for text in wrong(terms))


def _place(text: str) -> tuple[str, ...]:
    """The term that a fault begins with: `hours: from: ...`, or `tenant is missing ...`."""
    path = _PATH.match(text)
    if path:
        return tuple(path[0].removesuffix(": ").split(": "))
    word = _WORD.match(text)
    return (word[1],) if word else ()
