"""The agreements of issuers with MPS: asks for them, ends them, and finds out how they go on.

In charge of the calls and of the register. Not in charge of what may follow what (`agreement`).

Before MPS is asked the request is in the register, and one entry of the channel's own says which
company has the organisation number: two companies of this gateway can not both have its agreement.
What a crash cuts short is asked again when it is due, and MPS tells how the issuer stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from schemas.identifiers import Kind as Number
from schemas.identifiers import check
from transports.base import AGREEMENT, Entry, Now, Register, Sender, Verdict
from transports.efaktura_no import agreement, terms
from transports.efaktura_no.agreement import OVER, Agreement, State
from transports.efaktura_no.client import Client, Exchange, Silence, Trouble, silent
from transports.efaktura_no.faults import Kind, meaning
from transports.efaktura_no.wire import issuers
from transports.efaktura_no.wire.issuers import IssuerStatus
from transports.efaktura_no.wire.operations import Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed

# The channel's own entry of an organisation number: which company has its agreement.
_HOLDER: Final = "holder"

_NOBODY: Final = ""


class Issuers:
    """The agreements of all companies."""

    def __init__(self, client: Client, register: Register, now: Now) -> None:
        self._client = client
        self._register = register
        self._now = now

    async def find(self, company_id: str, organisation_number: str) -> Agreement | None:
        """A company's agreement, None where it has none."""
        entry = await self._register.get(company_id, AGREEMENT, organisation_number)
        return None if entry is None else agreement.of(entry)

    async def request(self, sender: Sender, given: Mapping[str, Any]) -> Entry | Verdict:
        """Asks for a company's agreement by its terms. Where it has been asked for in the same
        words, or is active, the entry there is. A Verdict says why it can not be asked for."""
        number = sender.organisation_number
        if sender.country != "NO" or number is None or not check(Number.NO_ORGNR, number):
            return _no(
                "efaktura_no.no_organisation_number",
                "The company has no Norwegian organisation number.",
            )
        try:
            read = terms.read(given)
        except terms.BadTerms as error:
            return _no("efaktura_no.bad_terms", f"The terms with eFaktura can not be used: {error}")
        lacking = terms.unsigned(read)
        if lacking:
            return _no("efaktura_no.bad_terms", " ".join(lacking))
        wanted = agreement.issuer(number, sender.name, read)
        before = await self.find(sender.company_id, number)
        if before is not None and (
            before.state is State.ACTIVE or (before.pending and before.issuer == wanted)
        ):
            return before.entry(self._now())
        asked = agreement.requested(sender.company_id, wanted, self._now(), before)
        why_not = await self._save(asked)
        if why_not is not None:
            return why_not
        kept = replace(asked, version=asked.version + 1)
        return await self._created(await self._asked(Operation.CREATE_ISSUER, kept), kept)

    async def end(self, company_id: str, organisation_number: str) -> Entry | Verdict:
        """Ends an active agreement. A Verdict says why it can not be ended."""
        found = await self.find(company_id, organisation_number)
        if found is None:
            return _no("efaktura_no.no_agreement", "There is no eFaktura agreement.")
        if found.state is not State.ACTIVE:
            text = f"Only an active agreement can be ended; this one is {found.state}."
            return _no("efaktura_no.not_active", text)
        asked = await self._asked(Operation.DELETE_ISSUER, found)
        if isinstance(asked.said, Silence):
            return silent(asked, asked.said)
        if isinstance(asked.said, Fault):
            meant = meaning(Service.ERP, asked.said)
            # Whom MPS does not know as an issuer of ours has no agreement through us any more.
            if meant.kind is not Kind.NO_ISSUER:
                return asked.verdict(meant.code, meant.text, asked.said.text)
        return await self._kept(agreement.moved(found, State.DISABLED))

    async def look(self) -> Verdict | None:
        """Finds out how those go on whose time has come; several of them, not more than a round of
        calls may take. A Verdict when the service can not be asked."""
        for entry in await self._register.due(AGREEMENT, self._now()):
            found = agreement.of(entry)
            # Whoever has written the entry last looks: another worker leaves it alone.
            if not await self._register.put([found.entry(self._now())]):
                continue
            found = replace(found, version=found.version + 1)
            silence = await self._look_at(found)
            if silence is not None:
                return silence
        return None

    async def _look_at(self, found: Agreement) -> Verdict | None:
        if found.state is State.REQUESTED:
            asked = await self._asked(Operation.CREATE_ISSUER, found)
            await self._created(asked, found)
            return silent(asked, asked.said) if isinstance(asked.said, Silence) else None
        if found.rule_due:
            found = await self._add_rule(found)
        asked = await self._asked(Operation.GET_ISSUER, found)
        told = _status(asked, found)
        if isinstance(told, Silence):
            return silent(asked, told)
        if isinstance(told, IssuerStatus):
            found = agreement.news(found, told)
        elif meaning(Service.ERP, told).kind is Kind.NO_ISSUER:
            found = agreement.moved(found, State.DISABLED)
        await self._kept(agreement.looked_at(found, self._now()))
        return None

    async def _created(self, asked: Exchange, found: Agreement) -> Entry | Verdict:
        """What came of making an issuer. Of one that there is MPS tells how it stands."""
        told = _status(asked, found)
        if isinstance(told, IssuerStatus):
            return await self._kept(agreement.news(found, told))
        if isinstance(told, Fault):
            meant = meaning(Service.ERP, told)
            if meant.kind not in (Kind.FAILED, Kind.NOT_ALLOWED):
                await self._kept(agreement.moved(found, State.DECLINED, meant.text))
                return asked.verdict(meant.code, meant.text, told.text)
            found = replace(found, reason=meant.text)
        # It is in the register, and asked for again by itself.
        return await self._kept(agreement.looked_at(found, self._now()))

    async def _add_rule(self, found: Agreement) -> Agreement:
        asked = await self._asked(Operation.ADD_RULE, found)
        if isinstance(asked.said, Silence):
            return found
        if isinstance(asked.said, Fault):
            meant = meaning(Service.ERP, asked.said)
            if meant.kind is Kind.REFUSED:
                return replace(found, rule_due=False, reason=meant.text)
            if meant.kind is not Kind.DONE:
                return found
        return replace(found, rule_due=False, reason=None)

    async def _asked(self, operation: Operation, found: Agreement) -> Exchange:
        message = str(uuid4())
        issuer = found.issuer
        if operation is Operation.CREATE_ISSUER:
            content = issuers.create_issuer(message, issuer)
        elif operation is Operation.ADD_RULE:
            content = issuers.add_rule(message, issuer)
        else:
            content = issuers.issuer_question(operation, message, issuer.organisation_number)
        return await self._client.ask(Service.ERP, operation, message, content)

    async def _kept(self, found: Agreement) -> Entry:
        """Writes what has become of an agreement. Who has written since knows better: then what is
        in the register is the answer."""
        if await self._save(found) is None:
            return replace(found, version=found.version + 1).entry(self._now())
        entry = await self._register.get(
            found.company_id, AGREEMENT, found.issuer.organisation_number
        )
        return entry or found.entry(self._now())

    async def _save(self, found: Agreement) -> Verdict | None:
        """Writes an agreement with who holds the organisation number. A Verdict where that is
        another company, or somebody has written since: then nothing is written."""
        number = found.issuer.organisation_number
        held = await self._register.get("", _HOLDER, number) or Entry("", _HOLDER, number)
        holder = held.data.get("company_id", _NOBODY)
        if holder not in (_NOBODY, found.company_id):
            return _HELD_HERE
        after = _NOBODY if found.state in OVER else found.company_id
        entries = [found.entry(self._now())]
        if holder != after:
            entries.append(replace(held, data={"company_id": after}))
        return None if await self._register.put(entries) else _CHANGED


def _status(asked: Exchange, found: Agreement) -> IssuerStatus | Fault | Silence:
    if isinstance(asked.said, Fault | Silence):
        return asked.said
    try:
        told = issuers.read_issuer_status(asked.said)
        if told.organisation_number != found.issuer.organisation_number:
            raise Malformed("the answer is about another issuer")
    except Malformed as error:
        return Silence(Trouble.OUTCOME_UNKNOWN, str(error))
    return told


def _no(code: str, text: str) -> Verdict:
    return Verdict(code, text, text)


_HELD_HERE: Final = _no(
    "efaktura_no.held_here", "Another company on this gateway has this organisation number."
)
_CHANGED: Final = _no(
    "efaktura_no.just_changed", "The agreement was changed just now by somebody else; look again."
)
