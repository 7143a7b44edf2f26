"""Who the recipient is to MPS: what to look for, and what those found are to a question. Pure.

In charge of choosing by what a consumer is looked for, and of what an answer means. Not in charge
of asking.
"""

from __future__ import annotations

from typing import Final

from schemas.identifiers import Kind, check, normal
from transports.base import Candidate, NotReachable, Reachability, Reachable, Recipient, Several
from transports.efaktura_no.client import Exchange
from transports.efaktura_no.wire.consumers import Acceptance, Consumer, Search

# The questions of the routing order, and how a consumer takes eFaktura for whom the answer is yes.
# None: a plan that asks this channel once.
ASK: Final = "ask"
TAKEN: Final[dict[str | None, frozenset[Acceptance]]] = {
    "agreement": frozenset({Acceptance.AGREEMENT}),
    "yes_to_all": frozenset({Acceptance.YES_TO_ALL, Acceptance.AGREEMENT}),
    None: frozenset({Acceptance.YES_TO_ALL, Acceptance.AGREEMENT}),
    # Whoever has said yes, and was not reached that way, has nothing to be asked for.
    ASK: frozenset({Acceptance.NONE}),
}


class Unfindable(ValueError):
    """What is known of the recipient is not what one can be looked for by; the message is public,
    `code` that of a verdict."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def searches(recipient: Recipient) -> tuple[Search, ...]:
    """What to look for, one after the other until somebody is found. Who is named by a number of
    his own is looked for by that alone: anybody else would be the wrong one. Raises Unfindable."""
    if recipient.efaktura_id:
        if check(Kind.NO_FODSELSNUMMER, recipient.efaktura_id):
            raise Unfindable(
                "efaktura_no.bad_efaktura_id",
                "What is given as delivery.efaktura_id is a fødselsnummer; give it as "
                "delivery.personal_number.",
            )
        return (Search(efaktura_id=recipient.efaktura_id),)
    personal = recipient.personal_number
    if personal and check(Kind.NO_FODSELSNUMMER, personal):
        return (Search(personal_number=normal(Kind.NO_FODSELSNUMMER, personal)),)
    if personal and recipient.country == "NO":
        raise Unfindable(
            "efaktura_no.bad_personal_number",
            "What is given as delivery.personal_number is no fødselsnummer: eleven digits with two "
            "check digits.",
        )
    found: list[Search] = []
    if recipient.phone:
        found.append(Search(phone=recipient.phone.replace(" ", "")))
    if recipient.email:
        found.append(Search(email=recipient.email))
    address = recipient.postal_address
    if address and address.name and address.lines and address.post_code and address.city:
        found.append(
            Search(
                name=address.name,
                street=address.lines[0],
                post_code=address.post_code,
                city=address.city,
            )
        )
    if not found:
        raise Unfindable(
            "efaktura_no.nothing_to_look_for",
            "Nothing is known that a consumer is found by: an eFaktura identifier, a "
            "fødselsnummer, a mobile number, an e-mail address, or name and address.",
        )
    return tuple(found)


def answer(question: str | None, found: tuple[Consumer, ...], asked: Exchange) -> Reachability:
    """What those found are to a question of the routing order."""
    evidence, taken = asked.as_question(), TAKEN.get(question, TAKEN[None])

    def no(code: str, text: str) -> NotReachable:
        return NotReachable(asked.verdict(code, text), evidence)

    if not found:
        return no("efaktura_no.not_found", "Nobody who takes eFaktura was found.")
    if not any(each.acceptance in taken for each in found):
        if all(each.acceptance is Acceptance.BLOCKED for each in found):
            return no(
                "efaktura_no.blocked", "The recipient does not want eFaktura from this sender."
            )
        if question == ASK:
            return no("efaktura_no.takes_it_already", "The recipient takes eFaktura already.")
        if question == "agreement":
            return no("efaktura_no.no_consumer_agreement", "The recipient has no agreement.")
        return no("efaktura_no.no_consent", "The recipient has not said yes to eFaktura.")
    if len(found) > 1:
        text = f"{len(found)} people fit what is known of the recipient."
        return Several(
            asked.verdict("efaktura_no.several", text),
            tuple(Candidate(each.identifier, _told(each)) for each in found),
            evidence,
        )
    (one,) = found
    code, text = _YES[ASK if question == ASK else one.acceptance]
    return Reachable(one.identifier, asked.verdict(code, text), evidence)


_YES: Final[dict[str, tuple[str, str]]] = {
    Acceptance.AGREEMENT: (
        "efaktura_no.agreement",
        "The recipient has an eFaktura agreement with this sender.",
    ),
    Acceptance.YES_TO_ALL: (
        "efaktura_no.yes_to_all",
        "The recipient has said yes to eFaktura from everybody.",
    ),
    ASK: ("efaktura_no.can_be_asked", "The recipient can be asked for an eFaktura agreement."),
}

_HOW: Final = {
    Acceptance.AGREEMENT: "has an agreement with you",
    Acceptance.YES_TO_ALL: "has said yes to everybody",
    Acceptance.NONE: "has not said yes",
    Acceptance.BLOCKED: "has blocked you",
}


def _told(consumer: Consumer) -> str:
    who = ", ".join(part for part in (consumer.name, consumer.city) if part)
    return f"{who or 'without a name'}: {_HOW[consumer.acceptance]}"
