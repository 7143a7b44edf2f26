"""`budkavle send`, `inbox`, `events`: what an ERP does, from the command line, over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import Impossible, client_options
from gateway.cli.output import line, on_terminal, progress, records, say
from gateway.client import Attached, Client, Problem, Unreachable, answers, attached
from gateway.ledger.mapping import Ledger

# States in which a document has reached its recipient, or a channel that answers for it.
WELL = frozenset({"sent", "delivered"})

# What `send --wait` tells of a document; all the rest is at its address.
SHOWN = ("id", "state", "channel", "code", "text", "findings")


def over_http(work: Coroutine[Any, Any, bool]) -> None:
    """Runs the work and ends the command: 0 all well, 1 refused, 2 no gateway to be reached."""
    try:
        well = asyncio.run(work)
    except Unreachable as error:
        raise Impossible(f"The gateway can not be reached: {error}") from error
    except Problem as problem:
        _explain(problem)
        well = False
    raise SystemExit(0 if well else 1)


def _explain(problem: Problem, file: str | None = None) -> None:
    """Tells what the gateway refused, with every error it gave."""
    say(f"{file}: {problem}" if file else str(problem))
    for error in problem.errors:
        places = ("pointer", "where", "parameter", "column")
        place = next((error[name] for name in places if error.get(name)), None)
        line = f" line {error['line']}" if error.get("line") else ""
        rule = f" [{error['rule']}]" if error.get("rule") else ""
        hint = f" {error['hint']}" if error.get("hint") else ""
        say(f"  {place or 'body'}{line}: {error['detail']}{rule}{hint}")


# --- send ----------------------------------------------------------------------------------------


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@client_options
@click.option("--email", help="The recipient's e-mail address, for this delivery.")
@click.option("--channel", "channels", multiple=True, help="Channel to use; repeat for an order.")
@click.option(
    "--delivery",
    "delivery_json",
    metavar="JSON",
    help="All delivery options as one JSON object, as the API takes them.",
)
@click.option(
    "--attach",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File to send with each document; repeat for more.",
)
@click.option(
    "--once",
    metavar="KEY",
    help="Idempotency key. Default: made of the content, so that the same file is taken once.",
)
@click.option("--wait", is_flag=True, help="Follow each document until nothing more happens.")
@click.option(
    "--batch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with one document a line (NDJSON), instead of FILES; each line is answered.",
)
def send(
    files: Sequence[Path],
    url: str,
    key: str,
    email: str | None,
    channels: Sequence[str],
    delivery_json: str | None,
    attach: Sequence[Path],
    once: str | None,
    wait: bool,
    batch: Path | None,
) -> None:
    """Submits FILES (JSON, XML, or a ZIP file, e-mail or PDF with one inside) to a gateway.

    Ends with 0 when all were accepted (with --wait: sent or delivered), 1 when some were not,
    2 when the gateway can not be reached.
    """
    if batch is not None:
        if files or attach or delivery_json or email or channels or once or wait:
            raise click.UsageError("--batch stands alone: each line says all that is wished of it")
        over_http(_submit_lines(batch, url, key))
    if not files:
        raise click.UsageError("give FILES, or --batch with a file that has one a line")
    if once and len(files) > 1:
        raise click.UsageError("--once names one request; give one file with it")
    delivery = _delivery(delivery_json, email, channels)
    attachments = [attached(path) for path in attach]

    async def submit_all() -> bool:
        async with Client(url, key) as client:
            outcomes = []
            with progress("handing in", len(files)) as done:
                for path in files:
                    outcome = await _submit(client, path, delivery, attachments, once)
                    if not wait:
                        _show(outcome)
                    outcomes.append(outcome)
                    done()
            if not wait:
                return all("problem" not in outcome for outcome in outcomes)
            with progress("following", len(files)) as done:
                for outcome in outcomes:
                    if "problem" not in outcome:
                        document = await client.settled(outcome["id"])
                        outcome |= {name: document[name] for name in SHOWN}
                    _show(outcome)
                    done()
            return all(outcome.get("state") in WELL for outcome in outcomes)

    over_http(submit_all())


async def _submit_lines(batch: Path, url: str, key: str) -> bool:
    """Hands in a file of lines, each with a key of its content where it has none: the same file
    again makes no second document. A line that is no JSON is told and stops nothing."""
    well = True
    sent: deque[int] = deque()  # the numbers in the file of those that have no answer yet

    def read() -> Iterator[Mapping[str, Any]]:
        nonlocal well
        with batch.open("rb") as file:
            for n, text in enumerate(file, 1):
                if not text.strip():
                    continue
                try:
                    body = json.loads(text, parse_float=Decimal)
                except (ValueError, RecursionError):
                    body = None
                if not isinstance(body, dict):
                    say(f"line {n}: is no JSON object")
                    well = False
                    continue
                sent.append(n)
                digest = hashlib.sha256(text.strip()).hexdigest()
                yield {"idempotency_key": f"sha256-{digest}", **body}

    async with Client(url, key) as client:
        async for result in client.submit_many(read()):
            n = sent.popleft()
            if result["problem"] is not None:
                well = False
                name = f" ({result['id']})" if result["id"] else ""
                _explain(Problem(result["problem"]["status"], result["problem"]), f"line {n}{name}")
            else:
                line({**result, "line": n})
    return well


async def _submit(
    client: Client,
    path: Path,
    delivery: Mapping[str, Any] | None,
    attachments: Sequence[Attached],
    once: str | None,
) -> dict[str, Any]:
    """What came of one file: its id and state, or the problem."""
    name, content = str(path), _read(path)
    try:
        accepted = await client.submit(
            content,
            delivery=delivery,
            attachments=attachments,
            idempotency_key=once or _content_key(content, delivery, attachments),
        )
    except Problem as problem:
        return {"file": name, "problem": problem}
    return {
        "file": name,
        "id": accepted.id,
        "state": accepted.state,
        "replayed": accepted.replayed,
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Impossible(f"{path}: {error.strerror}") from error


def _show(outcome: Mapping[str, Any]) -> None:
    if "problem" in outcome:
        _explain(outcome["problem"], outcome["file"])
    elif on_terminal():
        again = " (it had been accepted before)" if outcome["replayed"] else ""
        why = f": {outcome['text']}" if outcome.get("text") else ""
        click.echo(f"{outcome['file']}: {outcome['id']} {outcome['state']}{why}{again}")
        for found in outcome.get("findings", ()):
            click.echo(f"  {found['severity']} {found['rule']} {found['where']}: {found['text']}")
            click.echo(f"    {found['hint']}")
    else:
        line(outcome)


def _delivery(
    text: str | None, email: str | None, channels: Sequence[str]
) -> dict[str, Any] | None:
    try:
        delivery = json.loads(text) if text else {}
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--delivery") from error
    if not isinstance(delivery, dict):
        raise click.BadParameter("must be a JSON object", param_hint="--delivery")
    if email:
        delivery["email"] = email
    if channels:
        delivery["channels"] = list(channels)
    return delivery or None


def _content_key(
    content: bytes, delivery: Mapping[str, Any] | None, attachments: Sequence[Attached]
) -> str:
    digest = hashlib.sha256(content)
    digest.update(json.dumps(delivery, sort_keys=True).encode())
    for file in attachments:
        digest.update(file.name.encode() + b"\0" + file.content)
    return f"sha256-{digest.hexdigest()}"


# --- inbox ---------------------------------------------------------------------------------------


@click.command()
@client_options
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory to write each document to, as <id>.xml.",
)
@click.option("--confirm", is_flag=True, help="Confirm each document, after it has been saved.")
def inbox(url: str, key: str, save: Path | None, confirm: bool) -> None:
    """Lists the documents that came in and are not confirmed yet; saves and confirms them."""

    async def read() -> bool:
        async with Client(url, key) as client:
            documents: list[Mapping[str, Any]] = []
            while page := await client.inbox(documents[-1]["id"] if documents else None):
                documents += page
            columns = ("id", "number", "sender_name", "amount_due", "currency", "received_at")
            records(columns, map(_flat, documents), empty="The inbox is empty.")
            for document in documents:
                if save is not None:
                    content = await client.get_bytes(document["links"]["content"])
                    _write(save / f"{document['id']}.xml", content)
                if confirm:
                    await client.confirm(document["id"])
        return True

    over_http(read())


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("id", "received_at", "channel")} | {
        **document["head"]
    }


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Impossible(f"{path}: {error.strerror}; nothing of it was confirmed") from error


# --- events --------------------------------------------------------------------------------------


@click.command()
@client_options
@click.option("--after", metavar="CURSOR", help="Where to go on from; default: from the start.")
@click.option("--type", "types", multiple=True, help="Only events of this type; repeat for more.")
@click.option("--document", "document_id", metavar="ID", help="Only events of this document.")
@click.option(
    "--as",
    "ledger",
    type=click.Choice([ledger.value for ledger in Ledger]),
    help="Also in the words of this ledger.",
)
@click.option("--follow", is_flag=True, help="Wait for more, until interrupted.")
def events(
    url: str,
    key: str,
    after: str | None,
    types: Sequence[str],
    document_id: str | None,
    ledger: answers.Ledger | None,
    follow: bool,
) -> None:
    """Shows the event feed: everything that happened to the company's documents, in order."""

    async def read() -> bool:
        async with Client(url, key) as client:
            found = client.events(
                after, types=types, document_id=document_id, ledger=ledger, follow=follow
            )
            async for event in found:
                if on_terminal():
                    text = event["data"].get("text") or event["data"].get("code") or ""
                    there = event.get("ledger")
                    text = f"[{there['status'] or '-'}] {text}" if there else text
                    click.echo(f"{event['at']}  {event['document_id']}  {event['type']:20}  {text}")
                else:
                    line(event)
        return True

    over_http(read())
