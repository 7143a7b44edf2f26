"""`budkavle route`: which way a document would take, and why, without sending it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import Impossible, client_options
from gateway.cli.output import on_terminal, records, say
from gateway.client import Client

if TYPE_CHECKING:
    from gateway.intake.prepare import Prepared
    from transports.base import PostalAddress


@click.command()
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--recipient",
    "recipient_json",
    metavar="JSON",
    help='Whom to reach, instead of FILE: {"name": ..., "country": "NO", "phone": ...}.',
)
@click.option(
    "--delivery",
    "delivery_json",
    metavar="JSON",
    help="Delivery options beside what is in FILE, as the API takes them.",
)
@click.option("--channel", "channels", multiple=True, help="Channel to use; repeat for an order.")
@client_options
def route(
    file: Path | None,
    recipient_json: str | None,
    delivery_json: str | None,
    channels: tuple[str, ...],
    url: str,
    key: str,
) -> None:
    """Explains which way the invoice in FILE would take, asking the channels and sending nothing.

    Each step of the plan is shown with the reason why it is in or out, and with what its channel
    says of the recipient now: yes, no or unknown, which is no no. Exit code 1: no way is known, or
    not for certain.
    """
    if (file is None) is (recipient_json is None):
        raise click.UsageError("give either FILE or --recipient")
    if file is not None:
        question = _of_file(file, _object(delivery_json, "--delivery"))
    else:
        question = {"recipient": _object(recipient_json, "--recipient")}
    if channels:
        question["channels"] = list(channels)

    async def ask() -> bool:
        async with Client(url, key) as client:
            ways = (await client.post("/v1/lookup", question))["ways"]
        _show(ways)
        return bool(ways["proposal"]["channel"] and ways["proposal"]["certain"])

    over_http(ask())


def _show(ways: Mapping[str, Any]) -> None:
    steps = ways["steps"]
    if on_terminal():
        click.echo(f"The order is {ways['order']}.")
        for number, step in enumerate(steps, 1):
            click.echo(f"{number}. {step['step']}: {_sentence(step)}")
        return click.echo(f"So: {_conclusion(ways['proposal'])}")
    records((), steps, empty="")
    return say(_conclusion(ways["proposal"]))


def _sentence(step: Mapping[str, Any]) -> str:
    if not step["included"]:
        return f"out. {step['reason']}"
    if step["answer"] is None:
        return f"in. {step['reason']}"
    several = "".join(f"\n     {one['address']}: {one['text']}" for one in step["several"])
    return f"in. {step['reason']} It answers {step['answer']}: {step['text']}{several}"


def _conclusion(proposal: Mapping[str, Any]) -> str:
    if proposal["channel"] is None:
        return str(proposal["text"])
    surely = "" if proposal["certain"] else ", though not for certain"
    return f"by {proposal['step']}{surely}. {proposal['text']}"


def _object(text: str | None, option: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        given = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
    if not isinstance(given, dict):
        raise click.BadParameter("is no JSON object", param_hint=option)
    return given


def _of_file(file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The question that a document asks."""
    from gateway.client import media_type_of
    from gateway.intake.prepare import Rejected, prepare
    from gateway.intake.submission import Refused, check
    from transports.base import File

    content = file.read_bytes()
    original = File(file.name, media_type_of(content), content)
    stated = check(original)
    if isinstance(stated, Refused):
        raise Impossible(f"{file}: {'; '.join(finding.text for finding in stated.findings[:5])}")
    delivery = {**stated, **given}
    result = prepare(original, (), delivery, at=datetime.now(UTC).date())
    if isinstance(result, Rejected):
        raise Impossible(f"{file} can not be sent; `budkavle check {file}` tells why")
    wishes = {
        name: delivery[name] for name in ("channels", "disabled_channels") if delivery.get(name)
    }
    return {**_question(result), **wishes}


def _question(prepared: Prepared) -> dict[str, Any]:
    whom, summary = prepared.recipient, prepared.summary
    recipient = {
        "name": whom.name,
        "country": whom.country,
        "consumer": whom.consumer,
        "participant": str(whom.participant) if whom.participant else None,
        "organisation_number": whom.organisation_number,
        "personal_number": whom.personal_number,
        "email": whom.email,
        "phone": whom.phone,
        "fmi": whom.fmi,
        "efaktura_id": whom.efaktura_id,
        **_address(whom.postal_address),
    }
    kind = "credit_note" if summary.credit_note else "reminder" if summary.reminder else "invoice"
    document = {
        "kind": kind,
        "currency": summary.currency,
        "amount_due": str(summary.amount_due),
        "due_date": summary.due_date.isoformat() if summary.due_date else None,
        "payment_reference": summary.payment_reference,
        "accounts": [{"kind": str(one.kind), "number": one.number} for one in summary.accounts],
    }
    return {"recipient": recipient, "document": document}


def _address(address: PostalAddress | None) -> dict[str, str]:
    if address is None:
        return {}
    street, *more = address.lines
    rest = {"street2": ", ".join(more)} if more else {}
    return {"street": street, "post_code": address.post_code, "city": address.city, **rest}
