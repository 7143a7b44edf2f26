"""What a letter can carry: addresses, pages before it, and how a sender wants it printed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.case import RECIPIENT, envelope
from transports.base import PostalAddress
from transports.letter import terms
from transports.letter.address import (
    DRAWN,
    Window,
    block,
    faults,
    missing,
    normal,
    return_line,
)
from transports.letter.cover import cover, is_wanted
from transports.letter.terms import CoverPage, Terms
from transports.letter.wire import LetterClass

LUND = PostalAddress("Bageri Ägget AB", ("Ågatan 2",), "222 33", "Lund", "SE")
WINDOW = Window()


# --- the address ------------------------------------------------------------------------------


def test_a_good_address_has_no_faults() -> None:
    assert missing(LUND) == []
    assert faults(LUND, "SE", WINDOW) == ()


def test_all_that_is_missing_is_named() -> None:
    bare = PostalAddress(" ", (" ", ""), "", "Lund", "SE")
    assert missing(bare) == ["a name", "a street or box", "a post code"]
    assert len(missing(None)) == 5


@pytest.mark.parametrize(
    ("country", "post_code", "written"),
    [
        ("SE", "22233", "222 33"),
        ("SE", " 222  33 ", "222 33"),
        ("SE", "SE-222 33", "222 33"),
        ("se", "S-22233", "222 33"),
        ("NO", "N-0150", "0150"),
        ("DK", "DK-2100", "2100"),
        ("FI", "00100", "00100"),
        ("DE", "D-10115", "D-10115"),
        ("GB", "SW1A 1AA", "SW1A 1AA"),
    ],
)
def test_a_post_code_is_written_as_its_country_does(
    country: str, post_code: str, written: str
) -> None:
    there = replace(LUND, country=country, post_code=post_code)
    assert faults(there, country, WINDOW) == ()
    assert normal(there).post_code == written


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"post_code": "2223"}, ["five digits"]),
        ({"post_code": "2223X"}, ["five digits"]),
        ({"country": "NO"}, ["four digits"]),
        ({"country": "Sverige"}, ["two letters"]),
        ({"name": "Bageri\x00"}, ["U+0000"]),
        ({"city": "Lund\u202e"}, ["U+202E"]),
        ({"lines": ("a", "b", "c", "d", "e")}, ["7 lines"]),
        ({"post_code": "1", "name": "\x07"}, ["five digits", "U+0007"]),
    ],
)
def test_all_that_can_not_be_printed_is_said(changes: dict[str, Any], said: list[str]) -> None:
    found = faults(replace(LUND, **changes), "SE", WINDOW)
    assert len(found) == len(said), found
    for fault, words in zip(found, said, strict=True):
        assert words in fault


def test_a_letter_abroad_has_a_line_more() -> None:
    full = replace(LUND, lines=("a", "b", "c", "d"))
    assert faults(full, "SE", WINDOW) == ()
    (fault,) = faults(full, "NO", WINDOW)
    assert "7 lines with the country's" in fault
    assert faults(full, "NO", Window(height=35)) == ()


def test_a_long_line_is_broken_at_a_space_and_counts_for_each_piece() -> None:
    long = replace(LUND, name="Föreningen för " + "mycket " * 8 + "långa namn")
    lines = block(long, WINDOW)
    assert all(len(line) <= WINDOW.letters for line in lines)
    assert " ".join(lines[:-2]) == long.name
    narrow = Window(width=30)
    assert "letters" in faults(long, "SE", narrow)[0]


def test_an_address_has_no_blank_lines_and_its_return_address_is_one_line() -> None:
    loose = PostalAddress(" Åkeri \n AB ", ("", "Kajen  1", " "), "11122", " Stockholm", "se")
    assert normal(loose) == PostalAddress("Åkeri AB", ("Kajen 1",), "111 22", "Stockholm", "SE")
    assert return_line(loose) == "Åkeri AB, Kajen 1, 111 22 Stockholm, SE"


@given(
    st.builds(
        PostalAddress,
        st.text(),
        st.lists(st.text(), max_size=3).map(tuple),
        st.text(),
        st.text(),
        st.text(),
    )
)
def test_whatever_an_address_is_something_is_said(address: PostalAddress) -> None:
    for fault in faults(address, "SE", WINDOW):
        assert fault
    assert all(len(line) <= WINDOW.letters for line in block(normal(address), WINDOW))


def test_our_own_invoices_have_it_in_the_usual_window() -> None:
    assert WINDOW.shows(*DRAWN)
    assert not Window(left=110).shows(*DRAWN)
    assert not Window(height=20).shows(*DRAWN)
    assert WINDOW.lines == 6


# --- the page before it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "own", "window", "wanted"),
    [
        (CoverPage.OWN_PDF, False, WINDOW, False),
        (CoverPage.OWN_PDF, True, WINDOW, True),
        (CoverPage.OWN_PDF, False, Window(left=110), True),
        (CoverPage.ALWAYS, False, WINDOW, True),
        (CoverPage.NEVER, True, Window(left=110), False),
    ],
)
def test_when_a_page_goes_before_it(
    wish: CoverPage, own: bool, window: Window, wanted: bool
) -> None:
    given = replace(envelope(RECIPIENT, "", "a"), own_image=own)
    assert is_wanted(given, wish, window) is wanted


def test_what_is_on_the_page() -> None:
    page = cover(envelope(RECIPIENT, "", "a"), LUND, "SE", WINDOW)
    assert page.lines == ("Bageri Ägget AB", "Ågatan 2", "222 33 Lund")
    assert page.return_line == "Åkeri & Söner AB, Kajen 1, 111 22 Stockholm, SE"
    assert (page.kind, page.number, page.country) == ("invoice", "1001", "SE")
    full = replace(LUND, lines=("a", "b", "c", "d"))
    assert cover(envelope(RECIPIENT, "", "a"), full, "SE", WINDOW).return_line is None


# --- terms ------------------------------------------------------------------------------------


def test_terms_are_read() -> None:
    assert terms.read({}) == Terms()
    said = {"colour": True, "duplex": False, "letter_class": "priority", "attachments": False}
    read = terms.read({**said, "cover_page": "always"})
    assert read == Terms(True, False, LetterClass.PRIORITY, CoverPage.ALWAYS, False)


@pytest.mark.parametrize(
    ("given", "starts"),
    [
        ({"colour": "yes"}, ["colour is"]),
        ({"duplex": None}, ["duplex is"]),
        ({"letter_class": "A"}, ["letter_class is one of standard, priority"]),
        ({"letter_class": []}, ["letter_class is one of"]),
        ({"cover_page": True}, ["cover_page is one of own_pdf"]),
        ({"color": True, "attachments": 1}, ["attachments is", "color is not known"]),
    ],
)
def test_all_that_is_wrong_with_terms_is_told(given: dict[str, Any], starts: list[str]) -> None:
    found = terms.wrong(given)
    assert len(found) == len(starts)
    for fault, start in zip(found, starts, strict=True):
        assert fault.startswith(start)
    with pytest.raises(ValueError, match=starts[0]):
        terms.read(given)
