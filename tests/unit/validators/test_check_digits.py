"""What the Peppol rules take for a company identifier."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators import check_digits as cd


@pytest.mark.parametrize(
    ("accepts", "good", "bad"),
    [
        (cd.gln, "7350000000122", "7350000000123"),
        (cd.norwegian, "923609016", "923609017"),
        (cd.norwegian, "974760673", "000000000"),
        (cd.danish_cvr, "DK12345678", "DK1234567"),
        (cd.danish_cvr, "12345678", "SE12345678"),
        (cd.danish_p, "1234567890", "123456789"),
        (cd.danish_se, "DK12345678", "12345678"),
        (cd.belgian, "0202239951", "0202239952"),
        (cd.italian_office, "UFE9PB", "UFE9P"),
        (cd.italian_tax_code, "RSSMRA80A01H501U", "RSSMRA80A01H501"),
        (cd.italian_tax_code, "12345678903", "1234567890X"),
        (cd.italian_vat, "IT12345678903", "IT12345678904"),
        (cd.italian_vat, "FR12345678904", "IT123"),
        (cd.swedish, "5560712225", "5560712226"),
        (cd.australian, "51824753556", "51824753557"),
        (cd.greek, "094019245", "094019246"),
    ],
)
def test_good_and_bad(accepts: Callable[[str], bool], good: str, bad: str) -> None:
    assert accepts(good)
    assert not accepts(bad)


EVERY = [
    cd.gln,
    cd.norwegian,
    cd.danish_cvr,
    cd.danish_p,
    cd.danish_se,
    cd.belgian,
    cd.italian_office,
    cd.italian_tax_code,
    cd.italian_vat,
    cd.swedish,
    cd.australian,
    cd.greek,
]


@pytest.mark.parametrize("accepts", EVERY)
@given(text=st.text(max_size=20) | st.text("0123456789\u0663IT ", max_size=13))
def test_any_text_gets_an_answer(accepts: Callable[[str], bool], text: str) -> None:
    assert accepts(text) in (True, False)


@given(st.integers(0, 10**8 - 1))
def test_one_check_digit_for_each_swedish_number(stem: int) -> None:
    text = f"5{stem:08}"
    assert sum(cd.swedish(f"{text}{digit}") for digit in range(10)) == 1
