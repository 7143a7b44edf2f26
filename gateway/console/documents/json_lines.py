"""JSON by lines, and at which line each value stands. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class JsonLines:
    """JSON, indented; `at` has the line of each value, from 1, by its JSON pointer (RFC 6901)."""

    rows: list[str] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any) -> JsonLines:
        """A value by lines. Raises RecursionError for one that is nested too deep."""
        made = cls()
        made._add(value, "", 0, "", "")
        return made

    def line_of(self, pointer: str) -> int | None:
        """The line of a value; of one that is missing, that of what it would be in."""
        while pointer and pointer not in self.at:
            pointer = pointer.rpartition("/")[0]
        return self.at.get(pointer) if pointer else None

    def _add(self, value: Any, pointer: str, depth: int, before: str, after: str) -> None:
        self.at[pointer] = len(self.rows) + 1
        pad = "  " * depth
        if isinstance(value, Mapping | list) and value:
            is_list = isinstance(value, list)
            inner = enumerate(value) if isinstance(value, list) else value.items()
            self.rows.append(f"{pad}{before}{'[' if is_list else '{'}")
            for n, (key, one) in enumerate(inner, 1):
                name = "" if is_list else f"{_text(key)}: "
                comma = "," if n < len(value) else ""
                self._add(one, f"{pointer}/{_escaped(key)}", depth + 1, name, comma)
            self.rows.append(f"{pad}{']' if is_list else '}'}{after}")
        else:
            self.rows.append(f"{pad}{before}{_text(value)}{after}")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
