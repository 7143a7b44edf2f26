"""What schemathesis can not read out of the description: loaded by it, see `test_description.py`.

A schema can not say that a string is a UBL invoice, that a cursor is one we gave out, or which ids
exist. Right requests are given real ones here; wrong requests are left as wrong as they are.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

from gateway.api import answers, examples, examples_settings
from gateway.api.batches import NDJSON
from gateway.api.body import MULTIPART
from gateway.api.examples_batches import BATCH
from gateway.intake.kind import MAIL, PDF, XML, ZIP
from tests.api.conftest import COMPANY
from tests.api.test_logo import picture
from tests.hostile import packages
from transports.base import File

numbers = itertools.count()


@schemathesis.serializer(*XML)
def as_ubl(context: Any, value: Any) -> bytes:
    if is_right(context.case):
        return examples.ubl().encode()
    # Whatever comes into the inbox is kept; only nothing is refused.
    return b"" if context.case.path == "/v1/inbox" else b"<Order/>"


@schemathesis.serializer(ZIP)
def as_zip(context: Any, value: Any) -> bytes:
    files = {"invoice.xml": packages.ubl()} if is_right(context.case) else {"note.txt": b"note"}
    return packages.zip_of(files)


@schemathesis.serializer(MAIL)
def as_mail(context: Any, value: Any) -> bytes:
    invoice = File("invoice.xml", "application/xml", packages.ubl())
    return packages.mail_of([invoice] if is_right(context.case) else [])


@schemathesis.serializer(PDF)
def as_pdf(context: Any, value: Any) -> bytes:
    return packages.pdf_of({"factur-x.xml": packages.ubl()} if is_right(context.case) else {})


@schemathesis.serializer(NDJSON)
def as_lines(context: Any, value: Any) -> bytes:
    return BATCH.encode() if is_right(context.case) else b"[]\n{"


@schemathesis.serializer("image/png", "image/jpeg")
def as_picture(context: Any, value: Any) -> bytes:
    return picture() if is_right(context.case) else b"GIF89a"


@schemathesis.serializer("text/csv")
def as_csv(context: Any, value: Any) -> bytes:
    return f"name,country\nA{next(numbers)},SE\n".encode() if is_right(context.case) else b"\xff"


def is_right(case: Any) -> bool:
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if not is_right(case):
        return
    if case.media_type == MULTIPART and isinstance(case.body, dict):
        case.body["document"] = examples.SWEDISH_COMPANY
    if case.headers and "Budkavle-Company" in case.headers:  # those of others are not there
        case.headers["Budkavle-Company"] = COMPANY.id
    if case.headers and "Idempotency-Key" in case.headers:  # a new document needs a new key
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if case.path == "/v1/companies" and isinstance(case.body, dict):
        case.body |= {"country": "SE", "participants": [f"9915:t{next(numbers)}"]}
        case.body["parent_id"] = os.environ["COMPANY_ID"]
    if case.path == "/v1/companies/{company_id}" and isinstance(case.body, dict):
        case.body.pop("participants", None)  # those that are registered stay
    if case.path.startswith("/v1/people") and isinstance(case.body, dict):
        case.body.pop("companies", None)
        if "email" in case.body:
            case.body["email"] = f"eva{next(numbers)}@norrsken.example"
    if case.path == "/v1/keys" and isinstance(case.body, dict):
        case.body.pop("companies", None)
        case.body.pop("expires_at", None)
    if case.path == "/v1/inbox" and case.query and "lease_s" in case.query:
        for name in ("after", "state"):  # only what is new is lent
            case.query.pop(name, None)
    if case.path == "/v1/inbox/repair" and isinstance(case.body, dict):
        case.body.pop("after", None)  # nobody has been given one
    if case.path == "/v1/inbox/{document_id}/response":  # a schema knows no rules of a response
        case.body = examples.RESPONSE_WISH
    if case.path == "/v1/exports":
        case.body.update(start=examples.EXPORT_WISH["start"], end=examples.EXPORT_WISH["end"])
    if (case.path_parameters or {}).get("export_id") == examples.PATH["export_id"]:
        case.path_parameters["export_id"] = os.environ["EXPORT_ID"]
    if "wait" in (case.query or {}):
        case.query["wait"] = 0.01
    if "after" in (case.query or {}):
        if case.path.startswith("/v1/events"):
            case.query["after"] = answers.BEGINNING
        else:
            case.query.pop("after")
    if case.path.startswith("/v1/webhooks") and isinstance(case.body, dict):
        if "url" in case.body:
            case.body["url"] = os.environ["SINK_URL"]
        if case.path.endswith("/redeliver"):
            case.body = {"after": answers.BEGINNING}
    if "code" in (case.query or {}):
        case.query["state"] = "held"
    if case.path == "/v1/repairs" and isinstance(case.body, dict):
        case.body.pop("after", None)
    if case.path == "/v1/image-rules":
        case.body = dict(examples.IMAGE_RULES[1])
    if case.path == "/v1/routing-rules":
        case.body = dict(examples.ROUTING_RULES[1])
    if case.path.startswith("/v1/channels") and isinstance(case.body, dict):
        case.body = {"terms": examples.CHANNEL["terms"]}
        case.path_parameters["channel"] = examples.PATH["channel"]
    if case.path.startswith("/v1/settings"):
        if isinstance(case.body, dict):
            case.body = {"value": ["email"]}
            case.path_parameters["setting"] = examples.PATH["setting"]
        for name in ("customer", "customer_class", "account"):
            (case.query or {}).pop(name, None)
    if case.path.startswith("/v1/customer-classes") and isinstance(case.body, dict):
        case.body = dict(examples_settings.NEW_CUSTOMER_CLASS)
    if case.path == "/v1/lookup/jobs" and isinstance(case.body, dict):
        case.body = examples.CUSTOMERS
    if (case.path_parameters or {}).get("lookup_job_id") == examples.PATH["lookup_job_id"]:
        case.path_parameters["lookup_job_id"] = os.environ["LOOKUP_JOB_ID"]
    if case.path == "/v1/lookup" and isinstance(case.body, dict):
        case.body = examples.WAYS_LOOKUP if case.body.get("recipient") else examples.LOOKUP
    if case.path.startswith("/v1/participants") and isinstance(case.body, dict):
        case.body.pop("expires_at", None)  # it must be later than now
        if "migration_key" in case.body:
            case.body["migration_key"] = examples.TAKING_OVER["migration_key"]
    if (case.path_parameters or {}).get("notice_id") == examples.PATH["notice_id"]:
        case.path_parameters["notice_id"] = os.environ["NOTICE_ID"]
    if case.path.startswith("/v1/notices") and isinstance(case.body, dict):
        right = {"email": "eva@fjarden.example", "time_zone": "Europe/Oslo"}
        case.body |= {name: right[name] for name in right if case.body.get(name) is not None}
    if case.path == "/v1/companies/{company_id}":
        case.path_parameters["company_id"] = os.environ["COMPANY_ID"]
    if (case.path_parameters or {}).get("webhook_id") == examples.PATH["webhook_id"]:
        case.path_parameters["webhook_id"] = os.environ["WEBHOOK_ID"]
    if (case.path_parameters or {}).get("participant") == examples.PATH["participant"]:
        case.path_parameters["participant"] = os.environ["PARTICIPANT"]
    if (case.path_parameters or {}).get("document_id") == examples.PATH["document_id"]:
        inbound = case.path.startswith("/v1/inbox")
        known = os.environ["INBOUND_ID" if inbound else "OUTBOUND_ID"]
        case.path_parameters["document_id"] = known
