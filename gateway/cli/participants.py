"""`budkavle participant`, `publisher`: who is registered in Peppol with us, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli.options import Impossible, load_settings, operate, operator, settings_options
from gateway.cli.output import on_terminal, records, say
from gateway.registration.offers import OF_COMPANIES

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.registration.offers import Offer
    from gateway.registration.verbs import Asked, Verbs
    from gateway.store.registrations import Registration
    from schemas.identifiers import Participant
    from transports.peppol.sml_admin import Answer, SmlAdmin

F = TypeVar("F", bound=Callable[..., Any])

_COLUMNS = ("participant", "state", "company", "takes", "confirmed", "reason")
_PAGE = 500


@click.group()
def participant() -> None:
    """Registers, withdraws and moves participants in Peppol.

    What is asked for is written down and done by the running gateway; `list` shows how it goes.
    """


def _offer_options(function: F) -> F:
    """Adds what a participant is published with."""
    for option in (
        click.option("--redirect-subject", help="Subject of that publisher's certificate."),
        click.option("--redirect", help="Address of another publisher that has its documents."),
        click.option("--phone", default="", help="Its phone number in the directory."),
        click.option("--email", default="", help="Its e-mail address in the directory."),
        click.option("--directory/--no-directory", help="Whether Peppol's directory shows it."),
        click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Until which day (UTC)."),
        click.option("--from", "from_", type=click.DateTime(["%Y-%m-%d"]), help="From which day."),
        click.option(
            "--takes",
            multiple=True,
            type=click.Choice([str(one) for one in OF_COMPANIES]),
            help="What it takes; repeat for more. Default: invoices, credit notes and answers.",
        ),
    ):
        function = option(function)
    return function


@participant.command("register")
@click.argument("participant")
@_offer_options
@settings_options
def register_participant(
    participant: str, config_file: Path | None, data: Path | None, **given: Any
) -> None:
    """Has PARTICIPANT (0192:918130047) registered, or what is published of it changed.

    It belongs to a company here, or is our own, 0242 and the digits of our seat: to that one
    statuses are sent.
    """
    _register(participant, config_file, data, None, given)


@participant.command("migrate-in")
@click.argument("participant")
@click.option("--key", required=True, help="The migration key that its publisher has given out.")
@_offer_options
@settings_options
def take_participant_over(
    participant: str, key: str, config_file: Path | None, data: Path | None, **given: Any
) -> None:
    """Takes PARTICIPANT over from another publisher."""
    _register(participant, config_file, data, key, given)


@participant.command("withdraw")
@click.argument("participant")
@settings_options
def withdraw_participant(participant: str, config_file: Path | None, data: Path | None) -> None:
    """Has PARTICIPANT taken out of Peppol."""
    settings = load_settings(config_file, data).settings

    async def withdraw(verbs: Verbs, whose: Whose) -> Asked:
        return await verbs.withdraw(whose.company_id, whose.participant, actor=operator())

    _show([_done(settings, participant, withdraw)])


@participant.command("migrate-out")
@click.argument("participant")
@settings_options
def let_participant_go(participant: str, config_file: Path | None, data: Path | None) -> None:
    """Lets PARTICIPANT go to another publisher, and prints the key to tell there."""
    settings = load_settings(config_file, data).settings

    async def leave(verbs: Verbs, whose: Whose) -> Asked:
        return await verbs.migrate_out(whose.company_id, whose.participant, actor=operator())

    row = _done(settings, participant, leave)
    if on_terminal():
        click.echo(row.migration_key)
        say("It counts as soon as `budkavle participant list` shows the state leaving.")
    else:
        records((), [{"participant": row.participant, "key": row.migration_key}], empty="")


@participant.command("list")
@click.option("--company", "company_id", help="Only those of this company.")
@settings_options
def list_participants(company_id: str | None, config_file: Path | None, data: Path | None) -> None:
    """Lists the participants that were ever to be registered, and how they stand."""

    async def read(store: Any) -> Sequence[Registration]:
        rows: list[Registration] = []
        while page := await store.registrations(
            company_id, rows[-1].participant if rows else "", _PAGE
        ):
            rows += page
        return rows

    _show(operate(load_settings(config_file, data).settings, read))


@click.group()
def publisher() -> None:
    """Makes our own publisher known to the SML."""


@publisher.command("register")
@settings_options
def register_publisher(config_file: Path | None, data: Path | None) -> None:
    """Tells the SML our publisher's address, or that it has changed."""
    from transports.peppol.sml_admin import Address, Fault, Faulted

    settings = load_settings(config_file, data).settings

    async def tell(admin: SmlAdmin) -> Answer:
        assert settings.publisher is not None
        if settings.publisher.ip is None:
            raise Impossible("publisher.ip: the SML wants the publisher's IP address too")
        at = Address(settings.publisher.url, settings.publisher.ip)
        said = await admin.update_publisher(at)
        if isinstance(said, Faulted) and said.fault is Fault.NOT_FOUND:
            said = await admin.create_publisher(at)
        return said

    _told(settings, tell)


@publisher.command("show")
@settings_options
def show_publisher(config_file: Path | None, data: Path | None) -> None:
    """Shows what the SML knows of our publisher."""
    from transports.peppol.sml_admin import Address

    settings = load_settings(config_file, data).settings

    async def ask(admin: SmlAdmin) -> Any:
        found = await admin.read_publisher()
        if isinstance(found, Address):
            assert settings.publisher is not None
            row = {"id": settings.publisher.id, "url": found.logical, "ip": found.physical}
            records(("id", "url", "ip"), [row], empty="")
        return found

    _told(settings, ask)


@publisher.command("renew")
@click.argument("certificate", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="From which day it is used.")
@settings_options
def renew_certificate(
    certificate: Path, on: datetime | None, config_file: Path | None, data: Path | None
) -> None:
    """Tells the SML the publisher's next CERTIFICATE (PEM), before it is put in place."""
    from cryptography import x509

    settings = load_settings(config_file, data).settings
    try:
        coming = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as error:
        raise click.BadParameter(f"{certificate}: {error}", param_hint="CERTIFICATE") from None

    async def tell(admin: SmlAdmin) -> Answer:
        return await admin.announce_certificate(coming, None if on is None else on.date())

    _told(settings, tell)


# --- what the commands share --------------------------------------------------------------------


class Whose:
    """A participant, and the company that has it; empty: the gateway itself."""

    def __init__(self, participant: Participant, company_id: str, name: str, country: str) -> None:
        self.participant = participant
        self.company_id = company_id
        self.name = name
        self.country = country


def _register(
    text: str, config_file: Path | None, data: Path | None, key: str | None, given: Any
) -> None:
    settings = load_settings(config_file, data).settings

    async def register(verbs: Verbs, whose: Whose) -> Asked:
        return await verbs.register(
            whose.company_id, whose.participant, _offer(whose, given), key=key, actor=operator()
        )

    _show([_done(settings, text, register)])


def _offer(whose: Whose, given: Any) -> Offer:
    from gateway.registration.offers import OWN, USUAL, Elsewhere, Entry, Offer, Takes

    if (given["redirect"] is None) != (given["redirect_subject"] is None):
        raise click.UsageError("--redirect and --redirect-subject go together")
    entry = redirect = None
    if given["directory"]:
        entry = Entry(whose.name, whose.country, email=given["email"], phone=given["phone"])
    if given["redirect"] is not None:
        redirect = Elsewhere(given["redirect"], given["redirect_subject"])
    usual = USUAL if whose.company_id else OWN
    return Offer(
        takes=tuple(map(Takes, given["takes"])) or usual,
        activates_at=_day(given["from_"]),
        expires_at=_day(given["until"]),
        entry=entry,
        redirect=redirect,
    )


def _day(given: datetime | None) -> datetime | None:
    return None if given is None else given.replace(tzinfo=UTC)


def _done(settings: Settings, text: str, verb: Callable[[Verbs, Whose], Any]) -> Registration:
    """What a verb has written down."""
    from gateway.clock import SystemClock
    from gateway.peppol import access_point_key
    from gateway.publisher import own_identifier, sections
    from gateway.registration.verbs import BadInput, NotNow, NotYours, Verbs
    from gateway.section import ConfigError
    from schemas.identifiers import Participant

    try:
        participant = Participant.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="PARTICIPANT") from None
    try:
        own = own_identifier(access_point_key(sections(settings)[1]))
    except ConfigError as error:
        raise Impossible(str(error)) from None

    async def work(store: Any) -> Asked:
        whose = Whose(participant, "", "", "")
        if participant != own:
            company = await store.company_of(str(participant))
            if company is None:
                raise Impossible(
                    f"{participant} belongs to no company here;"
                    f" `budkavle company change COMPANY_ID --participant {participant}` adds it"
                )
            whose = Whose(participant, company.id, company.name, company.country)
        asked: Asked = await verb(Verbs(store, SystemClock(), own), whose)
        return asked

    asked = operate(settings, work)
    match asked:
        case NotYours():
            raise Impossible(f"{participant} was never to be registered here")
        case NotNow():
            raise Impossible(asked.text)
        case BadInput():
            raise click.UsageError("; ".join(f"{name}: {fault}" for name, fault in asked.faults))
        case _:
            return asked


def _show(rows: Sequence[Registration]) -> None:
    shown = [
        {
            "participant": row.participant,
            "state": str(row.state),
            "company": row.company_id,
            "takes": " ".join(row.offer["takes"]) if on_terminal() else row.offer["takes"],
            "confirmed": None if row.confirmed_at is None else row.confirmed_at.isoformat(),
            "reason": f"{row.code}: {row.text}" if row.code else "",
            "tries": row.tries,
            "next_at": None if row.next_at is None else row.next_at.isoformat(),
        }
        for row in rows
    ]
    records(_COLUMNS, shown, empty="No participant was ever to be registered here.")


def _told(settings: Settings, work: Callable[[SmlAdmin], Any]) -> None:
    from gateway.publisher import locator
    from gateway.section import ConfigError
    from transports.peppol.publishing import Unsettled
    from transports.peppol.sml_admin import Faulted

    async def tell() -> Any:
        async with locator(settings) as admin:
            return await work(admin)

    try:
        said = asyncio.run(tell())
    except ConfigError as error:
        raise Impossible(str(error)) from None
    if isinstance(said, Faulted | Unsettled):
        raise Impossible(said.text)
