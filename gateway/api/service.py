"""What is asked without a key: alive, ready, metrics, the description, the problem pages."""

from __future__ import annotations

import html

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.api import answers
from gateway.api.problems import MEANINGS, Problem, Type
from gateway.api.routes import Answer, Call, NoParameters, Routes, answer

routes = Routes("service")

OK = {"status": "ok"}
METRICS_TYPE = CONTENT_TYPE_LATEST.partition(";")[0]


@routes.operation(
    "GET",
    "/healthz",
    query=NoParameters,
    answers={200: Answer("The process is alive.", answers.Health, OK)},
    public=True,
)
async def get_health(call: Call[NoParameters]) -> web.Response:
    """Ask whether the process is alive."""
    return answer(answers.Health(**OK))


@routes.operation(
    "GET",
    "/readyz",
    query=NoParameters,
    answers={200: Answer("Documents can be handed in.", answers.Health, OK)},
    problems=(Type.STORAGE_UNAVAILABLE,),
    public=True,
)
async def get_readiness(call: Call[NoParameters]) -> web.Response:
    """Ask whether documents can be handed in: the store takes a write."""
    await call.service.store.probe()
    return answer(answers.Health(**OK))


@routes.operation(
    "GET",
    "/metrics",
    query=NoParameters,
    answers={
        200: Answer(
            "Prometheus' text format.",
            files=(METRICS_TYPE,),
            example='budkavle_documents{state="sent"} 3.0\n',
        )
    },
    public=True,
)
async def get_metrics(call: Call[NoParameters]) -> web.Response:
    """Read the metrics."""
    now = call.service.clock.now()
    counts = await call.service.store.counts(now)
    lanes = await call.service.store.lanes(now)
    text = call.service.metrics.text(counts, lanes, now)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


@routes.operation(
    "GET",
    "/openapi.json",
    query=NoParameters,
    answers={
        200: Answer("The description.", files=("application/json",), example={"openapi": "3.1.0"})
    },
    public=True,
)
async def get_description(call: Call[NoParameters]) -> web.Response:
    """Read this description (OpenAPI 3.1)."""
    return web.Response(body=call.service.description, content_type="application/json")


@routes.operation(
    "GET",
    "/problems/{name}",
    query=NoParameters,
    answers={200: Answer("The page.", files=("text/html",), example="<!doctype html>")},
    problems=(Type.NOT_FOUND,),
    public=True,
)
async def get_problem_page(call: Call[NoParameters]) -> web.Response:
    """Read what a problem type means and what to do about it."""
    name = call.path("name")
    if name not in set(Type):
        raise Problem(Type.NOT_FOUND)
    meaning = MEANINGS[Type(name)]
    page = _PAGE.format(
        title=html.escape(meaning.title),
        status=meaning.status,
        name=html.escape(name),
        says=html.escape(meaning.says),
        remedy=html.escape(meaning.remedy),
    )
    return web.Response(text=page, content_type="text/html")


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<h1>{title}</h1>
<p>HTTP status {status}, problem type <code>/problems/{name}</code>.</p>
<p>{says}</p>
<p>{remedy}</p>
</html>
"""
