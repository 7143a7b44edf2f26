"""What the store knows of a document, as JSON for people outside: no text for operators, no
personal number.

In charge of the form of document.json and timeline.json in bundles and exports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.delivery.fetches import shown_url
from gateway.store.port import Attempt, Document, Event, Leg

HIDDEN = "********"
_PERSONAL = frozenset({"personal_number", "fmi"})
# For operators: may name hosts of ours and of the partner.
_INTERNAL = frozenset({"text", "remote", "document_id"})


def document_json(document: Document) -> bytes:
    """document.json: the row."""
    return _encode(masked(_data(document)))


def timeline_json(
    legs: Sequence[Leg], attempts: Sequence[Attempt], events: Sequence[Event]
) -> bytes:
    """timeline.json: every channel, every attempt, every event, each list oldest first."""
    return _encode(
        {
            "legs": [_without(_data(leg), {"document_id"}) for leg in legs],
            "attempts": [_without(_data(attempt), _INTERNAL) for attempt in attempts],
            "events": [
                {
                    "id": event.id,
                    "type": event.type,
                    "at": _plain(event.at),
                    "data": dict(event.data),
                }
                for event in events
            ],
        }
    )


def masked_json(content: bytes) -> bytes:
    """JSON of ours with personal numbers, and what may be secret in addresses, hidden."""
    return _encode(masked(json.loads(content)))


def masked(value: Any) -> Any:
    """The same with personal numbers, and what may be secret in addresses, hidden, however deep
    they are."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN
            if name in _PERSONAL and inner
            else shown_url(inner)
            if name == "url" and isinstance(inner, str)
            else masked(inner)
            for name, inner in value.items()
        }
    return [masked(item) for item in value] if isinstance(value, list | tuple) else value


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain).encode() + b"\n"


def _data(row: Any) -> dict[str, Any]:
    return {
        field.name: _data(value) if is_dataclass(value) else value
        for field in fields(row)
        for value in [getattr(row, field.name)]
    }


def _without(data: dict[str, Any], names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
