"""Terms: what a document is found by, folded so that it is found however somebody writes it.

In charge of folding, and of which terms a document's head, its messages and its channels'
references give. Not in charge of where they are kept (`sqlite.naming`, `postgres.naming`). Pure.

A token is a term and what it is: `n=f1001` (its number), `p=918130047` (a party), `w=nordisk` (a
word of a name), `r=2345676` (what a payer states), `m=...` (a message, or a channel's reference).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from gateway.store.messages import Message
    from gateway.store.port import Arrival, Head, Leg

NUMBER, PARTY, WORD, REFERENCE, MESSAGE = "n=", "p=", "w=", "r=", "m="

_MOST_CHARACTERS = 64  # of a term; what is longer is found by these
_MOST_WORDS = 10  # of a name; bounds what a foreign document can make us write
_FEWEST_CHARACTERS = 2  # of a word of a name

# Sorts after everything that a term may go on with.
END = "\U0010ffff"


def folded(text: str) -> str:
    """Letters and digits alone, without case: `F-2026/17 A` is `f202617a`."""
    kept = (c for c in normalize("NFKC", text).casefold() if c.isalnum())
    return "".join(kept)[:_MOST_CHARACTERS]


def tokens(
    head: Head | None, messages: Iterable[Message] = (), legs: Iterable[Leg] = ()
) -> tuple[str, ...]:
    """All that a document is found by, each once."""
    found = [*_of_head(head)] if head is not None else []
    for message in messages:
        found += [MESSAGE + folded(message.id), MESSAGE + folded(message.reference)]
    found += [MESSAGE + folded(leg.reference) for leg in legs if leg.reference]
    return tuple(dict.fromkeys(token for token in found if len(token) > len(MESSAGE)))


def of_arrival(arrival: Arrival) -> tuple[str, ...]:
    """What a document is found by that has just come in."""
    return tokens(arrival.head, () if arrival.message is None else (arrival.message,))


def of_messages(messages: Iterable[Message]) -> list[tuple[str, Sequence[str]]]:
    """What messages let their documents be found by, with the documents' ids."""
    return [(one.document_id, tokens(None, [one])) for one in messages if one.document_id]


def _of_head(head: Head) -> Iterator[str]:
    yield NUMBER + folded(head.number or "")
    for participant in (head.sender, head.recipient):
        yield from (PARTY + term for term in of_party(participant or ""))
    yield from (PARTY + folded(number) for number in head.organisation_numbers)
    for name in (head.sender_name, head.recipient_name):
        yield from (WORD + word for word in of_name(name or ""))
    yield REFERENCE + folded(head.reference or "")


def of_party(participant: str) -> tuple[str, ...]:
    """The participant, and what stands behind its scheme: an organisation number mostly."""
    return tuple({folded(participant), folded(participant.partition(":")[2] or participant)})


def of_name(name: str) -> Sequence[str]:
    """The whole name, its other words, and those with something between their letters as they
    stand. (What begins like its first word, the whole name does.)"""
    pieces = re.split(r"[\W_]+", name)[1:_MOST_WORDS]
    joined = [word for word in name.split()[1:_MOST_WORDS] if not word.isalnum()]
    words = dict.fromkeys(folded(word) for word in (name, *pieces, *joined))
    return [word for word in words if len(word) >= _FEWEST_CHARACTERS]


def together(written: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Sequence[str]]:
    """The tokens of each document, by its id; those without any are left out."""
    each: dict[str, Sequence[str]] = {}
    for document_id, found in written:
        if found:
            each[document_id] = (*each.get(document_id, ()), *found)
    return each


def values(written: Sequence[str]) -> list[str]:
    """The terms of tokens, each once."""
    return sorted({token[len(WORD) :] for token in written})


def line(written: Sequence[str]) -> str:
    """Tokens as they are kept with a document: each has a space before and behind it."""
    return f" {' '.join(written)} "
