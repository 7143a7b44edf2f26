"""What docs/howto/find-documents.md says of the language is what the console reads."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.console.log import days
from gateway.console.log.query import WORDS, parse
from gateway.console.log.saved import MOST
from gateway.console.log.table import MOST_ROWS
from gateway.console.pages import Words

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "find-documents.md").read_text()


def test_the_table_has_every_word_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+):` \| (.+?) \| `(.+?)` \|$", PAGE, re.M)
    said = Words("en")
    assert rows == [
        (word.name, said(f"log_word_{word.name}"), f"{word.name}:{word.example}")
        for word in WORDS.values()
    ]


def test_every_example_and_every_time_reads() -> None:
    examples = re.search(r"```text\n(.+?)```", PAGE, re.S)
    assert examples is not None
    for line in examples[1].splitlines():
        query, faults = parse(line)
        assert faults == () and query.terms
    times = PAGE[PAGE.index("## Times") : PAGE.index("## On the page")]
    assert set(days.EXPECTED) <= set(re.findall(r"`([^`]+)`", times))


def test_limits_are_those_of_the_code() -> None:
    assert f"{MOST} at most" in PAGE
    assert f"{MOST_ROWS:,} rows" in PAGE
