"""A report as a page of HTML: the document with its findings at their lines.

In charge of one self-contained page for any number of documents: no script, no address outside,
everything from a document escaped. Light and dark, and fit for print. Not in charge of what is in a
report (`validators.pipeline`). `head`, a `section` for each document, then `FOOT` make the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from validators.findings import Finding, Report, Severity
from validators.guard import as_bytewise
from validators.messages import Texts, texts
from validators.profiles import UNKNOWN
from validators.report import by_line, together

# What is not this near a finding is folded; of a document with more lines it is left out.
AROUND: Final = 3
WHOLE_LINES: Final = 2_000
# Of one rule so many findings are told, and so many characters of a line (a file embedded in it).
MOST_ALIKE: Final = 50
MOST_CHARACTERS: Final = 240
MOST_TERMS: Final = 3

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2127; --dim: #5c6773; --ground: #ffffff;
  --sheet: #f5f6f8; --line: #d9dde3; --fatal: #b3261e; --fatal-ground: #fdecea; --warning: #855300;
  --warning-ground: #fff4e0; --information: #0b5c8f; --information-ground: #e8f3fb;
  --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --dim: #98a2ae; --ground: #14171b;
  --sheet: #1c2026; --line: #343b44; --fatal: #ff9d94; --fatal-ground: #3a1d1b; --warning: #ffc66b;
  --warning-ground: #35280f; --information: #8cc8f2; --information-ground: #12293a;
  --good: #7fd6a0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; }
h1 { font-size: 1rem; font-weight: 600; margin: 0; color: var(--dim); }
h2 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 2rem 0 .75rem; }
section { padding-bottom: 3rem; }
section + section { border-top: 1px solid var(--line); padding-top: 2rem; }
.verdict { margin: 0; display: flex; flex-wrap: wrap; gap: .5rem; align-items: baseline; }
.count { border-radius: 999px; padding: .1rem .75rem; font-weight: 600; }
.count.good { color: var(--good); border: 1px solid currentColor; }
.dim { color: var(--dim); }
.fatal { --tone: var(--fatal); --tone-ground: var(--fatal-ground); }
.warning { --tone: var(--warning); --tone-ground: var(--warning-ground); }
.information { --tone: var(--information); --tone-ground: var(--information-ground); }
.count.fatal, .count.warning, .count.information { color: var(--tone);
  background: var(--tone-ground); }
.findings { list-style: none; margin: 0; padding: 0; }
.findings li { display: grid; grid-template-columns: 5.5rem 1fr; gap: 0 1rem; padding: .6rem 0;
  border-top: 1px solid var(--line); align-items: baseline; }
.findings li:last-child { border-bottom: 1px solid var(--line); }
.findings .at { font-variant-numeric: tabular-nums; }
a { color: inherit; text-underline-offset: .2em; }
a:focus-visible { outline: 2px solid var(--information); outline-offset: 2px; }
.rule { color: var(--tone); font-weight: 600; }
.path, pre, .values { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace;
  font-size: .8125rem; }
.path { color: var(--dim); overflow-wrap: anywhere; }
.document { background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem 0; overflow-x: auto; margin: 0; }
.document pre { margin: 0; padding: 0 1rem 0 0; line-height: 1.55; display: grid;
  grid-template-columns: 4.5rem 1fr; white-space: pre-wrap; overflow-wrap: anywhere; }
.document code { word-break: break-all; }
.document pre > span:first-child { color: var(--dim); text-align: right; padding-right: 1rem;
  user-select: none; font-variant-numeric: tabular-nums; }
.document pre.marked { background: var(--tone-ground); box-shadow: inset 3px 0 var(--tone); }
.note { margin: 0 1rem .5rem 4.5rem; padding: .4rem .9rem .5rem; background: var(--ground);
  border: 1px solid var(--tone); border-radius: 0 0 .4rem .4rem; }
.note p, .findings p { margin: .15rem 0; }
.values { display: grid; grid-template-columns: max-content 1fr; gap: 0 .9rem; margin: .3rem 0; }
.values dt { color: var(--dim); }
.values dd { margin: 0; overflow-wrap: anywhere; }
.gap, summary { padding: .2rem 1rem .2rem 4.5rem; color: var(--dim); font-size: .8125rem; }
summary { cursor: pointer; padding-left: 3.4rem; }
summary:focus-visible { outline: 2px solid var(--information); outline-offset: -2px; }
:target { outline: 2px solid var(--information); }
@media (max-width: 40rem) { .findings li { grid-template-columns: 1fr; }
  .note { margin-left: 1rem; } .document pre { grid-template-columns: 3rem 1fr; }
  .gap, summary { padding-left: 1rem; } }
@media print { body { font-size: 10pt; } header, main { max-width: none; padding: 0; }
  .document { border: 0; background: none; } .note, .findings li { break-inside: avoid; }
  h3 { break-after: avoid; } pre.marked { break-after: avoid; } a { text-decoration: none; } }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

FOOT: Final = "</main>\n</body>\n</html>\n"


def head(language: str = "en") -> str:
    """The page up to the first document."""
    title = escape(texts(language).words["report"])
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Budkavle: {title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>Budkavle: {title}</h1></header>\n<main>\n"
    )


def section(
    file: str, report: Report, source: bytes, *, number: int = 1, language: str = "en"
) -> str:
    """A document and its findings; `number` tells the documents of a page apart."""
    page = _Section(texts(language), f"d{number}")
    lines = as_bytewise(source).decode("utf-8", "replace").splitlines()
    told = first_of_each(by_line(report.findings))
    parts = [
        f'<section aria-labelledby="{page.name}">\n<h2 id="{page.name}">{escape(file)}</h2>\n',
        page.verdict(report),
        *page.findings(told, len(report.findings) - len(told)),
        *page.document(lines, told),
        "</section>\n",
    ]
    return "".join(parts)


def first_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, of each rule no more than `MOST_ALIKE`."""
    seen: Counter[str] = Counter()
    told = []
    for finding in findings:
        seen[finding.rule] += 1
        if seen[finding.rule] <= MOST_ALIKE:
            told.append(finding)
    return told


class _Section:
    """How the part of the page about one document is written."""

    def __init__(self, said: Texts, name: str) -> None:
        self.name = name
        self._words = said.words
        self._said = said

    def verdict(self, report: Report) -> str:
        """How many findings of each severity, and by which rule set."""
        counts = Counter(finding.severity for finding in report.findings)
        shown = []
        for severity in filter(counts.get, Severity):
            word = self._words[severity if counts[severity] == 1 else f"{severity}_many"]
            shown.append(f'<span class="count {severity}">{counts[severity]} {escape(word)}</span>')
        if not shown:
            shown = [f'<span class="count good">✓ {escape(self._words["right"])}</span>']
        known = report.profile if report.profile != UNKNOWN else ""
        profile = f'<span class="dim">{escape(known)}</span>'
        return f'<p class="verdict">{" ".join(shown)} {profile}</p>\n'

    def findings(self, findings: Sequence[Finding], more: int) -> Iterator[str]:
        """The list on top, each with a way to its line."""
        if not findings:
            return
        heading = f"{self.name}-findings"
        yield f'<h3 id="{heading}">{escape(self._words["findings"])}</h3>\n'
        yield f'<ol class="findings" aria-labelledby="{heading}">\n'
        for rules, finding in together(findings):
            at = ""
            if finding.line is not None:
                word = f"{escape(self._words['line'])} {finding.line}"
                at = f'<a href="#{self._line(finding.line)}">{word}</a>'
            yield (
                f'<li class="{finding.severity}"><span class="at">{at}</span><div>'
                f"<p>{self._named(rules, finding)} {escape(finding.text)}</p>"
                + (f"<p>→ {escape(finding.hint)}</p>" if finding.hint else "")
                + f'<p class="path">{_breakable(finding.where)}</p></div></li>\n'
            )
        yield "</ol>\n"
        if more:
            yield f'<p class="dim">+ {more} {escape(self._words["findings"].lower())}</p>\n'

    def document(self, lines: Sequence[str], findings: Sequence[Finding]) -> Iterator[str]:
        """The lines of the document with the findings below theirs."""
        heading = f"{self.name}-document"
        yield f'<h3 id="{heading}">{escape(self._words["document"])}</h3>\n'
        yield f'<div class="document" role="region" aria-labelledby="{heading}" tabindex="0">\n'
        at: dict[int, list[Finding]] = {}
        for finding in findings:
            if finding.line is not None and finding.line <= len(lines):
                at.setdefault(finding.line, []).append(finding)
        before = 0
        for number in (*near(len(lines), at), len(lines) + 1):
            yield from self._between(before + 1, number, lines)
            before = number
            if number <= len(lines):
                yield self._source_line(number, lines[number - 1], at.get(number, ()))
        yield "</div>\n"

    def _between(self, first: int, end: int, lines: Sequence[str]) -> Iterator[str]:
        """The lines between those near findings, from the first up to `end`."""
        if first == end:
            return
        if len(lines) > WHOLE_LINES:
            yield f'<div class="gap">… {end - first} {escape(self._words["cut"])}</div>\n'
            return
        yield f"<details><summary>{end - first} {escape(self._words['lines'])}</summary>\n"
        for number in range(first, end):
            yield self._source_line(number, lines[number - 1], ())
        yield "</details>\n"

    def _source_line(self, number: int, text: str, findings: Sequence[Finding]) -> str:
        severities = [finding.severity for finding in findings]
        worst = next((each for each in Severity if each in severities), None)
        mark = f' class="marked {worst}"' if worst else ""
        anchor = f' id="{self._line(number)}"' if worst else ""
        cut = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
        row = f"<pre{mark}{anchor}><span>{number}</span><code>{escape(cut)}</code></pre>\n"
        notes = (self._note(rules, finding) for rules, finding in together(findings))
        return row + "".join(notes)

    def _note(self, rules: str, finding: Finding) -> str:
        values = "".join(
            f"<dt>{escape(self._words[word])}</dt><dd>{escape(value)}</dd>"
            for word, value in (("stated", finding.stated), ("computed", finding.computed))
            if value is not None
        )
        # Of many the first stands here; the rule is about the others elsewhere.
        about = finding.terms if len(finding.terms) <= MOST_TERMS else finding.terms[:1]
        terms = ", ".join(f"{self._said.terms.get(term, '')} ({term})".strip() for term in about)
        return (
            f'<div class="note {finding.severity}">'
            f"<p>{self._named(rules, finding)} {escape(finding.text)}</p>"
            + (f'<dl class="values">{values}</dl>' if values else "")
            + (f"<p>→ {escape(finding.hint)}</p>" if finding.hint else "")
            + (f'<p class="dim">{escape(terms)}</p>' if terms else "")
            + "</div>\n"
        )

    def _named(self, rules: str, finding: Finding) -> str:
        word = escape(self._words[finding.severity])
        return f'<span class="rule">{word} {escape(rules)}</span>'

    def _line(self, number: int) -> str:
        return f"{self.name}-line-{number}"


def _breakable(path: str) -> str:
    """A path that may go on in the next row behind each step."""
    return escape(path).replace("/", "/<wbr>")


def near(count: int, marked: Iterable[int]) -> Sequence[int]:
    """The numbers of the lines around those with findings."""
    near = {
        number
        for line in marked
        for number in range(max(1, line - AROUND), min(count, line + AROUND) + 1)
    }
    return sorted(near)
