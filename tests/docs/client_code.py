"""The operations and answers of the client, made from the OpenAPI description.

Three modules: the answers as typed dictionaries, and the operations twice, for asyncio and without.
A description of which something is not understood here is an error, not a gap in the client.
"""

from __future__ import annotations

import keyword
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.api.app import OPERATIONS
from gateway.api.openapi import describe
from gateway.api.routes import COMPANY

Schema = Mapping[str, Any]
CLIENT = Path(__file__).parents[2] / "gateway" / "client"
NOTE = "Made from the OpenAPI description by `make docs`: change that, not this."
JSON = "application/json"


@cache
def _description() -> dict[str, Any]:
    return describe(OPERATIONS, "0")


def answers() -> str:
    """gateway/client/answers.py"""
    schemas = _description()["components"]["schemas"]
    lines = [
        f'"""What the API answers with, and what its bodies hold, as types.\n\n{NOTE}\n"""\n',
        "from __future__ import annotations\n",
        "from typing import Any, Literal, NotRequired, TypedDict\n",
    ]
    for name in sorted(_reachable(schemas)):
        lines.append(_named(name, schemas[name]))
    return _formatted("\n".join(lines))


def _reachable(schemas: Schema) -> set[str]:
    """The objects that methods speak of, and those within."""
    found: set[str] = set()
    ahead = [name for operation in _operations() for name in operation.speaks_of()]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _refs(schemas[name])
    return found


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for inner in schema.values():
            yield from _refs(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _refs(inner)


def _named(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"{name} = {_type(schema)}\n"
    required = set(schema.get("required", ()))
    about = " ".join(schema.get("description", name).split("\n\n")[0].split())
    lines = [f"class {name}(TypedDict):", f'    """{_wrapped(about)}"""\n']
    for field, inner in schema["properties"].items():
        assert field.isidentifier() and not keyword.iskeyword(field), f"{name}.{field}"
        kind = _type(inner)
        lines.append(f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}")
    return "\n".join(lines) + "\n"


def _type(schema: Schema, within: str = "") -> str:
    if "$ref" in schema:
        return within + str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema or "oneOf" in schema:
        kinds = [_type(each, within) for each in schema.get("anyOf") or schema["oneOf"]]
        return " | ".join(dict.fromkeys(kinds))
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(str(value)) for value in schema['enum'])}]"
    match schema.get("type"):
        case "array":
            many = (
                "Sequence" if within else "list"
            )  # what is given may be any; what comes is a list
            return f"{many}[{_type(schema['items'], within)}]"
        case "object":
            inner = schema.get("additionalProperties")
            return f"dict[str, {_type(inner, within) if isinstance(inner, Mapping) else 'Any'}]"
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "null":
            return "None"
        case None:
            return "Any"
        case kind:
            raise TypeError(f"{kind} is no type known here")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method."""

    name: str
    kind: str
    place: str  # path, query, header, body (a field of it), content (all of it), media_type, accept
    required: bool
    sent_as: str
    default: str = "None"

    @property
    def declared(self) -> str:
        if self.required:
            return f"{self.name}: {self.kind}"
        if self.default != "None" or self.kind.endswith("| None"):
            return f"{self.name}: {self.kind} = {self.default}"
        return f"{self.name}: {self.kind} | None = None"


@dataclass(frozen=True)
class Method:
    """A method of the client: one operation, or the files of one that has files too."""

    name: str
    verb: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: str | None  # the name of the object
    is_file: bool

    def speaks_of(self) -> Iterator[str]:
        """The objects it names."""
        if self.answer:
            yield self.answer
        for parameter in self.parameters:
            for word in parameter.kind.replace("[", " ").replace("]", " ").split():
                if word.strip(",|").startswith("answers."):
                    yield word.strip(",|").removeprefix("answers.")

    def of(self, *places: str) -> list[Parameter]:
        """The parameters that go to one of these places."""
        return [each for each in self.parameters if each.place in places]

    def declared(self) -> str:
        """What stands between the parentheses."""
        first = [each for each in self.parameters if each.required or each.place == "media_type"]
        rest = [each for each in self.parameters if each not in first]
        listed = ["self", *(each.declared for each in first)]
        if rest:
            listed += ["*", *(each.declared for each in rest)]
        return ", ".join(listed)

    def passed(self) -> str:
        """What the twin without asyncio hands on."""
        return ", ".join(f"{each.name}={each.name}" for each in self.parameters)

    def request(self) -> str:
        """The request it makes."""
        path = self.path
        for each in self.of("path"):
            path = path.replace(f"{{{each.sent_as}}}", f"{{_segment({each.name})}}")
        made = [repr(self.verb), f'f"{path}"' if self.of("path") else repr(path)]
        if query := self.of("query"):
            made.append(f"query={_dict(query)}")
        if self.of("header", "media_type", "accept"):
            made.append(f"headers={self._headers()}")
        if self.of("content"):
            made.append("body=content")
        elif fields := self.of("body"):
            made.append(f"body={_dict(fields)}")
        if any(each.sent_as == "wait" for each in query):
            made.append("wait_s=wait or 0")
        return f"Request({', '.join(made)})"

    def _headers(self) -> str:
        fixed = {"media_type": "Content-Type", "accept": "Accept"}
        stated = [f"{fixed[p.place]!r}: {p.name}" for p in self.of("media_type", "accept")]
        for each in self.of("header"):
            made = ' or f"client-{uuid4()}"' if each.sent_as == "Idempotency-Key" else ""
            stated.append(f"{each.sent_as!r}: {each.name}{made}")
        return f"given({{{', '.join(stated)}}})"


def _dict(parameters: list[Parameter]) -> str:
    return "{" + ", ".join(f"{each.sent_as!r}: {each.name}" for each in parameters) + "}"


@cache
def _operations() -> tuple[Method, ...]:
    return tuple(
        method
        for path, methods in _description()["paths"].items()
        for verb, operation in methods.items()
        for method in _methods(verb.upper(), path, operation)
    )


def _methods(verb: str, path: str, operation: Schema) -> Iterator[Method]:
    """One, or two where the answer is JSON or a file, as is asked for."""
    (answer,) = (each for status, each in operation["responses"].items() if status.startswith("2"))
    content = dict(answer.get("content", {}))
    shown = content.pop(JSON, {}).get("schema") if "schema" in content.get(JSON, {}) else None
    name, stated = operation["operationId"], tuple(_parameters(operation))
    if shown or not content:
        model = shown["$ref"].rpartition("/")[2] if shown else None
        yield Method(name, verb, path, operation["summary"], stated, model, False)
    if content:
        kinds = [kind for kind in content if kind != "*/*"]
        if shown and kinds:
            kind = f"Literal[{', '.join(map(repr, kinds))}]"
            accept = Parameter("accept", kind, "accept", False, "Accept", repr(kinds[0]))
            stated, name = (*stated, accept), f"{name}_file"
        yield Method(name, verb, path, operation["summary"], stated, None, True)


def _parameters(operation: Schema) -> Iterator[Parameter]:
    for each in operation.get("parameters", ()):
        if each["name"] == COMPANY.name:  # a client acts for one company: its connection says so
            continue
        kind = "str" if each["in"] == "path" else _type(each["schema"], "answers.")
        if each["in"] == "path":
            kind = "str | int"
        yield Parameter(
            _name(each["name"]), kind, each["in"], each.get("required", False), each["name"]
        )
    content = operation.get("requestBody", {}).get("content", {})
    fields = _fields(content)
    if fields is not None:
        yield from fields
    elif content:
        yield Parameter("content", "Body", "content", True, "")
        kind = f"Literal[{', '.join(map(repr, content))}]"
        default = "" if len(content) > 1 else repr(next(iter(content)))
        yield Parameter("media_type", kind, "media_type", len(content) > 1, "", default or "None")


def _fields(content: Schema) -> list[Parameter] | None:
    """The fields of a body that is one JSON object and nothing else."""
    if set(content) != {JSON}:
        return None
    schema = content[JSON]["schema"]
    while "$ref" in schema:
        schema = _description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" not in schema:
        return None
    required = schema.get("required", ())
    return [
        Parameter(_name(field), _type(inner, "answers."), "body", field in required, field)
        for field, inner in schema["properties"].items()
    ]


def _name(name: str) -> str:
    plain = name.lower().replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def operations() -> str:
    """gateway/client/operations.py"""
    return _module(
        "Every operation of the API as a method, for asyncio.",
        "from gateway.client.connection import Connection, Streamed\n"
        "from gateway.client.request import Body, Request, given\n",
        "class Operations(Connection):",
        "One method for each operation of the API; `Client` has all of them.",
        _asynchronous,
    )


def _asynchronous(method: Method) -> str:
    head = f"({method.declared()}) -> "
    if method.is_file:
        return f"    def {method.name}{head}Streamed:\n{_doc(method)}" + (
            f"        return self._file({method.request()})\n"
        )
    if method.answer is None:
        return f"    async def {method.name}{head}None:\n{_doc(method)}" + (
            f"        await self._json({method.request()})\n"
        )
    kind = f"answers.{method.answer}"
    return f"    async def {method.name}{head}{kind}:\n{_doc(method)}" + (
        f"        found: {kind} = await self._json({method.request()})\n        return found\n"
    )


def sync_operations() -> str:
    """gateway/client/sync_operations.py"""
    return _module(
        "Every operation of the API as a method, for programs without asyncio.",
        "from gateway.client.loop import Loop, SyncStreamed\n"
        "from gateway.client.request import Body\n",
        "class SyncOperations(Loop):",
        "One method for each operation of the API; `SyncClient` has all of them.",
        _synchronous,
    )


def _synchronous(method: Method) -> str:
    head = f"    def {method.name}({method.declared()}) -> "
    call = f"self.client.{method.name}({method.passed()})"
    if method.is_file:
        return f"{head}SyncStreamed:\n{_doc(method)}        return self.streamed({call})\n"
    kind = f"answers.{method.answer}" if method.answer else "None"
    given = "" if method.answer is None else "return "
    return f"{head}{kind}:\n{_doc(method)}        {given}self.run({call})\n"


def _doc(method: Method) -> str:
    return f'        """{_wrapped(method.summary + ".")}"""\n'


def _wrapped(text: str) -> str:
    """On one line where there is room: a longer one goes on below."""
    if len(text) <= 84:
        return text
    cut = text.rindex(" ", 0, 84)
    return f"{text[:cut]}\n        {_wrapped(text[cut + 1 :])}"


def _module(about: str, imports: str, head: str, doc: str, write: Any) -> str:
    body = "\n".join(write(method) for method in _operations())
    if "Sequence[" in body:
        imports = f"from collections.abc import Sequence\n{imports}"
    used = [name for name in ("Any", "Literal") if f"{name}[" in body or f" {name}" in body]
    names = [method.name for method in _operations()]
    assert len(set(names)) == len(names), "two methods of one name"
    lines = [f'"""{about}\n\n{NOTE}\n"""\n', "from __future__ import annotations\n"]
    if used:
        lines.append(f"from typing import {', '.join(used)}")
    if "quote(" in body or "_segment(" in body:
        lines.append("from urllib.parse import quote")
    if "uuid4()" in body:
        lines.append("from uuid import uuid4")
    lines += ["", "from gateway.client import answers", imports]
    lines += [f'\n{head}\n    """{doc}"""\n', body]
    if "_segment(" in body:
        lines.append(
            "\ndef _segment(value: str | int) -> str:\n    return quote(str(value), safe='')"
        )
    return _formatted("\n".join(lines))


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    for step in (["check", "--fix-only", "--quiet", "--select=I,F401"], ["format", "--quiet"]):
        done = subprocess.run(
            [*ruff, *step, "--stdin-filename=gateway/client/made.py", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


MODULES = {
    "answers.py": answers,
    "operations.py": operations,
    "sync_operations.py": sync_operations,
}
