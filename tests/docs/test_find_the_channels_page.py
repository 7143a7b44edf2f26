"""The page about finding channels: its file and its question are taken as they stand there, and its
numbers and columns are those of the code."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

from gateway.api.lookup import LookupQuestion
from gateway.api.problems import MOST_ERRORS
from gateway.identifying.jobs import KEPT, MOST_JOBS
from gateway.identifying.table import COLUMNS, MOST_ROWS, Wrong, read
from gateway.intake.shape import bind
from gateway.ways import Answer

PAGE = (Path(__file__).parents[2] / "docs/howto/find-the-channels-of-your-customers.md").read_text(
    "utf-8"
)
SAID = " ".join(PAGE.split())


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_file_on_the_page_is_taken() -> None:
    rows = read(block("csv").encode(), is_csv=True, today=date(2026, 11, 22))
    assert not isinstance(rows, Wrong) and len(rows) == 2


def test_the_question_on_the_page_is_taken() -> None:
    question = bind(json.loads(block("json").partition("\n")[2]), LookupQuestion)
    assert isinstance(question, LookupQuestion) and question.recipient is not None


def test_every_column_and_every_answer_is_named() -> None:
    named = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    assert set(COLUMNS) <= named and set(Answer) <= named


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"up to {MOST_ROWS:,} of them" in SAID
    assert f"Up to {MOST_ERRORS} faults" in SAID
    assert MOST_JOBS == 20 and "Twenty files of a company" in SAID
    assert KEPT.days == 7 and "After seven days" in SAID
