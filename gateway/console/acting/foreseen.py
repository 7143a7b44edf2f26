"""What a verb will do, in sentences, before it is done. Pure.

In charge of saying exactly what the deciding functions of `gateway.delivery` would make of it. Not
in charge of whether it is possible (`allowed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from gateway.console.acting.allowed import VERBS, Act, Known
from gateway.console.documents.sentence import channel_name, clock
from gateway.console.pages import Words
from gateway.delivery import recall
from gateway.delivery.choice import SEVERAL
from gateway.delivery.legs import OPEN, LegState
from gateway.delivery.outcome import OUTCOME_UNKNOWN
from gateway.delivery.verbs import from_the_first
from gateway.lifecycle import State
from gateway.routing.plan import Plan
from gateway.store.port import Document, Leg, Role
from schemas.identifiers import Kind, check, is_sole_trader
from transports.base import PostalAddress, Recipient


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its name in the words (`acting_will_...`), and what it is filled in with."""

    word: str
    values: Mapping[str, str | int | datetime] = field(default_factory=dict)

    def text(self, words: Words, now: datetime) -> str:
        """In the reader's language; times and channels as that has them."""
        filled = {
            name: clock(value, now)
            if isinstance(value, datetime)
            else channel_name(words, str(value))
            if name == "channel"
            else value
            for name, value in self.values.items()
        }
        return words(f"acting_will_{self.word}", **filled)


def in_short(said: Sequence[Sentence], words: Words, now: datetime) -> tuple[str, ...]:
    """The sentences for a row of a table: the way in one of them."""
    way = [
        f"{channel_name(words, str(one.values['channel']))} {one.values.get('address', '')}".strip()
        for one in said
        if one.word in _WAY
    ]
    taken = (words("acting_will_take", way=" → ".join(way)),) if way else ()
    others = (one.text(words, now) for one in said if one.word not in (*_WAY, _FAIL))
    return (*taken, *others)


_FAIL: Final = "fail"
_WAY: Final = ("go", "go_to", "go_first", "go_first_to", "go_then", "go_then_to")


@dataclass(frozen=True, slots=True)
class Ahead:
    """A channel that will be tried, and the address there; empty where none can be shown."""

    channel: str
    address: str = ""


def foreseen(
    act: Act,
    document: Document,
    known: Known,
    plan: Plan | None = None,
    recipient: Recipient | None = None,
) -> tuple[Sentence, ...]:
    """What will happen. `plan` is the one it goes by then, and `recipient` who gets it; both are
    there for a document that has been checked."""
    match act:
        case Act.HOLD:
            return tuple(_hold(document))
        case Act.RELEASE if document.code == OUTCOME_UNKNOWN:
            return (Sentence("count_as_sent"), Sentence("not_go_again"))
        case Act.RELEASE | Act.RETRY | Act.RESEND | Act.REROUTE:
            return tuple(_go(act, document, known, plan, recipient))
        case Act.CHOOSE:
            return (Sentence("go_to_chosen"),)
        case Act.CANCEL if document.state in recall.POSSIBLE:
            return tuple(_take_back(known.facts.legs))
        case Act.CANCEL:
            unsure = (Sentence("perhaps_be_there"),) if known.facts.unsure else ()
            return (Sentence("not_be_sent"), *unsure, Sentence("stay_cancelled"))
        case Act.REVOKE_LINK:
            return (Sentence("open_nothing", {"links": known.links}), Sentence("keep_fetched"))
        case _:
            assert_never(act)


def _hold(document: Document) -> Iterator[Sentence]:
    if document.next_at is not None:
        yield Sentence("not_go_on", {"at": document.next_at})
    yield Sentence("be_held")


def _take_back(legs: Sequence[Leg]) -> Iterator[Sentence]:
    leg = recall.taken(legs)
    if leg is not None:
        yield Sentence("be_asked_for", {"channel": leg.channel})
    yield Sentence("be_asked_again", {"days": recall.GIVEN_UP.days})
    yield Sentence("perhaps_be_seen")


def _go(
    act: Act, document: Document, known: Known, plan: Plan | None, recipient: Recipient | None
) -> Iterator[Sentence]:
    facts = known.facts
    if Role.PLAN not in facts.roles:
        yield Sentence("be_checked")
        return
    if act in (Act.RELEASE, Act.RETRY) and document.code == SEVERAL:
        yield Sentence("ask_whom_again")
    if from_the_first(document, VERBS[act], facts) and plan is not None:
        way: Iterable[Ahead] = by_plan(plan, recipient)
    else:
        way = by_legs(facts.legs, recipient)
    yield from _way(list(way))
    had = document.state in (State.SENT, State.DELIVERED)
    if (facts.unsure and act is not Act.RELEASE) or had:
        yield Sentence("perhaps_come_twice")


def _way(way: Sequence[Ahead]) -> Iterator[Sentence]:
    for n, one in enumerate(way):
        word = "go_then" if n else "go_first" if len(way) > 1 else "go"
        values: dict[str, str | int | datetime] = {"channel": one.channel}
        if one.address:
            yield Sentence(f"{word}_to", {**values, "address": one.address})
        else:
            yield Sentence(word, values)
    if way:
        yield Sentence(_FAIL)


def by_plan(plan: Plan, recipient: Recipient | None) -> list[Ahead]:
    """The channels of a plan from its first one; one that is asked twice in a row counts once."""
    return _once(Ahead(step.channel, address(step.channel, recipient)) for step in plan.included)


def by_legs(legs: Sequence[Leg], recipient: Recipient | None) -> list[Ahead]:
    """What is left of the way that a document is on."""
    left = [leg for leg in legs if leg.state in OPEN]
    return _once(
        Ahead(
            leg.channel,
            (shown_address(leg) if leg.state == LegState.TRYING else "")
            or address(leg.channel, recipient),
        )
        for leg in left
    )


def _once(way: Iterable[Ahead]) -> list[Ahead]:
    kept: list[Ahead] = []
    for one in way:
        if not kept or kept[-1] != one:
            kept.append(one)
    return kept


# Channels that know recipients by what anybody may see; others know them by personal numbers.
_SHOWN: Final = frozenset({"email", "letter", "peppol", "internal"})


def shown_address(leg: Leg) -> str:
    """The address that a leg went to, where it may be shown."""
    shown = leg.address or ""
    return "" if leg.channel not in _SHOWN or _is_personal(shown) else shown


def address(channel: str, recipient: Recipient | None) -> str:
    """Where a channel takes a document, in one line; empty where that is not known before, or is
    never shown."""
    if recipient is None:
        return ""
    match channel:
        case "email":
            return recipient.email or ""
        case "letter":
            return "" if recipient.postal_address is None else one_line(recipient.postal_address)
        case "peppol":
            shown = "" if recipient.participant is None else str(recipient.participant)
            return "" if _is_personal(shown) else shown
        case _:
            return ""


def _is_personal(participant: str) -> bool:
    """Whether it is the address of a Swedish sole trader: a personal number."""
    scheme, _, number = participant.rpartition(":")
    return scheme == "0007" and check(Kind.SE_ORGNR, number) and is_sole_trader(number)


def one_line(address: PostalAddress) -> str:
    """A postal address in one line."""
    place = f"{address.post_code} {address.city}".strip()
    return ", ".join(filter(None, (address.name, *address.lines, place, address.country)))
