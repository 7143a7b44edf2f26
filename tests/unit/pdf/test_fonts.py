from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pdf.fonts import BOLD, REGULAR, legible, width
from gateway.pdf.sheet import Face, wrap


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Åke Ärlig Öberg", "Åke Ärlig Öberg"),
        ("Bjørn Ægir, én ñ ü ß ð þ š ž ł", "Bjørn Ægir, én ñ ü ß ð þ š ž ł"),
        ("A\u030ake", "Åke"),
        ("Gőz Dvořák Čapek Ștefan", "Goz Dvorák Čapek Stefan"),
        ("Київ Щука Пётр", "Kyiv Shchuka Pyotr"),
        ("Αθήνα", "Athina"),
        ("½ € § – “” … °", "½ € § – “” … °"),
        ("a\u2011b\u2010c", "a-b-c"),
        ("1\u202f000\u00a0kr\u2009x", "1\u00a0000\u00a0kr x"),
        ("a\tb\x00c\u200bd", "a b cd"),
        ("rad 1\nrad 2", "rad 1\nrad 2"),
        ("日本 😀", "?? ?"),
    ],
)
def test_letters_the_typeface_lacks_have_their_kin(written: str, shown: str) -> None:
    assert legible(written) == shown


@given(st.text())
def test_whatever_is_written_can_be_shown(written: str) -> None:
    shown = legible(written)
    assert legible(shown) == shown
    assert "\r" not in shown
    assert "\x00" not in shown


def test_figures_are_as_wide_as_each_other() -> None:
    for font in (REGULAR, BOLD):
        assert len({width(digit, font, 10) for digit in "0123456789"}) == 1


@given(st.text(max_size=300), st.floats(5, 100))
def test_wrapping_keeps_every_letter_and_the_room(written: str, room: float) -> None:
    face = Face(8)
    lines = wrap(written, face, room)
    assert all(face.wide(each) <= room + 1e-6 or len(each) == 1 for each in lines)
    assert "".join("".join(lines).split()) == "".join(legible(written).split())
