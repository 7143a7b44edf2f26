"""`budkavle company verification`, `verify`, `invite`, `revoke`, `record`: who companies are."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, load_settings, operate, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.store.verifications import Verification
    from gateway.trust.verification.request import Sealed
    from gateway.trust.verification.verbs import Asked, Seen, Verbs

_COLUMNS = ("company", "standing", "request", "verified_at", "recheck_at", "closes_at", "reason")
_PAGE = 500


@click.command("verification")
@click.argument("company_id", required=False)
@settings_options
def company_verification(
    company_id: str | None, config_file: Path | None, data: Path | None
) -> None:
    """Shows how a company stands, or all of which anything was asked."""
    settings = load_settings(config_file, data).settings
    if company_id is not None:
        return _show([_done(settings, lambda verbs: verbs.seen(company_id)).row])

    async def read(store: Any) -> list[Verification]:
        rows: list[Verification] = []
        while page := await store.verifications(rows[-1].company_id if rows else "", _PAGE):
            rows += page
        return rows

    from gateway.trust.verification.standing import now_is

    now = datetime.now(UTC)
    return _show([now_is(row, now) for row in operate(settings, read)])


@click.command("verify")
@click.argument("company_id")
@click.option("--who", required=True, help="Who acts for the company: the name of the person.")
@click.option("--why", required=True, help="Why that is believed.")
@click.option("--seen", required=True, help='What you have seen: "passport, register extract".')
@settings_options
def verify_company(
    company_id: str,
    who: str,
    why: str,
    seen: str,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Verifies the company by hand; who, why and what was seen go into its record, sealed."""
    settings = load_settings(config_file, data).settings

    def verify(verbs: Verbs) -> Awaitable[Asked]:
        return verbs.by_hand(company_id, who=who, why=why, seen=seen, actor=operator())

    _show([_done(settings, verify).row])


@click.command("invite")
@click.argument("company_id")
@click.option("--name", required=True, help="Who shall sign for the company.")
@click.option("--email", required=True, help="Where the invitation goes.")
@click.option("--language", type=click.Choice(["en", "sv", "nb"]), help="Default: the country's.")
@click.option("--signer", help="The signing service. Default: the usual one.")
@settings_options
def invite_signatory(
    company_id: str,
    name: str,
    email: str,
    language: str | None,
    signer: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Has somebody invited to sign for the company, as its ledger can over HTTP."""
    from gateway.trust.signing.port import Signatory

    settings = load_settings(config_file, data).settings
    who = Signatory(name, email, language or "en")

    def ask(verbs: Verbs) -> Awaitable[Asked]:
        return verbs.ask(company_id, who, signer=signer, actor=operator())

    _show([_done(settings, ask).row])


@click.command("revoke")
@click.argument("company_id")
@click.option("--reason", required=True, help="Why; the company's people read it.")
@settings_options
def revoke_company(
    company_id: str, reason: str, config_file: Path | None, data: Path | None
) -> None:
    """Closes the gate for the company: it neither sends nor receives until you verify it again."""
    settings = load_settings(config_file, data).settings

    def revoke(verbs: Verbs) -> Awaitable[Asked]:
        return verbs.revoke(company_id, reason, actor=operator())

    _show([_done(settings, revoke).row])


@click.command("record")
@click.argument("company_id")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for the records and proofs. They hold names and personal numbers.",
)
@settings_options
def export_record(company_id: str, out: Path, config_file: Path | None, data: Path | None) -> None:
    """Writes the records of who the company is, as an authority may ask for them; the audit says
    that you did."""
    from gateway.audit.chain import NewEntry

    settings = load_settings(config_file, data).settings

    async def work(store: Any) -> list[Path]:
        sealed = _sealed(settings, store)
        found = await store.identity_records(company_id)
        if found:
            ids = [record.id for record in found]
            entry = NewEntry(
                operator(), "company.records_exported", company_id, company_id, {"records": ids}
            )
            await store.audit(entry, datetime.now(UTC))
        written: list[Path] = []
        for bare in found:
            record = await store.identity_record(company_id, bare.id)
            told, proof = await sealed.read(record)
            about = {
                "id": record.id,
                "company": company_id,
                "at": record.at.isoformat(),
                "how": record.how,
                "proof": record.proof_name,
                "proof_sha256": record.sha256,
                **told,
            }
            text = json.dumps(about, ensure_ascii=False, indent=2).encode() + b"\n"
            written.append(_write(out / f"{record.id}.json", text))
            if proof:
                written.append(_write(out / f"{record.id}-{record.proof_name}", proof))
        return written

    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = operate(settings, work)
    records(("file",), [{"file": str(path)} for path in files], empty="There is no record of it.")
    if not files:
        raise SystemExit(1)


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def _sealed(settings: Settings, store: Any) -> Sealed:
    """What seals and opens, for a running gateway's database as for one beside it."""
    from gateway.blobs.keys import Keys
    from gateway.blobs.opening import ring
    from gateway.clock import SystemClock
    from gateway.trust.verification.request import Sealed

    masters = ring(settings)
    return Sealed(None if masters is None else Keys(masters, store), SystemClock())


def _done(settings: Settings, verb: Callable[[Verbs], Awaitable[Asked]]) -> Seen:
    """What a verb has written down."""
    from gateway.clock import SystemClock
    from gateway.section import ConfigError
    from gateway.trust.verification.verbs import BadInput, NotNow, NotThere, Verbs
    from gateway.verifying import signer_names, terms_of

    try:
        names = signer_names(settings)
    except ConfigError as error:
        raise Impossible(str(error)) from None

    async def work(store: Any) -> Asked:
        sealed = _sealed(settings, store)
        return await verb(Verbs(store, SystemClock(), sealed, names, terms_of(settings.trust)))

    match operate(settings, work):
        case NotThere():
            raise Impossible("there is no such company; `budkavle company list` shows them")
        case NotNow() as refused:
            raise Impossible(refused.text)
        case BadInput() as wrong:
            raise click.UsageError("; ".join(f"{name} {fault}" for name, fault in wrong.faults))
        case seen:
            if settings.trust.verification == "none":
                say("This gateway asks no company to be verified (trust.verification).")
            return seen


def _show(rows: list[Verification]) -> None:
    shown = [
        {
            "company": row.company_id,
            "standing": str(row.standing),
            "request": str(row.asking),
            "verified_at": _iso(row.verified_at),
            "recheck_at": _iso(row.recheck_at),
            "closes_at": _iso(row.closes_at),
            "reason": f"{row.code}: {row.text}",
        }
        for row in rows
    ]
    records(_COLUMNS, shown, empty="Of no company anything was asked.")


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


COMMANDS = (company_verification, verify_company, invite_signatory, revoke_company, export_record)
