"""The table of check digits, row by row: the sum itself, numbers that are right, numbers that are
not, and what the table notes of each."""

from __future__ import annotations

import pytest
from stdnum import luhn

from schemas.identifiers import (
    Kind,
    check,
    is_sole_trader,
    kid,
    make_kid,
    make_ocr,
    mod11_check_digit,
    normal,
    ocr,
)
from schemas.references import KidLayout, OcrControl, OcrLevel, Positions

TABLE = [
    # kind, right, wrong
    (Kind.SE_ORGNR, ["5560169095", "5568402266"], ["5565624223", "1234121234"]),
    (Kind.SE_VAT, ["SE556840226601"], ["SE556840226602", "SE556840226701", "556840226601"]),
    (
        Kind.SE_PERSONNUMMER,
        ["196505030004", "6505030004", "197701032380"],
        ["196505030005", "196502300004", "19650503000"],
    ),
    (
        Kind.SE_SAMORDNINGSNUMMER,
        ["701063-2391", "197010632391"],
        ["701063-2392", "701003-2391", "701093-2391"],
    ),
    (Kind.SE_BANKGIRO, ["50501055", "5050-1055"], ["87654321", "505010", "505010550"]),
    (Kind.SE_PLUSGIRO, ["18", "50501055"], ["19", "8", "505010550"]),
    (
        Kind.SE_OCR,
        ["426523791", "7000023711438", "3010001109", "123456790"],
        ["426523790", "7", "0" * 26],
    ),
    (Kind.NO_ORGNR, ["918130047", "988077917"], ["918130048", "91813004"]),
    (Kind.NO_ACCOUNT, ["15038366383", "86011117947"], ["15038366384", "8601111794"]),
    (
        Kind.NO_FODSELSNUMMER,
        ["01032300371", "15108695088"],
        ["01032300372", "01032300381", "32032300371"],
    ),
    (Kind.NO_KID, ["100011001235", "000133700501645"], ["100011001236", "0", "1" * 26]),
]
RIGHT = [(kind, number) for kind, right, _ in TABLE for number in right]
WRONG = [(kind, number) for kind, _, wrong in TABLE for number in wrong]


@pytest.mark.parametrize(("kind", "number"), RIGHT)
def test_right(kind: Kind, number: str) -> None:
    assert check(kind, number)


@pytest.mark.parametrize(("kind", "number"), WRONG)
def test_wrong(kind: Kind, number: str) -> None:
    assert not check(kind, number)


# --- the two sums -----------------------------------------------------------------------------


def test_mod10_is_the_sum_of_the_digits_of_the_products() -> None:
    products = [n * (1 + place % 2) for place, n in enumerate(range(1, 9))]
    assert products == [1, 4, 3, 8, 5, 12, 7, 16]
    assert sum(sum(map(int, str(each))) for each in products) == 38
    assert luhn.calc_check_digit("12345678") == "2"
    assert make_kid("12345678", "mod10") == make_ocr("12345678") == "123456782"


def test_mod11_weighs_two_to_seven_from_the_right() -> None:
    weights = (3, 2, 7, 6, 5, 4, 3, 2)
    assert sum(w * n for w, n in zip(weights, range(1, 9), strict=True)) == 138
    assert 138 % 11 == 6
    assert mod11_check_digit("12345678") == "5"
    assert make_kid("12345678", "mod11") == "123456785"


def test_mod11_with_nothing_left_is_nought_and_with_one_left_a_dash() -> None:
    assert mod11_check_digit("0") == "0"
    assert 6 * 2 % 11 == 1
    assert mod11_check_digit("6") == "-"


# --- what the table notes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload"), [(Kind.NO_ORGNR, "10000013"), (Kind.NO_ACCOUNT, "1503836013")]
)
def test_a_norwegian_number_whose_digit_would_be_ten_is_not_given_out(
    kind: Kind, payload: str
) -> None:
    assert mod11_check_digit(payload) == "-"
    assert not any(check(kind, payload + digit) for digit in "0123456789-")


def test_an_organisation_number_that_is_a_personal_number() -> None:
    assert not is_sole_trader("5560169095")
    assert is_sole_trader("6505030004")
    assert check(Kind.SE_PERSONNUMMER, "6505030004")


def test_a_century_is_kept_where_it_is_written() -> None:
    assert normal(Kind.SE_PERSONNUMMER, "19650503-0004") == "196505030004"
    assert normal(Kind.SE_PERSONNUMMER, "650503-0004") == "6505030004"


@pytest.mark.parametrize(
    ("payload", "made"), [("1234567", "123456790"), ("12345678901", "1234567890136")]
)
def test_an_ocr_reference_with_a_length_digit(payload: str, made: str) -> None:
    control = OcrControl(OcrLevel.LENGTH_DIGIT)
    assert control.make(payload) == make_ocr(payload, length_digit=True) == made
    assert made[-2] == str(len(made) % 10)
    assert control.faults(made) == ()
    assert ocr(made, length_digit=True)


@pytest.mark.parametrize("reference", ["426523791", "7000023711438", "3010001109"])
def test_the_ocr_references_of_the_table_have_one(reference: str) -> None:
    assert ocr(reference, length_digit=True)
    assert OcrControl(OcrLevel.LENGTH_DIGIT).faults(reference) == ()


def test_an_ocr_reference_without_one_lacks_it() -> None:
    with pytest.raises(ValueError, match="length of the reference"):
        ocr("123456782", length_digit=True)


def test_a_kid_of_customer_and_invoice() -> None:
    layout = KidLayout("mod10", 12, Positions.parse("1-5"))
    assert layout.make("10001" + "100123") == "100011001235"
    assert layout.reference_of("100011001235") == "10001"


def test_a_kid_whose_digit_would_be_ten_ends_in_a_dash() -> None:
    assert make_kid("6", "mod11") == kid("6-", "mod11") == "6-"
    assert KidLayout("mod11").faults("6-") == ()
    with pytest.raises(ValueError, match="check digit"):
        kid("6-", "mod10")
