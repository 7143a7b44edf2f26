"""JSON pointers (RFC 6901): where in the caller's body something stands."""

from __future__ import annotations

from collections.abc import Iterable


def pointer(path: Iterable[str | int]) -> str:
    """Writes a path as a JSON pointer: ("lines", 0, "a/b") is "/lines/0/a~1b".

    A lone surrogate, which no answer could carry, is written as U+FFFD.
    """
    return "".join(f"/{_escape(str(step))}" for step in path)


def _escape(step: str) -> str:
    step = step.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return step.replace("~", "~0").replace("/", "~1")
