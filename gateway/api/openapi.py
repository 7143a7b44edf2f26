"""The OpenAPI 3.1 description, written from the operations and from the types that validate.

In charge of the document's form only: every word of it stands at the operation it is about. JSON
Schema 2020-12, which pydantic writes, is the dialect of OpenAPI 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway.api import examples
from gateway.api.problems import MEANINGS, MEDIA_TYPE, ProblemDetails, Type, url
from gateway.api.routes import COMPANY, Answer, Body, Media, Operation, ref
from gateway.trust.scopes import Scope

TOKEN_PATH = "/oauth/token"  # noqa: S105  (where tokens are asked for)
SCOPES = {
    Scope.READ: "See documents, events, the inbox, agreements, settings and usage.",
    Scope.SEND: "Hand documents in, and act on them: hold, release, retry, cancel.",
    Scope.RECEIVE: "Take documents over from the inbox, repair and answer them.",
    Scope.MANAGE: "Change settings, participants, agreements, webhooks, keys and people.",
}

# Problems that any operation may have, and those that any operation with a key may have.
ALWAYS = (Type.INVALID_PARAMETER, Type.INTERNAL)
WITH_KEY = (
    Type.UNAUTHENTICATED,
    Type.FORBIDDEN,
    Type.TOO_OFTEN,
    Type.STORAGE_UNAVAILABLE,
)

_DESCRIPTION = """\
Hand in an invoice, have it delivered, hear what became of it; take over what comes in.

- Every refusal is `application/problem+json` (RFC 9457): everything that is wrong, at once,
  each with its place in what you sent. `type` leads to a page that explains it.
- Send an `Idempotency-Key` with each document; repeat with the same key until you have an answer.
- Money is a string in answers (`"606.25"`); times are UTC.
- An unknown field or parameter is an error, in requests. Answers may gain fields: ignore those you
  do not know.
- The id of another company's document is answered like one that does not exist.
"""


def describe(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Budkavle",
            "version": version,
            "summary": "An e-invoice message gateway for the Nordics.",
            "description": _DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "security": [{"api_key": []}, {"client_credentials": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "paths": _paths(operations),
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {
                "api_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `bk_...`, or a token that was given out for one.",
                },
                "client_credentials": {
                    "type": "oauth2",
                    "description": "A key exchanged for tokens: its id is the client's, its secret"
                    " the client's secret.",
                    "flows": {
                        "clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": SCOPES},
                    },
                },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id of a key and its secret (RFC 6749, section 2.3.1).",
                },
            },
        },
    }


def _paths(operations: Iterable[Operation]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.scope is None:
        # A public operation that may answer 401 has a way of its own to say who calls.
        described["security"] = [{"client": []}, {}] if 401 in operation.answers else []
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = _body(operation.body)
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    responses = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    for status, problem in _problems(problems_of(operation)).items():
        if status in responses:  # an answer in a form that others have settled
            responses[status]["content"] |= problem["content"]
        else:
            responses[status] = problem
    return responses


def problems_of(operation: Operation) -> tuple[Type, ...]:
    """Every problem the operation may answer with, its own and those any may."""
    kinds = {*operation.problems, *ALWAYS, *(() if operation.scope is None else WITH_KEY)}
    if operation.way is not None:
        kinds.add(Type.COMPANY_NOT_VERIFIED)
    return tuple(kind for kind in Type if kind in kinds)


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.model:
        described["content"] = {
            "application/json": {"schema": ref(answer.model), "example": answer.example},
            **{name: {"example": "(the file)"} for name in answer.files},
        }
    elif answer.files:
        described["content"] = {name: {"example": answer.example} for name in answer.files}
    if answer.headers:
        described["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers.items()
        }
    return described


def _problems(kinds: Iterable[Type]) -> dict[str, Any]:
    by_status: dict[int, list[Type]] = {}
    for kind in kinds:
        by_status.setdefault(MEANINGS[kind].status, []).append(kind)
    return {
        str(status): {
            "description": "; ".join(f"{MEANINGS[kind].title} (`{url(kind)}`)" for kind in kinds)
            + ".",
            "content": {
                MEDIA_TYPE: {
                    "schema": ref(ProblemDetails),
                    "example": _problem_example(kinds[0]),
                }
            },
        }
        for status, kinds in sorted(by_status.items())
    }


def _problem_example(kind: Type) -> dict[str, Any]:
    if kind is Type.INVALID_BODY:
        return examples.PROBLEM
    meaning = MEANINGS[kind]
    return {
        "type": url(kind),
        "title": meaning.title,
        "status": meaning.status,
        "detail": meaning.says,
        "request_id": examples.PROBLEM["request_id"],
        "errors": [],
        "errors_left_out": 0,
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "example": examples.PATH[name],
        }
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    query = operation.query.model_json_schema(ref_template="#/components/schemas/{model}")
    in_query = [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.pop("description", ""),
            "schema": _without_null(schema),
        }
        for name, schema in query.get("properties", {}).items()
    ]
    in_head = [
        {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "schema": {"type": "string", "pattern": header.pattern},
            "example": header.example,
        }
        for header in (
            *operation.headers,
            *((COMPANY,) if operation.scope is not None and not operation.across else ()),
        )
    ]
    return in_path + in_query + in_head


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an optional parameter: it may be left out, but there is no null in a query."""
    schema.pop("title", None)
    if "anyOf" not in schema:
        return schema
    (stated,) = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
    return dict(stated)


def _body(body: Body) -> dict[str, Any]:
    return {
        "required": True,
        "content": {name: _media(media) for name, media in body.content.items()},
    }


def _media(media: Media) -> dict[str, Any]:
    schema = ref(media.schema) if isinstance(media.schema, type) else media.schema
    described: dict[str, Any] = {
        "schema": schema,
        "examples": {
            name: {"value": value() if callable(value) else value}
            for name, value in media.examples.items()
        },
    }
    if media.encoding:
        described["encoding"] = {
            name: {"contentType": kinds} for name, kinds in media.encoding.items()
        }
    return described


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (ProblemDetails, "serialization"): None
    }
    for operation in operations:
        for answer in operation.answers.values():
            if answer.model:
                models[answer.model, "serialization"] = None
        for media in operation.body.content.values() if operation.body else ():
            if isinstance(media.schema, type):
                models[media.schema, "validation"] = None
        models[operation.query, "validation"] = None
    _, schemas = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    queries = {operation.query.__name__ for operation in operations}
    return {
        name: _untitled(schema)
        for name, schema in sorted(schemas["$defs"].items())
        if name not in queries
    }


def _untitled(schema: Any) -> Any:
    """Without the titles pydantic makes from field names, which say nothing new."""
    if isinstance(schema, Mapping):
        return {
            name: _untitled(inner)
            for name, inner in schema.items()
            if not (name == "title" and isinstance(inner, str))
        }
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema
