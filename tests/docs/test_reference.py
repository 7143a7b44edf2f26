"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.generate import NOTE, PAGES, REFERENCE, ROOT

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    written = (REFERENCE / name).read_text("utf-8")
    assert written == NOTE + PAGES[name](), "run `make docs`"


def pages() -> list[Path]:
    skipped = {".venv", ".git", "node_modules"}
    return [page for page in ROOT.rglob("*.md") if not skipped & set(page.parts)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    broken = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert not broken


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = {(ROOT / "docs" / link).resolve() for link in LINK.findall(index)}
    missing = [
        str(page.relative_to(ROOT))
        for page in (ROOT / "docs").rglob("*.md")
        if page.resolve() not in listed and page.name != "README.md"
    ]
    assert not missing


@pytest.mark.parametrize("room", ["gateway", "schemas", "transports", "validators", "tests"])
def test_each_room_explains_itself_on_one_screen(room: str) -> None:
    assert len((ROOT / room / "README.md").read_text("utf-8").splitlines()) <= 25
