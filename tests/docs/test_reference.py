"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from gateway import layers
from gateway.cli import cli
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


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {key.name for key in layers.every_key()}
    # The channels' names begin the codes of their answers too, so only these sections are told by.
    sections = "http|worker|webhooks|log"
    named = set(re.findall(rf"`((?:{sections})\.(?!py`)[a-z_]+)`", page.read_text("utf-8")))
    assert named <= known


COMMAND = re.compile(r"\bbudkavle (\w[\w-]*)((?: [a-z][a-z-]*)?)([^`\n|#]*)")


@pytest.mark.parametrize(
    "page",
    [page for page in pages() if page.parent != REFERENCE],  # those are made from the commands
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    for block in re.findall(r"`[^`]+`|^```\w*\n.*?^```", page.read_text("utf-8"), re.M | re.S):
        for name, below, rest in COMMAND.findall(block):
            command = cli.get_command(click.Context(cli), name)
            assert command is not None, f"budkavle {name}"
            if isinstance(command, click.Group) and below.strip():
                command = command.commands[below.strip()]
            else:
                rest = below + rest
            spelt = (
                each for param in command.params for each in (param.opts, param.secondary_opts)
            )
            options = {"--help"}.union(*spelt)
            assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest)) <= options, (
                f"budkavle {name}{rest}"
            )
