"""What is filled in to act on a document: read as the API reads it, and secret where it must be."""

from __future__ import annotations

import pytest

from gateway.console.acting.allowed import Act
from gateway.console.acting.many import Ticked
from gateway.console.acting.one import seen
from gateway.console.acting.wish import (
    OPEN,
    POSTAL,
    SECRET,
    Route,
    route_of,
    sealed,
    unsealed,
)
from gateway.console.forms import Form
from gateway.console.pages import Words
from gateway.delivery.rerouting import NewRoute
from transports.base import PostalAddress

KEY = bytes(range(32))
ABOUT = ("ses_1", "doc_1")
NUMBER = {"personal_number": "198701019815"}


def form(**fields: str) -> Form:
    return Form(fields, said=tuple(fields.items()))


def test_a_route_is_read_as_the_api_reads_it() -> None:
    said = (("channels", "email"), ("channels", ""), ("channels", "letter"), ("channels", "email"))
    fields = {
        "email": " ny@kund.example ",
        "postal_street": "Nygatan 7",
        "postal_street2": "c/o Ek",
        "postal_post_code": "621 55",
        "postal_city": "Visby",
        "postal_country": "SE",
    }
    read = route_of(Form(fields, said=(*said, *fields.items())), NUMBER).read()
    assert isinstance(read, NewRoute)
    assert read.channels == ("email", "letter")
    assert read.recipient == {"email": "ny@kund.example", **NUMBER}
    house = PostalAddress("", ("Nygatan 7", "c/o Ek"), "621 55", "Visby", "SE")
    assert read.postal_address == house


def test_nothing_filled_in_changes_nothing() -> None:
    assert route_of(form(email=" "), {}).read() == NewRoute()


def test_everything_that_can_be_wrong_has_a_word_in_every_language() -> None:
    wrong = dict.fromkeys((*OPEN, *(f"postal_{name}" for name in POSTAL)), "\x07")
    faults = Route(("pigeon",), wrong, dict.fromkeys(SECRET, "\x07")).read()
    assert isinstance(faults, tuple)
    assert set(faults) == {*wrong, *SECRET, "channels"}
    missing = Route(fields={"postal_name": "Kund"}).read()
    assert set(missing) == {f"postal_{n}" for n in ("street", "post_code", "city", "country")}
    for name in (*faults, "reason"):
        for language in ("en", "sv", "nb"):
            assert Words(language)(f"acting_fault_{name}")


def test_what_is_sealed_opens_for_what_it_is_about_alone() -> None:
    kept = sealed(KEY, ABOUT, NUMBER)
    assert NUMBER["personal_number"] not in kept
    assert unsealed(KEY, ABOUT, kept) == NUMBER
    assert sealed(KEY, ABOUT, {}) == ""
    for other in (("ses_2", "doc_1"), ("ses_1", "doc_2"), ("ses_1",)):
        assert unsealed(KEY, other, kept) == {}
    for garbage in ("", "x", "é", "%%%", kept[:-4], "A" * 400, kept.swapcase()):
        assert unsealed(KEY, ABOUT, garbage) == {}
    assert unsealed(bytes(32), ABOUT, kept) == {}


def test_a_secret_that_is_typed_anew_counts() -> None:
    assert route_of(form(), NUMBER).secrets == NUMBER
    anew = route_of(form(personal_number="198701019823"), NUMBER).secrets
    assert anew == {"personal_number": "198701019823"}
    assert "1987" not in repr(route_of(form(), NUMBER))


@pytest.mark.parametrize("version", ["", "x", "-1", "1.5", "9" * 30, "٣x"])
def test_what_is_no_version_has_moved_on(version: str) -> None:
    assert seen(version, Act.HOLD, "o").version == -1


def test_what_is_asked_for_once_has_a_key_of_its_verb() -> None:
    assert seen("7", Act.HOLD, "o" * 100).key == f"hold-{'o' * 64}"
    assert seen("7", Act.HOLD, "").key is None


def test_a_row_of_a_form() -> None:
    assert Ticked.of("com_1/doc_1/7/abc") == Ticked("com_1", "doc_1", "7", "abc")
    assert Ticked.of("com_1/doc_1") == Ticked("com_1", "doc_1")
    assert Ticked.of("") == Ticked("", "")
    assert Ticked.of("a/b/c/d/e/f") == Ticked("a", "b", "c", "d")
