"""The client has what the API has: every operation, parameter and field, and none from before."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any, NotRequired, get_origin, get_type_hints

import pytest

from gateway.api.app import OPERATIONS
from gateway.api.openapi import describe
from gateway.client import Client, SyncClient, answers
from tests.docs.client_code import CLIENT, MODULES

DESCRIPTION = describe(OPERATIONS, "0")
OF = {
    operation["operationId"]: operation
    for methods in DESCRIPTION["paths"].values()
    for operation in methods.values()
}


@pytest.mark.parametrize("name", MODULES)
def test_the_module_is_what_the_description_says(name: str) -> None:
    assert (CLIENT / name).read_text("utf-8") == MODULES[name](), "run `make docs`"


@pytest.mark.parametrize("client", [Client, SyncClient])
@pytest.mark.parametrize("name", OF)
def test_every_operation_is_a_method_with_all_parameters(client: type[Any], name: str) -> None:
    has = set(inspect.signature(getattr(client, name)).parameters)
    stated = {each["name"].lower().replace("-", "_") for each in OF[name].get("parameters", ())}
    # A client acts for one company: its connection says so, and no method.
    assert stated - {"budkavle_company"} <= has
    if "requestBody" in OF[name] and "content" not in has:
        (media,) = OF[name]["requestBody"]["content"].values()
        assert set(resolved(media["schema"])["properties"]) <= {each.rstrip("_") for each in has}


@pytest.mark.parametrize("client", [Client, SyncClient])
def test_a_client_acts_for_the_company_it_was_made_for(client: type[Any]) -> None:
    made = client("http://127.0.0.1:1", "key", company="com_1")
    assert (made if client is Client else made.client)._headers["Budkavle-Company"] == "com_1"


@pytest.mark.parametrize("name", OF)
def test_every_field_of_an_answer_has_a_type(name: str) -> None:
    for status, answer in OF[name]["responses"].items():
        shown = answer.get("content", {}).get("application/json", {})
        if status.startswith("2") and "schema" in shown:
            check(shown["schema"]["$ref"].rpartition("/")[2], set())


def check(name: str, seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    schema = DESCRIPTION["components"]["schemas"][name]
    if "properties" in schema:
        typed = getattr(answers, name)
        hints = get_type_hints(typed, include_extras=True)
        optional = {field for field, kind in hints.items() if get_origin(kind) is NotRequired}
        assert set(hints) == set(schema["properties"])
        assert set(hints) - optional == set(schema.get("required", ()))
        for inner in schema["properties"].values():
            for within in inner.get("anyOf", [inner.get("items", inner)]):
                if "$ref" in within:
                    check(within["$ref"].rpartition("/")[2], seen)
    else:
        assert hasattr(answers, name)


def resolved(schema: Any) -> Any:
    while "$ref" in schema:
        schema = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_a_ledger_that_imports_the_client_loads_nothing_of_the_server() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import gateway.client, sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    ours = {name for name in found if name.startswith(("schemas", "validators", "transports"))}
    ours |= {name for name in found if name.startswith("gateway.") and "gateway.client" not in name}
    assert not ours
    assert not {"lxml", "pydantic", "cryptography", "structlog"} & set(found)
