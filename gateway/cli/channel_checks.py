"""What `budkavle doctor` sees of the channels: who is at the other end, and whether we are let in.

Nothing is handed over by it, and nothing taken away. A partner who says nothing is given up soon.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.cli.doctor import REACH_S, Check

if TYPE_CHECKING:
    from gateway.channels.efaktura_no import EfakturaNo
    from gateway.channels.email import Email
    from gateway.channels.kivra import Kivra
    from gateway.channels.letter import Letter
    from gateway.channels.operator import Operator
    from gateway.channels.vipps import Vipps
    from gateway.config import Settings
    from transports.http import Answer
    from transports.sftp import Server


def every(settings: Settings) -> Iterator[Check]:
    """Yields what is found of each channel that is set up."""
    for name, look in _looks(settings).items():
        yield _checked(name, look)
    for name, section in (("email", settings.email), ("letter", settings.letter)):
        if section is None:
            yield Check("warn", name, "Not configured.", f"Add a section [{name}] to use it.")
    yield from _certificate(settings)
    yield from _post(settings)
    yield from _dkim(settings)
    yield from _bounces(settings)


def _looks(settings: Settings) -> dict[str, Awaitable[str | None]]:
    """By channel: why nothing could be handed over now; None where it could."""
    looks: dict[str, Awaitable[str | None]] = {}
    if settings.email is not None:
        looks["email"] = _email_fault(settings.email)
    if settings.letter is not None:
        looks["letter"] = _letter_fault(settings.letter)
    if settings.operator is not None:
        looks["operator"] = _operator_fault(settings.operator)
    if settings.kivra is not None:
        looks["kivra"] = _kivra_fault(settings.kivra)
    if settings.vipps is not None:
        looks["vipps"] = _vipps_fault(settings.vipps)
    if settings.efaktura_no is not None:
        looks["efaktura_no"] = _efaktura_fault(settings.efaktura_no)
    from gateway.channels.over_sftp import server_of

    for name, section in (("bank_se", settings.bank_se), ("avtalegiro", settings.avtalegiro)):
        if section is not None:
            looks[name] = _sftp_fault(server_of(section), section.download_directory)
    return looks


def _checked(name: str, look: Awaitable[str | None]) -> Check:
    async def looked() -> str | None:
        return await look

    wrong = asyncio.run(looked())
    if wrong is None:
        return Check("ok", name, "It answers.")
    todo = f"Check [{name}] and the network; documents wait meanwhile."
    return Check("fail", name, wrong, todo)


# --- over HTTP ----------------------------------------------------------------------------------


async def _answer(
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer | str:
    """What is answered; why nothing was."""
    from transports.http import Client, NoAnswer

    client = Client(connect_timeout_s=REACH_S, answer_timeout_s=REACH_S, tls=tls)
    try:
        return await client.call(method, url, content, headers=headers)
    except NoAnswer as error:
        return f"{url}: {error}."
    finally:
        await client.close()


async def _operator_fault(section: Operator) -> str | None:
    """Whether the operator lets us in; of SFTI's profile, whether the file of partners is right."""
    from gateway.channels.operator import partners, tls_of
    from gateway.section import ConfigError, revealed

    try:
        tls = tls_of(section)
        if section.kind == "sfti":
            partners(section)
            return None
    except ConfigError as error:
        return f"{error}."
    url = f"{(section.url or '').rstrip('/')}/reports"
    headers = {"Authorization": f"Bearer {revealed(section.token)}"}
    return _refused(await _answer("GET", url, headers, tls=tls), url)


async def _kivra_fault(section: Kivra) -> str | None:
    """Whether Kivra knows us: a token that is asked for no tenant of ours is refused otherwise."""
    from base64 import b64encode

    from gateway.channels.kivra import kivra_settings
    from transports.kivra import wire

    settings = kivra_settings(section)
    url = f"{settings.url.rstrip('/')}/v1/auth"
    login = b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": wire.FORM}
    answer = await _answer("POST", url, headers, wire.token_request("none"))
    if not isinstance(answer, str) and 400 <= answer.status < 500 and answer.status != 401:
        return None  # it knows us, and has no such tenant
    return _refused(answer, url)


async def _vipps_fault(section: Vipps) -> str | None:
    """Whether Vipps gives us a token."""
    from gateway.channels.vipps import vipps_settings

    api = vipps_settings(section).api
    url = f"{api.url.rstrip('/')}/accesstoken/get"
    headers = {
        "client_id": api.client_id,
        "client_secret": api.client_secret,
        "Ocp-Apim-Subscription-Key": api.subscription_key,
    }
    return _refused(await _answer("POST", url, headers, b""), url)


async def _efaktura_fault(section: EfakturaNo) -> str | None:
    """Whether MPS is there, and its TLS and ours fit; a service that is asked nothing says no."""
    from gateway.channels.efaktura_no import efaktura_settings
    from gateway.section import ConfigError
    from transports.efaktura_no.wire.operations import PATHS

    try:
        settings = efaktura_settings(section)
    except ConfigError as error:
        return str(error)
    url = settings.url.rstrip("/") + PATHS[settings.service]
    answer = await _answer("GET", url, tls=settings.tls)
    if not isinstance(answer, str) and answer.status not in (401, 403) and answer.status < 500:
        return None
    return _refused(answer, url)


def _refused(answer: Answer | str, url: str) -> str | None:
    if isinstance(answer, str):
        return answer
    if answer.status in (401, 403):
        return f"{url}: we are not let in (HTTP {answer.status}): the credentials are not accepted."
    return None if answer.status < 300 else f"{url}: HTTP {answer.status}."


def _certificate(settings: Settings) -> Iterator[Check]:
    """How long the certificate is good that we show MPS."""
    from gateway.certificates import SOON_DAYS, of_efaktura

    found = of_efaktura(settings)
    if found is None:
        return
    what = "efaktura_no"
    days = found.days(datetime.now(UTC))
    if days is None:
        yield Check("fail", what, f"{found.fault}.", "Correct efaktura_no.certificate_file.")
        return
    text = f"Our certificate is valid for {days} more days."
    if days < 0:
        text = f"Our certificate ended {-days} days ago."
        yield Check("fail", what, text, "Get a new one: MPS lets nobody in without.")
    elif days < SOON_DAYS:
        yield Check("warn", what, text, "Ask for a new one now.")
    else:
        yield Check("ok", what, text)


# --- over SFTP ----------------------------------------------------------------------------------


async def _sftp_fault(server: Server, directory: str) -> str | None:
    """Whether the server is the one whose key we have, lets us in and shows us its files."""
    from transports.sftp import Session, Trouble, wrong_keys

    try:
        wrong = wrong_keys(server)
    except ImportError:
        return "The extra `sftp` is not installed."
    if wrong:
        return f"{'; '.join(wrong)}."
    session = Session()
    try:
        async with session.open(replace(server, connect_timeout_s=REACH_S), 2 * REACH_S):
            await session.names(directory)
    except Trouble as trouble:
        return f"{server.name}: {trouble.name}: {trouble}."
    return None


# --- the print house, e-mail --------------------------------------------------------------------


async def _letter_fault(section: Letter) -> str | None:
    """Why the print house's reports could not be read now."""
    from gateway.channels.letter import letter_settings
    from transports.base import NotCollected
    from transports.letter.driver import Letter as Channel

    settings = replace(
        letter_settings(section), connect_timeout_s=REACH_S, answer_timeout_s=REACH_S
    )
    if settings.server is not None:
        return await _sftp_fault(settings.server, settings.directories.answers)
    channel = Channel(settings)
    try:
        async for _ in channel.collect():  # reading them takes nothing away
            break
    except NotCollected as error:
        return f"{section.url}: {error.verdict.text}."
    else:
        return None
    finally:
        await channel.close()


async def _email_fault(section: Email) -> str | None:
    """Why no message could be handed over now: connecting, TLS, login."""
    from gateway.channels.email import relay_settings
    from transports.email.connections import Connections, NoConnection
    from transports.email.dialogue import Transcript

    relay = replace(relay_settings(section), connect_timeout_s=REACH_S)
    connections = Connections(relay)
    try:
        async with connections.lend(Transcript()):
            return None
    except NoConnection as error:
        return f"{relay.address}: {error}."
    finally:
        await connections.close()


def _post(settings: Settings) -> Iterator[Check]:
    if settings.email is None:
        text = "No mail server for invitations and notices to people: they wait, then are given up."
        yield Check("warn", "post", text, "Add a section [email].")
    else:
        yield Check("ok", "post", f"Invitations and notices come from {settings.email.sender}.")


def _dkim(settings: Settings) -> Iterator[Check]:
    from gateway.channels import dkim_records
    from gateway.section import ConfigError

    if settings.email is None or settings.email.dkim_folder is None:
        return
    try:
        keys = asyncio.run(dkim_records.look(settings.email, REACH_S))
    except ConfigError as error:
        yield Check("fail", "dkim", f"{error}.", "Correct the keys; without them no start.")
        return
    for found in keys:
        name = found.key.name
        if found.differs is None:
            yield Check("ok", "dkim", f"{name} fits our key.")
        elif not found.asked:
            text = f"{name}: {found.differs}."
            yield Check("warn", "dkim", text, "Check the network and email.name_servers.")
        else:
            todo = f"Publish it as a TXT record: {found.key.record}"
            yield Check("fail", "dkim", f"{name}: {found.differs}.", todo)


def _bounces(settings: Settings) -> Iterator[Check]:
    from gateway.channels.email import mailbox_settings
    from transports.email.mailbox import Mailbox, NoMailbox

    if settings.email is None or settings.email.bounce_host is None:
        return
    where = replace(mailbox_settings(settings.email), timeout_s=REACH_S)

    async def look() -> None:
        mailbox = Mailbox(where)
        await mailbox.open()
        await mailbox.close()

    try:
        asyncio.run(look())
    except NoMailbox as error:
        text = f"{where.address}: {error}."
        yield Check(
            "fail", "bounces", text, "Check email.bounce_*; bounces are not read meanwhile."
        )
    else:
        yield Check("ok", "bounces", f"{where.folder} at {where.address} can be read.")
