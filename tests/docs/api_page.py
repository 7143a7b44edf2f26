"""The page about the HTTP API, made from its OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.api.app import OPERATIONS
from gateway.api.openapi import ALWAYS, WITH_KEY, describe, problems_of
from gateway.api.problems import Type

Schema = Mapping[str, Any]

EXAMPLE_SHOWN_BEFORE = {
    "POST /v1/validate",
    *(f"POST /v1/documents/{{document_id}}/{verb}" for verb in ("release", "retry", "cancel")),
}


def api() -> str:
    """Every operation, and every field of what goes in and comes out."""
    description = describe(OPERATIONS, "0")
    lines = ["# HTTP API", "", description["info"]["description"]]
    any_time = [f"[{kind}](problems.md#problems{kind})" for kind in (*ALWAYS, *WITH_KEY)]
    lines += [
        "The gateway serves this as OpenAPI 3.1 at `GET /openapi.json`. Every request carries"
        " `Authorization: Bearer bk_...` unless it says otherwise. Any request may be refused as"
        f" {', '.join(any_time)}; what else is told below.",
        "",
    ]
    for operation in OPERATIONS:
        described = description["paths"][operation.path][operation.method.lower()]
        name = f"{operation.method} {operation.path}"
        lines += _operation(name, described, problems_of(operation))
    lines += ["## Objects", ""]
    lines += ["**Bold** fields are required in requests, and always there in answers.", ""]
    for name, schema in _in_order(description["components"]["schemas"]):
        lines += _object(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(name: str, operation: Schema, problems: Iterable[Type]) -> list[str]:
    lines = [f"## {name}", "", f"{operation['summary']}.", ""]
    if "description" in operation:
        lines += [operation["description"], ""]
    if operation.get("security") == []:
        lines += ["Without a key.", ""]
    stated = [p for p in operation.get("parameters", []) if p["in"] != "path"]
    if stated:
        lines += ["| Parameter | Type | Meaning |", "|---|---|---|"]
        lines += [_row(p["name"], p["schema"], p["description"]) for p in stated] + [""]
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        lines += [f"Body `{media_type}`: {_type(media['schema'])}.", ""]
        if media_type == "application/json" and name not in EXAMPLE_SHOWN_BEFORE:
            example = next(iter(media["examples"].values()))["value"]
            lines += ["```json", json.dumps(example, indent=2, ensure_ascii=False), "```", ""]
    for status, answer in operation["responses"].items():
        if status < "300":
            lines += [f"**{status}** {_answer(answer)}", ""]
    own = [kind for kind in problems if kind not in (*ALWAYS, *WITH_KEY)]
    if own:
        named = [f"[{kind}](problems.md#problems{kind})" for kind in own]
        lines += [f"Refused as {', '.join(named)}.", ""]
    return lines


def _answer(answer: Schema) -> str:
    shown = [
        _type(media["schema"]) for media in answer.get("content", {}).values() if "schema" in media
    ]
    headers = [f"Header `{n}`: {h['description']}" for n, h in answer.get("headers", {}).items()]
    return " ".join([answer["description"], *(f"{kind}." for kind in shown), *headers])


def _in_order(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Each object before those it holds, as one reads them."""
    pending = ["Submission", "ProblemDetails", *schemas]
    seen: set[str] = set()
    while pending:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name, schemas[name]
        pending = [*_named(schemas[name]), *pending]


def _named(schema: Any) -> list[str]:
    if isinstance(schema, Mapping):
        own = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
        return own + [name for inner in schema.values() for name in _named(inner)]
    return [name for item in schema for name in _named(item)] if isinstance(schema, list) else []


def _object(name: str, schema: Schema) -> list[str]:
    lines = [f"### {name}", "", *_paragraphs(schema.get("description", ""))]
    if "properties" not in schema:
        return [*lines, f"{_type(schema)}.", ""]
    required = set(schema.get("required", ()))
    lines += ["| Field | Type | Meaning |", "|---|---|---|"]
    for field, inner in schema["properties"].items():
        shown = f"**{field}**" if field in required else field
        lines.append(_row(shown, inner, inner.get("description", "")))
    return [*lines, ""]


def _paragraphs(text: str) -> Iterable[str]:
    for paragraph in filter(None, text.split("\n\n")):
        yield from (" ".join(paragraph.split()), "")


def _row(name: str, schema: Schema, meaning: str) -> str:
    meaning = " ".join(meaning.split()).replace("|", "\\|")
    return f"| {name} | {_type(schema)} | {meaning} |"


def _type(schema: Schema) -> str:
    """A type in a few words, with a link where it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_type(kind) for kind in schema["anyOf"] if kind != {"type": "null"}]
        return " or ".join(kinds)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    if schema.get("type") == "object" and "properties" in schema:
        return "a form of " + ", ".join(f"`{name}`" for name in schema["properties"])
    if "contentMediaType" in schema:
        return str(schema.get("description", schema["contentMediaType"])).rstrip(".")
    kind = {
        "string": "string",
        "integer": "integer",
        "number": "number",
        "boolean": "true or false",
    }
    words = [kind.get(schema.get("type", ""), "object")]
    if "minimum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if schema.get("default") is not None:
        words.append(f"default {schema['default']}")
    return ", ".join(words)
