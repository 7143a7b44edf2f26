"""The demo as a test: the whole way of every example it tells."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.client import Client
from gateway.demo.stories import STORIES, Story
from gateway.demo.teller import Teller, Told
from gateway.sandbox import SEEDS, Sandbox
from tests.e2e.command import budkavle, on_terminal


async def test_every_document_ends_as_foretold() -> None:
    ran = await budkavle("demo")
    assert ran.code == 0, ran.out + ran.err
    assert "NOT AS FORETOLD" not in ran.out
    assert ran.err == ""
    for story in STORIES:
        assert story.title in ran.out


async def test_a_terminal_has_the_table() -> None:
    ran = await on_terminal("demo")
    assert ran.code == 0, ran.out + ran.err
    for word in ("Document", "Plan", "Channel", "State", "Why", "rejected", "✓"):
        assert word in ran.out


class Notes:
    """A `Show` that remembers the verdicts."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def say(self, sentence: str) -> None:
        pass

    def verdict(self, well: bool, sentence: str) -> None:
        if not well:
            self.wrong.append(sentence)

    def table(self, told: Sequence[Told]) -> None:
        pass


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ends": "failed"}, "it is delivered and not failed"),
        ({"tried": ("email sent",)}, "tried were ('internal delivered',)"),
        ({"breaks": ("BR-01",)}, "it breaks ()"),
    ],
)
async def test_what_was_foretold_otherwise_is_told(
    change: dict[str, object], told: str, tmp_path: Path
) -> None:
    story: Story = replace(STORIES[0], **change)  # type: ignore[arg-type]
    notes = Notes()
    async with AsyncExitStack() as up:
        sandbox = await up.enter_async_context(Sandbox(tmp_path))
        clients = {
            seed.key: await up.enter_async_context(Client(sandbox.gateway.url, seed.key))
            for seed in SEEDS
        }
        teller = Teller(sandbox, clients, notes, limit_s=300, stories=[story])
        assert not await teller.tell()
    assert any(told in sentence for sentence in notes.wrong)
