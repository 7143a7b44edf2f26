"""Search: documents of one company or of many by what people know of them.

In charge of what can be asked for and of what the store promises of the answers. Not in charge of
how people write it (`gateway.console.log`), nor of who may ask for whose documents. How the stores
go about it: `gateway.store.walks`; docs/explain/search.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.lifecycle import InboxState, State
    from gateway.store.port import Direction, Page
    from validators.findings import Finding


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. All that is said must hold; of several values in one field, any. Of words
    all must be found.

    `companies`: of these alone; None is of all, which only operators may ask. Numbers, parties,
    messages, references and words are compared folded (`gateway.store.terms`): without case, and
    by their letters and digits alone.
    """

    companies: Collection[str] | None
    direction: Direction | None = None
    states: Collection[State] = ()
    inbox: Collection[InboxState] = ()  # inbound: where it is in the inbox
    channels: Collection[str] = ()  # the channel that has it, or had it last
    codes: Collection[str] = ()  # what its code begins with: "email" has "email.bounced"
    kinds: Collection[str] = ()  # invoice, credit_note ...
    rules: Collection[str] = ()  # rules that it was found to break, official ids
    numbers: Collection[str] = ()  # the document's own number, whole
    parties: Collection[str] = ()  # participants or organisation numbers, of either side
    messages: Collection[str] = ()  # ids of messages of a network, or a channel's reference
    references: Collection[str] = ()  # what a payer states: OCR, KID
    words: Collection[str] = ()  # each is an id, or what a name, number or party begins with
    since: datetime | None = None  # came at this time or later
    until: datetime | None = None  # came before


@dataclass(frozen=True, slots=True)
class Facets:
    """How the documents that were found are spread: by `state`, `channel`, `company`, `code`,
    `kind` and `direction`, the most frequent values first.

    Only the newest `counted` were looked at; `whole` says whether these are all.
    """

    counted: int
    whole: bool
    of: Mapping[str, Sequence[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a document was found to break: its official id, and how bad that is."""

    rule: str
    severity: str  # fatal, warning, information


@dataclass(frozen=True, slots=True)
class FailingRule:
    """A rule, and how many documents were found to break it."""

    rule: str
    severity: str  # the worst of them
    documents: int
    first_at: datetime
    last_at: datetime


_WORST = ("fatal", "warning", "information")
_MOST_RULES = 200  # of one document; bounds what a foreign one can make us write


def broken(findings: Iterable[Finding]) -> tuple[Broken, ...]:
    """The rules of findings, each once with its worst severity."""
    worst: dict[str, str] = {}
    for finding in findings:
        severity = finding.severity.value
        before = worst.get(finding.rule, severity)
        worst[finding.rule] = min(before, severity, key=_WORST.index)
    return tuple(Broken(rule, severity) for rule, severity in worst.items())[:_MOST_RULES]


class Search(Protocol):
    """Operations on documents across companies.

    Documents are found by numbers, parties, messages, references, words and rules from the moment
    on when these were read out of them; those from before the version that brought search, by
    numbers, parties and words once `name_older` has come to them.
    """

    async def found(self, question: Question, *, after: str | None = None, limit: int = 50) -> Page:
        """A page of what was found, newest first; stable while documents come in. BadCursor when
        `after` is not a page's `next`.

        So many documents are looked at for one page and no more: it may hold fewer than were asked
        for, or none, and still have a `next`. Then `sought_to` says how far it has come, and who
        wants more asks on from there.
        """
        ...

    async def facets(self, question: Question, *, values: int = 10) -> Facets:
        """How what is found is spread; at most so many values of each."""
        ...

    async def suggested(
        self, companies: Collection[str] | None, begin: str, limit: int = 10
    ) -> Sequence[tuple[str, str]]:
        """What begins like this, as (field of the question, value): numbers, parties, words. Of
        the newest documents that have it alone."""
        ...

    async def failing_rules(
        self, companies: Collection[str] | None, since: datetime, limit: int = 50
    ) -> Sequence[FailingRule]:
        """The rules that most documents that came since then were found to break, the most frequent
        first. Of the newest findings alone, where there are very many."""
        ...

    async def name_older(self, limit: int) -> bool:
        """Gives the next so many documents from before this version their terms, newest first;
        whether some are left."""
        ...
