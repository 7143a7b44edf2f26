"""`budkavle evidence`, `export`: signed ZIPs, fetched from a gateway and checked anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from mimetypes import guess_extension
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import (
    Impossible,
    beside_gateway,
    client_options,
    in_store,
    load_settings,
    operator,
    settings_options,
)
from gateway.cli.output import line, on_terminal, records, say
from gateway.client import Client

if TYPE_CHECKING:
    from gateway.archive.proof import Said
    from gateway.archive.signing import PublicKey
    from gateway.store.keeping import Keeping


@click.group()
def evidence() -> None:
    """Fetches and checks what the gateway can prove of a document."""


@evidence.command("get")
@click.argument("document_id")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. Default: DOCUMENT_ID.zip, or the name of the part; - is the terminal.",
)
@click.option(
    "--part",
    type=click.IntRange(min=1),
    help="One file alone, by its number in `budkavle timeline`. Default: all, as a signed ZIP.",
)
@client_options
def get_evidence(document_id: str, to: Path | None, part: int | None, url: str, key: str) -> None:
    """Fetches the evidence bundle of DOCUMENT_ID, or one file of it."""

    async def fetch() -> bool:
        async with Client(url, key) as client:
            where, name = f"/v1/documents/{document_id}/bundle", f"{document_id}.zip"
            if part is not None:
                where, name = await _part(client, document_id, part)
            if to == Path("-"):
                click.echo(await client.get_bytes(where), nl=False)
                return True
            path = to or Path(name)
            size = await client.download(where, path)
        records(("file", "size_bytes"), [{"file": str(path), "size_bytes": size}], empty="")
        return True

    over_http(fetch())


async def _part(client: Client, document_id: str, number: int) -> tuple[str, str]:
    """Where a file of a document is, and what to call it."""
    files = (await client.get(f"/v1/documents/{document_id}/evidence"))["files"]
    if number > len(files):
        raise click.BadParameter(f"the document has {len(files)} files", param_hint="--part")
    file = files[number - 1]
    name, media_type = str(file["name"]), str(file["media_type"]).partition(";")[0]
    ending = "" if Path(name).suffix else (guess_extension(media_type) or "")
    return file["href"], f"{document_id}-{number}-{Path(name).name}{ending}"


@evidence.command("take-out")
@click.argument("company_id")
@click.argument("document_id")
@click.argument("sha256")
@click.option(
    "--to",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; it must not be there yet.",
)
@settings_options
def take_out(
    company_id: str,
    document_id: str,
    sha256: str,
    to: Path,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Writes a file of a document that has a virus in it, by its SHA-256, and notes who did that.

    For those who look into viruses: nobody else is given such files. SHA256 stands in the
    document's evidence (`GET /v1/documents/DOCUMENT_ID/evidence`).
    """
    from gateway.audit.chain import NewEntry
    from gateway.store.port import Store

    async def take(store: Store) -> None:
        content = await store.content(company_id, document_id, sha256)
        if content is None:
            raise Impossible(f"{company_id} has no document {document_id} with a file {sha256}")
        entry = NewEntry(
            *(operator(), "evidence.taken_out", document_id, company_id), {"sha256": sha256}
        )
        await store.audit(entry, datetime.now(UTC))
        try:
            with to.open("xb") as file:
                file.write(content)
        except OSError as error:
            raise Impossible(f"{to}: {error.strerror}") from error

    in_store(load_settings(config_file, data).settings, take)


@evidence.command("verify")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The gateway's public key (PEM), got in another way than with the file.",
)
def verify_evidence(files: Iterable[Path], key_file: Path | None) -> None:
    """Says what holds of FILES: evidence bundles, or ZIPs of an export. Needs no gateway.

    Ends with 0 when nothing is wrong, with 1 when something is.
    """
    from gateway.archive.proof import examine

    known = None if key_file is None else _public_key(key_file)
    well = True
    for path in files:
        well = show(str(path), examine(path, known)) and well
    raise SystemExit(0 if well else 1)


def show(file: str, said: Iterable[Said]) -> bool:
    """Shows what was said of a file; whether nothing is wrong with it."""
    well = True
    if on_terminal():
        click.echo(file)
    for one in said:
        well = well and one.holds is not False
        if on_terminal():
            mark = {True: "yes", False: "NO ", None: "?  "}[one.holds]
            click.echo(f"  {mark} {one.text}")
        else:
            line({"file": file, "holds": one.holds, "text": one.text})
    return well


def _public_key(path: Path) -> PublicKey:
    from gateway.archive.signing import NotAKey, PublicKey

    try:
        return PublicKey.from_pem(path.read_bytes())
    except (NotAKey, OSError) as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--key") from error


@evidence.command("key")
@settings_options
def show_key(config_file: Path | None, data: Path | None) -> None:
    """Prints the gateway's public key (PEM) and its id, for those who check its signatures."""

    async def read(store: Keeping) -> PublicKey:
        from gateway.archive.signing import SECRET, SigningKey

        return SigningKey(await store.secret(SECRET, SigningKey.fresh())).public

    key = beside_gateway(load_settings(config_file, data).settings, read)
    click.echo(key.pem.decode(), nl=False)
    say(f"Key id: {key.id}")


# --- exports ------------------------------------------------------------------------------------


@click.command()
@click.option("--start", required=True, help="Accepted at this time or later: 2026-11-01.")
@click.option("--end", required=True, help="And before this one: 2026-12-01. Times are UTC.")
@click.option("--direction", type=click.Choice(["out", "in"]), help="Default: both.")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Directory for the ZIPs. Default: here.",
)
@client_options
def export(start: str, end: str, direction: str | None, to: Path, url: str, key: str) -> None:
    """Fetches all documents of a period as signed ZIPs.

    Repeated, it fetches what is not there yet.
    """
    to.mkdir(parents=True, exist_ok=True)
    wish: dict[str, Any] = {"start": _time(start, "--start"), "end": _time(end, "--end")}
    if direction:
        wish["direction"] = direction

    async def fetch() -> bool:
        async with Client(url, key) as client:
            made = await client.post("/v1/exports", wish)
            while not made["ready"]:
                await asyncio.sleep(1)
                made = await client.get(f"/v1/exports/{made['id']}")
            for file in made["files"]:
                path = to / f"{made['id']}-{file['n']}.zip"
                if not path.exists():
                    await client.download(file["href"], path)
                rows = [{"file": str(path), "documents": file["documents"]}]
                records(("file", "documents"), rows, empty="")
            if not made["files"]:
                say("There is no document of that time.")
        return True

    over_http(fetch())


def _time(text: str, option: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no date or time", param_hint=option) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
