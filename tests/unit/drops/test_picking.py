"""Which files are whole, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.drops.picking import WINDOW, Bundle, Look, look
from gateway.drops.place import Kind, Seen

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=10)


def file(name: str, size: int = 10, modified: int = 1, kind: Kind = Kind.FILE) -> Seen:
    return Seen(name, kind, size, modified)


def looked(*files: Seen) -> Look:
    """What two looks say between which nothing has happened."""
    first = look(files, {}, NOW, SETTLE)
    assert not first.ready
    return look(files, first.known, NOW + SETTLE, SETTLE)


def names(bundles: Sequence[Bundle]) -> list[list[str]]:
    return [[each.document.name, *(one.name for one in each.attachments)] for each in bundles]


def test_a_file_is_taken_once_it_has_looked_the_same_for_a_while() -> None:
    a = file("a.xml")
    first = look([a], {}, NOW, SETTLE)
    soon = look([a], first.known, NOW + SETTLE / 2, SETTLE)
    assert not soon.ready and soon.oldest == NOW
    assert names(look([a], soon.known, NOW + SETTLE, SETTLE).ready) == [["a.xml"]]


@pytest.mark.parametrize("change", [{"size": 11}, {"modified": 2}, {"identity": "7"}])
def test_one_that_changes_begins_anew(change: dict[str, int]) -> None:
    a = file("a.xml")
    first = look([a], {}, NOW, SETTLE)
    grown = replace(a, **change)  # type: ignore[arg-type]
    second = look([grown], first.known, NOW + SETTLE, SETTLE)
    assert not second.ready
    assert look([grown], second.known, NOW + 2 * SETTLE, SETTLE).ready


def test_a_clock_that_was_set_back_keeps_nothing_waiting_for_long() -> None:
    first = look([file("a.xml")], {}, NOW + timedelta(days=1), SETTLE)
    back = look([file("a.xml")], first.known, NOW, SETTLE)
    assert look([file("a.xml")], back.known, NOW + SETTLE, SETTLE).ready


def test_files_of_the_same_stem_are_one_document() -> None:
    found = looked(file("4711.xml"), file("4711.PDF"), file("4711.csv"), file("4712.json"))
    assert names(found.ready) == [["4711.xml", "4711.PDF", "4711.csv"], ["4712.json"]]


def test_what_is_being_written_holds_back_what_it_belongs_to() -> None:
    found = looked(file("a.xml"), file("A.pdf.part"), file("b.xml"), file("c.xml.tmp"))
    assert names(found.ready) == [["b.xml"]]
    assert found.waiting == 2


def test_an_attachment_that_still_grows_holds_its_document_back() -> None:
    first = look([file("a.xml"), file("a.pdf")], {}, NOW, SETTLE)
    grown = [file("a.xml"), file("a.pdf", 20)]
    assert not look(grown, first.known, NOW + SETTLE, SETTLE).ready


def test_a_pdf_alone_is_a_document_and_so_is_anything() -> None:
    found = looked(file("a.pdf"), file("b"), file("c.dat"), file("d.pdf"), file("d.png"))
    assert names(found.ready) == [["a.pdf"], ["b"], ["c.dat"], ["d.pdf", "d.png"]]


def test_nobody_guesses_which_of_two_documents_a_file_belongs_to() -> None:
    found = looked(file("a.xml"), file("a.json"), file("a.pdf"), file("b.xml"), file("b.json"))
    told = {each.document.name: each.several for each in found.ready}
    assert told == {
        "a.xml": True,
        "a.json": True,
        "a.pdf": True,
        "b.xml": False,
        "b.json": False,
    }


def test_what_is_no_file_comes_alone() -> None:
    found = looked(file("a", kind=Kind.FOLDER), file("a.xml"), file("a.lnk", kind=Kind.OTHER))
    assert names(found.ready) == [["a"], ["a.lnk"], ["a.xml"]]


def test_the_longest_there_go_first_and_the_rest_has_to_wait() -> None:
    files = [file(f"{n}.xml", modified=n) for n in range(WINDOW + 5)]
    found = looked(*reversed(files))
    assert names(found.ready) == [[f"{n}.xml"] for n in range(WINDOW)]
    assert found.waiting == WINDOW + 5 and len(found.known) == WINDOW
    rest = look(files[WINDOW:], found.known, NOW + SETTLE, SETTLE)
    assert not rest.ready and len(rest.known) == 5


def test_what_office_leaves_beside_an_open_file_is_not_looked_at() -> None:
    assert looked(file("~$a.xlsx")).waiting == 0
