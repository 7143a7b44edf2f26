"""Seeking: what is rare among frequent things takes several pages, each of bounded work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gateway.store.port import Arrival, Company, Head
from gateway.store.search import Question
from gateway.store.seeking.documents import Effort, Sought, seek
from gateway.store.sqlite import SqliteStore, schema
from gateway.store.sqlite.search import DIALECT, answered

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HEAD = Head(number="F-1", kind="invoice", recipient_name="Nordisk AS")
RARE = Question(companies=None, kinds=["credit_note"], words=["nordisk"])


async def test_only_so_many_are_looked_at_for_a_page(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await store.add_company(Company("ours", "Vårt AB", "SE", (), {}), NOW)
    heads = [replace(HEAD, kind="credit_note"), *[HEAD] * 9]
    ids = [
        await store.arrive(Arrival(str(n), "ours", head, [], "internal"), NOW)
        for n, head in enumerate(heads)
    ]
    reader = schema.connect_for_reading(tmp_path / "budkavle.sqlite")

    def sought(question: Question, before: int | None, effort: Effort) -> Sought:
        return answered(reader, seek(question, before, 1, "d.id", DIALECT, effort))

    pages, before = [], None
    while not pages or pages[-1].next is not None:
        pages.append(sought(RARE, before, Effort(whole=2, looked=4)))
        before = pages[-1].next
    assert [row[1] for page in pages for row in page.rows] == ids[:1]
    assert [page.cut for page in pages] == [True, True, False]
    # Known whole, it is found at once; and so it is in a list of its own.
    assert [row[1] for row in sought(RARE, None, Effort(whole=10, looked=4)).rows] == ids[:1]
    rare = replace(RARE, words=[str(ids[0])])
    assert [row[1] for row in sought(rare, None, Effort(whole=2, looked=4)).rows] == ids[:1]
    reader.close()
    await store.close()
