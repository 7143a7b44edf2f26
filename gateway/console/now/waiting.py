"""What needs a person, each in a sentence: how many, since when, who has to act, and where.

In charge of which piles are a person's, and of their order: what stops most goes first. Pure. Not
in charge of the sentences (`words/now.toml`: the one named `now_<what>`, of one thing
`now_<what>_one`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.certificates import SOON_DAYS, Certificate
from gateway.channel_health import ChannelHealth, Condition
from gateway.console.now import links
from gateway.console.now.ages import Ago, ago
from gateway.lifecycle import State
from gateway.registration.states import ParticipantState
from gateway.store.lanes import LaneState
from gateway.store.overview import Aged, OpenDocuments, Pile, Where
from gateway.trust.verification.states import Asking

US: Final = "us"
COMPANY: Final = "company"
PARTNER: Final = "partner"


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that waits. `what` names the sentence, `n` and `name` are filled in; `who` has to
    act: us, company or partner. `more`: there are more than `n`."""

    what: str
    n: int
    who: str
    path: str
    name: str = ""
    since: datetime | None = None
    age: Ago | None = None
    more: bool = False


# Why documents are held: what their code begins with, the sentence, and who has to act. The first
# that fits is it.
_HELD: Final = (
    ("delivery.outcome_unknown", "held_unknown", COMPANY),
    ("internal.", "held_fault", US),
    ("route.several", "held_several", COMPANY),
    ("company.", "held_unverified", COMPANY),
    ("attachment.", "held_attachment", COMPANY),
    ("document.", "held_document", US),
    ("held.", "held_by_person", COMPANY),
)

_ASKED: Final = {
    Asking.SIGNED: ("verify_signed", US),
    Asking.WANTED: ("verify_asked", COMPANY),
    Asking.ASKED: ("verify_asked", COMPANY),
}
_WEBHOOK_BY_HAND: Final = "webhook.switched_off"


def waits(
    found: OpenDocuments,
    piles: Sequence[Pile],
    lanes: Sequence[LaneState],
    health: Sequence[ChannelHealth],
    certificates: Sequence[Certificate],
    now: datetime,
) -> tuple[Wait, ...]:
    """All of it, what stops most first."""
    return (
        *_of_channels(health, now),
        *_of_lanes(lanes, {one.name for one in health}, now),
        *_of_certificates(certificates, now),
        *_held([one for one in found.of if one.state is State.HELD], now),
        *_of_piles(piles, now),
    )


def _of_channels(health: Sequence[ChannelHealth], now: datetime) -> Iterator[Wait]:
    for one in health:
        match one.condition:
            case Condition.RESTING | Condition.TRYING:
                what, who = "channel_down", PARTNER
            case Condition.PAUSED:
                what, who = "channel_paused", US
            case _:
                continue
        yield Wait(
            *(what, one.waiting, who, links.channel(one.name), one.name),
            *_since(one.oldest_due_at, now),
        )


def _of_lanes(lanes: Sequence[LaneState], shown: set[str], now: datetime) -> Iterator[Wait]:
    """Those of other work: channels are told of by how they are."""
    for lane in lanes:
        if lane.paused and lane.name not in shown:
            yield Wait(
                *("lane_paused", lane.waiting, US, links.channel(lane.name), lane.name),
                *_since(lane.oldest_due_at, now),
            )


def _since(at: datetime | None, now: datetime) -> tuple[datetime | None, Ago | None]:
    return at, None if at is None else ago(at, now)


def _of_certificates(certificates: Sequence[Certificate], now: datetime) -> Iterator[Wait]:
    for one in certificates:
        days, name = one.days(now), f"{one.section}.{one.setting}"
        path = links.CHANNELS
        if days is None:
            yield Wait("certificate_unread", 0, US, path, name)
        elif days < 0:
            yield Wait("certificate_over", -days, US, path, name)
        elif days < SOON_DAYS:
            yield Wait("certificate_ends", days, US, path, name)


def _held(found: Sequence[Aged], now: datetime) -> Iterator[Wait]:
    left = list(found)
    for begin, what, who in (*_HELD, ("", "held_other", US)):
        these = [one for one in left if one.code.startswith(begin)]
        left = [one for one in left if one not in these]
        if these:
            since = min(one.oldest_at for one in these)
            codes = sorted({one.code for one in these})
            path = links.log(("state", "held"), *(("code", code) for code in codes[:_MOST_CODES]))
            n = sum(one.n for one in these)
            yield Wait(what, n, who, path, since=since, age=ago(since, now))


_MOST_CODES: Final = 20  # in one link


def _of_piles(piles: Sequence[Pile], now: datetime) -> Iterator[Wait]:
    told: dict[tuple[str, str], list[tuple[Pile, str]]] = {}
    for pile in piles:
        found = _of_pile(pile)
        if found is not None:
            what, who, path = found
            told.setdefault((what, who), []).append((pile, path))
    order = list(_ORDER)
    for (what, who), these in sorted(told.items(), key=lambda one: order.index(one[0][0])):
        oldest, path = min(these, key=lambda one: one[0].oldest_at)
        yield Wait(
            *(what, sum(pile.n for pile, _ in these), who, path),
            since=oldest.oldest_at,
            age=ago(oldest.oldest_at, now),
            more=not all(pile.whole for pile, _ in these),
        )


_ORDER: Final = (
    *("dead", "attachment_error", "blocked", "aside", "webhook", "registration_refused"),
    *("registration", "verify_signed", "verify_asked", "verify_again"),
)


def _of_pile(pile: Pile) -> tuple[str, str, str] | None:
    """Its sentence, who has to act, and where; None for what waits for nobody."""
    match pile.where:
        case Where.DEAD:
            return "dead", US, links.JOBS
        case Where.ATTACHMENT_ERROR:
            return "attachment_error", US, f"{links.INBOX}?state=attachment_error"
        case Where.BLOCKED:
            return "blocked", US, f"{links.INBOX}?state=blocked"
        case Where.ASIDE:
            return "aside", US, links.ASIDE
        case Where.WEBHOOK:
            if pile.code == _WEBHOOK_BY_HAND:
                return None
            return "webhook", COMPANY, links.company(pile.company_id, "webhooks")
        case Where.REGISTRATION:
            refused = pile.code == ParticipantState.REFUSED
            what = "registration_refused" if refused else "registration"
            return what, US, links.company(pile.company_id, "participants")
        case Where.VERIFICATION:
            return _of_verification(pile)


def _of_verification(pile: Pile) -> tuple[str, str, str] | None:
    standing, _, asking = pile.code.partition(".")
    if standing == "revoked":
        return None
    what, who = _ASKED.get(Asking(asking), ("verify_again", US))
    return what, who, links.company(pile.company_id, "verification")
