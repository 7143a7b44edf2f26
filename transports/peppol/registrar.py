"""Participants put into the network, taken out of it, and moved: one step each, as often as needed.

In charge of what the locator's answers mean when a step was done before, was cut off, or was done
by somebody else: then it asks what is so, and does not guess. Not in charge of the order of the
steps, nor of remembering them (`gateway.registration`).
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.identifiers import Participant
from transports.peppol.publishing import Publisher, Refused, Said, Settled, Unsettled
from transports.peppol.sml import Located, NotRegistered, Sml
from transports.peppol.sml_admin import Fault, Faulted, SmlAdmin


@dataclass(frozen=True, slots=True)
class Here:
    """DNS names our publisher."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """DNS names another publisher."""

    url: str


@dataclass(frozen=True, slots=True)
class Nowhere:
    """DNS names none."""


class Registrar:
    """A publisher, its way into the locator, and DNS to see what came of it.

    `admin` is None for a publisher that tells the locator itself.
    """

    def __init__(self, publisher: Publisher, admin: SmlAdmin | None, dns: Sml) -> None:
        self.publisher = publisher
        self._admin = admin
        self._dns = dns

    async def where(self, participant: Participant) -> Here | Elsewhere | Nowhere | Unsettled:
        """What DNS says of a participant. It may say what was, for as long as it remembers."""
        found = await self._dns.locate(participant)
        match found:
            case Located():
                ours = found.url.lower() == self.publisher.url.lower()
                return Here() if ours else Elsewhere(found.url)
            case NotRegistered():
                return Nowhere()
            case _:
                return Unsettled("sml_unavailable", found.text)

    async def enter(self, participant: Participant) -> Said:
        """Has the locator name our publisher."""
        if self._admin is None:
            return await self._entered_by_publisher(participant)
        said = await self._admin.create(participant)
        if not isinstance(said, Faulted):
            return said
        if said.fault is not Fault.BAD_REQUEST:
            return _ours_to_mend(said)
        holds = await self._admin.holds(participant)
        if holds is True:
            return Settled()  # an earlier try whose answer was lost
        if holds is not False:
            return _unknown(holds)
        where = await self.where(participant)
        if isinstance(where, Elsewhere):
            return _elsewhere(participant, where)
        return Refused("sml_refused", f"The SML does not take {participant}: {said.text}")

    async def leave(self, participant: Participant) -> Said:
        """Has the locator no longer name our publisher."""
        if self._admin is None:
            return Settled()  # its publisher sees to it when it is withdrawn there
        said = await self._admin.delete(participant)
        if not isinstance(said, Faulted) or said.fault is Fault.INTERNAL:
            return said if not isinstance(said, Faulted) else _ours_to_mend(said)
        holds = await self._admin.holds(participant)
        if holds is False:
            return Settled()  # it was not ours, or is not any more
        return _ours_to_mend(said) if holds is True else _unknown(holds)

    async def hand_over(self, participant: Participant, key: str) -> Said:
        """Lets whoever has the key take the participant over."""
        if self._admin is None:
            return _no_admin()
        said = await self._admin.prepare(participant, key)
        if not isinstance(said, Faulted):
            return said
        if said.fault not in (Fault.BAD_REQUEST, Fault.NOT_FOUND):
            return _ours_to_mend(said)
        return Refused("sml_refused", f"The SML does not let {participant} go: {said.text}")

    async def take_over(self, participant: Participant, key: str) -> Said:
        """Takes a participant over with the key that its publisher has given out."""
        if self._admin is None:
            return _no_admin()
        said = await self._admin.migrate(participant, key)
        if not isinstance(said, Faulted):
            return said
        if said.fault is Fault.INTERNAL:
            return _ours_to_mend(said)
        holds = await self._admin.holds(participant)
        if holds is True:
            return Settled()  # an earlier try whose answer was lost
        if holds is not False:
            return _unknown(holds)
        text = f"The SML does not let us take {participant} over with this key: {said.text}"
        return Refused("migration_refused", text)

    async def gone(self, participant: Participant) -> bool | Unsettled:
        """Whether the locator has it with another publisher now: DNS says so, and so does the
        locator's own list where we can read it."""
        where = await self.where(participant)
        if isinstance(where, Unsettled):
            return where
        if not isinstance(where, Elsewhere) or self._admin is None:
            return isinstance(where, Elsewhere)
        holds = await self._admin.holds(participant)
        if isinstance(holds, bool):
            return not holds
        return _unknown(holds)

    async def _entered_by_publisher(self, participant: Participant) -> Said:
        where = await self.where(participant)
        match where:
            case Here():
                return Settled()
            case Elsewhere():
                return _elsewhere(participant, where)
            case Nowhere():
                text = f"The publisher has {participant}, and DNS does not know of it yet."
                return Unsettled("not_in_dns", text)
            case _:
                return where


def _elsewhere(participant: Participant, where: Elsewhere) -> Refused:
    text = (
        f"{participant} is registered with another publisher, {where.url}. Have it withdrawn there,"
        " or get a migration key from there and take it over with that."
    )
    return Refused("registered_elsewhere", text)


def _ours_to_mend(said: Faulted) -> Unsettled:
    """What no participant can help: our set-up, or a fault of the SML. It goes on when it is
    mended."""
    match said.fault:
        case Fault.NOT_FOUND:
            text = (
                f"The SML does not know our publisher (`budkavle publisher register`): {said.text}"
            )
            return Unsettled("publisher_unknown", text)
        case Fault.UNAUTHORIZED:
            text = f"The SML does not take our publisher's certificate: {said.text}"
            return Unsettled("publisher_unauthorized", text)
        case _:
            return Unsettled("sml_fault", f"The SML answered: {said.text}")


def _unknown(holds: Faulted | Unsettled | bool) -> Unsettled:
    if isinstance(holds, Faulted):
        return _ours_to_mend(holds)
    assert isinstance(holds, Unsettled)
    return holds


def _no_admin() -> Refused:
    text = "The publisher is not ours: only those who run it can move participants."
    return Refused("not_our_publisher", text)
