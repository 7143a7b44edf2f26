"""Agreements about OCR and KID: what keeps to them, and what the right digit would be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.references import KidLayout, OcrControl, OcrLevel, Positions

SOFT = OcrControl(OcrLevel.SOFT)
HARD = OcrControl(OcrLevel.HARD)
LENGTH_DIGIT = OcrControl(OcrLevel.LENGTH_DIGIT)
FIXED = OcrControl(OcrLevel.FIXED_LENGTH, (9, 10))

digits = st.text("0123456789", min_size=1, max_size=23)


# --- OCR --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "reference"),
    [
        (SOFT, "426523791"),
        (SOFT, "426523792"),
        (HARD, "426523791"),
        (HARD, "18"),
        (HARD, "7000023711438"),
        (LENGTH_DIGIT, "123456790"),
        (FIXED, "426523791"),
        (FIXED, "3010001109"),
        (OcrControl(OcrLevel.FIXED_LENGTH, (13,)), "7000023711438"),
    ],
)
def test_a_reference_that_the_bank_takes(control: OcrControl, reference: str) -> None:
    assert control.faults(reference) == ()


@pytest.mark.parametrize(
    ("control", "reference", "said"),
    [
        (HARD, "426523792", ["its last, is 2; it has to be 1"]),
        (FIXED, "426523792", ["is 2; it has to be 1"]),
        (FIXED, "18", ["has 2 digits; this bankgiro takes 9 or 10"]),
        (FIXED, "19", ["takes 9 or 10", "is 9; it has to be 8"]),
        (OcrControl(OcrLevel.FIXED_LENGTH, (8,)), "426523791", ["this bankgiro takes 8."]),
        (LENGTH_DIGIT, "123456782", ["has to be 9, not 8, and the last then 0"]),
        (LENGTH_DIGIT, "123456791", ["is 1; it has to be 0"]),
    ],
)
def test_a_reference_that_it_does_not_take(
    control: OcrControl, reference: str, said: list[str]
) -> None:
    faults = control.faults(reference)
    assert len(faults) == len(said)
    for fault, part in zip(faults, said, strict=True):
        assert part in fault
        assert reference not in fault, "it may be a personal number"


@pytest.mark.parametrize("control", [SOFT, HARD, LENGTH_DIGIT, FIXED])
@pytest.mark.parametrize(
    "reference",
    [None, "", "1", "0" * 26, "4265 23791", "42652379-1", "F1001", "４２６５２３７９１", "18\n"],
)
def test_what_is_no_ocr_reference_is_taken_by_none(
    control: OcrControl, reference: str | None
) -> None:
    assert len(control.faults(reference)) == 1


def test_only_a_soft_control_warns() -> None:
    (warning,) = SOFT.warnings("426523792")
    assert "it has to be 1" in warning
    assert SOFT.warnings("426523791") == SOFT.warnings("F1001") == ()
    assert HARD.warnings("426523792") == ()


@given(payload=digits)
def test_what_is_made_is_taken(payload: str) -> None:
    assert HARD.faults(HARD.make(payload)) == ()
    assert LENGTH_DIGIT.faults(LENGTH_DIGIT.make(payload)) == ()


def test_the_digit_it_names_is_the_right_one() -> None:
    for last in "023456789":
        (fault,) = HARD.faults("42652379" + last)
        assert fault.endswith("it has to be 1.")


def test_what_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="this bankgiro takes 9 or 10"):
        FIXED.make("1")
    with pytest.raises(ValueError, match="2 to 25 digits"):
        HARD.make("1" * 25)


@pytest.mark.parametrize(
    ("level", "lengths"),
    [
        (OcrLevel.FIXED_LENGTH, ()),
        (OcrLevel.FIXED_LENGTH, (9, 9)),
        (OcrLevel.FIXED_LENGTH, (8, 9, 10)),
        (OcrLevel.FIXED_LENGTH, (1,)),
        (OcrLevel.FIXED_LENGTH, (26,)),
        (OcrLevel.HARD, (9,)),
        (OcrLevel.LENGTH_DIGIT, (9,)),
    ],
)
def test_a_control_that_there_is_none_of(level: OcrLevel, lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"length|digits"):
        OcrControl(level, lengths)


# --- KID --------------------------------------------------------------------------------------

CUSTOMER_FIRST = KidLayout("mod10", 12, Positions(1, 5))
MOD11 = KidLayout("mod11")


def test_a_customer_and_an_invoice_are_one_kid() -> None:
    kid = CUSTOMER_FIRST.make("10001" + "100123")
    assert kid == "100011001235"
    assert CUSTOMER_FIRST.faults(kid) == ()
    assert CUSTOMER_FIRST.reference_of(kid) == "10001"
    assert str(CUSTOMER_FIRST.reference) == "KID[1-5]"


@pytest.mark.parametrize(
    ("layout", "kid"),
    [
        (KidLayout("mod10"), "000133700501645"),
        (KidLayout("mod10"), "123456782"),
        (MOD11, "123456785"),
        (MOD11, "6-"),
        (KidLayout("mod10", 15, Positions(5, 14)), "000133700501645"),
    ],
)
def test_a_kid_that_the_bank_takes(layout: KidLayout, kid: str) -> None:
    assert layout.faults(kid) == ()


@pytest.mark.parametrize(
    ("layout", "kid", "said"),
    [
        (CUSTOMER_FIRST, "100011001236", ["is 6; by mod10 it has to be 5"]),
        (CUSTOMER_FIRST, "000133700501645", ["has 15 characters; this account takes 12"]),
        (MOD11, "123456782", ["is 2; by mod11 it has to be 5"]),
        (MOD11, "12345678-", ["is -; by mod11 it has to be 5"]),
        (KidLayout("mod10"), "12345678-", ["is -; by mod10 it has to be 2"]),
        (
            KidLayout("mod10", None, Positions(1, 5)),
            "18",
            ["too few to hold the reference KID[1-5]"],
        ),
        (MOD11, None, ["There is no KID"]),
        (MOD11, "", ["There is no KID"]),
        (MOD11, "-", ["2 to 25 digits"]),
        (MOD11, "1 8", ["2 to 25 digits"]),
        (MOD11, "0" * 26, ["2 to 25 digits"]),
    ],
)
def test_a_kid_that_it_does_not_take(layout: KidLayout, kid: str | None, said: list[str]) -> None:
    faults = layout.faults(kid)
    assert len(faults) == len(said)
    for fault, part in zip(faults, said, strict=True):
        assert part in fault


@given(payload=digits, algorithm=st.sampled_from(["mod10", "mod11"]))
def test_what_is_made_is_taken_by_its_own_layout(payload: str, algorithm) -> None:
    layout = KidLayout(algorithm)
    assert layout.faults(layout.make(payload)) == ()


def test_a_kid_of_another_length_is_not_made() -> None:
    with pytest.raises(ValueError, match="this account takes 12"):
        CUSTOMER_FIRST.make("1000110012")


@pytest.mark.parametrize("text", ["1-5", "KID[1-5]"])
def test_positions_as_people_and_banks_write_them(text: str) -> None:
    assert Positions.parse(text) == Positions(1, 5)


@pytest.mark.parametrize(
    "text",
    ["", "5", "5-1", "0-5", "1-25", "1-5]", "KID[1-5", "KID1-5", "KID[1-5]x", "1-5\n", "a-b"],
)
def test_what_are_no_positions(text: str) -> None:
    with pytest.raises(ValueError, match="positions"):
        Positions.parse(text)


def test_a_layout_that_there_is_none_of() -> None:
    for length in (1, 26):
        with pytest.raises(ValueError, match="2 to 25"):
            KidLayout("mod10", length)
    with pytest.raises(ValueError, match="before the check digit"):
        KidLayout("mod10", 5, Positions(1, 5))


def test_no_part_names_the_customer() -> None:
    with pytest.raises(ValueError, match="no part"):
        MOD11.reference_of("123456785")
    with pytest.raises(ValueError, match="too short"):
        KidLayout("mod10", None, Positions(1, 5)).reference_of("12345")
