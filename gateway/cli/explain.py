"""`budkavle explain`: a rule in plain words, with a wrong and a right example."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from gateway.cli.output import on_terminal

if TYPE_CHECKING:  # what it needs is loaded when it is used
    from validators.explain import Explanation, Line
    from validators.messages import Texts

_MOST_ROWS = 4  # of a long line that differs
_INSET = " " * 9


@click.command()
@click.argument("rule", metavar="RULE")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day whose rules apply. Default: today.",
)
@click.option(
    "--profile", help="Rule set, where several have the rule. Default: the first of them."
)
@click.option(
    "--language",
    type=click.Choice(["en", "sv", "nb"]),
    default="en",
    show_default=True,
    help="Language of the explanation.",
)
def explain(rule: str, at: datetime | None, profile: str | None, language: str) -> None:
    """Explains RULE, the id of a finding: what it finds, what to do, and examples."""
    from validators.explain import explain as look_up
    from validators.explain import similar
    from validators.messages import texts
    from validators.profiles import NAMES

    if profile is not None and profile not in NAMES:
        raise click.BadParameter(f"known ones: {', '.join(NAMES)}", param_hint="--profile")
    day = at.date() if at else datetime.now(UTC).date()
    rule = rule if "/" in rule else rule.upper()
    try:
        told = look_up(rule, at=day, language=language, profile=profile)
    except KeyError:
        near = [each for each in similar(rule) if each != rule]
        hint = f"; did you mean {' or '.join(near)}?" if near and not profile else ""
        where = f" in {profile}" if profile else ""
        click.echo(f"There is no rule {rule}{where}{hint}", err=True)
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

    def _document(self, name: str, lines: Sequence[Line], colour: str) -> Iterator[str]:
        yield ""
        yield self._paint(self._words[name], "1")
        texts = textwrap.dedent("\n".join(line.text for line in lines)).split("\n")
        before = None
        for line, text in zip(lines, texts, strict=True):
            if before is not None and line.number > before + 1:
                yield self._paint(f"{'':>8} …", "2")
            before = line.number
            mark = ("-" if colour == "31" else "+") if line.differs else " "
            rows = self._rows(text, _MOST_ROWS if line.differs else 1)
            for head, row in zip_longest([f"{mark} {line.number:>5}  "], rows, fillvalue=_INSET):
                yield self._paint(f"{head}{row}", colour if line.differs else "2")

    def _rows(self, text: str, most: int) -> list[str]:
        """A line of a document in rows as wide as there is room, no more than so many."""
        wide = self._width - len(_INSET)
        if most == 1:
            return [text if len(text) <= wide else f"{text[: wide - 1]}…"]
        inset = " " * min(len(text) - len(text.lstrip()), wide // 2)
        rows = textwrap.wrap(
            text,
            wide,
            subsequent_indent=inset,
            break_on_hyphens=False,
            max_lines=most,
            placeholder="…",
        )
        return rows or [""]

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
