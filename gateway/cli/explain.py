"""`budkavle explain`: a rule in plain words, with a wrong and a right example."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.output import on_terminal

if TYPE_CHECKING:  # what it needs is loaded when it is used
    from validators.explain import Explanation, Line
    from validators.messages import Texts


@click.command()
@click.argument("rule", metavar="RULE")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day whose rules apply. Default: today.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "sv", "nb"]),
    default="en",
    show_default=True,
    help="Language of the explanation.",
)
def explain(rule: str, at: datetime | None, language: str) -> None:
    """Explains RULE, the id of a finding: what it finds, what to do, and examples."""
    from validators.explain import explain as look_up
    from validators.explain import similar
    from validators.messages import texts

    day = at.date() if at else datetime.now(UTC).date()
    try:
        told = look_up(rule.upper(), at=day, language=language)
    except KeyError:
        near = similar(rule)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        click.echo(f"There is no rule {rule}{hint}", err=True)
        sys.exit(2)
    page = _Page(texts(language), min(shutil.get_terminal_size().columns, 100), on_terminal())
    click.echo("\n".join(page.lines(told)))


class _Page:
    """How an explanation is laid out: in which words, how wide, with colours or without."""

    def __init__(self, said: Texts, width: int, colour: bool) -> None:
        self._words = said.words
        self._width = max(width, 40)
        self._colour = colour

    def lines(self, told: Explanation) -> Iterator[str]:
        """All lines."""
        colour = "31;1" if told.severity == "fatal" else "33;1"
        yield f"{self._paint(told.rule, '1')}  {self._paint(self._words[told.severity], colour)}"
        yield from self._part("what", told.text)
        yield from self._part("todo", told.hint)
        yield ""
        yield from self._facts(told)
        if told.example is None:
            yield ""
            yield from self._wrapped(self._words["never"], "")
            return
        yield from self._document("bad", told.example.bad, "31")
        yield from self._document("good", told.example.good, "32")
        yield from self._part("says", f"{told.example.finding.text} {told.example.finding.hint}")
        if told.example.first is not None:
            yield ""
            first = told.example.first
            yield from self._wrapped(f"{self._words['first']} {first.rule}: {first.text}", "")

    def _facts(self, told: Explanation) -> Iterator[str]:
        since = self._words["since"].format(day=told.since) if told.since else ""
        until = self._words["until"].format(day=told.until) if told.until else ""
        facts = {
            "about": ", ".join(f"{name} ({term})" for term, name in told.terms),
            "source": told.source,
            "counts": ", ".join(filter(None, (since, until))) or self._words["always"],
            "profiles": ", ".join(told.profiles),
        }
        wide = max(len(self._words[name]) for name in facts)
        for name, fact in facts.items():
            if fact:
                head = f"{self._words[name]:<{wide}}  "
                first, *rest = self._wrapped(f"{head}{fact}", "", " " * len(head))
                yield self._paint(first[: len(head)], "2") + first[len(head) :]
                yield from rest

    def _part(self, name: str, text: str) -> Iterator[str]:
        yield ""
        yield self._paint(self._words[name], "1")
        yield from self._wrapped(text, "  ")

    def _document(self, name: str, lines: Iterable[Line], colour: str) -> Iterator[str]:
        yield ""
        yield self._paint(self._words[name], "1")
        before = None
        for line in lines:
            if before is not None and line.number > before + 1:
                yield self._paint(f"{'':>8} …", "2")
            before = line.number
            mark = ("-" if colour == "31" else "+") if line.differs else " "
            text = f"{mark} {line.number:>5}  {line.text}"
            text = text if len(text) <= self._width else text[: self._width - 1] + "…"
            yield self._paint(text, colour if line.differs else "2")

    def _wrapped(self, text: str, inset: str, then: str | None = None) -> list[str]:
        return textwrap.wrap(
            text,
            self._width,
            initial_indent=inset,
            subsequent_indent=inset if then is None else then,
            break_on_hyphens=False,
        )

    def _paint(self, text: str, kind: str) -> str:
        return f"\x1b[{kind}m{text}\x1b[0m" if self._colour else text
