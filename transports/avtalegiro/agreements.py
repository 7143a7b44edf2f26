"""The payers' agreements, as the banks' central tells of them, per company and account.

In charge of whose they are and how they stand. Not in charge of fetching the lists (`driver`).

Lists name accounts and whole KIDs. A company's agreement is named `<account>/<reference>`, where
the reference is the part of the KID that its terms say names the customer, or all of it. An account
is the company's that used it first: what comes for one that is nobody's yet waits for its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from schemas.references import Positions
from transports.avtalegiro.files import Agreement, Registration
from transports.base import AGREEMENT, Entry, Register
from transports.kid_account import KidAccount

ACCOUNT: Final = "account"
UNCLAIMED: Final = "unclaimed"
ACTIVE: Final = "active"
DELETED: Final = "deleted"

_PAGE: Final = 100

_TEXTS: Final = {
    ACTIVE: "The payer has agreed to AvtaleGiro.",
    DELETED: "The payer has ended AvtaleGiro.",
}


class Agreements:
    """The agreements in the channel's register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    async def find(self, company_id: str, account: KidAccount, kid: str) -> Entry | None:
        """The agreement of the payer whom a KID names, None where there is none that is active."""
        name = _name(account.number, kid, account.kid.reference)
        entry = await self._register.get(company_id, AGREEMENT, name)
        return entry if entry is not None and entry.state == ACTIVE else None

    async def claim(self, company_id: str, account: KidAccount) -> bool:
        """Makes an account the company's, and what waited for it; False where it is another's.

        `reference` of its terms may have changed: then its agreements are named anew.
        """
        reference = str(account.kid.reference or "")
        known = await self._register.get("", ACCOUNT, account.number)
        if known is not None and known.data["company"] != company_id:
            return False
        if known is not None and (known.state, known.data["reference"]) == (ACTIVE, reference):
            return True
        data = {"company": company_id, "reference": reference}
        entry = replace(known or Entry("", ACCOUNT, account.number), state="moving", data=data)
        if await self._register.put([entry]):
            await self._move(company_id, AGREEMENT, replace(entry, version=entry.version + 1))
            await self._move("", UNCLAIMED, replace(entry, version=entry.version + 1))
            await self._register.put([replace(entry, state=ACTIVE, version=entry.version + 1)])
        return True

    async def take(self, account: str, items: Sequence[Agreement], progress: Entry) -> Entry:
        """Takes a list in, some at a time with how far it got: who takes the same list at the same
        time writes nothing. `progress` has `taken`, a number; answers it as it stands then."""
        start = progress.data.get("taken", 0)
        for begin in range(start, len(items), _PAGE):
            owner = await self._register.get("", ACCOUNT, account)
            page = items[begin : begin + _PAGE]
            entries = await self._entries(account, owner, page)
            data = {**progress.data, "taken": begin + len(page)}
            progress = replace(progress, data=data)
            if not await self._register.put([*entries, progress]):
                raise Overtaken
            progress = replace(progress, version=progress.version + 1)
            if owner is None and (late := await self._register.get("", ACCOUNT, account)):
                await self._move("", UNCLAIMED, late)
        return progress

    async def _entries(
        self, account: str, owner: Entry | None, items: Sequence[Agreement]
    ) -> list[Entry]:
        made: dict[tuple[str, str], Entry] = {}
        for item in items:
            company, kind = (owner.data["company"], AGREEMENT) if owner else ("", UNCLAIMED)
            reference = owner.data["reference"] if owner else ""
            name = _name(account, item.kid, Positions.parse(reference) if reference else None)
            known = made.get((kind, name)) or await self._register.get(company, kind, name)
            state = DELETED if item.registration is Registration.DELETED else ACTIVE
            data = {"kid": item.kid, "notice": item.notice, "text": _TEXTS[state]}
            entry = replace(known or Entry(company, kind, name), state=state, data=data)
            made[kind, name] = entry
        return list(made.values())

    async def _move(self, company_id: str, kind: str, owner: Entry) -> None:
        """Names an account's agreements of a kind as its owner's terms say."""
        reference = owner.data["reference"]
        positions = Positions.parse(reference) if reference else None
        account, after = owner.name, f"{owner.name}/"
        while True:
            page = await self._register.entries(company_id, kind, after=after, limit=_PAGE)
            page = [entry for entry in page if entry.name.startswith(f"{account}/")]
            if not page:
                return
            for entry in page:
                company, name = (
                    owner.data["company"],
                    _name(account, entry.data["kid"], positions),
                )
                if (entry.company_id, entry.kind, entry.name) == (company, AGREEMENT, name):
                    continue
                known = await self._register.get(company, AGREEMENT, name)
                moved = replace(
                    entry,
                    company_id=company,
                    kind=AGREEMENT,
                    name=name,
                    version=known.version if known else 0,
                )
                if await self._register.put([moved]):
                    await self._register.drop([entry])
            after = page[-1].name


class Overtaken(Exception):
    """Another process takes the same list in."""


def _name(account: str, kid: str, reference: Positions | None) -> str:
    part = kid if reference is None else kid[reference.first - 1 : reference.last]
    return f"{account}/{part or kid}"
