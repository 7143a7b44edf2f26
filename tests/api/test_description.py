"""The OpenAPI description: valid, complete, and true under attack."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from gateway.api import examples
from gateway.api.app import OPERATIONS
from gateway.api.examples_notices import NEW_NOTICE
from gateway.api.openapi import describe
from gateway.delivery.bindery import Bindery
from gateway.delivery.workshop import HERE
from gateway.inbound.jobs import READ
from gateway.inbound.reading import Reading
from gateway.intake.submission import Channel
from gateway.routing.orders import channel_names
from gateway.trust.gate import OPEN
from tests.api.conftest import COMPANY, KEY, Api
from tests.api.test_archive import export
from tests.api.test_feeds import arrive
from tests.servers.sink import Sink

DESCRIPTION = describe(OPERATIONS, "0.1.0")


def test_it_is_valid_openapi() -> None:
    validate(DESCRIPTION)


async def test_it_is_what_the_gateway_serves(api: Api) -> None:
    served = (await api.get("/openapi.json", key=None)).json
    assert served["paths"].keys() == DESCRIPTION["paths"].keys()
    assert served["components"] == DESCRIPTION["components"]


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_body_and_answer_has_an_example_that_fits(name: str) -> None:
    operation = dict(operations())[name]
    assert operation["summary"]
    bodies = operation.get("requestBody", {}).get("content", {})
    for media_type, media in bodies.items():
        assert media["examples"], (name, media_type)
        for example in media["examples"].values():
            fits(media["schema"], example["value"])
    for status, answer in operation["responses"].items():
        for media_type, media in answer.get("content", {}).items():
            assert "example" in media, (name, status, media_type)
            if "schema" in media:
                fits(media["schema"], media["example"])
    for parameter in operation.get("parameters", []):
        if parameter["required"]:
            fits(parameter["schema"], parameter["example"])


def fits(schema: dict[str, Any], example: Any) -> None:
    Draft202012Validator({**schema, "components": DESCRIPTION["components"]}).validate(example)


def test_the_objects_have_names_of_their_own() -> None:
    # Two types of one name, and the library would put the name of the module before it.
    assert all(name.isalnum() for name in DESCRIPTION["components"]["schemas"])


def test_every_operation_tells_of_every_problem_any_may_have() -> None:
    for name, operation in operations():
        assert {"400", "500"} <= operation["responses"].keys(), name
        public = operation.get("security") == []
        assert ("401" in operation["responses"]) == (not public), name


def test_the_channels_are_those_of_routing() -> None:
    assert set(Channel.__args__) == set(channel_names())


async def reading(api: Api) -> None:
    """Reads what comes in, and does no other job."""
    reader = Reading(api.store, api.clock, workshop=HERE, bindery=Bindery(HERE), gate=OPEN)
    while True:
        news = api.store.wait("jobs", 60)
        jobs = await api.store.claim("reader", api.clock.now(), 3600, 100, {"prepare": 0})
        for job in jobs:
            if job.kind == READ:
                await reader(job)
        if not jobs:
            await news


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_schemathesis_finds_nothing(api: Api, sink: Sink) -> None:
    webhook = await api.post("/v1/webhooks", json={"url": sink.url})
    known = {
        "COMPANY_ID": COMPANY.id,
        "SINK_URL": sink.url,
        "WEBHOOK_ID": webhook.json["id"],
        "NOTICE_ID": (await api.post("/v1/notices", json=NEW_NOTICE)).json["id"],
        "OUTBOUND_ID": (await api.submit(examples.SWEDISH_COMPANY)).json["id"],
        "INBOUND_ID": await arrive(api, "known"),
        "EXPORT_ID": await export(api),
        "LOOKUP_JOB_ID": (await api.post("/v1/lookup/jobs", json=examples.CUSTOMERS)).json["id"],
        "PARTICIPANT": COMPANY.participants[0],
        "SCHEMATHESIS_HOOKS": "tests.api.attack_hooks",
        "PYTHONHASHSEED": "0",  # else the same seed draws others each time
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    await api.prepare()
    # What is uploaded is read, or each look into the inbox would wait for it.
    reader = asyncio.create_task(reading(api))
    attack = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{api.url}/openapi.json",
        f"--header=Authorization: Bearer {KEY}",
        "--checks=all",
        "--mode=all",
        "--max-examples=5",
        "--seed=2",
        "--request-timeout=600",  # 10 s by default, which a busy machine takes now and then
        "--no-color",
        "--suppress-health-check=all",
        "--generation-database=:memory:",
        env=os.environ | known,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await asyncio.wait_for(attack.communicate(), 1700)
    finally:
        reader.cancel()
        if attack.returncode is None:
            attack.kill()
    assert attack.returncode == 0, told.decode()[-8000:]
