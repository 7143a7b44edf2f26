"""What the page quotes stands in the file that it names, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/howto/add-a-transport.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("file", "code"), QUOTED, ids=lambda value: value[:40].strip())
def test_it_quotes_what_runs(file: str, code: str) -> None:
    assert code in (ROOT / file).read_text(encoding="utf-8")


def test_every_python_block_names_its_file() -> None:
    assert len(QUOTED) == PAGE.count("```python") > 3


def test_every_path_it_names_is_there() -> None:
    named = re.findall(r"`((?:gateway|transports|tests|docs)/[\w/.-]+)`", PAGE)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert named and not missing
