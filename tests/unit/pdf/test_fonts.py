from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import getFont

from gateway.pdf.fonts import BOLD, REGULAR, legible, runs, width
from gateway.pdf.sheet import Face, wrap


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Åke Ärlig Öberg", "Åke Ärlig Öberg"),
        ("Bjørn Ægir, én ñ ü ß ð þ š ž ł", "Bjørn Ægir, én ñ ü ß ð þ š ž ł"),
        ("A\u030ake", "Åke"),
        ("Gőz Dvořák Čapek Ștefan", "Gőz Dvořák Čapek Ștefan"),
        ("Київ Щука Пётр ѣ қ", "Київ Щука Пётр ѣ қ"),
        ("Αθήνα ἀὖ", "Αθήνα ἀὖ"),
        ("Nguyễn Đặng Việt", "Nguyễn Đặng Việt"),
        ("თბილისი กรุงเทพ", "თბილისი กรุงเทพ"),
        ("→ ≤ − ●", "→ ≤ − ●"),
        ("日本語 简体 繁體 한국 ｶﾅ", "日本語 简体 繁體 한국 ｶﾅ"),
        ("שלום سلام नम", "???? ???? ??"),  # nobody puts their letters in order and shape
        ("\U0001d400", "A"),
        ("½ € § – “” … °", "½ € § – “” … °"),
        ("a\u2011b\u2010c", "a\u2011b\u2010c"),
        ("1\u202f000\u00a0kr\u2009x", "1\u00a0000\u00a0kr x"),
        ("a\tb\x00c\u200bd", "a b cd"),
        ("rad 1\nrad 2", "rad 1\nrad 2"),
        ("😀", "?"),
    ],
)
def test_letters_are_shown_by_whichever_typeface_has_them(written: str, shown: str) -> None:
    assert legible(written) == shown


@given(st.text())
def test_whatever_is_written_can_be_shown(written: str) -> None:
    shown = legible(written)
    assert legible(shown) == shown
    assert "\r" not in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("font", [REGULAR, BOLD])
@given(written=st.text(max_size=100))
def test_runs_are_the_text_and_as_wide(font: str, written: str) -> None:
    text = legible(written).replace("\n", "")
    found = runs(text, font)
    assert "".join(run.text for run in found) == text
    for run in found:
        face = getFont(run.font).face
        assert all(ord(letter) in face.charToGlyph for letter in run.text)
    drawn = sum(getFont(run.font).stringWidth(run.text, 10) for run in found)
    assert width(text, font, 10) == pytest.approx(drawn)


def test_a_text_in_one_typeface_is_one_run() -> None:
    assert [run.text for run in runs("Žižka Київ Αθήνα", REGULAR)] == ["Žižka Київ Αθήνα"]
    assert [run.text for run in runs("Li 李 Bo", BOLD)] == ["Li ", "李", " Bo"]


def test_figures_are_as_wide_as_each_other() -> None:
    for font in (REGULAR, BOLD):
        assert len({width(digit, font, 10) for digit in "0123456789"}) == 1


@given(st.text(max_size=300), st.floats(5, 100))
def test_wrapping_keeps_every_letter_and_the_room(written: str, room: float) -> None:
    face = Face(8)
    lines = wrap(written, face, room)
    assert all(face.wide(each) <= room + 1e-6 or len(each) == 1 for each in lines)
    assert "".join("".join(lines).split()) == "".join(legible(written).split())
