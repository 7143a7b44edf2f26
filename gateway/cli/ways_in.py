"""What `budkavle doctor` sees of the ways in that need no HTTP: drop folders, and the mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.cli.doctor import REACH_S, Check

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.drops.place import Place
    from transports.email.mailbox import MailboxSettings


def drops(settings: Settings) -> Iterator[Check]:
    """Whether each company's folder can be used, and what lies in it."""
    from gateway.drops.opening import places
    from gateway.drops.place import Trouble
    from gateway.section import ConfigError

    if settings.drops is None:
        return
    quick = settings.drops.model_copy(update={"connect_timeout_s": REACH_S, "visit_s": 2 * REACH_S})
    try:
        found = places(quick)
    except ConfigError as error:
        yield Check("fail", "drops", f"{error}.", "Correct it; without it no start.")
        return
    for company_id, place in found.items():
        try:
            text = asyncio.run(_look(place))
        except Trouble as trouble:
            what = f"{company_id}: {place.name}: {trouble.name}: {trouble}."
            yield Check("fail", "drops", what, "Mend it; files wait there meanwhile.")
        else:
            yield Check("ok", "drops", f"{company_id}: {place.name} can be used; {text}.")


async def _look(place: Place) -> str:
    from gateway.drops.place import Folder

    async with place.visit() as visit:
        waiting = len(await visit.look(Folder.IN))
        refused = sum(not seen.name.endswith(".txt") for seen in await visit.look(Folder.ERROR))
        used = [str(each) for each in (Folder.INBOX, Folder.STATUS) if await visit.has(each)]
        await visit.write(Folder.DONE, ".budkavle", b"")
    written = f", and writes to {' and '.join(used)}" if used else ""
    return f"{waiting} in `in`, {refused} in `error`{written}"


def mail_in(settings: Settings) -> Iterator[Check]:
    """Whether the mailbox can be read, and mails be moved in it."""
    from transports.email.mailbox import NoMailbox

    section = settings.mail_in
    if section is None:
        return
    folders = (section.done_folder, section.aside_folder, section.folder)
    where = replace(section.mailbox(), timeout_s=REACH_S)
    try:
        waiting = [asyncio.run(_count(replace(where, folder=folder))) for folder in folders]
    except NoMailbox as error:
        text = f"{where.address}: {error}."
        yield Check("fail", "mail_in", text, "Check [mail_in]; no mail is read meanwhile.")
        return
    text = f"{section.folder} at {where.address} can be read; {waiting[-1]} mails wait."
    yield Check("ok", "mail_in", text)
    if waiting[1]:
        text = f"{waiting[1]} mails were put aside."
        yield Check("warn", "mail_in", text, f"Look at them in {section.aside_folder}.")
    if section.authserv_id is None:
        text = "Nobody can hand in by mail: mail_in.authserv_id is not set."
        yield Check("warn", "mail_in", text, "See docs/howto/hand-in-by-mail.md.")


async def _count(where: MailboxSettings) -> int:
    from transports.email.mailbox import Mailbox

    mailbox = Mailbox(where)
    try:
        await mailbox.open()
        found = await mailbox.after(0)
        await mailbox.close()
    finally:
        mailbox.drop()
    return len(found)
