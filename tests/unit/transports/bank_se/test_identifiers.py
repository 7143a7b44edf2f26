"""FUI and FMI: what is one, what is wrong with what is none, and who somebody is to the banks."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.bank_se.identifiers import Fmi, Fui, digest, person_of
from transports.base import Recipient

FUI = "005560169095.00002222222.FSPA.SE"
FMI = "196505030004.NB.SE"
TODAY = date(2026, 11, 22)


def test_a_fui() -> None:
    fui = Fui.parse(FUI)
    assert (fui.organisation_number, fui.agreement) == ("5560169095", "00002222222")
    assert (fui.bank, fui.country) == ("FSPA", "SE")
    assert str(fui) == FUI


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["four parts"]),
        ("005560169095.00002222222.FSPA", ["four parts"]),
        (FUI + ".SE", ["four parts"]),
        ("5560169095.00002222222.FSPA.SE", ["twelve digits, not 10"]),
        ("00556016909A.00002222222.FSPA.SE", ["twelve digits, and nothing else"]),
        ("165560169095.00002222222.FSPA.SE", ["begins with 00"]),
        ("005560169096.00002222222.FSPA.SE", ["check digit of the organisation number"]),
        ("005560169095.2222222.FSPA.SE", ["eleven digits, not 7"]),
        ("005560169095.00002222222.fspa.SE", ["third part"]),
        ("005560169095.00002222222.FSPAX.SE", ["third part"]),
        ("005560169095.00002222222..SE", ["third part"]),
        ("005560169095.00002222222.FSPA.XX", ["fourth part"]),
        ("005560169095.00002222222.FSPA.SE\n", ["fourth part"]),
        ("٠٠٥٥٦٠١٦٩٠٩٥.00002222222.FSPA.SE", ["twelve digits, and nothing else"]),
        ("1.2.?.??", ["twelve digits", "eleven digits", "third part", "fourth part"]),
    ],
)
def test_no_fui(text: str, said: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\.$") as error:
        Fui.parse(text)
    for part in said:
        assert part in str(error.value)
    assert "556016909" not in str(error.value).replace(FUI, "")


@pytest.mark.parametrize(
    "text",
    [FMI, "197010632391.FSPA.SE", "005560169095.NB.SE", "191212121212.1.DK"],
)
def test_an_fmi(text: str) -> None:
    fmi = Fmi.parse(text)
    assert str(fmi) == text
    assert fmi.person not in repr(fmi)
    assert fmi.place == text.partition(".")[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["three parts"]),
        (FMI + ".SE", ["three parts"]),
        ("6505030004.NB.SE", ["twelve digits, not 10"]),
        ("19650503-0004.NB.SE", ["twelve digits"]),
        ("196505030005.NB.SE", ["check digit is wrong"]),
        ("196513030004.NB.SE", ["no personal number"]),
        ("005560169096.NB.SE", ["organisation number"]),
        ("196505030004.nb.SE", ["second part"]),
        ("196505030004.NB.Sverige", ["third part"]),
        ("1.?.?", ["twelve digits", "second part", "third part"]),
    ],
)
def test_no_fmi(text: str, said: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\.$") as error:
        Fmi.parse(text)
    for part in said:
        assert part in str(error.value)
    assert "650503" not in str(error.value), "a personal number"


@given(st.text(max_size=40))
def test_any_text_is_one_or_is_told_why_not(text: str) -> None:
    for kind in (Fui, Fmi):
        try:
            assert str(kind.parse(text)) == text
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("recipient", "person"),
    [
        (Recipient("A", "SE"), None),
        (Recipient("A", "SE", personal_number="196505030004"), "196505030004"),
        (Recipient("A", "SE", personal_number="650503-0004"), "196505030004"),
        (Recipient("A", "SE", personal_number="19650503-0004"), "196505030004"),
        (Recipient("A", "SE", fmi=FMI), "196505030004"),
        (Recipient("A", "SE", organisation_number="6505030004"), "196505030004"),
        (Recipient("A", "SE", organisation_number="5560169095"), "005560169095"),
        (Recipient("A", "NO", organisation_number="918130047"), None),
    ],
)
def test_who_a_recipient_is_to_the_banks(recipient: Recipient, person: str | None) -> None:
    assert person_of(recipient, TODAY) == person


def test_a_number_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="check digit"):
        person_of(Recipient("A", "SE", personal_number="196505030005"), TODAY)


def test_a_digest_tells_issuers_apart_and_holds_no_number() -> None:
    other = Fui.parse("005568402266.00002222222.FSPA.SE")
    assert digest(Fui.parse(FUI), "196505030004") != digest(other, "196505030004")
    assert "650503" not in digest(Fui.parse(FUI), "196505030004")
